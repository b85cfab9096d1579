//go:build unix

package systemd

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func of(values map[string]string) Environment {
	return func(name string) (string, bool) {
		value, ok := values[name]
		return value, ok
	}
}

// manager listens as systemd does.
func manager(t *testing.T) (*net.UnixConn, string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "sd") // the path of a socket has to be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	path := filepath.Join(dir, "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn, path
}

func hear(t *testing.T, conn *net.UnixConn) (state string, files []int) {
	t.Helper()
	text, rights := make([]byte, 1024), make([]byte, 1024)
	n, rn, _, _, err := conn.ReadMsgUnix(text, rights)
	if err != nil {
		t.Fatal(err)
	}
	messages, err := syscall.ParseSocketControlMessage(rights[:rn])
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range messages {
		if files, err = syscall.ParseUnixRights(&m); err != nil {
			t.Fatal(err)
		}
	}
	return string(text[:n]), files
}

func TestStates(t *testing.T) {
	conn, path := manager(t)
	m := New(of(map[string]string{"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "30000000"}))
	if m.Watchdog() != 30*time.Second {
		t.Errorf("watchdog %s", m.Watchdog())
	}
	for _, c := range []struct {
		say  func() error
		want string
	}{
		{m.Ready, "READY=1"}, {m.Stopping, "STOPPING=1"}, {m.Alive, "WATCHDOG=1"}, {m.Reloading, "RELOADING=1\nMONOTONIC_USEC="},
		{func() error { return m.Forget("main") }, "FDSTOREREMOVE=1\nFDNAME=main"},
	} {
		if err := c.say(); err != nil {
			t.Fatal(err)
		}
		if got, _ := hear(t, conn); !strings.HasPrefix(got, c.want) {
			t.Errorf("heard %q, want %q", got, c.want)
		}
	}
}

// The socket that the manager is given is the one that listens, also when the service has closed its own.
func TestKeep(t *testing.T) {
	conn, path := manager(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := New(of(map[string]string{"NOTIFY_SOCKET": path})).Keep("main", listener); err != nil {
		t.Fatal(err)
	}
	// What was given away can still be closed while it waits.
	waited := make(chan error, 1)
	go func() {
		_, err := listener.Accept()
		waited <- err
	}()
	listener.Close()
	if err := <-waited; !errors.Is(err, net.ErrClosed) {
		t.Errorf("accept: %v", err)
	}
	state, files := hear(t, conn)
	if state != "FDSTORE=1\nFDNAME=main" || len(files) != 1 {
		t.Fatalf("heard %q with %d descriptors", state, len(files))
	}
	file := os.NewFile(uintptr(files[0]), "kept")
	defer file.Close()
	kept, err := net.FileListener(file)
	if err != nil {
		t.Fatal(err)
	}
	defer kept.Close()
	if kept.Addr().String() != listener.Addr().String() {
		t.Errorf("kept %s, want %s", kept.Addr(), listener.Addr())
	}
	client, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatalf("the kept socket does not listen: %v", err)
	}
	client.Close()
}

func TestWithoutManager(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	m := New(of(nil))
	if m.Ready() != nil || m.Stopping() != nil || m.Keep("main", listener) != nil || m.Watchdog() != 0 {
		t.Error("something was told to nobody")
	}
	if all, err := Inherited(of(nil)); err != nil || len(all) != 0 {
		t.Errorf("inherited %v, %v", all, err)
	}
	// What was meant for another process is not ours: a shell in between hands its environment on.
	other := of(map[string]string{"LISTEN_PID": strconv.Itoa(os.Getpid() + 1), "LISTEN_FDS": "1"})
	if all, err := Inherited(other); err != nil || len(all) != 0 {
		t.Errorf("inherited %v, %v", all, err)
	}
	if New(of(map[string]string{"NOTIFY_SOCKET": "x", "WATCHDOG_USEC": "5", "WATCHDOG_PID": "1"})).Watchdog() != 0 {
		t.Error("another process's watchdog was taken for ours")
	}
}
