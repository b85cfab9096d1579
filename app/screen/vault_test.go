package screen

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/vault"
)

// navRow finds a line of the sidebar.
func navRow(t *testing.T, v *Vault, label string) NavRow {
	t.Helper()
	for _, section := range v.State().Nav {
		for _, row := range section.Places {
			if row.Label == label {
				return row
			}
		}
	}
	t.Fatalf("no place %q", label)
	return NavRow{}
}

// undo takes back what the window says that it did, once it says so.
func (d *desk) undo(v *Vault, said string) {
	d.t.Helper()
	d.until(said, func() bool { return v.State().Toast.Text == said && v.State().Toast.Undo != "" })
	v.Undo()
}

// settled waits until the list shows what was asked for last.
func (d *desk) settled(v *Vault) {
	d.t.Helper()
	d.until("list", func() bool { return !v.asking.running })
}

func TestVaultBeginsEmpty(t *testing.T) {
	_, v, _ := openDesk(t)
	s := v.State()
	if s.Rows.Len() != 0 || s.Selected != -1 || s.Pane != PaneNothing || s.Heading != "All items" || s.CountText != "0 items" {
		t.Errorf("%+v", s)
	}
	if s.Empty.Action != "New" || len(s.NewKinds) != len(vault.Kinds()) {
		t.Errorf("%+v, %+v", s.Empty, s.NewKinds)
	}
	for _, section := range s.Nav {
		checkWords(t, "sidebar", section.Title, section.Add)
		for _, row := range section.Places {
			checkWords(t, "sidebar", row.Label, row.Count)
		}
	}
}

func TestEmptyPlacesSayWhy(t *testing.T) {
	d, v, _ := openDesk(t)
	d.add("Mail", "anna", "hunter2")
	for label, title := range map[string]string{"Favorites": "No favorites yet", "Trash": "The trash is empty", "Notes": "Nothing here yet"} {
		v.Go(navRow(t, v, label).Place)
		d.settled(v)
		s := v.State()
		if s.Heading != label || s.Empty.Title != title || s.Pane != PaneNothing {
			t.Errorf("%s: %q, %+v", label, s.Heading, s.Empty)
		}
		checkWords(t, label, s.Empty.Title, s.Empty.Body, s.Empty.Action)
	}
	v.Go(Place{})
	v.SetSearch("nothing like it")
	d.settled(v)
	if s := v.State(); s.Empty.Title != "Nothing found" || s.Empty.Everywhere != "" {
		t.Errorf("search: %+v", s.Empty)
	}
}

// What is not found in one place is looked for in all items with one press.
func TestSearchGoesOnEverywhere(t *testing.T) {
	d, v, _ := openDesk(t)
	d.add("Mail", "anna", "hunter2")
	v.Go(navRow(t, v, "Notes").Place)
	v.SetSearch("mail")
	d.settled(v)
	if s := v.State(); s.Empty.Title != "Nothing found" || s.Empty.Everywhere != "Search all items" {
		t.Fatalf("%+v", s.Empty)
	}
	v.SearchEverywhere()
	d.settled(v)
	if s := v.State(); d.titles(v) != "Mail" || s.Search != "mail" || s.Heading != "All items" {
		t.Errorf("%q, search %q in %q", d.titles(v), s.Search, s.Heading)
	}
}

func TestNewItemIsSavedAndShown(t *testing.T) {
	d, v, _ := openDesk(t)
	v.New(string(vault.Login))
	e := v.Editor()
	if s := e.State(); v.State().Pane != PaneEditor || s.Title != "New login" || !s.New || s.Dirty {
		t.Fatalf("%+v", s)
	}
	e.SetText("title", "GitHub")
	e.SetText("value/username", "anna")
	e.SetSecret("value/password", testpc.Typed("hunter2"))
	e.SetText(e.State().Websites[0].ID, "github.com")
	e.Save()
	d.until("saved", func() bool { return v.State().Pane == PaneDetail && d.row(v, "GitHub") == 0 })
	if s := v.State(); s.Selected != 0 || s.CountText != "1 item" || navRow(t, v, "Logins").Count != "1" {
		t.Errorf("%+v", s)
	}
	row := v.State().Rows.At(0)
	if row.Subtitle != "anna" || row.Kind != vault.Login {
		t.Errorf("%+v", row)
	}
	item := d.item("GitHub")
	if string(item.Value(vault.Password).Reveal()) != "hunter2" || item.Websites[0] != "github.com" {
		t.Error("something that was typed is missing")
	}
}

