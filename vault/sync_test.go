package vault_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/keys"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault"
)

// server is a model of what a verified server does: it orders pushes and keeps the state table.
type server struct {
	rows    map[id.ID]vault.RemoteRow
	pushes  []id.ID // op of each commit
	changed map[id.ID]int
	hide    func(id.ID) bool // envelopes that cannot be had
}

func newServer() *server {
	return &server{rows: map[id.ID]vault.RemoteRow{}, changed: map[id.ID]int{}, hide: func(id.ID) bool { return false }}
}

func (s *server) pin() vault.Pin {
	return vault.Pin{Seq: uint64(len(s.pushes)), Commit: []byte("commit")}
}

// accept applies a push if the device has seen all before it.
func (s *server) accept(t testing.TB, d *device, entry vault.OutboxEntry) bool {
	t.Helper()
	if d.pin(t).Seq != uint64(len(s.pushes)) {
		return false
	}
	s.pushes = append(s.pushes, entry.Op)
	for _, o := range entry.Objects {
		if o.Revision != s.rows[o.Object].Revision+1 {
			t.Fatalf("revision %d follows %d", o.Revision, s.rows[o.Object].Revision)
		}
		s.rows[o.Object] = vault.RemoteRow{
			Row:      vault.Row{Object: o.Object, Revision: o.Revision, State: o.State, Hash: o.Hash},
			Envelope: o.Envelope,
		}
		s.changed[o.Object] = len(s.pushes)
	}
	return true
}

func (s *server) row(object id.ID) vault.RemoteRow {
	row := s.rows[object]
	if s.hide(object) {
		row.Envelope = nil
	}
	return row
}

func (d *device) pin(t testing.TB) vault.Pin {
	t.Helper()
	pin, err := d.Pin(ctx)
	check(t, err)
	return pin
}

// pull takes what came after the pin, and the envelopes that were missing.
func (d *device) pull(t testing.TB, s *server) vault.Result {
	t.Helper()
	from := d.pin(t).Head()
	since, pin := int(from.Seq), s.pin()
	p := vault.Pull{From: from, Pin: &pin, Ops: map[id.ID]bool{}}
	for object, at := range s.changed {
		if at > since {
			p.Rows = append(p.Rows, s.row(object))
		}
	}
	missing, err := d.Missing(ctx)
	check(t, err)
	for _, row := range missing {
		p.Rows = append(p.Rows, s.row(row.Object))
	}
	for _, op := range s.pushes[since:] {
		p.Ops[op] = true // whose they are, the engine knows
	}
	result, err := d.ApplyPull(ctx, p)
	check(t, err)
	return result
}

// prepare stores the next push; false if there is nothing to push.
func (d *device) prepare(t testing.TB) (vault.OutboxEntry, bool) {
	t.Helper()
	objects, err := d.Pending(ctx, 1000, 8<<20)
	check(t, err)
	if len(objects) == 0 {
		return vault.OutboxEntry{}, false
	}
	entry := vault.OutboxEntry{Op: id.New(), Bytes: []byte("signed commit"), Objects: objects}
	check(t, d.StoreOutbox(ctx, d.pin(t).Head(), entry))
	return entry, true
}

// sync pulls, then pushes until nothing is pending.
func (d *device) sync(t testing.TB, s *server) vault.Result {
	t.Helper()
	result := d.pull(t, s)
	if entry, any := d.prepare(t); any && s.accept(t, d, entry) {
		check(t, d.ApplyPush(ctx, entry.Op, s.pin(), []byte("list")))
	}
	return result
}

// describe tells everything that a user can see.
func (d *device) describe(t testing.TB) string {
	t.Helper()
	var b strings.Builder
	for _, f := range d.Folders() {
		fmt.Fprintf(&b, "folder %s %q\n", f.ID, f.Name)
	}
	for _, f := range []vault.Filter{{}, {Archive: true}, {Trash: true}} {
		for _, s := range d.Query(f) {
			if s.Unreadable {
				fmt.Fprintf(&b, "%s unreadable\n", s.ID)
				continue
			}
			it := d.get(t, s.ID)
			fmt.Fprintf(&b, "%s %q %q %q %q trash %t archive %t favorite %t folder %s", s.ID, it.Title, text(it, vault.Password),
				text(it, vault.Notes), it.Tags, it.TrashedAt != 0, it.ArchivedAt != 0, it.Favorite, it.Folder)
			for _, p := range it.History {
				fmt.Fprintf(&b, " [%s %q %t]", p.Field, p.Value.Reveal(), p.Conflict)
			}
			b.WriteString("\n")
		}
	}
	return b.String()
}

