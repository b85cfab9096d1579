package screen

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/internal/sqlite"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
)

// stopped is an open vault whose server went back to an earlier state: the item "Later" is here only.
func stopped(t *testing.T) (*desk, *Vault, *testkit.Server) {
	t.Helper()
	d, v, server := openDesk(t)
	d.add("Earlier", "anna", "1")
	testpc.Sync(t, d.shell.unlocked)
	old := server.Backup()
	d.add("Later", "anna", "2")
	testpc.Sync(t, d.shell.unlocked)
	server.Restore(old)
	if err := d.shell.unlocked.Sync(t.Context()); err == nil {
		t.Fatal("the server's step back was not noticed")
	}
	d.until("problem", func() bool { return v.State().Sync.WayOut != "" })
	return d, v, server
}

func (d *desk) openTrouble(v *Vault) *Trouble {
	d.t.Helper()
	v.OpenTrouble()
	d.until("comparison", func() bool { return !v.Trouble().State().Busy })
	return v.Trouble()
}

// The person sees what would change, says yes, and sync goes on with everything that is here.
func TestTroubleWithTheServer(t *testing.T) {
	d, v, _ := stopped(t)
	s := d.openTrouble(v).State()
	checkWords(t, "trouble", append(slices.Clone(s.Lines), s.Title, s.Confirm, s.Cancel, s.Story.What)...)
	all := strings.Join(s.Lines, "\n")
	for _, part := range []string{"went back", "Anna's PC", "One item is different here", "evidence-"} {
		if !strings.Contains(all, part) {
			t.Errorf("%q is not said: %s", part, all)
		}
	}
	if v.State().Dialog != DialogTrouble || s.Confirm == "" {
		t.Errorf("state %+v", s)
	}
	v.Trouble().Confirm()
	d.until("the dialog's end", func() bool { return v.State().Dialog == DialogNone })
	d.until("sync", func() bool { return d.shell.unlocked.Status().State == session.Synced })
	if toast := v.State().Toast.Text; !strings.HasPrefix(toast, "Sync goes on.") {
		t.Errorf("toast %q", toast)
	}
	if d.row(v, "Later") < 0 || d.row(v, "Earlier") < 0 {
		t.Errorf("rows: %s", d.titles(v))
	}
}

// "Not now" changes nothing, and without a server there is a sentence and nothing to confirm.
func TestTroubleCanWait(t *testing.T) {
	d, v, server := stopped(t)
	d.openTrouble(v).Cancel()
	if v.State().Dialog != DialogNone || v.State().Sync.WayOut == "" {
		t.Errorf("state %+v", v.State().Sync)
	}
	server.Stop()
	s := d.openTrouble(v).State()
	checkWords(t, "offline", s.Problem.What, s.Problem.Safe, s.Problem.Next)
	if s.Confirm != "" || s.Problem.IsZero() {
		t.Errorf("state %+v", s)
	}
	v.Trouble().Confirm()
	if v.State().Dialog != DialogTrouble {
		t.Error("something was confirmed that nobody saw")
	}
}

// A file that was changed outside is loaded from the server from the unlock screen.
func TestUnlockOffersToReload(t *testing.T) {
	d, u, server := lockedDesk(t)
	db, err := sqlite.Open(t.Context(), d.pc.Paths.Account(u.account.ID), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(`UPDATE account SET profile = 'P1'`); err != nil {
		t.Fatal(err)
	}
	db.Close()
	if u.State().Reload != "" {
		t.Error("offered before there is trouble")
	}
	if p := d.try(u, testpc.Password); !strings.HasPrefix(p.What, "The vault file was changed") || u.State().Reload == "" {
		t.Fatalf("state %+v", u.State())
	}
	server.Stop()
	u.Reload(testpc.Typed(testpc.Password))
	d.until("answer", func() bool { return !u.State().Busy })
	if s := u.State(); s.Problem.IsZero() || s.Reload == "" {
		t.Errorf("offline: %+v", s)
	}
	server.Restart()
	u.Reload(testpc.Typed(testpc.Password))
	v := d.waitForVault()
	if d.row(v, "Mail") < 0 {
		t.Errorf("rows: %s", d.titles(v))
	}
}

// Rows that were changed outside are loaded again from the open vault.
func TestTroubleWithTheFile(t *testing.T) {
	d, u, _ := lockedDesk(t)
	path := d.pc.Paths.Account(u.account.ID)
	db, err := sqlite.Open(t.Context(), path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(`DELETE FROM object`); err != nil {
		t.Fatal(err)
	}
	db.Close()
	v := d.unlock()
	d.until("problem", func() bool { return v.State().Sync.WayOut != "" })
	v.OpenTrouble()
	s := v.Trouble().State()
	checkWords(t, "trouble", append(slices.Clone(s.Lines), s.Story.What, s.Story.Next, s.Confirm)...)
	v.Trouble().Confirm()
	d.until("the dialog's end", func() bool { return v.Trouble() == nil })
	d.until("the item", func() bool { return d.row(v, "Mail") >= 0 })
	if copies, err := os.ReadDir(d.pc.Paths.Data); err != nil || len(copies) < 2 {
		t.Errorf("no copy of the file is there: %v", err)
	}
	if _, err := d.shell.unlocked.Vault().Get(t.Context(), v.State().Rows.At(0).ID); err != nil {
		t.Error(err)
	}
}
