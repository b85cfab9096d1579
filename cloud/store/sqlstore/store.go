// Package sqlstore keeps the server's data in a relational database: one SQL text for every engine, SQLite and PostgreSQL. So the text has
// $n parameters in the order of their first use, RETURNING and ON CONFLICT, and no function that one of them alone knows. What differs,
// how a database is opened and what its errors mean, is in the engines' packages (docs/adr/0027-one-sql-for-two-engines.md).
package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/coffer-vault/coffer/cloud"
)

// Hook sees every statement before it runs, and "COMMIT" before a commit; an error of its fails the statement. Tests count with it,
// and break transactions at every step.
type Hook func(statement string) error

// Failure is what an error of a driver means for the transaction that met it.
type Failure int

const (
	// Final is an error that would come again.
	Final Failure = iota
	// Duplicate is a row whose key or unique column is there already.
	Duplicate
	// Conflict says that other transactions were first; nothing of this one has happened.
	Conflict
	// Lost says that the database cannot be reached: a transaction has not happened, unless its commit was on its way.
	Lost
)

// Engine is what differs between databases.
type Engine struct {
	Write, Read *sql.DB
	Writing     *sql.TxOptions // of Update: serialisable
	Reading     *sql.TxOptions // of View: a snapshot
	Judge       func(error) Failure
	// Patience is how long a transaction is begun again after a Conflict or Lost, TryTimeout how long one run of it may take, or
	// the wait for OneWriter; 0: never, and for ever.
	Patience, TryTimeout time.Duration
	// OneWriter says that Write is one connection: who waits for it shares the next commit.
	OneWriter bool
	// Renew lets go of connections that nobody uses, after one was lost. It is needed with Patience alone.
	Renew func()
	// Scrub is Store's; nil where there is no way to.
	Scrub func(context.Context) error
	// Pipeline sends statements together in the transaction that the connection is in, and tells how many rows each of them touched, up to
	// the first that failed. nil: each is sent by itself.
	Pipeline func(context.Context, *sql.Conn, []Statement) (touched []int64, err error)
}

// Statement is one whose answer is waited for with others'.
type Statement struct {
	Query string
	Args  []any
}

// Store is a cloud.Store on an engine.
type Store struct {
	engine Engine
	hook   Hook
	groups groups
}

var _ cloud.Store = (*Store)(nil)

// New returns a store on a database whose schema is up to date. hook may be nil.
func New(e Engine, hook Hook) *Store {
	if hook == nil {
		hook = func(string) error { return nil }
	}
	return &Store{engine: e, hook: hook, groups: newGroups()}
}

// Ping tells whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	var one int
	return s.engine.Read.QueryRowContext(ctx, `SELECT 1`).Scan(&one)
}

// Update implements cloud.Store.
func (s *Store) Update(ctx context.Context, do func(cloud.Tx) error) error {
	if s.engine.OneWriter {
		return s.together(ctx, do)
	}
	return s.repeat(ctx, func() (Failure, error) { return s.run(ctx, s.engine.Write, s.engine.Writing, do) })
}

// View implements cloud.Store.
func (s *Store) View(ctx context.Context, do func(cloud.Tx) error) error {
	return s.repeat(ctx, func() (Failure, error) { return s.run(ctx, s.engine.Read, s.engine.Reading, do) })
}

// Glance implements cloud.Store.
func (s *Store) Glance(ctx context.Context, do func(cloud.Tx) error) error {
	return s.repeat(ctx, func() (Failure, error) {
		ctx, cancel := s.tryContext(ctx)
		defer cancel()
		asked := false
		t := &tx{ctx: ctx, sql: s.engine.Read, judge: s.engine.Judge, hook: func(statement string) error {
			if asked || !strings.HasPrefix(statement, "SELECT") {
				return fmt.Errorf("more than one question: %s", statement)
			}
			asked = true
			return s.hook(statement)
		}}
		err := t.decide(do)
		return t.failure(), err
	})
}

// Scrub implements cloud.Store.
func (s *Store) Scrub(ctx context.Context) error {
	if s.engine.Scrub == nil {
		return nil
	}
	ctx, cancel := s.tryContext(ctx)
	defer cancel()
	return s.engine.Scrub(ctx)
}

// repeat runs a transaction, and again for as long as another one's sake or a lost connection ended it.
func (s *Store) repeat(ctx context.Context, run func() (Failure, error)) error {
	end := time.Now().Add(s.engine.Patience)
	for try := 0; ; try++ {
		failure, err := run()
		// A duplicate is believed the second time: PostgreSQL reports one too where two transactions found a key free and both took it,
		// and the second run finds it taken before it tries.
		again := failure == Conflict || failure == Lost || failure == Duplicate && try == 0
		if !again || !time.Now().Before(end) || !pause(ctx, try) {
			return err
		}
		if failure == Lost {
			s.engine.Renew()
		}
	}
}

const (
	firstPause = time.Millisecond
	maxPause   = 100 * time.Millisecond
)

// pause waits for a random time, longer with every try, so that those who were in each other's way are not again. It tells whether
// ctx still lives.
func pause(ctx context.Context, try int) bool {
	timer := time.NewTimer(rand.N(min(firstPause<<min(try, 10), maxPause)))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// tryContext is ctx for one run of a transaction, or one wait for its turn.
func (s *Store) tryContext(ctx context.Context) (context.Context, context.CancelFunc) {
	if s.engine.TryTimeout == 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, s.engine.TryTimeout)
}

