package screen

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/vault"
)

// severalDesk is a desk with the items A to E.
func severalDesk(t *testing.T) (*desk, *Vault) {
	t.Helper()
	d, v, _ := openDesk(t)
	for _, title := range []string{"A", "B", "C", "D", "E"} {
		d.add(title, "anna", "hunter2")
	}
	d.settled(v)
	return d, v
}

// picked are the selected rows, the one with the cursor in brackets.
func picked(v *Vault) string {
	s := v.State()
	var rows []string
	for i := range s.Rows.Len() {
		switch row := s.Rows.At(i); {
		case i == s.Selected && (row.Marked || s.Marked == 0):
			rows = append(rows, "["+row.Title+"]")
		case i == s.Selected:
			rows = append(rows, "("+row.Title+")")
		case row.Marked:
			rows = append(rows, row.Title)
		}
	}
	return strings.Join(rows, " ")
}

func TestSelectingSeveral(t *testing.T) {
	_, v := severalDesk(t)
	for i, step := range []struct {
		do   func()
		want string
		pane Pane
	}{
		{func() { v.Select(1) }, "[B]", PaneDetail},
		{func() { v.Toggle(3) }, "B [D]", PaneSelection},
		{func() { v.Toggle(1) }, "[D]", PaneDetail}, // one is left: it is shown
		{func() { v.Extend(1) }, "[B] C D", PaneSelection},
		{func() { v.Extend(4) }, "D [E]", PaneSelection}, // from where the range began
		{func() { v.Extend(3) }, "[D]", PaneDetail},
		{v.SelectAll, "A B C [D] E", PaneSelection},
		{func() { v.Do(ActionBack) }, "[D]", PaneDetail},
		{func() { v.MoveCursor(0) }, "(A) D", PaneDetail},
		{func() { v.Toggle(0) }, "[A] D", PaneSelection},
		{func() { v.MoveCursor(2) }, "A (C) D", PaneSelection},
		{func() { v.Select(2) }, "[C]", PaneDetail},
		{func() { v.Toggle(2) }, "[C]", PaneDetail}, // one stays selected
		{func() { v.Toggle(7); v.Extend(-1); v.MoveCursor(5) }, "[C]", PaneDetail},
	} {
		step.do()
		if got := picked(v); got != step.want || v.State().Pane != step.pane {
			t.Errorf("step %d: %s in pane %d, want %s in %d", i, got, v.State().Pane, step.want, step.pane)
		}
		if v.marked.count() > 1 && v.detail != nil {
			t.Errorf("step %d: an item is still open behind the selection", i)
		}
	}
}

// Only what can be seen is selected: what a search, a sync or another place hides is not.
func TestSelectionFollowsTheList(t *testing.T) {
	d, v := severalDesk(t)
	v.SelectAll()
	gone := v.State().Rows.At(1).ID
	if err := v.vault.Trash(t.Context(), gone); err != nil {
		t.Fatal(err)
	}
	d.until("without B", func() bool { return d.titles(v) == "A, C, D, E" && !v.asking.running })
	if got := v.State().Selection.Title; got != "4 items selected" {
		t.Error(got)
	}
	v.SetSearch("c")
	d.settled(v)
	if got := picked(v); got != "[C]" || v.State().Pane != PaneDetail {
		t.Errorf("after the search: %s", got)
	}
	v.SetSearch("")
	d.settled(v)
	v.SelectAll()
	v.Go(Place{Kind: PlaceTrash})
	d.settled(v)
	if got := picked(v); got != "[B]" {
		t.Errorf("in the trash: %s", got)
	}
}

// Somebody selects while the list is being asked for: the answer is for another selection, and is asked for again.
func TestSelectingWhileTheListIsAskedFor(t *testing.T) {
	d, v := severalDesk(t)
	v.Select(1)
	v.refresh() // with B alone
	v.Toggle(3)
	d.settled(v)
	if got := picked(v); got != "B [D]" || v.State().Selection.Title != "2 items selected" {
		t.Error(got)
	}
}

// What is known of many selected items comes a moment later than the selection.
func TestManySelectedAreLookedAtElsewhere(t *testing.T) {
	d, v := severalDesk(t)
	rows := make([]*vault.Summary, gatherAtOnce+1)
	for i := range rows {
		rows[i] = &vault.Summary{ID: id.New(), Kind: vault.Login, Favorite: true}
	}
	v.rows, v.places = rows, map[id.ID]int{}
	v.SelectAll()
	if v.facts.kinds != nil || v.State().Marked != len(rows) {
		t.Errorf("%d marked, known: %+v", v.State().Marked, v.facts)
	}
	d.until("what they are", func() bool { return v.facts.favorite == len(rows) && v.State().Selection.Detail != "" })
}

