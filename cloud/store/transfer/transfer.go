// Package transfer copies a server's SQLite database into an empty PostgreSQL database, and compares every row of the two.
//
// It knows no table: what there is it reads from the source's schema, so that a table that is added to the schema is copied too. All
// happens in one transaction of the target: whatever ends it, a kill or a row that differs, leaves the target as empty as it was.
package transfer

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// ErrNotEmpty says that the target has rows already.
var ErrNotEmpty = errors.New("the target is not empty")

// ErrDiffers says that a row of the target is not what was read from the source.
var ErrDiffers = errors.New("source and target differ")

// Table is what was copied of one table.
type Table struct {
	Name string
	Rows int64
	Hash [sha256.Size]byte // over all rows, in the order of the primary key
}

// table is a table of the schema.
type table struct {
	name         string
	columns, key []string
	refers       []string // to tables that have to be there first
}

// Copy copies every table and compares it. Both databases have the same schema; to is a connection string. tell is told of every table when it is compared.
// Errors: ErrNotEmpty, ErrDiffers.
func Copy(ctx context.Context, from *sql.DB, to string, tell func(Table)) (err error) {
	conn, err := pgx.Connect(ctx, to)
	if err != nil {
		return fmt.Errorf("open target: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	source, err := from.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return fmt.Errorf("read source: %w", err)
	}
	defer source.Rollback()
	tables, err := schema(ctx, source)
	if err != nil {
		return fmt.Errorf("read source's schema: %w", err)
	}
	target, err := conn.Begin(ctx)
	if err != nil {
		return fmt.Errorf("open target: %w", err)
	}
	defer target.Rollback(context.WithoutCancel(ctx))
	if err := refuseRows(ctx, target, tables); err != nil {
		return err
	}
	for _, t := range tables {
		if err := t.copy(ctx, source, target); err != nil {
			return fmt.Errorf("copy %s: %w", t.name, err)
		}
	}
	for _, t := range tables {
		done, err := t.compare(ctx, source, target)
		if err != nil {
			return fmt.Errorf("compare %s: %w", t.name, err)
		}
		tell(done)
	}
	if err := target.Commit(ctx); err != nil {
		return fmt.Errorf("commit target: %w", err)
	}
	return nil
}

func refuseRows(ctx context.Context, target pgx.Tx, tables []table) error {
	for _, t := range tables {
		// Nobody else writes until this is done.
		if _, err := target.Exec(ctx, "LOCK TABLE "+quote(t.name)+" IN EXCLUSIVE MODE"); err != nil {
			return fmt.Errorf("lock %s: %w", t.name, err)
		}
		var has bool
		if err := target.QueryRow(ctx, "SELECT EXISTS (SELECT FROM "+quote(t.name)+")").Scan(&has); err != nil {
			return fmt.Errorf("look into %s: %w", t.name, err)
		}
		if has {
			return fmt.Errorf("%w: %s has rows", ErrNotEmpty, t.name)
		}
	}
	return nil
}

// quote makes names of tables and columns SQL, the same in both.
func quote(names ...string) string {
	var quoted []string
	for _, name := range names {
		quoted = append(quoted, pgx.Identifier{name}.Sanitize())
	}
	return strings.Join(quoted, ", ")
}

// schema returns the source's tables, each after those that it refers to.
func schema(ctx context.Context, source *sql.Tx) ([]table, error) {
	names, err := column(ctx, source, `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'
		AND name <> 'goose_db_version' ORDER BY name`)
	if err != nil {
		return nil, err
	}
	var all []table
	for _, name := range names {
		t := table{name: name}
		var errs [3]error
		t.columns, errs[0] = column(ctx, source, `SELECT name FROM pragma_table_info($1) ORDER BY cid`, name)
		t.key, errs[1] = column(ctx, source, `SELECT name FROM pragma_table_info($1) WHERE pk > 0 ORDER BY pk`, name)
		t.refers, errs[2] = column(ctx, source, `SELECT DISTINCT "table" FROM pragma_foreign_key_list($1)`, name)
		if err := errors.Join(errs[:]...); err != nil {
			return nil, err
		}
		if len(t.key) == 0 {
			return nil, fmt.Errorf("%s has no primary key", name)
		}
		all = append(all, t)
	}
	return inOrder(all)
}

func column(ctx context.Context, source *sql.Tx, query string, args ...any) (values []string, err error) {
	rows, err := source.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var value string
		if err := rows.Scan(&value); err != nil {
			return nil, err
		}
		values = append(values, value)
	}
	return values, rows.Err()
}

