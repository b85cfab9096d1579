package sim

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/vault"
)

const (
	address       = "anna@coffer.test"
	firstPassword = "password-0"
)

// template is a world in which an account has its first devices in step: to sign up takes longer than a history. All histories that begin
// with it are played in its folder, one after the other.
type template struct {
	w      *world
	secret cloud.Secret
	disk   disk
}

// makeTemplate signs up on one device, and in on the others with the code that is mailed. One more device is there without an account.
func makeTemplate(t *testing.T, dir string, enrolled int) (*template, error) {
	w := newWorld(t, dir)
	w.reseed(uint64(enrolled))
	p := &template{w: w, secret: cloud.NewSecret()}
	var err error
	if w.server, err = startServer(filepath.Join(dir, "server"), w.clock, w.timer, p.secret); err != nil {
		return nil, err
	}
	w.passwords = []string{firstPassword}
	for i := range enrolled + 1 {
		w.addDevice(string(rune('A' + i))).boot()
	}
	if err := w.signUp(w.devices[0]); err != nil {
		return nil, err
	}
	w.settleIn(w.devices[0])
	for _, d := range w.devices[1:enrolled] {
		w.join(d, w.devices[0])
	}
	for _, d := range w.devices[:enrolled] {
		w.sync(d)
		d.lock()
	}
	if w.failure != nil {
		return nil, w.failure
	}
	err = w.server.store.Close()
	if err == nil {
		p.disk, err = readDisk(dir)
	}
	return p, err
}

func (w *world) signUp(d *device) error {
	s, err := d.manager.BeginSignUp(w.ctx, origin, address)
	if err != nil {
		return err
	}
	code, err := w.server.mailed(address)
	if err == nil {
		err = s.Verify(w.ctx, code)
	}
	if err != nil {
		return err
	}
	if d.u, err = s.Finish(w.ctx, typed(firstPassword)); err != nil {
		return err
	}
	d.account = d.u.Account().ID
	w.account, w.vault = d.account, d.u.Vault().ID()
	w.keepKits()
	return d.u.KitSaved(w.ctx)
}

// settleIn types what every history begins with.
func (w *world) settleIn(d *device) {
	w.random = rand.New(rand.NewPCG(1, 1))
	for _, kind := range []vault.Kind{vault.Login, vault.Login, vault.Note} {
		w.create(d, kind)
	}
	w.makeFolder(d)
	w.sync(d)
}

// open makes a world of what was kept.
func (p *template) open(t *testing.T) (*world, error) {
	if err := p.disk.restore(p.w.dir); err != nil {
		return nil, err
	}
	w := newWorld(t, p.w.dir)
	w.now, w.account, w.vault = p.w.now, p.w.account, p.w.vault
	w.passwords, w.codes = append(w.passwords, p.w.passwords...), append(w.codes, p.w.codes...)
	for _, original := range p.w.devices {
		d := w.addDevice(original.name)
		d.account, d.keyring = original.account, original.keyring.clone()
		d.boot()
	}
	w.model.copyFrom(p.w.model)
	var err error
	w.server, err = startServer(p.w.server.dir, w.clock, w.timer, p.secret)
	return w, err
}

func (m *model) copyFrom(other *model) {
	twins := map[*write]*write{}
	for _, original := range other.typed {
		w := *original
		for _, d := range m.w.devices {
			if d.name == original.device.name {
				w.device = d
			}
		}
		w.replaced = nil
		for _, replaced := range original.replaced {
			w.replaced = append(w.replaced, twins[replaced])
		}
		twins[original] = &w
		m.add(&w)
	}
}

// join enrols a device with the kit that the other device shows, and with the mailed code, as often as the network lets it down.
func (w *world) join(d, from *device) {
	d.kit = from.u.SecretKey()
	s, err := d.manager.BeginSignIn(w.ctx, origin, address, typed(from.password()), d.kit)
	if err != nil {
		w.expect(d, "sign in", err, session.ErrProofFailed, session.ErrAlreadyHere)
		return
	}
	if s.CodeNeeded() && !w.typeCode(d, s.Verify) {
		return
	}
	d.fresh = true
	for range 3 {
		if d.u, err = s.Finish(w.ctx, nil); err == nil || d.dead != nil {
			break
		}
		w.expect(d, "finish", err, session.ErrKeysChanged, session.ErrSignedOut, session.ErrProofFailed, session.ErrCodeExpired)
	}
	w.note("  %s joins: %v", d.name, err)
	if d.dead == nil {
		d.find()
	}
	if err == nil && d.dead == nil {
		d.confirm()
	}
}

// typeCode has a person type the code that was mailed last, and tells whether it was taken. The keys may be others by then.
func (w *world) typeCode(d *device, verify func(context.Context, string) error) bool {
	code, err := w.server.mailed(address)
	if err == nil {
		err = verify(w.ctx, code)
	}
	w.expect(d, "verify", err, session.ErrCodeExpired, session.ErrProofFailed)
	return err == nil
}

// find looks whether an enrolment has left an account on the device.
func (d *device) find() {
	accounts := d.manager.Accounts()
	if len(accounts) > 1 {
		d.w.fail("join", fmt.Errorf("%d accounts on %s", len(accounts), d.name))
	}
	if len(accounts) > 0 {
		d.account = accounts[0].ID
	}
}
