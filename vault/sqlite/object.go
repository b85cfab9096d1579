package sqlite

import (
	"bytes"
	"database/sql"
	"fmt"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/vault"
)

const objectColumns = `object_id,
	base_revision, base_state, base_hash, base_envelope,
	pending_revision, pending_state, pending_hash, pending_envelope,
	ancestor_revision, ancestor_state, ancestor_hash, ancestor_envelope`

// version scans the four columns of a version, which are all NULL where there is none.
type version struct {
	revision, state sql.NullInt64
	hash            []byte
	envelope        []byte
}

func (v *version) columns() []any { return []any{&v.revision, &v.state, &v.hash, &v.envelope} }

// get returns nil for no version.
func (v *version) get() (*vault.Version, error) {
	if !v.revision.Valid {
		return nil, nil
	}
	var hash blob32
	if err := hash.Scan(v.hash); err != nil {
		return nil, err
	}
	return &vault.Version{
		Revision: uint64(v.revision.Int64), State: vault.State(v.state.Int64), Hash: hash, Envelope: v.envelope,
	}, nil
}

// values is the inverse of columns.
func values(v *vault.Version) []any {
	if v == nil {
		return []any{nil, nil, nil, nil}
	}
	return []any{int64(v.Revision), int64(v.State), v.Hash[:], v.Envelope}
}

type scanner interface{ Scan(...any) error }

// objectScanner scans objectColumns of one row after the other: an unlock reads all rows there are.
type objectScanner struct {
	object                  blob16
	base, pending, ancestor version
	columns                 []any
}

func newObjectScanner() *objectScanner {
	o := &objectScanner{}
	o.columns = append(append([]any{&o.object}, o.base.columns()...), append(o.pending.columns(), o.ancestor.columns()...)...)
	return o
}

func (o *objectScanner) scan(s scanner) (vault.Object, error) {
	if err := s.Scan(o.columns...); err != nil {
		return vault.Object{}, err
	}
	scanned := vault.Object{ID: id.ID(o.object)}
	synced, err := o.base.get()
	if err != nil {
		return vault.Object{}, err
	}
	if synced != nil {
		scanned.Base = *synced
	}
	if scanned.Pending, err = o.pending.get(); err != nil {
		return vault.Object{}, err
	}
	scanned.Ancestor, err = o.ancestor.get()
	return scanned, err
}

// Object implements vault.Reader.
func (t *transaction) Object(v, object id.ID) (vault.Object, bool, error) {
	const query = `SELECT ` + objectColumns + ` FROM object WHERE vault_id = ? AND object_id = ?`
	o, err := newObjectScanner().scan(t.tx.QueryRowContext(t.ctx, query, v[:], object[:]))
	if err == sql.ErrNoRows {
		return vault.Object{}, false, nil
	}
	if err != nil {
		return vault.Object{}, false, fmt.Errorf("read object: %w", err)
	}
	return o, true, nil
}

// Objects implements vault.Reader. It reads the table from end to end: the index would lead to the rows in the order of their ids,
// which is no order on the disk.
func (t *transaction) Objects(v id.ID, yield func(vault.Object) error) error {
	return t.objects(`SELECT `+objectColumns+` FROM object NOT INDEXED WHERE vault_id = ?`, []any{v[:]}, yield)
}

// ObjectsOf implements vault.Reader.
func (t *transaction) ObjectsOf(v id.ID, first byte, yield func(vault.Object) error) error {
	const query = `SELECT ` + objectColumns + ` FROM object WHERE vault_id = ? AND object_id BETWEEN ? AND ?`
	end := append([]byte{first}, bytes.Repeat([]byte{0xff}, id.Size)...)
	return t.objects(query, []any{v[:], []byte{first}, end}, yield)
}

// Count implements vault.Reader.
func (t *transaction) Count(v id.ID) (n int, err error) {
	_, err = t.row("count objects", `SELECT count(*) FROM object WHERE vault_id = ?`, []any{v[:]}, &n)
	return n, err
}

