package attacks

import (
	"bytes"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/sync/chain"
	"github.com/coffer-vault/coffer/sync/engine"
	"github.com/coffer-vault/coffer/vault"
)

// backup is the server's database at some moment.
type backup struct{ testkit.Backup }

func backUp(t *testing.T, server *testkit.Server) backup {
	t.Helper()
	return backup{server.Backup()}
}

func (b backup) restore(t *testing.T, server *testkit.Server) {
	t.Helper()
	server.Restore(b.Backup)
}

// pair is an account on two computers that are in step.
type pair struct {
	server   *testkit.Server
	pcA, pcB *testpc.PC
	a, b     *session.Unlocked
}

// newPair is one whose computers sync when the test says so: neither hears of what the server shows the other.
func newPair(t *testing.T) *pair {
	t.Helper()
	return newPairOf(t, driven)
}

func driven(c *session.Config) { c.Driven = true }

func newPairOf(t *testing.T, configure func(*session.Config)) *pair {
	t.Helper()
	p := &pair{server: testkit.Cloud(t), pcA: testpc.New(t, "PC A", configure), pcB: testpc.New(t, "PC B", configure)}
	p.a = p.pcA.SignUp(t, p.server, email)
	testpc.Sync(t, p.a)
	p.b = p.pcB.SignIn(t, p.server, email, p.a.SecretKey())
	return p
}

func (p *pair) bothSync(t *testing.T) {
	t.Helper()
	for _, u := range []*session.Unlocked{p.a, p.b, p.a} {
		testpc.Sync(t, u)
	}
}

