// Package testkit gives tests the real parts: the server in process, on loopback, with its database and its mail. Programs must not
// import it.
package testkit

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/cloud/api"
	"github.com/coffer-vault/coffer/cloud/mail"
	"github.com/coffer-vault/coffer/cloud/store/sqlite"
	"github.com/coffer-vault/coffer/cloud/store/sqlstore"
	"github.com/coffer-vault/coffer/crypto/kdf"
)

// deadline is how long a test waits for what has to come. It is never reached by a test that passes.
const deadline = 3 * time.Minute

// LowerKDFCost makes every key derivation of the test binary cheap. Call it from TestMain or the first line of a test.
func LowerKDFCost() { kdf.LowerCostForTests() }

// Data makes the database of a new server whose folder is dir: where it is, and what opens it at every start. It is SQLite in the folder,
// but for a TestMain that puts another in its place (docs/adr/0027).
var Data = func(_ testing.TB, dir string) (where string, open func(context.Context, sqlstore.Hook) (Store, error)) {
	where = filepath.Join(dir, "cloud.db")
	return where, func(ctx context.Context, hook sqlstore.Hook) (Store, error) { return sqlite.Open(ctx, where, hook) }
}

// Server is a running cloud: real HTTP, a real database (Data), real SMTP into a Sink.
type Server struct {
	URL    string // http://127.0.0.1:port, kept across Restart; CloudWith may name another one that clients find
	Origin string // the same; what clients sign for
	Addr   string // host and port that it listens on, kept across Restart
	Clock  Clock
	Cloud  *cloud.Cloud
	// Operator is who runs the server.
	Operator *cloud.Operator

	// These count from the next Restart on.
	Hook     sqlstore.Hook // sees every SQL statement; may be nil
	Limits   api.Limits    // none at first
	HoldMail bool          // mails stay in the outbox
	Log      *slog.Logger  // discards at first
	// After is what a held poll waits for: time.After at first.
	After func(time.Duration) <-chan time.Time
	// RecoveryDelay is 24 h at first, as in life. Clock.Advance passes it too.
	RecoveryDelay time.Duration
	Quota         int64 // bytes of an account; cloud.DefaultQuota at first
	// Open opens the database: Data's at first.
	Open func(context.Context, sqlstore.Hook) (Store, error)

	t        testing.TB
	dir      string
	database string
	sink     *mail.Sink
	stop     func()

	mu    sync.Mutex
	codes map[string]int // number of the last mail that LastCode returned, by address
}

// Store is a cloud.Store as a server uses it.
type Store interface {
	cloud.Store
	Ping(context.Context) error
	Close() error
}

// Clock is the server's clock: the real one, moved.
type Clock struct {
	Real   func() time.Time // time.Now at first; not changed once the server runs
	offset atomic.Int64
}

// Now is the server's time.
func (c *Clock) Now() time.Time { return c.Real().Add(time.Duration(c.offset.Load())) }

// Advance moves the server's clock; back, if d is negative.
func (c *Clock) Advance(d time.Duration) { c.offset.Add(int64(d)) }

// Cloud starts a server that is stopped when the test ends.
func Cloud(t testing.TB) *Server {
	t.Helper()
	return CloudWith(t, func(*Server) {})
}

// CloudWith is Cloud with what configure changes before the server starts.
func CloudWith(t testing.TB, configure func(*Server)) *Server {
	t.Helper()
	sink, err := mail.NewSink("", nil)
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{
		t: t, dir: t.TempDir(), sink: sink, codes: map[string]int{}, Limits: api.Limits{SignIn: rate.Inf, Other: rate.Inf}, Log: slog.New(slog.DiscardHandler),
		RecoveryDelay: cloud.DefaultRecoveryDelay, After: time.After, Addr: "127.0.0.1:0",
	}
	s.database, s.Open = Data(t, s.dir)
	s.Clock.Real = time.Now
	configure(s)
	s.start()
	t.Cleanup(func() {
		s.Stop()
		sink.Close()
	})
	return s
}

// Database is the path of the server's SQLite file, or where else Data put it.
func (s *Server) Database() string { return s.database }

