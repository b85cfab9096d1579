package screen

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
)

// welcomeDesk is a computer without an account.
func welcomeDesk(t *testing.T) (*desk, *Welcome, *testkit.Server) {
	t.Helper()
	server := testkit.Cloud(t)
	d := newDesk(t, testpc.New(t, "Anna's PC", nil), server)
	return d, d.shell.Welcome(), server
}

// signIn answers the first page of somebody who has an account.
func signIn(w *Welcome, secretKey, password string) {
	w.SignIn()
	w.SetEmail(anna)
	w.SetSecretKey(secretKey)
	w.SetPassword(testpc.Typed(password))
	w.Continue()
}

func (d *desk) page(w *Welcome, page WelcomePage) {
	d.t.Helper()
	d.until("page "+pageKeys[page], func() bool { return w.State().Page == page })
	s := w.State()
	checkWords(d.t, pageKeys[page], s.Title, s.Body, s.Continue, s.Back, s.Step.Text, s.ServerLabel, s.KeyHint.What, s.Kit.Save, s.Confirm.Label,
		s.Code.Expiry, s.Code.Resend, s.Progress.Text)
}

// codePage goes as far as the page that asks for the code.
func (d *desk) codePage(w *Welcome) {
	d.t.Helper()
	w.Create()
	w.SetEmail(anna)
	w.Continue()
	d.page(w, PageCode)
}

// What is typed while the code is on its way is not part of the address to which it goes.
func TestTheAddressIsTheOneThatWasSent(t *testing.T) {
	d, w, _ := welcomeDesk(t)
	w.Create()
	w.SetEmail(anna)
	w.Continue()
	w.SetEmail(anna + "x")
	d.page(w, PageCode)
	if got := w.State().Email; got != anna {
		t.Errorf("the page names %s", got)
	}
}

func TestStepsAreCounted(t *testing.T) {
	d, w, server := welcomeDesk(t)
	if s := w.State(); s.Step.Of != 0 || s.Back != "" {
		t.Errorf("first page: %+v", s)
	}
	w.Create()
	expect := func(page WelcomePage, text string) {
		t.Helper()
		d.page(w, page)
		if got := w.State().Step.Text; got != text {
			t.Errorf("page %d: %q", page, got)
		}
	}
	expect(PageEmail, "Step 1 of 4")
	w.SetEmail(anna)
	w.Continue()
	expect(PageCode, "Step 1 of 4")
	w.SetCode(server.LastCode(t, anna))
	expect(PagePassword, "Step 2 of 4")
	if f := w.State().Step.Fraction(); f != 0.5 {
		t.Errorf("fraction %v", f)
	}
	w.Back()
	expect(PageEmail, "Step 1 of 4")
	w.Back()
	d.page(w, PageChoose)
	w.SignIn()
	expect(PageSignIn, "Step 1 of 3")
}

// A program that was built without a server asks for the address of one, and does not hide the field that it misses.
func TestWelcomeAsksForAServerWhereThereIsNone(t *testing.T) {
	d, _, _ := welcomeDesk(t)
	w := NewWelcome(d.env, WelcomeConfig{Manager: d.shell.config.Manager})
	t.Cleanup(w.Leave)
	w.Create()
	w.SetEmail(anna)
	if !w.State().ServerOpen {
		t.Error("the field for the server is folded away")
	}
	w.Continue()
	if s := w.State(); s.Busy || s.Problem.What != "That is not the address of a server. It looks like https://vault.example.com." {
		t.Errorf("busy %v, %+v", s.Busy, s.Problem)
	}
}

func TestWelcomeRefusesWhatCannotBe(t *testing.T) {
	_, w, _ := welcomeDesk(t)
	w.Create()
	refusals := 0
	refused := func(what string, mend Mend) {
		t.Helper()
		w.Continue()
		refusals++
		if s := w.State(); s.Problem.What != what || s.Busy || s.Mend != mend || s.Refused != refusals {
			t.Errorf("%q, to mend in field %d, refused %d times, want %q, %d, %d", s.Problem.What, s.Mend, s.Refused, what, mend, refusals)
		}
	}
	w.SetEmail("anna")
	refused("That is not an e-mail address.", MendFirst)
	w.SetEmail(anna)
	if !w.State().Problem.IsZero() {
		t.Error("the problem stays while it is being mended")
	}
	w.ToggleServer()
	w.SetServer("http://vault.example.com")
	refused("That is not the address of a server. It looks like https://vault.example.com.", MendServer)

	w.Back()
	w.SignIn()
	w.SetServer("")
	refused("Enter your master password.", MendPassword)
	w.SetPassword(testpc.Typed(testpc.Password))
	refused("The Secret Key is missing.", MendSecretKey)
	w.SetSecretKey("C1-ABCDE")
	refused("The Secret Key is not complete: it has six groups of five characters after C1-.", MendSecretKey)
	w.SetSecretKey("X1-ABCDE-ABCDE-ABCDE-ABCDE-ABCDE-ABCDE")
	refused("That cannot be a Secret Key: it begins with C1-, has six groups of five characters, and no letter U.", MendSecretKey)
}

