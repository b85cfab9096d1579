package api

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/crypto/id"
)

// users is how many requests of an account are under way or wait.
func (g *gate) users(account id.ID) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	if l := g.lines[account]; l != nil {
		return l.users
	}
	return 0
}

func mustEnter(t *testing.T, g *gate, account id.ID, weight int64) (leave func()) {
	t.Helper()
	leave, err := g.enter(t.Context(), account, weight)
	if err != nil {
		t.Fatal(err)
	}
	return leave
}

func TestGateHoldsNoMoreThanItMay(t *testing.T) {
	g, account := newGate(), id.New()
	g.patience = time.Hour
	first, second := mustEnter(t, g, account, accountWeight/2), mustEnter(t, g, account, accountWeight/2)
	entered := make(chan func(), 1)
	go func() {
		leave, err := g.enter(t.Context(), account, accountWeight)
		if err != nil {
			t.Error(err)
		}
		entered <- leave
	}()
	for g.users(account) < 3 && len(entered) == 0 {
		runtime.Gosched()
	}
	mustEnter(t, g, id.New(), accountWeight)()
	mustEnter(t, g, account, smallBody)()
	first()
	if len(entered) > 0 {
		t.Fatal("more is under way than may be")
	}
	second()
	third := <-entered
	if g.users(account) != 1 {
		t.Errorf("%d are in the line", g.users(account))
	}
	third()
	// More than all there is room for counts as all of it.
	mustEnter(t, g, account, 9*accountWeight)()
	if len(g.lines) != 0 {
		t.Errorf("%d lines are remembered", len(g.lines))
	}
}

func TestGateLosesPatience(t *testing.T) {
	g, account := newGate(), id.New()
	leave := mustEnter(t, g, account, accountWeight)
	g.patience = time.Millisecond
	var slow *cloud.SlowDown
	if _, err := g.enter(t.Context(), account, accountWeight); !errors.As(err, &slow) {
		t.Errorf("nobody left: %v", err)
	}
	g.patience = time.Hour
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := g.enter(ended, account, accountWeight); !errors.As(err, &slow) {
		t.Errorf("the client went away: %v", err)
	}
	leave()
	mustEnter(t, g, account, accountWeight)()
	if len(g.lines) != 0 {
		t.Errorf("%d lines are remembered", len(g.lines))
	}
}

// A line is no place to wait in for as many as like.
func TestGateKeepsItsLineShort(t *testing.T) {
	g, account := newGate(), id.New()
	for range accountLine {
		defer mustEnter(t, g, account, smallBody+1)()
	}
	var slow *cloud.SlowDown
	if _, err := g.enter(t.Context(), account, smallBody+1); !errors.As(err, &slow) {
		t.Errorf("one more: %v", err)
	}
	mustEnter(t, g, account, smallBody)()
}
