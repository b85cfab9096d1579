package chain

import (
	"bytes"
	"errors"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/coffer-vault/coffer/crypto/canonical"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/signing"
)

// sealings makes credentials that follow those of newWorld.
func (w *world) credentials(edit func(*Credentials)) Credentials {
	c := w.log.Credentials()
	c.Generation++
	c.Sealings = []Sealing{{SealingPassword, Hash{byte(c.Generation), 1}}}
	c.Recovery = signing.PublicKey{}
	if edit != nil {
		edit(&c)
	}
	return c
}

// rotate enters another identity and signs with it from then on.
func (w *world) rotate(t testing.TB) {
	t.Helper()
	next := signing.Generate()
	w.enter(t, w.log.NewIdentity(next, ReceiveKey{2}, Hash{9}))
	w.identity = next
}

func recovery(key, sealed byte) func(*Credentials) {
	return func(c *Credentials) {
		c.Recovery = signing.PublicKey{key}
		c.Sealings = append(c.Sealings, Sealing{SealingRecovery, Hash{sealed}})
	}
}

func TestCredentialsRules(t *testing.T) {
	for _, c := range []struct {
		name string
		edit func(*Credentials)
		ok   bool
	}{
		{"password", nil, true},
		{"the recovery sealing stays", recovery(1, 1), true},
		{"another recovery code", recovery(2, 2), true},
		{"recovery ends", nil, true},
		{"a generation skipped", func(c *Credentials) { c.Generation++ }, false},
		{"the same generation", func(c *Credentials) { c.Generation-- }, false},
		{"no sealing", func(c *Credentials) { c.Sealings = nil }, false},
		{"the password sealing of before", func(c *Credentials) { c.Sealings[0].Hash = Hash{1, 1} }, false},
		{"two passwords", func(c *Credentials) { c.Sealings = append(c.Sealings, Sealing{SealingPassword, Hash{7}}) }, false},
		{"an unknown sealing", func(c *Credentials) { c.Sealings = append(c.Sealings, Sealing{"escrow", Hash{7}}) }, false},
		{"recovery alone", func(c *Credentials) { c.Sealings = nil; recovery(2, 2)(c) }, false},
		{"a recovery key without its sealing", func(c *Credentials) { c.Recovery = signing.PublicKey{2} }, false},
		{"a recovery sealing without its key", func(c *Credentials) { recovery(0, 2)(c) }, false},
		{"another recovery key for the old sealing", recovery(2, 1), false},
		{"another recovery sealing for the old key", recovery(1, 2), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.enter(t, w.credentials(func(c *Credentials) { recovery(1, 1)(c); c.Sealings[0].Hash = Hash{1, 1} }))
			err := w.log.Append(w.entry(t, w.credentials(c.edit)))
			if (err == nil) != c.ok || err != nil && !errors.Is(err, ErrEntryBody) {
				t.Fatal(err)
			}
		})
	}
}

// A recovery sealing of the account key before the rotation would open nothing, and pass for a way back.
func TestRecoverySealingEndsWithTheAccountKey(t *testing.T) {
	w := newWorld(t)
	w.enter(t, w.credentials(recovery(1, 1)))
	w.rotate(t)
	if err := w.log.Append(w.entry(t, w.credentials(recovery(1, 1)))); !errors.Is(err, ErrEntryBody) {
		t.Fatalf("got %v", err)
	}
	w.enter(t, w.credentials(recovery(2, 2)))
	w.enter(t, w.credentials(recovery(2, 2)))
}

func TestAnotherIdentityTakesOver(t *testing.T) {
	w := newWorld(t)
	old := w.identity
	w.rotate(t)
	if got := w.log.Identity(); got != (Identity{Number: 1, Key: w.identity.Public(), Receive: ReceiveKey{2}, Sealed: Hash{9}}) {
		t.Errorf("identity in force is %+v", got)
	}
	if w.log.Genesis().Identity != old.Public() {
		t.Error("the genesis changed")
	}
	add := DeviceAdd{Device: id.New(), Key: signing.Generate().Public()}
	byOld, err := w.log.Next(old, 1, add)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.log.Append(byOld); !errors.Is(err, signing.ErrSignature) {
		t.Errorf("the old identity still signs: %v", err)
	}
	w.enter(t, add)
	read, err := ReadLog(w.account, w.log.Entries(-1))
	if err != nil || read.Identity() != w.log.Identity() {
		t.Errorf("read back as %+v, %v", read.Identity(), err)
	}
}