func TestNoServerAtTheAddress(t *testing.T) {
	d, w, server := welcomeDesk(t)
	server.Stop()
	w.Create()
	w.SetEmail(anna)
	w.Continue()
	if s := w.State(); !s.Busy || s.Continue != "Sending the code…" {
		t.Errorf("while asking: %+v", s)
	}
	d.until("answer", func() bool { return !w.State().Busy })
	if p := w.State().Problem; p.What != "The server cannot be reached." || w.State().Page != PageEmail {
		t.Errorf("%+v", p)
	}
	server.Restart()
	w.Continue()
	d.page(w, PageCode)
}

func TestCode(t *testing.T) {
	d, w, server := welcomeDesk(t)
	d.codePage(w)
	if s := w.State(); s.Body != "We sent a code to anna@example.com." || s.Code.CanResend || s.Code.Resend != "Send again in 30 s" || s.CanContinue {
		t.Errorf("%+v", s)
	}
	d.clock.Advance(d.queue, 10*time.Second)
	if s := w.State(); s.Code.Resend != "Send again in 20 s" {
		t.Errorf("after 10 s: %q", s.Code.Resend)
	}
	w.Resend() // too early
	if w.State().Busy {
		t.Error("sent again too early")
	}
	first := server.LastCode(t, anna)
	w.SetCode("AAAA-AAA")
	if w.State().Busy {
		t.Error("half a code was tried")
	}
	w.SetCode("AAAA-AAAA")
	d.until("answer", func() bool { return !w.State().Busy })
	if p := w.State().Problem; p.What != "That code is not right. 4 tries are left." {
		t.Errorf("wrong code: %+v", p)
	}
	d.clock.Advance(d.queue, 20*time.Second)
	if s := w.State(); !s.Code.CanResend || s.Code.Resend != "Send again" {
		t.Errorf("after 30 s: %+v", s.Code)
	}
	w.Resend()
	d.until("second code", func() bool { return !w.State().Busy })
	second := server.LastCode(t, anna)
	w.SetCode(first)
	d.until("answer", func() bool { return !w.State().Busy })
	if w.State().Page != PageCode || w.State().Problem.IsZero() {
		t.Fatal("the first code counts after a second was sent")
	}
	w.SetCode(second)
	d.page(w, PagePassword)
}

// Five wrong codes end the code, which is then wrong itself: a new one is asked for.
func TestFiveWrongCodes(t *testing.T) {
	d, w, server := welcomeDesk(t)
	d.codePage(w)
	code := server.LastCode(t, anna)
	enter := func(code string) Message {
		w.SetCode(code)
		d.until("answer", func() bool { return !w.State().Busy })
		return w.State().Problem
	}
	for left := 4; left >= 0; left-- {
		want := fmt.Sprintf("That code is not right. %d tries are left.", left)
		switch left {
		case 1:
			want = "That code is not right. One try is left."
		case 0:
			want = "That code is not right, and there are no tries left."
		}
		if p := enter("AAAA-AAA" + strconv.Itoa(left)); p.What != want || p.Next == "" {
			t.Errorf("%d tries left: %+v", left, p)
		}
	}
	if p := enter(code); w.State().Page != PageCode || p.Next != "Send a new one and use it within ten minutes." {
		t.Errorf("the right code, too late: %+v", p)
	}
	d.clock.Advance(d.queue, 30*time.Second)
	w.Resend()
	d.until("another code", func() bool { return !w.State().Busy })
	w.SetCode(server.LastCode(t, anna))
	d.page(w, PagePassword)
}

