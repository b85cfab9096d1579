package attacks

import (
	"errors"
	"maps"
	"testing"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/sync/engine"
	"github.com/coffer-vault/coffer/vault"
)

func init() {
	register("22", existing, "the account log went back, and a removal with it", TestRejoin_RemovalUndone)
	register("22", existing, "the account log is forked", TestRejoin_Fork)
	register("20c", existing, "a backup without a change of keys is put back", TestRejoin_KeysUndone)
	register("20c", existing, "the file is loaded again after a change of keys", TestReload_AfterAChangeOfKeys)
	register("20c", existing, "a backup without this device is put back", TestRejoin_DeviceUnknown)
}

// rejoin goes the whole way, and checks that nothing happens before the yes.
func rejoin(t *testing.T, p *pair, u *session.Unlocked, secretKey string) (*session.Unlocked, session.LogDifference) {
	t.Helper()
	before := testpc.Contents(t, u)
	r, err := u.BeginRejoin(t.Context(), testpc.Typed(testpc.Password), secretKey, "")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Leave()
	if r.CodeNeeded() {
		if err := r.Verify(t.Context(), p.server.LastCode(t, email)); err != nil {
			t.Fatal(err)
		}
	}
	d, err := r.Compare(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := testpc.Contents(t, u); !maps.Equal(got, before) {
		t.Errorf("something has changed before the yes: %q", got)
	}
	if _, _, err := r.Finish(t.Context(), session.LogDifference{}, nil); !errors.Is(err, session.ErrChangeLost) {
		t.Fatalf("another account than the one that was seen: %v", err)
	}
	opened, _, err := r.Finish(t.Context(), d, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := testpc.Contents(t, opened); len(got) != len(before) {
		t.Errorf("what was here is not here any more:\n%q\n%q", before, got)
	}
	return opened, d
}

// The password was changed, then a backup of the server from before is put back. The way out in the app leads back to the old password,
// with everything that was typed since, on both computers.
func TestRejoin_KeysUndone(t *testing.T) {
	for name, change := range map[string]session.Change{
		"password": {NewPassword: testpc.Typed(testpc.Password)}, // so that it can be told from the Secret Key
		"rotation": {Rotate: true},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPair(t)
			item := testpc.Save(t, p.a, testpc.Login("item", "u", "1")).ID
			deleted := testpc.Save(t, p.a, testpc.Login("deleted", "u", "1")).ID
			p.bothSync(t)
			kit := p.a.SecretKey()
			p.b.Lock() // it never hears of the change
			old := backUp(t, p.server)
			change.Password = testpc.Typed(testpc.Password)
			if err := p.a.Change(t.Context(), change); err != nil {
				t.Fatal(err)
			}
			for range 3 {
				testpc.Sync(t, p.a) // a rotation seals everything again
			}
			setPassword(t, p.a, item, "2")
			fromA := testpc.Save(t, p.a, testpc.Login("from A", "u", "a")).ID
			if err := p.a.Vault().DeleteForever(t.Context(), deleted); err != nil {
				t.Fatal(err)
			}
			testpc.Sync(t, p.a)
			old.restore(t, p.server)
			expectViolation(t, p.a, engine.ErrLogBehind)
			waiting := testpc.Save(t, p.a, testpc.Login("typed while it stood", "u", "w")).ID
			if _, err := p.a.Compare(t.Context(), nil); !errors.Is(err, engine.ErrLogBehind) {
				t.Fatalf("the entries were entered again: %v", err)
			}
			if p.a.SecretKey() != kit {
				if _, err := p.a.BeginRejoin(t.Context(), testpc.Typed(testpc.Password), "", ""); !errors.Is(err, session.ErrProofFailed) {
					t.Errorf("with the Secret Key that the server has lost: %v", err)
				}
			}
			var d session.LogDifference
			p.a, d = rejoin(t, p, p.a, kit)
			if !d.Behind || len(d.Undone) != 1 || d.Undone[0].What != session.KeysReplaced || len(d.Done)+len(d.Again) != 0 {
				t.Errorf("the user is shown %+v", d)
			}
			p.b = p.pcB.Unlock(t)
			p.bothSync(t)
			p.expectSame(t)
			for item, want := range map[id.ID]string{item: "2", fromA: "a", waiting: "w"} {
				if got := password(t, p.b, item); got != want {
					t.Errorf("password %q, want %q", got, want)
				}
			}
			if _, err := p.b.Vault().Get(t.Context(), deleted); !errors.Is(err, vault.ErrNotFound) {
				t.Errorf("the deleted item is back: %v", err)
			}
			p.a.Lock() // and it opens as ever
			p.a = p.pcA.Unlock(t)
			setPassword(t, p.a, item, "3")
			p.bothSync(t)
			p.expectSame(t)
		})
	}
}

// A computer was removed; a server that hides the removal cannot get this one back onto the keys that the removed one has without its
// user's yes, and with it the removal is repeated before anything is sent.
func TestRejoin_RemovalUndone(t *testing.T) {
	p := newPair(t)
	item := testpc.Save(t, p.a, testpc.Login("item", "u", "1")).ID
	p.bothSync(t)
	kit, old := p.a.SecretKey(), backUp(t, p.server)
	remove := session.Change{Password: testpc.Typed(testpc.Password), Remove: []id.ID{deviceOf(t, p.b)}}
	if err := p.a.Change(t.Context(), remove); err != nil {
		t.Fatal(err)
	}
	testpc.Sync(t, p.a)
	setPassword(t, p.a, item, "secret from B")
	testpc.Sync(t, p.a)
	old.restore(t, p.server)
	expectViolation(t, p.a, engine.ErrLogBehind)
	a, d := rejoin(t, p, p.a, kit)
	if len(d.Again) != 1 || d.Again[0].Name != "PC B" {
		t.Errorf("the user is not told that B is back: %+v", d)
	}
	testpc.Sync(t, a)
	if devices, err := a.Devices(t.Context()); err != nil || len(devices) != 1 {
		t.Errorf("B is still a device: %v, %v", devices, err)
	}
	if err := p.b.Sync(t.Context()); err == nil {
		t.Error("the removed computer syncs")
	}
	if got := password(t, p.b, item); got != "1" {
		t.Errorf("the removed computer reads %q", got)
	}
	a.Lock()
}