func twoDevices(t testing.TB) (*device, *device, *server) {
	return newDevice(t, 1), newDevice(t, 2), newServer()
}

func TestEditsReachTheOtherDevice(t *testing.T) {
	a, b, s := twoDevices(t)
	it := a.save(t, login("Example", "1"))
	check(t, a.Mark(ctx, "import"))
	a.sync(t, s)
	if pending, _ := a.Pending(ctx, 10, 1<<20); len(pending) != 0 {
		t.Errorf("%d still pending after the push", len(pending))
	}
	b.sync(t, s)
	expect(t, "other device", b.Query(vault.Filter{}), "Example")
	if !b.HasMark("import") {
		t.Error("no mark")
	}
	b.unlock(t)
	check(t, b.DeleteForever(ctx, it.ID))
	b.sync(t, s)
	a.sync(t, s)
	expect(t, "after delete", a.Query(vault.Filter{}))
	var rows []vault.Row
	_, err := a.State(ctx, func(r vault.Row) error { rows = append(rows, r); return nil })
	check(t, err)
	if len(rows) != 2 || !slices.ContainsFunc(rows, func(r vault.Row) bool { return r.State == vault.Dead && r.Hash == [32]byte{} && r.Revision == 2 }) {
		t.Errorf("state table %+v", rows)
	}
}

func TestConflictingEdits(t *testing.T) {
	a, b, s := twoDevices(t)
	it := a.save(t, login("Example", "1"))
	a.sync(t, s)
	b.sync(t, s)
	for d, password := range map[*device]string{a: "from a", b: "from b"} {
		edit := d.get(t, it.ID)
		edit.Set(vault.Password, secret.FromString(password))
		d.save(t, edit)
	}
	a.sync(t, s)
	result := b.sync(t, s)
	if !slices.Equal(result.Conflicts, []id.ID{it.ID}) || !slices.Equal(result.Merged, []id.ID{it.ID}) {
		t.Errorf("%+v", result)
	}
	a.sync(t, s)
	for _, d := range []*device{a, b} {
		got := d.get(t, it.ID)
		conflicts := got.Conflicts()
		if text(got, vault.Password) != "from a" || len(conflicts) != 1 || string(conflicts[0].Value.Reveal()) != "from b" || conflicts[0].Device != b.id {
			t.Errorf("%q, %+v", text(got, vault.Password), conflicts)
		}
	}
	merged := a.get(t, it.ID)
	check(t, a.ResolveConflict(ctx, it.ID, merged.Conflicts()[0], true))
	a.sync(t, s)
	b.sync(t, s)
	if got := b.get(t, it.ID); text(got, vault.Password) != "from b" || len(got.Conflicts()) != 0 {
		t.Errorf("after the choice: %s", b.describe(t))
	}
}

func TestEditBeatsDelete(t *testing.T) {
	for _, deleterFirst := range []bool{true, false} {
		a, b, s := twoDevices(t)
		it := a.save(t, login("Example", "1"))
		trashOnly := a.save(t, login("Trashed", "1"))
		a.sync(t, s)
		b.sync(t, s)
		check(t, a.DeleteForever(ctx, it.ID, trashOnly.ID))
		edit := b.get(t, it.ID)
		edit.Set(vault.Password, secret.FromString("typed"))
		b.save(t, edit)
		check(t, b.SetFavorite(ctx, true, trashOnly.ID))
		check(t, b.Trash(ctx, trashOnly.ID))
		first, second := a, b
		if !deleterFirst {
			first, second = b, a
		}
		first.sync(t, s)
		second.sync(t, s)
		first.sync(t, s)
		for _, d := range []*device{a, b} {
			if got := d.get(t, it.ID); text(got, vault.Password) != "typed" {
				t.Errorf("deleter first %t: %s", deleterFirst, d.describe(t))
			}
			if trash := d.Query(vault.Filter{Trash: true}); deleterFirst && len(trash) != 0 {
				t.Errorf("what was only moved to the trash beat the delete: %s", d.describe(t))
			}
		}
	}
}