// What is typed in the editor is asked about before a selection takes its place.
func TestSelectingSeveralAsksForWhatIsTyped(t *testing.T) {
	d, v := severalDesk(t)
	d.show(v, "A")
	v.Edit()
	v.Editor().SetText("title", "A typed")
	v.Toggle(2)
	if v.State().Pane != PaneEditor || v.Editor().State().Ask.IsZero() {
		t.Fatal("what was typed is gone")
	}
	v.Editor().Discard()
	if got := picked(v); got != "A [C]" || v.State().Pane != PaneSelection {
		t.Error(got)
	}
}

// snapshot tells how all items are arranged.
func snapshot(t *testing.T, v *Vault) string {
	t.Helper()
	var rows []string
	for _, where := range []vault.Filter{{}, {Archive: true}, {Trash: true}} {
		for _, s := range v.vault.Query(where) {
			rows = append(rows, fmt.Sprintf("%s %s %v %t %d %d", s.Title, s.Folder, s.Tags, s.Favorite, s.ArchivedAt, s.TrashedAt))
		}
	}
	slices.Sort(rows)
	return strings.Join(rows, "\n")
}

// Every action on several items says what it did, and its undo brings back exactly what was.
func TestBulkActionsAndUndo(t *testing.T) {
	d, v := severalDesk(t)
	folder, err := v.vault.SaveFolder(t.Context(), vault.Folder{Name: "Work"})
	if err != nil {
		t.Fatal(err)
	}
	d.until("folder", func() bool { return len(v.folders) == 1 })
	for _, test := range []struct {
		said string
		do   func()
		when func(s *vault.Summary) bool
	}{
		{"3 items moved.", func() { v.Move(folder.ID.String()) }, func(s *vault.Summary) bool { return s.Folder == folder.ID }},
		{"3 items added to favorites.", v.ToggleFavorite, func(s *vault.Summary) bool { return s.Favorite }},
		{"3 items have a new tag.", func() { v.AddTag(" home ") }, func(s *vault.Summary) bool { return slices.Equal(s.Tags, []string{"home"}) }},
		{"3 items are in the archive.", v.ToggleArchive, func(s *vault.Summary) bool { return s.ArchivedAt != 0 }},
		{"3 items are in the trash.", func() { v.Do(ActionTrash) }, func(s *vault.Summary) bool { return s.TrashedAt != 0 }},
	} {
		before := snapshot(t, v)
		v.Select(0)
		v.Extend(2)
		marked := []id.ID{v.rows[0].ID, v.rows[1].ID, v.rows[2].ID}
		test.do()
		d.until(test.said, func() bool { return v.State().Toast.Text == test.said })
		for _, item := range marked {
			if s, ok := v.vault.Summary(item); !ok || !test.when(s) {
				t.Errorf("%s But not %v", test.said, s)
			}
		}
		v.DismissToast() // the way back outlives it
		v.Do(ActionUndo)
		d.until("undone", func() bool {
			return v.State().Toast.Text == "Undone." && !v.asking.running && v.State().Rows.Len() == 5
		})
		if got := snapshot(t, v); got != before {
			t.Errorf("%s Undone:\n%s\nbefore:\n%s", test.said, got, before)
		}
	}
}

func TestRestoreAndDeleteSeveral(t *testing.T) {
	d, v := severalDesk(t)
	v.SelectAll()
	v.Trash()
	d.until("empty", func() bool { return v.State().Rows.Len() == 0 })
	v.Go(Place{Kind: PlaceTrash})
	d.until("trash", func() bool { return v.State().Rows.Len() == 5 })
	before := snapshot(t, v)
	v.Select(0)
	v.Extend(1)
	var actions []string
	for _, c := range v.State().Selection.Actions {
		checkWords(t, "selection", c.Label)
		actions = append(actions, c.ID)
	}
	if !slices.Equal(actions, []string{string(ActionRestore), string(ActionTrash)}) {
		t.Errorf("in the trash one can %v", actions)
	}
	v.Restore()
	d.until("restored", func() bool { return v.State().Rows.Len() == 3 })
	d.undo(v, "2 items are back.")
	d.until("in the trash again", func() bool { return v.State().Rows.Len() == 5 && v.State().Toast.Text == "Undone." })
	if got := snapshot(t, v); got != before {
		t.Errorf("%s\nbefore:\n%s", got, before)
	}
	v.Select(1)
	v.Extend(4)
	v.Do(ActionTrash)
	d.until("question", func() bool { return !v.State().Ask.IsZero() })
	if q := v.State().Ask; q.Title != "Delete 4 items forever?" || !q.Danger {
		t.Errorf("%+v", q)
	}
	v.Answer(true)
	d.until("deleted", func() bool { return v.State().Rows.Len() == 1 && v.State().Toast.Text == "4 items were deleted." })
	if v.Can(ActionUndo) {
		t.Error("an undo that cannot be")
	}
}

