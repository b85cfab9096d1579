// Package api speaks HTTP for the server: the operations of docs/protocol.md §8 as typed handlers, one file per area.
//
// Everything that guards them is in three places: outer.go (every request: limits, log, panics), auth.go (the signature of every
// request after sign-in) and errors.go (the one table from decisions to answers). Handlers translate and decide nothing.
package api

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/cloud/trace"
	"github.com/coffer-vault/coffer/sync/wire"
)

// Config is what a Server is built from.
type Config struct {
	Cloud       *cloud.Cloud
	Origin      string // what clients sign their requests for
	Limits      Limits
	Nonces      Nonces                      // needed where several processes have one database
	BehindProxy bool                        // the client's address is the last of X-Forwarded-For
	Ready       func(context.Context) error // whether the database answers
	Now         func() time.Time
	Log         *slog.Logger
	// Observe is told of every request that ended: the route's template (empty if an address asked too often, "/" if there is none), and
	// nothing of who asked. Counters hang here; nil tells nobody.
	Observe func(route string, status int, took time.Duration)
	Spans   trace.Hook // nil: nothing is traced
}

// Server is the http.Handler of the API.
type Server struct {
	cloud   *cloud.Cloud
	origin  string
	now     func() time.Time
	log     *slog.Logger
	started atomic.Int64 // Unix ms
	observe func(route string, status int, took time.Duration)
	spans   trace.Hook
	nonces  *nonceCache
	// sharedNonces is nil where this process is the only one.
	sharedNonces Nonces

	gate    *gate
	huma    huma.API
	handler http.Handler

	behindProxy bool
	feeds       sync.WaitGroup // event streams that are open
}

// New returns the API as a handler: /v1/…, /openapi.json, /healthz and /readyz.
func New(c Config) *Server {
	mux := http.NewServeMux()
	config := huma.DefaultConfig("Coffer", apiVersion)
	// No pages with scripts of others, and answers that are the wire types and nothing more.
	config.DocsPath, config.SchemasPath, config.CreateHooks = "", "", nil
	config.RejectUnknownQueryParameters = true
	config.Formats = formats()
	s := &Server{
		cloud: c.Cloud, origin: c.Origin, now: c.Now, log: c.Log, nonces: newNonceCache(maxNonces, maxAccountNonces), gate: newGate(),
		sharedNonces: c.Nonces, behindProxy: c.BehindProxy, observe: c.Observe, spans: c.Spans,
		huma: humago.New(mux, config),
	}
	s.started.Store(s.now().UnixMilli())
	s.huma.UseMiddleware(s.authenticate)
	s.signup()
	s.signin()
	s.sessions()
	s.account()
	s.changes()
	s.pairings()
	s.recoveries()
	s.vaults()
	s.attachments()
	s.events()
	s.computers()
	s.describe()
	mux.HandleFunc(healthRoute, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("GET /readyz", ready(c.Ready))
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { writeError(w, cloud.ErrNotFound) })
	s.handler = s.outer(newAddressLimits(c), mux)
	return s
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// HTTP returns a server for the API.
func (s *Server) HTTP() *http.Server { return NewHTTP(s, s.log) }

// NewHTTP returns a server for a handler that has the API in it, or stands beside it. The read deadline is for bodies that no handler
// reads: net/http waits for their end before it sends an answer. takeBody lifts it. The write deadline is for answers; an event stream
// sets its own.
func NewHTTP(handler http.Handler, log *slog.Logger) *http.Server {
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: readTimeout, WriteTimeout: 2 * time.Minute, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: 16 << 10,
		ErrorLog:       slog.NewLogLogger(log.Handler(), slog.LevelDebug), // its lines name the peers' addresses
	}
	// HTTP/1.1 alone: an event stream takes its connection from net/http, which HTTP/2 does not give. A device has one connection more,
	// and 10,000 that listen cost a third.
	server.Protocols = new(http.Protocols)
	server.Protocols.SetHTTP1(true)
	silent := &silentConns{conns: map[net.Conn]bool{}}
	server.ConnState = silent.follow
	server.RegisterOnShutdown(silent.close)
	return server
}

// silentConns are connections on which nothing was asked yet. Clients open some in advance, and net/http waits five seconds for each
// when it shuts down; whoever has not asked can ask the next server.
type silentConns struct {
	mu    sync.Mutex
	conns map[net.Conn]bool
}

func (s *silentConns) follow(c net.Conn, state http.ConnState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if state == http.StateNew {
		s.conns[c] = true
	} else {
		delete(s.conns, c)
	}
}

func (s *silentConns) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		c.Close()
	}
}

func ready(check func(context.Context) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := check(r.Context()); err != nil {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}
}

const healthRoute = "GET /healthz"

const (
	smallBody   = 64 << 10 // requests without sealed keys or objects
	keysBody    = 256 << 10
	changeBody  = 1 << 20     // a wrap for every device
	readTimeout = time.Minute // of one request's body
)

// apiVersion is that of the protocol, and not of the program.
const apiVersion = "1"

// operation is what differs between the routes.
type operation struct {
	id, method, path string
	auth             policy
	maxBody          int64
	answer           int64 // what it may weigh, where that is much (gate.go)
	// unvalidated bodies are only decoded (names.go): huma would check megabytes of base64 with a regular expression, and decoding checks
	// them too.
	unvalidated bool
}

// body and answer are the shapes that huma wants: JSON bodies without headers.
type (
	body[T any]   struct{ Body T }
	answer[T any] struct{ Body T }
	none          struct{}
)

// route registers a handler that is given the authenticated caller. Its errors are those of package cloud.
func route[I, O any](s *Server, op operation, handle func(context.Context, cloud.Caller, *I) (*O, error)) {
	if op.maxBody == 0 {
		op.maxBody = smallBody
	}
	huma.Register(s.huma, huma.Operation{
		OperationID: op.id, Method: op.method, Path: op.path, MaxBodyBytes: op.maxBody,
		// The body is read by authenticate, under its own deadline.
		BodyReadTimeout: -1, SkipValidateBody: op.unvalidated,
		Metadata: map[string]any{policyKey: op.auth, answerKey: op.answer},
	}, func(ctx context.Context, in *I) (*O, error) {
		out, err := handle(ctx, callerOf(ctx), in)
		if err != nil {
			return nil, s.toAnswer(ctx, op.id, err)
		}
		return out, nil
	})
}

// toAnswer hides what is not a decision behind 500 and logs it.
func (s *Server) toAnswer(ctx context.Context, operation string, err error) error {
	a := answerFor(err)
	if a.status >= http.StatusInternalServerError && ctx.Err() == nil {
		s.log.Error("request failed", "op", operation, "request", requestID(ctx), "err", err)
	}
	return a
}

func session(t cloud.Tokens) wire.Session {
	return wire.Session{AccessToken: t.Access, AccessExpires: t.AccessExpires, RefreshToken: t.Refresh}
}
