package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/time/rate"

	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/cloud/api"
	"github.com/coffer-vault/coffer/cloud/mail"
	"github.com/coffer-vault/coffer/cloud/metrics"
	"github.com/coffer-vault/coffer/cloud/systemd"
	"github.com/coffer-vault/coffer/cloud/trace"
	"github.com/coffer-vault/coffer/cloud/updatehost"
)

// How long things may take to end once the server is told to stop: requests, whose connections are closed after it, and a mail on its
// way, which is sent again after the next start if it did not get there.
const (
	shutdownPatience   = 10 * time.Second
	backgroundPatience = 5 * time.Second
	// streamPatience is for event streams to say that they end. A client that does not read is not waited for.
	streamPatience = time.Second
)

// service is a server in one process, from its settings to its end.
type service struct {
	options
	log       *slog.Logger
	sockets   *sockets
	drain     *drain
	store     database // nil without a role that has one, and so are those to api
	readiness *readiness
	operator  *cloud.Operator
	cloud     *cloud.Cloud
	api       *api.Server
	mailDir   string // in development
	metrics   *metrics.Metrics
	conns     *connections
	// certificates are nil without files of them.
	certificates *certificates
	servers      []running
	ready        []string // words of the ready line
	reloads      []func() error
	closers      []func() error
}

// serve runs the server until ctx ends, then lets requests finish and closes the database.
func serve(ctx context.Context, o options, p program, log *slog.Logger) (err error) {
	collectMore()
	conns, err := openConnections(o, fileLimit(), log)
	if err != nil {
		return err
	}
	sockets, err := openSockets(p.env, log)
	if err != nil {
		return err
	}
	s := &service{options: o, log: log, sockets: sockets, drain: newDrain(), metrics: metrics.New(), conns: conns}
	defer func() { err = errors.Join(err, s.close()) }()
	if err := s.open(ctx, p.out); err != nil {
		return err
	}
	return s.run(ctx, p.out)
}

// collectMore collects at 75 % instead of Go's 100 %, where nobody has said otherwise: ten thousand streams that were all told of a change
// take a seventh less memory (docs/adr/0032).
func collectMore() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(75)
	}
}

// later closes in the opposite order.
func (s *service) later(close func() error) { s.closers = append(s.closers, close) }

func (s *service) close() (err error) {
	for i := len(s.closers) - 1; i >= 0; i-- {
		err = errors.Join(err, s.closers[i]())
	}
	return err
}

// open makes everything that can fail before the first request.
func (s *service) open(ctx context.Context, out io.Writer) error {
	listener, err := s.listen("main", s.listenOn())
	if err != nil {
		return err
	}
	var updates http.Handler
	if s.updates != "" && s.has(roleUpdates) {
		host, err := updatehost.New(s.updates)
		if err != nil {
			return err
		}
		s.later(host.Close)
		updates = host
	}
	config, challenges, err := s.secure(s.router(http.NotFoundHandler(), updates, nil).names())
	if err != nil {
		return err
	}
	if s.stores() {
		if err := s.openCloud(ctx, out, s.address(config, listener)); err != nil {
			return err
		}
	}
	if err := s.openMain(listener, config, updates, challenges); err != nil {
		return err
	}
	if s.domain == "" && updates != nil {
		if err := s.openUpdates(config, updates); err != nil {
			return err
		}
	}
	if err := s.openMetrics(); err != nil {
		return err
	}
	s.sockets.dropUnused()
	return nil
}

// address is what clients of a listener use if nothing else is said.
func (s *service) address(config *tls.Config, l net.Listener) string {
	if config != nil {
		return "https://" + l.Addr().String()
	}
	return "http://" + l.Addr().String()
}