func (p *pair) expectSame(t *testing.T) {
	t.Helper()
	if a, b := testpc.Contents(t, p.a), testpc.Contents(t, p.b); !maps.Equal(a, b) {
		t.Errorf("A and B differ:\n%q\n%q", a, b)
	}
	for _, u := range []*session.Unlocked{p.a, p.b} {
		if err := u.Verify(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

// edit changes the password of an item.
func setPassword(t *testing.T, u *session.Unlocked, item id.ID, password string) {
	t.Helper()
	it := testpc.Get(t, u, item)
	it.Set(vault.Password, testpc.Typed(password))
	testpc.Save(t, u, it)
}

func password(t *testing.T, u *session.Unlocked, item id.ID) string {
	t.Helper()
	it := testpc.Get(t, u, item)
	return string(it.Value(vault.Password).Reveal())
}

// expectViolation syncs, which must be refused with one of the wanted errors, and checks that the vault stays usable.
func expectViolation(t *testing.T, u *session.Unlocked, wanted ...error) {
	t.Helper()
	err := u.Sync(t.Context())
	var v *engine.Violation
	found := false
	for _, w := range wanted {
		found = found || errors.Is(err, w)
	}
	if !errors.As(err, &v) || !found {
		t.Fatalf("not noticed: %v", err)
	}
	saved := testpc.Save(t, u, testpc.Login("while it stands", "", "typed"))
	if password(t, u, saved.ID) != "typed" {
		t.Error("the vault is not usable for reading and writing")
	}
	if err := u.Vault().DeleteForever(t.Context(), saved.ID); err != nil {
		t.Error(err)
	}
}

// adopt compares and says yes.
func adopt(t *testing.T, u *session.Unlocked) (session.Difference, session.Reloaded) {
	t.Helper()
	d, err := u.Compare(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	done, err := u.Adopt(t.Context(), d, nil)
	if err != nil {
		t.Fatal(err)
	}
	return d, done
}

// Row 22, the first way out: the server's database of an hour ago is put back under two clients that have seen later commits. Both
// users confirm, and everything that was typed before and after is everywhere.
func TestWayOut_RestoredBackup(t *testing.T) {
	p := newPair(t)
	edited := testpc.Save(t, p.a, testpc.Login("edited", "u", "old")).ID
	deleted := testpc.Save(t, p.a, testpc.Login("deleted", "u", "p")).ID
	kept := testpc.Save(t, p.a, testpc.Login("kept", "u", "p")).ID
	p.bothSync(t)
	hourAgo := backUp(t, p.server)

	setPassword(t, p.a, edited, "new by A")
	fromA := testpc.Save(t, p.a, testpc.Login("from A", "u", "a")).ID
	if err := p.a.Vault().DeleteForever(t.Context(), deleted); err != nil {
		t.Fatal(err)
	}
	p.bothSync(t)
	fromB := testpc.Save(t, p.b, testpc.Login("from B", "u", "b")).ID
	p.bothSync(t)
	onlyB := testpc.Save(t, p.b, testpc.Login("A has not seen this", "u", "only b")).ID
	testpc.Sync(t, p.b)

	hourAgo.restore(t, p.server)
	expectViolation(t, p.a, engine.ErrRolledBack)
	expectViolation(t, p.b, engine.ErrRolledBack)
	setPassword(t, p.b, kept, "typed by B while sync stood")

	d, done := adopt(t, p.a)
	if !d.Restored || d.Ours == 0 || d.Theirs != 0 || d.Server.Seq >= d.Pinned.Seq {
		t.Errorf("A is shown %+v", d)
	}
	if done.Kept == 0 || done.Conflicts != 0 {
		t.Errorf("A did %+v", done)
	}
	testpc.Sync(t, p.a)
	d, done = adopt(t, p.b)
	if len(d.Confirmed) != 1 || d.ConfirmedBy[0] != "PC A" || d.Confirmed[0].GivenUp <= d.Confirmed[0].Adopted {
		t.Errorf("B is not told that A has gone on: %+v", d.Confirmed)
	}
	if d.Restored || done.Conflicts != 0 || done.NewItems != 0 || done.SetAside != 0 {
		t.Errorf("B is shown %+v and did %+v", d, done)
	}
	p.bothSync(t)
	p.expectSame(t)
	for item, want := range map[id.ID]string{edited: "new by A", fromA: "a", fromB: "b", onlyB: "only b", kept: "typed by B while sync stood"} {
		if got := password(t, p.a, item); got != want {
			t.Errorf("password %q, want %q", got, want)
		}
	}
	if _, err := p.a.Vault().Get(t.Context(), deleted); !errors.Is(err, vault.ErrNotFound) {
		t.Errorf("the deleted item is back: %v", err)
	}
}

// Row 22, the second way out: the server shows another history. Both sides of every conflict stay.
func TestWayOut_Fork(t *testing.T) {
	p := newPair(t)
	both := testpc.Save(t, p.a, testpc.Login("both", "u", "old")).ID
	mine := testpc.Save(t, p.a, testpc.Login("mine", "u", "old")).ID
	theirs := testpc.Save(t, p.a, testpc.Login("theirs", "u", "old")).ID
	p.bothSync(t)
	fork := backUp(t, p.server)
	setPassword(t, p.b, both, "by B")
	setPassword(t, p.b, mine, "by B")
	testpc.Sync(t, p.b)

	// In the other world, A goes on from the same commit.
	fork.restore(t, p.server)
	setPassword(t, p.a, both, "by A")
	setPassword(t, p.a, theirs, "by A")
	testpc.Sync(t, p.a)
	testpc.Save(t, p.a, testpc.Login("one more", "u", "p"))
	testpc.Sync(t, p.a)
	expectViolation(t, p.b, engine.ErrForked, engine.ErrRolledBack, chain.ErrNotNext)

	d, done := adopt(t, p.b)
	if d.Restored || d.Ours != 2 || d.Theirs != 1 || done.Conflicts != 1 {
		t.Errorf("B is shown %+v and did %+v", d, done)
	}
	p.bothSync(t)
	p.expectSame(t)
	if got := password(t, p.a, mine); got != "by B" {
		t.Errorf("B's edit is %q", got)
	}
	if got := password(t, p.a, theirs); got != "by A" {
		t.Errorf("A's edit is %q", got)
	}
	it := testpc.Get(t, p.a, both)
	conflicts := it.Conflicts()
	if string(it.Value(vault.Password).Reveal()) != "by A" || len(conflicts) != 1 || string(conflicts[0].Value.Reveal()) != "by B" {
		t.Errorf("the conflict is not shown with both values: %v", conflicts)
	}
}

// A user who says no keeps a vault that can be read and written, across a restart too, and may say yes later.
func TestWayOut_Declined(t *testing.T) {
	p := newPair(t)
	item := testpc.Save(t, p.a, testpc.Login("item", "u", "old")).ID
	p.bothSync(t)
	old := backUp(t, p.server)
	setPassword(t, p.a, item, "new")
	testpc.Sync(t, p.a)
	old.restore(t, p.server)
	expectViolation(t, p.a, engine.ErrRolledBack)
	if _, err := p.a.Compare(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	p.a.Lock()
	p.a = p.pcA.Unlock(t)
	expectViolation(t, p.a, engine.ErrRolledBack)
	setPassword(t, p.a, item, "newer")
	testpc.Sync(t, p.b)
	if got := password(t, p.b, item); got != "old" {
		t.Errorf("something was sent without a yes: %q", got)
	}
	adopt(t, p.a)
	p.bothSync(t)
	p.expectSame(t)
	if got := password(t, p.b, item); got != "newer" {
		t.Errorf("password %q", got)
	}
}

// What was confirmed is what is adopted: a server that shows one state and gives another is asked about again.
func TestWayOut_AnotherStateThanConfirmed(t *testing.T) {
	p := newPair(t)
	item := testpc.Save(t, p.a, testpc.Login("item", "u", "1")).ID
	p.bothSync(t)
	older := backUp(t, p.server)
	setPassword(t, p.a, item, "2")
	p.bothSync(t)
	old := backUp(t, p.server)
	setPassword(t, p.a, item, "3")
	testpc.Sync(t, p.a)
	old.restore(t, p.server)
	expectViolation(t, p.a, engine.ErrRolledBack)
	d, err := p.a.Compare(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	older.restore(t, p.server)
	if _, err := p.a.Adopt(t.Context(), d, nil); !errors.Is(err, engine.ErrRolledBack) {
		t.Errorf("another state than the confirmed one was adopted: %v", err)
	}
	if got := password(t, p.a, item); got != "3" {
		t.Errorf("password %q", got)
	}
}

// The evidence of a violation is kept, once, and has no plaintext and no envelope in it.
func TestWayOut_Evidence(t *testing.T) {
	p := newPair(t)
	item := testpc.Save(t, p.a, testpc.Login(titleCanary, userCanary, passwordCanary)).ID
	p.bothSync(t)
	old := backUp(t, p.server)
	setPassword(t, p.a, item, passwordCanary+"2")
	testpc.Sync(t, p.a)
	old.restore(t, p.server)
	expectViolation(t, p.a, engine.ErrRolledBack)
	path := p.a.Status().Evidence
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"pin", "answer", "changes after", engine.ErrRolledBack.Error()} {
		if !bytes.Contains(data, []byte(part)) {
			t.Errorf("no %q in the evidence", part)
		}
	}
	if leaked := canaryIn(data); leaked != "" {
		t.Errorf("%q is in the evidence", leaked)
	}
	p.a.Lock()
	p.a = p.pcA.Unlock(t)
	expectViolation(t, p.a, engine.ErrRolledBack)
	if found, _ := filepath.Glob(filepath.Dir(path) + "/*.evidence-*"); len(found) != 1 {
		t.Errorf("kept %d times", len(found))
	}
	adopt(t, p.a)
	if p.a.Status().Evidence != "" || !strings.Contains(path, p.a.Account().ID.String()) {
		t.Error("the trouble is not over in the status")
	}
}
