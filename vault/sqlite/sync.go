package sqlite

import (
	"database/sql"
	"errors"
	"fmt"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/vault"
)

var errUnknownVault = errors.New("unknown vault")

// Pin implements vault.Reader.
func (t *transaction) Pin(v id.ID) (vault.Pin, error) {
	var p vault.Pin
	var seq, logSeq int64
	found, err := t.row("read pin", `SELECT pin_seq, pin_hash, pin_log_seq, pin_root, pin_commit FROM vault WHERE vault_id = ?`,
		[]any{v[:]}, &seq, (*blob32)(&p.Hash), &logSeq, (*blob32)(&p.Root), &p.Commit)
	if err == nil && !found {
		err = fmt.Errorf("read pin: %w", errUnknownVault)
	}
	p.Seq, p.LogSeq = uint64(seq), uint64(logSeq)
	return p, err
}

// SetPin implements vault.Tx.
func (t *transaction) SetPin(v id.ID, p vault.Pin) error {
	err := t.change("write pin",
		`UPDATE vault SET pin_seq = ?, pin_hash = ?, pin_log_seq = ?, pin_root = ?, pin_commit = ? WHERE vault_id = ?`,
		int64(p.Seq), p.Hash[:], int64(p.LogSeq), p.Root[:], p.Commit, v[:])
	if err != nil {
		return err
	}
	return t.change("drop pages", `DELETE FROM staged WHERE vault_id = ?`, v[:])
}

// AppendLog implements vault.Tx.
func (t *transaction) AppendLog(entries []vault.LogEntry) error {
	if len(entries) == 0 {
		return nil
	}
	var next int64
	if _, err := t.row("read account log", `SELECT count(*) FROM log_entry`, nil, &next); err != nil {
		return err
	}
	for _, e := range entries {
		if e.Seq < uint64(next) {
			if err := t.sameEntry(e); err != nil {
				return err
			}
			continue
		}
		if e.Seq != uint64(next) {
			return fmt.Errorf("write account log: entry %d after %d", e.Seq, next-1)
		}
		err := t.change("write account log", `INSERT INTO log_entry (seq, entry, signature) VALUES (?, ?, ?)`, next, e.Entry, e.Signature)
		if err != nil {
			return err
		}
		next++
	}
	return nil
}

// sameEntry compares an entry with the one that is there: another program on the same file may have heard of it first.
func (t *transaction) sameEntry(e vault.LogEntry) error {
	same := false
	_, err := t.row("read account log", `SELECT entry = ? AND signature = ? FROM log_entry WHERE seq = ?`,
		[]any{e.Entry, e.Signature, int64(e.Seq)}, &same)
	if err == nil && !same {
		err = fmt.Errorf("write account log: another entry %d: %w", e.Seq, vault.ErrRow)
	}
	return err
}

// Outbox implements vault.Reader.
func (t *transaction) Outbox(v id.ID) (vault.OutboxEntry, bool, error) {
	var entry vault.OutboxEntry
	found, err := t.row("read outbox", `SELECT op_id, bytes FROM outbox WHERE vault_id = ?`, []any{v[:]},
		(*blob16)(&entry.Op), &entry.Bytes)
	if err != nil || !found {
		return vault.OutboxEntry{}, false, err
	}
	const query = `SELECT object_id, revision, state, hash, envelope FROM outbox_object WHERE vault_id = ? ORDER BY object_id`
	err = t.rows("read outbox", query, []any{v[:]}, func(rows *sql.Rows) error {
		var object blob16
		var sent version
		if err := rows.Scan(append([]any{&object}, sent.columns()...)...); err != nil {
			return fmt.Errorf("read outbox: %w", err)
		}
		version, err := sent.get()
		if err != nil {
			return fmt.Errorf("read outbox: %w", err)
		}
		entry.Objects = append(entry.Objects, vault.SentObject{Object: id.ID(object), Version: *version})
		return nil
	})
	return entry, err == nil, err
}

// Sent implements vault.Reader.
func (t *transaction) Sent(v, object id.ID) (vault.Version, bool, error) {
	var sent version
	const query = `SELECT revision, state, hash, envelope FROM outbox_object WHERE vault_id = ? AND object_id = ?`
	found, err := t.row("read outbox", query, []any{v[:], object[:]}, sent.columns()...)
	if err != nil || !found {
		return vault.Version{}, false, err
	}
	version, err := sent.get()
	if err != nil {
		return vault.Version{}, false, fmt.Errorf("read outbox: %w", err)
	}
	return *version, true, nil
}

// SetOutbox implements vault.Tx.
func (t *transaction) SetOutbox(v id.ID, entry *vault.OutboxEntry) error {
	// Deleting the one deletes the others, unless a damaged file has lost the one.
	err := t.change("clear outbox", `DELETE FROM outbox_object WHERE vault_id = ?`, v[:])
	if err == nil {
		err = t.change("clear outbox", `DELETE FROM outbox WHERE vault_id = ?`, v[:])
	}
	if err != nil || entry == nil {
		return err
	}
	err = t.change("write outbox", `INSERT INTO outbox (vault_id, op_id, bytes) VALUES (?, ?, ?)`, v[:], entry.Op[:], entry.Bytes)
	if err != nil {
		return err
	}
	for _, o := range entry.Objects {
		args := append([]any{v[:], o.Object[:]}, values(&o.Version)...)
		err := t.change("write outbox",
			`INSERT INTO outbox_object (vault_id, object_id, revision, state, hash, envelope) VALUES (?, ?, ?, ?, ?, ?)`, args...)
		if err != nil {
			return err
		}
	}
	return nil
}

// Undo implements vault.Reader.
func (t *transaction) Undo(v, batch id.ID) ([]vault.Undo, error) {
	var entries []vault.Undo
	const query = `SELECT object_id, made, before_revision, before_state, before_hash, before_envelope
		FROM undo WHERE vault_id = ? AND batch_id = ?`
	err := t.rows("read undo", query, []any{v[:], batch[:]}, func(rows *sql.Rows) error {
		var object blob16
		var made blob32
		var before version
		if err := rows.Scan(append([]any{&object, &made}, before.columns()...)...); err != nil {
			return fmt.Errorf("read undo: %w", err)
		}
		replaced, err := before.get()
		if err != nil {
			return fmt.Errorf("read undo: %w", err)
		}
		entries = append(entries, vault.Undo{Object: id.ID(object), Made: made, Before: replaced})
		return nil
	})
	return entries, err
}

// SetUndo implements vault.Tx.
func (t *transaction) SetUndo(v, batch id.ID, entries []vault.Undo) error {
	if err := t.change("clear undo", `DELETE FROM undo WHERE vault_id = ? AND batch_id = ?`, v[:], batch[:]); err != nil {
		return err
	}
	for _, e := range entries {
		args := append([]any{v[:], batch[:], e.Object[:], e.Made[:]}, values(e.Before)...)
		err := t.change("write undo", `INSERT INTO undo
			(vault_id, batch_id, object_id, made, before_revision, before_state, before_hash, before_envelope)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?)`, args...)
		if err != nil {
			return err
		}
	}
	return nil
}
