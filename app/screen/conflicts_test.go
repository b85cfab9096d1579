package screen

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/vault"
)

// conflictDesk is a vault in which two devices have changed the same fields of an item, without having heard of each other. Whose
// values the item has is a matter of who reaches the server first. There may be more such items.
func conflictDesk(t *testing.T, more ...string) (*desk, *Vault, id.ID) {
	t.Helper()
	d, v, server := openDesk(t)
	item := testpc.Save(t, d.shell.unlocked, testpc.Login("Mail", "anna", "old")).ID
	items := []id.ID{item}
	for _, title := range more {
		items = append(items, testpc.Save(t, d.shell.unlocked, testpc.Login(title, "anna", "old")).ID)
	}
	testpc.Sync(t, d.shell.unlocked)
	other := testpc.New(t, "Laptop", nil).SignIn(t, server, anna, d.shell.unlocked.SecretKey())
	server.Stop()
	edit := func(save func(vault.Item) vault.Item, it vault.Item, user, password string) {
		it.Set(vault.Username, testpc.Typed(user))
		it.Set(vault.Password, testpc.Typed(password))
		save(it)
	}
	for _, item := range items {
		edit(func(it vault.Item) vault.Item { return testpc.Save(t, other, it) }, testpc.Get(t, other, item), "laptop user", "laptop password")
		edit(func(it vault.Item) vault.Item { return testpc.Save(t, d.shell.unlocked, it) }, testpc.Get(t, d.shell.unlocked, item), "pc user", "pc password")
	}
	server.Restart()
	testpc.Sync(t, other)
	testpc.Sync(t, d.shell.unlocked)
	d.until("conflict", func() bool {
		return v.State().Rows.Len() == len(items) && v.counts.Conflicts == len(items) && v.State().Rows.At(0).Warning
	})
	return d, v, item
}

// fieldOf finds a conflict by its label.
func fieldOf(t *testing.T, c *Conflicts, label string) ConflictRow {
	t.Helper()
	for _, row := range c.State().Fields {
		if row.Label == label {
			checkWords(t, row.Label, row.Label, row.Kept.Label, row.Kept.Who, row.Other.Label, row.Other.Who, row.Kept.Choose, row.Both)
			return row
		}
	}
	t.Fatalf("no conflict about %s: %+v", label, c.State())
	return ConflictRow{}
}

// inbox opens what is to be decided, and the first of it.
func (d *desk) inbox(v *Vault) *Conflicts {
	d.t.Helper()
	v.Go(navRow(d.t, v, "Conflicts").Place)
	d.until("first conflict", func() bool { return v.Conflicts() != nil && !v.Conflicts().State().Loading })
	return v.Conflicts()
}

