package vault_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault"
)

var ctx = context.Background()

func titles(found []*vault.Summary) []string {
	list := make([]string, len(found))
	for i, s := range found {
		list[i] = s.Title
	}
	return list
}

func expect(t *testing.T, what string, got []*vault.Summary, want ...string) {
	t.Helper()
	if !slices.Equal(titles(got), want) {
		t.Errorf("%s: %q, want %q", what, titles(got), want)
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestSavedItemSurvivesALock(t *testing.T) {
	d := newDevice(t, 1)
	it := login("Example", "\xff not UTF-8 \x00")
	it.Tags, it.Favorite = []string{"work"}, true
	it.Custom = []vault.CustomField{{Label: "Key", Type: vault.Concealed, Value: secret.FromString("k")}, {Label: "Plain", Value: secret.FromString("p")}}
	it.Origin = vault.Origin{Source: "chrome/Default", SourceID: "7"}
	saved := d.save(t, it)
	d.unlock(t)
	got := d.get(t, saved.ID)
	if text(got, vault.Password) != "\xff not UTF-8 \x00" || got.Title != "Example" || !got.Favorite || got.Origin != it.Origin {
		t.Errorf("%+v", got)
	}
	if len(got.Custom) != 2 || got.Custom[0].ID.IsZero() || got.Custom[1].Type != vault.Text || string(got.Custom[1].Value.Reveal()) != "p" {
		t.Errorf("custom fields %+v", got.Custom)
	}
	if got.CreatedAt != firstTime.UnixMilli() || got.UpdatedAt != got.CreatedAt {
		t.Errorf("created %d, updated %d", got.CreatedAt, got.UpdatedAt)
	}
	s, found := d.Summary(saved.ID)
	if !found || s.Subtitle != "ann" || !slices.Equal(s.Hosts, []string{"example.example"}) || s.Unreadable || s.Conflict {
		t.Errorf("summary %+v", s)
	}
}

func TestWhatWasReplacedGoesIntoTheHistory(t *testing.T) {
	d := newDevice(t, 1)
	it := login("Example", "first")
	it.Custom = []vault.CustomField{{Label: "Key", Type: vault.Concealed, Value: secret.FromString("k")}}
	it = d.save(t, it)
	d.now = d.now.Add(time.Hour)
	it.Set(vault.Password, secret.FromString("second"))
	it.Set(vault.Username, secret.FromString("bob"))
	it.Custom = nil
	it = d.save(t, it)
	want := map[vault.Field]string{vault.ValueField(vault.Password): "first", vault.ValueField(vault.Username): "ann"}
	for _, p := range it.History {
		if custom, part, ok := p.Field.Custom(); ok {
			want[p.Field] = map[string]string{"": "k", "label": "Key", "type": "concealed"}[part]
			if custom.IsZero() {
				t.Error("no id")
			}
		}
		if string(p.Value.Reveal()) != want[p.Field] || p.Time != d.now.UnixMilli() || p.Device != d.id || p.Conflict {
			t.Errorf("history has %s %q %+v", p.Field, p.Value.Reveal(), p)
		}
	}
	if len(it.History) != 5 {
		t.Errorf("%d entries, want password, user name and the custom field with label and type", len(it.History))
	}
	again := d.save(t, it)
	if again.UpdatedAt != it.UpdatedAt || len(again.History) != 5 {
		t.Error("a save without a change changed something")
	}
}

// The date belongs to the password and not to the item: an import decides by it which of two passwords is newer.
func TestPasswordKeepsItsDate(t *testing.T) {
	d := newDevice(t, 1)
	set := func(it vault.Item, password string) vault.Item {
		d.now = d.now.Add(time.Hour)
		it.Set(vault.Password, secret.FromString(password))
		return d.save(t, it)
	}
	it := d.save(t, login("Example", "first"))
	made := d.now.UnixMilli()
	d.now = d.now.Add(time.Hour)
	it.Title = "Renamed"
	if it = d.save(t, it); it.PasswordSetAt != made || it.UpdatedAt == made {
		t.Errorf("after another edit: %d, made %d", it.PasswordSetAt, made)
	}
	if it = set(it, "second"); it.PasswordSetAt != d.now.UnixMilli() {
		t.Errorf("after a new password: %d", it.PasswordSetAt)
	}
	check(t, d.SetFavorite(ctx, true, it.ID))
	d.unlock(t)
	if got := d.get(t, it.ID); got.PasswordSetAt != d.now.UnixMilli() {
		t.Errorf("after a lock: %d", got.PasswordSetAt)
	}
	if it = set(d.get(t, it.ID), ""); it.PasswordSetAt != 0 {
		t.Errorf("of no password: %d", it.PasswordSetAt)
	}
}

// An import knows when a password was set, or nobody does.
func TestImportedPasswordsKeepTheirDate(t *testing.T) {
	d := newDevice(t, 1)
	dated, undated := login("Dated", "1"), login("Undated", "2")
	dated.PasswordSetAt = 7
	existing := d.save(t, login("Existing", "old"))
	existing.Set(vault.Password, secret.FromString("new"))
	existing.PasswordSetAt = 9
	_, err := d.Batch(ctx, []vault.Item{dated, undated, existing}, nil, nil)
	check(t, err)
	want := map[string]int64{"Dated": 7, "Undated": 0, "Existing": 9}
	for _, s := range d.Query(vault.Filter{}) {
		if got := d.get(t, s.ID).PasswordSetAt; got != want[s.Title] {
			t.Errorf("%s: %d, want %d", s.Title, got, want[s.Title])
		}
	}
}

func TestResolvedPasswordHasTheDateOfTheOneTaken(t *testing.T) {
	d := newDevice(t, 1)
	it := login("Example", "theirs")
	past := vault.Past{Field: vault.ValueField(vault.Password), Value: secret.FromString("mine"), Time: 5, Device: id.ID{9}, Conflict: true}
	it.History = []vault.Past{past}
	it = d.save(t, it)
	check(t, d.ResolveConflict(ctx, it.ID, past, true))
	if got := d.get(t, it.ID); got.PasswordSetAt != 5 {
		t.Errorf("%d", got.PasswordSetAt)
	}
}

func TestSaveMergesWithWhatChangedSince(t *testing.T) {
	d := newDevice(t, 1)
	it := d.save(t, login("Example", "first"))
	inEditor := d.get(t, it.ID)
	check(t, d.SetFavorite(ctx, true, it.ID))
	elsewhere := d.get(t, it.ID)
	elsewhere.Set(vault.Notes, secret.FromString("from elsewhere"))
	elsewhere.Title = "Theirs"
	d.save(t, elsewhere)
	inEditor.Set(vault.Password, secret.FromString("typed"))
	inEditor.Title = "Mine"
	saved := d.save(t, inEditor)
	if !saved.Favorite || text(saved, vault.Notes) != "from elsewhere" || text(saved, vault.Password) != "typed" || saved.Title != "Theirs" {
		t.Errorf("%+v", saved)
	}
	conflicts := saved.Conflicts()
	if len(conflicts) != 1 || string(conflicts[0].Value.Reveal()) != "Mine" {
		t.Errorf("conflicts %+v", conflicts)
	}
	expect(t, "conflicts", d.Query(vault.Filter{Conflicts: true}), "Theirs")
}

func TestSaveOfADeletedItemBringsItBack(t *testing.T) {
	d := newDevice(t, 1)
	it := d.save(t, login("Example", "first"))
	check(t, d.DeleteForever(ctx, it.ID))
	if _, err := d.Get(ctx, it.ID); !errors.Is(err, vault.ErrNotFound) {
		t.Fatal(err)
	}
	it.Set(vault.Password, secret.FromString("typed"))
	saved := d.save(t, it)
	if saved.ID != it.ID || text(d.get(t, it.ID), vault.Password) != "typed" {
		t.Error("the edit is lost")
	}
}

func TestConflictIsResolved(t *testing.T) {
	for _, take := range []bool{true, false} {
		d := newDevice(t, 1)
		it := login("Example", "theirs")
		past := vault.Past{Field: vault.ValueField(vault.Password), Value: secret.FromString("mine"), Time: 5, Device: id.ID{9}, Conflict: true}
		it.History = []vault.Past{past}
		it = d.save(t, it)
		check(t, d.ResolveConflict(ctx, it.ID, past, take))
		got := d.get(t, it.ID)
		want := map[bool]string{true: "mine", false: "theirs"}[take]
		if text(got, vault.Password) != want || len(got.Conflicts()) != 0 {
			t.Errorf("take %t: %q, %+v", take, text(got, vault.Password), got.History)
		}
		var kept []string
		for _, p := range got.History {
			kept = append(kept, string(p.Value.Reveal()))
		}
		if take && !slices.Contains(kept, "theirs") || !slices.Contains(kept, "mine") {
			t.Errorf("take %t: history %q", take, kept)
		}
		if err := d.ResolveConflict(ctx, it.ID, past, take); !errors.Is(err, vault.ErrNotFound) {
			t.Errorf("settled twice: %v", err)
		}
	}
}

func TestTrash(t *testing.T) {
	d := newDevice(t, 1)
	a, b := d.save(t, login("A", "1")), d.save(t, login("B", "2"))
	check(t, d.Trash(ctx, a.ID, b.ID))
	expect(t, "list", d.Query(vault.Filter{}))
	expect(t, "trash", d.Query(vault.Filter{Trash: true}), "A", "B")
	check(t, d.Restore(ctx, a.ID))
	expect(t, "list", d.Query(vault.Filter{}), "A")
	if n, err := d.EmptyTrash(ctx); n != 1 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	d.unlock(t)
	expect(t, "trash", d.Query(vault.Filter{Trash: true}))
	expect(t, "list", d.Query(vault.Filter{}), "A")
	if err := d.Trash(ctx, b.ID); !errors.Is(err, vault.ErrNotFound) {
		t.Errorf("trashing what is gone: %v", err)
	}
	if err := d.Trash(ctx, a.ID, b.ID); err != nil {
		t.Errorf("one of two is gone: %v", err)
	}
}

// What another process took out of the trash is not deleted because this one still lists it there.
func TestEmptyTrashLeavesWhatWasRestoredElsewhere(t *testing.T) {
	app := newDevice(t, 1)
	kept, gone := app.save(t, login("Kept", "1")), app.save(t, login("Gone", "2"))
	check(t, app.Trash(ctx, kept.ID, gone.ID))
	tool, err := vault.Open(ctx, app.config(), nil)
	check(t, err)
	defer tool.Close()
	check(t, tool.Restore(ctx, kept.ID))
	if n, err := app.EmptyTrash(ctx); n != 1 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	expect(t, "list", app.Query(vault.Filter{}), "Kept")
	expect(t, "trash", app.Query(vault.Filter{Trash: true}))
}

func TestFoldersAndMarks(t *testing.T) {
	d := newDevice(t, 1)
	work, err := d.SaveFolder(ctx, vault.Folder{Name: "Work"})
	check(t, err)
	_, err = d.SaveFolder(ctx, vault.Folder{Name: "art"})
	check(t, err)
	it := d.save(t, login("Example", "1"))
	d.save(t, login("Other", "1"))
	check(t, d.Move(ctx, work.ID, it.ID))
	expect(t, "in the folder", d.Query(vault.Filter{Folder: work.ID}), "Example")
	expect(t, "in none", d.Query(vault.Filter{NoFolder: true}), "Other")
	work.Name, work.Path = "Office", "Office"
	_, err = d.SaveFolder(ctx, work)
	check(t, err)
	check(t, d.Mark(ctx, "import"))
	check(t, d.Mark(ctx, "import"))
	d.unlock(t)
	if f := d.Folders(); len(f) != 2 || f[0].Name != "art" || f[1] != work {
		t.Errorf("folders %+v", f)
	}
	if !d.HasMark("import") || d.HasMark("other") {
		t.Error("marks")
	}
	if c := d.Counts(); c.All != 2 || c.Folders[work.ID] != 1 || c.NoFolder != 1 {
		t.Errorf("%+v", c)
	}
	check(t, d.DeleteFolder(ctx, work.ID))
	expect(t, "in none", d.Query(vault.Filter{NoFolder: true}), "Example", "Other")
	if err := d.DeleteFolder(ctx, it.ID); !errors.Is(err, vault.ErrNotFound) {
		t.Errorf("an item was deleted as a folder: %v", err)
	}
	if _, err := d.SaveFolder(ctx, vault.Folder{ID: it.ID, Name: "x"}); !errors.Is(err, vault.ErrNotFound) {
		t.Errorf("an item was renamed as a folder: %v", err)
	}
}

func TestQuery(t *testing.T) {
	d := newDevice(t, 1)
	for i, title := range []string{"Postbank", "My Postbox", "Éclair", "apost", "Zebra"} {
		it := login(title, "secretword")
		it.Tags = []string{"tag " + title}
		it.CreatedAt, it.UpdatedAt = int64(100+i), int64(900-i)
		d.save(t, it)
	}
	card := vault.Item{Kind: vault.Card, Title: "Visa", CreatedAt: 1, UpdatedAt: 1}
	card.Set(vault.Cardholder, secret.FromString("Post Ann"))
	card.Set(vault.Number, secret.FromString("4111111111111111"))
	d.save(t, card)
	expect(t, "all", d.Query(vault.Filter{}), "apost", "Éclair", "My Postbox", "Postbank", "Visa", "Zebra")
	expect(t, "ranked", d.Query(vault.Filter{Text: "post"}), "Postbank", "My Postbox", "Visa", "apost")
	expect(t, "accents", d.Query(vault.Filter{Text: "ECLAIR"}), "Éclair")
	expect(t, "two words", d.Query(vault.Filter{Text: "ann visa"}), "Visa")
	expect(t, "hosts", d.Query(vault.Filter{Text: "zebra.example"}), "Zebra")
	expect(t, "kind", d.Query(vault.Filter{Kind: vault.Card}), "Visa")
	expect(t, "tag", d.Query(vault.Filter{Tag: "tag Postbank"}), "Postbank")
	expect(t, "updated", d.Query(vault.Filter{Sort: vault.SortUpdated, Text: "post"}), "Postbank", "My Postbox", "Visa", "apost")
	expect(t, "created", d.Query(vault.Filter{Sort: vault.SortCreated}), "Zebra", "apost", "Éclair", "My Postbox", "Postbank", "Visa")
	expect(t, "unknown sort", d.Query(vault.Filter{Sort: 99, Kind: vault.Card}), "Visa")
	for _, hidden := range []string{"secretword", "4111"} {
		expect(t, "a secret is found by search", d.Query(vault.Filter{Text: hidden}))
	}
}

func TestInvalidItems(t *testing.T) {
	d := newDevice(t, 1)
	twice := vault.CustomField{ID: id.New(), Type: vault.Text}
	big := login("Big", "x")
	big.Set(vault.Notes, secret.FromString(strings.Repeat("x", 1<<20)))
	for name, c := range map[string]struct {
		it   vault.Item
		want error
	}{
		"no kind":       {vault.Item{Title: "x"}, vault.ErrInvalid},
		"not UTF-8":     {vault.Item{Kind: vault.Login, Title: "\xff"}, vault.ErrInvalid},
		"website":       {vault.Item{Kind: vault.Login, Websites: []string{"\xff"}}, vault.ErrInvalid},
		"one id twice":  {vault.Item{Kind: vault.Login, Custom: []vault.CustomField{twice, twice}}, vault.ErrInvalid},
		"too large":     {big, vault.ErrTooLarge},
		"newer version": {vault.Item{Kind: vault.Login, ReadOnly: true}, vault.ErrNewerItem},
	} {
		if _, err := d.Save(ctx, c.it); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	expect(t, "list", d.Query(vault.Filter{}))
}

func TestBatchAndUndo(t *testing.T) {
	d := newDevice(t, 1)
	old := d.save(t, login("Old", "before"))
	merged := d.get(t, old.ID)
	merged.Set(vault.Password, secret.FromString("imported"))
	calls := 0
	batch, err := d.Batch(ctx, []vault.Item{login("New", "1"), login("Edited later", "2"), merged, d.get(t, old.ID)}, nil, func(vault.BatchProgress) { calls++ })
	check(t, err)
	expect(t, "imported", d.Query(vault.Filter{}), "Edited later", "New", "Old")
	if calls != 4 || text(d.get(t, old.ID), vault.Password) != "imported" {
		t.Errorf("%d calls, password %q", calls, text(d.get(t, old.ID), vault.Password))
	}
	for _, s := range d.Query(vault.Filter{Text: "edited"}) {
		it := d.get(t, s.ID)
		if it.Origin.Batch != batch {
			t.Error("no batch")
		}
		it.Title = "Edited"
		d.save(t, it)
	}
	d.unlock(t)
	done, err := d.UndoBatch(ctx, batch)
	check(t, err)
	if done != (vault.Undone{Removed: 1, Restored: 1, Kept: 1}) {
		t.Errorf("%+v", done)
	}
	expect(t, "after undo", d.Query(vault.Filter{}), "Edited", "Old")
	if got := d.get(t, old.ID); text(got, vault.Password) != "before" || len(got.History) != 0 {
		t.Errorf("%q, %+v", text(got, vault.Password), got.History)
	}
	if _, err := d.UndoBatch(ctx, batch); !errors.Is(err, vault.ErrNotFound) {
		t.Errorf("undone twice: %v", err)
	}
}

func TestBatchIsAllOrNothing(t *testing.T) {
	d := newDevice(t, 1)
	if _, err := d.Batch(ctx, []vault.Item{login("A", "1"), {Kind: vault.Login, Title: "\xff"}}, nil, nil); !errors.Is(err, vault.ErrInvalid) {
		t.Error(err)
	}
	stopped, cancel := context.WithCancel(ctx)
	_, err := d.Batch(stopped, manyLogins(100), nil, func(at vault.BatchProgress) {
		if at.Items == 50 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	_, err = d.Batch(ctx, manyLogins(100), nil, func(at vault.BatchProgress) {
		if at.Items == 50 {
			go d.Close()
			for d.Query(vault.Filter{}) != nil {
				runtime.Gosched()
			}
		}
	})
	d.unlock(t)
	if n := d.Counts().All; n != 0 && n != 100 || (err == nil) != (n == 100) {
		t.Errorf("%d items after %v", n, err)
	}
}

func TestSubscribe(t *testing.T) {
	d := newDevice(t, 1)
	var got []vault.Change
	stop := d.Subscribe(func(c vault.Change) {
		got = append(got, c)
		d.Query(vault.Filter{}) // a subscriber may ask
	})
	it := d.save(t, login("Example", "1"))
	check(t, d.Trash(ctx, it.ID))
	stop()
	check(t, d.Restore(ctx, it.ID))
	if len(got) != 2 || len(got[0].Objects) != 1 || got[0].Objects[0] != it.ID || got[1].All {
		t.Errorf("%+v", got)
	}
}

func TestSubscriberMayClose(t *testing.T) {
	d := newDevice(t, 1)
	d.Subscribe(func(vault.Change) { d.Close() })
	_, err := d.ApplyPull(ctx, vault.Pull{Rows: []vault.RemoteRow{sealed(t, id.New(), 1, []byte("x"))}, Pin: &vault.Pin{Seq: 1}})
	check(t, err)
	if _, err := d.Save(ctx, login("x", "1")); !errors.Is(err, vault.ErrClosed) {
		t.Error(err)
	}
}

func TestLockedVault(t *testing.T) {
	d := newDevice(t, 1)
	it := d.save(t, login("Example", "1"))
	d.Close()
	_, getErr := d.Get(ctx, it.ID)
	_, saveErr := d.Save(ctx, it)
	_, batchErr := d.Batch(ctx, []vault.Item{it}, nil, nil)
	_, pullErr := d.ApplyPull(ctx, vault.Pull{})
	_, pendingErr := d.Pending(ctx, 1, 1)
	for i, err := range []error{getErr, saveErr, batchErr, pullErr, pendingErr, d.Refresh(ctx), d.Trash(ctx, it.ID), d.Mark(ctx, "m")} {
		if !errors.Is(err, vault.ErrClosed) {
			t.Errorf("call %d: %v", i, err)
		}
	}
	if d.Query(vault.Filter{}) != nil || d.Folders() != nil || d.Counts().All != 0 || d.HasMark("m") {
		t.Error("a locked vault shows something")
	}
	if _, found := d.Summary(it.ID); found {
		t.Error("a locked vault has a summary")
	}
	d.Close() // twice is fine
}

func TestOpenIsCancelled(t *testing.T) {
	d := newDevice(t, 1)
	_, err := d.Batch(ctx, manyLogins(2000), nil, nil)
	check(t, err)
	stopped, cancel := context.WithCancel(ctx)
	_, err = vault.Open(stopped, d.config(), func(done, total int) {
		if total != 2000 {
			t.Errorf("total %d", total)
		}
		cancel()
	})
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	cfg := d.config()
	cfg.Key = secret.Bytes{}
	if _, err := vault.Open(ctx, cfg, nil); !errors.Is(err, vault.ErrClosed) {
		t.Errorf("opened without a key: %v", err)
	}
}

func TestAnotherProcessWrites(t *testing.T) {
	app := newDevice(t, 1)
	app.save(t, login("First", "1"))
	tool, err := vault.Open(ctx, app.config(), nil)
	check(t, err)
	defer tool.Close()
	all := false
	app.Subscribe(func(c vault.Change) { all = all || c.All })
	_, err = tool.Save(ctx, login("From the tool", "2"))
	check(t, err)
	check(t, app.Refresh(ctx))
	expect(t, "after refresh", app.Query(vault.Filter{}), "First", "From the tool")
	_, err = tool.Save(ctx, login("Again", "3"))
	check(t, err)
	app.save(t, login("Mine", "4"))
	expect(t, "after a save", app.Query(vault.Filter{}), "Again", "First", "From the tool", "Mine")
	if !all {
		t.Error("subscribers were not told")
	}
	check(t, tool.Refresh(ctx))
	check(t, tool.Refresh(ctx))
	expect(t, "the tool", tool.Query(vault.Filter{}), "Again", "First", "From the tool", "Mine")
}

// What shows the tags may keep them after a lock: see Summary.
func TestTagsOfCountsAreTheirOwn(t *testing.T) {
	d := newDevice(t, 1)
	it := login("Mail", "pass")
	it.Tags = []string{"work"}
	d.save(t, it)
	for tag := range d.Counts().Tags {
		for _, s := range d.Query(vault.Filter{}) {
			if unsafe.StringData(tag) == unsafe.StringData(s.Tags[0]) {
				t.Errorf("the tag %q is the summary's", tag)
			}
		}
	}
}
