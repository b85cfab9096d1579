package enrol

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/kdf"
	"github.com/coffer-vault/coffer/crypto/keys"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/crypto/signing"
	"github.com/coffer-vault/coffer/crypto/wrap"
	"github.com/coffer-vault/coffer/sync/chain"
	"github.com/coffer-vault/coffer/sync/proof"
	"github.com/coffer-vault/coffer/sync/wire"
)

const password, newPassword = "correct horse", "battery staple"

// pair is an account on two PCs: A makes the changes, B learns of them.
type pair struct {
	t        testing.TB
	a, b     Opened
	master   keys.AccountMaster
	recovery keys.RecoveryCode
}

func newPair(t testing.TB) *pair {
	t.Helper()
	n, device := create(t)
	second := NewDevice("PC B", "linux")
	entry, err := n.Account.Log.Next(n.Account.Identity.Sign, 1, second.Entry())
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Account.Log.Append(entry); err != nil {
		t.Fatal(err)
	}
	n.Bundle.Log, n.Bundle.SealedRecovery = n.Account.Log.Entries(-1), nil
	p := &pair{t: t, master: n.Master, recovery: n.RecoveryCode}
	heads := []chain.VaultHead{{Vault: n.Account.Vault.ID, Seq: 7, Hash: chain.Hash{7}}}
	p.a = Opened{Account: n.Account, Bundle: n.Bundle, SecretKey: n.SecretKey, Device: device, Heads: heads, Now: time.UnixMilli(5)}
	opened, err := Open(n.Bundle, n.Master)
	if err != nil {
		t.Fatal(err)
	}
	p.b = Opened{Account: opened, Bundle: n.Bundle, SecretKey: n.SecretKey, Device: second, Heads: heads, Now: time.UnixMilli(6)}
	return p
}

func text(s string) secret.Bytes { return secret.FromString(s) }

// received is what the server then gives to a device.
func (p *pair) received(c *Change, b Bundle, device id.ID) wire.KeyBundle {
	w := wire.KeyBundle{
		AccountID: b.Account.String(), Generation: uint64(b.Generation), Profile: b.Profile, SealedAccount: b.SealedAccount,
		SealedIdentity: b.SealedIdentity, Log: EntriesToWire(b.Log),
	}
	for _, v := range b.Vaults {
		w.Vaults = append(w.Vaults, wire.SealedVault{VaultID: v.Vault.String(), Epoch: v.Epoch, SealedVault: v.Key, SealedPrevious: v.Previous})
	}
	for _, d := range c.Wire().Wraps {
		if d.DeviceID == device.String() {
			w.Wrap = &d.Wrap
		}
	}
	return w
}

// adoption is what device B has in hand after a change by A.
func (p *pair) adoption(c *Change, password string) Adoption {
	p.t.Helper()
	log := p.b.Account.Log.Clone()
	if err := log.AppendAll(c.Entries); err != nil {
		p.t.Fatal(err)
	}
	return Adoption{
		Log: log, Received: p.received(c, c.Apply(p.b.Bundle), p.b.Device.ID), Device: p.b.Device, Password: text(password),
		Kept: p.b.SecretKey, KeptAt: p.b.Bundle.Generation, Pinned: kdf.Default,
	}
}

type builder struct {
	name         string
	make         func(p *pair) (*Change, error)
	password     string
	newSecretKey bool
	rotates      bool
}

var builders = []builder{
	{"password", func(p *pair) (*Change, error) {
		return p.a.ChangePassword(context.Background(), text(newPassword), kdf.Default)
	}, newPassword, false, false},
	{"Secret Key", func(p *pair) (*Change, error) {
		return p.a.NewSecretKey(context.Background(), text(password), kdf.Default)
	}, password, true, false},
	{"rotation", func(p *pair) (*Change, error) {
		return p.a.Rotate(context.Background(), text(password), kdf.Default)
	}, password, true, true},
	{"rotation with another password", func(p *pair) (*Change, error) {
		return p.a.Rotate(context.Background(), text(newPassword), kdf.Default)
	}, newPassword, true, true},
}

