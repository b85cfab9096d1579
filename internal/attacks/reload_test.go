package attacks

import (
	"errors"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/internal/sqlite"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/sync/engine"
	"github.com/coffer-vault/coffer/vault"
)

// desk is a locked computer with synced items and edits that wait, and what it should show.
type desk struct {
	server *testkit.Server
	pc     *testpc.PC
	synced id.ID // was edited and not synced
	fresh  id.ID // was made and not synced
	plain  id.ID
	key    string
	want   map[id.ID]string
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{server: testkit.Cloud(t), pc: testpc.New(t, "desk", nil)}
	u := d.pc.SignUp(t, d.server, email)
	d.key = u.SecretKey()
	d.synced = testpc.Save(t, u, testpc.Login("synced", "u", "old")).ID
	d.plain = testpc.Save(t, u, testpc.Login("plain", "u", "p")).ID
	testpc.Sync(t, u)
	d.server.Stop()
	setPassword(t, u, d.synced, "typed offline")
	d.fresh = testpc.Save(t, u, testpc.Login("fresh", "u", "typed offline too")).ID
	d.want = testpc.Contents(t, u)
	u.Lock()
	return d
}

// reload takes the server's state over, which has to succeed, and checks that the account unlocks and syncs as ever afterwards.
func reload(t *testing.T, pc *testpc.PC, want map[id.ID]string) session.Reloaded {
	t.Helper()
	account := pc.Accounts()[0].ID
	u, done, err := pc.Reload(t.Context(), account, testpc.Typed(testpc.Password), "", nil)
	if err != nil {
		t.Fatal(err)
	}
	testpc.Sync(t, u)
	if err := u.Verify(t.Context()); err != nil {
		t.Error(err)
	}
	u.Lock()
	u = pc.Unlock(t)
	defer u.Lock()
	testpc.Sync(t, u)
	if got := testpc.Contents(t, u); !maps.Equal(got, want) {
		t.Errorf("the vault has\n%q, want\n%q", got, want)
	}
	if info, err := os.Stat(done.Copy); err != nil || info.Size() == 0 {
		t.Errorf("no copy of the file was kept: %v", err)
	}
	return done
}

