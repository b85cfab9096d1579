package sqlite

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/vault"
)

var (
	vaultA = id.ID{0xa}
	vaultB = id.ID{0xb}
)

func macWith(key string) MAC {
	return func(b []byte) [32]byte {
		h := hmac.New(sha256.New, []byte(key))
		h.Write(b)
		return [32]byte(h.Sum(nil))
	}
}

var anchor = macWith("anchor")

func sample() Contents {
	return Contents{
		Account: vault.Account{
			ID: id.ID{1}, Email: "ann@example.com", Origin: "https://coffer.example:8443", Generation: 3, Profile: "P2",
			SealedAccountKey: []byte("account key"), SealedIdentity: []byte("identity"), Device: id.ID{2}, DeviceName: "Ann's laptop",
			SealedDeviceSeed: []byte("seed"), SealedAnchor: []byte("anchor"), SealedSession: []byte("session"),
		},
		Vaults: []vault.SealedVaultKey{{Vault: vaultA, Epoch: 1, Sealed: []byte("vk a")}, {Vault: vaultB, Epoch: 2, Sealed: []byte("vk b")}},
		Log: []vault.LogEntry{
			{Seq: 0, Entry: []byte("genesis"), Signature: []byte("s0")}, {Seq: 1, Entry: []byte("device"), Signature: []byte("s1")},
		},
	}
}

func hashOf(b string) [32]byte { return sha256.Sum256([]byte(b)) }

func live(revision uint64, envelope string) vault.Version {
	return vault.Version{Revision: revision, State: vault.Live, Hash: hashOf(envelope), Envelope: []byte(envelope)}
}

func pending(n byte, envelope string) vault.Object {
	v := live(1, envelope)
	return vault.Object{ID: id.ID{n, n}, Pending: &v}
}

func create(t testing.TB) (*Store, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "vault.db")
	s, err := Create(context.Background(), path, sample(), anchor)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s, path
}

func reopen(t testing.TB, s *Store, path string) *Store {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := Open(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	if err := s.Anchor(context.Background(), anchor, 0); err != nil {
		t.Fatal(err)
	}
	return s
}

func update(t testing.TB, s *Store, f func(vault.Tx) error) {
	t.Helper()
	if err := s.Update(context.Background(), f); err != nil {
		t.Fatal(err)
	}
}

func view[T any](t testing.TB, s *Store, f func(vault.Reader) (T, error)) (value T) {
	t.Helper()
	err := s.View(context.Background(), func(r vault.Reader) (err error) {
		value, err = f(r)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s\ngot  %+v\nwant %+v", what, got, want)
	}
}

func TestAccountSurvives(t *testing.T) {
	s, path := create(t)
	ctx := context.Background()
	if err := s.UpdateAccount(ctx, func(a *vault.Account) { a.SealedSession = nil; a.Generation = 4 }); err != nil {
		t.Fatal(err)
	}
	if err := s.AddVault(ctx, vault.SealedVaultKey{Vault: id.ID{0xc}, Epoch: 1, Sealed: []byte("vk c")}); err != nil {
		t.Fatal(err)
	}
	update(t, s, func(tx vault.Tx) error {
		return tx.AppendLog([]vault.LogEntry{{Seq: 2, Entry: []byte("more"), Signature: []byte("s2")}})
	})
	s = reopen(t, s, path)
	want := sample()
	want.Account.SealedSession, want.Account.Generation = nil, 4
	got, err := s.Account(ctx)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "account", got, want.Account)
	keys, err := s.Vaults(ctx)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "vaults", keys, append(want.Vaults, vault.SealedVaultKey{Vault: id.ID{0xc}, Epoch: 1, Sealed: []byte("vk c")}))
	log, err := s.Log(ctx)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "log", log, append(want.Log, vault.LogEntry{Seq: 2, Entry: []byte("more"), Signature: []byte("s2")}))
}

func TestLogHasNoGaps(t *testing.T) {
	s, _ := create(t)
	for _, seq := range []uint64{0, 1, 3, 1 << 63} {
		err := s.Update(context.Background(), func(tx vault.Tx) error {
			return tx.AppendLog([]vault.LogEntry{{Seq: seq, Entry: []byte("e"), Signature: []byte("s")}})
		})
		if err == nil {
			t.Errorf("entry %d after 1 was accepted", seq)
		}
	}
}