func (b builder) change(p *pair) *Change {
	p.t.Helper()
	c, err := b.make(p)
	if err != nil {
		p.t.Fatal(err)
	}
	return c
}

// The device that makes a change opens the account under the new keys, and not under the old ones.
func TestAChangeOpensForItsMaker(t *testing.T) {
	for _, b := range builders {
		t.Run(b.name, func(t *testing.T) {
			p := newPair(t)
			c := b.change(p)
			if p.a.Account.Log.Len() != 5 {
				t.Fatal("the change is in the log before the server has it")
			}
			bundle := c.Apply(p.a.Bundle)
			opened, err := Open(bundle, c.Master)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := Open(bundle, p.master); !errors.Is(err, ErrKey) {
				t.Errorf("under the old password: %v", err)
			}
			b.check(t, p, c, opened)
			again, err := keys.DeriveAccountMaster(context.Background(), text(b.password), c.SecretKey, c.Account, kdf.Default, c.Generation)
			if err != nil || again.LoginKey().Public() != c.Master.LoginKey().Public() || c.Generation != 2 {
				t.Errorf("password and Secret Key give other keys: %v", err)
			}
		})
	}
}

// check compares the account with the one before: what must be new, and what must stay.
func (b builder) check(t *testing.T, p *pair, c *Change, got *Account) {
	t.Helper()
	before := p.a.Account
	for what, isNew := range map[string]bool{
		"Secret Key": !c.SecretKey.Equal(p.a.SecretKey), "recovery code": !c.RecoveryCode.IsZero(), "wrap": len(c.Wraps) == 1,
	} {
		if isNew != b.newSecretKey {
			t.Errorf("%s is new: %v", what, isNew)
		}
	}
	for what, isNew := range map[string]bool{
		"account key": !got.Key.Equal(before.Key), "identity": got.Identity.Sign.Public() != before.Identity.Sign.Public(),
		"receive key": !got.Identity.Receive.Seed().Equal(before.Identity.Receive.Seed()), "vault key": !got.Vault.Key.Equal(before.Vault.Key),
		"identity number": got.Log.Identity().Number == 1, "epoch": got.Vault.Epoch == 2,
	} {
		if isNew != b.rotates {
			t.Errorf("%s is new: %v", what, isNew)
		}
	}
	if first, ok := got.Vault.At(1); !ok || !first.Equal(before.Vault.Key) {
		t.Error("the key of what is not sealed again is lost")
	}
	if _, ok := got.Vault.At(got.Vault.Epoch + 1); ok || got.Vault.ID != before.Vault.ID {
		t.Error("a vault key from nowhere")
	}
}

func TestAnotherDeviceAdopts(t *testing.T) {
	for _, b := range builders {
		t.Run(b.name, func(t *testing.T) {
			p := newPair(t)
			c := b.change(p)
			got, err := Adopt(t.Context(), p.adoption(c, b.password))
			if err != nil {
				t.Fatal(err)
			}
			if !got.SecretKey.Equal(c.SecretKey) || (len(got.Heads) == 1) != b.newSecretKey {
				t.Error("another Secret Key, or no heads")
			}
			b.check(t, p, c, got.Account)
			if _, err := Open(got.Bundle, got.Master); err != nil {
				t.Errorf("what is kept does not open: %v", err)
			}
			// And it can make the next change.
			next := Opened{Account: got.Account, Bundle: got.Bundle, SecretKey: got.SecretKey, Device: p.b.Device, Heads: p.b.Heads, Now: p.b.Now}
			if _, err := next.Rotate(t.Context(), text("third"), kdf.Default, p.a.Device.ID); err != nil {
				t.Errorf("the next change: %v", err)
			}
		})
	}
}

