package screen

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/internal/sqlite"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
)

// An account file of a newer version, without a backup, does not lead to a welcome that has never heard of it.
func TestFileOfANewerVersionIsSaidAtTheStart(t *testing.T) {
	d, _, server := lockedDesk(t)
	path := d.pc.Paths.Account(d.pc.Accounts()[0].ID)
	db, err := sqlite.Open(t.Context(), path, sqlite.Options{})
	if err == nil {
		_, err = db.Exec(`PRAGMA user_version = 999`)
		err = errors.Join(err, db.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	again := newDesk(t, d.pc, server)
	again.until("words", func() bool { return again.shell.Welcome() != nil && !again.shell.Welcome().State().Problem.IsZero() })
	if p := again.shell.Welcome().State().Problem; !strings.Contains(p.What, "newer version of Coffer") || !strings.Contains(p.Next, "newest version") {
		t.Errorf("%+v", p)
	}
}

// Others could read the profile: it is closed at the start, and that is said.
func TestOpenProfileIsClosedAndSaid(t *testing.T) {
	server, pc := testkit.Cloud(t), testpc.New(t, "Anna's PC", nil)
	pc.SignUp(t, server, anna).Lock()
	path := pc.Paths.Account(pc.Accounts()[0].ID)
	if err := errors.Join(os.Chmod(path, 0o644), os.Chmod(filepath.Dir(path), 0o755)); err != nil {
		t.Fatal(err)
	}
	again := newDesk(t, pc, server)
	again.until("words", func() bool { return !again.shell.State().Notice.IsZero() })
	n := again.shell.State().Notice
	checkWords(t, "notice", n.What, n.Safe, n.Next)
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 || !strings.Contains(n.Safe, "mended") {
		t.Errorf("%v, %v, %+v", info.Mode(), err, n)
	}
}
