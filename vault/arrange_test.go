package vault_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/vault"
)

func idsOf(items []*vault.Summary) []id.ID {
	ids := make([]id.ID, len(items))
	for i, s := range items {
		ids[i] = s.ID
	}
	return ids
}

// arranged writes how an item is arranged, and when its content was edited.
func (d *device) arranged(t testing.TB, item id.ID) string {
	t.Helper()
	it := d.get(t, item)
	defer it.Wipe()
	return fmt.Sprintf("%q %s folder %s %q favorite %t archive %d trash %d edited %d", it.Title, text(it, vault.Password), it.Folder, it.Tags, it.Favorite,
		it.ArchivedAt, it.TrashedAt, it.UpdatedAt)
}

func TestArrangeAndBack(t *testing.T) {
	folder := id.ID{0xf0}
	for name, c := range map[string]struct {
		to   vault.Rearrangement
		want string // of what describe says about a plain item
	}{
		"to a folder":     {vault.ToFolder(folder), "folder " + folder.String()},
		"favorite":        {vault.AsFavorite(true), "favorite true"},
		"into archive":    {vault.InArchive(true), fmt.Sprint("archive ", firstTime.UnixMilli())},
		"into trash":      {vault.InTrash(true), fmt.Sprint("trash ", firstTime.UnixMilli())},
		"with a tag":      {vault.WithTag("new"), `["home" "new"]`},
		"without a tag":   {vault.WithoutTag("home"), `[]`},
		"with another":    {vault.RenamedTag("home", "house"), `["house"]`},
		"with no other":   {vault.RenamedTag("office", "house"), `["home"]`},
		"out of archive":  {vault.InArchive(false), "archive 0"},
		"out of trash":    {vault.InTrash(false), "trash 0"},
		"with one it has": {vault.WithTag("home"), `["home"]`},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDevice(t, 1)
			it := login("A", "p")
			it.Tags = []string{"home"}
			items := []id.ID{d.save(t, it).ID, d.save(t, it).ID}
			before := d.arranged(t, items[0])
			done, err := d.Arrange(ctx, items, c.to, nil)
			check(t, err)
			after := d.arranged(t, items[0])
			if !strings.Contains(after, c.want) || done.Left != 0 || (done.Changed == 2) != (after != before) {
				t.Errorf("%s; %+v", after, done)
			}
			d.now = d.now.Add(time.Hour)
			back, err := d.Rearrange(ctx, done, nil)
			check(t, err)
			if got := d.arranged(t, items[1]); got != before || back.Changed != done.Changed || back.Left != 0 {
				t.Errorf("taken back: %s, before %s; %+v", got, before, back)
			}
			again, err := d.Rearrange(ctx, back, nil)
			check(t, err)
			if got := d.arranged(t, items[1]); got != after || again.Changed != done.Changed {
				t.Errorf("done again: %s, want %s", got, after)
			}
		})
	}
}

// What is archived or in the trash already keeps its date, and comes back to it.
func TestArrangeKeepsDates(t *testing.T) {
	d := newDevice(t, 1)
	a, b := d.save(t, login("A", "p")).ID, d.save(t, login("B", "p")).ID
	check(t, errors.Join(d.Trash(ctx, a), d.Archive(ctx, true, b)))
	before := d.arranged(t, a) + d.arranged(t, b)
	d.now = d.now.Add(time.Hour)
	for _, to := range []vault.Rearrangement{vault.InTrash(true), vault.InArchive(true), vault.InTrash(false), vault.InArchive(false)} {
		done, err := d.Arrange(ctx, []id.ID{a, b}, to, nil)
		check(t, err)
		_, err = d.Rearrange(ctx, done, nil)
		check(t, err)
		if got := d.arranged(t, a) + d.arranged(t, b); got != before {
			t.Errorf("%s, want %s", got, before)
		}
	}
}

