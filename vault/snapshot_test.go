package vault_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/internal/sqlite"
	"github.com/coffer-vault/coffer/vault"
	storage "github.com/coffer-vault/coffer/vault/sqlite"
)

// never is a background that does not come.
const never = 1000 * time.Hour

// listing is everything that an unlocked vault says without opening an item.
func listing(t testing.TB, v *vault.Vault) string {
	t.Helper()
	var all []any
	for _, text := range []string{"", "a", "item 1", "note 2", "label", "folder", "exmaple"} {
		for _, f := range []vault.Filter{{}, {Sort: vault.SortUpdated}, {Sort: vault.SortCreated}, {Trash: true}, {Archive: true}, {Favorite: true}, {NoFolder: true}, {Tag: "tag 1"}} {
			f.Text = text
			all = append(all, v.Query(f))
		}
	}
	text, err := json.Marshal(append(all, v.Counts(), v.Folders(), v.HasMark("mark")))
	check(t, err)
	return string(text)
}

// opened opens the file anew beside whatever has it open, from the sealed index or without.
func (d *device) opened(t testing.TB, snapshot bool) (*vault.Vault, func()) {
	t.Helper()
	store, err := storage.Open(ctx, d.path)
	check(t, err)
	check(t, store.Anchor(ctx, mac, 0))
	config := d.config()
	config.Store, config.Snapshot, config.Background = &onceStore{Store: store}, snapshot, never
	v, err := vault.Open(ctx, config, nil)
	check(t, err)
	return v, func() { v.Close(); check(t, store.Close()) }
}

// onceStore is read by Open alone, and counts what that reads: so nobody sees later whether what Open took from the sealed index is
// right.
type onceStore struct {
	vault.Store
	opened  atomic.Bool
	objects int
}

func (s *onceStore) View(ctx context.Context, f func(vault.Reader) error) error {
	if s.opened.Swap(true) {
		<-ctx.Done()
		return ctx.Err()
	}
	return s.Store.View(ctx, func(r vault.Reader) error { return f(&countingReader{r, s}) })
}

type countingReader struct {
	vault.Reader
	store *onceStore
}

func (r *countingReader) Objects(v id.ID, yield func(vault.Object) error) error {
	return r.Reader.Objects(v, func(o vault.Object) error { r.store.objects++; return yield(o) })
}

func (r *countingReader) ObjectsOf(v id.ID, n byte, yield func(vault.Object) error) error {
	return r.Reader.ObjectsOf(v, n, func(o vault.Object) error { r.store.objects++; return yield(o) })
}

// reads is how many objects an unlock opens.
func (d *device) reads(t testing.TB) int {
	t.Helper()
	counting := &onceStore{Store: d.store}
	config := d.config()
	config.Store, config.Background = counting, never
	v, err := vault.Open(ctx, config, nil)
	check(t, err)
	v.Close()
	return counting.objects
}

func randomItem(r *rand.Rand) vault.Item {
	it := login(fmt.Sprintf("item %d", r.IntN(50)), "p")
	it.Tags = []string{fmt.Sprintf("tag %d", r.IntN(3))}
	it.Set(vault.Notes, secret.FromString(fmt.Sprintf("note %d", r.IntN(5))))
	it.Custom = []vault.CustomField{{Label: "label", Value: secret.FromString("hidden")}}
	it.Favorite, it.UpdatedAt = r.IntN(3) == 0, int64(r.IntN(5))
	return it
}

// edit does one of the things that people do.
func (d *device) edit(t testing.TB, r *rand.Rand) {
	t.Helper()
	items := d.Query(vault.Filter{})
	if len(items) == 0 || r.IntN(3) == 0 {
		d.save(t, randomItem(r))
		return
	}
	item := items[r.IntN(len(items))].ID
	switch r.IntN(8) {
	case 0:
		check(t, d.Trash(ctx, item))
	case 1:
		check(t, d.Archive(ctx, true, item))
	case 2:
		check(t, d.DeleteForever(ctx, item))
	case 3:
		f, err := d.SaveFolder(ctx, vault.Folder{Name: fmt.Sprintf("folder %d", r.IntN(4))})
		check(t, err)
		check(t, d.Move(ctx, f.ID, item))
	case 4:
		check(t, d.Mark(ctx, "mark"))
	case 5:
		_, err := d.Batch(ctx, []vault.Item{randomItem(r), randomItem(r)}, nil, nil)
		check(t, err)
	default:
		it := d.get(t, item)
		it.Title = fmt.Sprintf("item %d", r.IntN(50))
		d.save(t, it)
	}
}

