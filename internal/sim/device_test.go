package sim

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/coffer-vault/coffer/app/platform"
	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
)

// device is a computer with the real app on it, but for the window. What outlives a kill is its folder and its keyring.
type device struct {
	w       *world
	name    string
	home    string
	keyring *keyring
	offset  time.Duration // of its clock
	link    *link

	account  id.ID    // zero: not enrolled
	*program          // that its user works with
	other    *program // on the same profile

	fuse  int       // moments until it is killed; 0: it is not
	quiet bool      // reading the clock is no such moment
	dead  *survivor // set once it is killed, until the step is over
	kit   string    // from which it was enrolled
	fresh bool      // enrolled, and its user has not confirmed what it shows
	batch id.ID     // the last import
	last  id.ID     // the item that was edited last
	// removed says that a change which ends this device was begun somewhere.
	removed bool
}

// survivor is what is left after a kill.
type survivor struct {
	disk    disk
	keyring *keyring
	at      string
}

func (d *device) paths() platform.Paths {
	paths, err := platform.PathsBelow(d.home)
	if err != nil {
		panic(err) // only a process without a working folder gets here
	}
	return paths
}

// boot starts the programs, locked.
func (d *device) boot() {
	d.keyring.d = d
	config := session.Config{
		Paths: d.paths(), Keyring: d.keyring, Transport: d.link, DeviceName: d.name, Platform: "linux", Now: d.now, After: d.w.timer, Driven: true,
	}
	d.program, d.other = &program{manager: session.New(config)}, &program{manager: session.New(config)}
}

// now is the device's clock. It is read everywhere, which makes it a moment at which the device may be killed.
func (d *device) now() time.Time {
	if !d.quiet {
		d.event("clock")
	}
	return d.w.now.Add(d.offset)
}

// event is one moment between two things that outlive the process: the places at which a kill makes a difference.
func (d *device) event(at string) {
	if d.fuse == 0 {
		return
	}
	if d.fuse--; d.fuse == 0 {
		d.die(at)
	}
}

// die keeps what the disk and the keyring have at this moment. The process goes on with what is given up, since a call cannot be left
// from inside; it reaches neither the server nor what is kept.
func (d *device) die(at string) {
	if d.dead != nil {
		return
	}
	d.fuse = 0
	kept, err := readDisk(d.home)
	if err != nil {
		d.w.fail("disk", err)
	}
	d.dead = &survivor{disk: kept, keyring: d.keyring.clone(), at: at}
}

// bury ends the programs on a computer that was killed. It tells whether it was.
func (d *device) bury() bool {
	d.fuse = 0
	if d.dead == nil {
		return false
	}
	d.w.note("  %s is killed (%s)", d.name, d.dead.at)
	left := d.dead
	d.both(d.lock)
	if err := left.disk.restore(d.home); err != nil {
		d.w.fail("disk", err)
	}
	d.keyring = left.keyring
	d.dead = nil
	d.boot()
	return true
}

// lock ends the program in good order.
func (d *device) lock() {
	if d.u != nil {
		d.u.Lock()
	}
	d.u, d.editor = nil, nil
}

// open unlocks the vault if it is not. The user knows every password that he typed for the account, and not which is in force here.
func (d *device) open() bool {
	if d.u != nil && !d.focus() {
		d.lock()
	}
	if d.u != nil || d.account.IsZero() {
		return d.u != nil
	}
	err := d.unlock(func(password string) (*session.Unlocked, error) {
		return d.manager.Unlock(d.w.ctx, d.account, typed(password))
	})
	if errors.Is(err, session.ErrKeyringLost) && len(d.manager.PendingRecoveries()) > 0 { // killed while it recovered
		return d.w.goOn(d)
	}
	if errors.Is(err, session.ErrKeyringLost) && d.kit != "" { // killed while it was enrolled
		err = d.unlock(func(password string) (*session.Unlocked, error) {
			return d.manager.UnlockWithSecretKey(d.w.ctx, d.account, typed(password), d.kit)
		})
	}
	if d.dead != nil {
		return false
	}
	if err != nil {
		d.w.fail("unlock", fmt.Errorf("%s: %w", d.name, err))
		return false
	}
	d.confirm()
	d.w.model.checkOwn(d)
	return true
}

// confirm has a person say that a new device shows the vault as he left it. It has to ask.
func (d *device) confirm() {
	asks := d.u.Status().Notices.Confirm
	if asks != d.fresh {
		d.w.fail("confirm", fmt.Errorf("%s asks whether its state is the newest: %v", d.name, asks))
	}
	if !asks {
		return
	}
	if err := d.u.ConfirmEnrolment(d.w.ctx); err != nil {
		d.w.fail("confirm", err)
	}
	d.fresh = d.dead != nil
}

// unlock tries every password, the newest first.
func (d *device) unlock(with func(password string) (*session.Unlocked, error)) (err error) {
	for _, password := range slices.Backward(d.w.passwords) {
		if d.u, err = with(password); !errors.Is(err, session.ErrWrongPassword) {
			break
		}
	}
	return err
}

// password is the one that this device takes now.
func (d *device) password() string {
	for _, password := range slices.Backward(d.w.passwords) {
		err := d.u.CheckPassword(d.w.ctx, typed(password))
		if err == nil {
			return password
		}
		if !errors.Is(err, session.ErrWrongPassword) {
			d.w.fail("password", err)
		}
	}
	d.w.fail("password", fmt.Errorf("%s takes no password", d.name))
	return d.w.passwords[0]
}

func typed(text string) secret.Bytes { return secret.FromString(text) }

// keyring is the one of the operating system: what is saved outlives a kill.
type keyring struct {
	d       *device
	entries map[id.ID]platform.DeviceSecrets
}

func newKeyring() *keyring { return &keyring{entries: map[id.ID]platform.DeviceSecrets{}} }

func (k *keyring) clone() *keyring {
	other := newKeyring()
	for account, d := range k.entries {
		other.entries[account] = cloneSecrets(d)
	}
	return other
}

func cloneSecrets(d platform.DeviceSecrets) platform.DeviceSecrets {
	d.SecretKey, d.DeviceSeed, d.Anchor = d.SecretKey.Clone(), d.DeviceSeed.Clone(), d.Anchor.Clone()
	d.Next.SecretKey = d.Next.SecretKey.Clone()
	return d
}

// Load implements session.Keyring.
func (k *keyring) Load(_ context.Context, _ string, account id.ID) (platform.DeviceSecrets, error) {
	d, ok := k.entries[account]
	if !ok {
		return d, platform.ErrNotFound
	}
	return cloneSecrets(d), nil
}

// Save implements session.Keyring.
func (k *keyring) Save(_ context.Context, _ string, account id.ID, d platform.DeviceSecrets) error {
	k.d.event("keyring")
	k.entries[account] = cloneSecrets(d)
	k.d.event("keyring written")
	return nil
}

// Delete implements session.Keyring.
func (k *keyring) Delete(_ context.Context, _ string, account id.ID) error {
	delete(k.entries, account)
	return nil
}
