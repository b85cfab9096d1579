package sqlite

import "context"

// EditLocal changes a value that this device keeps for itself, in one transaction: edit is given what there is, nil for nothing, and
// returns what is to be kept instead, nil for nothing. Errors as of Update, and edit's own: then nothing is changed.
func (s *Store) EditLocal(ctx context.Context, name string, edit func(sealed []byte) ([]byte, error)) error {
	return s.update(ctx, func(t *transaction) error {
		var before []byte
		if _, err := t.row("read local value", `SELECT value FROM local_value WHERE name = ?`, []any{name}, &before); err != nil {
			return err
		}
		after, err := edit(before)
		if err != nil {
			return err
		}
		return t.setLocal(name, after)
	})
}
