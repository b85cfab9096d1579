package engine

import (
	"context"
	"fmt"

	"github.com/coffer-vault/coffer/sync/chain"
)

// GoesThrough checks that the history which was verified here goes through a commit that another device of the account vouches for: an
// older state, or another one, is refused though it is sound in itself. Seq 0 vouches for nothing. Errors: a *Violation of ErrRolledBack
// or ErrForked, and those of Sync.
func (e *Engine) GoesThrough(ctx context.Context, at chain.Head) error {
	if at.Seq == 0 {
		return nil
	}
	if err := e.load(ctx); err != nil {
		return err
	}
	if _, err := e.between(ctx, at, e.at.Head); err != nil {
		return fmt.Errorf("state that another device vouches for: %w", err)
	}
	return nil
}
