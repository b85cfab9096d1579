package sqlstore_test

import (
	"context"
	"errors"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/cloud/store/sqlite"
	"github.com/coffer-vault/coffer/internal/teststore"
)

var (
	errRefused = errors.New("the domain refuses")
	errFull    = errors.New("the disk is full")
)

// grouped is a store whose transactions are made to wait for the first of them.
type grouped struct {
	*sqlite.Store
	t        *testing.T
	commits  atomic.Int64
	returned atomic.Int64           // transactions whose callers know what came of them
	hook     func(string) error     // nil for none
	entered  chan struct{}          // closed once the first is in its transaction
	leave    chan struct{}          // closed when it may go on
	accounts [members]cloud.Account // what each of them inserts
}

// members is how many transactions are in a group.
const members = 5

func newGrouped(t *testing.T) *grouped {
	t.Helper()
	return newGroupedIn(t, t.TempDir())
}

func newGroupedIn(t *testing.T, dir string) *grouped {
	t.Helper()
	g := &grouped{t: t, entered: make(chan struct{}), leave: make(chan struct{})}
	for i := range g.accounts {
		g.accounts[i] = teststore.Account()
	}
	s, err := sqlite.Open(t.Context(), filepath.Join(dir, "cloud.db"), func(statement string) error {
		if statement == "COMMIT" {
			g.commits.Add(1)
		}
		if g.hook != nil {
			return g.hook(statement)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	s.GroupFor(time.Hour)
	g.Store = s
	return g
}

// member is a transaction and its context.
type member struct {
	ctx context.Context
	do  func(cloud.Tx) error
}

// together runs one transaction for each account, in this order and in one group: each inserts its account, if it does nothing else.
func (g *grouped) together(others map[int]member) (results [members]error) {
	g.t.Helper()
	var running sync.WaitGroup
	for i := range members {
		m, ok := others[i]
		if !ok {
			m = member{g.t.Context(), g.insert(i)}
		}
		if i == 0 {
			m.do = g.first(m.do)
		}
		running.Go(func() {
			defer g.returned.Add(1)
			defer func() {
				if p := recover(); p != nil {
					results[i] = p.(error)
				}
			}()
			results[i] = g.Update(m.ctx, m.do)
		})
		if i == 0 {
			<-g.entered
		}
		for g.Waiting() < i {
			runtime.Gosched()
		}
	}
	close(g.leave)
	running.Wait()
	g.hook = nil // what follows only looks
	return results
}

// first is a transaction that stays until the others wait. It may run again.
func (g *grouped) first(do func(cloud.Tx) error) func(cloud.Tx) error {
	enter := sync.OnceFunc(func() { close(g.entered) })
	return func(tx cloud.Tx) error {
		enter()
		<-g.leave
		return do(tx)
	}
}

func (g *grouped) insert(i int) func(cloud.Tx) error {
	return func(tx cloud.Tx) error { return tx.InsertAccount(g.accounts[i]) }
}

func (g *grouped) has(i int) bool {
	g.t.Helper()
	err := g.View(g.t.Context(), func(tx cloud.Tx) error {
		_, err := tx.Account(g.accounts[i].ID)
		return err
	})
	if err != nil && !errors.Is(err, cloud.ErrNone) {
		g.t.Fatal(err)
	}
	return err == nil
}

// What becomes of one member of a group is its own affair: the others are kept, and of a member that failed there is nothing.
func TestGroup(t *testing.T) {
	const bad = 2
	for _, c := range []struct {
		name   string
		then   func(g *grouped, tx cloud.Tx, cancel func()) error // what the bad one does after it has inserted its account
		want   error
		shared bool // one commit for all
	}{
		{"nothing is wrong", func(*grouped, cloud.Tx, func()) error { return nil }, nil, true},
		{"refused by the domain", func(*grouped, cloud.Tx, func()) error { return errRefused }, errRefused, true},
		{"a row is there already", func(g *grouped, tx cloud.Tx, _ func()) error { return g.insert(0)(tx) }, cloud.ErrExists, true},
		{"an error is passed over", func(g *grouped, tx cloud.Tx, _ func()) error {
			if g.insert(0)(tx) == nil {
				t.Error("two accounts with one id")
			}
			return nil
		}, nil, true},
		{"panic", func(*grouped, cloud.Tx, func()) error { panic(errRefused) }, errRefused, false},
		{"who asked has gone", func(g *grouped, tx cloud.Tx, cancel func()) error {
			cancel()
			_, err := tx.Account(g.accounts[0].ID)
			return err
		}, context.Canceled, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := newGrouped(t)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			results := g.together(map[int]member{bad: {ctx, func(tx cloud.Tx) error {
				if err := g.insert(bad)(tx); err != nil {
					return err
				}
				return c.then(g, tx, cancel)
			}}})
			if n := g.commits.Load(); (n == 1) != c.shared {
				t.Errorf("%d commits", n)
			}
			for i, err := range results {
				if i != bad && (err != nil || !g.has(i)) {
					t.Errorf("member %d: %v, kept: %v", i, err, g.has(i))
				}
			}
			if c.want != nil && !errors.Is(results[bad], c.want) {
				t.Errorf("the bad one: %v, want %v", results[bad], c.want)
			}
			if g.has(bad) != (results[bad] == nil) || g.has(bad) != (c.name == "nothing is wrong") {
				t.Errorf("the bad one: %v, kept: %v", results[bad], g.has(bad))
			}
		})
	}
}

// Nobody hears of success before the commit, nor of a failure: what was refused may have been refused for what is not durable yet.
func TestGroupAnswersAfterTheCommit(t *testing.T) {
	g := newGrouped(t)
	g.hook = func(statement string) error {
		if n := g.returned.Load(); statement == "COMMIT" && n != 0 {
			t.Errorf("%d were answered before the commit", n)
		}
		return nil
	}
	results := g.together(map[int]member{3: {t.Context(), func(cloud.Tx) error { return errRefused }}})
	for i, err := range results {
		if (i == 3) != errors.Is(err, errRefused) {
			t.Errorf("member %d: %v", i, err)
		}
	}
}

// A commit that fails is nobody's success.
func TestGroupWhoseCommitFails(t *testing.T) {
	g := newGrouped(t)
	g.hook = func(statement string) error {
		if statement == "COMMIT" {
			return errFull
		}
		return nil
	}
	for i, err := range g.together(nil) {
		if !errors.Is(err, errFull) || g.has(i) {
			t.Errorf("member %d: %v, kept: %v", i, err, g.has(i))
		}
	}
	if err := g.Update(t.Context(), g.insert(0)); err != nil || !g.has(0) {
		t.Errorf("after it: %v", err)
	}
}

// Statements of a group that fail as a full disk lets them, each of them once: nobody but the member whose statement it was is told so,
// and all that were told of success are kept.
func TestGroupAtEveryStatement(t *testing.T) {
	for at := int64(1); ; at++ {
		g := newGrouped(t)
		var statements atomic.Int64
		g.hook = func(statement string) error {
			if statement != "COMMIT" && statements.Add(1) == at {
				return errFull
			}
			return nil
		}
		failed := 0
		for i, err := range g.together(nil) {
			if err != nil {
				failed++
			}
			if g.has(i) != (err == nil) {
				t.Errorf("statement %d, member %d: %v, kept: %v", at, i, err, g.has(i))
			}
		}
		if over := statements.Load() < at; over {
			if failed != 0 || at < members {
				t.Errorf("%d failed, %d statements", failed, at)
			}
			return
		} else if failed != 1 {
			t.Errorf("statement %d: %d members failed", at, failed)
		}
	}
}

// Who goes while he waits for his turn leaves nobody waiting for a commit.
func TestGroupThatIsLeft(t *testing.T) {
	g := newGrouped(t)
	ctx, cancel := context.WithCancel(t.Context())
	first := make(chan error)
	go func() { first <- g.Update(t.Context(), g.first(g.insert(0))) }()
	<-g.entered
	gone := make(chan error)
	go func() { gone <- g.Update(ctx, g.insert(1)) }()
	for g.Waiting() < 1 {
		runtime.Gosched()
	}
	cancel()
	if err := <-gone; !errors.Is(err, context.Canceled) {
		t.Errorf("who has gone: %v", err)
	}
	close(g.leave)
	if err := <-first; err != nil || !g.has(0) || g.has(1) {
		t.Errorf("who stayed: %v, kept: %v, %v", err, g.has(0), g.has(1))
	}
}
