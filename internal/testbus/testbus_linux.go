// Package testbus gives a test a desktop of its own: a D-Bus session, a keyring and an X display that nobody else sees, so
// that tests meet the real services and never the developer's own. A missing program fails the test, it does not skip it.
package testbus

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
)

// patience is how long a service may take to come up; it takes some 50 ms when the machine is idle.
const patience = 3 * time.Minute

// config keeps the bus private: without service folders nothing is started on demand, and without a keyring there is none.
const config = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>%s</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
`

// Session is one login of one user: the folders of a home and a message bus.
type Session struct {
	Address string // of the bus, as in DBUS_SESSION_BUS_ADDRESS
	Home    string

	runtime string
	running []*exec.Cmd
}

// Start begins a session in home with an unlocked, empty or earlier filled gnome-keyring. A second session with the same home,
// started after Stop of the first, finds the same entries: that is the user's next login. It ends with the test at the latest.
func Start(t testing.TB, home string) *Session {
	t.Helper()
	s := StartBus(t, home)
	keyring := s.Command("gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets",
		"--control-directory="+filepath.Join(s.runtime, "keyring"))
	keyring.Stdin = strings.NewReader("login password")
	start(t, keyring)
	s.running = append(s.running, keyring)
	if err := s.await("org.freedesktop.secrets"); err != nil {
		t.Fatalf("gnome-keyring: %v", err)
	}
	return s
}

// StartBus begins a session whose bus has no service at all.
func StartBus(t testing.TB, home string) *Session {
	t.Helper()
	// Not below t.TempDir(): its path can be longer than the address of a socket may be.
	runtime, err := os.MkdirTemp("", "bus")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(runtime) })
	address, conf := "unix:path="+dbus.EscapeBusAddressValue(filepath.Join(runtime, "bus")), filepath.Join(runtime, "bus.conf")
	if err := os.WriteFile(conf, fmt.Appendf(nil, config, address), 0o600); err != nil {
		t.Fatal(err)
	}
	s := &Session{Address: address, Home: home, runtime: runtime}
	daemon := exec.Command("dbus-daemon", "--nofork", "--config-file="+conf, "--print-address")
	startAndReadLine(t, daemon)
	s.running = append(s.running, daemon)
	return s
}

// Stop ends the session as pulling the plug would: whoever still talks to the bus loses it.
func (s *Session) Stop() {
	for _, cmd := range s.running {
		stop(cmd)
	}
}

// Env is the environment of a program in the session: the test's own, with everything replaced that names a home or a bus.
func (s *Session) Env() []string {
	return append(os.Environ(),
		"HOME="+s.Home,
		"XDG_CONFIG_HOME="+filepath.Join(s.Home, ".config"),
		"XDG_DATA_HOME="+filepath.Join(s.Home, ".local/share"),
		"XDG_CACHE_HOME="+filepath.Join(s.Home, ".cache"),
		"XDG_STATE_HOME="+filepath.Join(s.Home, ".local/state"),
		"XDG_RUNTIME_DIR="+s.runtime,
		"DBUS_SESSION_BUS_ADDRESS="+s.Address,
	)
}

// Command prepares a program that runs in the session.
func (s *Session) Command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Env = s.Env()
	return cmd
}

// Connect opens a connection to the session's bus, closed with the test: to play a service, or to look at one.
func (s *Session) Connect(t testing.TB) *dbus.Conn {
	t.Helper()
	conn, err := dbus.Connect(s.Address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// StartDisplay runs an X server without a screen and returns its DISPLAY.
func StartDisplay(t testing.TB) string {
	t.Helper()
	server := exec.Command("Xvfb", "-displayfd", "1", "-screen", "0", "1280x800x24", "-nolisten", "tcp", "-noreset")
	return ":" + startAndReadLine(t, server)
}

// await returns when a service has taken its name on the bus.
func (s *Session) await(name string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := dbus.Connect(s.Address, dbus.WithContext(ctx))
	if err != nil {
		return err
	}
	defer conn.Close()
	changes := make(chan *dbus.Signal, 16)
	conn.Signal(changes)
	if err := conn.AddMatchSignal(dbus.WithMatchMember("NameOwnerChanged"), dbus.WithMatchArg(0, name)); err != nil {
		return err
	}
	// Asked after the match is in place, so that the name cannot appear unseen in between.
	var there bool
	if err := conn.BusObject().Call("org.freedesktop.DBus.NameHasOwner", 0, name).Store(&there); err != nil || there {
		return err
	}
	for {
		select {
		case change := <-changes:
			if change != nil && change.Name == "org.freedesktop.DBus.NameOwnerChanged" {
				return nil
			}
		case <-ctx.Done():
			return fmt.Errorf("%s did not appear on the bus: %w", name, ctx.Err())
		}
	}
}

// start runs cmd until the end of the test.
func start(t testing.TB, cmd *exec.Cmd) {
	t.Helper()
	// Also when the test binary is killed, by a timeout say, nothing is left behind.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(cmd) })
}

// stop ends a program; a second time it does nothing.
func stop(cmd *exec.Cmd) {
	cmd.Process.Kill()
	cmd.Wait()
}

// startAndReadLine runs cmd until the end of the test and returns the first line that it prints, by which it says it is ready.
func startAndReadLine(t testing.TB, cmd *exec.Cmd) string {
	t.Helper()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	start(t, cmd)
	// A program that dies closes its output and ends the wait; one that hangs is ended by the test's own time limit.
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("%s: not ready: %v", filepath.Base(cmd.Path), err)
	}
	go io.Copy(io.Discard, out)
	return strings.TrimSpace(line)
}