func TestLocalValues(t *testing.T) {
	s, path := create(t)
	ctx := context.Background()
	for _, value := range []string{"one", "two"} {
		if err := s.SetLocal(ctx, "settings", []byte(value)); err != nil {
			t.Fatal(err)
		}
	}
	s = reopen(t, s, path)
	if value, found, err := s.Local(ctx, "settings"); string(value) != "two" || !found || err != nil {
		t.Errorf("%q, %t, %v", value, found, err)
	}
	if err := s.SetLocal(ctx, "settings", nil); err != nil {
		t.Fatal(err)
	}
	if _, found, err := s.Local(ctx, "settings"); found || err != nil {
		t.Errorf("removed, but %t, %v", found, err)
	}
}

func TestObjectsSurvive(t *testing.T) {
	s, path := create(t)
	base, edit, old := live(4, "base"), live(5, "edit"), live(3, "old")
	dead := vault.Version{Revision: 2, State: vault.Dead}
	objects := []vault.Object{
		{ID: id.ID{1}, Base: base},
		{ID: id.ID{2}, Base: base, Pending: &edit},
		{ID: id.ID{3}, Pending: &edit},
		{ID: id.ID{4}, Base: vault.Version{Revision: 4, State: vault.Live, Hash: base.Hash}, Pending: &edit, Ancestor: &old},
		{ID: id.ID{5}, Base: dead},
		{ID: id.ID{6}, Base: base, Pending: &vault.Version{Revision: 5, State: vault.Dead}},
	}
	update(t, s, func(tx vault.Tx) error {
		for _, o := range objects {
			if err := tx.Put(vaultA, o); err != nil {
				return err
			}
		}
		return tx.Put(vaultB, vault.Object{ID: id.ID{1}, Base: old})
	})
	s = reopen(t, s, path)
	var all, edited []vault.Object
	var rows, missing []vault.Row
	view(t, s, func(r vault.Reader) (int, error) {
		collect := func(to *[]vault.Object) func(vault.Object) error {
			return func(o vault.Object) error { *to = append(*to, o); return nil }
		}
		collectRows := func(to *[]vault.Row) func(vault.Row) error {
			return func(row vault.Row) error { *to = append(*to, row); return nil }
		}
		n, err := r.Count(vaultA)
		return n, errors.Join(err, r.Objects(vaultA, collect(&all)), r.PendingObjects(vaultA, collect(&edited)),
			r.Rows(vaultA, collectRows(&rows)), r.Missing(vaultA, collectRows(&missing)))
	})
	equal(t, "objects", all, objects)
	equal(t, "pending", edited, []vault.Object{objects[1], objects[2], objects[3], objects[5]})
	row := func(o vault.Object) vault.Row {
		return vault.Row{Object: o.ID, Revision: o.Base.Revision, State: o.Base.State, Hash: o.Base.Hash}
	}
	equal(t, "rows", rows, []vault.Row{row(objects[0]), row(objects[1]), row(objects[3]), row(objects[4]), row(objects[5])})
	equal(t, "missing", missing, []vault.Row{row(objects[3])})
	view(t, s, func(r vault.Reader) (bool, error) {
		_, found, err := r.Object(vaultB, id.ID{2})
		if found {
			t.Error("an object of another vault was found")
		}
		return found, err
	})
}

func TestChanged(t *testing.T) {
	s, _ := create(t)
	changed := func() uint64 {
		return view(t, s, func(r vault.Reader) (uint64, error) { return r.Changed(vaultA) })
	}
	at := changed()
	rises := func(what string, want bool, f func(vault.Tx) error) {
		t.Helper()
		update(t, s, f)
		now := changed()
		if (now > at) != want {
			t.Errorf("%s: %d after %d", what, now, at)
		}
		at = now
	}
	rises("put", true, func(tx vault.Tx) error { return tx.Put(vaultA, pending(1, "x")) })
	rises("put in another vault", false, func(tx vault.Tx) error { return tx.Put(vaultB, pending(1, "x")) })
	rises("pin", false, func(tx vault.Tx) error { return tx.SetPin(vaultA, vault.Pin{Seq: 1}) })
	rises("nothing", false, func(tx vault.Tx) error { return nil })
	rises("remove", true, func(tx vault.Tx) error { return tx.Remove(vaultA, id.ID{1, 1}) })
}

