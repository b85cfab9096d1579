package session_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/vault"
)

// backedUp is an account on a PC whose clock the test moves and whose loops do not run.
func backedUp(t *testing.T) (pc *testpc.PC, u *session.Unlocked, now *time.Time) {
	t.Helper()
	clock := time.Now()
	pc = testpc.New(t, "PC A", func(c *session.Config) {
		c.Driven = true
		c.Now = func() time.Time { return clock }
	})
	return pc, pc.SignUp(t, testkit.Cloud(t), email), &clock
}

func backups(t *testing.T, u *session.Unlocked) []session.Backup {
	t.Helper()
	all, err := u.Backups()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestBackupIsMadeOnceADay(t *testing.T) {
	_, u, now := backedUp(t)
	testpc.Save(t, u, testpc.Login("Mail", "anna", "x"))
	for _, step := range []struct {
		later time.Duration
		want  int
	}{{0, 1}, {time.Minute, 1}, {23 * time.Hour, 1}, {2 * time.Hour, 2}, {-20 * time.Hour, 2}, {44 * time.Hour, 3}, {25 * time.Hour, 4}} {
		*now = now.Add(step.later)
		session.BackUpIfDue(u)
		if got := len(backups(t, u)); got != step.want {
			t.Errorf("after %v there are %d, want %d", step.later, got, step.want)
		}
	}
}

func TestBackupThatCannotBeWrittenIsTriedAgain(t *testing.T) {
	pc, u, now := backedUp(t)
	// A folder stands where the copy is to be written.
	in := filepath.Join(pc.Config.Paths.Data, u.Account().ID.String()+".db.backup-"+now.UTC().Format("20060102T150405.000Z")+".part")
	if err := os.Mkdir(in, 0o700); err != nil {
		t.Fatal(err)
	}
	session.BackUpIfDue(u)
	if n := len(backups(t, u)); n != 0 {
		t.Fatalf("%d backups", n)
	}
	*now = now.Add(time.Hour)
	session.BackUpIfDue(u)
	if n := len(backups(t, u)); n != 1 {
		t.Errorf("%d backups after an hour", n)
	}
}

func TestRestoreFromABackup(t *testing.T) {
	pc, u, now := backedUp(t)
	gone, changed := testpc.Save(t, u, testpc.Login("Gone", "anna", "x")), testpc.Save(t, u, testpc.Login("Shop", "anna", "old"))
	testpc.Sync(t, u)
	session.BackUpIfDue(u)
	backup := backups(t, u)[0].ID
	if found, err := u.CompareBackup(t.Context(), backup); len(found) != 0 || err != nil {
		t.Errorf("unchanged: %v, %v", found, err)
	}
	*now = now.Add(time.Hour)
	changed.Set(vault.Password, testpc.Typed("new"))
	testpc.Save(t, u, changed)
	if err := u.Vault().DeleteForever(t.Context(), gone.ID); err != nil {
		t.Fatal(err)
	}
	testpc.Sync(t, u)
	found, err := u.CompareBackup(t.Context(), backup)
	if err != nil || len(found) != 2 || found[0].Title != "Gone" || !found[0].Gone || found[1].Gone {
		t.Fatalf("%v, %v", found, err)
	}
	n, err := u.RestoreBackup(t.Context(), backup, []id.ID{gone.ID, changed.ID})
	if err != nil || n != 2 {
		t.Fatalf("%d, %v", n, err)
	}
	testpc.Sync(t, u)
	for item, want := range map[id.ID]string{gone.ID: "x", changed.ID: "old"} {
		it := testpc.Get(t, u, item)
		if got := string(it.Value(vault.Password).Reveal()); got != want {
			t.Errorf("%s has %q", it.Title, got)
		}
	}
	if _, err := u.CompareBackup(t.Context(), "20200101T000000.000Z"); !errors.Is(err, session.ErrNoBackup) {
		t.Errorf("a backup that is not there: %v", err)
	}
	if _, err := u.CompareBackup(t.Context(), "../../"+backup); !errors.Is(err, session.ErrNoBackup) {
		t.Errorf("a name from elsewhere: %v", err)
	}
	if err := pc.Forget(t.Context(), u.Account()); err != nil {
		t.Fatal(err)
	}
	left, err := filepath.Glob(filepath.Join(pc.Config.Paths.Data, "*"))
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestWhichBackupsAreKept(t *testing.T) {
	const day = 24 * time.Hour
	newest := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	var all []session.Backup
	for n := range 500 {
		all = append(all, session.Backup{Time: newest.Add(-time.Duration(n) * day), Size: 1000})
	}
	old := map[time.Time]bool{}
	for _, b := range session.Outdated(all, newest) {
		old[b.Time] = true
	}
	var kept []string
	for _, b := range all {
		if !old[b.Time] {
			kept = append(kept, b.Time.Format("0102"))
		}
	}
	const want = "1122 1121 1120 1119 1118 1117 1116 1115 1108 1101 1031 0930 0831 0731 0630 0531 0430 0331 0228 0131 1231"
	if got := strings.Join(kept, " "); got != want {
		t.Errorf("kept %s\nwant %s", got, want)
	}
	for i := range all {
		all[i].Size = 400 << 20
	}
	if n := len(session.Outdated(all, newest)); n != len(all)-2 {
		t.Errorf("%d of %d large ones go", n, len(all))
	}
}