func TestEditedWhileThePushWasUnderWay(t *testing.T) {
	for _, answerLost := range []bool{false, true} {
		a, b, s := twoDevices(t)
		it := a.save(t, login("Example", "1"))
		gone := a.save(t, login("Gone", "1"))
		entry, _ := a.prepare(t)
		it.Set(vault.Password, secret.FromString("2"))
		it = a.save(t, it)
		check(t, a.DeleteForever(ctx, gone.ID))
		if !s.accept(t, a, entry) {
			t.Fatal("refused")
		}
		if answerLost {
			a.unlock(t)
			b.sync(t, s)
			edit := b.get(t, it.ID)
			edit.Set(vault.Notes, secret.FromString("from b"))
			b.save(t, edit)
			b.sync(t, s)
		} else {
			check(t, a.ApplyPush(ctx, entry.Op, s.pin(), []byte("list")))
		}
		a.sync(t, s)
		b.sync(t, s)
		a.unlock(t)
		for _, d := range []*device{a, b} {
			got := d.get(t, it.ID)
			if text(got, vault.Password) != "2" || len(got.Conflicts()) != 0 {
				t.Errorf("answer lost %t: %s", answerLost, d.describe(t))
			}
			expect(t, "list", d.Query(vault.Filter{}), "Example")
		}
		if err := a.ApplyPush(ctx, entry.Op, s.pin(), []byte("list")); !errors.Is(err, vault.ErrOutbox) {
			t.Errorf("applied twice: %v", err)
		}
	}
}

func TestRefusedPush(t *testing.T) {
	a, b, s := twoDevices(t)
	b.save(t, login("From b", "1"))
	b.sync(t, s)
	a.save(t, login("From a", "1"))
	gone := a.save(t, login("Gone", "1"))
	entry, _ := a.prepare(t)
	check(t, a.DeleteForever(ctx, gone.ID))
	if pending, err := a.Pending(ctx, 10, 1<<20); len(pending) != 1 || err != nil {
		t.Errorf("%d objects pending, want the one that is not deleted; %v", len(pending), err)
	}
	if s.accept(t, a, entry) {
		t.Fatal("accepted")
	}
	a.sync(t, s) // the pull gives the push up
	expect(t, "list", a.Query(vault.Filter{}), "From a", "From b")
	if _, found := s.rows[gone.ID]; found {
		t.Error("what was deleted before it was known was pushed")
	}
}

func TestPendingHasLimits(t *testing.T) {
	d := newDevice(t, 1)
	_, err := d.Batch(ctx, manyLogins(20), nil, nil)
	check(t, err)
	for _, c := range []struct{ limit, bytes, want int }{{5, 1 << 20, 5}, {100, 1 << 20, 20}, {100, 1, 1}, {100, 3000, 8}} {
		pending, err := d.Pending(ctx, c.limit, c.bytes)
		check(t, err)
		if len(pending) != c.want {
			t.Errorf("limit %d, %d bytes: %d objects, want %d", c.limit, c.bytes, len(pending), c.want)
		}
	}
}

func TestMissingEnvelope(t *testing.T) {
	a, b, s := twoDevices(t)
	it := a.save(t, login("Example", "1"))
	fresh := a.save(t, login("Fresh", "1"))
	a.sync(t, s)
	s.hide = func(object id.ID) bool { return object == fresh.ID }
	if result := b.sync(t, s); !slices.Equal(result.Missing, []id.ID{fresh.ID}) {
		t.Errorf("%+v", result)
	}
	if _, err := b.Get(ctx, fresh.ID); !errors.Is(err, vault.ErrMissing) {
		t.Errorf("%v", err)
	}
	edit := a.get(t, it.ID)
	edit.Set(vault.Notes, secret.FromString("from a"))
	a.save(t, edit)
	a.sync(t, s)
	s.hide = func(id.ID) bool { return true }
	b.sync(t, s)
	// What was there before is shown and can be edited; the edit waits for what it has to be merged with.
	mine := b.get(t, it.ID)
	mine.Set(vault.Password, secret.FromString("from b"))
	b.save(t, mine)
	b.unlock(t)
	b.sync(t, s)
	if s.rows[it.ID].Revision != 2 {
		t.Error("an edit was pushed over an envelope that was never seen")
	}
	check(t, b.DeleteForever(ctx, fresh.ID))
	s.hide = func(id.ID) bool { return false }
	b.sync(t, s)
	a.sync(t, s)
	for _, d := range []*device{a, b} {
		got := d.get(t, it.ID)
		if text(got, vault.Password) != "from b" || text(got, vault.Notes) != "from a" || len(got.Conflicts()) != 0 {
			t.Errorf("%s", d.describe(t))
		}
	}
	if missing, err := b.Missing(ctx); len(missing) != 0 || err != nil {
		t.Errorf("%+v, %v", missing, err)
	}
}

