package screen

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/app/platform"
	"github.com/coffer-vault/coffer/internal/sqlite"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
)

// lockedDesk is a computer with an account, locked, and the unlock screen on it.
func lockedDesk(t *testing.T) (*desk, *Unlock, *testkit.Server) {
	t.Helper()
	server := testkit.Cloud(t)
	pc := testpc.New(t, "Anna's PC", nil)
	u := pc.SignUp(t, server, anna)
	testpc.Save(t, u, testpc.Login("Mail", "anna", "hunter2"))
	testpc.Sync(t, u)
	u.Lock()
	d := newDesk(t, pc, server)
	return d, d.shell.Unlock(), server
}

// try types a password and waits for the answer.
func (d *desk) try(u *Unlock, password string) Message {
	d.t.Helper()
	u.Submit(testpc.Typed(password))
	d.until("answer", func() bool { return !u.State().Busy })
	return u.State().Problem
}

func TestUnlock(t *testing.T) {
	d, u, _ := lockedDesk(t)
	s := u.State()
	if s.Account != anna || s.NeedSecretKey || s.Button != "Unlock" || len(s.Accounts) != 1 || !s.Accounts[0].Selected {
		t.Errorf("state %+v", s)
	}
	checkWords(t, "unlock", s.Title, s.Server, s.Another, s.Promise)
	if p := d.try(u, ""); p.What != "Enter your master password." {
		t.Errorf("empty password: %q", p.What)
	}
	if p := d.try(u, "wrong password"); p.What != "That is not the master password." || p.Next == "" {
		t.Errorf("wrong password: %+v", p)
	}
	u.Submit(testpc.Typed(testpc.Password))
	if s := u.State(); !s.Busy || s.Button != "Unlocking…" || !s.Problem.IsZero() {
		t.Errorf("while unlocking: %+v", s)
	}
	u.Submit(testpc.Typed("impatience")) // a second click changes nothing
	d.waitForVault()
}

func TestUnlockWorksWithoutNetwork(t *testing.T) {
	d, _, server := lockedDesk(t)
	server.Stop()
	v := d.unlock()
	if d.row(v, "Mail") < 0 {
		t.Fatalf("rows: %s", d.titles(v))
	}
	d.until("offline", func() bool { return v.State().Sync.Text == "Offline" })
}

func TestUnlockAsksForALostSecretKey(t *testing.T) {
	for name, test := range map[string]struct {
		lose func(*testpc.Keyring)
		says string
	}{
		"empty keyring": {(*testpc.Keyring).Clear, "This PC no longer has the Secret Key of this account."},
		"no keyring":    {func(k *testpc.Keyring) { k.Fail(platform.ErrUnavailable) }, "The keyring of this PC does not answer"},
	} {
		t.Run(name, func(t *testing.T) {
			d, u, _ := lockedDesk(t)
			unlocked := d.pc.Unlock(t)
			key := unlocked.SecretKey()
			unlocked.Lock()
			test.lose(d.pc.Keyring)
			if p := d.try(u, testpc.Password); !strings.HasPrefix(p.What, test.says) || !u.State().NeedSecretKey || u.State().Recover == "" {
				t.Fatalf("state %+v", u.State())
			}
			if p := d.try(u, testpc.Password); p.What != "The Secret Key is missing." {
				t.Errorf("without a key: %+v", p)
			}
			u.SetSecretKey(key[:len(key)-1] + otherDigit(key[len(key)-1]))
			if hint := u.State().KeyHint; !strings.HasPrefix(hint.What, "There is a typing error") {
				t.Errorf("hint for a wrong checksum: %+v", hint)
			}
			u.SetSecretKey(strings.ToLower(key))
			if s := u.State(); s.SecretKey != key || s.KeyHint.Tone != ToneGood {
				t.Errorf("key shown as %q, %+v", s.SecretKey, s.KeyHint)
			}
			if p := d.try(u, "wrong password"); !strings.HasPrefix(p.What, "The master password or the Secret Key") {
				t.Errorf("wrong password: %+v", p)
			}
			u.Submit(testpc.Typed(testpc.Password))
			d.waitForVault()
		})
	}
}

func otherDigit(digit byte) string {
	if digit == '7' {
		return "8"
	}
	return "7"
}

