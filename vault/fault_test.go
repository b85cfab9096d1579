package vault_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/internal/sqlite"
	"github.com/coffer-vault/coffer/vault"
	storage "github.com/coffer-vault/coffer/vault/sqlite"
)

// saverEnv makes the test binary save items into the named file until it is killed.
const saverEnv = "COFFER_TEST_SAVER"

func TestMain(m *testing.M) {
	if path := os.Getenv(saverEnv); path != "" {
		saveUntilKilled(path)
	}
	os.Exit(m.Run())
}

// saveUntilKilled prints the id of every item after Save has returned.
func saveUntilKilled(path string) {
	d := &device{id: id.ID{0xde, 1}, now: firstTime}
	fail := func(err error) {
		if err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
	}
	var err error
	d.store, err = storage.Open(ctx, path)
	fail(err)
	fail(d.store.Anchor(ctx, mac, 0))
	d.Vault, err = vault.Open(ctx, d.config(), nil)
	fail(err)
	for i := 0; ; i++ {
		it, err := d.Save(ctx, login(fmt.Sprint(i), "acknowledged"))
		fail(err)
		fmt.Println(it.ID)
	}
}

func TestKilledWhileSaving(t *testing.T) {
	d := newDevice(t, 1)
	d.Close()
	check(t, d.store.Close())
	random := rand.New(rand.NewPCG(1, 1))
	var acknowledged []id.ID
	for range 20 {
		acknowledged = append(acknowledged, killed(t, d.path, 1+random.IntN(20))...)
		store, err := storage.Open(ctx, d.path)
		check(t, err)
		if err := store.Anchor(ctx, mac, 0); err != nil {
			t.Fatalf("the integrity record does not survive a crash: %v", err)
		}
		d.store = store
		d.Vault = nil
		d.unlock(t)
		for _, item := range acknowledged {
			if it := d.get(t, item); text(it, vault.Password) != "acknowledged" {
				t.Fatal("a saved item is damaged")
			}
		}
		d.Close()
		check(t, store.Close())
	}
}

// killed runs a saver, kills it somewhere in the save after the last one waited for, and returns what it acknowledged.
func killed(t *testing.T, path string, saves int) []id.ID {
	t.Helper()
	limited, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	saver := exec.CommandContext(limited, os.Args[0], "-test.run=^$")
	saver.Env = append(os.Environ(), saverEnv+"="+path)
	out, err := saver.StdoutPipe()
	check(t, err)
	check(t, saver.Start())
	var ids []id.ID
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		item, err := id.Parse(lines.Text())
		if err != nil {
			t.Fatalf("saver: %s", lines.Text())
		}
		if ids = append(ids, item); len(ids) == saves {
			check(t, saver.Process.Kill())
		}
	}
	saver.Wait()
	if len(ids) < saves {
		t.Fatalf("the saver stopped after %d of %d saves", len(ids), saves)
	}
	return ids
}

// damage changes the file as a failing disk would: the integrity record is accepted anew where it would show.
func (d *device) damage(t *testing.T, statement string) {
	t.Helper()
	d.Close()
	db, err := sqlite.Open(ctx, d.path, sqlite.Options{})
	check(t, err)
	defer db.Close()
	_, err = db.Exec(statement)
	check(t, err)
	check(t, d.store.Mend(ctx, contents(d.id), mac, 0, func(vault.Tx) error { return nil }))
	d.Vault = nil
	d.unlock(t)
}

func TestDamagedRowIsSetAsideAndFetchedAgain(t *testing.T) {
	a, b, s := twoDevices(t)
	it := a.save(t, login("Example", "1"))
	a.save(t, login("Other", "1"))
	a.sync(t, s)
	b.sync(t, s)
	b.damage(t, `UPDATE object SET base_envelope = CAST(base_envelope || x'00' AS BLOB) WHERE object_id = x'`+it.ID.String()+`'`)
	expect(t, "list", b.Query(vault.Filter{}), "", "Other")
	if _, err := b.Get(ctx, it.ID); !errors.Is(err, vault.ErrMissing) {
		t.Errorf("%v", err)
	}
	if b.Counts().Unreadable != 1 {
		t.Error("not reported")
	}
	missing, err := b.Missing(ctx)
	check(t, err)
	if len(missing) != 1 || missing[0].Object != it.ID {
		t.Errorf("missing %+v", missing)
	}
	b.sync(t, s)
	expect(t, "after fetching", b.Query(vault.Filter{}), "Example", "Other")
	b.expectSetAside(t, it.ID)
}