// Another device changes what was moved here, between the move and its undo: its changes stay.
func TestBulkUndoAfterASync(t *testing.T) {
	d, v, server := openDesk(t)
	for _, title := range []string{"A", "B", "C"} {
		d.add(title, "anna", "hunter2")
	}
	d.until("synced", func() bool { return v.status.State == session.Synced && v.status.Pending == 0 })
	b := testpc.New(t, "PC B", nil).SignIn(t, server, anna, d.shell.unlocked.SecretKey())
	v.SelectAll()
	v.Trash()
	d.until("trashed", func() bool { return v.State().Toast.Text == "3 items are in the trash." })
	testpc.Sync(t, d.shell.unlocked)
	testpc.Sync(t, b)
	trash := b.Vault().Query(vault.Filter{Trash: true})
	if len(trash) != 3 {
		t.Fatalf("%d in the trash there", len(trash))
	}
	it := testpc.Get(t, b, trash[0].ID)
	it.Title = "A of B"
	testpc.Save(t, b, it)
	if err := b.Vault().DeleteForever(t.Context(), trash[1].ID); err != nil {
		t.Fatal(err)
	}
	testpc.Sync(t, b)
	testpc.Sync(t, d.shell.unlocked)
	v.Do(ActionUndo)
	d.until("undone", func() bool { return v.State().Toast.Text == "Undone, but for 1 item that was changed since." })
	d.until("list", func() bool { return d.titles(v) == "A of B, C" })
}

// What is asked for twice is done once, and one undo takes it back.
func TestTrashTwiceIsUndoneOnce(t *testing.T) {
	d, v := severalDesk(t)
	before := snapshot(t, v)
	v.SelectAll()
	v.Trash()
	v.Trash()
	d.until("an end", func() bool { return v.stopWork == nil })
	d.undo(v, "5 items are in the trash.")
	d.until("undone", func() bool { return v.State().Toast.Text == "Undone." })
	if got := snapshot(t, v); got != before {
		t.Errorf("%s, before: %s", got, before)
	}
}

// manyDesk is a desk with so many items that they change in three parts, all of them selected, and what holds a change once the first part
// is on the disk, until it is let go on.
func manyDesk(t *testing.T) (d *desk, v *Vault, held <-chan struct{}, goOn func()) {
	t.Helper()
	d, v, _ = openDesk(t)
	items := make([]vault.Item, manyTogether)
	for i := range items {
		items[i] = testpc.Login(fmt.Sprintf("Item %04d", i), "anna", "hunter2")
	}
	if _, err := v.vault.Batch(t.Context(), items, nil, nil); err != nil {
		t.Fatal(err)
	}
	d.until("list", func() bool { return len(v.rows) == manyTogether && !v.asking.running })
	v.SelectAll()
	first, going := make(chan struct{}), make(chan struct{})
	var once sync.Once
	open := v.vault
	t.Cleanup(open.Subscribe(func(vault.Change) {
		if open.Counts().Trash > 0 { // a sync changes things too
			once.Do(func() { close(first) })
			<-going
		}
	}))
	return d, v, first, sync.OnceFunc(func() { close(going) })
}

const manyTogether = 1100