// Items that are gone, folders and unknown ids are counted, and the rest changes all the same.
func TestArrangeLeavesWhatItCannotChange(t *testing.T) {
	d := newDevice(t, 1)
	kept, gone := d.save(t, login("A", "p")).ID, d.save(t, login("B", "p")).ID
	folder := d.folder(t, "Work", id.ID{})
	check(t, d.DeleteForever(ctx, gone))
	done, err := d.Arrange(ctx, []id.ID{gone, kept, folder, {0xee}}, vault.InTrash(true), nil)
	check(t, err)
	if done.Changed != 1 || done.Left != 3 {
		t.Errorf("%+v", done)
	}
	check(t, d.DeleteForever(ctx, kept))
	back, err := d.Rearrange(ctx, done, nil)
	check(t, err)
	if back.Changed != 0 || back.Left != 1 || len(d.Query(vault.Filter{})) != 0 {
		t.Errorf("%+v", back)
	}
}

// stopAt is a context that ends when a change of items has come so far.
func stopAt(stop int) (context.Context, func(done, total int)) {
	c, cancel := context.WithCancel(ctx)
	return c, func(done, total int) {
		if done >= stop {
			cancel()
		}
	}
}

// Many items change in parts. Stopped in the middle, what was done is on the disk and said, and can be taken back, which can be stopped
// and gone on with too.
func TestArrangeStoppedInTheMiddle(t *testing.T) {
	vault.SetPart(t, 4)
	d := newDevice(t, 1)
	for i := range 18 {
		d.save(t, login(fmt.Sprint("Item ", i), "p"))
	}
	before, items := d.describe(t), idsOf(d.Query(vault.Filter{}))
	c, progress := stopAt(8)
	done, err := d.Arrange(c, items, vault.InTrash(true), progress)
	if !errors.Is(err, context.Canceled) || done.Changed != 8 || done.Rest != 10 || d.Counts().Trash != 8 {
		t.Fatalf("%v, %+v, %d in the trash", err, done, d.Counts().Trash)
	}
	d.unlock(t)
	if n := d.Counts().Trash; n != 8 {
		t.Fatalf("%d in the trash of the disk", n)
	}
	c, progress = stopAt(4)
	back, err := d.Rearrange(c, done, progress)
	if !errors.Is(err, context.Canceled) || back.Changed != 4 || back.Rest != 4 || d.Counts().Trash != 4 {
		t.Fatalf("%v, %+v, %d in the trash", err, back, d.Counts().Trash)
	}
	back, err = d.Rearrange(ctx, back.Remaining(), nil)
	check(t, err)
	if got := d.describe(t); got != before || back.Rest != 0 {
		t.Errorf("%+v\n%s\nbefore\n%s", back, got, before)
	}
	check(t, d.Trash(ctx, items...))
	c, progress = stopAt(12)
	if deleted, err := d.DeleteTrashed(c, items, progress); !errors.Is(err, context.Canceled) || deleted != 12 || d.Counts().Trash != 6 {
		t.Errorf("%v, %d deleted, %d in the trash", err, deleted, d.Counts().Trash)
	}
}

// Very many items change in larger parts: every transaction takes time by what waits for the server, not by what it changes alone.
func TestVeryManyItemsInFewParts(t *testing.T) {
	vault.SetPart(t, 1)
	d := newDevice(t, 1)
	items := make([]vault.Item, 50)
	for i := range items {
		items[i] = login(fmt.Sprint("Item ", i), "p")
	}
	_, err := d.Batch(ctx, items, nil, nil)
	check(t, err)
	parts := 0
	done, err := d.Arrange(ctx, idsOf(d.Query(vault.Filter{})), vault.AsFavorite(true), func(int, int) { parts++ })
	check(t, err)
	if done.Changed != 50 || parts > 20 {
		t.Errorf("%d items in %d parts", done.Changed, parts)
	}
}

// Somebody saves while many items change: between two parts, and not after all of them.
func TestSaveBetweenTheParts(t *testing.T) {
	vault.SetPart(t, 2)
	d := newDevice(t, 1)
	for i := range 6 {
		d.save(t, login(fmt.Sprint("Item ", i), "p"))
	}
	items := idsOf(d.Query(vault.Filter{}))
	_, err := d.Arrange(ctx, items, vault.AsFavorite(true), func(done, _ int) {
		if done == 2 {
			last := d.get(t, items[5])
			last.Title = "edited meanwhile"
			d.save(t, last)
		}
	})
	check(t, err)
	if got := d.arranged(t, items[5]); !strings.Contains(got, "edited meanwhile") || !strings.Contains(got, "favorite true") {
		t.Error(got)
	}
}