// expectSetAside wants one damaged envelope of the object to be kept.
func (d *device) expectSetAside(t *testing.T, object id.ID) {
	t.Helper()
	db, err := sqlite.Open(ctx, d.path, sqlite.Options{ReadOnly: true})
	check(t, err)
	defer db.Close()
	kept := 0
	check(t, db.QueryRow(`SELECT count(*) FROM set_aside WHERE object_id = ?`, object[:]).Scan(&kept))
	if kept != 1 {
		t.Errorf("%d damaged envelopes kept", kept)
	}
}

func TestDamagedEditIsNeverPushedAndKept(t *testing.T) {
	a, _, s := twoDevices(t)
	it := a.save(t, login("Example", "synced"))
	a.sync(t, s)
	edit := a.get(t, it.ID)
	edit.Title = "Edited"
	a.save(t, edit)
	fresh := a.save(t, login("Fresh", "1"))
	a.damage(t, `UPDATE object SET pending_envelope = CAST(pending_envelope || x'00' AS BLOB)`)
	if got := a.get(t, it.ID); got.Title != "Example" {
		t.Errorf("title %q, want the one last synced", got.Title)
	}
	if _, err := a.Get(ctx, fresh.ID); !errors.Is(err, vault.ErrUnreadable) {
		t.Errorf("%v", err)
	}
	if pending, err := a.Pending(ctx, 10, 1<<20); len(pending) != 0 || err != nil {
		t.Errorf("damaged edits would be pushed: %d, %v", len(pending), err)
	}
	again := a.get(t, it.ID)
	again.Title = "Again"
	a.save(t, again)
	a.sync(t, s)
	a.expectSetAside(t, it.ID)
	if s.rows[it.ID].Revision != 2 || a.get(t, it.ID).Title != "Again" {
		t.Errorf("%s", a.describe(t))
	}
}

func TestStoreThatCannotBeWritten(t *testing.T) {
	d := newDevice(t, 1)
	it := d.save(t, login("Example", "1"))
	store, err := storage.Open(ctx, d.path) // not anchored: every write is refused
	check(t, err)
	defer store.Close()
	cfg := d.config()
	cfg.Store = store
	v, err := vault.Open(ctx, cfg, nil)
	check(t, err)
	defer v.Close()
	it.Title = "Changed"
	if _, err := v.Save(ctx, it); !errors.Is(err, vault.ErrNotAnchored) {
		t.Errorf("%v", err)
	}
	expect(t, "the list shows what is stored", v.Query(vault.Filter{}), "Example")
	if got, err := v.Get(ctx, it.ID); err != nil || got.Title != "Example" {
		t.Errorf("%q, %v", got.Title, err)
	}
}

// FuzzStoredObject puts any bytes where an object's versions are: nothing panics, and the other items stay usable.
func FuzzStoredObject(f *testing.F) {
	f.Add([]byte("CFE1"), []byte{}, make([]byte, 32), uint64(1), uint64(2), false)
	f.Add([]byte{}, []byte("CFE1\x01\x02"), make([]byte, 32), uint64(0), uint64(1)<<62, true)
	d := newDevice(f, 1)
	good := d.save(f, login("Good", "1"))
	f.Fuzz(func(t *testing.T, base, pending, hash []byte, revision, next uint64, right bool) {
		o := vault.Object{ID: id.New(), Base: vault.Version{Revision: revision, State: vault.Live, Envelope: base}}
		copy(o.Base.Hash[:], hash)
		o.Pending = &vault.Version{Revision: next, State: vault.Live, Envelope: pending}
		if right {
			o.Base.Hash, o.Pending.Hash = vault.EnvelopeHash(base), vault.EnvelopeHash(pending)
		}
		if err := d.store.Update(ctx, func(tx vault.Tx) error { return tx.Put(vaultID, o) }); err != nil {
			return // a number or a length that the table refuses
		}
		d.unlock(t)
		d.get(t, good.ID)
		d.Get(ctx, o.ID)
		d.ApplyPull(ctx, vault.Pull{Rows: []vault.RemoteRow{sealed(t, o.ID, revision+1, []byte("x"))}, Pin: &vault.Pin{}})
		check(t, d.DeleteForever(ctx, o.ID))
		check(t, d.store.Update(ctx, func(tx vault.Tx) error { return tx.Remove(vaultID, o.ID) }))
	})
}
