package main

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/cloud/api"
)

// crowd is a server of which every connection counts. Its handler answers at once, or takes the connection for a stream.
type crowd struct {
	t           *testing.T
	address     string
	connections *connections
	streams     chan net.Conn
}

func newCrowd(t *testing.T, most, each int) *crowd {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &crowd{t: t, address: l.Addr().String(), connections: newConnections(most, each, slog.New(slog.DiscardHandler)), streams: make(chan net.Conn, 100)}
	server := api.NewHTTP(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/stream" {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		c.streams <- conn // in the order of the answers
		io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n")
	}), slog.New(slog.DiscardHandler))
	server.ConnState = c.connections.follow
	go server.Serve(c.connections.limit(l))
	t.Cleanup(func() { server.Close() })
	return c
}

func (c *crowd) tryToDial(from string) (net.Conn, error) {
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}, Timeout: 5 * time.Second}
	return dialer.Dial("tcp", c.address)
}

// dial connects from an address of this computer.
func (c *crowd) dial(from string) net.Conn {
	c.t.Helper()
	conn, err := c.tryToDial(from)
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	return conn
}

// exchange tells what a connection answers; the error is that of a connection that is closed.
func exchange(conn net.Conn, path string) (string, error) {
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: h\r\n\r\n", path); err != nil {
		return "", err
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	return strings.TrimSpace(line), err
}

func (c *crowd) wantServed(conn net.Conn, path string) {
	c.t.Helper()
	if line, err := exchange(conn, path); err != nil || !strings.HasPrefix(line, "HTTP/1.1 2") {
		c.t.Errorf("%s from %s: %q, %v", path, conn.LocalAddr(), line, err)
	}
}

// wantClosed waits for the server to close a connection.
func (c *crowd) wantClosed(conn net.Conn) {
	c.t.Helper()
	if _, err := conn.Read(make([]byte, 1)); err == nil || isTimeout(err) {
		c.t.Errorf("the connection from %s is open: %v", conn.LocalAddr(), err)
	}
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

// until waits for what another goroutine does.
func (c *crowd) until(what string, is func(open int, displaced, refused uint64) bool) {
	c.t.Helper()
	for end := time.Now().Add(10 * time.Second); !is(c.connections.counted()); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			open, displaced, refused := c.connections.counted()
			c.t.Fatalf("%s: %d open, %d displaced, %d refused", what, open, displaced, refused)
		}
	}
}

func (c *crowd) counts() (open, quiet, addresses int) {
	c.connections.mu.Lock()
	defer c.connections.mu.Unlock()
	return c.connections.open, c.connections.quiet.Len(), len(c.connections.from)
}

// untilQuiet waits until so many connections are open, and nothing is asked on any: the server says so a little after its answer.
func (c *crowd) untilQuiet(n int) {
	c.t.Helper()
	c.until(fmt.Sprint(n, " are quiet"), func(int, uint64, uint64) bool {
		open, quiet, _ := c.counts()
		return open == n && quiet == n
	})
}

// One address opens as many connections as it can and asks nothing: it displaces itself, and nobody else.
func TestFloodFromOneAddress(t *testing.T) {
	c := newCrowd(t, 20, 4)
	neighbour := c.dial("127.0.0.2")
	c.wantServed(neighbour, "/")
	c.untilQuiet(1)
	var flood []net.Conn
	for range 40 {
		flood = append(flood, c.dial("127.0.0.1"))
	}
	c.until("the flood is in", func(open int, displaced, _ uint64) bool { return open == 5 && displaced == 36 })
	for _, conn := range flood[:36] {
		c.wantClosed(conn)
	}
	c.wantServed(c.dial("127.0.0.1"), "/") // also from there: in the place of the oldest
	c.wantServed(neighbour, "/")
	c.wantServed(c.dial("127.0.0.3"), "/")
}

// Many addresses fill the server: who asks is served, in the place of those that do not.
func TestFloodFromManyAddresses(t *testing.T) {
	c := newCrowd(t, 20, 4)
	var flood []net.Conn
	for n := range 60 {
		flood = append(flood, c.dial(fmt.Sprintf("127.0.1.%d", n%30)))
	}
	c.until("the flood is in", func(open int, displaced, _ uint64) bool { return open == 20 && displaced == 40 })
	busy := c.dial("127.0.0.2")
	c.wantServed(busy, "/")
	c.untilQuiet(20)
	for n := range 19 {
		flood = append(flood, c.dial(fmt.Sprintf("127.0.2.%d", n)))
	}
	c.until("the rest is in", func(_ int, displaced, _ uint64) bool { return displaced == 60 })
	c.wantServed(busy, "/") // it was quiet for a shorter time than all that were displaced
	c.wantClosed(flood[0])
}

// A header that comes a byte at a time asks nothing yet, as a first request and as a later one: whoever opens many displaces them, and who
// asks is served.
func TestSlowHeaders(t *testing.T) {
	c := newCrowd(t, 10, 0)
	var slow []net.Conn
	for n := range 10 {
		conn := c.dial(fmt.Sprintf("127.0.1.%d", n))
		if n%2 == 0 {
			c.wantServed(conn, "/")
		}
		if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: a.example\r\nX-Slow: a"); err != nil {
			t.Fatal(err)
		}
		slow = append(slow, conn)
		c.untilQuiet(n + 1)
	}
	for n := range 10 {
		c.wantServed(c.dial(fmt.Sprintf("127.0.2.%d", n)), "/")
		c.untilQuiet(10)
	}
	for _, conn := range slow {
		c.wantClosed(conn)
	}
	c.until("those who asked are in", func(open int, displaced, refused uint64) bool { return open == 10 && displaced == 10 && refused == 0 })
}

