package screen

import (
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/vault"
)

// The whole way, with a database that is put back: the keys were changed since, the sync line leads to the sheet, and with the password
// and Secret Key of that time the vault goes on with everything that is here.
func TestRejoinAfterARestoredBackup(t *testing.T) {
	d, v, server := openDesk(t)
	d.add("Earlier", "anna", "1")
	testpc.Sync(t, d.shell.unlocked)
	kit := d.shell.unlocked.SecretKey()
	old := server.Backup()
	change := session.Change{Password: testpc.Typed(testpc.Password), NewSecretKey: true}
	if err := d.shell.unlocked.Change(t.Context(), change); err != nil {
		t.Fatal(err)
	}
	d.add("Later", "anna", "2")
	testpc.Sync(t, d.shell.unlocked)
	server.Restore(old)
	if err := d.shell.unlocked.Sync(t.Context()); err == nil {
		t.Fatal("the server's step back was not noticed")
	}
	d.until("problem", func() bool { return v.State().Sync.WayOut != "" })
	v.New(string(vault.Login))
	v.Editor().SetText("title", "half typ")
	v.OpenTrouble()
	d.until("the question about what is being typed, before this screen ends with it", func() bool { return !v.Editor().State().Ask.IsZero() })
	if v.State().Dialog == DialogSheet {
		t.Fatal("the sheet does not wait for the answer")
	}
	v.Editor().Discard()
	d.until("the sheet", func() bool { return v.State().Dialog == DialogSheet })
	sheet := v.Sheet()
	s := sheet.State()
	checkWords(t, "password", s.Title, s.Body, s.Primary, s.Secondary, s.Problem.What, s.Problem.Next)
	if !strings.Contains(s.Problem.What, "has lost changes") {
		t.Errorf("what happened: %+v", s.Problem)
	}
	answer := func(page string) {
		t.Helper()
		sheet.Submit()
		d.until(page, func() bool { return !sheet.State().Busy })
	}
	sheet.SetPassword(PasswordField, testpc.Typed(testpc.Password))
	answer("the new Secret Key is refused")
	if s := sheet.State(); s.Page != "rejoin.password" || s.Problem.IsZero() {
		t.Fatalf("with a Secret Key that the server has lost: %+v", s)
	}
	sheet.Follow("withKey")
	sheet.SetPassword(PasswordField, testpc.Typed(testpc.Password))
	sheet.SetText("key", kit)
	answer("the comparison")
	d.until("the comparison", func() bool { return sheet.State().Page == "rejoin.differs" && !sheet.State().Busy })
	s = sheet.State()
	checkWords(t, "differs", s.Title, s.Body, s.Primary, s.Secondary, s.Rows[0].Title, s.Rows[0].Detail)
	if len(s.Rows) != 1 || !strings.Contains(s.Rows[0].Detail, "will be undone") {
		t.Errorf("rows %+v", s.Rows)
	}
	before := d.shell.unlocked
	sheet.Submit()
	d.until("another vault", func() bool { return d.shell.unlocked != before && d.shell.Vault() != nil })
	v = d.shell.Vault()
	d.until("sync", func() bool { return d.shell.unlocked.Status().State == session.Synced })
	d.until("rows", func() bool { return d.row(v, "Later") >= 0 && d.row(v, "Earlier") >= 0 })
	if d.shell.unlocked.SecretKey() != kit {
		t.Error("the kit of that time is not in force")
	}
}