// However a vault came to be what it is, the sealed index shows the same as its objects do: after edits and pulls, after locks, and
// where the program ends between a change and the writing of the index.
func TestSnapshotShowsWhatTheObjectsDo(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	one, two, s := newDevice(t, 1), newDevice(t, 2), newServer()
	for step := range 40 {
		d := []*device{one, two}[r.IntN(2)]
		switch r.IntN(6) {
		case 0:
			d.sync(t, s)
		case 1:
			d.unlock(t)
		default:
			d.edit(t, r)
		}
		if step%3 > 0 {
			continue
		}
		fast, done := d.opened(t, true)
		whole, doneToo := d.opened(t, false)
		if got, want := listing(t, fast), listing(t, whole); got != want {
			t.Fatalf("step %d: the sealed index shows\n%s\nthe objects are\n%s", step, got, want)
		}
		doneToo()
		done()
	}
}

func TestSnapshotSparesOpening(t *testing.T) {
	d := newDevice(t, 1)
	r := rand.New(rand.NewPCG(1, 1))
	for range 30 {
		d.edit(t, r)
	}
	d.unlock(t)
	if n := d.reads(t); n != 0 {
		t.Errorf("%d objects are opened though none changed", n)
	}
	saved := d.save(t, randomItem(r))
	if n := d.reads(t); n == 0 || n > 5 {
		t.Errorf("%d objects are opened after one edit", n)
	}
	d.Close()
	d.Vault = nil
	d.unlock(t)
	if _, shown := d.Summary(saved.ID); !shown {
		t.Error("the edit is not listed")
	}
	check(t, d.store.Update(ctx, func(tx vault.Tx) error { return tx.SetSegments(vaultID, []vault.Segment{{Number: saved.ID[0]}}) }))
	if n := d.reads(t); n == 0 {
		t.Error("a segment that was forgotten is read")
	}
}

// tamper changes the file as another program would.
func (d *device) tamper(t testing.TB, statements ...string) {
	t.Helper()
	db, err := sqlite.Open(ctx, d.path, sqlite.Options{})
	check(t, err)
	defer db.Close()
	for _, statement := range statements {
		_, err = db.Exec(statement)
		check(t, err)
	}
}

// Segments of an earlier state, of another place, changed, cut or gone are as none: the list is what the objects are.
func TestSnapshotOfAnotherStateIsNotBelieved(t *testing.T) {
	for name, statements := range map[string][]string{
		"put back": {`DELETE FROM index_segment`, `INSERT INTO index_segment SELECT * FROM before_segment`},
		"swapped":  {`UPDATE index_segment SET segment = segment + 1000`, `UPDATE index_segment SET segment = (segment - 999) % 256`},
		"changed":  {`UPDATE index_segment SET sealed = CAST(substr(sealed, 1, 60) || x'00' || substr(sealed, 62) AS BLOB)`},
		"cut":      {`UPDATE index_segment SET sealed = x''`},
		"gone":     {`DELETE FROM index_segment`},
		"doubled":  {`INSERT INTO index_segment SELECT vault_id, segment, part + 1, sealed FROM index_segment`},
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			d := newDevice(t, 1)
			it := d.save(t, login("before", "p"))
			d.unlock(t)
			d.tamper(t, `CREATE TABLE before_segment AS SELECT * FROM index_segment`)
			it.Title = "after"
			d.save(t, it)
			d.unlock(t)
			want := listing(t, d.Vault)
			d.tamper(t, append([]string{`PRAGMA ignore_check_constraints = ON`}, statements...)...)
			v, done := d.opened(t, true)
			if got := listing(t, v); got != want || !strings.Contains(got, "after") {
				t.Errorf("the list is %s", got)
			}
			done()
		})
	}
}

