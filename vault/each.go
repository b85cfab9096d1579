package vault

import (
	"context"
	"fmt"
	"sync"
)

// Each opens every item, those in the trash included, and calls f with one after the other, in no order; f's first error ends it.
// An item is wiped when f returns: Clone what is to be kept. What does not open is left out.
// Errors: f's, ErrClosed, the context's, and the Store's.
func (v *Vault) Each(ctx context.Context, f func(*Item) error) error {
	leave, err := v.begin()
	if err != nil {
		return err
	}
	defer leave()
	ctx, cancel := v.untilClosed(ctx)
	defer cancel()
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var one sync.Mutex
	err = v.cfg.Store.View(ctx, func(r Reader) error {
		produce := func(yield func(Object) error) error { return r.Objects(v.cfg.Vault, yield) }
		return inParallel(ctx, chunkSize, produce, func(chunk []Object) {
			for _, o := range chunk {
				if err := v.visit(ctx, o, &one, f); err != nil {
					stop(err)
					return
				}
			}
		})
	})
	if err != nil {
		return fmt.Errorf("read items: %w", cause(ctx, err))
	}
	return nil
}

// visit opens an object in parallel with others and calls f alone.
func (v *Vault) visit(ctx context.Context, o Object, one *sync.Mutex, f func(*Item) error) error {
	it, err := v.current(o)
	if err != nil || it.Kind.aside() {
		return nil
	}
	defer it.Wipe()
	one.Lock()
	defer one.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	return f(&it)
}