// Changed implements vault.Reader.
func (t *transaction) Changed(v id.ID) (uint64, error) {
	var generation int64
	_, err := t.row("read vault", `SELECT changed FROM vault WHERE vault_id = ?`, []any{v[:]}, &generation)
	return uint64(generation), err
}

// PendingObjects implements vault.Reader.
func (t *transaction) PendingObjects(v id.ID, yield func(vault.Object) error) error {
	// Left to itself SQLite takes the index by vault, and reads every object.
	const query = `SELECT ` + objectColumns + ` FROM object INDEXED BY object_pending WHERE vault_id = ? AND pending_revision IS NOT NULL`
	return t.objects(query, []any{v[:]}, yield)
}

func (t *transaction) objects(query string, args []any, yield func(vault.Object) error) error {
	scanner := newObjectScanner()
	return t.rows("read objects", query, args, func(rows *sql.Rows) error {
		o, err := scanner.scan(rows)
		if err != nil {
			return fmt.Errorf("read objects: %w", err)
		}
		return yield(o)
	})
}

const rowColumns = `SELECT object_id, base_revision, base_state, base_hash FROM object WHERE vault_id = ?`

// Rows implements vault.Reader.
func (t *transaction) Rows(v id.ID, yield func(vault.Row) error) error {
	return t.stateRows(rowColumns+` AND base_revision IS NOT NULL ORDER BY object_id`, v, yield)
}

// Missing implements vault.Reader.
func (t *transaction) Missing(v id.ID, yield func(vault.Row) error) error {
	return t.stateRows(rowColumns+` AND base_state = 1 AND base_envelope IS NULL`, v, yield)
}

func (t *transaction) stateRows(query string, v id.ID, yield func(vault.Row) error) error {
	return t.rows("read state", query, []any{v[:]}, func(rows *sql.Rows) error {
		var object blob16
		var hash blob32
		var revision, state int64
		if err := rows.Scan(&object, &revision, &state, &hash); err != nil {
			return fmt.Errorf("read state: %w", err)
		}
		return yield(vault.Row{Object: id.ID(object), Revision: uint64(revision), State: vault.State(state), Hash: hash})
	})
}

// Put implements vault.Tx.
func (t *transaction) Put(v id.ID, o vault.Object) error {
	base := &o.Base
	if base.Revision == 0 {
		base = nil
	}
	if err := t.touchBucket(v, o.ID); err != nil {
		return err
	}
	args := append([]any{v[:], o.ID[:]}, values(base)...)
	args = append(append(args, values(o.Pending)...), values(o.Ancestor)...)
	err := t.change("write object", `INSERT OR REPLACE INTO object (vault_id, `+objectColumns+`)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, args...)
	if err != nil {
		return err
	}
	return t.touch(v)
}

// touch notes, once per transaction, that objects of the vault changed.
func (t *transaction) touch(v id.ID) error {
	if t.touched[v] {
		return nil
	}
	if t.touched == nil {
		t.touched = make(map[id.ID]bool)
	}
	t.touched[v] = true
	return t.change("write vault", `UPDATE vault SET changed = ? WHERE vault_id = ?`, int64(t.generation), v[:])
}

// Remove implements vault.Tx.
func (t *transaction) Remove(v, object id.ID) error {
	if err := t.touchBucket(v, object); err != nil {
		return err
	}
	if err := t.change("remove object", `DELETE FROM object WHERE vault_id = ? AND object_id = ?`, v[:], object[:]); err != nil {
		return err
	}
	return t.touch(v)
}

// SetAside implements vault.Tx.
func (t *transaction) SetAside(v, object id.ID, damaged vault.Version) error {
	args := append([]any{v[:], object[:]}, values(&damaged)...)
	return t.change("set envelope aside",
		`INSERT INTO set_aside (vault_id, object_id, revision, state, hash, envelope) VALUES (?, ?, ?, ?, ?, ?)`, args...)
}