// What was taken out of the trash while the question was on the screen is not deleted.
func TestDeleteTrashed(t *testing.T) {
	d := newDevice(t, 1)
	items := []id.ID{d.save(t, login("A", "p")).ID, d.save(t, login("B", "p")).ID, d.save(t, login("C", "p")).ID}
	check(t, errors.Join(d.Trash(ctx, items...), d.Restore(ctx, items[1])))
	deleted, err := d.DeleteTrashed(ctx, items, nil)
	check(t, err)
	if deleted != 2 || d.Counts().Trash != 0 {
		t.Errorf("%d deleted", deleted)
	}
	expect(t, "what is left", d.Query(vault.Filter{}), "B")
}

// Another device's changes stay, whatever it changed: the rest is as it was.
func TestRearrangeAfterASync(t *testing.T) {
	s, a, b := newServer(), newDevice(t, 1), newDevice(t, 2)
	titles := []string{"untouched", "edited", "moved", "tagged", "restored", "deleted"}
	items := map[string]id.ID{}
	for _, title := range titles {
		it := login(title, "p")
		it.Tags = []string{"home"}
		items[title] = a.save(t, it).ID
	}
	office, cellar := a.folder(t, "Office", id.ID{}), a.folder(t, "Cellar", id.ID{})
	a.sync(t, s)
	b.sync(t, s)
	all := idsOf(a.Query(vault.Filter{}))
	var steps []vault.Arranged
	for _, to := range []vault.Rearrangement{vault.ToFolder(office), vault.WithTag("bulk"), vault.InTrash(true)} {
		done, err := a.Arrange(ctx, all, to, nil)
		check(t, err)
		steps = append(steps, done)
	}
	a.sync(t, s)
	b.sync(t, s)

	it := b.get(t, items["edited"])
	it.Title = "edited there"
	b.save(t, it)
	check(t, b.Move(ctx, cellar, items["moved"]))
	_, err := b.Arrange(ctx, []id.ID{items["tagged"]}, vault.WithTag("there"), nil)
	check(t, errors.Join(err, b.Restore(ctx, items["restored"]), b.DeleteForever(ctx, items["deleted"])))
	b.sync(t, s)
	a.sync(t, s)

	left := 0
	for _, done := range slices.Backward(steps) {
		back, err := a.Rearrange(ctx, done, nil)
		check(t, err)
		left += back.Left
	}
	a.sync(t, s)
	b.sync(t, s)
	a.sync(t, s)
	if got, other := a.describe(t), b.describe(t); got != other {
		t.Errorf("the devices differ:\n%s\n%s", got, other)
	}
	for title, want := range map[string][2]string{
		"untouched": {"folder " + id.ID{}.String(), `["home"]`}, "edited": {"edited there", `["home"]`}, "moved": {"folder " + cellar.String(), `["home"]`},
		"tagged": {"folder " + id.ID{}.String(), `["home" "there"]`}, "restored": {"folder " + id.ID{}.String(), `["home"]`},
	} {
		got := a.arranged(t, items[title])
		if !strings.Contains(got, want[0]) || !strings.Contains(got, want[1]) || !strings.Contains(got, "trash 0") {
			t.Errorf("%s: %s", title, got)
		}
	}
	if left != 5 { // the deleted one three times, the moved one and the tagged one
		t.Errorf("%d are said to stay", left)
	}
}

