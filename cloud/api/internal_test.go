package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/quick"
	"testing/synctest"
	"time"

	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/sync/wire"
)

func TestNonceCache(t *testing.T) {
	account, device := id.New(), id.New()
	n, now := newNonceCache(10, 100), int64(1_800_000_000_000)
	use := func(at int64, nonce byte) error {
		return n.use(at, owner{account: account}, nonceKey(account, device, [16]byte{nonce}))
	}
	if err := use(now, 1); err != nil {
		t.Fatal(err)
	}
	// It is remembered for the whole window, over a turn of the generations.
	for _, later := range []int64{0, 1, nonceWindow - 1, nonceWindow, nonceWindow + 1, 2*nonceWindow - 1} {
		if err := use(now+later, 1); !errors.Is(err, cloud.ErrInvalid) {
			t.Errorf("%d ms later: %v", later, err)
		}
	}
	if err := n.use(now+2*nonceWindow, owner{account: id.New()}, nonceKey(id.New(), device, [16]byte{1})); err != nil {
		t.Errorf("another account's nonce: %v", err)
	}
	var slow *cloud.SlowDown
	for i := range byte(20) {
		if err := use(now+2*nonceWindow, 100+i); err != nil && !errors.As(err, &slow) {
			t.Fatal(err)
		}
	}
	if slow == nil || len(n.current) != 10 || slow.After <= 0 || slow.After > nonceWindow*time.Millisecond {
		t.Errorf("full memory: %v, %d nonces", slow, len(n.current))
	}
	if err := use(now+5*nonceWindow, 200); err != nil || len(n.current)+len(n.previous) != 1 {
		t.Errorf("after a pause: %v, %d nonces", err, len(n.current)+len(n.previous))
	}
}

// One account cannot fill the memory for all others, and a clock that was set back does not keep it full.
func TestNonceCacheIsShared(t *testing.T) {
	greedy, other, device := id.New(), id.New(), id.New()
	n, now := newNonceCache(100, 3), int64(1_800_000_000_000)
	var slow *cloud.SlowDown
	for i := range byte(10) {
		if err := n.use(now, owner{account: greedy}, nonceKey(greedy, device, [16]byte{i})); (i < 3) != (err == nil) || err != nil && !errors.As(err, &slow) {
			t.Errorf("request %d: %v", i, err)
		}
	}
	if err := n.use(now, owner{account: other}, nonceKey(other, device, [16]byte{1})); err != nil {
		t.Errorf("another account: %v", err)
	}
	now -= 24 * 3_600_000
	for range 2 {
		if err := n.use(now, owner{account: greedy}, nonceKey(greedy, device, [16]byte{1})); err == nil {
			t.Error("a nonce is forgotten when the clock is set back")
		}
		now += nonceWindow - 1
	}
	if err := n.use(now+1, owner{account: greedy}, nonceKey(greedy, device, [16]byte{50})); err != nil {
		t.Errorf("a window after the clock was set back: %v", err)
	}
}

// However time goes on, no nonce is accepted twice within the window.
func TestNonceNeverTwice(t *testing.T) {
	account, device := id.New(), id.New()
	if err := quick.Check(func(steps []uint16) bool {
		n, now, used := newNonceCache(1000, 1000), int64(1_800_000_000_000), map[byte]int64{}
		for _, step := range steps {
			now += int64(step)
			nonce := byte(step % 16)
			err := n.use(now, owner{account: account}, nonceKey(account, device, [16]byte{nonce}))
			last, before := used[nonce]
			if err == nil && before && now-last < nonceWindow {
				return false
			}
			if err == nil {
				used[nonce] = now
			}
		}
		return true
	}, nil); err != nil {
		t.Error(err)
	}
}

func TestAddressLimits(t *testing.T) {
	now := time.UnixMilli(1_800_000_000_000)
	limits := newAddressLimits(Config{Limits: Limits{SignIn: 1, SignInBurst: 2, Other: 10, OtherBurst: 5}, Now: func() time.Time { return now }})
	ask := func(address, path string) time.Duration {
		r := httptest.NewRequest("POST", path, nil)
		r.RemoteAddr = address
		return limits.wait(r)
	}
	for i, want := range []time.Duration{0, 0, time.Second, time.Second} {
		if got := ask("192.0.2.1:1000", "/v1/signin/prove"); got != want {
			t.Errorf("request %d waits %v, want %v", i, got, want)
		}
	}
	for name, address := range map[string]string{"another address": "192.0.2.2:1000", "IPv6": "[2001:db8:1:2::1]:1"} {
		if got := ask(address, "/v1/signup/start"); got != 0 {
			t.Errorf("%s waits %v", name, got)
		}
	}
	if got := ask("192.0.2.1:1000", "/v1/vaults"); got != 0 {
		t.Errorf("another kind of route waits %v", got)
	}
	ask("[2001:db8:1:2::1]:1", "/v1/signup/start")
	if got := ask("[2001:db8:1:2:3:4:5:6]:1", "/v1/signup/start"); got == 0 {
		t.Error("an address of the same IPv6 network does not wait")
	}
	if got := ask("[::ffff:192.0.2.1]:1000", "/v1/signin/prove"); got == 0 {
		t.Error("the same address in IPv6 spelling does not wait")
	}
	now = now.Add(time.Second)
	if got := ask("192.0.2.1:1001", "/v1/signin/prove"); got != 0 {
		t.Errorf("after the wait: %v", got)
	}
}

