package platform

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/godbus/dbus/v5"
)

// The portal for global shortcuts (xdg-desktop-portal, "org.freedesktop.portal.GlobalShortcuts", version 1).
const (
	portal          = "org.freedesktop.portal.Desktop"
	portalPath      = dbus.ObjectPath("/org/freedesktop/portal/desktop")
	portalShortcuts = "org.freedesktop.portal.GlobalShortcuts"
	portalResponse  = "org.freedesktop.portal.Request.Response"
	portalKeyID     = "quick-access"
)

// portalKey is a session with the portal, which ends with its connection.
type portalKey struct {
	conn    *dbus.Conn
	signals chan *dbus.Signal
	session dbus.ObjectPath
	pressed func()
}

func watchPortalKey(ctx context.Context, key hotKey, pressed func()) (<-chan struct{}, error) {
	conn, err := dbus.ConnectSessionBus(dbus.WithContext(ctx))
	if err != nil {
		return nil, err
	}
	p := &portalKey{conn: conn, signals: make(chan *dbus.Signal, 16), pressed: pressed}
	if err := p.begin(ctx, key); err != nil {
		return nil, errors.Join(known(err), conn.Close())
	}
	return during(p.serve), nil
}

func (p *portalKey) begin(ctx context.Context, key hotKey) error {
	p.conn.Signal(p.signals)
	for _, match := range [][]dbus.MatchOption{
		{dbus.WithMatchSender(portal), dbus.WithMatchInterface("org.freedesktop.portal.Request")},
		{dbus.WithMatchSender(portal), dbus.WithMatchInterface(portalShortcuts)},
	} {
		if err := p.conn.AddMatchSignalContext(ctx, match...); err != nil {
			return err
		}
	}
	results, err := p.request(ctx, "CreateSession", map[string]dbus.Variant{
		"handle_token": dbus.MakeVariant("coffer_session"), "session_handle_token": dbus.MakeVariant("coffer"),
	})
	if err != nil {
		return err
	}
	session, ok := results["session_handle"].Value().(string)
	if !ok || !dbus.ObjectPath(session).IsValid() {
		return errors.New("the portal names no session")
	}
	p.session = dbus.ObjectPath(session)
	shortcut := struct {
		ID   string
		Says map[string]dbus.Variant
	}{portalKeyID, map[string]dbus.Variant{
		"description":       dbus.MakeVariant("Coffer"),
		"preferred_trigger": dbus.MakeVariant(portalTrigger(key)),
	}}
	_, err = p.request(ctx, "BindShortcuts", p.session, []any{shortcut}, "", map[string]dbus.Variant{"handle_token": dbus.MakeVariant("coffer_bind")})
	return err
}

// known names the errors of desktops without this portal.
func known(err error) error {
	var failed dbus.Error
	if errors.As(err, &failed) {
		switch failed.Name {
		case "org.freedesktop.DBus.Error.ServiceUnknown", "org.freedesktop.DBus.Error.UnknownMethod", "org.freedesktop.DBus.Error.UnknownInterface":
			return fmt.Errorf("%w: %w", ErrNoHotKeys, err)
		}
	}
	return err
}

// portalTrigger writes a key as the XDG "shortcuts" specification does.
func portalTrigger(key hotKey) string {
	var parts []string
	for _, modifier := range []struct {
		on   bool
		name string
	}{{key.ctrl, "CTRL"}, {key.alt, "ALT"}, {key.shift, "SHIFT"}} {
		if modifier.on {
			parts = append(parts, modifier.name)
		}
	}
	return strings.Join(append(parts, key.key), "+")
}

// request calls a method whose answer is a signal of an object that the call names. Its last argument, of options, has to name the token.
func (p *portalKey) request(ctx context.Context, method string, args ...any) (map[string]dbus.Variant, error) {
	var handle dbus.ObjectPath
	err := p.conn.Object(portal, portalPath).CallWithContext(ctx, portalShortcuts+"."+method, 0, args...).Store(&handle)
	if err != nil {
		return nil, err
	}
	for {
		select {
		case signal, ok := <-p.signals:
			if !ok {
				return nil, dbus.ErrClosed
			}
			if signal.Path != handle || signal.Name != portalResponse {
				continue
			}
			var code uint32
			var results map[string]dbus.Variant
			if err := dbus.Store(signal.Body, &code, &results); err != nil {
				return nil, err
			}
			if code != 0 {
				return nil, fmt.Errorf("%s was refused (%d)", method, code)
			}
			return results, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// serve ends with the connection.
func (p *portalKey) serve() {
	for signal := range p.signals {
		if signal.Name != portalShortcuts+".Activated" || len(signal.Body) < 2 {
			continue
		}
		session, _ := signal.Body[0].(dbus.ObjectPath)
		if shortcut, _ := signal.Body[1].(string); session == p.session && shortcut == portalKeyID {
			p.pressed()
		}
	}
}
