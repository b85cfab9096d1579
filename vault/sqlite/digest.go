package sqlite

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"fmt"
	"hash"

	"github.com/coffer-vault/coffer/crypto/canonical"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/vault"
)

// integrity is the row of that table.
type integrity struct {
	generation uint64
	pending    *buckets
	mac        [32]byte
}

// buckets are the hashes of the pending versions by the first byte of the object's id, so that a save costs the same whether ten
// edits wait for the server or 100,000. A bucket without pending versions is zero.
type buckets [256][32]byte

func (t *transaction) integrity() (integrity, error) {
	i := integrity{pending: new(buckets)}
	var generation int64
	var pending []byte
	found, err := t.row("read integrity record", `SELECT generation, pending, mac FROM integrity`, nil,
		&generation, &pending, (*blob32)(&i.mac))
	if err != nil {
		return integrity{}, err
	}
	if !found || len(pending) != len(i.pending)*len(i.pending[0]) {
		return integrity{}, fmt.Errorf("read integrity record: %w", vault.ErrTampered)
	}
	for n := range i.pending {
		copy(i.pending[n][:], pending[n*32:])
	}
	i.generation = uint64(generation)
	return i, nil
}

// verify compares the integrity record with the file; vault.ErrTampered if it does not fit. Of the pending versions it takes the
// record's word: checkBucket compares those.
func (t *transaction) verify(mac MAC) (integrity, error) {
	i, err := t.integrity()
	if err != nil {
		return integrity{}, err
	}
	expected, err := t.macOf(i.generation, i.pending, mac)
	if err != nil {
		return integrity{}, err
	}
	if subtle.ConstantTimeCompare(expected[:], i.mac[:]) != 1 {
		return integrity{}, vault.ErrTampered
	}
	return i, nil
}

// checkBucket compares the pending versions of one bucket with the record.
func (t *transaction) checkBucket(n int, recorded *buckets) error {
	sum, err := t.bucket(n)
	if err != nil {
		return err
	}
	if subtle.ConstantTimeCompare(sum[:], recorded[n][:]) != 1 {
		return vault.ErrTampered
	}
	return nil
}

// checkBuckets compares all of them, in one query: an unlock waits for it.
func (t *transaction) checkBuckets(recorded *buckets) error {
	var sums buckets
	if err := t.hashPending(0, 0xff, &sums); err != nil {
		return err
	}
	if sums != *recorded {
		return vault.ErrTampered
	}
	return nil
}

// open begins a change: to sign again without looking would bless what another program wrote.
func (t *transaction) open(mac MAC, atLeast uint64) error {
	i, err := t.verify(mac)
	if err != nil {
		return err
	}
	t.pending, t.generation = i.pending, max(i.generation, atLeast)+1
	return nil
}

// touchBucket has to be called before an object changes.
func (t *transaction) touchBucket(v, object id.ID) error {
	if err := t.setHead(v, object[0], [32]byte{}); err != nil {
		return err
	}
	n := int(object[0])
	if t.dirty[n] {
		return nil
	}
	t.dirty[n] = true
	return t.checkBucket(n, t.pending)
}

// sign writes the integrity record of generation t.generation.
func (t *transaction) sign(mac MAC) error {
	if err := t.signHeads(); err != nil {
		return err
	}
	joined := make([]byte, 0, len(t.pending)*32)
	for n := range t.pending {
		if t.dirty[n] {
			sum, err := t.bucket(n)
			if err != nil {
				return err
			}
			t.pending[n] = sum
		}
		joined = append(joined, t.pending[n][:]...)
	}
	sum, err := t.macOf(t.generation, t.pending, mac)
	if err != nil {
		return err
	}
	return t.change("write integrity record", `INSERT OR REPLACE INTO integrity (one, generation, pending, mac) VALUES (1, ?, ?, ?)`,
		int64(t.generation), joined, sum[:])
}

func (t *transaction) macOf(generation uint64, pending *buckets, mac MAC) ([32]byte, error) {
	digest, err := t.digest(pending)
	if err != nil {
		return [32]byte{}, err
	}
	return mac(canonical.Concat("coffer/v1/local", generation, digest)), nil
}

// digest covers what no commit's root does: the account row, the head of the account log, local values, keys and pins of the
// vaults, the segments of their indexes, and the pending versions.
func (t *transaction) digest(pending *buckets) ([32]byte, error) {
	d := digester{hash: sha256.New()}
	for _, part := range []func(*digester) error{t.digestAccount, t.digestLog, t.digestLocal, t.digestVaults, t.digestIndexes} {
		if err := part(&d); err != nil {
			return [32]byte{}, fmt.Errorf("compute integrity record: %w", err)
		}
	}
	// Every change hashes these 256 records twice.
	record := canonical.Concat("pending", [32]byte{})
	for _, sum := range pending {
		copy(record[len(record)-len(sum):], sum[:])
		d.hash.Write(record)
	}
	return [32]byte(d.hash.Sum(nil)), nil
}

// digester hashes records of fields. Every record begins with the name of its table, so that none can stand for another.
type digester struct {
	hash   hash.Hash
	buffer []byte
}