// Two changes while a device was away: the wrap is of the first, the password of the second.
func TestADeviceThatMissedTwoChangesAdopts(t *testing.T) {
	p := newPair(t)
	first := builders[2].change(p)
	p.a.Bundle = first.Apply(p.a.Bundle)
	opened, err := Open(p.a.Bundle, first.Master)
	if err != nil {
		t.Fatal(err)
	}
	p.a.Account, p.a.SecretKey = opened, first.SecretKey
	second := builders[0].change(p)
	in := p.adoption(first, newPassword)
	wrapped := in.Received.Wrap
	if err := in.Log.AppendAll(second.Entries); err != nil {
		t.Fatal(err)
	}
	in.Received = p.received(second, second.Apply(p.a.Bundle), p.b.Device.ID)
	in.Received.Wrap = wrapped
	got, err := Adopt(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	if got.Bundle.Generation != 3 || got.Account.Vault.Epoch != 2 {
		t.Errorf("generation %d, epoch %d", got.Bundle.Generation, got.Account.Vault.Epoch)
	}
	// The recovery code of the first change outlives the second.
	recovered := got.Bundle
	recovered.SealedRecovery, recovered.SealedAccount = first.SealedRecovery, nil
	if _, err := OpenRecovery(recovered, keys.DeriveRecoveryMaster(first.RecoveryCode, first.Account)); err != nil {
		t.Errorf("the recovery code ended with the password: %v", err)
	}
}

// Each of these is a server that changes one thing of what it hands on.
func TestAdoptRefuses(t *testing.T) {
	p, other := newPair(t), newPair(t)
	c := builders[2].change(p)
	foreign := builders[2].change(other)
	stranger := NewDevice("stranger", "linux")
	forged := p.a
	forged.Device = stranger
	byStranger, err := forged.wrapFor(p.adoption(c, password).Log, p.b.Device.Entry(), chain.WrapChange, keys.NewSecretKey(), 2)
	if err != nil {
		t.Fatal(err)
	}
	rename, err := p.a.Rename(p.a.Device.ID, "elsewhere")
	if err != nil {
		t.Fatal(err)
	}
	otherLog := p.a.Account.Log.Clone()
	if err := otherLog.AppendAll(rename.Entries); err != nil {
		t.Fatal(err)
	}
	elsewhere, err := p.a.wrapFor(otherLog, p.b.Device.Entry(), chain.WrapChange, c.SecretKey, 2)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name   string
		change func(*Adoption)
		want   error
	}{
		{"a wrap at a place of another log", func(a *Adoption) {
			a.Received.Wrap = &wire.Wrap{Wrap: elsewhere.Wrap, Signature: elsewhere.Signature}
		}, ErrBundle},
		{"the old password", func(a *Adoption) { a.Password = text("no") }, ErrKey},
		{"no wrap", func(a *Adoption) { a.Received.Wrap = nil }, ErrKey},
		{"another Secret Key typed", func(a *Adoption) { a.Typed = keys.NewSecretKey() }, ErrKey},
		{"a wrap by a stranger", func(a *Adoption) {
			a.Received.Wrap = &wire.Wrap{Wrap: byStranger.Wrap, Signature: byStranger.Signature}
		}, ErrBundle},
		{"a wrap of another account", func(a *Adoption) { a.Received.Wrap = &foreign.Wire().Wraps[0].Wrap }, ErrBundle},
		{"a wrap changed", func(a *Adoption) {
			spoiled := *a.Received.Wrap
			spoiled.Wrap = bytes.Clone(spoiled.Wrap)
			spoiled.Wrap[len(spoiled.Wrap)-1] ^= 1
			a.Received.Wrap = &spoiled
		}, ErrBundle},
		{"the generation before", func(a *Adoption) { a.Received.Generation = 1 }, ErrBundle},
		{"a weaker derivation", func(a *Adoption) { a.Received.Profile = "P1" }, ErrBundle},
		{"the sealed account key of before", func(a *Adoption) { a.Received.SealedAccount = p.b.Bundle.SealedAccount }, ErrKey},
		{"the identity of before", func(a *Adoption) { a.Received.SealedIdentity = p.b.Bundle.SealedIdentity }, ErrBundle},
		{"the vault keys of before", func(a *Adoption) { a.Received.Vaults = a.Received.Vaults[:1] }, ErrBundle},
		{"only the newest vault key", func(a *Adoption) { a.Received.Vaults = a.Received.Vaults[1:] }, ErrBundle},
		{"no way back to the older vault key", func(a *Adoption) { a.Received.Vaults[1].SealedPrevious = nil }, ErrBundle},
		{"the vault keys in another order", func(a *Adoption) {
			v := a.Received.Vaults
			a.Received.Vaults = []wire.SealedVault{v[1], v[0]}
		}, ErrBundle},
	} {
		t.Run(test.name, func(t *testing.T) {
			in := p.adoption(c, password)
			test.change(&in)
			if _, err := Adopt(t.Context(), in); !errors.Is(err, test.want) {
				t.Fatalf("got %v, want %v", err, test.want)
			}
		})
	}
}

