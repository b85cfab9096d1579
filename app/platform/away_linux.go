package platform

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/godbus/dbus/v5"
)

const (
	login        = "org.freedesktop.login1"
	loginPath    = dbus.ObjectPath("/org/freedesktop/login1")
	loginManager = login + ".Manager"
	loginSession = login + ".Session"
)

// logind tells what happens to the user's session and to the computer.
type logind struct {
	conn    *dbus.Conn
	session dbus.ObjectPath
	delay   *os.File // while it is open the computer neither sleeps nor shuts down at once
	away    func(Away)
}

// watchSystem listens to logind and to the screen saver of desktops that do not tell logind. One of the two is enough.
func watchSystem(ctx context.Context, away func(Away)) error {
	loginErr := watchLogin(ctx, away)
	screenErr := watchScreenSaver(ctx, away)
	if loginErr != nil && screenErr != nil {
		return fmt.Errorf("watch session: %w", errors.Join(loginErr, screenErr))
	}
	return nil
}

func watchLogin(ctx context.Context, away func(Away)) error {
	// A connection of our own: on the shared one our signals would reach go-keyring, which takes any signal for its prompt's.
	conn, err := dbus.ConnectSystemBus(dbus.WithContext(ctx))
	if err != nil {
		return err
	}
	l := &logind{conn: conn, away: away}
	if err := l.subscribe(); err != nil {
		return errors.Join(err, conn.Close())
	}
	signals := make(chan *dbus.Signal, 16)
	conn.Signal(signals)
	l.inhibit()
	go func() {
		for signal := range signals { // closed with the connection, which ends with ctx
			l.handle(signal)
		}
		l.release()
	}()
	return nil
}

// subscribe asks for the signals of the manager and of this process's session.
func (l *logind) subscribe() error {
	err := l.conn.Object(login, loginPath).Call(loginManager+".GetSession", 0, "auto").Store(&l.session)
	if err != nil {
		return fmt.Errorf("this session: %w", err)
	}
	for _, match := range [][]dbus.MatchOption{
		{dbus.WithMatchObjectPath(loginPath), dbus.WithMatchInterface(loginManager), dbus.WithMatchMember("PrepareForSleep")},
		{dbus.WithMatchObjectPath(loginPath), dbus.WithMatchInterface(loginManager), dbus.WithMatchMember("PrepareForShutdown")},
		{dbus.WithMatchObjectPath(l.session), dbus.WithMatchInterface(loginSession), dbus.WithMatchMember("Lock")},
		{dbus.WithMatchObjectPath(l.session), dbus.WithMatchMember("PropertiesChanged")},
	} {
		if err := l.conn.AddMatchSignal(match...); err != nil {
			return err
		}
	}
	return nil
}

func (l *logind) handle(signal *dbus.Signal) {
	switch signal.Name {
	case loginManager + ".PrepareForSleep":
		l.prepare(Sleep, signal)
	case loginManager + ".PrepareForShutdown": // the display may be gone before a signal reaches this process
		l.prepare(SessionEnds, signal)
	case loginSession + ".Lock": // loginctl lock-session, and lid switches
		l.away(SessionLocked)
	case "org.freedesktop.DBus.Properties.PropertiesChanged":
		// GNOME and KDE lock by themselves and only leave a hint.
		if len(signal.Body) < 2 {
			return
		}
		changed, _ := signal.Body[1].(map[string]dbus.Variant)
		if locked, ok := changed["LockedHint"].Value().(bool); ok && locked {
			l.away(SessionLocked)
		}
	}
}

// prepare is told before something happens, and again when it is over or was called off.
func (l *logind) prepare(why Away, signal *dbus.Signal) {
	if begins, ok := firstBool(signal.Body); ok && begins {
		l.away(why)
		l.release()
	} else if ok {
		l.inhibit()
	}
}

// inhibit makes logind wait for us before the next sleep or shutdown. When it refuses we lock as fast as we can.
func (l *logind) inhibit() {
	var fd dbus.UnixFD
	call := l.conn.Object(login, loginPath).Call(loginManager+".Inhibit", 0, "sleep:shutdown", "Coffer", "Lock the vault", "delay")
	if call.Store(&fd) == nil {
		l.release()
		l.delay = os.NewFile(uintptr(fd), "inhibitor")
	}
}

func (l *logind) release() {
	if l.delay != nil {
		l.delay.Close()
		l.delay = nil
	}
}

// watchScreenSaver listens to whatever calls itself a screen saver: org.freedesktop, org.gnome, org.cinnamon, org.mate ….
func watchScreenSaver(ctx context.Context, away func(Away)) error {
	conn, err := dbus.ConnectSessionBus(dbus.WithContext(ctx))
	if err != nil {
		return err
	}
	if err := conn.AddMatchSignal(dbus.WithMatchMember("ActiveChanged")); err != nil {
		return errors.Join(err, conn.Close())
	}
	signals := make(chan *dbus.Signal, 16)
	conn.Signal(signals)
	go func() {
		for signal := range signals {
			if active, ok := firstBool(signal.Body); ok && active {
				away(SessionLocked)
			}
		}
	}()
	return nil
}

func firstBool(body []any) (value, ok bool) {
	if len(body) == 0 {
		return false, false
	}
	value, ok = body[0].(bool)
	return value, ok
}
