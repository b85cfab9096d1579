package sqlite

import (
	"context"
	"fmt"
)

// Reseal makes what is kept of all local values, by name, from what was.
type Reseal func(values map[string][]byte) (map[string][]byte, error)

// Rekey puts an account's new keys in the place of the old ones, all or nothing: account row, vault keys and account log become those
// of c, and the local values what reseal makes of them. Errors as of Update, and reseal's own.
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
	before, err := t.locals()
	if err != nil {
		return err
	}
	after, err := reseal(before)
	if err != nil {
		return err
	}
	if err := t.change("remove local values", `DELETE FROM local_value`); err != nil {
		return err
	}
	for name, sealed := range after {
		if err := t.setLocal(name, sealed); err != nil {
			return err
		}
	}
	return nil
}
