package sqlite

import (
	"context"
	"fmt"
)

// Reseal makes what is kept of one local value from what was; nil removes it.
type Reseal func(name string, sealed []byte) ([]byte, error)

// Rekey puts an account's new keys in the place of the old ones, all or nothing: account row, vault keys and account log become those
// of c, and every local value what reseal makes of it. Errors as of Update, and reseal's own.
func (s *Store) Rekey(ctx context.Context, c Contents, reseal Reseal) error {
	err := s.update(ctx, func(t *transaction) error {
		if err := t.replace(c); err != nil {
			return err
		}
		return t.resealLocals(reseal)
	})
	if err != nil {
		return fmt.Errorf("change keys in vault file: %w", err)
	}
	return nil
}

func (t *transaction) resealLocals(reseal Reseal) error {
	locals, err := t.locals()
	if err != nil {
		return err
	}
	for name, before := range locals {
		after, err := reseal(name, before)
		if err == nil {
			err = t.setLocal(name, after)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
