package sqlite

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"fmt"
	"hash"

	"github.com/coffer-vault/coffer/crypto/canonical"
	"github.com/coffer-vault/coffer/vault"
)

// Generation implements vault.Reader.
func (t *transaction) Generation() (uint64, error) {
	generation, _, err := t.integrity()
	return generation, err
}

func (t *transaction) integrity() (generation uint64, mac [32]byte, err error) {
	var stored int64
	found, err := t.row("read integrity record", `SELECT generation, mac FROM integrity`, nil, &stored, (*blob32)(&mac))
	if err == nil && !found {
		err = fmt.Errorf("read integrity record: %w", vault.ErrTampered)
	}
	return uint64(stored), mac, err
}

// verify compares the integrity record with the file: vault.ErrTampered if it does not fit.
func (t *transaction) verify(mac MAC) error {
	generation, stored, err := t.integrity()
	if err != nil {
		return err
	}
	expected, err := t.macOf(generation, mac)
	if err != nil {
		return err
	}
	if subtle.ConstantTimeCompare(expected[:], stored[:]) != 1 {
		return vault.ErrTampered
	}
	return nil
}

// sign writes the integrity record of generation t.generation.
func (t *transaction) sign(mac MAC) error {
	sum, err := t.macOf(t.generation, mac)
	if err != nil {
		return err
	}
	return t.change("write integrity record", `INSERT OR REPLACE INTO integrity (one, generation, mac) VALUES (1, ?, ?)`,
		int64(t.generation), sum[:])
}

func (t *transaction) macOf(generation uint64, mac MAC) ([32]byte, error) {
	digest, err := t.digest()
	if err != nil {
		return [32]byte{}, err
	}
	return mac(canonical.Concat("coffer/v1/local", generation, digest)), nil
}

// digest covers what no commit's root does: the account row, the head of the account log, local values, keys and pins of the
// vaults, and the pending versions.
func (t *transaction) digest() ([32]byte, error) {
	d := digester{hash: sha256.New()}
	for _, part := range []func(*digester) error{t.digestAccount, t.digestLog, t.digestLocal, t.digestVaults, t.digestPending} {
		if err := part(&d); err != nil {
			return [32]byte{}, fmt.Errorf("compute integrity record: %w", err)
		}
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
	for _, k := range keys {
		pin, err := t.Pin(k.Vault)
		if err != nil {
			return err
		}
		d.add("vault", k.Vault, uint64(k.Epoch), k.Sealed, pin.Seq, pin.Hash, pin.LogSeq, pin.Root, pin.Commit)
	}
	return nil
}

func (t *transaction) digestPending(d *digester) error {
	const query = `SELECT vault_id, object_id, pending_revision, pending_state, pending_hash FROM object INDEXED BY object_pending
		WHERE pending_revision IS NOT NULL ORDER BY vault_id, object_id`
	return t.rows("read pending versions", query, nil, func(rows *sql.Rows) error {
		var v, object, hash sql.RawBytes
		var revision, state int64
		if err := rows.Scan(&v, &object, &revision, &state, &hash); err != nil {
			return err
		}
		d.add("pending", []byte(v), []byte(object), uint64(revision), uint64(state), []byte(hash))
		return nil
	})
}

// Anchor verifies the integrity record with the device's anchor key and, if it fits, uses that key for what is written from now
// on. atLeast is the last generation that the device remembers elsewhere.
// Errors: vault.ErrTampered, vault.ErrOlderCopy (then the store is anchored all the same: the file is genuine), and those of
// vault.Store.
func (s *Store) Anchor(ctx context.Context, mac MAC, atLeast uint64) error {
	var generation uint64
	err := s.view(ctx, func(t *transaction) (err error) {
		if generation, err = t.Generation(); err != nil {
			return err
		}
		return t.verify(mac)
	})
	if err != nil {
		return fmt.Errorf("check vault file: %w", err)
	}
	s.setMAC(mac)
	if generation < atLeast {
		return fmt.Errorf("check vault file: %w: generation %d, expected %d", vault.ErrOlderCopy, generation, atLeast)
	}
	return nil
}

// Reanchor accepts the file as it is: for a user who was told that it was changed, and for a device whose keyring entry was
// lost. The generation continues after atLeast.
func (s *Store) Reanchor(ctx context.Context, mac MAC, atLeast uint64) error {
	err := s.transact(ctx, func(t *transaction) error {
		generation, _, err := t.integrity()
		if err != nil {
			return err
		}
		t.generation = max(generation, atLeast) + 1
		return t.sign(mac)
	})
	if err != nil {
		return fmt.Errorf("anchor vault file: %w", err)
	}
	s.setMAC(mac)
	return nil
}

func (s *Store) setMAC(mac MAC) {
	s.mu.Lock()
	s.mac = mac
	s.mu.Unlock()
}

// Generation is the number to remember outside the file, so that an older copy of it is noticed.
func (s *Store) Generation(ctx context.Context) (generation uint64, err error) {
	err = s.view(ctx, func(t *transaction) error {
		generation, err = t.Generation()
		return err
	})
	return generation, err
}