func TestWrongEnvelopeIsNotApplied(t *testing.T) {
	a, b, s := twoDevices(t)
	it := a.save(t, login("Example", "1"))
	a.sync(t, s)
	row := s.row(it.ID)
	row.Envelope = append([]byte{}, row.Envelope...)
	row.Envelope[100] ^= 1
	pin := s.pin()
	result, err := b.ApplyPull(ctx, vault.Pull{From: b.pin(t).Head(), Rows: []vault.RemoteRow{row}, Pin: &pin})
	check(t, err)
	if len(result.Missing) != 1 {
		t.Errorf("%+v", result)
	}
	b.pull(t, s)
	expect(t, "after fetching again", b.Query(vault.Filter{}), "Example")
}

// sealed makes a row whose envelope holds any plaintext.
func sealed(t testing.TB, object id.ID, revision uint64, plaintext []byte) vault.RemoteRow {
	t.Helper()
	ref := keys.ObjectRef{Account: accountID, Vault: vaultID, Object: object, Epoch: 1, Revision: revision}
	envelope, err := keys.SealObject(secret.New(slices.Clone(vaultKey)), ref, plaintext)
	check(t, err)
	row := vault.Row{Object: object, Revision: revision, State: vault.Live, Hash: vault.EnvelopeHash(envelope)}
	return vault.RemoteRow{Row: row, Envelope: envelope}
}

func TestUnreadableAndNewerObjects(t *testing.T) {
	newer := []byte{0xa3, 0x01, 0x02, 0x02, 0x65, 'l', 'o', 'g', 'i', 'n', 0x03, 0x65, 'N', 'e', 'w', 'e', 'r'} // {1: 2, 2: "login", 3: "Newer"}
	for name, plaintext := range map[string][]byte{"unreadable": []byte("no CBOR"), "newer": newer} {
		d := newDevice(t, 1)
		it := d.save(t, login("Mine", "1"))
		entry, _ := d.prepare(t)
		check(t, d.ApplyPush(ctx, entry.Op, vault.Pin{Seq: 1, Commit: []byte("commit")}, []byte("list")))
		inEditor := d.get(t, it.ID)
		it.Set(vault.Password, secret.FromString("typed"))
		d.save(t, it)
		result, err := d.ApplyPull(ctx, vault.Pull{From: vault.Head{Seq: 1}, Rows: []vault.RemoteRow{sealed(t, it.ID, 2, plaintext)}, Pin: &vault.Pin{Seq: 2}})
		check(t, err)
		if len(result.Forked) != 1 || (len(result.Unreadable) == 1) != (name == "unreadable") {
			t.Errorf("%s: %+v", name, result)
		}
		d.unlock(t)
		if got := d.get(t, result.Forked[0]); text(got, vault.Password) != "typed" {
			t.Errorf("%s: the edit is lost", name)
		}
		s, _ := d.Summary(it.ID)
		if s.Unreadable != (name == "unreadable") || s.ReadOnly != (name == "newer") {
			t.Errorf("%s: %+v", name, s)
		}
		inEditor.Set(vault.Password, secret.FromString("typed in an open editor"))
		if saved := d.save(t, inEditor); saved.ID == it.ID || text(saved, vault.Password) != "typed in an open editor" {
			t.Errorf("%s: %+v", name, saved)
		}
		if missing, _ := d.Missing(ctx); len(missing) != 0 {
			t.Errorf("%s: would be fetched again", name)
		}
		want := map[string]error{"unreadable": vault.ErrUnreadable, "newer": vault.ErrNewerItem}[name]
		if err := d.Trash(ctx, it.ID); !errors.Is(err, want) {
			t.Errorf("%s: trashed with %v", name, err)
		}
	}
}

