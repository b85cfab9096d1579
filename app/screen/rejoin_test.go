package screen

import (
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/id"
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

// A PC that another device has removed is signed in again from the line over the list, and what only it has goes to the other one. Who
// gives up on the way may begin again.
func TestARemovedPCSignsInAgain(t *testing.T) {
	d, v, server := openDesk(t)
	other := testpc.New(t, "Other", nil).SignIn(t, server, anna, d.shell.unlocked.SecretKey())
	here := d.shell.unlocked.DeviceID()
	change := session.Change{Password: testpc.Typed(testpc.Password), Remove: []id.ID{here}}
	if err := other.Change(t.Context(), change); err != nil {
		t.Fatal(err)
	}
	if err := d.shell.unlocked.Sync(t.Context()); err == nil {
		t.Fatal("the PC was not removed")
	}
	d.add("Only here", "anna", "1")
	d.until("the notice", func() bool { return len(v.State().Notice.Actions) == 2 })
	back := v.State().Notice.Actions[1]
	if v.State().Sync.WayOut != back.Label {
		t.Errorf("the sync line leads to %q, the notice to %q", v.State().Sync.WayOut, back.Label)
	}
	v.OpenTrouble()
	d.until("the sheet", func() bool { return v.State().Dialog == DialogSheet })
	v.Sheet().Back()
	d.until("the list again", func() bool { return v.State().Dialog == DialogNone })
	v.ActOnNotice(back.ID)
	d.until("the sheet", func() bool { return v.State().Dialog == DialogSheet })
	sheet := v.Sheet()
	s := sheet.State()
	checkWords(t, "removed", s.Title, s.Body, s.Primary, s.Secondary)
	if len(s.Fields) != 3 || s.Fields[0].Text != anna {
		t.Fatalf("asked for %+v", s.Fields)
	}
	submit := func(page string) {
		t.Helper()
		sheet.SetPassword(PasswordField, testpc.Typed(testpc.Password))
		sheet.Submit()
		d.until(page, func() bool { return !sheet.State().Busy })
	}
	sheet.SetText("email", "anna")
	if submit("refused"); sheet.State().Problem.IsZero() {
		t.Error("half an address is sent to the server")
	}
	sheet.SetText("email", anna)
	sheet.SetText("key", other.SecretKey())
	submit("the code")
	if s = sheet.State(); s.Page != "rejoin.code" {
		t.Fatalf("%+v", s)
	}
	server.LastCode(t, anna)
	sheet.Act("", "resend")
	d.until("another code", func() bool { return !sheet.State().Busy })
	sheet.SetText("mailed", server.LastCode(t, anna))
	before := d.shell.unlocked
	sheet.Submit()
	d.until("another vault", func() bool { return d.shell.unlocked != before && d.shell.Vault() != nil })
	v = d.shell.Vault()
	d.until("sync", func() bool { return d.shell.unlocked.Status().State == session.Synced })
	if d.shell.unlocked.DeviceID() == here || len(v.State().Notice.Actions) > 0 {
		t.Errorf("the PC is still said to be removed: %+v", v.State().Notice)
	}
	testpc.Sync(t, other)
	found := false
	for _, text := range testpc.Contents(t, other) {
		found = found || strings.Contains(text, "Only here")
	}
	if !found {
		t.Error("the other device does not have what only this one had")
	}
}
