package attacks

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/sync/wire"
)

// lie changes the body of a successful answer.
type lie func(path string, body []byte) []byte

// liar is a server that lies: an HTTP server before the real one. It changes answers and keeps a transcript of all that the client
// sent. As the RoundTripper of a client it leads every request to itself, whatever origin the client asks for.
type liar struct {
	http.RoundTripper

	mu      sync.Mutex
	sent    bytes.Buffer
	asks    []ask
	arrived map[string]bool // nonces of the requests that the server has answered
	answer  lie
	// status is what successful answers on a path get in the place of 200, 0 for no change; nil for none.
	status func(path string) int
	// instead answers a request in the server's place where it returns true.
	instead func(http.ResponseWriter, *http.Request) bool
}

// ask is a request as the liar saw it.
type ask struct {
	method, path string
	header       http.Header
	body         []byte
}

func (a ask) String() string { return a.method + " " + a.path }

func newLiar(t testing.TB, server *testkit.Server) *liar {
	t.Helper()
	upstream, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	l := &liar{arrived: map[string]bool{}}
	onward := &http.Transport{}
	proxy := &httputil.ReverseProxy{
		Transport:      onward,
		Rewrite:        func(r *httputil.ProxyRequest) { r.SetURL(upstream) },
		ModifyResponse: l.modify,
		ErrorHandler:   func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}
	front := httptest.NewServer(l.record(proxy))
	transport := &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, front.Listener.Addr().String())
	}}
	l.RoundTripper = transport
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		front.CloseClientConnections()
		front.Close()
		onward.CloseIdleConnections()
	})
	return l
}

// record keeps the request and passes it on, unless the liar answers itself.
func (l *liar) record(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		l.mu.Lock()
		l.asks = append(l.asks, ask{r.Method, r.URL.Path, r.Header.Clone(), body})
		fmt.Fprintf(&l.sent, "%s %s\n%v\n", r.Method, r.URL, r.Header)
		l.sent.Write(body)
		instead := l.instead
		l.mu.Unlock()
		if instead == nil || !instead(w, r) {
			next.ServeHTTP(w, r)
		}
	})
}

func (l *liar) modify(resp *http.Response) error {
	l.mu.Lock()
	answer, status := l.answer, l.status
	l.arrived[resp.Request.Header.Get(wire.HeaderNonce)] = true
	l.mu.Unlock()
	if answer == nil || resp.StatusCode/100 != 2 || strings.HasSuffix(resp.Request.URL.Path, "/events") {
		return nil
	}
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	resp.Body.Close()
	data = answer(resp.Request.URL.Path, data)
	if status != nil {
		resp.StatusCode = cmp.Or(status(resp.Request.URL.Path), resp.StatusCode)
	}
	resp.Body = io.NopCloser(bytes.NewReader(data))
	resp.ContentLength = int64(len(data))
	resp.Header.Set("Content-Length", strconv.Itoa(len(data)))
	return nil
}

// lie sets how successful answers are changed from now on; nil leaves them as they are.
func (l *liar) lie(answer lie) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.answer, l.status = answer, nil
}

// lieAs is lie where the answers get another status, too.
func (l *liar) lieAs(status func(path string) int, answer lie) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.answer, l.status = answer, status
}

// speak lets the liar answer by itself from now on, where instead returns true.
func (l *liar) speak(instead func(http.ResponseWriter, *http.Request) bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.instead = instead
}

// transcript is everything that the client sent.
func (l *liar) transcript() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	return bytes.Clone(l.sent.Bytes())
}

// arrivals lists what the server has answered: a client that locks gives up requests on their way.
func (l *liar) arrivals() []ask {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(l.asks), func(a ask) bool { return !l.arrived[a.header.Get(wire.HeaderNonce)] })
}

// requests lists what the client asked for.
func (l *liar) requests() []ask {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.asks)
}
