package sqlite

import (
	"context"
	"errors"
	"fmt"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/internal/sqlite"
	"github.com/coffer-vault/coffer/vault"
)

// A damaged file is read row by row, without SQLite (internal/sqlite.Remains). What a row is, is told by its columns; that it is as it was
// written, by the hashes of its envelopes; that it is genuine, by who opens these.

// Salvaged says what was read out of a damaged file.
type Salvaged struct {
	Edits  int  // objects with an edit that waits for the server
	Locals bool // local values could be read; every file has some
}

// Salvage adds to the vault file to, which may be a backup or not be there, the objects and local values of a damaged one and, if need be,
// its account.
// Nothing vouches for the new file: it has to be mended (Mend). Errors: ErrNoAccount where neither file says whose it is, and those of
// vault.Store.
func Salvage(ctx context.Context, damaged, to string, account id.ID) (Salvaged, error) {
	found, err := survey(damaged, account)
	if err != nil {
		return Salvaged{}, fmt.Errorf("read damaged vault file: %w", classify(err))
	}
	s, err := open(ctx, to)
	if err != nil {
		return Salvaged{}, err
	}
	defer s.Close()
	w := &salvaging{found: found, result: Salvaged{Locals: len(found.locals) > 0}}
	err = s.transact(ctx, func(t *transaction) error {
		w.transaction = t
		return w.run(damaged)
	})
	if err != nil {
		return Salvaged{}, fmt.Errorf("salvage vault file: %w", err)
	}
	return w.result, nil
}

// DamagedAccount reads whose a damaged file is. Errors: ErrNoAccount, and the system's.
func DamagedAccount(path string, account id.ID) (vault.Account, error) {
	found, err := survey(path, account)
	if err == nil && found.account == nil {
		err = ErrNoAccount
	}
	if err != nil {
		return vault.Account{}, fmt.Errorf("read damaged vault file: %w", err)
	}
	return *found.account, nil
}

// surveyed is what has to be known of a damaged file before its objects are read.
type surveyed struct {
	account *vault.Account
	vaults  map[id.ID]int     // how many objects are in each: a damaged row may name any
	locals  map[string][]byte // by name, sealed
}

func survey(path string, account id.ID) (surveyed, error) {
	found := surveyed{vaults: map[id.ID]int{}, locals: map[string][]byte{}}
	err := sqlite.Remains(path, func(columns []any) error {
		if a, ok := accountOf(columns); ok && a.ID == account {
			found.account = &a
		}
		if v, _, ok := objectOf(columns); ok {
			found.vaults[v]++
		}
		if name, sealed, ok := localOf(columns); ok {
			found.locals[name] = sealed
		}
		return nil
	})
	return found, err
}

// accountOf reads a row of the table account.
func accountOf(columns []any) (a vault.Account, ok bool) {
	if len(columns) != 13 || columns[0] != nil {
		return a, false
	}
	generation, ok := columns[4].(int64)
	if columns[12] == nil {
		columns[12] = []byte(nil)
	}
	a.Generation = uint32(generation)
	ok = ok && generation >= 0 && fill(columns[1:4], &a.ID, &a.Email, &a.Origin) &&
		fill(columns[5:], &a.Profile, &a.SealedAccountKey, &a.SealedIdentity, &a.Device, &a.DeviceName, &a.SealedDeviceSeed,
			&a.SealedAnchor, &a.SealedSession)
	return a, ok
}

// fill puts columns where they belong; false where one is of another type.
func fill(columns []any, into ...any) bool {
	for i, target := range into {
		switch target := target.(type) {
		case *id.ID:
			if scanFixed(target[:], columns[i]) != nil {
				return false
			}
		case *string:
			text, ok := columns[i].(string)
			if *target = text; !ok {
				return false
			}
		case *[]byte:
			blob, ok := columns[i].([]byte)
			if *target = blob; !ok {
				return false
			}
		}
	}
	return true
}

// localOf reads a row of the table local_value.
func localOf(columns []any) (name string, sealed []byte, ok bool) {
	ok = len(columns) == 2 && fill(columns, &name, &sealed)
	return name, sealed, ok
}

// objectOf reads a row of the table object, which has the versions' envelopes at its end.
func objectOf(columns []any) (v id.ID, o vault.Object, ok bool) {
	if len(columns) != 14 || !fill(columns, &v, &o.ID) {
		return v, o, false
	}
	versions := [3]*vault.Version{}
	for n := range versions {
		if versions[n], ok = versionOf(columns[2+3*n:5+3*n], columns[11+n]); !ok {
			return v, o, false
		}
	}
	if versions[0] == nil && versions[1] == nil {
		return v, o, false
	}
	if versions[0] != nil {
		o.Base = *versions[0]
	}
	o.Pending, o.Ancestor = versions[1], versions[2]
	return v, o, true
}

