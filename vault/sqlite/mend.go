package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/coffer-vault/coffer/internal/atomicfile"
	"github.com/coffer-vault/coffer/vault"
)

// Mend accepts a file whose integrity record does not fit, in the same transaction in which f puts right what c does not replace:
// account row, vault keys and account log become those of c, which the caller has proved. The generation continues after atLeast,
// and mac anchors the file from then on. Errors as of Update.
func (s *Store) Mend(ctx context.Context, c Contents, mac MAC, atLeast uint64, f func(vault.Tx) error) error {
	err := s.transact(ctx, func(t *transaction) error {
		i, err := t.integrity()
		if err != nil && !errors.Is(err, vault.ErrTampered) {
			return err
		}
		t.generation = max(i.generation, atLeast) + 1
		for n := range t.dirty {
			t.dirty[n] = true // every bucket is hashed again, and none compared
		}
		if err := t.forgetIndexes(); err != nil {
			return err
		}
		if err := t.replace(c); err != nil {
			return err
		}
		if err := f(t); err != nil {
			return err
		}
		return t.sign(mac)
	})
	if err != nil {
		return fmt.Errorf("mend vault file: %w", err)
	}
	s.setMAC(mac, 0)
	return nil
}

// replace writes what Create writes, over what is there.
func (t *transaction) replace(c Contents) error {
	if err := t.setAccount(c.Account); err != nil {
		return err
	}
	// Every epoch is in c, and a log that went back may have fewer than this file.
	if err := t.change("forget vault keys", `DELETE FROM earlier_key`); err != nil {
		return err
	}
	for _, k := range c.Vaults {
		if err := t.addVault(k); err != nil {
			return err
		}
	}
	if err := t.forgetOtherKeys(c.Vaults); err != nil {
		return err
	}
	if err := t.change("write account log", `DELETE FROM log_entry`); err != nil {
		return err
	}
	if err := t.AppendLog(c.Log); err != nil || c.Locals == nil {
		return err
	}
	return t.setLocals(c.Locals)
}

// forgetOtherKeys leaves of the vaults' keys those that are given: what a damaged row said of epochs and vaults is gone then. A vault that
// has objects stays.
func (t *transaction) forgetOtherKeys(given []vault.SealedVaultKey) error {
	there, err := t.vaults()
	if err != nil {
		return err
	}
	for _, k := range there {
		if slices.ContainsFunc(given, func(g vault.SealedVaultKey) bool { return g.Vault == k.Vault && g.Epoch == k.Epoch }) {
			continue
		}
		err := t.change("forget vault key", `DELETE FROM earlier_key WHERE vault_id = ? AND epoch = ?`, k.Vault[:], k.Epoch)
		if err == nil && !slices.ContainsFunc(given, func(g vault.SealedVaultKey) bool { return g.Vault == k.Vault }) {
			err = t.change("forget vault", `DELETE FROM vault WHERE vault_id = ?1 AND NOT EXISTS (SELECT 1 FROM object WHERE vault_id = ?1)`, k.Vault[:])
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// PartSuffix ends the name of a copy that is being made. What a kill has left of one is the caller's to remove.
const PartSuffix = ".part"

// CopyTo writes the file as it is now to path, which must not exist: sealed values, like the file itself.
func (s *Store) CopyTo(ctx context.Context, path string) error {
	// VACUUM INTO takes an empty file, so that the copy has its permissions before it has content.
	part := path + PartSuffix
	if err := os.WriteFile(part, nil, 0o600); err != nil {
		return fmt.Errorf("copy vault file: %w", classify(err))
	}
	_, err := s.read.ExecContext(ctx, `VACUUM INTO ?`, part)
	if err == nil {
		err = atomicfile.Flush(part)
	}
	if err == nil {
		err = atomicfile.Rename(part, path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("copy vault file to %s: %w", filepath.Base(path), classify(err)), os.Remove(part))
	}
	return nil
}

// Check reads the whole file, and looks whether its tables are there. Errors: vault.ErrCorrupt, and the context's.
func (s *Store) Check(ctx context.Context) error {
	var found string
	if err := s.read.QueryRowContext(ctx, `PRAGMA integrity_check(1)`).Scan(&found); err != nil {
		return fmt.Errorf("check vault file: %w", classify(err))
	}
	if found != "ok" {
		return fmt.Errorf("check vault file: %w: %s", vault.ErrCorrupt, found)
	}
	for _, table := range tables {
		if _, err := s.read.ExecContext(ctx, `SELECT 1 FROM `+table+` LIMIT 0`); err != nil {
			return fmt.Errorf("check vault file: %w", classify(err))
		}
	}
	return nil
}

// tables are those of a vault file. A sound file may have lost one: the list of them is a table itself.
var tables = []string{
	"account", "integrity", "log_entry", "local_value", "vault", "object", "set_aside", "outbox", "outbox_object", "undo", "passed_commit",
	"earlier_key", "staged", "index_head", "index_segment",
}
