package keystore

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/godbus/dbus/v5"

	"github.com/coffer-vault/coffer/internal/testbus"
	"github.com/coffer-vault/coffer/vault/importer"
)

var attributes = map[string]string{"xdg:schema": "chrome_libsecret_os_crypt_password_v2", "application": "chromium"}

// secretValue is the Secret structure of the API.
type secretValue struct {
	Session     dbus.ObjectPath
	Parameters  []byte
	Value       []byte
	ContentType string
}

// store puts an item into the keyring, as libsecret does for Chromium.
func store(t *testing.T, session *testbus.Session, attributes map[string]string, value string) {
	t.Helper()
	conn := session.Connect(t)
	service := conn.Object(busName, servicePath)
	var output dbus.Variant
	var path, item, prompt dbus.ObjectPath
	if err := service.Call(serviceInterface+"OpenSession", 0, "plain", dbus.MakeVariant("")).Store(&output, &path); err != nil {
		t.Fatal(err)
	}
	properties := map[string]dbus.Variant{
		"org.freedesktop.Secret.Item.Label":      dbus.MakeVariant("Chromium Safe Storage"),
		"org.freedesktop.Secret.Item.Attributes": dbus.MakeVariant(attributes),
	}
	collection := conn.Object(busName, "/org/freedesktop/secrets/aliases/default")
	value2 := secretValue{Session: path, Value: []byte(value), ContentType: "text/plain"}
	if err := collection.Call("org.freedesktop.Secret.Collection.CreateItem", 0, properties, value2, true).Store(&item, &prompt); err != nil {
		t.Fatal(err)
	}
}

func TestGnomeKeyring(t *testing.T) {
	session := testbus.Start(t, t.TempDir())
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", session.Address)
	store(t, session, attributes, "the secret")
	value, err := New().SecretService(t.Context(), attributes)
	if err != nil || string(value.Reveal()) != "the secret" {
		t.Fatalf("%d bytes, %v", value.Len(), err)
	}
	other := map[string]string{"xdg:schema": attributes["xdg:schema"], "application": "chrome"}
	if _, err := New().SecretService(t.Context(), other); !errors.Is(err, importer.ErrNoKey) {
		t.Errorf("another application's item: %v, want ErrNoKey", err)
	}
}

func TestNoServiceAndNoBus(t *testing.T) {
	session := testbus.StartBus(t, t.TempDir())
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", session.Address)
	if _, err := New().SecretService(t.Context(), attributes); !errors.Is(err, importer.ErrNoKey) {
		t.Errorf("no service: %v, want ErrNoKey", err)
	}
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path="+t.TempDir()+"/nothing")
	if _, err := New().SecretService(t.Context(), attributes); !errors.Is(err, importer.ErrNoKey) {
		t.Errorf("no bus: %v, want ErrNoKey", err)
	}
}

// lockedService plays a Secret Service whose only item is locked.
type lockedService struct {
	conn     *dbus.Conn
	answer   func(conn *dbus.Conn) // to the prompt
	giveUp   func()                // of who asks
	unlocked bool
}

const (
	itemPath    = dbus.ObjectPath("/item")
	promptPath  = dbus.ObjectPath("/prompt")
	sessionPath = dbus.ObjectPath("/session")
)

func (s *lockedService) SearchItems(map[string]string) (unlocked, locked []dbus.ObjectPath, _ *dbus.Error) {
	return nil, []dbus.ObjectPath{itemPath}, nil
}

func (s *lockedService) Unlock([]dbus.ObjectPath) (unlocked []dbus.ObjectPath, prompt dbus.ObjectPath, _ *dbus.Error) {
	return nil, promptPath, nil
}

func (s *lockedService) Prompt(string) *dbus.Error {
	s.answer(s.conn)
	return nil
}

func (s *lockedService) Dismiss() *dbus.Error { return nil }

func (s *lockedService) OpenSession(string, dbus.Variant) (dbus.Variant, dbus.ObjectPath, *dbus.Error) {
	return dbus.MakeVariant(""), sessionPath, nil
}

func (s *lockedService) Close() *dbus.Error { return nil }

func (s *lockedService) GetSecret(dbus.ObjectPath) (secretValue, *dbus.Error) {
	if !s.unlocked {
		return secretValue{}, dbus.MakeFailedError(errors.New("locked"))
	}
	return secretValue{Session: sessionPath, Value: []byte("the secret")}, nil
}

func TestPrompt(t *testing.T) {
	completed := func(path dbus.ObjectPath, body ...any) func(*dbus.Conn) {
		return func(conn *dbus.Conn) { conn.Emit(path, promptInterface+".Completed", body...) }
	}
	noItems := dbus.MakeVariant([]dbus.ObjectPath{})
	for name, c := range map[string]struct {
		answer func(*lockedService) func(*dbus.Conn)
		want   string // in the error; empty for success
	}{
		"unlocked": {func(s *lockedService) func(*dbus.Conn) {
			s.unlocked = true
			return func(conn *dbus.Conn) {
				completed("/another/prompt", true, noItems)(conn)
				completed(promptPath, false, noItems)(conn)
			}
		}, ""},
		"refused":    {func(*lockedService) func(*dbus.Conn) { return completed(promptPath, true, noItems) }, "refused"},
		"odd answer": {func(*lockedService) func(*dbus.Conn) { return completed(promptPath, "yes") }, "prompt"},
		"no answer":  {func(s *lockedService) func(*dbus.Conn) { return func(*dbus.Conn) { s.giveUp() } }, "canceled"},
		"stays shut": {func(*lockedService) func(*dbus.Conn) { return completed(promptPath, false, noItems) }, "get secret"},
		"disappears": {func(s *lockedService) func(*dbus.Conn) {
			return func(conn *dbus.Conn) {
				go conn.Close()
				s.giveUp() // nothing else ends the wait
			}
		}, "canceled"},
	} {
		t.Run(name, func(t *testing.T) {
			session := testbus.StartBus(t, t.TempDir())
			t.Setenv("DBUS_SESSION_BUS_ADDRESS", session.Address)
			service := &lockedService{conn: session.Connect(t)}
			service.answer = c.answer(service)
			play(t, service)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			service.giveUp = cancel
			value, err := New().SecretService(ctx, attributes)
			if name == "unlocked" {
				if err != nil || string(value.Reveal()) != "the secret" {
					t.Errorf("%d bytes, %v", value.Len(), err)
				}
				return
			}
			if !errors.Is(err, importer.ErrNoKey) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want ErrNoKey: %s", err, c.want)
			}
		})
	}
}

func play(t *testing.T, service *lockedService) {
	t.Helper()
	for path, name := range map[dbus.ObjectPath]string{
		servicePath: strings.TrimSuffix(serviceInterface, "."), itemPath: strings.TrimSuffix(itemInterface, "."),
		promptPath: promptInterface, sessionPath: strings.TrimSuffix(sessionInterface, "."),
	} {
		if err := service.conn.Export(service, path, name); err != nil {
			t.Fatal(err)
		}
	}
	if reply, err := service.conn.RequestName(busName, dbus.NameFlagDoNotQueue); err != nil || reply != dbus.RequestNameReplyPrimaryOwner {
		t.Fatalf("%v %v", reply, err)
	}
}