func TestCodeExpires(t *testing.T) {
	d, w, server := welcomeDesk(t)
	d.codePage(w)
	if e := w.State().Code.Expiry; e != "It is valid for 10 more minutes." {
		t.Errorf("%q", e)
	}
	code := server.LastCode(t, anna)
	d.clock.Advance(d.queue, 9*time.Minute+30*time.Second)
	if e := w.State().Code.Expiry; e != "It is valid for one more minute." {
		t.Errorf("%q", e)
	}
	d.clock.Advance(d.queue, 31*time.Second)
	server.Clock.Advance(11 * time.Minute)
	if c := w.State().Code; !c.Expired || c.Expiry != "It is no longer valid." || !c.CanResend {
		t.Errorf("%+v", c)
	}
	w.SetCode(code)
	d.until("answer", func() bool { return !w.State().Busy })
	if p := w.State().Problem; p.What != "That code is too old." {
		t.Errorf("%+v", p)
	}
}

func TestMasterPasswordRules(t *testing.T) {
	d, w, server := welcomeDesk(t)
	d.codePage(w)
	w.SetCode(server.LastCode(t, anna))
	d.page(w, PagePassword)
	for _, test := range []struct {
		password, repeat string
		long, same       bool
	}{
		{"", "", false, false},
		{"short", "short", false, true},
		{"twelve chars", "", true, false},
		{"twelve chars", "twelve char", true, false},
		{"zwölf Züge äöü", "zwölf Züge äöü", true, true},
		{"äöüäöüäöüäö", "äöüäöüäöüäö", false, true}, // eleven characters, however many bytes
	} {
		w.SetPassword(testpc.Typed(test.password))
		w.SetRepeat(testpc.Typed(test.repeat))
		s := w.State()
		rules := s.Password.Rules
		if rules[0].Met != test.long || rules[1].Met != test.same || s.CanContinue != (test.long && test.same) {
			t.Errorf("%q, %q: %+v, %v", test.password, test.repeat, rules, s.CanContinue)
		}
	}
	w.SetPassword(testpc.Typed("password1234"))
	d.until("strength", func() bool { return w.State().Password.Meter.Text == "Weak" })
	w.SetPassword(testpc.Typed("7h&Wq!zP0-vXk29sT"))
	d.until("strength", func() bool { return w.State().Password.Meter.Text == "Excellent" })
	w.SetPassword(testpc.Typed(""))
	if w.State().Password.Meter.Shown {
		t.Error("the strength of nothing is shown")
	}
}

// The server goes away while the account is made: nobody knows whether it exists. Trying again sends the same password.
func TestLostAnswerFreezesThePassword(t *testing.T) {
	d, w, server := welcomeDesk(t)
	d.codePage(w)
	w.SetCode(server.LastCode(t, anna))
	d.page(w, PagePassword)
	w.SetPassword(testpc.Typed(testpc.Password))
	w.SetRepeat(testpc.Typed(testpc.Password))
	server.Stop()
	w.Continue()
	if s := w.State(); s.Back != "" || s.Continue != "Creating your account…" {
		t.Errorf("while creating: %+v", s)
	}
	d.until("answer", func() bool { return !w.State().Busy })
	s := w.State()
	if s.Problem.What != "The server cannot be reached." || !s.Password.Frozen || s.Continue != "Try again" || s.Back != "Start over" {
		t.Errorf("%+v", s)
	}
	w.SetPassword(testpc.Typed("another password"))
	server.Restart()
	w.Continue()
	d.page(w, PageKit)
	u := w.unlocked
	if u == nil || !strings.HasPrefix(u.SecretKey(), "C1-") {
		t.Fatal("no account")
	}
}

func TestKitMustBeSavedAndConfirmed(t *testing.T) {
	d, w, server := welcomeDesk(t)
	d.codePage(w)
	w.SetCode(server.LastCode(t, anna))
	d.page(w, PagePassword)
	w.SetPassword(testpc.Typed(testpc.Password))
	w.SetRepeat(testpc.Typed(testpc.Password))
	w.Continue()
	d.page(w, PageKit)
	w.ConfirmKit(true)
	if s := w.State(); s.Confirm.Enabled || s.Confirm.Ticked || s.CanContinue || s.Back != "" {
		t.Errorf("before saving: %+v", s)
	}
	d.noSaving = true
	asked := 0
	d.asked = func() {
		if asked++; w.State().Kit.Busy {
			t.Error("the button turns while the person is asked where the kit shall go")
		}
	}
	w.SaveKit()
	d.until("second thoughts", func() bool { return !w.State().Kit.Busy })
	if k := w.State().Kit; k.Kept != "" || !k.Problem.IsZero() {
		t.Errorf("after second thoughts: %+v", k)
	}
	d.noSaving = false
	w.SaveKit()
	d.until("kit", func() bool { return !w.State().Kit.Busy })
	if k := w.State().Kit; asked != 2 || k.Kept != "Saved as /home/anna/Coffer emergency kit.pdf" || !k.Problem.IsZero() || k.Save != "Save again" {
		t.Errorf("after saving: %+v", k)
	}
	w.ConfirmKit(true)
	if !w.State().CanContinue {
		t.Error("no way on")
	}
}