// The hash of a segment is part of the integrity record: with it an earlier segment cannot come back either.
func TestHeadsOfTheSnapshotAreInTheIntegrityRecord(t *testing.T) {
	d := newDevice(t, 1)
	it := d.save(t, login("before", "p"))
	d.unlock(t)
	d.tamper(t, `CREATE TABLE before_segment AS SELECT * FROM index_segment`, `CREATE TABLE before_head AS SELECT * FROM index_head`,
		`CREATE TABLE before_vault AS SELECT * FROM vault`)
	it.Title = "after"
	d.save(t, it)
	d.Close()
	d.tamper(t, `DELETE FROM index_segment`, `INSERT INTO index_segment SELECT * FROM before_segment`,
		`DELETE FROM index_head`, `INSERT INTO index_head SELECT * FROM before_head`)
	d.Vault, d.background = nil, never
	v, done := d.opened(t, true)
	if got := listing(t, v); !strings.Contains(got, "after") {
		t.Errorf("the list is %s", got)
	}
	done()
	d.tamper(t, `UPDATE vault SET index_hash = (SELECT index_hash FROM before_vault)`)
	if err := d.store.Anchor(ctx, mac, 0); !errors.Is(err, vault.ErrTampered) {
		t.Errorf("anchored: %v", err)
	}
	config := d.config()
	if _, err := vault.Open(ctx, config, nil); !errors.Is(err, vault.ErrTampered) {
		t.Errorf("opened: %v", err)
	}
}

// An index that is damaged is in nobody's way.
func TestDamagedHeadsStopNothing(t *testing.T) {
	for _, statement := range []string{`UPDATE index_head SET hashes = x'00'`, `DELETE FROM index_head`, `DELETE FROM index_segment`} {
		d := newDevice(t, 1)
		d.save(t, login("one", "p"))
		d.unlock(t)
		d.tamper(t, statement)
		d.save(t, login("two", "p"))
		d.unlock(t)
		d.unlock(t)
		if n := len(d.Query(vault.Filter{})); n != 2 || d.reads(t) != 0 {
			t.Errorf("%s: %d items, %d opened", statement, n, d.reads(t))
		}
	}
}

// What is damaged in the file after the index was written is found all the same, right after the unlock.
func TestDamageIsFoundBehindTheSnapshot(t *testing.T) {
	for _, statement := range []string{
		`UPDATE object SET base_envelope = x'00' WHERE object_id = ?`, `DELETE FROM object WHERE object_id = ?`,
		`UPDATE object SET pending_envelope = x'00' WHERE object_id = ?`,
	} {
		d, s := newDevice(t, 1), newServer()
		d.save(t, login("other", "p"))
		it := d.save(t, login("damaged", "p"))
		if !strings.Contains(statement, "pending") {
			d.sync(t, s)
		}
		d.unlock(t)
		d.Close()
		d.tamper(t, strings.ReplaceAll(statement, "?", "x'"+it.ID.String()+"'"))
		d.background, d.Vault = never, nil
		d.unlock(t)
		changed := make(chan vault.Change, 10)
		d.Subscribe(func(c vault.Change) { changed <- c })
		check(t, d.Checked(ctx))
		after := listing(t, d.Vault)
		whole, done := d.opened(t, false)
		if want := listing(t, whole); after != want || strings.Contains(after, "damaged") {
			t.Errorf("%s: the list is\n%s\nthe objects are\n%s", statement, after, want)
		}
		done()
	}
}

// In the background the index is written a while after a change, and a lock at any moment leaves nothing wrong.
func TestSnapshotIsWrittenInTheBackground(t *testing.T) {
	d := newDevice(t, 1)
	d.background = time.Microsecond
	d.unlock(t)
	for i := range 20 {
		d.save(t, login(fmt.Sprint("item ", i), "p"))
	}
	for d.reads(t) > 0 {
		runtime.Gosched()
	}
	d.unlock(t)
	check(t, d.Checked(ctx))
	if n := len(d.Query(vault.Filter{})); n != 20 {
		t.Errorf("%d items", n)
	}
}