func TestIdentityRotateRefuses(t *testing.T) {
	next := signing.Generate()
	for _, c := range []struct {
		name string
		do   func(w *world) IdentityRotate
		want error
	}{
		{"no agreement of the new identity", func(w *world) IdentityRotate {
			r := w.log.NewIdentity(next, ReceiveKey{}, Hash{1})
			r.Signature = nil
			return r
		}, signing.ErrSignature},
		{"agreement by the old identity", func(w *world) IdentityRotate {
			r := w.log.NewIdentity(w.identity, ReceiveKey{}, Hash{1})
			r.Identity = next.Public()
			return r
		}, signing.ErrSignature},
		{"agreement to another place", func(w *world) IdentityRotate {
			r := w.log.NewIdentity(next, ReceiveKey{}, Hash{1})
			w.enter(w.t, DeviceRename{Device: w.device, Name: "moved"})
			return r
		}, signing.ErrSignature},
		{"agreement in another account", func(w *world) IdentityRotate {
			return newWorld(w.t).log.NewIdentity(next, ReceiveKey{}, Hash{1})
		}, signing.ErrSignature},
		{"agreement to other keys", func(w *world) IdentityRotate {
			r := w.log.NewIdentity(next, ReceiveKey{}, Hash{1})
			r.Receive = ReceiveKey{7}
			return r
		}, signing.ErrSignature},
		{"the identity in force again", func(w *world) IdentityRotate { return w.log.NewIdentity(w.identity, ReceiveKey{}, Hash{1}) }, ErrEntryBody},
		{"a device's key", func(w *world) IdentityRotate { return w.log.NewIdentity(w.key, ReceiveKey{}, Hash{1}) }, ErrEntryBody},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			if err := w.log.Append(w.entry(t, c.do(w))); !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			if w.log.Identity().Number != 0 {
				t.Fatal("a refused identity is in force")
			}
		})
	}
}

func TestNamesAndAddress(t *testing.T) {
	w := newWorld(t)
	w.enter(t, DeviceRename{Device: w.device, Name: "Workshop"})
	if got := w.log.Devices()[0].Name; got != "Workshop" {
		t.Errorf("the device is called %q", got)
	}
	if !w.log.Email().IsZero() {
		t.Error("an address before one was entered")
	}
	w.enter(t, EmailChange{Email: EmailHash(w.account, "ada@example.org")})
	if w.log.Email() != EmailHash(w.account, "ada@example.org") || w.log.Email() == EmailHash(id.New(), "ada@example.org") {
		t.Error("the address is another")
	}
	other := id.New()
	for _, device := range []id.ID{other, w.revoked(t)} {
		if err := w.log.Append(w.entry(t, DeviceRename{Device: device, Name: "x"})); !errors.Is(err, ErrEntryBody) {
			t.Errorf("a device that is not live got a name: %v", err)
		}
	}
}

// revoked enters a device and revokes it, at the empty vault.
func (w *world) revoked(t testing.TB) id.ID {
	t.Helper()
	device := id.New()
	w.enter(t, DeviceAdd{Device: device, Key: signing.Generate().Public()})
	w.enter(t, DeviceRevoke{Device: device, Last: []VaultHead{{Vault: w.vault}}})
	w.rotate(t)
	return device
}

// A revoked device has the identity's key until that is rotated. A server that cuts the batch between the two gains it nothing.
func TestOnlyTheRotationFollowsARevocation(t *testing.T) {
	w := newWorld(t)
	thief, other := w.addThief(t), w.addThief(t)
	w.revoke(t, thief.id)
	for name, body := range map[string]Body{
		"a device":     DeviceAdd{Device: id.New(), Key: signing.Generate().Public()},
		"credentials":  w.credentials(nil),
		"an epoch":     VaultEpoch{Vault: w.vault, Epoch: 2, SealedKey: Hash{4}, Previous: Hash{5}},
		"an address":   EmailChange{Email: Hash{3}},
		"a rename":     DeviceRename{Device: w.device, Name: "x"},
		"a sign-out":   SignOut{Device: w.device},
		"another head": ServerRestore{Vault: w.vault, Device: w.device, GivenUp: 9, GivenUpHash: Hash{9}, Adopted: 6, AdoptedHash: Hash{6}},
	} {
		if err := w.log.Append(w.entry(t, body)); !errors.Is(err, ErrEntryBody) {
			t.Errorf("%s: %v", name, err)
		}
	}
	w.revoke(t, other.id)
	w.rotate(t)
	w.enter(t, DeviceAdd{Device: id.New(), Key: signing.Generate().Public()})
}

