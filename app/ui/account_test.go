package ui

import (
	"errors"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"github.com/coffer-vault/coffer/app/screen"
	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
)

const freshPassword = "a quite different passphrase"

// account opens the account from the settings.
func (d *desk) account() {
	d.Helper()
	d.press(screen.ActionSettings)
	d.waitFor("Password, e-mail, Secret Key…")
	d.do("Password, e-mail, Secret Key…")
	d.waitFor("What protects your account, and what ends it.")
}

func (d *desk) devices() {
	d.Helper()
	d.press(screen.ActionSettings)
	d.waitFor("Manage devices…")
	d.do("Manage devices…")
	d.waitFor("This device")
}

// saveKit saves the kit that is asked for and says that it is in a safe place.
func (d *desk) saveKit() {
	d.Helper()
	d.waitFor("emergency kit")
	d.do("Save as PDF")
	d.waitFor("Save file")
	d.keys(fyne.KeyReturn)
	d.until("saved", func() bool { return d.reads("Saved as") || d.reads("to replace it") })
	if d.reads("to replace it") {
		d.keys(fyne.KeyReturn)
		d.waitFor("Saved as")
	}
	d.keys(fyne.KeySpace) // the box has the keyboard now
}

func TestChangeThePasswordByKeyboard(t *testing.T) {
	d := openDesk(t)
	d.account()
	d.keys(fyne.KeyReturn) // the first row
	d.waitFor("Your other devices will ask for it once.")
	d.keys(fyne.KeyEscape) // a page back, and not out
	d.waitFor("What protects your account, and what ends it.")
	d.keys(fyne.KeyReturn)
	d.waitFor("Your other devices will ask for it once.")
	d.typeText("not the password")
	d.keys(fyne.KeyTab, fyne.KeyTab)
	d.typeText(freshPassword)
	d.keys(fyne.KeyTab, fyne.KeyTab)
	d.typeText(freshPassword)
	d.keys(fyne.KeyReturn)
	d.waitFor("That is not the master password.")
	d.typeText(testpc.Password)
	d.keys(fyne.KeyReturn)
	d.waitFor("Your master password is changed.")
	d.account()
	d.keys(fyne.KeyEscape)
	d.until("closed", func() bool { return d.shell.Vault().State().Dialog == screen.DialogNone })
	d.press(screen.ActionLock)
	d.waitFor("Welcome back")
	d.typeText(freshPassword)
	d.keys(fyne.KeyReturn)
	d.waitFor("Your vault is empty")
}

// A code that is complete leads to the other one, and half a page of codes costs no try.
func TestChangeTheAddressByKeyboard(t *testing.T) {
	const fresh = "anna.new@example.com"
	d := openDesk(t)
	d.account()
	d.do("E-mail address")
	d.typeText(fresh)
	d.tabTo("Master password")
	d.typeText(testpc.Password)
	d.keys(fyne.KeyReturn)
	d.waitFor("Enter both codes")
	d.typeText(d.server.LastCode(t, anna))
	d.keys(fyne.KeyReturn)
	d.waitFor("The code has eight characters.")
	d.typeText(d.server.LastCode(t, fresh))
	d.keys(fyne.KeyReturn)
	d.waitFor("Your e-mail address is changed.")
	d.waitFor(fresh)
}

func TestKeysChangedElsewhere(t *testing.T) {
	d := openDesk(t)
	b := testpc.New(t, "PC B", nil).SignIn(t, d.server, anna, d.secretKey())
	if err := b.Change(t.Context(), session.Change{Password: testpc.Typed(testpc.Password), NewSecretKey: true, NewPassword: testpc.Typed(freshPassword)}); err != nil {
		t.Fatal(err)
	}
	d.shell.Vault().Sync()
	d.waitFor("The keys of your account were changed on another device.")
	d.do("Enter password")
	d.waitFor("Your keys were changed")
	d.typeText(testpc.Password)
	d.keys(fyne.KeyReturn)
	d.waitFor("That is not the master password.")
	d.typeText(freshPassword)
	d.keys(fyne.KeyReturn)
	d.waitFor("The new keys are in use here.")
	if d.reads("were changed on another device") {
		t.Error("the notice stays")
	}
}