func (s *Server) start() {
	s.t.Helper()
	store, err := s.Open(context.Background(), s.Hook)
	if err != nil {
		s.t.Fatal(err)
	}
	secret, err := cloud.OpenSecret(filepath.Join(s.dir, "server.secret"), true)
	if err != nil {
		s.t.Fatal(err)
	}
	sender, err := mail.NewSMTP("smtp://"+s.sink.Addr()+"?starttls=never", "", "coffer@localhost")
	if err != nil {
		s.t.Fatal(err)
	}
	listener, err := net.Listen("tcp", s.Addr)
	if err != nil {
		s.t.Fatal(err)
	}
	s.Addr = listener.Addr().String()
	if s.URL == "" {
		s.URL = "http://" + s.Addr
	}
	s.Origin = s.URL
	// As the program does: a database that several processes may have brings these.
	relay, _ := store.(cloud.Relay)
	nonces, _ := store.(api.Nonces)
	s.Cloud = cloud.New(cloud.Config{
		Store: store, Relay: relay, Secret: secret, Origin: s.Origin, Mail: sender, Now: s.Clock.Now, After: s.After, Random: rand.Reader, Log: s.Log,
		RecoveryDelay: s.RecoveryDelay, Quota: s.Quota,
	})
	s.Operator = cloud.NewOperator(store, secret)
	handler := api.New(api.Config{Cloud: s.Cloud, Origin: s.Origin, Nonces: nonces, Limits: s.Limits, Ready: store.Ping, Now: s.Clock.Now, Log: s.Log})
	s.stop = s.serve(handler.HTTP(), listener, store)
}

// serve runs the server and returns what stops it, once.
func (s *Server) serve(server *http.Server, listener net.Listener, store Store) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	if !s.HoldMail {
		running.Go(func() { s.Cloud.Outbox.Run(ctx) })
	}
	running.Go(func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			s.t.Error(err)
		}
	})
	events := s.Cloud.Events
	return sync.OnceFunc(func() {
		events.Shutdown()
		if err := server.Shutdown(ctx); err != nil {
			s.t.Error(err)
		}
		cancel()
		running.Wait()
		// A client that has not seen yet that its connection is gone would send the next server's first request there.
		http.DefaultClient.CloseIdleConnections()
		if err := store.Close(); err != nil {
			s.t.Error(err)
		}
	})
}

// Stop ends the server: connections are refused from here on.
func (s *Server) Stop() { s.stop() }

// Restart starts the server again on the same port, with the data that it had.
func (s *Server) Restart() {
	s.t.Helper()
	s.Stop()
	s.start()
}

// LoseMailServer ends the mail server: connections to it are refused from here on, until what is returned brings it back.
func (s *Server) LoseMailServer(t testing.TB) (back func()) {
	t.Helper()
	if err := s.sink.Close(); err != nil {
		t.Fatal(err)
	}
	return func() {
		t.Helper()
		if err := s.sink.Reopen(); err != nil {
			t.Fatal(err)
		}
	}
}

// Mails returns all mails that were sent, in order.
func (s *Server) Mails() []mail.Received { return s.sink.Mails() }

// WaitMail waits for a mail to the address that matches.
func (s *Server) WaitMail(t testing.TB, email string, match func(mail.Received) bool) mail.Received {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	m, err := s.sink.Wait(ctx, func(m mail.Received) bool { return m.To == email && match(m) })
	if err != nil {
		t.Fatalf("mail: %v", err)
	}
	return m
}

// WaitMailState waits until the server has noted the state of the newest mail to an address: a mail is in the mailbox a moment before.
func (s *Server) WaitMailState(t testing.TB, email string, want cloud.DeliveryState) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	for {
		mails, err := s.Operator.MailsTo(ctx, email)
		if err != nil {
			t.Fatalf("the newest mail to %s is never %s: %v", email, want, err)
		}
		if len(mails) > 0 && mails[0].State == want {
			return
		}
		runtime.Gosched()
	}
}

// Bounce gives the newest mail to an address back, as a mail server would that cannot deliver it.
func (s *Server) Bounce(t testing.TB, email string) {
	t.Helper()
	var newest mail.Received
	for _, m := range s.Mails() {
		if m.To == email {
			newest = m
		}
	}
	bounce, err := mail.ParseBounce(strings.NewReader(string(mail.NewBounce(newest, "550 5.1.1 no such user"))))
	if err == nil {
		err = s.Operator.Bounced(t.Context(), bounce)
	}
	if err != nil {
		t.Fatal(err)
	}
}

var codePattern = regexp.MustCompile(`\b[0-9A-Z]{4}-[0-9A-Z]{4}\b`)

// LastCode waits for a mail with a code to the address and returns the code. Every call waits for a mail newer than that of the
// call before.
func (s *Server) LastCode(t testing.TB, email string) string {
	t.Helper()
	s.mu.Lock()
	last := s.codes[email]
	s.mu.Unlock()
	m := s.WaitMail(t, email, func(m mail.Received) bool { return m.Number > last && codePattern.MatchString(m.Text) })
	s.mu.Lock()
	defer s.mu.Unlock()
	s.codes[email] = m.Number
	return codePattern.FindString(m.Text)
}
