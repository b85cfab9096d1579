package screen

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/vault"
)

const ben = "ben@example.com"

// twoAccounts is a PC with the accounts of Ben and of Anna, both open, and Anna's on the screen.
func twoAccounts(t *testing.T) (*desk, *Vault, *testkit.Server) {
	t.Helper()
	server := testkit.Cloud(t)
	pc := testpc.New(t, "The family's PC", nil)
	for _, email := range []string{ben, anna} {
		u := pc.SignUp(t, server, email)
		testpc.Save(t, u, testpc.Login("Mail of "+email, email, "password of "+email))
		if err := errors.Join(u.SkipBrowserImport(t.Context()), u.KitSaved(t.Context())); err != nil {
			t.Fatal(err)
		}
		testpc.Sync(t, u)
		u.Lock()
	}
	d := newDesk(t, pc, server)
	d.choose(ben)
	d.unlock()
	d.turnTo(anna)
	return d, d.unlock(), server
}

// choose offers an account on the unlock screen.
func (d *desk) choose(email string) {
	d.t.Helper()
	for _, c := range d.shell.Unlock().State().Accounts {
		if c.Name == email {
			d.shell.Unlock().Choose(c.ID)
			return
		}
	}
	d.t.Fatalf("no account %s", email)
}

// turnTo switches the account in the window.
func (d *desk) turnTo(email string) {
	d.t.Helper()
	d.shell.Vault().SwitchTo(d.account(email).ID)
}

// account is what the menu says of an account.
func (d *desk) account(email string) AccountChoice {
	d.t.Helper()
	for _, c := range d.shell.Vault().State().Accounts {
		if c.Name == email {
			return c
		}
	}
	d.t.Fatalf("no account %s", email)
	return AccountChoice{}
}

// locked tells whether nothing of an account can be read any more.
func locked(t *testing.T, u *session.Unlocked) bool {
	t.Helper()
	_, err := u.Vault().Save(context.Background(), testpc.Login("x", "y", "z"))
	return errors.Is(err, vault.ErrClosed)
}

func TestSwitchingLeavesTheOtherAccountOpen(t *testing.T) {
	d, v, _ := twoAccounts(t)
	for _, email := range []string{anna, ben} {
		if c := d.account(email); !c.Open || c.State != "Unlocked" || c.Selected != (email == anna) {
			t.Errorf("%+v", c)
		}
	}
	d.turnTo(ben)
	b := d.waitForVault()
	if b.State().Account != ben || d.shell.State().Page != PageVault {
		t.Fatalf("%q is shown", b.State().Account)
	}
	if locked(t, v.config.Unlocked) {
		t.Error("the account that was left is locked")
	}
	d.turnTo(anna)
	if d.waitForVault().State().Account != anna {
		t.Error("the way back asks for something")
	}
}

// What was searched, opened, revealed, deleted or said in one account is not seen in the other, nor there again after a return.
func TestNothingOfOneAccountIsInTheOther(t *testing.T) {
	d, v, _ := twoAccounts(t)
	d.add("Secret project", "anna", "hunter2")
	d.show(v, "Secret project")
	v.Detail().RevealPassword()
	v.Trash()
	d.until("toast", func() bool { return v.State().Toast.Undo != "" })
	v.SetSearch("mail of anna")
	d.turnTo(ben)
	b := d.waitForVault()
	if s := b.State(); s.Search != "" || s.Toast.Number != 0 || !s.Problem.IsZero() || s.Rows.Len() != 1 || d.titles(b) != "Mail of "+ben {
		t.Errorf("Ben sees %+v, %s", s, d.titles(b))
	}
	b.Undo() // of Anna's deletion, if anything
	if v.rows != nil || v.detail != nil {
		t.Error("the screen that was left still holds something")
	}
	d.turnTo(anna)
	if v := d.waitForVault(); d.row(v, "Secret project") >= 0 || v.State().Search != "" {
		t.Error("the deletion was undone from the other account, or the search came back")
	}
}

func TestWhatIsTypedIsSavedBeforeTheSwitch(t *testing.T) {
	d, v, _ := twoAccounts(t)
	d.show(v, "Mail of "+anna).Edit()
	v.Editor().SetSecret(string(passwordField), testpc.Typed("half typ"))
	d.turnTo(ben)
	d.until("Ben's vault", func() bool { return d.shell.Vault() != nil && d.shell.Vault().State().Account == ben })
	if toast := d.waitForVault().State().Toast.Text; toast != "" {
		t.Errorf("Ben is told %q", toast)
	}
	d.turnTo(anna)
	v = d.waitForVault()
	if toast := v.State().Toast.Text; !strings.Contains(toast, "saved when you changed the account") {
		t.Errorf("Anna is told %q", toast)
	}
	if it := d.item("Mail of " + anna); string(it.Value(vault.Password).Reveal()) != "half typ" {
		t.Error("what was typed is lost")
	}
}

