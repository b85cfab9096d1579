package vault_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault"
	"github.com/coffer-vault/coffer/vault/sqlite"
)

// backup copies the device's file as it is and opens the copy.
func (d *device) backup(t testing.TB) vault.Store {
	t.Helper()
	path := filepath.Join(t.TempDir(), "backup.db")
	check(t, d.store.CopyTo(ctx, path))
	store, err := sqlite.Open(ctx, path)
	check(t, err)
	t.Cleanup(func() { store.Close() })
	return store
}

func (d *device) found(t testing.TB, backup vault.Store) string {
	t.Helper()
	all, err := d.CompareBackup(ctx, backup)
	check(t, err)
	var lines []string
	for _, f := range all {
		lines = append(lines, fmt.Sprintf("%s gone=%v", f.Title, f.Gone))
	}
	return strings.Join(lines, ", ")
}

func TestBackupBringsBackWhatWasDeletedOrChanged(t *testing.T) {
	d := newDevice(t, 1)
	s := newServer()
	inner := d.folder(t, "Inner", d.folder(t, "Outer", id.ID{}))
	gone := login("Gone", "first")
	gone.Folder = inner
	gone = d.save(t, gone)
	gone.Set(vault.Password, secret.FromString("second"))
	gone = d.save(t, gone)
	changed := d.save(t, login("Changed", "old"))
	d.save(t, login("Kept", "1"))
	inTrash := d.save(t, login("In the trash then", "1"))
	check(t, d.Trash(ctx, inTrash.ID))
	d.sync(t, s)
	backup := d.backup(t)
	if got := d.found(t, backup); got != "" {
		t.Errorf("nothing has changed: %s", got)
	}

	d.now = d.now.Add(24 * time.Hour)
	check(t, d.DeleteForever(ctx, gone.ID))
	for _, f := range d.Folders() {
		check(t, d.DeleteFolder(ctx, f.ID))
	}
	changed.Set(vault.Password, secret.FromString("new"))
	changed.Title = "Renamed"
	d.save(t, changed)
	d.save(t, login("Later", "1"))
	d.sync(t, s)
	if got := d.found(t, backup); got != "Changed gone=false, Gone gone=true" {
		t.Fatalf("found %s", got)
	}

	n, err := d.RestoreBackup(ctx, backup, []id.ID{gone.ID, changed.ID, {9}})
	check(t, err)
	d.sync(t, s)
	d.unlock(t)
	if n != 2 || d.found(t, backup) != "" {
		t.Errorf("%d restored, found %s", n, d.found(t, backup))
	}
	back := d.get(t, gone.ID)
	if text(back, vault.Password) != "second" || len(back.History) != 1 || d.tree() != "Outer >Outer/Inner" {
		t.Errorf("the deleted one: %q, %d in its history, folders %s", text(back, vault.Password), len(back.History), d.tree())
	}
	expect(t, "its folder", d.Query(vault.Filter{Folder: inner}), "Gone")
	it := d.get(t, changed.ID)
	if it.Title != "Changed" || text(it, vault.Password) != "old" {
		t.Errorf("the changed one: %s %q", it.Title, text(it, vault.Password))
	}
	if !slices.ContainsFunc(it.History, func(p vault.Past) bool { return string(p.Value.Reveal()) == "new" }) {
		t.Error("what it replaced is lost")
	}
	expect(t, "all", d.Query(vault.Filter{}), "Changed", "Gone", "Kept", "Later")
}

// Of an item that was edited twice since, in the backup alone, both values come back: the second one, and the first in its history.
func TestBackupBringsItsHistoryAlong(t *testing.T) {
	d := newDevice(t, 1)
	it := d.save(t, login("Example", "old"))
	before := d.backup(t)
	for _, typed := range []string{"first", "second"} {
		it.Set(vault.Password, secret.FromString(typed))
		it = d.save(t, it)
	}
	edited := d.backup(t)
	if _, err := d.RestoreBackup(ctx, before, []id.ID{it.ID}); err != nil {
		t.Fatal(err)
	}
	forget := d.get(t, it.ID)
	forget.History = nil // as on a computer that never had the edits
	forget = d.save(t, forget)
	if _, err := d.RestoreBackup(ctx, edited, []id.ID{it.ID}); err != nil {
		t.Fatal(err)
	}
	it = d.get(t, it.ID)
	holds := func(value string) bool {
		return slices.ContainsFunc(it.History, func(p vault.Past) bool { return string(p.Value.Reveal()) == value })
	}
	if text(it, vault.Password) != "second" || !holds("first") || !holds("old") {
		t.Errorf("password %q, first %v, old %v", text(it, vault.Password), holds("first"), holds("old"))
	}
	n := len(it.History)
	if _, err := d.RestoreBackup(ctx, edited, []id.ID{it.ID}); err != nil || len(d.get(t, it.ID).History) != n {
		t.Errorf("a second time: %v, %d entries after %d", err, len(d.get(t, it.ID).History), n)
	}
}

// A backup from before the keys changed opens with the keys of then, which the vault still has.
func TestBackupOfAnEarlierEpoch(t *testing.T) {
	d := newDevice(t, 1)
	it := d.save(t, login("Example", "old"))
	backup := d.backup(t)
	check(t, d.Rekey(ctx, vault.EpochKey{Epoch: 2, Key: secret.New(bytes32("epoch 2"))}))
	if got := d.found(t, backup); got != "" {
		t.Errorf("sealed again is not changed: %s", got)
	}
	check(t, d.DeleteForever(ctx, it.ID))
	n, err := d.RestoreBackup(ctx, backup, []id.ID{it.ID})
	if back := d.get(t, it.ID); err != nil || n != 1 || text(back, vault.Password) != "old" {
		t.Errorf("%d, %v, %q", n, err, text(back, vault.Password))
	}
}

// What is damaged in a backup, or is of another vault, is left out.
func TestBackupThatDoesNotOpen(t *testing.T) {
	d, other := newDevice(t, 1), newDevice(t, 2)
	it := other.save(t, login("Example", "1"))
	other.damage(t, `UPDATE object SET pending_envelope = zeroblob(200)`)
	backup := other.backup(t)
	if got := d.found(t, backup); got != "" {
		t.Errorf("found %s", got)
	}
	if n, err := d.RestoreBackup(ctx, backup, []id.ID{it.ID}); n != 0 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	d.Close()
	if _, err := d.CompareBackup(ctx, backup); !errors.Is(err, vault.ErrClosed) {
		t.Error(err)
	}
}
