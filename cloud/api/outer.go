package api

import (
	"context"
	"encoding/hex"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"path"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"golang.org/x/time/rate"

	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/cloud/trace"
)

// Limits are requests per second and address, with the burst that is allowed on top.
type Limits struct {
	SignIn      rate.Limit // what strangers may call
	SignInBurst int
	Other       rate.Limit
	OtherBurst  int
}

// DefaultLimits let an office behind one address work, and nobody guess.
var DefaultLimits = Limits{SignIn: 2, SignInBurst: 40, Other: 50, OtherBurst: 500}

type requestKey struct{}

func requestID(ctx context.Context) string {
	text, _ := ctx.Value(requestKey{}).(string)
	return text
}

// outer is what every request passes first and last: a request id, the address's limit, a net for panics, one line of log.
func (s *Server) outer(limits *addressLimits, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begin := time.Now()
		request := uuid.Must(uuid.NewV7()).String()
		w.Header().Set("X-Request-Id", request)
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Date", s.now().UTC().Format(http.TimeFormat)) // the clock that requests are judged by
		recorder := &recorder{ResponseWriter: w}
		r = r.WithContext(s.spans.Begin(context.WithValue(r.Context(), requestKey{}, request), s.parent(r)))
		defer s.finish(recorder, r, begin)
		if wait := limits.wait(r); wait > 0 {
			writeError(recorder, &cloud.SlowDown{After: wait})
			return
		}
		if path.Clean(r.URL.Path) != r.URL.Path {
			writeError(recorder, cloud.ErrNotFound) // the mux would send who asks elsewhere, with a page
			return
		}
		next.ServeHTTP(recorder, r)
	})
}

// finish turns a panic into 500 and logs the request by its route: neither addresses of people nor of machines.
func (s *Server) finish(w *recorder, r *http.Request, begin time.Time) {
	if p := recover(); p != nil {
		s.log.Error("panic", "request", requestID(r.Context()), "route", r.Pattern, "panic", p, "stack", string(debug.Stack()))
		if w.status == 0 {
			writeError(w, errors.New("panic"))
		}
	}
	level := slog.LevelInfo
	if r.Pattern == healthRoute {
		level = slog.LevelDebug // load balancers and watchdogs ask every few seconds
	}
	took := time.Since(begin)
	if s.observe != nil {
		s.observe(r.Pattern, w.status, took)
	}
	trace.End(r.Context(), r.Pattern, w.status >= http.StatusInternalServerError)
	line := []any{"request", requestID(r.Context()), "route", r.Pattern, "status", w.status, "ms", took.Milliseconds()}
	if id := s.trace(r); id != "" {
		line = append(line, "trace", id)
	}
	s.log.Log(r.Context(), level, "request", line...)
}

// parent is the traceparent of a proxy. A client's own word is not for the log: it could name who asks.
func (s *Server) parent(r *http.Request) string {
	if !s.behindProxy {
		return ""
	}
	return r.Header.Get("Traceparent")
}

// trace is the id of the trace that a request belongs to, the proxy's or this server's own; empty if there is none.
func (s *Server) trace(r *http.Request) string {
	if p, ok := trace.Parse(s.parent(r)); ok {
		return hex.EncodeToString(p.Trace[:])
	}
	return trace.ID(r.Context())
}

// recorder remembers the status. Unwrap lets http.ResponseController reach the connection.
type recorder struct {
	http.ResponseWriter
	status int
}

func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	return r.ResponseWriter.Write(b)
}

// maxAddresses bounds the memory of the limits, of which there are two generations: an address that was seen in neither begins anew.
const maxAddresses = 50_000

// addressLimits has two token buckets per address.
type addressLimits struct {
	limits      Limits
	behindProxy bool
	capacity    int // of each generation of addresses
	now         func() time.Time

	mu                sync.Mutex
	current, previous map[bucketKey]*rate.Limiter
}

type bucketKey struct {
	address netip.Prefix
	signin  bool
}

func newAddressLimits(c Config) *addressLimits {
	return &addressLimits{limits: c.Limits, behindProxy: c.BehindProxy, capacity: maxAddresses, now: c.Now, current: map[bucketKey]*rate.Limiter{}}
}

// wait takes a token and returns 0, or how long until there is one.
func (a *addressLimits) wait(r *http.Request) time.Duration {
	signin := forStrangers(r.URL.Path)
	now := a.now()
	reservation := a.bucket(bucketKey{a.addressOf(r), signin}).ReserveN(now, 1)
	delay := reservation.DelayFrom(now)
	if delay > 0 {
		reservation.CancelAt(now)
	}
	return delay
}

// forStrangers tells what anybody may call: sign-up, sign-in, recovery, the new device's side of a pairing, and a computer's registration.
func forStrangers(path string) bool {
	if path == registerPath {
		return true
	}
	for _, prefix := range []string{"/v1/sign", "/v1/recovery/", "/v1/pairings/start", "/v1/pairings/poll", "/v1/pairings/reveal"} {
		if strings.HasPrefix(path, prefix) {
			return true
		}
	}
	return false
}

func (a *addressLimits) bucket(key bucketKey) *rate.Limiter {
	a.mu.Lock()
	defer a.mu.Unlock()
	bucket := a.current[key]
	if bucket == nil {
		bucket = a.previous[key]
	}
	if bucket == nil && key.signin {
		bucket = rate.NewLimiter(a.limits.SignIn, a.limits.SignInBurst)
	} else if bucket == nil {
		bucket = rate.NewLimiter(a.limits.Other, a.limits.OtherBurst)
	}
	if len(a.current) >= a.capacity {
		a.previous, a.current = a.current, map[bucketKey]*rate.Limiter{}
	}
	a.current[key] = bucket
	return bucket
}

func (a *addressLimits) addressOf(r *http.Request) netip.Prefix {
	return NetworkOf(clientAddress(r, a.behindProxy))
}

// NetworkOf is what the limits of an address hold for: of IPv6 the network, since whoever has one address has all of its /64. The zero
// Prefix is that of the zero Addr.
func NetworkOf(address netip.Addr) netip.Prefix {
	address = address.Unmap().WithZone("")
	bits := address.BitLen()
	if address.Is6() {
		bits = 64
	}
	prefix, _ := address.Prefix(bits)
	return prefix
}

// clientAddress is where a request came from, the zero Addr if a proxy does not say.
func clientAddress(r *http.Request, behindProxy bool) netip.Addr {
	from, _ := netip.ParseAddrPort(r.RemoteAddr)
	address := from.Addr()
	if behindProxy {
		// The last address is the one that the proxy saw; those before it are the client's word.
		forwarded := strings.Join(r.Header.Values("X-Forwarded-For"), ",")
		address, _ = netip.ParseAddr(strings.TrimSpace(forwarded[strings.LastIndex(forwarded, ",")+1:]))
	}
	return address.Unmap().WithZone("")
}