func TestAddressBehindProxy(t *testing.T) {
	limits := newAddressLimits(Config{BehindProxy: true, Now: time.Now})
	for _, c := range []struct{ headers, want []string }{
		{[]string{"203.0.113.9"}, []string{"203.0.113.9/32"}},
		{[]string{"10.0.0.1, 203.0.113.9"}, []string{"203.0.113.9/32"}},
		{[]string{"203.0.113.9", "198.51.100.7"}, []string{"198.51.100.7/32"}},
		{nil, []string{"invalid Prefix"}},
		{[]string{"nonsense"}, []string{"invalid Prefix"}},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header["X-Forwarded-For"] = c.headers
		if got := limits.addressOf(r).String(); got != c.want[0] {
			t.Errorf("%q: %s, want %s", c.headers, got, c.want[0])
		}
	}
}

// The memory of addresses is bounded, and a bucket in use survives the turn.
func TestAddressMemory(t *testing.T) {
	limits := newAddressLimits(Config{Limits: Limits{SignIn: 0, SignInBurst: 1}, Now: time.Now})
	limits.capacity = 1000
	r := httptest.NewRequest("POST", "/v1/signin/prove", nil)
	r.RemoteAddr = "192.0.2.1:1"
	limits.wait(r)
	for i := range limits.capacity + 10 {
		other := httptest.NewRequest("POST", "/v1/signin/prove", nil)
		other.RemoteAddr = fmt.Sprintf("10.%d.%d.%d:1", i>>16, i>>8&255, i&255)
		limits.wait(other)
	}
	if n := len(limits.current) + len(limits.previous); n > 2*limits.capacity {
		t.Errorf("%d addresses are kept", n)
	}
	if limits.wait(r) == 0 {
		t.Error("an empty bucket was forgotten")
	}
}

// Every answer says what time it is by the clock that requests are judged by.
func TestEveryAnswerHasTheServersTime(t *testing.T) {
	at := time.Date(2100, 6, 1, 12, 0, 0, 0, time.FixedZone("", 3600))
	now := func() time.Time { return at }
	s := &Server{log: slog.New(slog.DiscardHandler), now: now}
	w := httptest.NewRecorder()
	limits := newAddressLimits(Config{Limits: Limits{Other: 1, OtherBurst: 1}, Now: now})
	s.outer(limits, http.NotFoundHandler()).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if date, err := http.ParseTime(w.Header().Get("Date")); err != nil || !date.Equal(at) {
		t.Errorf("Date %q", w.Header().Get("Date"))
	}
}

// A panic is answered with 500 and nothing of its cause.
func TestPanic(t *testing.T) {
	s := &Server{log: slog.New(slog.DiscardHandler), now: time.Now}
	limits := newAddressLimits(Config{Limits: Limits{Other: 1, OtherBurst: 1}, Now: time.Now})
	w := httptest.NewRecorder()
	s.outer(limits, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("a secret cause") })).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	var got wire.Error
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != 500 || got.Code != wire.CodeUnavailable || strings.Contains(w.Body.String(), "cause") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w.Header().Get("X-Request-Id") == "" {
		t.Error("the answer has no request id")
	}
}