// Whatever happened to the file, the person hears what happened, what is safe and what to do, and nothing is opened.
func TestUnlockExplainsTheVaultFile(t *testing.T) {
	for name, test := range map[string]struct {
		harm func(t *testing.T, d *desk, path string)
		says string
	}{
		"no database": {func(t *testing.T, _ *desk, path string) {
			replace(t, path, []byte(strings.Repeat("this is no database ", 1000)))
		}, "The vault file is damaged."},
		"older copy": {func(t *testing.T, d *desk, path string) {
			older := read(t, path)
			u := d.pc.Unlock(t)
			testpc.Save(t, u, testpc.Login("Bank", "anna", "1234"))
			u.Lock()
			replace(t, path, older)
		}, "An older copy of this vault was put back on this PC."},
		"changed": {func(t *testing.T, _ *desk, path string) {
			execute(t, path, "UPDATE account SET email = 'eve@example.com'")
		}, "The vault file was changed outside Coffer."},
		"newer version": {func(t *testing.T, _ *desk, path string) {
			execute(t, path, "PRAGMA user_version = 99")
		}, "This vault was last opened by a newer version of Coffer."},
		"gone": {func(t *testing.T, _ *desk, path string) {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		}, "This account is no longer on this PC."},
	} {
		t.Run(name, func(t *testing.T) {
			d, u, _ := lockedDesk(t)
			test.harm(t, d, d.pc.Paths.Account(d.shell.accounts[0].ID))
			p := d.try(u, testpc.Password)
			if p.What != test.says || p.Safe == "" || p.Next == "" {
				t.Errorf("%+v", p)
			}
			if d.shell.State().Page != PageUnlock {
				t.Error("the vault was opened")
			}
		})
	}
}

// replace puts other content into a database file, as somebody would who copies files about.
func replace(t *testing.T, path string, content []byte) {
	t.Helper()
	for _, suffix := range []string{"-wal", "-shm"} {
		if err := os.Remove(path + suffix); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// execute changes a database as a program other than Coffer could.
func execute(t *testing.T, path, statement string) {
	t.Helper()
	db, err := sqlite.Open(t.Context(), path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(statement); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// The person leaves while the keys are derived: the vault that comes late is locked again.
func TestVaultThatOpensTooLateIsLocked(t *testing.T) {
	d, u, _ := lockedDesk(t)
	u.Submit(testpc.Typed(testpc.Password))
	u.Leave()
	// As long as the late one is open, nobody else can open the account.
	d.until("late vault locked", func() bool {
		again, err := d.pc.Manager.Unlock(t.Context(), u.account.ID, testpc.Typed(testpc.Password))
		if err != nil {
			d.queue.Post(func() {})
			return false
		}
		again.Lock()
		return d.shell.unlocked == nil
	})
}

// Who has forgotten the master password is led to the recovery from the card that asks for it, and finds a recovery that waits again.
func TestForgottenPassword(t *testing.T) {
	server := testkit.Cloud(t)
	pc := testpc.New(t, "Anna's PC", nil)
	unlocked := pc.SignUp(t, server, anna)
	code, err := unlocked.RecoveryCode(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	unlocked.Lock()
	d := newDesk(t, pc, server)
	u := d.shell.Unlock()
	if s := u.State(); s.Recover != "" {
		t.Errorf("before a password was wrong there is %q", s.Recover)
	}
	d.try(u, "wrong password")
	if s := u.State(); s.Recover != "I lost my password or Secret Key" {
		t.Errorf("after a wrong password there is %q", s.Recover)
	}
	recovery := func() *Recover {
		t.Helper()
		d.try(d.shell.Unlock(), "wrong password")
		d.shell.Unlock().Recover()
		return d.shell.Welcome().Sheet().(*Recover)
	}
	page := func(r *Recover, name string) {
		t.Helper()
		d.until(name, func() bool { return r.State().Page == name })
	}
	recovery().Back()
	if d.shell.Unlock() == nil {
		t.Fatal("back is not the card that asks for the password")
	}
	r := recovery()
	if got := r.State().Fields[0].Text; got != anna {
		t.Errorf("the address is %q", got)
	}
	r.SetText("code", code)
	r.Submit()
	page(r, "recover.mailed")
	r.SetText("mailed", server.LastCode(t, anna))
	r.Submit()
	page(r, "recover.wait")
	r.Back()

	// From here on it is offered before any password was wrong.
	resumed := func() *Recover {
		t.Helper()
		s := d.shell.Unlock().State()
		if s.Recover != "Go on with the recovery" || !strings.Contains(s.Recovery.Message.What, anna) {
			t.Fatalf("the card offers %q, %+v", s.Recover, s.Recovery)
		}
		d.shell.Unlock().Recover()
		r := d.shell.Welcome().Sheet().(*Recover)
		page(r, "recover.resume")
		return r
	}
	if resumed().Back(); d.shell.Unlock().State().Recovery.Ready {
		t.Error("the wait is said to be over")
	}
	r = resumed()
	r.Follow("anew")
	page(r, "recover.begin")
	r.Back()
	server.Clock.Advance(25 * time.Hour)
	r = resumed()
	r.SetText("code", code)
	r.Submit()
	page(r, "recover.password")
	r.SetPassword(fieldNew, testpc.Typed("another password of mine"))
	r.SetPassword(fieldRepeat, testpc.Typed("another password of mine"))
	r.Submit()
	d.until("the new kit", func() bool { return d.shell.Welcome().State().Page == PageKit })
}