// openCloud makes the domain over the database, and the API if this process has it.
func (s *service) openCloud(ctx context.Context, out io.Writer, address string) error {
	store, secret, closeData, err := openData(ctx, &s.options, s.log)
	if err != nil {
		return err
	}
	s.later(closeData)
	s.store, s.operator, s.readiness = store, cloud.NewOperator(store, secret), &readiness{ping: store.Ping, log: s.log}
	sender, err := s.openMail(out)
	if err != nil {
		return err
	}
	if s.domain != "" && !s.dev {
		address = "https://api." + s.domain
	}
	s.origin = cmp.Or(s.origin, address)
	// Where processes have a database together they have these too.
	relay, _ := store.(cloud.Relay)
	nonces, _ := store.(api.Nonces)
	counted, spans := s.traced(s.metrics.Store(store))
	s.cloud = cloud.New(cloud.Config{
		Store: counted, Relay: relay, Secret: secret, Origin: s.origin, Mail: s.metrics.Sender(sender), Now: time.Now, After: time.After, Random: rand.Reader, Log: s.log,
		RecoveryDelay: cloud.DefaultRecoveryDelay, Quota: s.quota << 20,
	})
	if s.has(roleAPI) {
		s.api = api.New(api.Config{
			Cloud: s.cloud, Origin: s.origin, Nonces: nonces, Limits: limits(s.dev), BehindProxy: s.behindProxy, Ready: s.check, Now: time.Now, Log: s.log,
			Observe: s.metrics.Request, Spans: spans,
		})
		s.ready = append(s.ready, "api="+s.origin)
	}
	return nil
}

// traced tells the log of spans, if the settings say so: what collects the log makes traces of them.
func (s *service) traced(store cloud.Store) (cloud.Store, trace.Hook) {
	if !s.trace {
		return store, nil
	}
	return trace.Store(store), func(span trace.Span) {
		s.log.Info("span", "trace", hex.EncodeToString(span.Trace[:]), "span", hex.EncodeToString(span.ID[:]), "parent", hex.EncodeToString(span.Parent[:]),
			"name", span.Name, "begin", span.Begin.UTC().Format(time.RFC3339Nano), "us", span.Took.Microseconds(), "failed", span.Failed)
	}
}

// check tells whether the server wants requests, and why not.
func (s *service) check(ctx context.Context) error {
	if err := s.drain.err(); err != nil || s.store == nil {
		return err
	}
	return s.readiness.check(ctx)
}

// openMail returns where mails go to: a mail server, or in development a sink that the ready line names.
func (s *service) openMail(out io.Writer) (cloud.Sender, error) {
	if s.smtp == "" {
		s.mailDir = filepath.Join(s.data, "mail")
		sink, err := mail.NewSink(s.mailDir, out)
		if err != nil {
			return nil, err
		}
		s.later(sink.Close)
		s.smtp = "smtp://" + sink.Addr() + "?starttls=never"
	}
	return mail.NewSMTP(s.smtp, s.smtpPassword, s.mailFrom)
}

func limits(dev bool) api.Limits {
	if dev {
		return api.Limits{SignIn: rate.Inf, Other: rate.Inf}
	}
	return api.DefaultLimits
}

// openMain makes the server of all names of the domain; without a domain it is the API's. In development its names below localhost
// answer too.
func (s *service) openMain(l net.Listener, config *tls.Config, updates http.Handler, challenges func(http.Handler) http.Handler) error {
	other := misdirected(healthz, s.readyz)
	var ours http.Handler
	if s.api != nil {
		ours = s.api
	}
	if ours != nil && s.domain == "" {
		other = ours
	}
	if updates != nil {
		updates = unhurried(updates)
	}
	names := s.router(ours, updates, other)
	s.add("main", l, config, names)
	if s.domain != "" {
		s.ready = append(s.ready, "listen="+l.Addr().String())
	}
	if s.listenHTTP == "" {
		return nil
	}
	plain, err := s.listen("http", s.listenHTTP)
	if err != nil {
		return err
	}
	s.add("http", plain, nil, challenges(http.HandlerFunc(names.toHTTPS)))
	s.ready = append(s.ready, "http="+plain.Addr().String())
	return nil
}

// router has the names of the domain; without one there are none but for trying them out in development.
func (o options) router(api, updates, other http.Handler) router {
	if o.domain == "" && !o.dev {
		return router{other: other}
	}
	return newRouter(o, cmp.Or(o.domain, "localhost"), api, updates, other)
}