func TestSignInOnASecondComputer(t *testing.T) {
	server := testkit.Cloud(t)
	first := testpc.New(t, "Anna's PC", nil).SignUp(t, server, anna)
	for _, title := range []string{"Mail", "Bank", "Shop"} {
		testpc.Save(t, first, testpc.Login(title, "anna", "hunter2"))
	}
	if err := first.SkipBrowserImport(t.Context()); err != nil {
		t.Fatal(err)
	}
	testpc.Sync(t, first)

	d := newDesk(t, testpc.New(t, "Laptop", nil), server)
	w := d.shell.Welcome()
	signIn(w, first.SecretKey(), "wrong password")
	d.until("answer", func() bool { return !w.State().Busy })
	if s := w.State(); s.Problem.What != "E-mail address, master password and Secret Key do not fit together." || s.Mend != MendPassword {
		t.Fatalf("%+v, to mend in field %d", s.Problem, s.Mend)
	}
	w.SetPassword(testpc.Typed(testpc.Password))
	w.Continue()
	d.page(w, PageCode)
	if !w.password.IsZero() || w.secretKey.text != "" {
		t.Error("the password is kept longer than needed")
	}
	w.SetCode(server.LastCode(t, anna))
	d.confirm(w)
	v := d.waitForVault() // the import was decided on the first computer
	if got := d.titles(v); got != "Bank, Mail, Shop" {
		t.Errorf("items: %s", got)
	}
}

func TestFirstSyncCanBeTriedAgain(t *testing.T) {
	server := testkit.Cloud(t)
	first := testpc.New(t, "Anna's PC", nil).SignUp(t, server, anna)
	testpc.Save(t, first, testpc.Login("Mail", "anna", "hunter2"))
	testpc.Sync(t, first)
	d := newDesk(t, testpc.New(t, "Laptop", nil), server)
	w := d.shell.Welcome()
	signIn(w, first.SecretKey(), testpc.Password)
	d.page(w, PageCode)
	w.SetCode(server.LastCode(t, anna))
	d.page(w, PageFirstSync)
	if s := w.State(); s.Step.Text != "Step 2 of 3" || s.Progress.Text == "" {
		t.Errorf("%+v", s)
	}
	server.Stop()
	// Whether the sync was faster or not, the person gets to the vault.
	d.until("end of the first try", func() bool { return !w.State().Busy || w.State().Page == PageSheet })
	server.Restart()
	if w.State().Page == PageFirstSync {
		if s := w.State(); s.Continue != "Try again" || s.Problem.IsZero() {
			t.Errorf("%+v", s)
		}
		w.Continue()
	}
	d.confirm(w)
	d.page(w, PageImport)
}

// The account was put on this PC, by a first sync that was given up, say: the way on is to unlock it.
func TestAccountThatIsHereAlready(t *testing.T) {
	d, _, server := lockedDesk(t)
	key := func() string { u := d.pc.Unlock(t); defer u.Lock(); return u.SecretKey() }()
	d.shell.showWelcome()
	w := d.shell.Welcome()
	signIn(w, key, testpc.Password)
	d.until("unlock", func() bool { return d.shell.State().Page == PageUnlock })
	if n := d.shell.State().Notice; n.What != "This account is already on this PC." {
		t.Errorf("%+v", n)
	}
	d.unlock()
	server.Stop()
}

func TestBackFromTheFirstSyncLeadsToWhatIsThere(t *testing.T) {
	d, w, _ := welcomeDesk(t)
	w.SignIn()
	w.page = PageFirstSync
	w.Back()
	d.until("welcome", func() bool { return d.shell.Welcome() != w && d.shell.State().Page == PageWelcome }) // nothing is there
}

func TestLeavingTheWelcomeWipes(t *testing.T) {
	d, w, server := welcomeDesk(t)
	d.codePage(w)
	w.SetCode(server.LastCode(t, anna))
	d.page(w, PagePassword)
	w.SetPassword(testpc.Typed(testpc.Password))
	password := w.password
	w.Leave()
	if !password.IsZero() {
		t.Error("the password is still there")
	}
}