func TestLockingOneAccountLeavesTheOther(t *testing.T) {
	d, v, _ := twoAccounts(t)
	annas := v.config.Unlocked
	bens := d.shell.resting[d.shell.accounts[1].ID].unlocked
	v.Lock()
	u := d.shell.Unlock()
	d.until("Anna's keys wiped", func() bool { return locked(t, annas) })
	if s := u.State(); s.Account != anna || s.Others != "Another account is unlocked." || s.LockAll == "" {
		t.Errorf("%+v", s)
	}
	if locked(t, bens) {
		t.Fatal("Ben's account is locked too")
	}
	d.choose(ben)
	if d.waitForVault().State().Account != ben {
		t.Fatal("an open account asks for the password")
	}
	if c := d.account(anna); c.Open || c.State != "Locked" {
		t.Errorf("%+v", c)
	}
	d.turnTo(anna)
	d.shell.Unlock().LockOthers()
	d.until("Ben's keys wiped", func() bool { return locked(t, bens) })
	if s := d.shell.Unlock().State(); s.Others != "" {
		t.Errorf("%q", s.Others)
	}
	if d.unlock().State().Account != anna {
		t.Error("another account was opened")
	}
}

// Each account has an idle time of its own: who works in one does not keep the other open.
func TestRestingAccountLocksByItsOwnTime(t *testing.T) {
	d, v, _ := twoAccounts(t)
	bens := d.shell.resting[d.shell.accounts[1].ID].unlocked
	d.clock.Advance(d.queue, d.shell.settings.LockAfter-idlePoll)
	d.until("idle poll", func() bool { return !d.shell.polling })
	if locked(t, bens) {
		t.Fatal("locked too early")
	}
	d.clock.Advance(d.queue, 2*idlePoll)
	d.until("Ben's lock", func() bool { return locked(t, bens) })
	if d.shell.Vault() != v || locked(t, v.config.Unlocked) {
		t.Error("Anna's account, which somebody uses, is locked")
	}
	if d.account(ben).Open {
		t.Error("the menu calls a locked account open")
	}
}

func TestAwayLocksEveryAccount(t *testing.T) {
	d, v, _ := twoAccounts(t)
	bens := d.shell.resting[d.shell.accounts[1].ID].unlocked
	returned := false
	go func() {
		d.shell.Away(context.Background())
		both := locked(t, bens) && locked(t, v.config.Unlocked)
		d.queue.Post(func() {
			returned = true
			if !both {
				t.Error("an account was open when Away returned")
			}
		})
	}()
	d.until("return of Away", func() bool { return returned })
}

// A copied password stays until its time where another account is locked, and goes with its own.
func TestClipboardGoesWithItsAccount(t *testing.T) {
	d, v, _ := twoAccounts(t)
	d.show(v, "Mail of "+anna).CopyPassword()
	d.until("copy", func() bool { return d.clipboard.holds() == "password of "+anna })
	bens := d.shell.resting[d.shell.accounts[1].ID].unlocked
	d.shell.lockOthers()
	d.until("Ben's lock", func() bool { return locked(t, bens) })
	if d.clipboard.holds() == "" {
		t.Error("Ben's lock has cleared what Anna copied")
	}
	v.LockAll()
	d.until("clipboard cleared", func() bool { return d.clipboard.holds() == "" })
}

// An account that rests goes on syncing.
func TestRestingAccountSyncs(t *testing.T) {
	d, _, server := twoAccounts(t)
	bens := d.shell.resting[d.shell.accounts[1].ID].unlocked
	laptop := testpc.New(t, "Ben's laptop", nil).SignIn(t, server, ben, bens.SecretKey())
	testpc.Save(t, laptop, testpc.Login("From afar", "ben", "x"))
	testpc.Sync(t, laptop)
	d.until("arrival", func() bool { return len(bens.Vault().Query(vault.Filter{Text: "afar"})) == 1 })
}

func TestAccountIsRemovedFromTheUnlockScreen(t *testing.T) {
	d, v, _ := twoAccounts(t)
	v.Lock()
	u := d.shell.Unlock()
	u.Remove()
	ask := u.State().Ask
	checkWords(t, "question", ask.Title, ask.Body, ask.Confirm, u.State().Remove)
	if !strings.Contains(ask.Title, anna) || !ask.Danger {
		t.Errorf("%+v", ask)
	}
	u.Answer(false)
	if !u.State().Ask.IsZero() || len(d.pc.Accounts()) != 2 {
		t.Fatal("removed without a yes")
	}
	u.Remove()
	u.Answer(true)
	d.until("removal", func() bool { return len(d.shell.accounts) == 1 })
	if d.waitForVault().State().Account != ben || len(d.pc.Accounts()) != 1 {
		t.Error("the account that is left is not shown, or not left")
	}
}