// run runs a transaction once.
func (s *Store) run(ctx context.Context, db *sql.DB, o *sql.TxOptions, do func(cloud.Tx) error) (Failure, error) {
	ctx, cancel := s.tryContext(ctx)
	defer cancel()
	conn, err := db.Conn(ctx)
	if err != nil {
		return s.engine.Judge(err), fmt.Errorf("begin: %w", err)
	}
	defer conn.Close() // it goes back to the others
	sqlTx, err := conn.BeginTx(ctx, o)
	if err != nil {
		return s.engine.Judge(err), fmt.Errorf("begin: %w", err)
	}
	// After a commit this does nothing; it is here for errors and panics alike.
	defer sqlTx.Rollback()
	t := &tx{ctx: ctx, sql: sqlTx, hook: s.hook, judge: s.engine.Judge}
	if s.engine.Pipeline != nil {
		t.pipeline = func(all []Statement) ([]int64, error) { return s.engine.Pipeline(ctx, conn, all) }
	}
	if err := t.decide(do); err != nil {
		return t.failure(), err
	}
	if err := s.hook("COMMIT"); err != nil {
		return Final, err
	}
	if err := sqlTx.Commit(); err != nil {
		failure := s.engine.Judge(err)
		if failure == Lost {
			failure = Final // it may have happened: who asked has to ask again, and gets the answer that there was
		}
		return failure, fmt.Errorf("commit: %w", err)
	}
	return Final, nil
}

// querier is a *sql.Tx, or a *sql.DB for one question.
type querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// tx implements cloud.Tx. It lives no longer than the context that it holds.
type tx struct {
	ctx    context.Context
	sql    querier
	hook   Hook
	judge  func(error) Failure
	failed error // the first error of a statement

	pipeline func([]Statement) (touched []int64, err error) // nil: a statement goes by itself
	waiting  []Statement                                    // for the next question, or the commit
}

// maxWaiting bounds what the driver puts together for one sending. The largest commit has some 2,000 statements.
const maxWaiting = 256

// decide runs a transaction up to its commit.
func (t *tx) decide(do func(cloud.Tx) error) error {
	err := do(t)
	if err == nil {
		err = t.flush()
	}
	if err == nil {
		return t.failed // whatever was decided after a statement had failed was decided about nothing
	}
	return err
}

// failure is what the first error of a statement means.
func (t *tx) failure() Failure {
	if t.failed == nil {
		return Final
	}
	return t.judge(t.failed)
}

// exec runs a statement that returns nothing.
func (t *tx) exec(query string, args ...any) error {
	_, err := t.affected(query, args...)
	return err
}

// affected runs a statement and returns how many rows it touched.
func (t *tx) affected(query string, args ...any) (int64, error) {
	if err := errors.Join(t.flush(), t.hook(query)); err != nil {
		return 0, err
	}
	result, err := t.sql.ExecContext(t.ctx, query, args...)
	if err != nil {
		return 0, t.fail(err)
	}
	return result.RowsAffected()
}

// later runs a statement that must touch a row, and of which nothing else is asked. With a pipeline it goes with others, before the next
// question or the commit, and its error is that one's: a transaction that writes six rows waits for one answer.
func (t *tx) later(query string, args ...any) error {
	if t.pipeline == nil {
		return t.change(query, args...)
	}
	if err := t.hook(query); err != nil {
		return err
	}
	t.waiting = append(t.waiting, Statement{query, args})
	if len(t.waiting) < maxWaiting {
		return nil
	}
	return t.flush()
}

// flush sends what waits; cloud.ErrNone if a statement of it touched no row.
func (t *tx) flush() error {
	if len(t.waiting) == 0 {
		return nil
	}
	all := t.waiting
	t.waiting = nil
	touched, err := t.pipeline(all)
	if err != nil {
		return t.fail(err)
	}
	if slices.Contains(touched, 0) {
		return t.fail(cloud.ErrNone)
	}
	return nil
}

// change runs a statement that must touch a row; cloud.ErrNone if it does not.
func (t *tx) change(query string, args ...any) error {
	n, err := t.affected(query, args...)
	if err == nil && n == 0 {
		return cloud.ErrNone
	}
	return err
}

// one reads the one row of a query into dest; cloud.ErrNone if there is none.
func (t *tx) one(query string, args, dest []any) error {
	if err := errors.Join(t.flush(), t.hook(query)); err != nil {
		return err
	}
	err := t.sql.QueryRowContext(t.ctx, query, args...).Scan(dest...)
	if errors.Is(err, sql.ErrNoRows) {
		return cloud.ErrNone
	}
	return t.fail(err)
}

// each calls scan for every row until it returns false or an error.
func (t *tx) each(query string, args []any, scan func(*sql.Rows) (more bool, err error)) error {
	if err := errors.Join(t.flush(), t.hook(query)); err != nil {
		return err
	}
	rows, err := t.sql.QueryContext(t.ctx, query, args...)
	if err != nil {
		return t.fail(err)
	}
	defer rows.Close()
	for rows.Next() {
		if more, err := scan(rows); err != nil || !more {
			return err
		}
	}
	return t.fail(rows.Err())
}

// fail notes an error of a statement and says what the domain has a word for.
func (t *tx) fail(err error) error {
	if err == nil {
		return nil
	}
	if t.failed == nil {
		t.failed = err
	}
	if t.judge(err) == Duplicate {
		return fmt.Errorf("%w: %w", cloud.ErrExists, err)
	}
	return err
}

// fixed scans a column into an array's slice and refuses another length: a damaged row must not pass for a shorter key.
type fixed []byte

func (f fixed) Scan(value any) error {
	b, ok := value.([]byte)
	if !ok || len(b) != len(f) {
		return fmt.Errorf("column of %d bytes is damaged", len(f))
	}
	copy(f, b)
	return nil
}
