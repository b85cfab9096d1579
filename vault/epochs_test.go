package vault_test

import (
	"errors"
	"testing"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/seal"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault"
)

// epochKey is the vault's key of an epoch; the first is the one that devices begin with.
func epochKey(epoch uint32) vault.EpochKey {
	key := vaultKey
	if epoch > 1 {
		key = bytes32(string(rune('0' + epoch)))
	}
	return vault.EpochKey{Epoch: epoch, Key: secret.New(append([]byte(nil), key...))}
}

// epochs are those of everything that waits for the server.
func (d *device) epochs(t *testing.T) map[uint32]int {
	t.Helper()
	pending, err := d.Pending(ctx, 1000, 8<<20)
	check(t, err)
	count := map[uint32]int{}
	for _, p := range pending {
		count[seal.Epoch(p.Envelope)]++
	}
	return count
}

func TestANewKeySealsWhatIsNewAndOpensWhatIsOld(t *testing.T) {
	a, b, s := twoDevices(t)
	synced, waiting := a.save(t, login("Synced", "1")), vault.Item{}
	a.sync(t, s)
	b.sync(t, s)
	waiting = a.save(t, login("Waiting", "2"))
	check(t, a.Trash(ctx, synced.ID))
	check(t, a.Rekey(ctx, epochKey(2), epochKey(3)))
	if got := a.epochs(t); len(got) != 1 || got[3] != 2 {
		t.Errorf("edits that waited are of epochs %v", got)
	}
	check(t, a.Restore(ctx, synced.ID))
	a.save(t, login("New", "3"))
	if got := a.epochs(t); len(got) != 1 || got[3] != 3 {
		t.Errorf("edits are of epochs %v", got)
	}
	a.sync(t, s)
	check(t, b.Rekey(ctx, epochKey(2), epochKey(3)))
	b.sync(t, s)
	if a.describe(t) != b.describe(t) || text(b.get(t, waiting.ID), vault.Password) != "2" {
		t.Errorf("a has\n%sb has\n%s", a.describe(t), b.describe(t))
	}
}

func TestResealingEndsTheOldKey(t *testing.T) {
	a, b, s := twoDevices(t)
	for _, title := range []string{"One", "Two", "Three"} {
		a.save(t, login(title, title))
	}
	a.sync(t, s)
	b.sync(t, s)
	before := a.describe(t)
	check(t, a.Rekey(ctx, epochKey(2)))
	stale, err := a.Stale(ctx)
	check(t, err)
	if len(stale) != 3 {
		t.Fatalf("%d objects are of the old epoch", len(stale))
	}
	// Another device edits one meanwhile: the edit wins over what changes nothing.
	check(t, b.Rekey(ctx, epochKey(2)))
	edited := b.get(t, stale[0])
	edited.Set(vault.Notes, secret.FromString("edited"))
	b.save(t, edited)
	check(t, a.Reseal(ctx, stale))
	check(t, a.Reseal(ctx, stale)) // twice is once
	if a.describe(t) != before {
		t.Error("resealing changed what a user sees")
	}
	a.sync(t, s)
	b.sync(t, s)
	a.sync(t, s)
	if left, err := a.Stale(ctx); err != nil || len(left) != 0 {
		t.Errorf("%d left, %v", len(left), err)
	}
	for _, d := range []*device{a, b} {
		if it := d.get(t, stale[0]); text(it, vault.Notes) != "edited" || len(it.Conflicts()) != 0 {
			t.Error("the edit is lost or in conflict")
		}
	}

	// Who has the newest key alone opens everything.
	a.Close()
	cfg := a.config()
	newest := epochKey(2)
	cfg.Epoch, cfg.Key = newest.Epoch, newest.Key
	v, err := vault.Open(ctx, cfg, nil)
	check(t, err)
	defer v.Close()
	for _, summary := range v.Query(vault.Filter{}) {
		if summary.Unreadable {
			t.Error("an object needs the old key")
		}
	}
}

// What another process sealed under the old key, not knowing of the new one, is sealed again before it is sent.
func TestEditsOfAProcessWithTheOldKeyAreRenewed(t *testing.T) {
	app := newDevice(t, 1)
	tool, err := vault.Open(ctx, app.config(), nil)
	check(t, err)
	defer tool.Close()
	check(t, app.Rekey(ctx, epochKey(2)))
	_, err = tool.Save(ctx, login("Tool", "1"))
	check(t, err)
	if got := app.epochs(t); got[1] != 1 {
		t.Fatalf("epochs %v", got)
	}
	check(t, app.Renew(ctx))
	if got := app.epochs(t); len(got) != 1 || got[2] != 1 {
		t.Errorf("epochs %v", got)
	}
}

func TestAKeyThatIsMissing(t *testing.T) {
	d := newDevice(t, 1)
	it := d.save(t, login("Old", "1"))
	d.Close()
	cfg := d.config()
	newest := epochKey(2)
	cfg.Epoch, cfg.Key = newest.Epoch, newest.Key
	v, err := vault.Open(ctx, cfg, nil)
	check(t, err)
	if _, err := v.Get(ctx, it.ID); !errors.Is(err, vault.ErrUnreadable) {
		t.Errorf("without its key: %v", err)
	}
	stale, err := v.Stale(ctx)
	check(t, err)
	if len(stale) != 0 {
		t.Error("what does not open is to be sealed again")
	}
	check(t, v.Reseal(ctx, []id.ID{it.ID}))
	v.Close()
	d.unlock(t)
	if text(d.get(t, it.ID), vault.Password) != "1" {
		t.Error("lost")
	}
}