// What the server says of the log does not count: the device has its own.
func TestAdoptBelievesItsOwnLog(t *testing.T) {
	p := newPair(t)
	c := builders[0].change(p)
	in := p.adoption(c, newPassword)
	in.Received.Log = nil
	if _, err := Adopt(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	// An older wrap, sent again, does not displace what the device has.
	in = p.adoption(c, newPassword)
	old, err := p.a.wrapFor(p.a.Account.Log, p.b.Device.Entry(), chain.WrapChange, keys.NewSecretKey(), 1)
	if err != nil {
		t.Fatal(err)
	}
	in.Received.Wrap = &wire.Wrap{Wrap: old.Wrap, Signature: old.Signature}
	if _, err := Adopt(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	in.Pinned = kdf.P3
	if _, err := Adopt(t.Context(), in); err == nil {
		t.Error("a profile below the pinned one was used")
	}
}

// A thief with the account key of before (a revoked device, unlocked) gets nothing of what comes after.
func TestRevocationShutsOut(t *testing.T) {
	p := newPair(t)
	c, err := p.a.Rotate(t.Context(), text(password), kdf.Default, p.b.Device.ID)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Wraps) != 0 {
		t.Error("the revoked device gets the new Secret Key")
	}
	bundle := c.Apply(p.a.Bundle)
	old := p.b.Account
	if _, err := keys.OpenIdentity(old.Key, bundle.SealedIdentity, bundle.Account, 1); err == nil {
		t.Error("the old account key opens the new identity")
	}
	if _, err := keys.OpenVaultKey(old.Key, bundle.Vaults[1].Key, bundle.Account, old.Vault.ID, 2); err == nil {
		t.Error("the old account key opens the new vault key")
	}
	if _, err := Adopt(t.Context(), p.adoption(c, password)); !errors.Is(err, ErrKey) {
		t.Errorf("the revoked device adopts: %v", err)
	}
	opened, err := Open(bundle, c.Master)
	if err != nil {
		t.Fatal(err)
	}
	if opened.Log.Floor(old.Vault.ID) != (chain.Head{Seq: 7, Hash: chain.Hash{7}}) {
		t.Error("the revocation does not name the verified head")
	}
}

func TestChangesThatCannotBeMade(t *testing.T) {
	p := newPair(t)
	ctx := t.Context()
	if _, err := p.a.Rotate(ctx, text(password), kdf.Default, p.a.Device.ID); !errors.Is(err, ErrOwnDevice) {
		t.Errorf("own device: %v", err)
	}
	if _, err := p.a.Rotate(ctx, text(password), kdf.Default, id.New()); !errors.Is(err, ErrNotLive) {
		t.Errorf("unknown device: %v", err)
	}
	if _, err := p.a.Rotate(ctx, text(password), kdf.Default, p.b.Device.ID, p.b.Device.ID); !errors.Is(err, ErrNotLive) {
		t.Errorf("a device twice: %v", err)
	}
	if _, err := p.a.Rename(id.New(), "x"); !errors.Is(err, ErrNotLive) {
		t.Errorf("rename: %v", err)
	}
	blind := p.a
	blind.Heads = nil
	if _, err := blind.Rotate(ctx, text(password), kdf.Default, p.b.Device.ID); !errors.Is(err, chain.ErrEntryBody) {
		t.Errorf("without verified heads: %v", err)
	}
	deaf := p.a
	deaf.Account.Log = deaf.Account.Log.Clone()
	add := NewDevice("old", "linux").Entry()
	add.Receive = chain.ReceiveKey{}
	b := deaf.begin()
	b.enter(add)
	if err := deaf.Account.Log.AppendAll(b.change.Entries); err != nil {
		t.Fatal(err)
	}
	if _, err := deaf.NewSecretKey(ctx, text(password), kdf.Default); !errors.Is(err, wrap.ErrPublicKey) {
		t.Errorf("a device that cannot receive: %v", err)
	}
}

func TestSmallChanges(t *testing.T) {
	p := newPair(t)
	rename, err := p.a.Rename(p.b.Device.ID, "Workshop")
	if err != nil {
		t.Fatal(err)
	}
	email, err := p.a.ChangeEmail("ada@example.org")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]*Change{"rename": rename, "email": email} {
		opened, err := Open(c.Apply(p.a.Bundle), p.master)
		if err != nil || len(c.Entries) != 1 || !c.SecretKey.IsZero() {
			t.Fatalf("%s: %v", name, err)
		}
		if name == "email" && opened.Log.Email() != chain.EmailHash(c.Account, "ada@example.org") {
			t.Error("another address")
		}
		if name == "rename" && opened.Log.Devices()[1].Name != "Workshop" {
			t.Error("another name")
		}
	}
}