func TestPinOutboxUndo(t *testing.T) {
	s, path := create(t)
	pin := vault.Pin{Seq: 7, Hash: hashOf("h"), LogSeq: 1, Root: hashOf("r"), Commit: []byte("commit")}
	sent := live(1, "sent")
	entry := vault.OutboxEntry{Op: id.ID{9}, Bytes: []byte("push"), Objects: []vault.SentObject{
		{Object: id.ID{1}, Version: sent}, {Object: id.ID{2}, Version: vault.Version{Revision: 3, State: vault.Dead}},
	}}
	undo := []vault.Undo{{Object: id.ID{1}, Made: hashOf("m")}, {Object: id.ID{2}, Made: hashOf("n"), Before: &sent}}
	update(t, s, func(tx vault.Tx) error {
		return errors.Join(tx.SetPin(vaultA, pin), tx.SetOutbox(vaultA, &entry), tx.SetOutbox(vaultA, &entry),
			tx.SetUndo(vaultA, id.ID{8}, undo), tx.SetAside(vaultA, id.ID{1}, sent))
	})
	s = reopen(t, s, path)
	view(t, s, func(r vault.Reader) (int, error) {
		gotPin, err1 := r.Pin(vaultA)
		equal(t, "pin", gotPin, pin)
		noPin, err2 := r.Pin(vaultB)
		equal(t, "pin of a new vault", noPin, vault.Pin{})
		gotEntry, _, err3 := r.Outbox(vaultA)
		equal(t, "outbox", gotEntry, entry)
		gotSent, _, err4 := r.Sent(vaultA, id.ID{1})
		equal(t, "sent", gotSent, sent)
		gotUndo, err5 := r.Undo(vaultA, id.ID{8})
		equal(t, "undo", gotUndo, undo)
		_, inOther, err6 := r.Outbox(vaultB)
		_, unsent, err7 := r.Sent(vaultA, id.ID{3})
		if inOther || unsent {
			t.Error("what was never stored is found")
		}
		return 0, errors.Join(err1, err2, err3, err4, err5, err6, err7)
	})
	update(t, s, func(tx vault.Tx) error {
		return errors.Join(tx.SetOutbox(vaultA, nil), tx.SetUndo(vaultA, id.ID{8}, nil))
	})
	view(t, s, func(r vault.Reader) (int, error) {
		_, found, err := r.Outbox(vaultA)
		_, sent, err2 := r.Sent(vaultA, id.ID{1})
		left, err3 := r.Undo(vaultA, id.ID{8})
		if found || sent || len(left) != 0 {
			t.Error("outbox or undo is still there")
		}
		return 0, errors.Join(err, err2, err3)
	})
}

func TestPinOfUnknownVault(t *testing.T) {
	s, _ := create(t)
	err := s.View(context.Background(), func(r vault.Reader) error {
		_, err := r.Pin(id.ID{0xff})
		return err
	})
	if !errors.Is(err, errUnknownVault) {
		t.Error(err)
	}
}

func TestUpdateIsAllOrNothing(t *testing.T) {
	s, _ := create(t)
	before, _ := s.Generation(context.Background())
	failure := errors.New("failure")
	err := s.Update(context.Background(), func(tx vault.Tx) error {
		if err := tx.Put(vaultA, pending(1, "x")); err != nil {
			return err
		}
		return failure
	})
	if !errors.Is(err, failure) {
		t.Error(err)
	}
	after, _ := s.Generation(context.Background())
	if n := view(t, s, func(r vault.Reader) (int, error) { return r.Count(vaultA) }); n != 0 || after != before {
		t.Errorf("%d objects, generation %d after %d", n, after, before)
	}
}

func TestCreateAndOpen(t *testing.T) {
	ctx := context.Background()
	s, path := create(t)
	if _, err := Create(ctx, path, sample(), anchor); !errors.Is(err, ErrExists) {
		t.Errorf("created twice: %v", err)
	}
	s.Close()
	if _, err := Open(ctx, filepath.Join(t.TempDir(), "none.db")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	begun := filepath.Join(t.TempDir(), "begun.db")
	half, err := open(ctx, begun)
	if err != nil {
		t.Fatal(err)
	}
	half.Close()
	if _, err := Open(ctx, begun); !errors.Is(err, ErrNoAccount) {
		t.Errorf("interrupted creation: %v", err)
	}
	again, err := Create(ctx, begun, sample(), anchor)
	if err != nil {
		t.Errorf("creation cannot be repeated: %v", err)
	} else {
		again.Close()
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("file mode %v, %v", info.Mode(), err)
	}
}

func TestTwoProcesses(t *testing.T) {
	s, path := create(t)
	other, err := Open(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if err := other.Update(context.Background(), func(vault.Tx) error { return nil }); !errors.Is(err, vault.ErrNotAnchored) {
		t.Errorf("written without anchor: %v", err)
	}
	if err := other.Anchor(context.Background(), anchor, 0); err != nil {
		t.Fatal(err)
	}
	for i := range byte(10) {
		writer := s
		if i%2 == 1 {
			writer = other
		}
		update(t, writer, func(tx vault.Tx) error { return tx.Put(vaultA, pending(i+1, "x")) })
	}
	if n := view(t, s, func(r vault.Reader) (int, error) { return r.Count(vaultA) }); n != 10 {
		t.Errorf("%d objects", n)
	}
}