// What is in use keeps its place: then the new one is refused, until a place is free.
func TestStreamsAreNotDisplaced(t *testing.T) {
	c := newCrowd(t, 3, 0)
	var streams []net.Conn
	for range 3 {
		conn := c.dial("127.0.0.1")
		c.wantServed(conn, "/stream")
		streams = append(streams, conn)
	}
	if conn, err := c.tryToDial("127.0.0.1"); err == nil { // else it was refused before it was there
		defer conn.Close()
		c.wantClosed(conn)
	}
	c.until("refused", func(open int, displaced, refused uint64) bool { return open == 3 && displaced == 0 && refused == 1 })
	(<-c.streams).Close()
	c.wantClosed(streams[0])
	c.wantServed(c.dial("127.0.0.1"), "/")
	io.WriteString(<-c.streams, "still here")
	if got, err := io.ReadAll(io.LimitReader(streams[1], 1)); err != nil || len(got) == 0 {
		t.Errorf("a stream: %q, %v", got, err)
	}
}

// Every connection is counted once, and not at all when it is closed, whoever closes it.
func TestConnectionsAreCounted(t *testing.T) {
	c := newCrowd(t, 50, 50)
	for n := range 100 {
		conn := c.dial("127.0.0.1")
		if n%3 > 0 {
			c.wantServed(conn, "/")
		}
		if n%3 == 1 {
			conn.Close()
		}
	}
	c.until("all that are open are quiet", func(int, uint64, uint64) bool {
		open, quiet, addresses := c.counts()
		return open > 0 && open <= 50 && quiet == open && addresses == 1
	})
}

func TestOpenConnections(t *testing.T) {
	for name, c := range map[string]struct {
		o           options
		files       uint64
		most, each  int
		cannotServe bool
	}{
		"as it comes":               {options{connectionsPerAddress: 4096}, 1 << 20, 50_000, 4096, false},
		"few files":                 {options{connectionsPerAddress: 4096}, 1024, 768, 4096, false},
		"the system does not say":   {options{connectionsPerAddress: 4096}, 0, 50_000, 4096, false},
		"as set":                    {options{connections: 900, connectionsPerAddress: 9}, 2048, 900, 9, false},
		"more than there are files": {options{connections: 1000}, 1024, 0, 0, true},
		"behind a proxy":            {options{connections: 900, connectionsPerAddress: 9, behindProxy: true}, 2048, 900, 0, false},
		"in development":            {options{connections: 900, connectionsPerAddress: 9, dev: true}, 2048, 900, 0, false},
	} {
		got, err := openConnections(c.o, c.files, slog.New(slog.DiscardHandler))
		if c.cannotServe {
			if err == nil || !strings.Contains(err.Error(), "LimitNOFILE") {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err != nil || got.most != c.most || got.each != c.each {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

// The program as it is installed, with TLS of its own: connections that never shake hands fill it, and who asks is served, as is what
// watches it.
func TestFloodOfTheProgram(t *testing.T) {
	p, pool := newPair(t, "api.example.org", time.Now().Add(time.Hour))
	process := start(t, "serve", "--data", t.TempDir(), "--domain", "example.org", "--tls-cert", p.chain, "--tls-key", p.key, "--listen", "127.0.0.1:0",
		"--smtp", "smtp://127.0.0.1:1?starttls=never", "--linger", "0s", "--metrics-listen", "127.0.0.1:0", "--connections", "30", "--connections-per-address", "10")
	c := &crowd{t: t, address: process.ready["listen"]}
	client := trusting(&tls.Config{RootCAs: pool, ServerName: "api.example.org"})
	healthy := func() {
		t.Helper()
		resp, err := client.Get("https://" + c.address + "/healthz")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	healthy()
	for n := range 80 {
		c.dial(fmt.Sprintf("127.0.3.%d", n%8))
	}
	healthy() // on the connection from before, or another one
	client.CloseIdleConnections()
	healthy()
	_, text := fetch(t, process.ready["metrics"])
	value := func(name string) (n int) {
		_, after, _ := strings.Cut(text, "\n"+name+" ")
		if _, err := fmt.Sscan(after, &n); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		return n
	}
	if n := value("coffer_connections"); n < 25 || n > value("coffer_connections_most") {
		t.Errorf("%d connections", n)
	}
	if displaced, refused := value("coffer_connections_displaced_total"), value("coffer_connections_refused_total"); displaced < 50 || refused != 0 {
		t.Errorf("%d displaced, %d refused", displaced, refused)
	}
}

// A server that may open fewer files than it is to have connections does not start, and says what to do.
func TestTooFewFiles(t *testing.T) {
	var errs strings.Builder
	cmd := itself(t, "serve", "--dev", "--data", t.TempDir(), "--connections", "9999999")
	cmd.Stderr = &errs
	if err := cmd.Run(); err == nil || !strings.Contains(errs.String(), "--connections: this process may open") {
		t.Errorf("%v: %s", err, errs.String())
	}
}
