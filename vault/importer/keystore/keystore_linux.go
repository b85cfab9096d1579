package keystore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/godbus/dbus/v5"

	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault/importer"
)

// The Secret Service API, specifications.freedesktop.org/secret-service/latest.
const (
	busName          = "org.freedesktop.secrets"
	servicePath      = dbus.ObjectPath("/org/freedesktop/secrets")
	serviceInterface = "org.freedesktop.Secret.Service."
	itemInterface    = "org.freedesktop.Secret.Item."
	sessionInterface = "org.freedesktop.Secret.Session."
	promptInterface  = "org.freedesktop.Secret.Prompt"
	noPrompt         = dbus.ObjectPath("/")
)

const (
	callPatience   = 10 * time.Second // a service that hangs must not hold up the import
	promptPatience = 2 * time.Minute  // for the user to type the password of the keyring
)

type system struct{ none }

// SecretService implements importer.KeyStore. It may make the desktop ask the user to unlock the keyring.
func (system) SecretService(ctx context.Context, attributes map[string]string) (secret.Bytes, error) {
	value, err := lookUp(ctx, attributes)
	if err != nil && ctx.Err() != nil {
		err = ctx.Err() // the bus says no more than that its connection is closed
	}
	if err != nil {
		return secret.Bytes{}, fmt.Errorf("%w: secret service: %w", importer.ErrNoKey, err)
	}
	return value, nil
}

func lookUp(ctx context.Context, attributes map[string]string) (secret.Bytes, error) {
	// A connection of our own ends all that is under way when it is closed: the session, and a prompt nobody answered.
	conn, err := connect(ctx)
	if err != nil {
		return secret.Bytes{}, err
	}
	defer conn.Close()
	client := client{conn: conn, service: conn.Object(busName, servicePath)}
	item, err := client.search(ctx, attributes)
	if err != nil {
		return secret.Bytes{}, err
	}
	return client.secret(ctx, item)
}

// connect joins the session's bus, and does not start one if there is none: it would have no keyring.
func connect(ctx context.Context) (*dbus.Conn, error) {
	conn, err := dbus.SessionBusPrivateNoAutoStartup(dbus.WithContext(ctx))
	if err != nil {
		return nil, err
	}
	if err := errors.Join(conn.Auth(nil), conn.Hello()); err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

type client struct {
	conn    *dbus.Conn
	service dbus.BusObject
}

// search finds the first item with the attributes, unlocking it if it has to.
func (c client) search(ctx context.Context, attributes map[string]string) (dbus.ObjectPath, error) {
	var unlocked, locked []dbus.ObjectPath
	if err := call(ctx, c.service, serviceInterface+"SearchItems", attributes).Store(&unlocked, &locked); err != nil {
		return "", fmt.Errorf("search: %w", err)
	}
	switch {
	case len(unlocked) > 0:
		return unlocked[0], nil
	case len(locked) > 0:
		return locked[0], c.unlock(ctx, locked[0])
	}
	return "", errors.New("no such item")
}

func (c client) unlock(ctx context.Context, item dbus.ObjectPath) error {
	var unlocked []dbus.ObjectPath
	var prompt dbus.ObjectPath
	if err := call(ctx, c.service, serviceInterface+"Unlock", []dbus.ObjectPath{item}).Store(&unlocked, &prompt); err != nil {
		return fmt.Errorf("unlock: %w", err)
	}
	if prompt == noPrompt {
		return nil
	}
	return c.prompt(ctx, prompt)
}

// prompt lets the service ask the user and waits for the answer.
func (c client) prompt(ctx context.Context, prompt dbus.ObjectPath) error {
	ctx, cancel := context.WithTimeout(ctx, promptPatience)
	defer cancel()
	signals := make(chan *dbus.Signal, 8)
	c.conn.Signal(signals)
	defer c.conn.RemoveSignal(signals)
	if err := c.conn.AddMatchSignalContext(ctx, dbus.WithMatchObjectPath(prompt), dbus.WithMatchInterface(promptInterface)); err != nil {
		return fmt.Errorf("prompt: %w", err)
	}
	object := c.conn.Object(busName, prompt)
	if err := call(ctx, object, promptInterface+".Prompt", "").Err; err != nil {
		return fmt.Errorf("prompt: %w", err)
	}
	for {
		select {
		case signal, open := <-signals:
			if !open {
				return errors.New("prompt: the bus went away")
			}
			if signal.Name == promptInterface+".Completed" { // others than this prompt's are not delivered
				return promptResult(signal.Body)
			}
		case <-ctx.Done():
			call(context.WithoutCancel(ctx), object, promptInterface+".Dismiss")
			return fmt.Errorf("prompt: %w", ctx.Err())
		}
	}
}

func promptResult(body []any) error {
	var dismissed bool
	var unlocked dbus.Variant
	if err := dbus.Store(body, &dismissed, &unlocked); err != nil {
		return fmt.Errorf("prompt: %w", err)
	}
	if dismissed {
		return errors.New("the user refused")
	}
	return nil
}

// secret reads the value of an unlocked item. The session is "plain": the bus is the user's own, and any program on it can
// ask for the same secret.
func (c client) secret(ctx context.Context, item dbus.ObjectPath) (secret.Bytes, error) {
	var output dbus.Variant
	var session dbus.ObjectPath
	if err := call(ctx, c.service, serviceInterface+"OpenSession", "plain", dbus.MakeVariant("")).Store(&output, &session); err != nil {
		return secret.Bytes{}, fmt.Errorf("open session: %w", err)
	}
	defer call(ctx, c.conn.Object(busName, session), sessionInterface+"Close")
	var value struct {
		Session     dbus.ObjectPath
		Parameters  []byte
		Value       []byte
		ContentType string
	}
	if err := call(ctx, c.conn.Object(busName, item), itemInterface+"GetSecret", session).Store(&value); err != nil {
		return secret.Bytes{}, fmt.Errorf("get secret: %w", err)
	}
	return secret.New(value.Value), nil
}

func call(ctx context.Context, object dbus.BusObject, method string, args ...any) *dbus.Call {
	ctx, cancel := context.WithTimeout(ctx, callPatience)
	defer cancel()
	return object.CallWithContext(ctx, method, 0, args...)
}
