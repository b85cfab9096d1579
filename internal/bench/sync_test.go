//go:build linux

package bench

import (
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/vault"
)

// synced is how many items the sync moves.
const synced = 10_000

const anna = "anna@example.com"

// line is a network that can be cut. While it is, the app's own sync cannot do what is to be measured.
type line struct{ cut atomic.Bool }

var errCut = errors.New("the line is cut")

func (l *line) RoundTrip(r *http.Request) (*http.Response, error) {
	if l.cut.Load() {
		return nil, errCut
	}
	return http.DefaultTransport.RoundTrip(r)
}

// never keeps the app from trying again by itself.
func never(time.Duration) <-chan time.Time { return nil }

func newPC(t testing.TB, name string) (*testpc.PC, *line) {
	t.Helper()
	l := new(line)
	pc := testpc.New(t, name, func(c *session.Config) { c.Transport, c.After = l, never })
	t.Cleanup(http.DefaultTransport.(*http.Transport).CloseIdleConnections)
	return pc, l
}

// BenchmarkSync10k moves 10,000 items between two computers over the real server, with HTTP on loopback and its database on disk.
// What the server does is in the figures too.
//
//	upload    what one import left: sealed already, sent in ten signed commits
//	first     a new computer loads, verifies and stores all of them, from the right code to the list
//	delta     a computer that knows the items loads a new version of each
//	nothing   a sync that finds nothing new
func BenchmarkSync10k(b *testing.B) {
	b.Run("upload", func(b *testing.B) {
		var w *world
		measure(b, func() { w = newWorld(b, synced); w.saveAtA(b, logins(synced)) }, func() { testpc.Sync(b, w.a) })
		reportItems(b, synced)
	})
	w := newWorld(b, synced)
	w.saveAtA(b, logins(synced))
	testpc.Sync(b, w.a)
	b.Run("first", w.firstSync)
	b.Run("delta", func(b *testing.B) {
		measure(b, func() { w.changeAll(b) }, func() { testpc.Sync(b, w.b) })
		reportItems(b, synced)
	})
	b.Run("nothing", func(b *testing.B) { measure(b, func() {}, func() { testpc.Sync(b, w.b) }) })
}

// BenchmarkFirstSync100k is Sync10k/first with ten times as many items.
func BenchmarkFirstSync100k(b *testing.B) {
	if large == nil {
		large = newWorld(shared.of(b), 100_000)
		large.saveAtA(b, logins(100_000))
		testpc.Sync(b, large.a)
	}
	large.parent = shared.of(b)
	large.firstSync(b)
}

// large takes a minute to make, so every run has the same.
var large *world

func (w *world) firstSync(b *testing.B) {
	var s *session.SignIn
	measure(b, func() { s = w.beginSignIn(b) }, func() { w.finishSignIn(b, s) })
	reportItems(b, w.items)
}

// measure runs the work with only itself on the clock.
func measure(b *testing.B, prepare, work func()) {
	cpu := 0.0
	for b.Loop() {
		b.StopTimer()
		prepare()
		before := cpuTime(b)
		b.StartTimer()
		work()
		cpu += cpuTime(b) - before
	}
	b.ReportMetric(cpu/float64(b.N), "cpu-sec/op")
}

func reportItems(b *testing.B, items int) {
	b.ReportMetric(float64(items*b.N)/b.Elapsed().Seconds(), "items/s")
}

// world is a server and one account on two computers.
type world struct {
	parent       testing.TB // has what outlives one benchmark
	items        int
	server       *testkit.Server
	a, b         *session.Unlocked
	lineA, lineB *line
	changes      int
}

func newWorld(parent testing.TB, items int) *world {
	parent.Helper()
	w := &world{parent: parent, items: items, server: testkit.Cloud(parent)}
	pc, line := newPC(parent, "PC A")
	w.lineA = line
	w.a = pc.SignUp(parent, w.server, anna)
	return w
}

// saveAtA leaves edits on the first computer that are not sent yet.
func (w *world) saveAtA(b *testing.B, items []vault.Item) {
	b.Helper()
	w.lineA.cut.Store(true)
	if _, err := w.a.Vault().Batch(b.Context(), items, nil, nil); err != nil {
		b.Fatal(err)
	}
	if err := w.a.Sync(b.Context()); err == nil { // and so has the app's own sync, which the edits woke, by now
		b.Fatal("a cut line carries something")
	}
	w.lineA.cut.Store(false)
}

func (w *world) beginSignIn(b *testing.B) *session.SignIn {
	b.Helper()
	if w.b != nil {
		w.b.Lock()
	}
	pc, line := newPC(w.parent, "PC B")
	w.lineB = line
	s, err := pc.BeginSignIn(b.Context(), w.server.URL, anna, testpc.Typed(testpc.Password), w.a.SecretKey())
	if err != nil {
		b.Fatal(err)
	}
	if err := s.Verify(b.Context(), w.server.LastCode(b, anna)); err != nil {
		b.Fatal(err)
	}
	return s
}

func (w *world) finishSignIn(b *testing.B, s *session.SignIn) {
	b.Helper()
	var err error
	if w.b, err = s.Finish(b.Context(), nil); err != nil {
		b.Fatal(err)
	}
	if err := w.b.ConfirmEnrolment(b.Context()); err != nil {
		b.Fatal(err)
	}
	if n := w.b.Vault().Counts().All; n != w.items {
		b.Fatalf("%d items", n)
	}
}

// changeAll gives every item another password at the first computer, which sends them.
func (w *world) changeAll(b *testing.B) {
	b.Helper()
	w.lineB.cut.Store(true)
	w.changes++
	var items []vault.Item
	for _, s := range w.a.Vault().Query(vault.Filter{}) {
		it := testpc.Get(b, w.a, s.ID)
		it.Set(vault.Password, testpc.Typed(fmt.Sprint("another password ", w.changes)))
		items = append(items, it)
	}
	w.saveAtA(b, items)
	testpc.Sync(b, w.a)
	w.lineB.cut.Store(false)
}