func deviceOf(t *testing.T, u *session.Unlocked) id.ID {
	t.Helper()
	devices, err := u.Devices(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range devices {
		if d.This {
			return d.ID
		}
	}
	t.Fatal("a device that is none")
	return id.ID{}
}

// Two histories of the account: in one A has renamed itself and changed the keys, in the other B.
func TestRejoin_Fork(t *testing.T) {
	p := newPair(t)
	item := testpc.Save(t, p.a, testpc.Login("item", "u", "1")).ID
	p.bothSync(t)
	p.b.Lock()
	kit, fork := p.a.SecretKey(), backUp(t, p.server)
	rotate := session.Change{Password: testpc.Typed(testpc.Password), Rotate: true}
	if err := p.a.Change(t.Context(), rotate); err != nil {
		t.Fatal(err)
	}
	setPassword(t, p.a, item, "by A")
	testpc.Sync(t, p.a)
	testpc.Sync(t, p.a)
	p.a.Lock()
	fork.restore(t, p.server)
	p.b = p.pcB.Unlock(t)
	if err := p.b.Change(t.Context(), rotate); err != nil {
		t.Fatal(err)
	}
	testpc.Sync(t, p.b)
	testpc.Sync(t, p.b)
	p.a = p.pcA.Unlock(t)
	expectViolation(t, p.a, engine.ErrLogForked)
	if _, err := p.a.BeginRejoin(t.Context(), testpc.Typed(testpc.Password), kit, ""); !errors.Is(err, session.ErrProofFailed) {
		t.Errorf("with the kit of before: %v", err)
	}
	var d session.LogDifference
	p.a, d = rejoin(t, p, p.a, p.b.SecretKey())
	if d.Behind || len(d.Undone) != 1 || len(d.Done) != 1 {
		t.Errorf("the user is shown %+v", d)
	}
	p.bothSync(t)
	p.bothSync(t)
	p.expectSame(t)
	it := testpc.Get(t, p.b, item)
	if conflicts := it.Conflicts(); password(t, p.b, item) != "by A" && (len(conflicts) != 1 || string(conflicts[0].Value.Reveal()) != "by A") {
		t.Errorf("what A typed is gone: %q, %v", password(t, p.b, item), conflicts)
	}
}

// A computer that came after the backup is none for the server: a code is mailed, and its edits come along.
func TestRejoin_DeviceUnknown(t *testing.T) {
	p := newPair(t)
	testpc.Save(t, p.a, testpc.Login("item", "u", "1"))
	p.bothSync(t)
	old := backUp(t, p.server)
	c := testpc.New(t, "PC C", driven).SignIn(t, p.server, email, p.a.SecretKey())
	made := testpc.Save(t, c, testpc.Login("from C", "u", "c")).ID
	testpc.Sync(t, c)
	old.restore(t, p.server)
	if err := c.Sync(t.Context()); !errors.Is(err, engine.ErrLogBehind) {
		t.Fatalf("not noticed: %v", err)
	}
	p.server.LastCode(t, email) // of the proof that was refused a session
	c, d := rejoin(t, p, c, "")
	defer c.Lock()
	if !d.Behind || len(d.Undone) != 1 || d.Undone[0] != (session.LogEvent{What: session.DeviceCame, Device: "PC C"}) {
		t.Errorf("the user is shown %+v", d)
	}
	testpc.Sync(t, c)
	p.bothSync(t)
	p.expectSame(t)
	if got := password(t, p.a, made); got != "c" {
		t.Errorf("A reads %q", got)
	}
}

// The file is loaded from the server again after another computer has changed the keys: what this one kept for itself was under the old
// ones.
func TestReload_AfterAChangeOfKeys(t *testing.T) {
	const newPassword = "another correct horse battery"
	p := newPair(t)
	item := testpc.Save(t, p.a, testpc.Login("item", "u", "1")).ID
	p.bothSync(t)
	account := p.b.Account().ID
	p.b.Lock()
	change := session.Change{Password: testpc.Typed(testpc.Password), NewPassword: testpc.Typed(newPassword)}
	if err := p.a.Change(t.Context(), change); err != nil {
		t.Fatal(err)
	}
	raiseKeyring(t, p.pcB)
	tryUnlock(t, p.pcB, vault.ErrOlderCopy)
	b, _, err := p.pcB.Reload(t.Context(), account, testpc.Typed(newPassword), "", nil)
	if err != nil {
		t.Fatal(err)
	}
	testpc.Sync(t, b)
	setPassword(t, b, item, "2")
	b.Lock()
	if b, err = p.pcB.Manager.Unlock(t.Context(), account, testpc.Typed(newPassword)); err != nil {
		t.Fatal(err)
	}
	defer b.Lock()
	testpc.Sync(t, b)
	if password(t, b, item) != "2" {
		t.Error("the vault is not whole")
	}
}
