package sqlite

import (
	"bytes"
	"database/sql"
	"fmt"

	"github.com/coffer-vault/coffer/crypto/canonical"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/vault"
)

// heads are the hashes of an index's segments, by the first byte of the ids that a segment is about. A segment that is not of this
// state of the file has none: zero. The integrity record covers their hash, so that no other segment can stand in.
type heads [256][32]byte

func (h *heads) join() []byte {
	joined := make([]byte, 0, len(h)*len(h[0]))
	for n := range h {
		joined = append(joined, h[n][:]...)
	}
	return joined
}

// emptySegment is the hash of a segment without entries, which has no parts.
var emptySegment = vault.SegmentHash(nil)

func hashOfHeads(joined []byte) [32]byte { return canonical.Hash("coffer/v1/index-heads", joined) }

// heads returns those of a vault, once per transaction; nil for a vault without an index, or with one that is damaged: the objects are
// all that counts, so nothing fails for it.
func (t *transaction) heads(v id.ID) (*heads, error) {
	if h, known := t.indexes[v]; known {
		return h, nil
	}
	var recorded, joined []byte
	if _, err := t.row("read index", `SELECT index_hash FROM vault WHERE vault_id = ?`, []any{v[:]}, &recorded); err != nil {
		return nil, err
	}
	var h *heads
	if recorded != nil {
		_, err := t.row("read index", `SELECT hashes FROM index_head WHERE vault_id = ?`, []any{v[:]}, &joined)
		if sum := hashOfHeads(joined); err == nil && len(joined) == len(h)*len(h[0]) && bytes.Equal(sum[:], recorded) {
			h = new(heads)
			for n := range h {
				copy(h[n][:], joined[n*32:])
			}
		}
	}
	if t.indexes == nil {
		t.indexes = make(map[id.ID]*heads)
	}
	t.indexes[v] = h
	return h, nil
}

// setHead gives a segment another hash; the zero hash says that it is out of date.
func (t *transaction) setHead(v id.ID, segment uint8, hash [32]byte) error {
	h, err := t.heads(v)
	if err != nil {
		return err
	}
	if h == nil {
		h = new(heads)
	}
	if h[segment] == hash {
		return nil
	}
	h[segment] = hash
	t.indexes[v] = h
	if t.changedHeads == nil {
		t.changedHeads = make(map[id.ID]bool)
	}
	t.changedHeads[v], t.changed = true, true
	return nil
}

// outdateIndex is for a change of objects all over the vault.
func (t *transaction) outdateIndex(v id.ID) error {
	for n := range 256 {
		if err := t.setHead(v, uint8(n), [32]byte{}); err != nil {
			return err
		}
	}
	return nil
}

// signHeads writes the heads that changed. It comes before the integrity record.
func (t *transaction) signHeads() error {
	for v := range t.changedHeads {
		joined := t.indexes[v].join()
		sum := hashOfHeads(joined)
		if err := t.change("write index", `INSERT OR REPLACE INTO index_head (vault_id, hashes) VALUES (?, ?)`, v[:], joined); err != nil {
			return err
		}
		if err := t.change("write index", `UPDATE vault SET index_hash = ? WHERE vault_id = ?`, sum[:], v[:]); err != nil {
			return err
		}
	}
	return nil
}

// forgetIndexes makes every index out of date: the file is accepted as it is, and nobody vouches for them.
func (t *transaction) forgetIndexes() error {
	t.indexes, t.changedHeads = nil, nil
	return t.change("forget index", `UPDATE vault SET index_hash = NULL`)
}

// digestIndexes covers the hashes of the heads. A file without an index has the digest that it had before there were any.
func (t *transaction) digestIndexes(d *digester) error {
	const query = `SELECT vault_id, index_hash FROM vault WHERE index_hash IS NOT NULL ORDER BY vault_id`
	return t.rows("read index", query, nil, func(rows *sql.Rows) error {
		var v, hash sql.RawBytes
		if err := rows.Scan(&v, &hash); err != nil {
			return err
		}
		d.add("index", []byte(v), []byte(hash))
		return nil
	})
}

// Segments implements vault.Reader.
func (t *transaction) Segments(v id.ID, yield func(vault.Segment) error) error {
	if t.mac == nil {
		return nil
	}
	if _, err := t.verify(t.mac); err != nil {
		return err
	}
	h, err := t.heads(v)
	if err != nil || h == nil {
		return err
	}
	for n := range h {
		if empty := (vault.Segment{Number: uint8(n), Hash: h[n]}); empty.Hash == emptySegment {
			if err := yield(empty); err != nil {
				return err
			}
		}
	}
	next := vault.Segment{}
	flush := func() error {
		if len(next.Parts) == 0 || next.Hash == [32]byte{} || next.Hash == emptySegment {
			return nil
		}
		return yield(next)
	}
	const query = `SELECT segment, sealed FROM index_segment WHERE vault_id = ? ORDER BY segment, part`
	err = t.rows("read index", query, []any{v[:]}, func(rows *sql.Rows) error {
		var segment uint8
		var sealed []byte
		if err := rows.Scan(&segment, &sealed); err != nil {
			return fmt.Errorf("read index: %w", err)
		}
		if segment != next.Number {
			if err := flush(); err != nil {
				return err
			}
			next = vault.Segment{Number: segment}
		}
		next.Hash = h[segment]
		next.Parts = append(next.Parts, sealed)
		return nil
	})
	if err != nil {
		return err
	}
	return flush()
}

// writtenSegments are those that have parts in the file: of 256 a small vault has a few.
func (t *transaction) writtenSegments(v id.ID) (written [256]bool, err error) {
	const query = `SELECT DISTINCT segment FROM index_segment WHERE vault_id = ?`
	err = t.rows("read index", query, []any{v[:]}, func(rows *sql.Rows) error {
		var segment uint8
		if err := rows.Scan(&segment); err != nil {
			return fmt.Errorf("read index: %w", err)
		}
		written[segment] = true
		return nil
	})
	return written, err
}

// SetSegments implements vault.Tx.
func (t *transaction) SetSegments(v id.ID, segments []vault.Segment) error {
	written, err := t.writtenSegments(v)
	if err != nil {
		return err
	}
	for _, s := range segments {
		if written[s.Number] {
			err := t.change("write index", `DELETE FROM index_segment WHERE vault_id = ? AND segment = ?`, v[:], s.Number)
			if err != nil {
				return err
			}
		}
		for part, sealed := range s.Parts {
			err := t.change("write index", `INSERT INTO index_segment (vault_id, segment, part, sealed) VALUES (?, ?, ?, ?)`,
				v[:], s.Number, part, sealed)
			if err != nil {
				return err
			}
		}
		if err := t.setHead(v, s.Number, s.Hash); err != nil {
			return err
		}
	}
	return nil
}
