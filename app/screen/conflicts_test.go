package screen

import (
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/vault"
)

// conflictDesk is a vault in which two devices have changed the same fields of an item, without having heard of each other. Whose
// values the item has is a matter of who reaches the server first.
func conflictDesk(t *testing.T) (*desk, *Vault, id.ID) {
	t.Helper()
	d, v, server := openDesk(t)
	testpc.Save(t, d.shell.unlocked, testpc.Login("Mail", "anna", "old"))
	testpc.Sync(t, d.shell.unlocked)
	other := testpc.New(t, "Laptop", nil).SignIn(t, server, anna, d.shell.unlocked.SecretKey())
	item := other.Vault().Query(vault.Filter{})[0].ID
	server.Stop()
	edit := func(save func(vault.Item) vault.Item, it vault.Item, user, password string) {
		it.Set(vault.Username, testpc.Typed(user))
		it.Set(vault.Password, testpc.Typed(password))
		save(it)
	}
	edit(func(it vault.Item) vault.Item { return testpc.Save(t, other, it) }, testpc.Get(t, other, item), "laptop user", "laptop password")
	edit(func(it vault.Item) vault.Item { return testpc.Save(t, d.shell.unlocked, it) }, testpc.Get(t, d.shell.unlocked, item), "pc user", "pc password")
	server.Restart()
	testpc.Sync(t, other)
	testpc.Sync(t, d.shell.unlocked)
	d.until("conflict", func() bool { return v.State().Rows.Len() == 1 && v.State().Rows.At(0).Warning })
	return d, v, item
}

func TestConflictIsShownChosenAndUndone(t *testing.T) {
	d, v, item := conflictDesk(t)
	if row := navRow(t, v, "To be decided"); row.Count != "1" {
		t.Errorf("%+v", row)
	}
	v.Go(navRow(t, v, "To be decided").Place)
	d.until("details", func() bool { return v.Detail() != nil && len(v.Detail().State().Banners) > 0 })
	if b := v.Detail().State().Banners[0]; b.Kind != BannerConflict || b.Action != "Choose" {
		t.Fatalf("%+v", b)
	}
	v.Detail().Act(BannerConflict)
	c := v.Conflicts()
	if v.State().Pane != PaneConflicts || len(c.State().Fields) != 2 {
		t.Fatalf("%+v", c.State())
	}
	var user, password ConflictRow
	for _, row := range c.State().Fields {
		checkWords(t, row.Label, row.Label, row.Kept.Label, row.Other.Label, row.Kept.Choose)
		if row.Label == "Username" {
			user = row
		} else {
			password = row
		}
	}
	kept, lost := "laptop", "pc"
	if user.Kept.Value == "pc user" {
		kept, lost = lost, kept
	}
	if user.Kept.Value != kept+" user" || user.Other.Value != lost+" user" {
		t.Errorf("%+v", user)
	}
	if !password.Kept.Secret || password.Kept.Value+password.Other.Value != "" || c.Secret(password.Other.ID).Len() != 0 {
		t.Errorf("a secret is shown unasked: %+v", password)
	}
	c.Reveal(password.Other.ID)
	if got := string(c.Secret(password.Other.ID).Reveal()); got != lost+" password" {
		t.Errorf("revealed %q", got)
	}

	c.Choose(password.ID, true)
	d.until("chosen", func() bool { return len(c.State().Fields) == 1 })
	if got := c.State().Settled; got != "1 of 2 chosen" {
		t.Error(got)
	}
	it := testpc.Get(t, d.shell.unlocked, item)
	if string(it.Value(vault.Password).Reveal()) != lost+" password" || string(it.Value(vault.Username).Reveal()) != kept+" user" {
		t.Error("the wrong field was settled")
	}

	c.Undo()
	d.until("undone", func() bool { return len(c.State().Fields) == 2 })
	it = testpc.Get(t, d.shell.unlocked, item)
	if string(it.Value(vault.Password).Reveal()) != kept+" password" || len(it.Conflicts()) != 2 || c.State().Undo != "" {
		t.Error("the choice was not taken back")
	}

	c.Choose("0", false)
	d.until("first", func() bool { return len(c.State().Fields) == 1 && !c.State().Busy })
	c.Choose("0", true)
	d.until("second", func() bool { return len(c.State().Fields) == 0 })
	c.Done()
	d.until("item", func() bool { return v.State().Pane == PaneDetail && v.State().Rows.Len() == 0 })
	it = testpc.Get(t, d.shell.unlocked, item)
	if !historyHolds(&it, "laptop password") && !historyHolds(&it, "pc password") {
		t.Error("the value that was not chosen is not in the history")
	}
}

func historyHolds(it *vault.Item, value string) bool {
	for _, past := range it.History {
		if strings.Contains(string(past.Value.Reveal()), value) {
			return true
		}
	}
	return false
}

func TestConflictsIgnoreWhatIsNotThere(t *testing.T) {
	d, v, _ := conflictDesk(t)
	d.show(v, "Mail")
	v.Detail().Act(BannerConflict)
	c := v.Conflicts()
	c.Choose("7", true)
	c.Choose("nonsense", true)
	c.Undo()
	if s := c.State(); s.Busy || len(s.Fields) != 2 {
		t.Errorf("%+v", s)
	}
	value := c.item.Value(vault.Password)
	c.Leave()
	if !value.IsZero() {
		t.Error("leaving does not wipe")
	}
}
