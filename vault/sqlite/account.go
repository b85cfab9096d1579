package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/vault"
)

func (s *Store) create(ctx context.Context, c Contents, mac MAC) error {
	return s.transact(ctx, func(t *transaction) error {
		var accounts int
		if _, err := t.row("read account", `SELECT count(*) FROM account`, nil, &accounts); err != nil {
			return err
		}
		if accounts != 0 {
			return ErrExists
		}
		t.generation = 1
		if err := t.setAccount(c.Account); err != nil {
			return err
		}
		for _, k := range c.Vaults {
			if err := t.addVault(k); err != nil {
				return err
			}
		}
		if err := t.AppendLog(c.Log); err != nil {
			return err
		}
		for name, sealed := range c.Locals {
			if err := t.setLocal(name, sealed); err != nil {
				return err
			}
		}
		return t.sign(mac)
	})
}

// Account returns the account of the file; ErrNoAccount if there is none, vault.ErrRekeyed as of View.
func (s *Store) Account(ctx context.Context) (a vault.Account, err error) {
	err = s.opened(ctx, func(t *transaction) error {
		a, err = t.account()
		return err
	})
	return a, err
}

// UpdateAccount changes the account row: a new session, a new password.
func (s *Store) UpdateAccount(ctx context.Context, change func(*vault.Account)) error {
	return s.update(ctx, func(t *transaction) error {
		a, err := t.account()
		if err != nil {
			return err
		}
		change(&a)
		return t.setAccount(a)
	})
}

const accountColumns = `account_id, email, origin, generation, profile, sealed_account_key, sealed_identity,
	device_id, device_name, sealed_device_seed, sealed_anchor, sealed_session`

func (t *transaction) account() (vault.Account, error) {
	var a vault.Account
	found, err := t.row("read account", `SELECT `+accountColumns+` FROM account`, nil,
		(*blob16)(&a.ID), &a.Email, &a.Origin, &a.Generation, &a.Profile, &a.SealedAccountKey, &a.SealedIdentity,
		(*blob16)(&a.Device), &a.DeviceName, &a.SealedDeviceSeed, &a.SealedAnchor, &a.SealedSession)
	if err == nil && !found {
		err = fmt.Errorf("read account: %w", ErrNoAccount)
	}
	return a, err
}

func (t *transaction) setAccount(a vault.Account) error {
	return t.change("write account",
		`INSERT OR REPLACE INTO account (one, `+accountColumns+`) VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		a.ID[:], a.Email, a.Origin, a.Generation, a.Profile, a.SealedAccountKey, a.SealedIdentity,
		a.Device[:], a.DeviceName, a.SealedDeviceSeed, a.SealedAnchor, a.SealedSession)
}

// Vaults returns the sealed keys of the account's vaults: every epoch, oldest first, in order of vault id.
func (s *Store) Vaults(ctx context.Context) (keys []vault.SealedVaultKey, err error) {
	err = s.view(ctx, func(t *transaction) error {
		keys, err = t.vaults()
		return err
	})
	return keys, err
}

func (t *transaction) vaults() ([]vault.SealedVaultKey, error) {
	var keys []vault.SealedVaultKey
	const query = `SELECT vault_id, epoch, sealed_key, sealed_previous FROM vault
		UNION ALL SELECT vault_id, epoch, sealed_key, sealed_previous FROM earlier_key ORDER BY vault_id, epoch`
	err := t.rows("read vaults", query, nil, func(rows *sql.Rows) error {
		var v blob16
		k := vault.SealedVaultKey{}
		if err := rows.Scan(&v, &k.Epoch, &k.Sealed, &k.Previous); err != nil {
			return fmt.Errorf("read vaults: %w", err)
		}
		k.Vault = id.ID(v)
		keys = append(keys, k)
		return nil
	})
	return keys, err
}

// AddVault adds a vault that the account has got.
func (s *Store) AddVault(ctx context.Context, key vault.SealedVaultKey) error {
	return s.update(ctx, func(t *transaction) error { return t.addVault(key) })
}

// addVault makes a key the vault's newest; the one that was moves to those before.
func (t *transaction) addVault(k vault.SealedVaultKey) error {
	err := t.change("keep vault key", `INSERT OR REPLACE INTO earlier_key (vault_id, epoch, sealed_key, sealed_previous)
		SELECT vault_id, epoch, sealed_key, sealed_previous FROM vault WHERE vault_id = ? AND epoch < ?`, k.Vault[:], k.Epoch)
	if err != nil {
		return err
	}
	return t.change("write vault", `INSERT INTO vault (vault_id, epoch, sealed_key, sealed_previous) VALUES (?, ?, ?, ?)
		ON CONFLICT (vault_id) DO UPDATE SET epoch = excluded.epoch, sealed_key = excluded.sealed_key, sealed_previous = excluded.sealed_previous`,
		k.Vault[:], k.Epoch, k.Sealed, k.Previous)
}

// Log returns the account log as it was verified when it was stored.
func (s *Store) Log(ctx context.Context) ([]vault.LogEntry, error) {
	var entries []vault.LogEntry
	err := s.view(ctx, func(t *transaction) error {
		const query = `SELECT seq, entry, signature FROM log_entry ORDER BY seq`
		return t.rows("read account log", query, nil, func(rows *sql.Rows) error {
			var e vault.LogEntry
			if err := rows.Scan(&e.Seq, &e.Entry, &e.Signature); err != nil {
				return fmt.Errorf("read account log: %w", err)
			}
			entries = append(entries, e)
			return nil
		})
	})
	return entries, err
}

// Local returns a value that this device keeps for itself, sealed; false if there is none of that name. vault.ErrRekeyed as of View.
func (s *Store) Local(ctx context.Context, name string) (value []byte, found bool, err error) {
	err = s.opened(ctx, func(t *transaction) error {
		found, err = t.row("read local value", `SELECT value FROM local_value WHERE name = ?`, []any{name}, &value)
		return err
	})
	return value, found, err
}

// SetLocal keeps a sealed value; nil removes it.
func (s *Store) SetLocal(ctx context.Context, name string, sealed []byte) error {
	return s.update(ctx, func(t *transaction) error { return t.setLocal(name, sealed) })
}

func (t *transaction) setLocal(name string, sealed []byte) error {
	if sealed == nil {
		return t.change("remove local value", `DELETE FROM local_value WHERE name = ?`, name)
	}
	return t.change("write local value", `INSERT OR REPLACE INTO local_value (name, value) VALUES (?, ?)`, name, sealed)
}

// Locals returns all values that this device keeps for itself, sealed, by name. vault.ErrRekeyed as of View.
func (s *Store) Locals(ctx context.Context) (values map[string][]byte, err error) {
	err = s.opened(ctx, func(t *transaction) error {
		values, err = t.locals()
		return err
	})
	return values, err
}

// locals are all values that the device keeps for itself.
func (t *transaction) locals() (map[string][]byte, error) {
	values := map[string][]byte{}
	err := t.rows("read local values", `SELECT name, value FROM local_value`, nil, func(rows *sql.Rows) error {
		var name string
		var value []byte
		if err := rows.Scan(&name, &value); err != nil {
			return fmt.Errorf("read local values: %w", err)
		}
		values[name] = value
		return nil
	})
	return values, err
}