// What needs no fresh proof cannot fill the log: the places that a revocation needs are kept.
func TestTheLastPlacesAreKeptForChangesOfKeys(t *testing.T) {
	w := newWorld(t)
	rename := DeviceRename{Device: w.device, Name: "x"}
	restore := ServerRestore{Vault: w.vault, Device: w.device, GivenUp: 9, GivenUpHash: Hash{9}, Adopted: 6, AdoptedHash: Hash{6}}
	fill := func(entries int) { w.log.hashes = append(w.log.hashes, make([]Hash, entries-w.log.Len())...) }
	signOut := SignOut{Device: w.device}
	fill(maxEntries - keptEntries - 3)
	w.enter(t, rename)
	w.enter(t, restore)
	w.enter(t, signOut)
	for _, body := range []Body{rename, restore, signOut} {
		if err := w.log.Append(w.entry(t, body)); !errors.Is(err, ErrEntryBody) {
			t.Errorf("%T: %v", body, err)
		}
	}
	w.enter(t, DeviceRevoke{Device: w.device, Last: []VaultHead{{Vault: w.vault}}})
	w.rotate(t)
	w.enter(t, w.credentials(nil))
	fill(maxEntries - 1)
	w.enter(t, w.credentials(nil))
	if err := w.log.Append(w.entry(t, w.credentials(nil))); !errors.Is(err, ErrEntryOrder) {
		t.Errorf("beyond the last place: %v", err)
	}
}