func TestRowsThatContradict(t *testing.T) {
	d := newDevice(t, 1)
	it := d.save(t, login("Mine", "1"))
	entry, _ := d.prepare(t)
	check(t, d.ApplyPush(ctx, entry.Op, vault.Pin{Seq: 1, Commit: []byte("commit")}, []byte("list")))
	back := sealed(t, it.ID, 0, []byte("x"))
	at, other := vault.Head{Seq: 1}, sealed(t, it.ID, 1, []byte("x"))
	dead := vault.RemoteRow{Row: vault.Row{Object: it.ID, Revision: 1, State: vault.Dead}}
	for _, row := range []vault.RemoteRow{back, other, dead} {
		if _, err := d.ApplyPull(ctx, vault.Pull{From: at, Rows: []vault.RemoteRow{row}, Pin: &vault.Pin{Seq: 9}}); !errors.Is(err, vault.ErrRow) {
			t.Errorf("revision %d, state %d: %v", row.Revision, row.State, err)
		}
	}
	if _, err := d.ApplyPull(ctx, vault.Pull{From: at, Rows: []vault.RemoteRow{sealed(t, it.ID, 2, []byte("x"))}}); !errors.Is(err, vault.ErrRow) {
		t.Errorf("a revision without a pin: %v", err)
	}
	if _, err := d.ApplyPull(ctx, vault.Pull{From: at, Pin: &vault.Pin{}}); !errors.Is(err, vault.ErrRow) {
		t.Errorf("a pin that goes back: %v", err)
	}
	if d.pin(t).Seq != 1 {
		t.Error("the pin moved")
	}
}

// What was gathered from another head than the file's pin is not for this file any more: another program on it was quicker.
func TestOvertaken(t *testing.T) {
	d := newDevice(t, 1)
	it := d.save(t, login("Mine", "1"))
	entry, _ := d.prepare(t)
	check(t, d.ApplyPush(ctx, entry.Op, vault.Pin{Seq: 1, Hash: [32]byte{1}, Commit: []byte("commit")}, []byte("list")))
	for name, from := range map[string]vault.Head{"behind": {}, "another commit": {Seq: 1}, "ahead": {Seq: 2}} {
		rows := []vault.RemoteRow{sealed(t, it.ID, 2, []byte("x"))}
		_, moved := d.ApplyPull(ctx, vault.Pull{From: from, Rows: rows, Pin: &vault.Pin{Seq: 3}})
		_, filled := d.ApplyPull(ctx, vault.Pull{From: from, Log: []vault.LogEntry{{Seq: 1, Entry: []byte("e"), Signature: []byte("s")}}})
		stored := d.StoreOutbox(ctx, from, vault.OutboxEntry{Op: id.New(), Bytes: []byte("push")})
		for i, err := range []error{moved, filled, stored} {
			if !errors.Is(err, vault.ErrOvertaken) {
				t.Errorf("%s, %d: %v", name, i, err)
			}
		}
	}
	_, sent, err := d.Outbox(ctx)
	check(t, err)
	if log, err := d.store.Log(ctx); len(log) != 1 || err != nil || sent || d.pin(t).Seq != 1 {
		t.Errorf("%d entries, %t, %v", len(log), sent, err)
	}
}

func TestPullStoresTheLog(t *testing.T) {
	d := newDevice(t, 1)
	_, err := d.ApplyPull(ctx, vault.Pull{Log: []vault.LogEntry{{Seq: 1, Entry: []byte("device"), Signature: []byte("s")}}})
	check(t, err)
	both := []vault.LogEntry{{Seq: 1, Entry: []byte("device"), Signature: []byte("s")}, {Seq: 2, Entry: []byte("more"), Signature: []byte("s")}}
	_, err = d.ApplyPull(ctx, vault.Pull{Log: both})
	check(t, err)
	if log, err := d.store.Log(ctx); len(log) != 3 || err != nil {
		t.Errorf("%+v, %v", log, err)
	}
	if _, err := d.ApplyPull(ctx, vault.Pull{Log: []vault.LogEntry{{Seq: 1, Entry: []byte("other"), Signature: []byte("s")}}}); !errors.Is(err, vault.ErrRow) {
		t.Errorf("another entry in the place of one: %v", err)
	}
	if _, err := d.ApplyPull(ctx, vault.Pull{Log: []vault.LogEntry{{Seq: 9, Entry: []byte("gap"), Signature: []byte("s")}}}); err == nil {
		t.Error("a gap was accepted")
	}
}

// TestDevicesConverge lets devices edit, push and pull at random, lose answers and envelopes, lock and unlock; in the end all show
// the same, and every password that was ever typed is somewhere.
func TestDevicesConverge(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { converge(t, rand.New(rand.NewPCG(seed, 1))) })
	}
}