// read returns the file as it is on the disk.
func (d *desk) read(t *testing.T) []byte {
	t.Helper()
	data, err := os.ReadFile(d.pc.Paths.Account(d.pc.Accounts()[0].ID))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// putBack has an older copy of the file in its place: everything after is on the server, but for nothing.
func (d *desk) putBack(t *testing.T) {
	t.Helper()
	old := d.read(t)
	d.server.Restart()
	u := d.pc.Unlock(t)
	testpc.Sync(t, u)
	setPassword(t, u, d.plain, "later")
	later := testpc.Save(t, u, testpc.Login("later", "u", "p")).ID
	testpc.Sync(t, u)
	d.want = testpc.Contents(t, u)
	account := u.Account().ID
	u.Lock()
	if err := os.WriteFile(d.pc.Paths.Account(account), old, 0o600); err != nil {
		t.Fatal(err)
	}
	if d.want[later] == "" {
		t.Fatal("the scene is wrong")
	}
}

func tryUnlock(t *testing.T, pc *testpc.PC, want error) {
	t.Helper()
	u, err := pc.Manager.Unlock(t.Context(), pc.Accounts()[0].ID, testpc.Typed(testpc.Password))
	if err == nil {
		u.Lock()
	}
	if !errors.Is(err, want) {
		t.Fatalf("unlock: %v, want %v", err, want)
	}
}

// Row 20c: an older copy of the file was put back. It has edits that have been synced since, and edits are not doubled.
func TestReload_OlderCopy(t *testing.T) {
	d := newDesk(t)
	d.putBack(t)
	tryUnlock(t, d.pc, vault.ErrOlderCopy)
	if done := reload(t, d.pc, d.want); done.Kept != 0 || done.Conflicts != 0 || done.NewItems != 0 {
		t.Errorf("what was synced already counts as edited: %+v", done)
	}
}

// An older copy has an edit that another device has meanwhile made differently: both stay.
func TestReload_OlderCopyMerges(t *testing.T) {
	d := newDesk(t)
	old := d.pc.Copy(t, nil) // the computer as it is now, with the edit that waits
	d.server.Restart()
	b := testpc.New(t, "PC B", nil).SignIn(t, d.server, email, d.key)
	setPassword(t, b, d.synced, "typed on B")
	testpc.Sync(t, b)
	b.Lock()
	raiseKeyring(t, old)
	tryUnlock(t, old, vault.ErrOlderCopy)
	u, _, err := old.Reload(t.Context(), old.Accounts()[0].ID, testpc.Typed(testpc.Password), "", nil)
	if err != nil {
		t.Fatal(err)
	}
	it := testpc.Get(t, u, d.synced)
	conflicts := it.Conflicts()
	if got := string(it.Value(vault.Password).Reveal()); got != "typed on B" || len(conflicts) != 1 || string(conflicts[0].Value.Reveal()) != "typed offline" {
		t.Errorf("password %q, conflicts %v", got, conflicts)
	}
	if password(t, u, d.fresh) != "typed offline too" {
		t.Error("the new item is gone")
	}
}

// raiseKeyring makes the keyring remember a newer file than the one that is there.
func raiseKeyring(t *testing.T, pc *testpc.PC) {
	t.Helper()
	account := pc.Accounts()[0]
	kept, err := pc.Keyring.Load(t.Context(), account.Origin, account.ID)
	if err != nil {
		t.Fatal(err)
	}
	kept.Generation += 100
	if err := pc.Keyring.Save(t.Context(), account.Origin, account.ID, kept); err != nil {
		t.Fatal(err)
	}
}

// Row 28 and 20c: the file was changed with another program. What opens under the keys stays; nothing else of the file is believed.
func TestReload_ChangedFile(t *testing.T) {
	d := newDesk(t)
	d.server.Restart()
	for name, c := range map[string]struct {
		change  string
		dropped bool // the edits were deleted by who changed the file: they are gone
	}{
		"weaker key derivation":   {`UPDATE account SET profile = 'P1'`, false},
		"another generation":      {`UPDATE account SET generation = generation + 1`, false},
		"sealed key changed":      {`UPDATE account SET sealed_account_key = zeroblob(200)`, false},
		"session changed":         {`UPDATE account SET sealed_session = x'00'`, false},
		"log cut":                 {`DELETE FROM log_entry WHERE seq = (SELECT max(seq) FROM log_entry)`, false},
		"pin moved back":          {`UPDATE vault SET pin_seq = 0`, false},
		"pin moved on":            {`UPDATE vault SET pin_seq = pin_seq + 9, pin_hash = randomblob(32)`, false},
		"vault key changed":       {`UPDATE vault SET sealed_key = x'00'`, false},
		"record gone":             {`DELETE FROM integrity`, false},
		"record generation moved": {`UPDATE integrity SET generation = generation + 1`, false},
		"edits dropped": {`UPDATE object SET pending_revision = NULL, pending_state = NULL, pending_hash = NULL, pending_envelope = NULL
			WHERE base_revision IS NOT NULL; DELETE FROM object WHERE base_revision IS NULL`, true},
		"edit and base changed": {`UPDATE object SET base_hash = zeroblob(32), base_envelope = NULL WHERE base_hash IS NOT NULL; UPDATE account SET profile = 'P1'`, false},
		"base dead":             {`UPDATE object SET base_state = 2, base_hash = zeroblob(32) WHERE base_revision IS NOT NULL; DELETE FROM integrity`, false},
	} {
		t.Run(name, func(t *testing.T) {
			pc := d.pc.Copy(t, nil)
			change(t, pc, c.change)
			tryUnlock(t, pc, vault.ErrTampered)
			account := pc.Accounts()[0].ID
			u, _, err := pc.Reload(t.Context(), account, testpc.Typed(testpc.Password), "", nil)
			if err != nil {
				t.Fatal(err)
			}
			defer u.Lock()
			if err := u.Verify(t.Context()); err != nil {
				t.Error(err)
			}
			if password(t, u, d.plain) != "p" {
				t.Error("a synced item is not as the server has it")
			}
			if c.dropped {
				return
			}
			it := testpc.Get(t, u, d.synced)
			typed := string(it.Value(vault.Password).Reveal()) == "typed offline"
			for _, past := range it.Conflicts() {
				typed = typed || string(past.Value.Reveal()) == "typed offline"
			}
			if !typed || password(t, u, d.fresh) != "typed offline too" {
				t.Error("what was typed is gone")
			}
		})
	}
}

// Whoever makes the base equal to an edit would have the edit merged away where another device changed the item too: of a changed
// file no base is believed.
func TestReload_BaseMadeEqualToTheEdit(t *testing.T) {
	d := newDesk(t)
	d.server.Restart()
	b := testpc.New(t, "PC B", nil).SignIn(t, d.server, email, d.key)
	setPassword(t, b, d.synced, "typed on B")
	testpc.Sync(t, b)
	b.Lock()
	change(t, d.pc, `UPDATE object SET base_revision = pending_revision, base_hash = pending_hash, base_envelope = pending_envelope
		WHERE base_revision IS NOT NULL AND pending_revision IS NOT NULL`)
	change(t, d.pc, `UPDATE account SET profile = 'P1'`)
	u, _, err := d.pc.Reload(t.Context(), d.pc.Accounts()[0].ID, testpc.Typed(testpc.Password), "", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer u.Lock()
	it := testpc.Get(t, u, d.synced)
	if conflicts := it.Conflicts(); len(conflicts) != 1 || string(conflicts[0].Value.Reveal()) != "typed offline" {
		t.Errorf("what was typed is gone: %v", conflicts)
	}
}

// Rows that were synced were changed: the vault opens, the check of the rows notices, and the rows come from the server again.
func TestReload_ChangedRows(t *testing.T) {
	d := newDesk(t)
	d.server.Restart()
	for name, statement := range map[string]string{
		"row dropped":    `DELETE FROM object WHERE pending_hash IS NULL`,
		"row dead":       `UPDATE object SET base_state = 2, base_hash = zeroblob(32) WHERE pending_hash IS NULL`,
		"row newer":      `UPDATE object SET base_revision = base_revision + 1 WHERE pending_hash IS NULL`,
		"base of edit":   `UPDATE object SET base_revision = base_revision + 7 WHERE pending_hash IS NOT NULL AND base_hash IS NOT NULL`,
		"base of edit 2": `UPDATE object SET base_hash = randomblob(32) WHERE pending_hash IS NOT NULL AND base_hash IS NOT NULL`,
	} {
		t.Run(name, func(t *testing.T) {
			pc := d.pc.Copy(t, nil)
			change(t, pc, statement)
			u := pc.Unlock(t)
			defer u.Lock()
			if err := u.Sync(t.Context()); !errors.Is(err, engine.ErrLocalState) {
				t.Fatalf("not noticed: %v", err)
			}
			if _, err := u.Reload(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
			testpc.Sync(t, u)
			if password(t, u, d.plain) != "p" || password(t, u, d.fresh) != "typed offline too" {
				t.Error("the vault is not whole again")
			}
			it := testpc.Get(t, u, d.synced)
			if n := len(it.Conflicts()); string(it.Value(vault.Password).Reveal()) != "typed offline" && n == 0 {
				t.Error("what was typed is gone")
			}
		})
	}
}

// File and server are rolled back together: the keyring knows how far this computer was, and nothing is taken over.
func TestReload_ServerRolledBackToo(t *testing.T) {
	d := newDesk(t)
	d.server.Restart()
	old := backUp(t, d.server)
	d.server.Stop()
	d.putBack(t)
	before := d.read(t)
	old.restore(t, d.server)
	_, _, err := d.pc.Reload(t.Context(), d.pc.Accounts()[0].ID, testpc.Typed(testpc.Password), "", nil)
	if !errors.Is(err, engine.ErrRolledBack) {
		t.Fatalf("the computer was rolled back: %v", err)
	}
	if string(d.read(t)) != string(before) {
		t.Error("the file was changed all the same")
	}
}

// Without the server, or with a wrong password, nothing changes and it can be repeated.
func TestReload_RefusedChangesNothing(t *testing.T) {
	d := newDesk(t)
	change(t, d.pc, `UPDATE account SET profile = 'P1'`)
	before := d.read(t)
	account := d.pc.Accounts()[0].ID
	if _, _, err := d.pc.Reload(t.Context(), account, testpc.Typed(testpc.Password), "", nil); !errors.Is(err, session.ErrOffline) {
		t.Errorf("without a server: %v", err)
	}
	d.server.Restart()
	if _, _, err := d.pc.Reload(t.Context(), account, testpc.Typed("wrong"), "", nil); !errors.Is(err, session.ErrProofFailed) {
		t.Errorf("with a wrong password: %v", err)
	}
	if string(d.read(t)) != string(before) {
		t.Error("the file was changed")
	}
	reload(t, d.pc, d.want)
}

// The keyring has lost its entry too: the Secret Key is typed, and device key and anchor come from the file.
func TestReload_WithTypedSecretKey(t *testing.T) {
	d := newDesk(t)
	d.server.Restart()
	change(t, d.pc, `UPDATE account SET profile = 'P1'`)
	d.pc.Keyring.Clear()
	account := d.pc.Accounts()[0].ID
	if _, _, err := d.pc.Reload(t.Context(), account, testpc.Typed(testpc.Password), "", nil); !errors.Is(err, session.ErrKeyringLost) {
		t.Errorf("without a Secret Key: %v", err)
	}
	u, _, err := d.pc.Reload(t.Context(), account, testpc.Typed(testpc.Password), d.key, nil)
	if err != nil {
		t.Fatal(err)
	}
	u.Lock()
	u = d.pc.Unlock(t)
	defer u.Lock()
	if got := testpc.Contents(t, u); !maps.Equal(got, d.want) {
		t.Errorf("the vault has %q", got)
	}
}

// photographer copies the whole profile whenever a request leaves: what a kill at that moment would leave behind.
type photographer struct {
	t      *testing.T
	home   string
	albums []string
}

func (p *photographer) RoundTrip(req *http.Request) (*http.Response, error) {
	album := filepath.Join(p.t.TempDir(), "profile")
	if err := os.CopyFS(album, os.DirFS(p.home)); err != nil {
		p.t.Error(err)
	}
	p.albums = append(p.albums, album)
	return http.DefaultTransport.RoundTrip(req)
}

// A kill at any point of a reload leaves the file as it was, and the reload can be repeated.
func TestReload_KilledAnywhere(t *testing.T) {
	d := newDesk(t)
	d.server.Restart()
	change(t, d.pc, `UPDATE account SET profile = 'P1'`)
	camera := &photographer{t: t}
	pc := d.pc.Copy(t, camera)
	camera.home = pc.Paths.Home
	u, _, err := pc.Reload(t.Context(), pc.Accounts()[0].ID, testpc.Typed(testpc.Password), "", nil)
	if err != nil {
		t.Fatal(err)
	}
	taken := len(camera.albums)
	u.Lock()
	if taken < 6 {
		t.Fatalf("only %d requests", taken)
	}
	for _, album := range camera.albums[:6] {
		killed := d.pc.Copy(t, nil)
		if err := os.RemoveAll(killed.Paths.Home); err != nil {
			t.Fatal(err)
		}
		if err := os.CopyFS(killed.Paths.Home, os.DirFS(album)); err != nil {
			t.Fatal(err)
		}
		tryUnlock(t, killed, vault.ErrTampered)
		reload(t, killed, d.want)
	}
}

// The copies are sealed, and there are never more than three.
func TestReload_CopiesAreBoundedAndSealed(t *testing.T) {
	d := newDesk(t)
	d.server.Restart()
	var last string
	for range 5 {
		change(t, d.pc, `UPDATE account SET profile = 'P1'`)
		u, done, err := d.pc.Reload(t.Context(), d.pc.Accounts()[0].ID, testpc.Typed(testpc.Password), "", nil)
		if err != nil {
			t.Fatal(err)
		}
		u.Lock()
		last = done.Copy
	}
	copies, err := filepath.Glob(d.pc.Paths.Account(d.pc.Accounts()[0].ID) + ".before-*")
	if err != nil || len(copies) != 3 {
		t.Errorf("%d copies are kept, %v", len(copies), err)
	}
	db, err := sqlite.Open(t.Context(), last, sqlite.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var profile string
	if err := db.QueryRow(`SELECT profile FROM account`).Scan(&profile); err != nil || profile != "P1" {
		t.Errorf("the copy is not the file as it was: %q, %v", profile, err)
	}
	if err := d.pc.Forget(t.Context(), d.pc.Accounts()[0]); err != nil {
		t.Error(err)
	}
	if left, _ := filepath.Glob(filepath.Join(d.pc.Paths.Data, "*")); len(left) != 0 {
		t.Errorf("removing the account leaves %q", left)
	}
}
