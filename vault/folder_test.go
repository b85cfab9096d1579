package vault_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault"
)

func (d *device) folder(t testing.TB, name string, parent id.ID) id.ID {
	t.Helper()
	f, err := d.SaveFolder(ctx, vault.Folder{Name: name, Parent: parent})
	check(t, err)
	return f.ID
}

// tree writes the folders as a sidebar shows them.
func (d *device) tree() string {
	var rows []string
	for _, f := range d.Folders() {
		rows = append(rows, strings.Repeat(">", f.Depth)+f.Path)
	}
	return strings.Join(rows, " ")
}

func (d *device) move(t testing.TB, folder, into id.ID) {
	t.Helper()
	for _, f := range d.Folders() {
		if f.ID == folder {
			f.Parent = into
			_, err := d.SaveFolder(ctx, f)
			check(t, err)
		}
	}
}

func TestFoldersInFolders(t *testing.T) {
	d := newDevice(t, 1)
	work := d.folder(t, "Work", id.ID{})
	clients := d.folder(t, "clients", work)
	acme := d.folder(t, "Acme", clients)
	d.folder(t, "Archive", work)
	home := d.folder(t, "Home", id.ID{})
	const want = "Home Work >Work/Archive >Work/clients >>Work/clients/Acme"
	if got := d.tree(); got != want {
		t.Errorf("tree %s", got)
	}
	it, other := d.save(t, login("Deep", "1")), d.save(t, login("High", "1"))
	check(t, d.Move(ctx, acme, it.ID))
	check(t, d.Move(ctx, work, other.ID))
	expect(t, "the branch", d.Query(vault.Filter{Folder: work}), "Deep", "High")
	expect(t, "a part of it", d.Query(vault.Filter{Folder: clients}), "Deep")
	expect(t, "another", d.Query(vault.Filter{Folder: home}))
	if c := d.Counts(); c.Folders[work] != 2 || c.Folders[clients] != 1 || c.Folders[acme] != 1 || c.Folders[home] != 0 {
		t.Errorf("%+v", c.Folders)
	}
	d.move(t, clients, home)
	d.unlock(t)
	if got := d.tree(); got != "Home >Home/clients >>Home/clients/Acme Work >Work/Archive" {
		t.Errorf("moved: %s", got)
	}
	check(t, d.DeleteFolder(ctx, home))
	if got := d.tree(); got != "clients >clients/Acme Work >Work/Archive" {
		t.Errorf("after deleting a parent: %s", got)
	}
}

func TestFolderIsNotPutIntoItself(t *testing.T) {
	d := newDevice(t, 1)
	a := d.folder(t, "A", id.ID{})
	b := d.folder(t, "B", a)
	for _, parent := range []id.ID{a, b} {
		if _, err := d.SaveFolder(ctx, vault.Folder{ID: a, Name: "A", Parent: parent}); !errors.Is(err, vault.ErrInvalid) {
			t.Errorf("into %s: %v", parent, err)
		}
	}
	if got := d.tree(); got != "A >A/B" {
		t.Error(got)
	}
}

// Two devices put two folders into each other. Both show both, with all that is in them, and both show the same.
func TestFoldersMovedIntoEachOther(t *testing.T) {
	s, one, two := newServer(), newDevice(t, 1), newDevice(t, 2)
	a, b := one.folder(t, "A", id.ID{}), one.folder(t, "B", id.ID{})
	inA := one.folder(t, "In", a)
	it := one.save(t, login("Example", "1"))
	check(t, one.Move(ctx, inA, it.ID))
	one.sync(t, s)
	two.sync(t, s)
	one.move(t, a, b)
	two.move(t, b, a)
	one.sync(t, s)
	two.sync(t, s)
	one.sync(t, s)
	for _, d := range []*device{one, two} {
		d.unlock(t)
		if got := d.tree(); got != "A >A/In B" {
			t.Errorf("%s", got)
		}
		expect(t, "in A", d.Query(vault.Filter{Folder: a}), "Example")
		if c := d.Counts(); c.Folders[a] != 1 || c.Folders[b] != 0 {
			t.Errorf("%+v", c.Folders)
		}
	}
}

func TestArchive(t *testing.T) {
	d := newDevice(t, 1)
	it := d.save(t, login("Old", "1"))
	d.save(t, login("New", "1"))
	check(t, d.Archive(ctx, true, it.ID))
	d.unlock(t)
	expect(t, "list", d.Query(vault.Filter{}), "New")
	expect(t, "archive", d.Query(vault.Filter{Archive: true}), "Old")
	check(t, d.Trash(ctx, it.ID))
	expect(t, "archive", d.Query(vault.Filter{Archive: true}))
	expect(t, "trash", d.Query(vault.Filter{Trash: true}), "Old")
	if c := d.Counts(); c.All != 1 || c.Archive != 0 || c.Trash != 1 || c.Kinds[vault.Login] != 1 {
		t.Errorf("%+v", c)
	}
	check(t, d.Restore(ctx, it.ID))
	expect(t, "archive", d.Query(vault.Filter{Archive: true}), "Old")
	check(t, d.Archive(ctx, false, it.ID))
	expect(t, "list", d.Query(vault.Filter{}), "New", "Old")
}

func TestRestoreVersion(t *testing.T) {
	d := newDevice(t, 1)
	it := d.save(t, login("Example", "first"))
	it.Set(vault.Password, secret.FromString("second"))
	it.Tags = []string{"work"}
	it = d.save(t, it)
	check(t, d.RestoreBefore(ctx, it.ID, it.Edits()[0]))
	d.unlock(t)
	it = d.get(t, it.ID)
	if text(it, vault.Password) != "first" || len(it.Tags) != 0 || it.PasswordSetAt != d.now.UnixMilli() {
		t.Errorf("restored %q, tags %v", text(it, vault.Password), it.Tags)
	}
	check(t, d.RestoreBefore(ctx, it.ID, it.Edits()[0]))
	if it = d.get(t, it.ID); text(it, vault.Password) != "second" || len(it.Tags) != 1 {
		t.Errorf("undone %q, tags %v", text(it, vault.Password), it.Tags)
	}
	if err := d.RestoreBefore(ctx, it.ID, vault.Edit{Time: 1}); !errors.Is(err, vault.ErrNotFound) {
		t.Errorf("an unknown edit: %v", err)
	}
}