func TestSearchAndSort(t *testing.T) {
	d, v, _ := openDesk(t)
	for i, title := range []string{"Zebra", "Apple", "Mango"} {
		d.add(title, fmt.Sprintf("user%d", i), "hunter2")
	}
	titles := func(want string) {
		t.Helper()
		d.settled(v)
		if got := d.titles(v); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	titles("Apple, Mango, Zebra")
	v.SetSearch("a")
	v.SetSearch("ap")
	v.SetSearch("mango") // the last one wins
	titles("Mango")
	if v.State().CountText != "1 item" {
		t.Error(v.State().CountText)
	}
	v.SetSearch("user0") // the others are a slip of the finger away
	titles("Zebra, Apple, Mango")
	d.until("details follow the list", func() bool { return v.Detail() != nil && v.Detail().State().Title == "Zebra" })
	v.SetSearch("")
	titles("Apple, Mango, Zebra")
	if v.State().Selected != 2 {
		t.Errorf("the selection did not stay with its item: %d", v.State().Selected)
	}
	v.SortBy("created")
	d.settled(v)
	if first := v.State().Sort[2]; !first.Selected {
		t.Errorf("%+v", v.State().Sort)
	}
}

func TestTrashRestoreDelete(t *testing.T) {
	d, v, _ := openDesk(t)
	for _, title := range []string{"A", "B", "C"} {
		d.add(title, "anna", "hunter2")
	}
	d.show(v, "B")
	v.Trash()
	d.until("trashed", func() bool { return d.titles(v) == "A, C" })
	if s := v.State(); s.Rows.At(s.Selected).Title != "C" {
		t.Errorf("selected %d", s.Selected)
	}
	d.undo(v, "“B” is in the trash.")
	d.until("back", func() bool { return d.titles(v) == "A, B, C" })
	d.until("words", func() bool { return v.State().Toast.Text == "Undone." })
	if v.State().Toast.Undo != "" || v.Can(ActionUndo) {
		t.Error("what was undone can be undone")
	}

	d.show(v, "B")
	v.Do(ActionTrash)
	d.until("trashed again", func() bool { return d.titles(v) == "A, C" })
	v.Go(navRow(t, v, "Trash").Place)
	d.until("trash", func() bool { return d.titles(v) == "B" && v.Detail() != nil && v.Detail().State().Title == "B" })
	s := v.State()
	if !s.InTrash || s.New != "" || s.EmptyTrash == "" {
		t.Errorf("%+v", s)
	}
	v.Detail().Act(BannerTrashed)
	d.until("restored", func() bool { return v.State().Rows.Len() == 0 })
	d.undo(v, "“B” is back.")
	d.until("in the trash again", func() bool { return d.titles(v) == "B" && v.Detail() != nil })

	v.Do(ActionTrash) // in the trash the key asks
	d.until("question", func() bool { return !v.State().Ask.IsZero() })
	if q := v.State().Ask; q.Title != "Delete “B” forever?" || !q.Danger {
		t.Fatalf("%+v", q)
	}
	checkWords(t, "question", v.State().Ask.Body, v.State().Ask.Confirm, v.State().Ask.Cancel)
	v.Answer(false)
	if !v.State().Ask.IsZero() || v.State().Rows.Len() != 1 {
		t.Error("no is not no")
	}
	v.DeleteForever()
	d.until("question", func() bool { return !v.State().Ask.IsZero() })
	v.Answer(true)
	d.until("deleted", func() bool { return v.State().Rows.Len() == 0 })
	if v.State().Toast.Undo != "" {
		t.Error("an undo that cannot be")
	}
}

func TestEmptyTrash(t *testing.T) {
	d, v, _ := openDesk(t)
	for _, title := range []string{"A", "B"} {
		d.add(title, "anna", "hunter2")
		d.show(v, title)
		v.Trash()
		d.until("trashed", func() bool { return v.State().Rows.Len() == 0 })
	}
	v.Go(navRow(t, v, "Trash").Place)
	d.until("trash", func() bool { return v.State().Rows.Len() == 2 })
	v.EmptyTrash()
	d.until("question", func() bool { return !v.State().Ask.IsZero() })
	if q := v.State().Ask; q.Body != "2 items will disappear from all your devices. Nobody can bring them back." {
		t.Errorf("%+v", q)
	}
	v.Answer(true)
	d.until("empty", func() bool { return v.State().Rows.Len() == 0 && navRow(t, v, "Trash").Count == "0" })
}

func TestFavorites(t *testing.T) {
	d, v, _ := openDesk(t)
	d.add("Mail", "anna", "hunter2")
	d.show(v, "Mail")
	v.Do(ActionFavorite)
	d.until("favorite", func() bool { return v.State().Rows.At(0).Favorite && v.Detail().State().Favorite })
	if navRow(t, v, "Favorites").Count != "1" {
		t.Error("not counted")
	}
	d.undo(v, "Added to favorites.")
	d.until("undone", func() bool { return !v.State().Rows.At(0).Favorite })
}

// Where there is no folder yet, moving makes one.
func TestMoveToNewFolder(t *testing.T) {
	d, v, _ := openDesk(t)
	d.add("Mail", "anna", "hunter2")
	d.add("Bank", "anna", "hunter2")
	d.show(v, "Mail")
	if !v.Can(ActionMove) {
		t.Fatal("without a folder nothing can be moved")
	}
	v.MoveToNew("  ")
	v.MoveToNew(" Work ")
	d.until("moved", func() bool { return v.Detail().State().Folder == "Work" && navRow(t, v, "Work").Count == "1" })
	if s := v.State(); s.Heading != "All items" || d.titles(v) != "Bank, Mail" {
		t.Errorf("the list shows %q: %q", s.Heading, d.titles(v))
	}
	d.undo(v, "Moved.")
	d.until("moved back", func() bool { return v.Detail().State().Folder == "" })
	v.SelectAll()
	v.MoveToNew("Home")
	d.until("moved", func() bool { places := v.State().Nav[2].Places; return len(places) == 2 && places[0].Count == "2" })
}

// A new item is shown after it is saved, also where the list was about others.
func TestNewItemIsShownWhereverItIs(t *testing.T) {
	for name, test := range map[string]struct {
		begin          func(*testing.T, *Vault)
		kind           vault.Kind
		heading, title string
	}{
		"place":                {func(t *testing.T, v *Vault) { v.Go(navRow(t, v, "Notes").Place) }, vault.Login, "All items", "A new one, Mail"},
		"search":               {func(t *testing.T, v *Vault) { v.SetSearch("mail") }, vault.Login, "All items", "A new one, Mail"},
		"search in its place":  {func(t *testing.T, v *Vault) { v.goWith(navRow(t, v, "Logins").Place, "mail") }, vault.Login, "Logins", "A new one, Mail"},
		"search in another":    {func(t *testing.T, v *Vault) { v.goWith(navRow(t, v, "Logins").Place, "mail") }, vault.Note, "All items", "A new one, Mail"},
		"search that finds it": {func(t *testing.T, v *Vault) { v.SetSearch("new") }, vault.Login, "All items", "A new one"},
		"favorites":            {func(t *testing.T, v *Vault) { v.Go(navRow(t, v, "Favorites").Place) }, vault.Login, "Favorites", "A new one"},
	} {
		t.Run(name, func(t *testing.T) {
			d, v, _ := openDesk(t)
			d.add("Mail", "anna", "hunter2")
			test.begin(t, v)
			d.settled(v)
			v.New(string(test.kind))
			if s := v.State(); s.Selected != -1 || v.Can(ActionTrash) || v.Can(ActionFavorite) {
				t.Errorf("while it is typed, row %d is selected", s.Selected)
			}
			v.Editor().SetText("title", "A new one")
			v.Editor().Save()
			d.until("saved", func() bool {
				return v.State().Pane == PaneDetail && d.titles(v) == test.title && !v.asking.running && v.Detail().State().Title != ""
			})
			if s := v.State(); s.Heading != test.heading || s.Selected != 0 || v.Detail().State().Title != "A new one" {
				t.Errorf("%q, row %d of %q, and %q is shown", s.Heading, s.Selected, d.titles(v), v.Detail().State().Title)
			}
		})
	}
}

func TestFolders(t *testing.T) {
	d, v, _ := openDesk(t)
	d.add("Mail", "anna", "hunter2")
	v.AddFolder(id.ID{}, "  ")
	v.AddFolder(id.ID{}, " Work ")
	d.until("folder", func() bool { return v.State().Heading == "Work" && !v.asking.running })
	folder := v.State().Nav[2].Places[0].Place.Folder
	v.Go(Place{})
	d.settled(v)
	d.show(v, "Mail")
	choices := v.State().Folders
	if len(choices) != 2 || choices[0].ID != "" || choices[1].Label != "Work" {
		t.Fatalf("%+v", choices)
	}
	v.Move(choices[1].ID)
	d.until("moved", func() bool { return v.Detail().State().Folder == "Work" && navRow(t, v, "Work").Count == "1" })
	d.undo(v, "Moved.")
	d.until("moved back", func() bool { return v.Detail().State().Folder == "" })
	v.Move(choices[1].ID)
	d.until("moved", func() bool { return v.Detail().State().Folder == "Work" })

	v.RenameFolder(folder, "Office")
	d.until("renamed", func() bool { return v.State().Nav[2].Places[0].Label == "Office" })
	d.undo(v, "The folder is called “Office” now.")
	d.until("renamed back", func() bool { return v.State().Nav[2].Places[0].Label == "Work" })

	v.Go(Place{Kind: PlaceFolder, Folder: folder})
	d.settled(v)
	v.New(string(vault.Note))
	if got := v.Editor().State().Folders[1]; !got.Selected {
		t.Error("a new item is not in the folder that is shown")
	}
	v.Editor().Cancel()
	v.DeleteFolder(folder)
	if q := v.State().Ask; q.Title != "Delete the folder “Work”?" {
		t.Errorf("%+v", q)
	}
	v.Answer(true)
	d.until("deleted", func() bool { return len(v.State().Nav[2].Places) == 0 && d.titles(v) == "Mail" })
}

// The names of folders come with the list, and may come after the item.
func TestItemNamesItsFolderWhenTheNameComes(t *testing.T) {
	d, v, _ := openDesk(t)
	d.add("Mail", "anna", "hunter2")
	d.show(v, "Mail")
	v.MoveToNew("Work")
	d.until("moved", func() bool { return v.Detail().State().Folder == "Work" })
	d.settled(v)
	for _, path := range []string{"", "Office"} {
		later := slices.Clone(v.folders)
		later[0].Path = path
		v.show(found{filter: v.filter, rows: v.rows, counts: v.counts, places: v.places, folders: later})
		if got := v.Detail().State().Folder; got != path {
			t.Errorf("the item is in %q, want %q", got, path)
		}
	}
}

func TestFoldersInFolders(t *testing.T) {
	d, v, _ := openDesk(t)
	folder := func(parent id.ID, name string) id.ID {
		v.AddFolder(parent, name)
		d.until(name, func() bool { return v.State().Heading == name && !v.asking.running })
		return v.place.Folder
	}
	tree := func() string {
		var rows []string
		for _, row := range v.State().Nav[2].Places {
			rows = append(rows, strings.Repeat(">", row.Depth)+row.Label)
		}
		return strings.Join(rows, " ")
	}
	work := folder(id.ID{}, "Work")
	clients := folder(work, "Clients")
	home := folder(id.ID{}, "Home")
	if got := tree(); got != "Home Work >Clients" {
		t.Error(got)
	}
	if c := v.State().Folders; c[3].Label != "Work/Clients" {
		t.Errorf("%+v", c)
	}
	var parents []string
	for _, c := range v.FolderParents(work) {
		parents = append(parents, fmt.Sprint(c.Label, c.Selected))
	}
	if got := strings.Join(parents, " "); got != "At the toptrue Homefalse" {
		t.Errorf("a folder can be put into itself: %s", got)
	}
	v.MoveFolder(clients, home.String())
	d.until("moved", func() bool { return tree() == "Home >Clients Work" })
	d.undo(v, "“Clients” was moved.")
	d.until("undone", func() bool { return tree() == "Home Work >Clients" })
	v.MoveFolder(clients, "")
	d.until("at the top", func() bool { return tree() == "Clients Home Work" })
}

func TestArchive(t *testing.T) {
	d, v, _ := openDesk(t)
	d.add("Mail", "anna", "hunter2")
	d.add("Shop", "anna", "hunter2")
	d.show(v, "Mail")
	v.ToggleArchive()
	d.until("archived", func() bool { return d.titles(v) == "Shop" && navRow(t, v, "Archive").Count == "1" })
	d.undo(v, "“Mail” is in the archive.")
	d.until("undone", func() bool { return d.titles(v) == "Mail, Shop" })
	d.show(v, "Mail")
	v.ToggleArchive()
	d.until("archived again", func() bool { return d.titles(v) == "Shop" })
	v.Go(navRow(t, v, "Archive").Place)
	d.until("the archive", func() bool { return d.titles(v) == "Mail" && v.Detail() != nil && len(v.Detail().State().Banners) > 0 })
	if !v.State().Rows.At(0).Archived || v.Detail().State().Banners[0].Action != "Take out" {
		t.Errorf("%+v", v.Detail().State().Banners)
	}
	v.Detail().Act(BannerArchived)
	d.until("taken out", func() bool { return d.titles(v) == "" && v.State().Empty.Title == "The archive is empty" })
}

func TestKindsWithItemsAreInTheSidebar(t *testing.T) {
	d, v, _ := openDesk(t)
	if n := len(v.State().Nav[1].Places); n != len(alwaysShown) {
		t.Errorf("%d kinds in an empty vault", n)
	}
	testpc.Save(t, d.shell.unlocked, vault.Item{Kind: vault.WiFi, Title: "Office"})
	d.until("kind", func() bool { return len(v.State().Nav[1].Places) == len(alwaysShown)+1 })
	if row := navRow(t, v, "Wi-Fi networks"); row.Count != "1" {
		t.Errorf("%+v", row)
	}
	if n := len(v.State().NewKinds); n != len(vault.Kinds()) {
		t.Errorf("%d kinds can be made", n)
	}
}

func TestTagsAreInTheSidebar(t *testing.T) {
	d, v, _ := openDesk(t)
	item := testpc.Login("Mail", "anna", "hunter2")
	item.Tags = []string{"family", "bills"}
	testpc.Save(t, d.shell.unlocked, item)
	d.until("tags", func() bool { return len(v.State().Nav) == 5 })
	v.Go(navRow(t, v, "bills").Place)
	d.settled(v)
	if d.titles(v) != "Mail" {
		t.Error(d.titles(v))
	}
	v.New(string(vault.Note))
	if tags := v.Editor().State().Tags; len(tags) != 1 || tags[0] != "bills" {
		t.Errorf("a new item has the tags %v", tags)
	}
}

func TestLeavingAnEditAsks(t *testing.T) {
	d, v, _ := openDesk(t)
	d.add("A", "anna", "hunter2")
	d.add("B", "anna", "hunter2")
	d.show(v, "A").Edit()
	v.Editor().SetText("title", "A changed")
	v.Select(1)
	if s := v.Editor().State(); s.Ask.IsZero() || v.State().Pane != PaneEditor {
		t.Fatal("left without a question")
	}
	v.Editor().KeepEditing()
	if s := v.Editor().State(); !s.Ask.IsZero() || s.Name.Value != "A changed" {
		t.Errorf("%+v", s)
	}
	v.Go(Place{Kind: PlaceFavorites})
	v.Editor().Discard()
	d.settled(v)
	if v.State().Heading != "Favorites" || v.Editor() != nil {
		t.Error("discarding did not lead on")
	}
	v.Go(Place{})
	d.settled(v)
	if d.titles(v) != "A, B" {
		t.Errorf("discarding changed the vault: %s", d.titles(v))
	}
}

func TestCopyTellsAndPassesTheTimeOn(t *testing.T) {
	d, v, _ := openDesk(t)
	d.add("Mail", "anna", "hunter2")
	d.show(v, "Mail")
	v.Do(ActionCopyPassword)
	d.until("copied", func() bool { return v.State().Toast.Text == "Password copied. It will be cleared in 30 s." })
	if d.clipboard.holds() != "hunter2" || d.clipboard.after != 30*time.Second {
		t.Errorf("%q for %v", d.clipboard.holds(), d.clipboard.after)
	}
	d.clock.Advance(d.queue, toastTime)
	if v.State().Toast.Number != 0 {
		t.Error("the toast stays")
	}
	v.Do(ActionCopyUser)
	d.until("user copied", func() bool { return d.clipboard.holds() == "anna" })

	d.clipboard.mu.Lock()
	d.clipboard.err = errForTest
	d.clipboard.mu.Unlock()
	v.Do(ActionCopyPassword)
	d.until("failure", func() bool { return !v.State().Problem.IsZero() })
	v.DismissProblem()
	if !v.State().Problem.IsZero() {
		t.Error("the problem stays")
	}
}

// Of two copies the later one stays on the clipboard, however slow the first one was.
func TestCopiesStayInOrder(t *testing.T) {
	env, d := newEnv(t)
	entered, block := make(chan struct{}), make(chan struct{})
	d.clipboard.entered, d.clipboard.block = entered, block
	c := newCopier(env)
	var done []string
	ask := func(text string) {
		c.copy(id.ID{}, testpc.Typed(text), time.Second, func(error) { done = append(done, text) })
	}
	ask("first")
	<-entered
	ask("second")
	ask("third")
	close(block)
	d.until("copies", func() bool { return slices.Contains(done, "third") })
	if d.clipboard.holds() != "third" || len(done) != 1 {
		t.Errorf("the clipboard holds %q after %v", d.clipboard.holds(), done)
	}
}

func TestSyncLine(t *testing.T) {
	d, v, server := openDesk(t)
	d.until("synced", func() bool { return v.State().Sync.Text == "Synced just now" })
	d.clock.Advance(d.queue, 5*time.Minute)
	d.until("synced a while ago", func() bool { return strings.HasSuffix(v.State().Sync.Text, "min ago") || v.State().Sync.Busy })
	server.Stop()
	d.add("Mail", "anna", "hunter2")
	d.until("offline", func() bool { return v.State().Sync.Text == "Offline · one change waits" })
	if p := v.State().Sync.Problem; p.What != "The server cannot be reached." {
		t.Errorf("%+v", p)
	}
	server.Restart()
	v.Sync()
	d.until("synced again", func() bool { return v.State().Sync.Tone == ToneGood })
	v.status = session.Status{State: session.Problem, Err: session.ErrDeviceRevoked}
	v.changed()
	if s := v.State().Sync; s.Text != "Sync has stopped" || s.Tone != ToneError || s.Problem.What != "The server says that this PC was removed from the account." {
		t.Errorf("%+v", s)
	}
}

func TestChangesFromOtherDevicesAppear(t *testing.T) {
	d, v, server := openDesk(t)
	d.add("Mail", "anna", "hunter2")
	other := testpc.New(t, "Laptop", nil).SignIn(t, server, anna, d.shell.unlocked.SecretKey())
	detail := d.show(v, "Mail")
	d.until("synced", func() bool { return v.State().Sync.Tone == ToneGood && d.shell.unlocked.Status().Pending == 0 })
	testpc.Sync(t, other)
	item := testpc.Get(t, other, v.selected)
	item.Title = "Mail at work"
	testpc.Save(t, other, item)
	testpc.Sync(t, other)
	v.Sync()
	d.until("change", func() bool { return d.row(v, "Mail at work") == 0 && detail.State().Title == "Mail at work" })
}

func TestKeysGoToWhatLiesOnTop(t *testing.T) {
	d, v, _ := openDesk(t)
	d.add("Mail", "anna", "hunter2")
	d.show(v, "Mail")
	v.Do(ActionGenerator)
	if v.State().Dialog != DialogGenerator {
		t.Fatal("no generator")
	}
	v.Do(ActionTrash)
	v.Do(ActionCopyPassword)
	d.queue.Drain()
	if v.State().Toast.Number != 0 {
		t.Error("a key went through the dialog")
	}
	v.Generator().Cancel()
	v.Do(ActionEdit)
	v.Editor().SetText("title", "Mail 2")
	v.Do(ActionSave)
	d.until("saved", func() bool { return d.row(v, "Mail 2") == 0 })
	v.Do(ActionNew)
	v.Do(ActionBack)
	d.until("back", func() bool { return v.State().Pane == PaneDetail })
	v.Do(ActionSettings)
	if v.State().Dialog != DialogSettings {
		t.Fatal("no settings")
	}
	v.Do(ActionLock)
	if d.shell.State().Page != PageUnlock {
		t.Error("a dialog keeps the vault from being locked")
	}
}