func (d *digester) add(table string, fields ...any) {
	d.buffer = canonical.Append(append(d.buffer[:0], canonical.Concat(table)...), fields...)
	d.hash.Write(d.buffer)
}

func (t *transaction) digestAccount(d *digester) error {
	a, err := t.account()
	if err != nil {
		return err
	}
	d.add("account", a.ID, a.Email, a.Origin, uint64(a.Generation), a.Profile, a.SealedAccountKey, a.SealedIdentity,
		a.Device, a.DeviceName, a.SealedDeviceSeed, a.SealedAnchor, a.SealedSession)
	return nil
}

func (t *transaction) digestLog(d *digester) error {
	var seq int64
	var entry, signature []byte
	found, err := t.row("read account log", `SELECT seq, entry, signature FROM log_entry ORDER BY seq DESC LIMIT 1`, nil,
		&seq, &entry, &signature)
	if found {
		d.add("log", uint64(seq), entry, signature)
	}
	return err
}

func (t *transaction) digestLocal(d *digester) error {
	return t.rows("read local values", `SELECT name, value FROM local_value ORDER BY name`, nil, func(rows *sql.Rows) error {
		var name string
		var value sql.RawBytes
		if err := rows.Scan(&name, &value); err != nil {
			return err
		}
		d.add("local", name, []byte(value))
		return nil
	})
}

func (t *transaction) digestVaults(d *digester) error {
	keys, err := t.vaults()
	if err != nil {
		return err
	}
	for i, k := range keys {
		if k.Previous != nil {
			d.add("previous", k.Vault, uint64(k.Epoch), k.Previous)
		}
		if i+1 < len(keys) && keys[i+1].Vault == k.Vault {
			d.add("earlier", k.Vault, uint64(k.Epoch), k.Sealed)
			continue
		}
		pin, err := t.Pin(k.Vault)
		if err != nil {
			return err
		}
		d.add("vault", k.Vault, uint64(k.Epoch), k.Sealed, pin.Seq, pin.Hash, pin.LogSeq, pin.Root, pin.Commit)
	}
	return nil
}

// bucket hashes the pending versions of the objects whose id begins with byte n.
func (t *transaction) bucket(n int) ([32]byte, error) {
	var sums buckets
	err := t.hashPending(byte(n), byte(n), &sums)
	return sums[n], err
}

// hashPending fills in the buckets from first to last.
func (t *transaction) hashPending(first, last byte, sums *buckets) error {
	const query = `SELECT vault_id, object_id, pending_revision, pending_state, pending_hash FROM object INDEXED BY object_pending
		WHERE pending_revision IS NOT NULL AND object_id BETWEEN ? AND ? ORDER BY object_id, vault_id`
	var open *digester
	at := first
	end := append([]byte{last}, bytes.Repeat([]byte{0xff}, id.Size)...)
	err := t.rows("read pending versions", query, []any{[]byte{first}, end}, func(rows *sql.Rows) error {
		var v, object, hash sql.RawBytes
		var revision, state int64
		if err := rows.Scan(&v, &object, &revision, &state, &hash); err != nil {
			return err
		}
		if open != nil && object[0] != at {
			sums[at], open = [32]byte(open.hash.Sum(nil)), nil
		}
		if open == nil {
			at, open = object[0], &digester{hash: sha256.New()}
		}
		open.add("pending", []byte(v), []byte(object), uint64(revision), uint64(state), []byte(hash))
		return nil
	})
	if open != nil {
		sums[at] = [32]byte(open.hash.Sum(nil))
	}
	return err
}

// Anchor verifies the integrity record with the device's anchor key and, if it fits, uses that key for what is written from now
// on. atLeast is the last generation that the device remembers elsewhere.
// Errors: vault.ErrTampered, vault.ErrOlderCopy (then the store is anchored all the same: the file is genuine, and its generation
// continues after atLeast), and those of vault.Store.
func (s *Store) Anchor(ctx context.Context, mac MAC, atLeast uint64) error {
	var generation uint64
	err := s.view(ctx, func(t *transaction) error {
		i, err := t.verify(mac)
		if err == nil {
			err = t.checkBuckets(i.pending)
		}
		generation = i.generation
		return err
	})
	if err != nil {
		return fmt.Errorf("check vault file: %w", err)
	}
	s.setMAC(mac, atLeast)
	if generation < atLeast {
		return fmt.Errorf("check vault file: %w: generation %d, expected %d", vault.ErrOlderCopy, generation, atLeast)
	}
	return nil
}

func (s *Store) setMAC(mac MAC, atLeast uint64) {
	s.mu.Lock()
	s.mac, s.atLeast = mac, atLeast
	s.mu.Unlock()
}

// Generation is the number to remember outside the file, so that an older copy of it is noticed.
func (s *Store) Generation(ctx context.Context) (generation uint64, err error) {
	err = s.view(ctx, func(t *transaction) error {
		i, err := t.integrity()
		generation = i.generation
		return err
	})
	return generation, err
}
