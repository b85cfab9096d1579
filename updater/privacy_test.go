package updater

import (
	"bytes"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// wire is a listener that keeps what goes over it, byte for byte.
type wire struct {
	net.Listener
	mu      sync.Mutex
	in, out bytes.Buffer
}

func (l *wire) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &wiretap{c, l}, nil
}

type wiretap struct {
	net.Conn
	wire *wire
}

func (c *wiretap) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.wire.mu.Lock()
	defer c.wire.mu.Unlock()
	c.wire.in.Write(b[:n])
	return n, err
}

func (c *wiretap) Write(b []byte) (int, error) {
	c.wire.mu.Lock()
	c.wire.out.Write(b)
	c.wire.mu.Unlock()
	return c.Conn.Write(b)
}

// take returns and forgets what went over the wire.
func (l *wire) take() (requests string, total int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	requests, total = l.in.String(), l.in.Len()+l.out.Len()
	l.in.Reset()
	l.out.Reset()
	return requests, total
}

// tapped serves a world's repository over a wire, with a host that tries to mark its visitors.
func tapped(t *testing.T, w *world) (*wire, string) {
	t.Helper()
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &wire{Listener: inner}
	visitor := 0
	server := &httptest.Server{Listener: l, Config: &http.Server{Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		visitor++
		http.SetCookie(rw, &http.Cookie{Name: "id", Value: strings.Repeat("x", visitor)})
		rw.Header().Set("Last-Modified", "Sun, 01 Nov 2026 08:00:00 GMT")
		w.hosts[0].honest.ServeHTTP(rw, r)
	})}}
	server.Start()
	t.Cleanup(server.Close)
	return l, server.URL
}

// Attack 32: a host that wants to aim at someone finds nothing in the requests to tell two installations apart.
func TestRequestsOfTwoInstallationsAreIdentical(t *testing.T) {
	w := newWorld(t)
	w.release("1.5.0", "new")
	l, url := tapped(t, w)
	install := func(version string) *Client {
		cfg := w.config(version)
		cfg.Mirrors = []string{url}
		return w.client(cfg)
	}
	one, two := install("1.0.0"), install("1.4.9")
	if bytes.Equal(one.id, two.id) {
		t.Fatal("two installations have one id")
	}
	for _, step := range []string{"first poll", "later poll", "download"} {
		var seen [2]string
		for i, c := range []*Client{one, two} {
			if step == "download" {
				wantStaged(t, c.Stage(t.Context(), nil), "new")
			} else {
				wantAvailable(t, c.Check(t.Context()), "1.5.0")
			}
			seen[i], _ = l.take()
		}
		if seen[0] != seen[1] {
			t.Errorf("%s differs:\n%s\n%s", step, seen[0], seen[1])
		}
		for _, mark := range []string{"Cookie", "If-None-Match", "If-Modified-Since", "Referer", "1.0.0", "linux-gnu"} {
			if strings.Contains(seen[0], mark) {
				t.Errorf("%s: the request contains %s:\n%s", step, mark, seen[0])
			}
		}
	}
}

func TestPollWithNothingNewIsSmall(t *testing.T) {
	w := newWorld(t)
	w.release("1.0.0", "old")
	l, url := tapped(t, w)
	cfg := w.config("1.0.0")
	cfg.Mirrors = []string{url}
	c := w.client(cfg)
	wantUpToDate(t, c.Check(t.Context()))
	l.take()
	w.refresh()
	wantUpToDate(t, c.Check(t.Context()))
	requests, total := l.take()
	if total > 2048 {
		t.Errorf("a poll cost %d bytes on the wire:\n%s", total, requests)
	}
}

// A redirect could carry a mark from one request to the next, so it is refused even if it leads to honest files.
func TestRedirectIsRefused(t *testing.T) {
	w := newWorld(t)
	w.release("1.5.0", "new")
	honest := w.hosts[0].honest
	w.lies(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if path, marked := strings.CutPrefix(r.URL.Path, "/visitor-1"); marked {
			r.URL.Path = path
			honest.ServeHTTP(rw, r)
			return
		}
		http.Redirect(rw, r, "/visitor-1"+r.URL.Path, http.StatusFound)
	}))
	wantRefused(t, w.client(w.config("1.0.0")).Check(t.Context()), ErrHostsUnreachable)
}
