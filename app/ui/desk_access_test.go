package ui

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"github.com/coffer-vault/coffer/app/screen"
	"github.com/coffer-vault/coffer/app/ui/theme"
	"github.com/coffer-vault/coffer/app/ui/uitest"
	"github.com/coffer-vault/coffer/app/ui/widget"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/vault"
)

// checkAccess reports what on the screen somebody with a keyboard alone could not use, or somebody with weak eyes not read, and which
// label has a secret. With the test build tag system it is asked of every scene there is.
func (d *desk) checkAccess(where string) {
	d.Helper()
	for name, mode := range map[string]theme.Mode{"dark": theme.Dark, "light": theme.Light} {
		test.ApplyTheme(d.TB.(*testing.T), theme.New(mode).For(speaks()))
		d.refresh()
		for _, problem := range uitest.Contrast(d.window.Canvas()) {
			d.Errorf("%s, %s: %s", where, name, problem)
		}
	}
	for _, size := range []fyne.Size{LeastSize, UsualSize} {
		d.window.Resize(size)
		d.refresh()
		for _, problem := range uitest.Keyboard(d.window.Canvas()) {
			d.Errorf("%s, %v wide: %s", where, size.Width, problem)
		}
	}
	for _, label := range d.texts() {
		for _, secret := range d.secrets() {
			if secret != "" && strings.Contains(label, secret) {
				d.Errorf("%s: the label %q has a secret", where, label)
			}
		}
	}
}

func (d *desk) refresh() { d.window.Canvas().Content().Refresh() }

// The screens that one is at every day are usable with the keyboard alone; the others are looked at by the longer test.
func TestTheUsualScreensAreAccessible(t *testing.T) {
	github := site("GitHub", "anna-codes", "Vg7#kQ2m-Lr9!tXe4wPz", "https://github.example")
	github.Set(vault.Notes, secret.FromString("Recovery codes are in the safe."))
	d := checkDesk(t, github, site("Amazon", "anna", "amazon1", "https://amazon.example"), site("Bank", "anna", "amazon1", "https://bank.example"))
	d.waitFor("Security check, 2")
	d.checkAccess("vault")
	d.shell.Vault().Select(2)
	d.waitForItem("GitHub")
	d.press(screen.ActionReveal)
	d.waitForSecret("Vg7#kQ2m-Lr9!tXe4wPz")
	d.checkAccess("item")
	for _, c := range []struct {
		action screen.Action
		leave  []fyne.KeyName
	}{
		{screen.ActionEdit, []fyne.KeyName{fyne.KeyEscape}}, {screen.ActionGenerator, []fyne.KeyName{fyne.KeyEscape}},
		{screen.ActionSettings, []fyne.KeyName{fyne.KeyEscape}}, {screen.ActionAccounts, []fyne.KeyName{fyne.KeyEscape}},
		{screen.ActionPalette, []fyne.KeyName{fyne.KeyEscape}}, {screen.ActionKeys, []fyne.KeyName{fyne.KeyEscape}},
		{screen.ActionSelectAll, []fyne.KeyName{fyne.KeyEscape}},
	} {
		d.press(c.action)
		d.checkAccess(string(c.action))
		d.keys(c.leave...)
	}
	d.do("Security check")
	d.waitFor("2 items to fix")
	d.checkAccess("security")
	d.press(screen.ActionLock)
	d.waitFor("Welcome back")
	d.checkAccess("unlock")
}

// The item is drawn anew when its history opens: what was tapped gets the keyboard back, and still no ring.
func TestATapLeavesNoRing(t *testing.T) {
	d := openDesk(t)
	d.add("Mail", "anna", "hunter2hunter2")
	d.press(screen.ActionEdit)
	d.tabTo("Username")
	d.typeText(".k")
	d.press(screen.ActionSave)
	d.waitFor("One earlier version")
	d.walk(func(o fyne.CanvasObject) {
		if b, ok := o.(*widget.Button); ok && strings.HasPrefix(b.AccessibilityLabel(), "One earlier version") {
			test.Tap(b)
		}
	})
	d.waitFor("Restore this version")
	if o := d.focused(); o == nil || !widget.Hushed(o) {
		t.Errorf("the focus is on %T, hushed %v", o, widget.Hushed(o))
	}
	d.keys(fyne.KeyReturn) // closes it again
	if o := d.focused(); o == nil || widget.Hushed(o) {
		t.Errorf("after a key the focus is on %T, hushed %v", o, widget.Hushed(o))
	}
}