// Whatever is done to whichever items, and whatever the server and a second device do to other ones between: taken back in turn, all
// is as it was.
func TestArrangeAndBackIsNothing(t *testing.T) {
	s, a, b := newServer(), newDevice(t, 1), newDevice(t, 2)
	folder := a.folder(t, "Work", id.ID{})
	var items []id.ID
	for i := range 6 {
		items = append(items, a.save(t, login(fmt.Sprint("Item ", i), "p")).ID)
	}
	a.sync(t, s)
	b.sync(t, s)
	changes := []vault.Rearrangement{
		vault.ToFolder(folder), vault.ToFolder(id.ID{}), vault.AsFavorite(true), vault.AsFavorite(false), vault.InArchive(true), vault.InArchive(false),
		vault.InTrash(true), vault.InTrash(false), vault.WithTag("x"), vault.WithTag("y"), vault.WithoutTag("x"), vault.RenamedTag("x", "y"), vault.RenamedTag("y", "z"),
	}
	mine, theirs := items[:4], items[4:]
	rapid.Check(t, func(r *rapid.T) {
		before := map[id.ID]string{}
		for _, item := range mine {
			before[item] = a.arranged(t, item)
		}
		var steps []vault.Arranged
		for range rapid.IntRange(1, 4).Draw(r, "steps") {
			a.now = a.now.Add(time.Minute)
			chosen := rapid.SliceOfN(rapid.SampledFrom(mine), 1, 4).Draw(r, "items")
			done, err := a.Arrange(ctx, chosen, rapid.SampledFrom(changes).Draw(r, "change"), nil)
			check(t, err)
			steps = append(steps, done)
			if rapid.IntRange(0, 9).Draw(r, "sync") == 9 {
				_, err := b.Arrange(ctx, theirs, rapid.SampledFrom(changes).Draw(r, "change there"), nil)
				check(t, err)
				a.sync(t, s)
				b.sync(t, s)
				a.sync(t, s)
			}
		}
		for _, done := range slices.Backward(steps) {
			back, err := a.Rearrange(ctx, done, nil)
			check(t, err)
			if back.Left != 0 {
				r.Fatalf("%+v", back)
			}
		}
		for _, item := range mine {
			if got := a.arranged(t, item); got != before[item] {
				r.Fatalf("%s, was %s", got, before[item])
			}
		}
	})
}

// A folder that was deleted comes back with all that was in it, since items keep its id; what left it meanwhile stays where it is.
func TestDeletedFolderComesBack(t *testing.T) {
	s, a, b := newServer(), newDevice(t, 1), newDevice(t, 2)
	work := a.folder(t, "Work", id.ID{})
	a.folder(t, "Clients", work)
	stays, leaves := a.save(t, login("A", "p")).ID, a.save(t, login("B", "p")).ID
	check(t, a.Move(ctx, work, stays, leaves))
	a.sync(t, s)
	b.sync(t, s)
	before := a.get(t, work)
	check(t, a.DeleteFolder(ctx, work))
	a.sync(t, s)
	b.sync(t, s)
	other := b.folder(t, "Other", id.ID{})
	check(t, b.Move(ctx, other, leaves))
	b.sync(t, s)
	a.sync(t, s)
	a.save(t, before)
	a.sync(t, s)
	b.sync(t, s)
	if got := b.tree(); got != "Other Work >Work/Clients" {
		t.Errorf("folders %s", got)
	}
	expect(t, "in the folder", b.Query(vault.Filter{Folder: work}), "A")
	expect(t, "in the other one", b.Query(vault.Filter{Folder: other}), "B")
}

func TestRevertFolder(t *testing.T) {
	d := newDevice(t, 1)
	work, home := d.folder(t, "Work", id.ID{}), d.folder(t, "Home", id.ID{})
	before, after := vault.Folder{ID: work, Name: "Work"}, vault.Folder{ID: work, Name: "Office"}
	for _, c := range []struct {
		meanwhile vault.Folder
		want      string
	}{
		{after, "Home Work"},
		{vault.Folder{ID: work, Name: "Office", Parent: home}, "Home >Home/Work"}, // moved meanwhile: stays there
		{vault.Folder{ID: work, Name: "Desk"}, "Desk Home"},                       // renamed meanwhile: is called so
	} {
		_, err := d.SaveFolder(ctx, c.meanwhile)
		check(t, errors.Join(err, d.RevertFolder(ctx, before, after)))
		if got := d.tree(); got != c.want {
			t.Errorf("%s, want %s", got, c.want)
		}
	}
}

func TestCountFiles(t *testing.T) {
	d := newDevice(t, 1)
	with, without := d.save(t, login("A", "p")), d.save(t, login("B", "p"))
	count := func(want int) {
		t.Helper()
		if n, err := d.CountFiles(ctx, []id.ID{with.ID, without.ID, {0xee}}); err != nil || n != want {
			t.Errorf("%d files, %v, want %d", n, err, want)
		}
	}
	count(0)
	first := d.attach(t, with.ID, "a.txt", 5).ID
	d.attach(t, with.ID, "b.txt", 7)
	count(2)
	check(t, d.Detach(ctx, with.ID, first))
	count(2) // its history has it
	check(t, d.DeleteRemoved(ctx, with.ID, first))
	count(1)
}