func TestANewDeviceIsAnnouncedAndRemoved(t *testing.T) {
	d := openDesk(t)
	b := testpc.New(t, "Eve’s PC", nil).SignIn(t, d.server, anna, d.secretKey())
	d.shell.Vault().Sync()
	d.waitFor("New device: Eve’s PC, Linux.")
	d.do("Remove it")
	d.waitFor("Remove Eve’s PC?")
	d.tabTo("Master password")
	d.typeText(testpc.Password)
	d.keys(fyne.KeyReturn)
	d.waitFor("The device is removed.")
	d.saveKit()
	d.do("Done")
	d.waitFor("This device")
	if d.reads("Eve’s PC") {
		t.Error("the device is still there")
	}
	if err := b.Sync(t.Context()); err == nil {
		t.Error("the removed device syncs")
	}
}

// Every device says of a new one when it came, and who has let it in.
func TestANewDeviceSaysWhoLetItIn(t *testing.T) {
	d, ctx := openDesk(t), t.Context()
	b := testpc.New(t, "Anna’s laptop", nil).SignIn(t, d.server, anna, d.secretKey())
	d.shell.Vault().Sync()
	d.waitFor("New device: Anna’s laptop, Linux.")
	d.waitFor(", with the emergency kit.")
	fresh, err := testpc.New(t, "Third PC", nil).BeginPairing(ctx, d.server.URL, anna)
	if err != nil {
		t.Fatal(err)
	}
	requests, err := b.Pairings(ctx)
	if err != nil || len(requests) != 1 {
		t.Fatalf("%+v, %v", requests, err)
	}
	approval, err := b.Answer(ctx, requests[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	err = errors.Join(fresh.Answered(ctx), approval.Revealed(ctx), approval.CheckCode(fresh.Code()), approval.Approve(ctx, testpc.Typed(testpc.Password)))
	if err != nil {
		t.Fatal(err)
	}
	d.shell.Vault().Sync()
	d.waitFor("New device: Third PC, Linux.")
	d.waitFor("It was let in on " + d.env.Words.Date(time.Now()))
	d.waitFor(", from Anna’s laptop.")
}

func TestApproveANewDeviceByKeyboard(t *testing.T) {
	d, ctx := openDesk(t), t.Context()
	fresh := d.requested()
	d.typeText("000 000")
	d.keys(fyne.KeyReturn)
	d.waitFor("These are not the right digits.")
	for range "000 000" {
		d.keys(fyne.KeyBackspace)
	}
	d.typeText(fresh.Digits())
	d.keys(fyne.KeyReturn)
	d.waitFor("Let New PC in?")
	d.keys(fyne.KeyReturn)
	d.waitFor("Enter your master password.")
	d.typeText("not the password")
	d.keys(fyne.KeyReturn)
	d.waitFor("That is not the master password.")
	d.typeText(testpc.Password)
	d.keys(fyne.KeyReturn)
	d.waitFor("Type these into the new device")
	if err := fresh.Approved(ctx); err != nil {
		t.Fatal(err)
	}
	shown := d.shell.Vault().Sheet().State().Digits
	if err := fresh.Confirm(shown); err != nil || !d.reads(shown) {
		t.Fatalf("%q: %v", shown, err)
	}
	d.keys(fyne.KeyReturn)
	d.waitFor("The new device is let in.")
	if _, err := fresh.Finish(ctx, testpc.Typed(testpc.Password), nil); err != nil {
		t.Fatal(err)
	}
}

// requested has a new device ask, and takes its request up: the digits are to be typed.
func (d *desk) requested() *session.Pairing {
	d.Helper()
	fresh, err := testpc.New(d, "New PC", nil).BeginPairing(d.Context(), d.server.URL, anna)
	if err != nil {
		d.Fatal(err)
	}
	d.waitFor("One new device asks to be let in.")
	d.do("Look")
	d.waitFor("New PC")
	answered := make(chan error, 1)
	go func() { answered <- fresh.Answered(d.Context()) }()
	d.do("Approve")
	d.waitFor("Type what the new device shows")
	if err := <-answered; err != nil {
		d.Fatal(err)
	}
	return fresh
}

// The text of the code takes the place of the new device's digits, and of nothing else.
func TestApproveByTheCode(t *testing.T) {
	d, ctx := openDesk(t), t.Context()
	fresh := d.requested()
	d.typeText(fresh.Code())
	d.keys(fyne.KeyReturn)
	d.waitFor("Let New PC in?")
	d.typeText(testpc.Password)
	d.keys(fyne.KeyReturn)
	d.waitFor("Type these into the new device")
	if err := fresh.Approved(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := fresh.Finish(ctx, testpc.Typed(testpc.Password), nil); err == nil {
		t.Error("the new device goes on without the approver's digits")
	}
	if err := fresh.Confirm(d.shell.Vault().Sheet().State().Digits); err != nil {
		t.Fatal(err)
	}
}

// Who goes back refuses, and looks at the page for new devices again.
func TestGoBackFromTheMasterPassword(t *testing.T) {
	d, ctx := openDesk(t), t.Context()
	fresh := d.requested()
	d.typeText(fresh.Code())
	d.keys(fyne.KeyReturn)
	d.waitFor("Let New PC in?")
	d.keys(fyne.KeyEscape)
	d.waitFor("On the new device install Coffer")
	if err := fresh.Approved(ctx); !errors.Is(err, session.ErrPairingRefused) {
		t.Errorf("the new device: %v", err)
	}
}

// focusInSight tells whether all of what has the keyboard is within the height of the window.
func (d *desk) focusInSight() bool {
	o, ok := d.window.Canvas().Focused().(fyne.CanvasObject)
	if !ok {
		return false
	}
	top := fyne.CurrentApp().Driver().AbsolutePositionForObject(o).Y
	return top >= 0 && top+o.Size().Height <= d.window.Canvas().Size().Height
}

func TestBeLetInByAnotherDevice(t *testing.T) {
	server := testkit.Cloud(t)
	a := testpc.New(t, "PC A", nil).SignUp(t, server, anna)
	testpc.Save(t, a, testpc.Login("Mail", "anna", "first"))
	if err := a.SkipBrowserImport(t.Context()); err != nil {
		t.Fatal(err)
	}
	testpc.Sync(t, a)
	d := newDesk(t, testpc.New(t, "PC B", nil), server)
	d.window.Resize(LeastSize)
	d.keys(fyne.KeyTab, fyne.KeyReturn)
	d.waitFor("You need your master password and the Secret Key")
	d.do("Approve from another device")
	d.waitFor("That is not an e-mail address.")
	d.tabTo("E-mail")
	d.typeText(anna)
	d.do("Approve from another device")
	d.waitFor("Approve this PC on another device")
	d.waitFor("Copy the text of the code")
	d.until("the keyboard where it can be seen", func() bool { return d.focusInSight() })
	requests, err := a.Pairings(t.Context())
	if err != nil || len(requests) != 1 {
		t.Fatalf("%d requests, %v", len(requests), err)
	}
	approval, err := a.Answer(t.Context(), requests[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	d.waitFor("Type these into the other device")
	if err := approval.Revealed(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := approval.Check(t.Context(), d.shell.Welcome().Sheet().State().Digits); err != nil {
		t.Fatal(err)
	}
	if err := approval.Approve(t.Context(), testpc.Typed(testpc.Password)); err != nil {
		t.Fatal(err)
	}
	d.waitFor("There is one try.")
	d.typeText(approval.Digits())
	d.keys(fyne.KeyReturn)
	d.waitFor("Enter your master password")
	d.typeText(testpc.Password)
	d.keys(fyne.KeyReturn)
	d.waitForItem("Mail")
}

func TestRecoverByKeyboard(t *testing.T) {
	server := testkit.Cloud(t)
	a := testpc.New(t, "PC A", nil).SignUp(t, server, anna)
	testpc.Save(t, a, testpc.Login("Mail", "anna", "first"))
	if err := a.SkipBrowserImport(t.Context()); err != nil {
		t.Fatal(err)
	}
	testpc.Sync(t, a)
	code, err := a.RecoveryCode(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	d := newDesk(t, testpc.New(t, "PC B", nil), server)
	d.keys(fyne.KeyTab, fyne.KeyReturn)
	d.waitFor("You need your master password and the Secret Key")
	d.do("I lost my password or Secret Key")
	d.waitFor("Use your recovery code")
	d.typeText(anna)
	d.keys(fyne.KeyTab)
	d.typeText(strings.ToLower(code))
	d.keys(fyne.KeyReturn)
	d.waitFor("Start the 24 hours")
	d.typeText(server.LastCode(t, anna))
	d.keys(fyne.KeyReturn)
	d.waitFor("Come back after")
	d.do("Close")
	d.waitFor("You need your master password and the Secret Key")
	d.keys(fyne.KeyEscape)
	d.waitFor("A recovery of " + anna + " was begun on this PC.")
	server.Clock.Advance(25 * time.Hour)
	d.do("Go on with the recovery")
	d.waitFor("Enter the recovery code again.")
	d.typeText(code)
	d.keys(fyne.KeyReturn)
	d.waitFor("Choose a new master password")
	d.typeText(freshPassword)
	d.keys(fyne.KeyTab, fyne.KeyTab)
	d.typeText(freshPassword)
	d.keys(fyne.KeyReturn)
	d.waitFor("Save your emergency kit")
	d.keys(fyne.KeyReturn)
	d.waitFor("Save file")
	d.keys(fyne.KeyReturn)
	d.waitFor("Saved as")
	d.keys(fyne.KeySpace, fyne.KeyReturn)
	d.waitFor("Is this your vault as you left it?")
	d.waitFor("on PC A")
	d.keys(fyne.KeyReturn)
	d.waitForItem("Mail")
}

func TestARecoveryByAStrangerIsStopped(t *testing.T) {
	ctx := t.Context()
	server, pc := testkit.Cloud(t), testpc.New(t, "Anna's PC", nil)
	u := pc.SignUp(t, server, anna)
	code, err := u.RecoveryCode(ctx)
	if err := errors.Join(err, u.SkipBrowserImport(ctx)); err != nil {
		t.Fatal(err)
	}
	u.Lock()
	d := newDesk(t, pc, server)
	d.unlock()
	r, err := testpc.New(t, "Eve’s PC", nil).BeginRecovery(ctx, d.server.URL, anna, code)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Verify(ctx, d.server.LastCode(t, anna)); err != nil {
		t.Fatal(err)
	}
	d.waitFor("Somebody is recovering your account with its recovery code, on “Eve’s PC”.")
	d.do("Stop it")
	d.waitFor("The recovery is stopped.")
}

// removeFrom has another device of the account remove this PC.
func removeFrom(t testing.TB, other *session.Unlocked) {
	t.Helper()
	devices, err := other.Devices(t.Context())
	var here []id.ID
	for _, device := range devices {
		if device.ID != other.DeviceID() {
			here = append(here, device.ID)
		}
	}
	if err = errors.Join(err, other.Change(t.Context(), session.Change{Password: testpc.Typed(testpc.Password), Remove: here})); err != nil {
		t.Fatal(err)
	}
}

// A PC that was removed says so over the list, and leads out: it is signed in again, or the account goes off it.
func TestRemovedElsewhere(t *testing.T) {
	d := openDesk(t)
	b := testpc.New(t, "PC B", nil).SignIn(t, d.server, anna, d.secretKey())
	d.shell.Vault().Sync()
	d.waitFor("Synced")
	removeFrom(t, b)
	d.shell.Vault().Sync()
	d.waitFor("The server says that this PC was removed from the account.")
	if out := d.shell.Vault().State().Sync.WayOut; out != "Sign in again" {
		t.Errorf("the sync line leads to %q", out)
	}
	d.do("Sign in again")
	d.waitFor("Sign in again on this PC")
	d.do("Not now")
	d.do("Remove account")
	d.waitFor("Remove this account from this PC?")
	d.do("Remove")
	d.waitFor("Welcome to Coffer")
}

func TestSignedOutElsewhere(t *testing.T) {
	d := openDesk(t)
	b := testpc.New(t, "PC B", nil).SignIn(t, d.server, anna, d.secretKey())
	d.shell.Vault().Sync()
	d.waitFor("Synced")
	if err := b.SignOutOthers(t.Context()); err != nil {
		t.Fatal(err)
	}
	d.waitFor("Welcome back")
	d.waitFor("This PC was signed out from another device.")
}

// The row that has the keyboard keeps it when the list is made anew.
func TestRowsKeepTheKeyboard(t *testing.T) {
	d := openDesk(t)
	d.devices()
	add, ok := d.focused().(fyne.Accessible)
	if !ok || !strings.HasPrefix(add.AccessibilityLabel(), "Add a device, ") {
		t.Fatalf("the keyboard is on %v", d.focused())
	}
	testpc.New(t, "PC B", nil).SignIn(t, d.server, anna, d.secretKey())
	d.shell.Vault().Sync()
	d.keys(fyne.KeyEscape)
	d.devices()
	d.waitFor("PC B")
	if add, ok := d.focused().(fyne.Accessible); !ok || !strings.HasPrefix(add.AccessibilityLabel(), "Add a device, ") {
		t.Errorf("the keyboard is on %v", d.focused())
	}
}
