package sim

import (
	"errors"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/vault"
)

// program is one of two on a computer's profile: the app, or another beside it, as cofferctl is.
type program struct {
	manager *session.Manager
	u       *session.Unlocked // nil: locked, or not running
	editor  *vault.Item       // open on the screen
	brought int               // network.changes when this was brought in step
}

// beside has the other program on the computer be the one that does something.
func (d *device) beside(act func()) {
	d.program, d.other = d.other, d.program
	act()
	d.program, d.other = d.other, d.program
}

// both does something with each program on the computer.
func (d *device) both(act func()) {
	act()
	d.beside(act)
}

// second is one thing that is done in the other program, which is left open or not.
func (w *world) second(d *device) {
	d.beside(func() {
		if !d.open() {
			return
		}
		w.note("  in the second program of %s:", d.name)
		acts := []func(*world, *device){
			(*world).edit, (*world).arrange, (*world).look, (*world).saveEditor, (*world).attach, (*world).remove, (*world).importSome, (*world).carry,
		}
		if at := w.random.IntN(2 * len(acts)); at < len(acts) {
			acts[at](w, d)
		} else {
			w.sync(d)
		}
		if w.random.IntN(2) == 0 {
			d.lock()
		}
	})
}

// focus is a person who comes back to an open program: it shows what the other has written. False where that has changed the keys, and
// the vault has to be unlocked again.
func (d *device) focus() bool {
	if !d.w.together {
		return true
	}
	d.manager.Refresh(d.w.ctx)
	_, err := d.u.Vault().Pin(d.w.ctx)
	return !errors.Is(err, vault.ErrRekeyed)
}
