package sqlite

import (
	"context"
	"fmt"
	"slices"

	"github.com/coffer-vault/coffer/vault"
)

// UseKeys says of which generation of the credentials the keys are that the caller opens and seals with. Once another program has put
// other keys in their place, every View and every change of the file fails with vault.ErrRekeyed: nothing is written under keys that are
// not in force any more.
func (s *Store) UseKeys(generation uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inUse = []uint32{generation}
}

// checkKeys compares the keys that are in use here with those of the file. Of a store that nobody has unlocked there is nothing to compare.
func (s *Store) checkKeys(t *transaction) error {
	s.mu.Lock()
	inUse := s.inUse
	s.mu.Unlock()
	if inUse == nil {
		return nil
	}
	var generation uint32
	if _, err := t.row("read account", `SELECT generation FROM account`, nil, &generation); err != nil {
		return err
	}
	if !slices.Contains(inUse, generation) {
		return vault.ErrRekeyed
	}
	return nil
}

// alsoUse lets the next keys be met while they take their place, and returns what ends that.
func (s *Store) alsoUse(generation uint32) (settle func(error)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.inUse
	if before == nil {
		return func(error) {}
	}
	s.inUse = []uint32{before[0], generation}
	return func(err error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.inUse = before; err == nil {
			s.inUse = []uint32{generation}
		}
	}
}

// Reseal makes what is kept of all local values, by name, from what was.
type Reseal func(values map[string][]byte) (map[string][]byte, error)

// Rekey puts an account's new keys in the place of the old ones, all or nothing: account row, vault keys and account log become those
// of c, and the local values what reseal makes of them. Errors as of Update, and reseal's own.
func (s *Store) Rekey(ctx context.Context, c Contents, reseal Reseal) error {
	settle := s.alsoUse(c.Account.Generation)
	err := s.update(ctx, func(t *transaction) error {
		if err := t.replace(c); err != nil {
			return err
		}
		return t.resealLocals(reseal)
	})
	settle(err)
	if err != nil {
		return fmt.Errorf("change keys in vault file: %w", err)
	}
	return nil
}

func (t *transaction) resealLocals(reseal Reseal) error {
	before, err := t.locals()
	if err != nil {
		return err
	}
	after, err := reseal(before)
	if err != nil {
		return err
	}
	return t.setLocals(after)
}

// setLocals puts these local values in the place of all that are there.
func (t *transaction) setLocals(values map[string][]byte) error {
	if err := t.change("remove local values", `DELETE FROM local_value`); err != nil {
		return err
	}
	for name, sealed := range values {
		if err := t.setLocal(name, sealed); err != nil {
			return err
		}
	}
	return nil
}