// An earlier version is looked at and brought back, and so is what a backup has, without a pointer and without a shortcut.
func TestHistoryAndBackupsByKeyboard(t *testing.T) {
	d := openDesk(t)
	d.add("GitHub", "anna", "first password")
	d.press(screen.ActionEdit)
	d.tabTo("Password")
	d.typeText(" changed")
	d.press(screen.ActionSave)
	d.waitFor("One earlier version")
	d.do("One earlier version")
	d.do("Restore this version")
	d.until("restored", func() bool { return d.reads("2 earlier versions") })
	d.press(screen.ActionReveal)
	d.waitForSecret("first password")

	d.press(screen.ActionSettings)
	d.do("Backups on this PC")
	d.waitFor("No backup yet")
	d.do("Back up now")
	d.waitFor("KB")
	d.keys(fyne.KeyEscape)
	d.press(screen.ActionBack)
	d.keys(fyne.KeyDelete)
	d.waitFor("is in the trash.")
	d.waitFor("Trash, 1")
	d.do("Trash, 1")
	d.waitFor("Empty trash")
	d.do("Empty trash")
	d.waitFor("Empty the trash?")
	d.do("Empty trash")
	d.waitFor("The trash is empty.")
	d.press(screen.ActionSettings)
	d.do("Backups on this PC")
	d.waitFor("KB")
	d.do(d.shell.Vault().Sheet().State().Rows[0].Title)
	d.waitFor("Bring all back")
	d.do("Bring all back")
	d.waitFor("as it was")
}

// tabToLabel presses Tab until the part with this very label has the focus.
func (d *desk) tabToLabel(label string) {
	d.Helper()
	for range 120 {
		d.keys(fyne.KeyTab)
		if a, ok := d.focused().(fyne.Accessible); ok && a.AccessibilityLabel() == label {
			return
		}
	}
	d.Fatalf("Tab never comes to %q; there is %q", label, d.texts())
}

// choose goes down a menu to a line and presses Enter.
func (d *desk) choose(line string) {
	d.Helper()
	for range 40 {
		d.keys(fyne.KeyDown)
		if strings.Contains(d.focused().(fyne.Accessible).AccessibilityLabel(), line) {
			d.keys(fyne.KeyReturn)
			return
		}
	}
	d.Fatalf("the menu has no %q; there is %q", line, d.texts())
}

// Nobody has to know a shortcut: Tab, Enter, Space, arrows and Esc do all.
func TestNoShortcutIsNeeded(t *testing.T) {
	d := openDesk(t)
	d.tabToLabel("New")
	d.keys(fyne.KeySpace)
	d.waitFor("New login")
	d.typeText("GitHub")
	d.tabTo("Username")
	d.typeText("anna")
	d.do("Generate a password")
	d.waitFor("Password generator")
	d.tabTo("Length")
	d.keys(fyne.KeyRight)
	d.do("Use")
	d.until("filled", func() bool { return !d.reads("Password generator") })
	d.do("Save")
	d.waitForItem("GitHub")
	d.do("Show Password")
	d.until("revealed", func() bool { return len(d.secrets()) == 1 })
	d.tabToLabel("More")
	d.keys(fyne.KeySpace)
	d.choose("Move to Trash")
	d.waitFor("“GitHub” is in the trash.")
	d.do("Undo")
	d.until("restored", func() bool { return d.shell.Vault().State().Rows.Len() == 1 })
	d.do("Accounts and more")
	d.choose("Settings")
	d.waitFor("Appearance")
	d.keys(fyne.KeyRight, fyne.KeyEscape)
	if got := d.shell.State().Theme; got != "light" {
		t.Errorf("the theme is %q", got)
	}
	d.tabTo("Search vault")
	d.typeText("nothing like it")
	d.waitFor("Nothing found")
	d.keys(fyne.KeyEscape)
	d.waitFor("1 item")
	d.do("Lock (")
	d.waitFor("Welcome back")
}

// What had the keyboard disappears, and the keyboard goes on from the list, or from what is being typed: no key works what cannot be seen.
func TestTheKeyboardIsNeverLost(t *testing.T) {
	d := openDesk(t)
	testpc.New(t, "Eve’s PC", nil).SignIn(t, d.server, anna, d.secretKey())
	d.shell.Vault().Sync()
	d.waitFor("New device: Eve’s PC, Linux.")
	d.add("GitHub", "anna", "first password")
	d.tabTo("It was me")
	known := d.focused()
	d.keys(fyne.KeyReturn)
	d.until("the device is known", func() bool { return d.shell.Vault().State().Notice.Message.IsZero() })
	if d.focused() == known || d.focused() != fyne.Focusable(d.ui.view.(*vaultView).list.list) {
		t.Errorf("the keyboard is at %s", uitest.Name(d.focused()))
	}
	d.checkAccess("after the notice")
}

// The quick access, too.
func TestQuickIsAccessible(t *testing.T) {
	d, _ := openQuickDesk(t)
	model := d.shell.Quick()
	model.Toggle()
	d.waitFor("Bank")
	d.checkQuick("quick")
	d.typeText("nothing like it")
	d.waitFor("Nothing found")
	d.checkQuick("nothing found")
	d.shell.Lock()
	d.checkQuick("locked")
	d.typeText(testpc.Password)
	d.keys(fyne.KeyReturn)
	d.waitFor("GitHub")
}

func (d *desk) checkQuick(where string) {
	d.Helper()
	for name, mode := range map[string]theme.Mode{"dark": theme.Dark, "light": theme.Light} {
		test.ApplyTheme(d.TB.(*testing.T), theme.New(mode))
		d.refresh()
		for _, problem := range uitest.Contrast(d.window.Canvas()) {
			d.Errorf("%s, %s: %s", where, name, problem)
		}
	}
	for _, problem := range uitest.Keyboard(d.window.Canvas()) {
		d.Errorf("%s: %s", where, problem)
	}
}