func TestCheckedEndsWithTheVault(t *testing.T) {
	d := newDevice(t, 1)
	check(t, d.Checked(ctx))
	d.background = never
	d.save(t, login("item", "p"))
	d.unlock(t)
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if err := d.Checked(ended); err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	d.Close()
	if err := d.Checked(ctx); err != nil && !errors.Is(err, vault.ErrClosed) {
		t.Error(err)
	}
}

// The check of a large vault waits while its list is shown; a lock does not wait for it.
func TestCheckOfALargeVaultWaits(t *testing.T) {
	vault.CheckLate(t)
	d := newDevice(t, 1)
	d.save(t, login("item", "p"))
	d.unlock(t)
	d.Close()
	d.tamper(t, `DELETE FROM object`)
	d.background, d.Vault = never, nil
	d.unlock(t)
	expect(t, "before the check", d.Query(vault.Filter{}), "item")
	d.Close()
	if err := d.Checked(ctx); !errors.Is(err, vault.ErrClosed) {
		t.Error(err)
	}
}

// A rotation seals the index under the new key; what the old one sealed is not read any more.
func TestSnapshotAfterARotation(t *testing.T) {
	d := newDevice(t, 1)
	d.save(t, login("item", "p"))
	d.unlock(t)
	check(t, d.Rekey(ctx, vault.EpochKey{Epoch: 2, Key: secret.New(bytes32("another key"))}))
	d.Close()
	config := d.config()
	config.Epoch, config.Key, config.Background = 2, secret.New(bytes32("another key")), never
	config.Earlier = []vault.EpochKey{{Epoch: 1, Key: secret.New(append([]byte(nil), vaultKey...))}}
	counting := &onceStore{Store: d.store}
	config.Store = counting
	v, err := vault.Open(ctx, config, nil)
	check(t, err)
	if n := len(v.Query(vault.Filter{})); n != 1 || counting.objects != 0 {
		t.Errorf("%d items, %d opened", n, counting.objects)
	}
	v.Close()
}

// A small vault has a small index: of the 256 segments those that are empty are in the hashes alone. One whose last item was deleted is
// among them, and what it had before does not come back.
func TestEmptySegmentsTakeNoRoom(t *testing.T) {
	d := newDevice(t, 1)
	d.save(t, login("stays", "p"))
	goes := d.save(t, login("goes", "p"))
	d.unlock(t)
	if n := d.rows(t, `SELECT count(*) FROM index_segment`); n == 0 || n > 2 {
		t.Errorf("%d segments are written for two items", n)
	}
	d.tamper(t, `CREATE TABLE before_segment AS SELECT * FROM index_segment`)
	check(t, d.DeleteForever(ctx, goes.ID))
	d.unlock(t)
	if n := d.rows(t, `SELECT count(*) FROM index_segment`); n != 1 {
		t.Errorf("%d segments are written for one item", n)
	}
	if n := d.reads(t); n != 0 {
		t.Errorf("%d objects are opened though none changed", n)
	}
	d.tamper(t, `INSERT OR REPLACE INTO index_segment SELECT * FROM before_segment`)
	v, done := d.opened(t, true)
	defer done()
	if got := listing(t, v); !strings.Contains(got, "stays") || strings.Contains(got, "goes") {
		t.Errorf("the list is %s", got)
	}
}

// rows is the number that a query gives.
func (d *device) rows(t testing.TB, query string) (n int) {
	t.Helper()
	db, err := sqlite.Open(ctx, d.path, sqlite.Options{})
	check(t, err)
	defer db.Close()
	check(t, db.QueryRow(query).Scan(&n))
	return n
}

// What a push leaves as it is for the user is another row all the same, of which the index has to say again that it shows it.
func TestSnapshotIsWrittenAfterAPush(t *testing.T) {
	d, server := newDevice(t, 1), newServer()
	for i := range 3 {
		d.save(t, login(fmt.Sprint("item ", i), "p"))
	}
	d.unlock(t)
	d.sync(t, server)
	d.unlock(t)
	if n := d.reads(t); n != 0 {
		t.Errorf("%d objects are opened though none changed", n)
	}
}