// versionOf reads a version, nil for none; false for columns that are of no version. Of an envelope that is not the one it was, nothing
// is left.
func versionOf(columns []any, envelope any) (*vault.Version, bool) {
	if columns[0] == nil && columns[1] == nil && columns[2] == nil {
		return nil, true
	}
	revision, ok1 := columns[0].(int64)
	state, ok2 := columns[1].(int64)
	sealed, ok3 := envelope.([]byte)
	v := &vault.Version{Revision: uint64(revision), State: vault.State(state)}
	if !ok1 || !ok2 || !ok3 && envelope != nil || scanFixed(v.Hash[:], columns[2]) != nil || revision < 1 {
		return nil, false
	}
	if v.State != vault.Live && v.State != vault.Dead {
		return nil, false
	}
	if v.State == vault.Live && sealed != nil && vault.EnvelopeHash(sealed) == v.Hash {
		v.Envelope = sealed
	}
	return v, true
}

// lost tells whether a version was damaged: of an edit there is nothing without its envelope.
func lost(v *vault.Version) bool { return v != nil && v.State == vault.Live && v.Envelope == nil }

// sentOf reads a row of the table outbox_object: an edit that was being sent.
func sentOf(columns []any) (o vault.Object, ok bool) {
	var v id.ID
	if len(columns) != 6 || !fill(columns, &v, &o.ID) {
		return o, false
	}
	o.Pending, ok = versionOf(columns[2:5], columns[5])
	return o, ok && o.Pending != nil && o.Pending.State == vault.Live && o.Pending.Envelope != nil
}

// salvaging is the transaction that writes the new file.
type salvaging struct {
	*transaction
	found  surveyed
	vault  id.ID
	result Salvaged
	edits  map[id.ID]bool
}

func (w *salvaging) run(damaged string) error {
	if err := w.begin(); err != nil {
		return err
	}
	w.edits = map[id.ID]bool{}
	err := sqlite.Remains(damaged, func(columns []any) error {
		if _, o, ok := objectOf(columns); ok {
			return w.object(o)
		}
		return nil
	})
	if err != nil {
		return err
	}
	err = sqlite.Remains(damaged, func(columns []any) error {
		if o, ok := sentOf(columns); ok {
			return w.sent(o)
		}
		return nil
	})
	w.result.Edits = len(w.edits)
	return err
}

// begin sees to it that the new file has an account, and the vault that the objects are of.
func (w *salvaging) begin() error {
	for n := range w.dirty {
		w.dirty[n] = true // nothing is compared: the file is not vouched for
	}
	_, err := w.account()
	if errors.Is(err, ErrNoAccount) && w.found.account != nil {
		err = w.setAccount(*w.found.account)
	}
	for name, sealed := range w.found.locals {
		if err == nil {
			err = w.setLocal(name, sealed)
		}
	}
	if err != nil {
		return err
	}
	keys, err := w.vaults()
	if err != nil {
		return err
	}
	if len(keys) > 0 {
		w.vault = keys[0].Vault
		return nil
	}
	for v, objects := range w.found.vaults {
		if objects > w.found.vaults[w.vault] {
			w.vault = v
		}
	}
	if w.vault.IsZero() {
		return nil // no object was found
	}
	return w.admit(w.vault)
}

// admit has the file know a vault, whose key comes with Mend.
func (t *transaction) admit(v id.ID) error {
	return t.change("write vault", `INSERT OR IGNORE INTO vault (vault_id, epoch, sealed_key) VALUES (?, 0, x'')`, v[:])
}

// Admit has a file that is to be mended know a vault of which nothing was left in it. Errors as of Update.
func (s *Store) Admit(ctx context.Context, v id.ID) error {
	return s.transact(ctx, func(t *transaction) error { return t.admit(v) })
}

// object takes an object over. Where its edit is damaged, what was read of it before stays: an earlier content of the same page.
func (w *salvaging) object(o vault.Object) error {
	if lost(o.Pending) {
		if before, found, err := w.Object(w.vault, o.ID); err != nil || found && before.Pending != nil {
			return err
		}
		o.Pending = nil
	}
	if lost(o.Ancestor) {
		o.Ancestor = nil
	}
	if o.Base.Revision == 0 && o.Pending == nil {
		return nil
	}
	if o.Pending != nil {
		w.edits[o.ID] = true
	} else {
		delete(w.edits, o.ID)
	}
	return w.Put(w.vault, o)
}

// sent takes an edit over that was being sent and is not in the table of the objects any more.
func (w *salvaging) sent(o vault.Object) error {
	here, found, err := w.Object(w.vault, o.ID)
	if err != nil || found && (here.Pending != nil || here.Base.Revision >= o.Pending.Revision) {
		return err
	}
	if found {
		here.Pending = o.Pending
		o = here
	}
	w.edits[o.ID] = true
	return w.Put(w.vault, o)
}
