package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/coffer-vault/coffer/cloud"
)

// Bounds of a group: whoever is in it waits for all that come after.
const (
	maxGroup  = 64
	groupTime = 10 * time.Millisecond
)

// groups lets transactions that wait for the one writer share its wait for the disk: they run one after the other in one transaction of
// the database, each in a savepoint, on the goroutine of its caller. Nobody learns what came of his, not even that it failed, before all
// is durable: he may have seen what those before him wrote.
type groups struct {
	turn    chan struct{} // of one entry: who has put it there writes
	waiting atomic.Int32  // for the turn; each of them takes it, and so ends the group if nobody comes after him
	open    *group        // of who has the turn
	time    time.Duration // groupTime
}

func newGroups() groups { return groups{turn: make(chan struct{}, 1), time: groupTime} }

type group struct {
	sql   *sql.Tx
	size  int // members that the transaction has something of
	begun time.Time
	done  chan struct{} // closed once err is decided
	err   error
}

// errApart says that a group was rolled back because of a member of it: each of the others begins again, alone.
var errApart = errors.New("group fell apart")

// together is Update in a group.
func (s *Store) together(ctx context.Context, do func(cloud.Tx) error) error {
	if err := s.takeTurn(ctx); err != nil {
		return err
	}
	g, err := s.runMember(ctx, do)
	if g == nil {
		return err
	}
	<-g.done
	switch {
	case errors.Is(g.err, errApart):
		_, err := s.run(ctx, s.engine.Write, s.engine.Writing, do)
		return err
	case g.err != nil:
		return g.err
	}
	return err
}

// takeTurn waits for the turn, for TryTimeout at most: on a disk that stands still it does not come.
func (s *Store) takeTurn(ctx context.Context) error {
	ctx, cancel := s.tryContext(ctx)
	defer cancel()
	s.groups.waiting.Add(1)
	select {
	case s.groups.turn <- struct{}{}:
		s.groups.waiting.Add(-1)
		return nil
	case <-ctx.Done():
		go func() { // somebody may have left the group to us
			s.groups.turn <- struct{}{}
			s.groups.waiting.Add(-1)
			s.endTurn()
		}()
		return fmt.Errorf("begin: %w", ctx.Err())
	}
}

// runMember runs a transaction in the open group, or in a new one, and ends the turn. It returns the group to wait for; none if the
// transaction was undone with the whole group, for an error or a panic.
func (s *Store) runMember(ctx context.Context, do func(cloud.Tx) error) (g *group, err error) {
	defer s.endTurn()
	if s.groups.open == nil {
		// One member's context must not end what the others wrote.
		begun, err := s.engine.Write.BeginTx(context.WithoutCancel(ctx), s.engine.Writing)
		if err != nil {
			return nil, fmt.Errorf("begin: %w", err)
		}
		s.groups.open = &group{sql: begun, begun: time.Now(), done: make(chan struct{})}
	}
	g = s.groups.open
	whole := false
	defer func() {
		if !whole {
			s.groups.open = nil
			g.sql.Rollback()
			g.end(errApart)
			g = nil
		}
	}()
	t := &tx{ctx: ctx, sql: g.sql, hook: s.hook, judge: s.engine.Judge}
	whole, err = g.run(t, do)
	return g, err
}

// run runs a member. whole tells whether the transaction of the others is as it was, and can go on.
func (g *group) run(t *tx, do func(cloud.Tx) error) (whole bool, err error) {
	if g.size == 0 { // if it fails nobody else loses anything
		err := t.decide(do)
		g.size++
		return err == nil, err
	}
	group := &tx{ctx: context.WithoutCancel(t.ctx), sql: t.sql, hook: t.hook, judge: t.judge}
	if err := group.exec(`SAVEPOINT member`); err != nil {
		return false, err
	}
	err = t.decide(do)
	if t.failed != nil && t.failure() != Duplicate {
		return false, err // a full disk or an interruption ends a transaction, not a savepoint
	}
	if err != nil {
		if err := group.exec(`ROLLBACK TO member`); err != nil {
			return false, err
		}
	}
	if err := group.exec(`RELEASE member`); err != nil {
		return false, err
	}
	g.size++
	return true, err
}

// endTurn commits the group unless somebody waits who will, and lets the next one write.
func (s *Store) endTurn() {
	g := s.groups.open
	if g != nil && (s.groups.waiting.Load() == 0 || g.size >= maxGroup || time.Since(g.begun) > s.groups.time) {
		s.groups.open = nil
		g.end(s.commit(g.sql))
	}
	<-s.groups.turn
}

func (g *group) end(err error) {
	g.err = err
	close(g.done)
}

func (s *Store) commit(t *sql.Tx) error {
	defer t.Rollback() // after a commit this does nothing
	if err := s.hook("COMMIT"); err != nil {
		return err
	}
	if err := t.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}