func converge(t *testing.T, random *rand.Rand) {
	s := newServer()
	devices := []*device{newDevice(t, 1), newDevice(t, 2), newDevice(t, 3)}
	var typed []string
	s.hide = func(id.ID) bool { return random.IntN(5) == 0 }
	for step := range 80 {
		d := devices[random.IntN(len(devices))]
		d.now = firstTime.Add(time.Duration(random.IntN(1000)-500) * time.Hour) // clocks are wrong
		switch random.IntN(8) {
		case 0:
			d.unlock(t)
		case 1, 2:
			d.pull(t, s)
		case 3:
			if entry, found, _ := d.Outbox(ctx); !found {
				d.prepare(t)
			} else if s.accept(t, d, entry) && random.IntN(2) == 0 {
				check(t, d.ApplyPush(ctx, entry.Op, s.pin(), []byte("list")))
			}
		default:
			typed = append(typed, d.randomEdit(t, random, fmt.Sprint("typed", step))...)
		}
	}
	s.hide = func(id.ID) bool { return false }
	for range 4 {
		for _, d := range devices {
			d.sync(t, s)
		}
	}
	want := devices[0].describe(t)
	for _, d := range devices {
		d.unlock(t)
		if got := d.describe(t); got != want {
			t.Fatalf("device %s shows\n%s\nanother shows\n%s", d.id, got, want)
		}
		if pending, _ := d.Pending(ctx, 10, 1<<20); len(pending) != 0 {
			t.Errorf("%d objects are still pending", len(pending))
		}
		checkState(t, d, s)
	}
	for _, password := range typed {
		if !strings.Contains(want, `"`+password+`"`) {
			t.Errorf("%s is lost in\n%s", password, want)
		}
	}
}

// randomEdit changes one item, and returns the password it typed, if any. Nothing is deleted for good: that loses passwords.
func (d *device) randomEdit(t *testing.T, random *rand.Rand, typed string) []string {
	items := d.Query(vault.Filter{Trash: random.IntN(4) == 0})
	if len(items) == 0 || random.IntN(6) == 0 {
		d.save(t, login("Item "+typed, typed))
		return []string{typed}
	}
	chosen := items[random.IntN(len(items))]
	if chosen.Unreadable {
		return nil
	}
	it := d.get(t, chosen.ID)
	switch random.IntN(5) {
	case 0:
		it.Title = "Title " + typed
	case 1:
		it.Tags = append(it.Tags, typed)
	case 2:
		check(t, d.Trash(ctx, it.ID))
		return nil
	default:
		it.Set(vault.Password, secret.FromString(typed))
		d.save(t, it)
		return []string{typed}
	}
	d.save(t, it)
	return nil
}

// checkState compares the device's state table with the server's.
func checkState(t *testing.T, d *device, s *server) {
	t.Helper()
	n := 0
	_, err := d.State(ctx, func(row vault.Row) error {
		n++
		if s.rows[row.Object].Row != row {
			t.Errorf("row %+v, the server has %+v", row, s.rows[row.Object].Row)
		}
		return nil
	})
	check(t, err)
	if n != len(s.rows) {
		t.Errorf("%d rows, the server has %d", n, len(s.rows))
	}
}

// The other side of a conflict is in the history alone; it was typed, and beats a delete like any other edit.
func TestConflictBeatsADelete(t *testing.T) {
	a, b, s := twoDevices(t)
	it := a.save(t, login("Example", "1"))
	a.sync(t, s)
	b.sync(t, s)
	for d, password := range map[*device]string{a: "A", b: "B"} {
		edit := d.get(t, it.ID)
		edit.Set(vault.Password, secret.FromString(password))
		d.save(t, edit)
	}
	a.sync(t, s)
	b.pull(t, s) // merged, and not sent
	check(t, a.DeleteForever(ctx, it.ID))
	a.sync(t, s)
	b.sync(t, s)
	merged := b.get(t, it.ID)
	if conflicts := merged.Conflicts(); len(conflicts) != 1 || string(conflicts[0].Value.Reveal()) != "B" {
		t.Errorf("what was typed on B is gone: %v", conflicts)
	}
}

// A new item is deleted for good between the reading of what waits and the writing of the push: it must not reach the server, and does
// not come back.
func TestAPushDoesNotReviveWhatWasDeleted(t *testing.T) {
	d := newDevice(t, 1)
	it := d.save(t, login("Shop", "x"))
	pending, err := d.Pending(t.Context(), 10, 1<<20)
	check(t, err)
	check(t, d.DeleteForever(t.Context(), it.ID))
	entry := vault.OutboxEntry{Op: id.New(), Bytes: []byte("push"), Objects: pending}
	if err := d.StoreOutbox(t.Context(), vault.Head{}, entry); !errors.Is(err, vault.ErrOutbox) {
		t.Errorf("kept: %v", err)
	}
	if _, found, err := d.Outbox(t.Context()); found || err != nil {
		t.Errorf("outbox: %v, %v", found, err)
	}
}