func TestEpochsOfAVault(t *testing.T) {
	w := newWorld(t) // epoch 1 at entry 3
	w.enter(t, VaultEpoch{Vault: w.vault, Epoch: 2, SealedKey: Hash{4}, Previous: Hash{5}})
	for seq, want := range map[uint64]uint32{2: 0, 3: 1, 4: 2, 99: 2} {
		if got, _ := w.log.EpochAt(w.vault, seq); got.Epoch != want {
			t.Errorf("at %d the epoch is %d, want %d", seq, got.Epoch, want)
		}
	}
	if got, ok := w.log.Epoch(w.vault); !ok || got.SealedKey != (Hash{4}) || len(w.log.Epochs(w.vault)) != 2 {
		t.Errorf("newest epoch is %+v", got)
	}
	for name, bad := range map[string]VaultEpoch{
		"skipped":                       {Vault: w.vault, Epoch: 4, Previous: Hash{1}},
		"again":                         {Vault: w.vault, Epoch: 2, Previous: Hash{1}},
		"zero":                          {Vault: w.vault, Epoch: 0, Previous: Hash{1}},
		"without the one before":        {Vault: w.vault, Epoch: 3},
		"the first, with one before it": {Vault: id.New(), Epoch: 1, Previous: Hash{1}},
	} {
		if err := w.log.Append(w.entry(t, bad)); !errors.Is(err, ErrEntryBody) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestABatchIsTakenWholeOrNotAtAll(t *testing.T) {
	w := newWorld(t)
	batch := w.batch(t)
	for i := range batch {
		for name, spoil := range map[string]func([]SignedEntry) []SignedEntry{
			"left out":   func(b []SignedEntry) []SignedEntry { return append(b[:i:i], b[i+1:]...) },
			"twice":      func(b []SignedEntry) []SignedEntry { return append(b[:i+1:i+1], b[i:]...) },
			"not signed": func(b []SignedEntry) []SignedEntry { b[i].Signature = nil; return b },
		} {
			bad := spoil(append([]SignedEntry(nil), batch...))
			if name == "left out" && i == len(batch)-1 {
				continue // a shorter batch, and a right one
			}
			before := w.log.Clone()
			if w.log.AppendAll(bad) == nil {
				t.Fatalf("entry %d %s: taken", i, name)
			}
			if !reflect.DeepEqual(before, w.log) {
				t.Fatalf("entry %d %s: the refused batch left a trace", i, name)
			}
		}
	}
	if err := w.log.AppendAll(batch); err != nil {
		t.Fatal(err)
	}
	if w.log.Len() != 4+len(batch) || w.log.Identity().Number != 1 {
		t.Error("the batch did not do what it says")
	}
}

// batch is a rotation that revokes a second device.
func (w *world) batch(t testing.TB) []SignedEntry {
	t.Helper()
	second := id.New()
	w2 := *w
	w2.log = w.log.Clone()
	w2.enter(t, DeviceAdd{Device: second, Key: signing.Generate().Public()})
	w2.enter(t, DeviceRevoke{Device: second, Last: []VaultHead{{Vault: w.vault}}})
	w2.rotate(t)
	w2.enter(t, w2.credentials(nil))
	w2.enter(t, VaultEpoch{Vault: w.vault, Epoch: 2, SealedKey: Hash{4}, Previous: Hash{5}})
	return w2.log.Entries(int64(w.log.Len()) - 1)
}

func TestBatchHashNamesEveryByte(t *testing.T) {
	w := newWorld(t)
	batch := w.batch(t)
	want := canonical.Hash("coffer/v1/batch", batch[0].Entry, batch[0].Signature, batch[1].Entry, batch[1].Signature)
	if BatchHash(batch[:2]) != want {
		t.Error("another hash than the document's")
	}
	other := append([]SignedEntry(nil), batch...)
	other[4].Signature = bytes.Clone(other[4].Signature)
	other[4].Signature[0] ^= 1
	if BatchHash(other) == BatchHash(batch) || BatchHash(batch[:4]) == BatchHash(batch) {
		t.Error("two batches, one hash")
	}
}

// Whatever happens to a copy, the log is as before: the server tries batches on one.
func TestACloneIsOnItsOwn(t *testing.T) {
	w := newWorld(t)
	w.revoked(t)
	before := w.log.Clone()
	w2 := *w
	w2.log = w.log.Clone()
	w2.enter(t, DeviceRename{Device: w.device, Name: "copy"})
	w2.enter(t, VaultEpoch{Vault: w.vault, Epoch: 2, SealedKey: Hash{4}, Previous: Hash{5}})
	w2.enter(t, ServerRestore{Vault: w.vault, Device: w.device, GivenUp: 9, GivenUpHash: Hash{9}, Adopted: 6, AdoptedHash: Hash{6}})
	w2.revokedAt(t, 6)
	w2.rotate(t)
	if !reflect.DeepEqual(w.log, before) {
		t.Error("what was done to the copy shows in the log")
	}
}

func (w *world) revokedAt(t testing.TB, seq uint64) {
	t.Helper()
	w.enter(t, DeviceRevoke{Device: w.device, Last: []VaultHead{{w.vault, seq, Hash{byte(seq)}}}})
}

// Random histories: a log read back from its entries is the log, and no entry fits anywhere but at its place.
func TestLogsReadBack(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t)
		for range rapid.IntRange(0, 12).Draw(rt, "steps") {
			switch rapid.IntRange(0, 5).Draw(rt, "step") {
			case 0:
				w.rotate(t)
			case 1:
				w.enter(t, w.credentials(nil))
			case 2:
				w.revoked(t)
			case 3:
				w.enter(t, DeviceRename{Device: w.device, Name: rapid.StringN(0, 8, 32).Draw(rt, "name")})
			case 4:
				newest, _ := w.log.Epoch(w.vault)
				w.enter(t, VaultEpoch{Vault: w.vault, Epoch: newest.Epoch + 1, SealedKey: Hash{1}, Previous: Hash{2}})
			case 5:
				w.enter(t, EmailChange{Email: Hash{3}})
			}
		}
		read, err := ReadLog(w.account, w.log.Entries(-1))
		if err != nil || !reflect.DeepEqual(read, w.log) {
			rt.Fatalf("read back another log: %v", err)
		}
		i := rapid.IntRange(0, w.log.Len()-1).Draw(rt, "again")
		if w.log.Append(w.log.Entries(int64(i) - 1)[0]) == nil {
			rt.Fatalf("entry %d was taken twice", i)
		}
	})
}

func TestParseBody(t *testing.T) {
	w := newWorld(t)
	batch := w.batch(t)
	for i, want := range []Body{new(DeviceAdd), new(DeviceRevoke), new(IdentityRotate), new(Credentials), new(VaultEpoch)} {
		body, err := ParseBody(batch[i])
		if err != nil || reflect.TypeOf(body) != reflect.TypeOf(want) {
			t.Errorf("entry %d is a %T, %v", i, body, err)
		}
	}
	if _, err := ParseBody(SignedEntry{Entry: []byte("no entry")}); !errors.Is(err, ErrMalformed) {
		t.Errorf("got %v", err)
	}
}