func TestRecovery(t *testing.T) {
	p := newPair(t)
	n, _ := create(t)
	device := NewDevice("PC C", "linux")
	b := n.Bundle
	b.SealedAccount = nil
	master := keys.DeriveRecoveryMaster(n.RecoveryCode, b.Account)
	account, err := OpenRecovery(b, master)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Bundle) keys.RecoveryMaster{
		"another code": func(*Bundle) keys.RecoveryMaster { return keys.DeriveRecoveryMaster(p.recovery, b.Account) },
		"no code":      func(*Bundle) keys.RecoveryMaster { return keys.RecoveryMaster{} },
		"no sealing":   func(b *Bundle) keys.RecoveryMaster { b.SealedRecovery = nil; return master },
		"the password's sealing": func(b *Bundle) keys.RecoveryMaster {
			b.SealedRecovery = n.Bundle.SealedAccount
			return master
		},
	} {
		bad := b
		if _, err := OpenRecovery(bad, change(&bad)); !errors.Is(err, ErrKey) {
			t.Errorf("%s: %v", name, err)
		}
	}
	o := Opened{Account: account, Bundle: b, Device: device, Heads: []chain.VaultHead{{Vault: account.Vault.ID}}, Now: time.UnixMilli(9)}
	first := account.Log.Devices()[0].Device
	for name, revoke := range map[string][]id.ID{"the others stay": nil, "the others go": {first}} {
		c, err := o.Recover(t.Context(), text(newPassword), kdf.Default, revoke...)
		if err != nil {
			t.Fatal(err)
		}
		after, err := Open(c.Apply(b), c.Master)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		head, _ := after.Log.Head()
		if _, live := after.Log.LiveDevice(device.ID, head); !live || len(c.Wraps) != 1-len(revoke) {
			t.Errorf("%s: listed %v, %d wraps", name, live, len(c.Wraps))
		}
		old := c.Apply(b)
		old.SealedRecovery = b.SealedRecovery
		if _, err := OpenRecovery(old, master); !errors.Is(err, ErrBundle) {
			t.Errorf("%s: the old code still opens: %v", name, err)
		}
		if _, err := OpenRecovery(c.Apply(b), keys.DeriveRecoveryMaster(c.RecoveryCode, b.Account)); err != nil {
			t.Errorf("%s: the new code does not open: %v", name, err)
		}
	}
}