// A change of many items that is stopped says what was done by then, and that can be taken back.
func TestStoppingAChangeOfMany(t *testing.T) {
	d, v, held, goOn := manyDesk(t)
	defer goOn()
	v.Trash()
	v.Trash() // again: what is stopped is forgotten with it
	if !v.State().Selection.Busy || !v.Can(ActionUndo) {
		t.Error("nobody can see that something is being done")
	}
	<-held
	v.Undo()
	goOn()
	d.until("an end", func() bool { return v.stopWork == nil })
	if said := v.State().Toast.Text; said != "500 items are in the trash. Stopped: 600 items stay as they are." {
		t.Fatalf("%q, %+v", said, v.State().Problem)
	}
	d.settled(v)
	if n := v.vault.Counts().Trash; n != 500 || v.marked.count() != 600 {
		t.Errorf("%d in the trash, %d selected", n, v.marked.count())
	}
	d.undo(v, v.State().Toast.Text)
	d.until("undone", func() bool { return v.State().Toast.Text == "Undone." })
	if n := v.vault.Counts().Trash; n != 0 {
		t.Errorf("%d in the trash", n)
	}
}

// An undo that is stopped can be gone on with.
func TestStoppingAnUndo(t *testing.T) {
	d, v, _ := openDesk(t)
	d.add("A", "anna", "hunter2")
	d.settled(v)
	o := v.tookBack(vault.Arranged{Changed: 3, Rest: 2})
	if got := v.newsOf(o, context.Canceled); got != "3 items are as they were before. Stopped: 2 items stay as they are." || o.undo == nil {
		t.Errorf("%q", got)
	}
}

// A lock in the middle of a change: what was done by then stays, and the person hears of it when the vault is open again.
func TestLockInAChangeOfMany(t *testing.T) {
	d, v, held, goOn := manyDesk(t)
	defer goOn()
	v.Trash()
	<-held
	v.Lock()
	goOn()
	d.until("locked", func() bool { return d.shell.Unlock() != nil && len(d.shell.news) > 0 })
	d.unlock()
	want := "Locking stopped a change that was under way. 500 items are in the trash. Stopped: 600 items stay as they are."
	d.until("the news", func() bool { return d.shell.Vault() != nil && d.shell.Vault().State().Toast.Text == want })
	if n := d.shell.Vault().vault.Counts().Trash; n != 500 {
		t.Errorf("%d in the trash", n)
	}
}

func TestUndoOfAFolder(t *testing.T) {
	d, v := severalDesk(t)
	folder, err := v.vault.SaveFolder(t.Context(), vault.Folder{Name: "Work"})
	if err != nil {
		t.Fatal(err)
	}
	if err := v.vault.Move(t.Context(), folder.ID, v.rows[0].ID, v.rows[1].ID); err != nil {
		t.Fatal(err)
	}
	d.until("folder", func() bool { return navCount(v, folder.ID) == "2" })
	v.DeleteFolder(folder.ID)
	v.Answer(true)
	d.until("deleted", func() bool { return navCount(v, folder.ID) == "" })
	d.undo(v, "The folder “Work” was deleted.")
	d.until("back with its items", func() bool { return navCount(v, folder.ID) == "2" })
}

// navCount is the number beside a folder in the sidebar; empty for one that is not there.
func navCount(v *Vault, folder id.ID) string {
	for _, section := range v.State().Nav {
		for _, row := range section.Places {
			if row.Place.Kind == PlaceFolder && row.Place.Folder == folder {
				return row.Count
			}
		}
	}
	return ""
}

func TestTags(t *testing.T) {
	d, v := severalDesk(t)
	v.Select(0)
	v.Extend(1)
	v.AddTag("home")
	d.until("tag", func() bool { return v.facts.tags["home"] == 2 })
	v.Extend(2)
	if add, remove := v.TagsToAdd(), v.TagsToRemove(); len(add) != 1 || len(remove) != 1 || add[0].Label != "home" {
		t.Errorf("%v, %v", add, remove)
	}
	v.Select(0)
	if add, remove := v.TagsToAdd(), v.TagsToRemove(); len(add) != 0 || len(remove) != 1 {
		t.Errorf("%v, %v", add, remove)
	}
	v.Go(Place{Kind: PlaceTag, Tag: "home"})
	d.settled(v)
	v.RenameTag("home", "house")
	d.until("renamed", func() bool { return v.State().Heading == "house" && v.State().Rows.Len() == 2 })
	d.undo(v, "The tag is called “house” now.")
	d.until("renamed back", func() bool { return v.counts.Tags["home"] == 2 })
	v.DeleteTag("home")
	d.until("gone", func() bool { return len(v.counts.Tags) == 0 })
	d.undo(v, "No item has the tag “home” any more.")
	d.until("back", func() bool { return v.counts.Tags["home"] == 2 })
}