func (s *service) readyz(w http.ResponseWriter, r *http.Request) {
	if err := s.check(r.Context()); err != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// openUpdates serves the update folder on listeners of its own: its hosts share nothing with the API but the process.
func (s *service) openUpdates(config *tls.Config, handler http.Handler) error {
	var addresses []string
	for i, address := range s.updatesListen {
		name := "updates-" + strconv.Itoa(i)
		listener, err := s.listen(name, address)
		if err != nil {
			return err
		}
		server := s.add(name, listener, config, handler)
		// Nobody has a body to send here.
		server.ReadTimeout, server.WriteTimeout = 10*time.Second, packageTime
		addresses = append(addresses, s.address(config, listener))
	}
	s.ready = append(s.ready, "updates="+strings.Join(addresses, ","))
	return nil
}

// add makes a server for a listener; run starts it. What watches the server gets to it however many connections there are.
func (s *service) add(name string, l net.Listener, config *tls.Config, handler http.Handler) *http.Server {
	server := api.NewHTTP(s.drain.handler(handler), s.log)
	if config != nil {
		server.TLSConfig = config.Clone()
	}
	silent := server.ConnState
	server.ConnState = func(c net.Conn, state http.ConnState) {
		silent(c, state)
		s.drain.follow(c, state)
		s.conns.follow(c, state)
	}
	if name != metricsName {
		l = s.conns.limit(l)
	}
	s.servers = append(s.servers, running{name, server, l})
	return server
}

// listen takes the socket of this name from the service manager, or opens it and gives the manager a copy for the next process.
func (s *service) listen(name, address string) (net.Listener, error) {
	l, err := s.sockets.listen(name, address)
	if err == nil {
		s.later(func() error { l.Close(); return nil })
	}
	return l, err
}

// run answers until ctx ends or a server fails.
func (s *service) run(ctx context.Context, out io.Writer) error {
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var background, serving sync.WaitGroup
	s.background(work, &background)
	failed := make(chan error, len(s.servers))
	for _, r := range s.servers {
		serving.Go(func() { failed <- r.serve() })
	}
	s.sayReady(out)
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	s.sockets.tell(systemd.Manager.Stopping)
	s.drain.begin()
	if err == nil {
		time.Sleep(s.announce)
	}
	err = errors.Join(err, s.end(&serving))
	stop()
	if !waitAtMost(&background, backgroundPatience) {
		s.log.Warn("stopped before a mail was sent; it will be tried again")
	}
	return err
}

// background starts what works beside requests until ctx ends.
func (s *service) background(ctx context.Context, w *sync.WaitGroup) {
	if s.cloud != nil && s.has(roleWorker) {
		w.Go(func() { s.cloud.Outbox.Run(ctx) })
		w.Go(func() { s.cloud.Janitor.Run(ctx) })
	}
	w.Go(func() { s.sockets.watch(ctx, s.alive) })
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	w.Go(func() {
		defer signal.Stop(hangup)
		for {
			select {
			case <-ctx.Done():
				return
			case <-hangup:
				s.reload()
			}
		}
	})
}

// alive returns if the process answers requests.
func (s *service) alive() {
	if request, err := http.NewRequest(http.MethodGet, "/healthz", nil); err == nil && s.api != nil {
		s.api.ServeHTTP(nowhere{http.Header{}}, request)
	}
}

// nowhere is a http.ResponseWriter of which nobody reads.
type nowhere struct{ header http.Header }

func (n nowhere) Header() http.Header       { return n.header }
func (nowhere) Write(b []byte) (int, error) { return len(b), nil }
func (nowhere) WriteHeader(int)             {}

// reload reads again what may change while the server runs. What cannot be read stays as it was.
func (s *service) reload() {
	s.sockets.tell(systemd.Manager.Reloading)
	for _, reload := range s.reloads {
		if err := reload(); err != nil {
			s.log.Error("not reloaded", "err", err)
		}
	}
	s.log.Info("reloaded")
	s.sockets.tell(systemd.Manager.Ready)
}

func (s *service) sayReady(out io.Writer) {
	if s.mailDir != "" {
		s.ready = append(s.ready, "mail="+s.mailDir) // last: a path may have spaces
	}
	fmt.Fprintln(out, strings.Join(append([]string{"ready"}, s.ready...), " "))
	s.sockets.tell(systemd.Manager.Ready)
}

// end takes no more connections and lets those that are open finish.
func (s *service) end(serving *sync.WaitGroup) error {
	for _, r := range s.servers {
		r.listener.Close()
	}
	serving.Wait() // now every connection that was taken is known
	if s.cloud != nil {
		s.cloud.Events.Shutdown()
	}
	if s.api != nil {
		s.api.WaitStreams(streamPatience)
	}
	s.drain.wait(s.lingering())
	return stopAll(s.servers, s.log)
}

// waitAtMost tells whether what is waited for has ended in time.
func waitAtMost(w *sync.WaitGroup, most time.Duration) bool {
	done := make(chan struct{})
	go func() {
		w.Wait()
		close(done)
	}()
	select {
	case <-done:
		return true
	case <-time.After(most):
		return false
	}
}