// A stream that is silent says that it is alive, and ends with the client, with the token's time, or where nobody reads.
func TestStreamStaysAlive(t *testing.T) {
	for name, c := range map[string]struct {
		leave func(client net.Conn)
		after time.Duration // from the second sign of life
		rest  string
	}{
		"client gone":          {func(client net.Conn) { client.Close() }, 0, ""},
		"client speaks":        {func(client net.Conn) { io.WriteString(client, "GET") }, 0, ""},
		"token expired":        {func(net.Conn) {}, 10 * time.Second, "0\r\n\r\n"},
		"client does not read": {func(net.Conn) {}, keepAlive + writeTimeout, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, server := net.Pipe()
				life := 2*keepAlive + 10*time.Second
				if c.after > 10*time.Second {
					life = time.Hour
				}
				closed := make(chan time.Time, 1)
				f := &feed{stream: &cloud.Stream{}, end: time.Now().Add(life), closed: sync.OnceFunc(func() { closed <- time.Now() })}
				go f.begin(server, true)
				line := make([]byte, 64)
				for _, want := range []string{"d\r\n: listening\n\n\r\n", "9\r\n: alive\n\n\r\n", "9\r\n: alive\n\n\r\n"} {
					if n, err := client.Read(line); err != nil || string(line[:n]) != want {
						t.Fatalf("%q, %v; want %q", line[:n], err, want)
					}
				}
				began := time.Now()
				c.leave(client)
				if c.rest != "" {
					if n, err := client.Read(line); err != nil || string(line[:n]) != c.rest {
						t.Errorf("the stream ends with %q, %v", line[:n], err)
					}
				}
				if took := (<-closed).Sub(began); took != c.after {
					t.Errorf("closed after %v, want %v", took, c.after)
				}
				synctest.Wait()
				f.tick() // which was waiting while it was closed
				if f.alive.Stop() {
					t.Error("it is gone, and its timer goes on until the token is over")
				}
			})
		})
	}
}

func TestRouteWithoutPolicyIsClosed(t *testing.T) {
	s := &Server{}
	if _, err := s.caller(httptest.NewRequest("GET", "/", nil), policy{}, nil); err == nil {
		t.Error("a route that forgot its policy lets everybody in")
	}
}

// Every sentinel of package cloud is a row of the table: one that is missing would be answered with 500.
func TestTableIsComplete(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "../errors.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	sentinels := 0
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok && strings.HasPrefix(spec.Names[0].Name, "Err") {
			sentinels++
		}
		return true
	})
	if sentinels != len(table) {
		t.Errorf("package cloud has %d decisions, the table %d", sentinels, len(table))
	}
	for _, row := range table {
		a := answerFor(fmt.Errorf("outer: %w", row.err))
		if a.status != row.status || a.wire.Code != row.code {
			t.Errorf("%v: %d %s", row.err, a.status, a.wire.Code)
		}
	}
	for _, c := range []struct {
		err    error
		status int
		code   wire.Code
	}{
		{clockSkew{7}, 401, wire.CodeClockSkew},
		{&cloud.CodeWrong{TriesLeft: 3}, 403, wire.CodeCodeWrong},
		{&cloud.HeadMoved{}, 409, wire.CodeConflict},
		{&cloud.LogMoved{Seq: 4}, 409, wire.CodeConflict},
		{&cloud.SlowDown{After: 1500 * time.Millisecond}, 429, wire.CodeSlowDown},
		{context.DeadlineExceeded, 500, wire.CodeUnavailable},
	} {
		a := answerFor(fmt.Errorf("outer: %w", c.err))
		if a.status != c.status || a.wire.Code != c.code {
			t.Errorf("%v: %d %s, want %d %s", c.err, a.status, a.wire.Code, c.status, c.code)
		}
	}
	if a := answerFor(&cloud.SlowDown{After: 1500 * time.Millisecond}); a.wire.RetryAfter != 2 {
		t.Errorf("1.5 s are rounded to %d", a.wire.RetryAfter)
	}
}

// A connection that a client opened in advance does not hold the shutdown up: net/http alone waits 5 s for it, each time. One that is
// quicker proves it, however slow the machine.
func TestShutdownDoesNotWaitForSilence(t *testing.T) {
	var took []time.Duration
	for range 5 {
		if took = append(took, shutdownBesideSilence(t)); took[len(took)-1] < 5*time.Second {
			return
		}
	}
	t.Errorf("shutdown took %v", took)
}

func shutdownBesideSilence(t *testing.T) time.Duration {
	t.Helper()
	s := &Server{log: slog.New(slog.DiscardHandler)}
	server := s.HTTP()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	accepted := make(chan struct{})
	follow := server.ConnState
	server.ConnState = func(c net.Conn, state http.ConnState) {
		follow(c, state)
		if state == http.StateNew {
			close(accepted)
		}
	}
	go server.Serve(listener)
	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	<-accepted
	begin := time.Now()
	if err := server.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	return time.Since(begin)
}

func TestNetworkOf(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.7": "192.0.2.7/32", "::ffff:192.0.2.7": "192.0.2.7/32", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64",
	} {
		if got := NetworkOf(netip.MustParseAddr(address)); got.String() != want {
			t.Errorf("%s: %s, want %s", address, got, want)
		}
	}
	if got := NetworkOf(netip.Addr{}); got != (netip.Prefix{}) {
		t.Errorf("of no address %s", got)
	}
}