func TestApproval(t *testing.T) {
	p := newPair(t)
	device := NewDevice("PC C", "linux")
	asked := Request{Pairing: id.New(), Commitment: [32]byte{1}, Device: device.Entry()}
	change, err := p.a.Approve(asked)
	if err != nil {
		t.Fatal(err)
	}
	log := p.a.Account.Log.Clone()
	if err := log.AppendAll(change.Entries); err != nil {
		t.Fatal(err)
	}
	if listed := log.Devices()[2]; listed.Device != device.ID || listed.Approver != p.a.Device.ID {
		t.Errorf("listed %+v", listed)
	}
	approval := change.Wraps[0].SignedWrap
	if _, err := approval.VerifyIn(log); err != nil || change.Wraps[0].Device != device.ID || change.Wire().PairingID != asked.Pairing.String() {
		t.Fatalf("the server refuses it: %v", err)
	}
	account, approver, key := p.a.Account.ID, p.a.Device.ID, p.a.Device.Key.Public()
	got, err := OpenApproval(approval, device, account, approver, key)
	if err != nil {
		t.Fatal(err)
	}
	if !got.SecretKey.Equal(p.a.SecretKey) || got.Generation != 1 || !reflect.DeepEqual(got.Heads, p.a.Heads) {
		t.Errorf("received %+v", got)
	}
	if err := got.CheckIn(log, key); err != nil {
		t.Error(err)
	}
	for name, bad := range map[string]error{
		"a log without it": got.CheckIn(p.a.Account.Log, key), "another approver": got.CheckIn(log, p.b.Device.Key.Public()),
	} {
		if !errors.Is(bad, chain.ErrWrap) {
			t.Errorf("%s: %v", name, bad)
		}
	}
	_, otherDevice := OpenApproval(approval, p.b.Device, account, approver, key)
	_, otherAccount := OpenApproval(approval, device, id.New(), approver, key)
	_, otherApprover := OpenApproval(approval, device, account, p.b.Device.ID, key)
	for name, err := range map[string]error{"device": otherDevice, "account": otherAccount, "approver": otherApprover} {
		if !errors.Is(err, chain.ErrWrap) {
			t.Errorf("another %s: %v", name, err)
		}
	}
	if _, err := OpenApproval(approval, device, account, approver, p.b.Device.Key.Public()); !errors.Is(err, signing.ErrSignature) {
		t.Errorf("another key: %v", err)
	}
	c := builders[1].change(p)
	if _, err := OpenApproval(c.Wraps[0].SignedWrap, p.b.Device, account, approver, key); !errors.Is(err, chain.ErrWrap) {
		t.Errorf("a wrap of another kind: %v", err)
	}
}

func TestAChangeIsKeptAndSentTheSame(t *testing.T) {
	p := newPair(t)
	rename, err := p.a.Rename(p.b.Device.ID, "Workshop")
	if err != nil {
		t.Fatal(err)
	}
	changes := []*Change{rename}
	for _, b := range builders {
		changes = append(changes, b.change(p))
	}
	for _, c := range changes {
		kept, err := c.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		back, err := UnmarshalChange(kept)
		if err != nil {
			t.Fatal(err)
		}
		first, err1 := json.Marshal(c.Wire())
		second, err2 := json.Marshal(back.Wire())
		if errors.Join(err1, err2) != nil || !bytes.Equal(first, second) {
			t.Error("another request")
		}
		if !back.SecretKey.Equal(c.SecretKey) || !back.RecoveryCode.Equal(c.RecoveryCode) || !back.Master.Bytes().Equal(c.Master.Bytes()) {
			t.Error("other secrets")
		}
		if again, err := back.Marshal(); err != nil || !again.Equal(kept) {
			t.Error("kept twice, two texts")
		}
	}
}