func TestConflictIsShownChosenAndUndone(t *testing.T) {
	d, v, item := conflictDesk(t)
	if row := navRow(t, v, "Conflicts"); row.Count != "1" {
		t.Errorf("%+v", row)
	}
	c := d.inbox(v)
	if v.State().Pane != PaneConflicts || len(c.State().Fields) != 2 || v.State().Selected != 0 {
		t.Fatalf("%+v", c.State())
	}
	user, password := fieldOf(t, c, "Username"), fieldOf(t, c, "Password")
	kept, lost := "laptop", "pc"
	if user.Kept.Value == "pc user" {
		kept, lost = lost, kept
	}
	if user.Kept.Value != kept+" user" || user.Other.Value != lost+" user" {
		t.Errorf("%+v", user)
	}
	if c.State().Done != "" {
		t.Errorf("%q leads from the only one to itself", c.State().Done)
	}
	who := map[string]string{"laptop": "Laptop · ", "pc": "This PC · "}
	if !strings.HasPrefix(user.Kept.Who, who[kept]) || !strings.HasPrefix(user.Other.Who, who[lost]) {
		t.Errorf("%q, %q", user.Kept.Who, user.Other.Who)
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
	if s := c.State(); s.Decided != "1 of 2 decided" || len(s.Settled) != 1 || s.Settled[0].Label != "Password" {
		t.Errorf("%+v", s)
	}
	it := testpc.Get(t, d.shell.unlocked, item)
	if string(it.Value(vault.Password).Reveal()) != lost+" password" || string(it.Value(vault.Username).Reveal()) != kept+" user" {
		t.Error("the wrong field was settled")
	}
	c.Choose(user.ID, false)
	d.until("second", func() bool { return len(c.State().Fields) == 0 })
	c.Undo(c.State().Settled[0].ID) // the first of them, although another came after it
	d.until("undone", func() bool { return len(c.State().Fields) == 1 && len(c.State().Settled) == 1 })
	it = testpc.Get(t, d.shell.unlocked, item)
	if string(it.Value(vault.Password).Reveal()) != kept+" password" || len(it.Conflicts()) != 1 {
		t.Error("the choice was not taken back")
	}
	c.Choose(password.ID, true)
	d.until("all", func() bool { return len(c.State().Fields) == 0 })
	d.until("empty list", func() bool { return v.State().Rows.Len() == 0 })
	if v.State().Pane != PaneConflicts {
		t.Error("what can be undone is gone with the last decision")
	}
	if c.State().Done != "Close" {
		t.Errorf("there is no next one: %q", c.State().Done)
	}
	c.Done()
	d.until("nothing more", func() bool { return v.State().Pane == PaneNothing })
	it = testpc.Get(t, d.shell.unlocked, item)
	if !historyHolds(&it, kept+" password") {
		t.Error("the value that was not chosen is not in the history")
	}
}

// Where several items wait, Next leads from one to another, decided or not, until there is none.
func TestNextLeadsToWhatWaits(t *testing.T) {
	d, v, _ := conflictDesk(t, "Shop")
	c := d.inbox(v)
	first := c.State().Title
	if c.State().Done != "Next" {
		t.Errorf("%q", c.State().Done)
	}
	c.Done()
	d.until("the other one", func() bool { return v.Conflicts() != c && len(v.Conflicts().State().Fields) > 0 })
	c = v.Conflicts()
	if c.State().Title == first {
		t.Error("Next leads to the same item")
	}
	for range 2 {
		open := len(c.State().Fields)
		c.KeepBoth(c.State().Fields[0].ID)
		d.until("one decided", func() bool { return len(c.State().Fields) < open && !c.State().Busy })
	}
	d.until("one left in the list", func() bool { return v.State().Rows.Len() == 1 })
	if c.State().Done != "Next" {
		t.Errorf("the other one waits: %q", c.State().Done)
	}
	c.Done()
	d.until("the first one again", func() bool { return v.Conflicts() != nil && v.Conflicts().State().Title == first })
	d.until("nowhere to go", func() bool { return v.Conflicts().State().Done == "" })
}

// Ctrl+Z takes the last decision back where no toast has something to undo.
func TestBothValuesAreKeptAndUndoneByKey(t *testing.T) {
	d, v, item := conflictDesk(t)
	d.show(v, "Mail")
	v.Detail().Act(BannerConflict)
	c := v.Conflicts()
	d.until("conflict", func() bool { return !c.State().Loading })
	c.KeepBoth(fieldOf(t, c, "Password").ID)
	d.until("both", func() bool { return len(c.State().Settled) == 1 })
	it := testpc.Get(t, d.shell.unlocked, item)
	if len(it.Custom) != 1 || it.Custom[0].Label != "Password (other)" || it.Custom[0].Type != vault.Concealed || len(it.Conflicts()) != 1 {
		t.Fatalf("%d custom fields, %d conflicts", len(it.Custom), len(it.Conflicts()))
	}
	v.Undo()
	d.until("undone", func() bool { return len(c.State().Settled) == 0 && !c.State().Busy })
	if it := testpc.Get(t, d.shell.unlocked, item); len(it.Custom) != 0 || len(it.Conflicts()) != 2 {
		t.Errorf("%d custom fields, %d conflicts", len(it.Custom), len(it.Conflicts()))
	}
	c.Done()
	d.until("item", func() bool { return v.State().Pane == PaneDetail && v.Detail().State().Title == "Mail" })
}

// Two devices have given one folder two names. It is decided where items are, and the next undecided one follows.
func TestFolderConflictIsInTheInbox(t *testing.T) {
	d, v, server := openDesk(t)
	here := d.shell.unlocked
	folder, err := here.Vault().SaveFolder(t.Context(), vault.Folder{Name: "Work"})
	if err != nil {
		t.Fatal(err)
	}
	testpc.Sync(t, here)
	other := testpc.New(t, "Laptop", nil).SignIn(t, server, anna, here.SecretKey())
	server.Stop()
	for u, name := range map[*session.Unlocked]string{here: "Office", other: "Business"} {
		if _, err := u.Vault().SaveFolder(t.Context(), vault.Folder{ID: folder.ID, Name: name}); err != nil {
			t.Fatal(err)
		}
	}
	server.Restart()
	testpc.Sync(t, other)
	testpc.Sync(t, here)
	d.until("conflict", func() bool { return v.counts.Conflicts == 1 })
	c := d.inbox(v)
	if row := v.State().Rows.At(0); !row.Folder || row.Subtitle != "Folder" || !row.Warning {
		t.Errorf("%+v", row)
	}
	c.KeepBoth(c.State().Fields[0].ID)
	d.until("both", func() bool { return len(c.State().Settled) == 1 })
	c.Done()
	d.until("nothing more", func() bool { return v.State().Pane == PaneNothing && v.counts.Conflicts == 0 })
	testpc.Sync(t, here)
	testpc.Sync(t, other)
	names := func(u *session.Unlocked) string { return u.Vault().Folders()[0].Name }
	if got := names(here); got != names(other) || !strings.Contains(got, "Office") || !strings.Contains(got, "Business") {
		t.Errorf("%q here, %q there", got, names(other))
	}
}

// Another device decides while the question is on the screen here.
func TestConflictIsSettledElsewhere(t *testing.T) {
	d, v, item := conflictDesk(t)
	c := d.inbox(v)
	it := testpc.Get(t, d.shell.unlocked, item)
	password := fieldOf(t, c, "Password")
	for _, conflict := range it.Conflicts() {
		if err := d.shell.unlocked.Vault().ResolveConflict(t.Context(), item, conflict, false); err != nil {
			t.Fatal(err)
		}
	}
	c.Choose(password.ID, true) // the screen has not heard of it
	d.until("nothing to decide", func() bool { return len(c.State().Fields) == 0 && !c.State().Busy })
	if s := c.State(); !s.Problem.IsZero() || len(s.Settled) != 0 {
		t.Errorf("%+v", s)
	}
	d.until("who has decided", func() bool { return strings.HasPrefix(c.State().Body, "Another of your devices has decided this.") })
	if decided := c.State().Decided; decided != "" {
		t.Errorf("nothing was decided here, and it says %q", decided)
	}
}

// Of two questions one is decided here and one on another device: both are decided, and it says where.
func TestConflictsDecidedHereAndElsewhere(t *testing.T) {
	d, v, item := conflictDesk(t)
	c := d.inbox(v)
	user, password := fieldOf(t, c, "Username"), fieldOf(t, c, "Password")
	c.Choose(password.ID, true)
	d.until("chosen", func() bool { return len(c.State().Settled) == 1 && !c.State().Busy })
	it := testpc.Get(t, d.shell.unlocked, item)
	if err := d.shell.unlocked.Vault().ResolveConflict(t.Context(), item, it.Conflicts()[0], false); err != nil {
		t.Fatal(err)
	}
	d.until("nothing to decide", func() bool { return len(c.State().Fields) == 0 && !c.State().Busy && !c.State().Loading })
	if got := c.State().Decided; got != "2 of 2 decided · 1 on your other devices" {
		t.Errorf("%q", got)
	}
	c.Undo(password.ID)
	d.until("asked again", func() bool { return len(c.State().Fields) == 1 && !c.State().Busy && !c.State().Loading })
	if got := c.State().Decided; got != "1 of 2 decided · 1 on your other devices" {
		t.Errorf("%q after %s was decided elsewhere", got, user.Label)
	}
}

// A decision that is not kept leaves no copy of the values behind: neither where it failed, nor where another device was first, nor
// where the screen is left meanwhile.
func TestDecisionThatIsNotKeptIsWiped(t *testing.T) {
	for name, refusal := range map[string]error{"failed": errors.New("not kept"), "first elsewhere": vault.ErrNotFound, "left": nil} {
		t.Run(name, func(t *testing.T) {
			d, v, _ := conflictDesk(t)
			c := d.inbox(v)
			row := fieldOf(t, c, "Password").ID
			got, leave := make(chan vault.Past, 1), make(chan struct{})
			c.settle(row, "other", func(_ context.Context, conflict vault.Past) error {
				got <- conflict
				<-leave
				return refusal
			})
			conflict := <-got
			if conflict.Value.IsZero() {
				t.Fatal("there is nothing to wipe")
			}
			if name == "left" {
				c.Leave()
			}
			close(leave)
			d.until("wiped", conflict.Value.IsZero)
		})
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
	d.until("conflict", func() bool { return !c.State().Loading })
	c.Choose("7", true)
	c.KeepBoth("nonsense")
	c.Undo("nonsense")
	c.UndoLast()
	if s := c.State(); s.Busy || len(s.Fields) != 2 {
		t.Errorf("%+v", s)
	}
	value := c.item.Value(vault.Password)
	c.Leave()
	if !value.IsZero() {
		t.Error("leaving does not wipe")
	}
}
