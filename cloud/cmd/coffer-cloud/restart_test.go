package main

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/coffer-vault/coffer/sync/wire"
)

// serviceManager plays systemd: it keeps the sockets that the service gives it, and hands them to the next process.
type serviceManager struct {
	t      *testing.T
	path   string
	states chan string   // but that it is alive
	alive  chan struct{} // holds one: nobody has to keep up with it
	mu     sync.Mutex
	kept   map[string]*os.File
}

func newServiceManager(t *testing.T) *serviceManager {
	t.Helper()
	dir, err := os.MkdirTemp("", "sd") // the path of a socket has to be short
	if err != nil {
		t.Fatal(err)
	}
	m := &serviceManager{t: t, path: filepath.Join(dir, "notify"), states: make(chan string, 1000), alive: make(chan struct{}, 1), kept: map[string]*os.File{}}
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: m.path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for m.hear(conn) == nil {
		}
	}()
	t.Cleanup(func() {
		conn.Close()
		<-done
		for _, file := range m.kept {
			file.Close()
		}
		os.RemoveAll(dir)
	})
	return m
}

func (m *serviceManager) hear(conn *net.UnixConn) error {
	text, rights := make([]byte, 1024), make([]byte, 1024)
	n, rn, _, _, err := conn.ReadMsgUnix(text, rights)
	if err != nil {
		return err
	}
	state := string(text[:n])
	messages, err := syscall.ParseSocketControlMessage(rights[:rn])
	if err != nil {
		return err
	}
	for _, message := range messages {
		files, err := syscall.ParseUnixRights(&message)
		if err != nil {
			return err
		}
		_, name, _ := strings.Cut(state, "FDNAME=")
		m.mu.Lock()
		m.kept[name] = os.NewFile(uintptr(files[0]), name)
		m.mu.Unlock()
	}
	if state != "WATCHDOG=1" {
		m.states <- state
		return nil
	}
	select {
	case m.alive <- struct{}{}:
	default:
	}
	return nil
}

// await returns when the service has said a state that begins so.
func (m *serviceManager) await(prefix string) {
	for state := range m.states {
		if strings.HasPrefix(state, prefix) {
			return
		}
	}
}

// start runs the program with the sockets of the process before.
func (m *serviceManager) start(args ...string) *process {
	m.t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	var names []string
	var files []*os.File
	for name, file := range m.kept {
		names, files = append(names, name), append(files, file)
	}
	// LISTEN_PID is that of the program itself, which only the shell that becomes it knows.
	script := `LISTEN_PID=$$ exec "$0" "$@"`
	cmd := exec.CommandContext(m.t.Context(), "sh", append([]string{"-c", script, os.Args[0]}, args...)...)
	cmd.ExtraFiles = files
	cmd.Env = append(os.Environ(), "COFFER_CLOUD_TEST_MAIN=1", "NOTIFY_SOCKET="+m.path, "WATCHDOG_USEC=20000",
		fmt.Sprintf("LISTEN_FDS=%d", len(files)), "LISTEN_FDNAMES="+strings.Join(names, ":"))
	return started(m.t, cmd)
}

// A restart under load: every request is answered, by the old process or by the new one. The requests are POSTs, which net/http does not
// repeat by itself on a connection that broke.
func TestRestartLosesNoRequest(t *testing.T) {
	m := newServiceManager(t)
	args := []string{"serve", "--dev", "--data", t.TempDir(), "--linger", "1m"}
	p := m.start(args...)
	<-m.alive
	api := p.ready["api"]
	results, over := make(chan error, 1<<16), make(chan struct{})
	var clients sync.WaitGroup
	for range 8 {
		clients.Go(func() { askUntil(over, api, results) })
	}
	count := func(n int) {
		for range n {
			if err := <-results; err != nil {
				t.Errorf("a request was lost: %v", err)
			}
		}
	}
	count(100)
	for range 3 {
		if err := p.signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		m.await("STOPPING=1")
		p = m.start(args...)
		m.await("READY=1")
		count(len(results) + 100)
	}
	close(over)
	clients.Wait()
	count(len(results))
	if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	m.await("RELOADING=1")
	m.await("READY=1")
	if err := p.signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
}

// askUntil is a client that asks without a pause, over connections that it keeps as long as it may.
func askUntil(over <-chan struct{}, api string, results chan<- error) {
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	for {
		select {
		case <-over:
			return
		case results <- lookUp(client, api):
		}
	}
}

// lookUp asks for the account of a random tag: a request that reads the database and needs no session.
func lookUp(client *http.Client, api string) error {
	tag := make([]byte, 32)
	rand.Read(tag)
	body, err := json.Marshal(wire.Lookup{Tag: tag})
	if err != nil {
		return err
	}
	resp, err := client.Post(api+"/v1/signin/lookup", "application/json", bytes.NewReader(body))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d, %v", resp.StatusCode, err)
	}
	return nil
}