func TestFate(t *testing.T) {
	p := newPair(t)
	c, rival := builders[2].change(p), builders[0].change(p)
	log := p.a.Account.Log
	if f := c.Fate(log); f != Unsent {
		t.Errorf("before: %v", f)
	}
	won, lost := log.Clone(), log.Clone()
	if err := errors.Join(won.AppendAll(c.Entries), lost.AppendAll(rival.Entries)); err != nil {
		t.Fatal(err)
	}
	if f := c.Fate(won); f != Landed {
		t.Errorf("in the log: %v", f)
	}
	if f := c.Fate(lost); f != Lost {
		t.Errorf("after another change: %v", f)
	}
	behind := p.a.Bundle
	behind.Log = won.Entries(-1)
	if n := len(c.Apply(behind).Log); n != won.Len() {
		t.Errorf("the log has %d entries after it was applied to itself", n)
	}
}

func TestProveSignsTheBatch(t *testing.T) {
	p := newPair(t)
	c := builders[0].change(p)
	challenge := wire.Challenged{Nonce: []byte("nonce"), Expires: 9}
	got := c.Prove(p.master.LoginKey(), "https://api.example", p.a.Device.ID, challenge)
	message := proof.AccountChange{
		Origin: "https://api.example", Account: c.Account, Device: p.a.Device.ID, Nonce: []byte("nonce"), Expires: 9, Batch: chain.BatchHash(c.Entries),
	}.Message()
	login := p.a.Account.Log.Credentials().Login
	if err := login.Verify(signing.AccountChange, message, got.Signature); err != nil || got.Expires != 9 {
		t.Fatal(err)
	}
}

func TestTheServerGetsNoKeyOfAChange(t *testing.T) {
	for _, b := range builders {
		p := newPair(t)
		c := b.change(p)
		opened, err := Open(c.Apply(p.a.Bundle), c.Master)
		if err != nil {
			t.Fatal(err)
		}
		w := c.Wire()
		sent := bytes.Join([][]byte{w.SealedAccount, w.SealedRecovery, w.SealedIdentity, w.LookupTag, w.RecoveryTag}, nil)
		for _, v := range w.Vaults {
			sent = append(append(sent, v.SealedVault...), v.SealedPrevious...)
		}
		for _, d := range w.Wraps {
			sent = append(append(sent, d.Wrap.Wrap...), d.Signature...)
		}
		for _, e := range w.Entries {
			sent = append(append(sent, e.Entry...), e.Signature...)
		}
		for name, key := range map[string]secret.Bytes{
			"AK": opened.Key, "VK": opened.Vault.Key, "old VK": p.a.Account.Vault.Key, "KEK": c.Master.KEK(), "login seed": c.Master.LoginKey().Seed(),
			"identity seed": opened.Identity.Sign.Seed(), "Secret Key": c.SecretKey.Bytes(), "recovery code": c.RecoveryCode.Bytes(),
		} {
			if !key.IsZero() && bytes.Contains(sent, key.Reveal()) {
				t.Errorf("%s: %s is in what the server is sent", b.name, name)
			}
		}
	}
}

func FuzzUnmarshalChange(f *testing.F) {
	p := newPair(f)
	for _, b := range builders {
		kept, err := b.change(p).Marshal()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(kept.Reveal())
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := UnmarshalChange(secret.New(bytes.Clone(data)))
		if err != nil {
			return
		}
		if again, err := c.Marshal(); err != nil || !bytes.Equal(again.Reveal(), data) {
			t.Fatalf("kept %x, read %x, %v", data, again.Reveal(), err)
		}
		c.Wire()
		c.Apply(p.a.Bundle)
		c.Fate(p.a.Account.Log)
	})
}