// inOrder puts every table after those that it refers to.
func inOrder(all []table) (ordered []table, err error) {
	done := map[string]bool{}
	for len(ordered) < len(all) {
		before := len(ordered)
		for _, t := range all {
			if !done[t.name] && t.ready(done) {
				ordered, done[t.name] = append(ordered, t), true
			}
		}
		if len(ordered) == before {
			return nil, errors.New("tables refer to each other in a circle")
		}
	}
	return ordered, nil
}

func (t table) ready(done map[string]bool) bool {
	for _, other := range t.refers {
		if !done[other] && other != t.name {
			return false
		}
	}
	return true
}

// rows reads the whole table in the order of its primary key.
func (t table) rows(ctx context.Context, source *sql.Tx) (*sql.Rows, error) {
	return source.QueryContext(ctx, t.selectAll())
}

func (t table) selectAll() string {
	return "SELECT " + quote(t.columns...) + " FROM " + quote(t.name) + " ORDER BY " + quote(t.key...)
}

// next reads the next row; nil after the last.
func (t table) next(rows *sql.Rows) ([]any, error) {
	if !rows.Next() {
		return nil, rows.Err()
	}
	values, into := make([]any, len(t.columns)), make([]any, len(t.columns))
	for i := range values {
		into[i] = &values[i]
	}
	return values, rows.Scan(into...)
}

func (t table) copy(ctx context.Context, source *sql.Tx, target pgx.Tx) error {
	rows, err := t.rows(ctx, source)
	if err != nil {
		return err
	}
	defer rows.Close()
	_, err = target.CopyFrom(ctx, pgx.Identifier{t.name}, t.columns, pgx.CopyFromFunc(func() ([]any, error) { return t.next(rows) }))
	return err
}

// compare reads both tables side by side.
func (t table) compare(ctx context.Context, source *sql.Tx, target pgx.Tx) (Table, error) {
	out := Table{Name: t.name}
	ours, err := t.rows(ctx, source)
	if err != nil {
		return out, err
	}
	defer ours.Close()
	theirs, err := target.Query(ctx, t.selectAll())
	if err != nil {
		return out, err
	}
	defer theirs.Close()
	hash := sha256.New()
	for {
		want, err := t.next(ours)
		if err != nil {
			return out, err
		}
		var got []any
		if theirs.Next() {
			got, err = theirs.Values()
		} else {
			err = theirs.Err()
		}
		if err != nil {
			return out, err
		}
		row, err := same(want, got)
		if err != nil {
			return out, fmt.Errorf("row %d: %w", out.Rows+1, err)
		}
		if row == nil {
			hash.Sum(out.Hash[:0])
			return out, nil
		}
		hash.Write(row)
		out.Rows++
	}
}

// same returns the bytes of a row that both have; nil after the last.
func same(want, got []any) ([]byte, error) {
	if want == nil && got == nil {
		return nil, nil
	}
	if len(want) != len(got) {
		return nil, fmt.Errorf("%w: one has more rows", ErrDiffers)
	}
	ours, err := encode(want)
	if err != nil {
		return nil, err
	}
	theirs, err := encode(got)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(ours, theirs) {
		return nil, ErrDiffers
	}
	return ours, nil
}

// encode makes a row bytes that no other row has: for each value its type, its length and itself.
func encode(values []any) (row []byte, err error) {
	for _, v := range values {
		switch v := v.(type) {
		case nil:
			row = append(row, 'n')
		case int64:
			row = binary.BigEndian.AppendUint64(append(row, 'i'), uint64(v))
		case string:
			row = append(binary.BigEndian.AppendUint64(append(row, 't'), uint64(len(v))), v...)
		case []byte:
			row = append(binary.BigEndian.AppendUint64(append(row, 'b'), uint64(len(v))), v...)
		default:
			return nil, fmt.Errorf("a value of type %T", v)
		}
	}
	return row, nil
}
