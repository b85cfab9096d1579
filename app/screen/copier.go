package screen

import (
	"context"
	"time"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
)

// copier hands texts to the clipboard one after the other, off the UI goroutine: of two copies the later one stays.
type copier struct {
	clipboard Clipboard
	run       *Runner
	owner     id.ID // the account from which the last text was copied
	busy      bool
	next      func() error // what to do when the present call has ended
	drop      func()       // wipes what next would have copied
	done      func(error)
}

func newCopier(env *Env) *copier {
	return &copier{clipboard: env.Clipboard, run: NewRunner(env.Post, env.Clock)}
}

// copy takes ownership of a text of an account. done is called on the UI goroutine, unless another copy came in between.
func (c *copier) copy(owner id.ID, text secret.Bytes, clearAfter time.Duration, done func(error)) {
	c.owner = owner
	c.enqueue(func() error {
		defer text.Wipe()
		return c.clipboard.Copy(text, clearAfter)
	}, text.Wipe, done)
}

// clear takes back what was copied, if it is still there.
func (c *copier) clear(done func(error)) {
	c.enqueue(c.clipboard.Clear, func() {}, done)
}

// clearOf is clear, unless the last text was copied from another account.
func (c *copier) clearOf(account id.ID, done func(error)) {
	if c.owner.IsZero() || c.owner == account {
		c.clear(done)
	}
}

func (c *copier) enqueue(next func() error, drop func(), done func(error)) {
	if c.next != nil {
		c.drop()
	}
	c.next, c.drop, c.done = next, drop, done
	if !c.busy {
		c.step()
	}
}

func (c *copier) step() {
	work, done := c.next, c.done
	c.busy, c.next = true, nil
	Run(c.run, func(context.Context) (struct{}, error) { return struct{}{}, work() }, func(_ struct{}, err error) {
		c.busy = false
		if c.next != nil {
			c.step()
			return
		}
		done(err)
	})
}
