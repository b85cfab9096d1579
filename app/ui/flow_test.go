package ui

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"

	"github.com/coffer-vault/coffer/app/screen"
	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/keys"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/internal/buildinfo"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/updater"
	"github.com/coffer-vault/coffer/vault"
	"github.com/coffer-vault/coffer/vault/importer"
)

// withBrowser gives a computer a browser with two passwords.
func withBrowser(c *session.Config) {
	row := func(site, user, password string) importer.Row {
		return importer.Row{ID: site, Site: site, Record: &importer.Record{
			Kind: importer.Login, Title: site, URLs: []string{"https://" + site}, Username: user, Password: secret.FromString(password),
			Source: "browser", SourceID: site,
		}}
	}
	c.Browsers = func(context.Context) []importer.Source {
		return []importer.Source{fakeBrowser{"Chromium", []importer.Row{row("shop.example", "anna", "bought42"), row("news.example", "anna", "daily-77")}}}
	}
}

// toTheKit creates Anna's account with the keyboard, as far as the emergency kit.
func (d *desk) toTheKit() {
	d.Helper()
	d.waitFor("Welcome to Coffer")
	d.keys(fyne.KeyReturn)
	d.typeText(anna)
	d.keys(fyne.KeyReturn)
	d.waitFor("We sent a code to " + anna)
	d.typeText(strings.ToLower(d.server.LastCode(d, anna)))
	d.waitFor("Choose a master password")
	d.typeText(testpc.Password)
	d.keys(fyne.KeyTab, fyne.KeyTab)
	d.typeText(testpc.Password)
	d.keys(fyne.KeyReturn)
	d.waitFor("Save your emergency kit")
}

// signUp creates Anna's account with the keyboard and ends where her browsers are looked at.
func (d *desk) signUp() {
	d.Helper()
	d.toTheKit()
	d.keys(fyne.KeyReturn)
	d.waitFor("Save file")
	d.keys(fyne.KeyReturn)
	d.waitFor("Saved as " + d.folder)
	d.keys(fyne.KeySpace, fyne.KeyReturn)
}

func TestCreateAnAccountByKeyboard(t *testing.T) {
	server := testkit.Cloud(t)
	d := newDesk(t, testpc.New(t, "Anna's PC", withBrowser), server)
	d.signUp()
	d.waitFor("2 of 2 passwords are in your vault now.")
	d.keys(fyne.KeyReturn)
	d.waitFor("2 items")
	d.waitFor("news.example")

	kit, err := os.ReadFile(d.files()[0])
	if err != nil || !strings.HasPrefix(string(kit), "%PDF-") {
		t.Errorf("the kit begins with %.20q: %v", kit, err)
	}
}

func TestEveryStepOfSigningUpCanGoBack(t *testing.T) {
	d := newDesk(t, testpc.New(t, "Anna's PC", nil), testkit.Cloud(t))
	d.keys(fyne.KeyReturn)
	d.typeText(anna)
	d.keys(fyne.KeyReturn)
	d.waitFor("Enter the code")
	d.keys(fyne.KeyEscape)
	d.waitFor("Create your account")
	if got := d.ui.view.(*welcomeView).model.State().Email; got != anna {
		t.Errorf("the address is %q after going back", got)
	}
	d.keys(fyne.KeyEscape)
	d.waitFor("Welcome to Coffer")
	d.keys(fyne.KeyEscape) // there is nothing before
	d.waitFor("Welcome to Coffer")
}

func TestSecondDeviceByKeyboard(t *testing.T) {
	server := testkit.Cloud(t)
	a := testpc.New(t, "PC A", nil).SignUp(t, server, anna)
	testpc.Save(t, a, testpc.Login("Mail", "anna", "first"))
	testpc.Sync(t, a)
	if err := a.SkipBrowserImport(t.Context()); err != nil {
		t.Fatal(err)
	}
	testpc.Sync(t, a)

	d := newDesk(t, testpc.New(t, "PC B", nil), server)
	d.keys(fyne.KeyTab, fyne.KeyReturn)
	d.waitFor("You need your master password and the Secret Key")
	d.typeText(anna)
	d.keys(fyne.KeyTab)
	d.typeText("not this one")
	d.keys(fyne.KeyReturn) // leads to what is missing
	d.typeText(strings.ReplaceAll(a.SecretKey(), "-", ""))
	d.waitFor("The Secret Key is complete.")
	d.keys(fyne.KeyReturn)
	d.waitFor("E-mail address, master password and Secret Key do not fit together.")
	d.typeText(testpc.Password) // in place of the wrong one
	d.keys(fyne.KeyReturn)
	d.waitFor("We sent a code to")
	d.typeText(server.LastCode(t, anna))
	d.waitFor("Is this your vault as you left it?")
	d.waitFor("on PC A")
	d.keys(fyne.KeyReturn)
	d.waitForItem("Mail")
	d.press(screen.ActionReveal)
	d.waitForSecret("first")
}

func TestAddEditSearchLockUnlock(t *testing.T) {
	d := openDesk(t)
	d.waitFor("Your vault is empty")
	d.press(screen.ActionNew)
	d.typeText("GitHub")
	d.keys(fyne.KeyTab)
	d.typeText("anna")
	d.keys(fyne.KeyTab)
	d.typeText("hunter2hunter2")
	d.tabTo("One-time code")
	d.typeText("JBSWY3DPEHPK3PXP")
	d.tabTo("Website")
	d.typeText("github.com/login")
	d.keys(fyne.KeyReturn) // saves, from any field of one line
	d.waitFor("Copy One-time code")
	d.waitFor("github.com/login")

	d.press(screen.ActionReveal)
	d.waitForSecret("hunter2hunter2")
	d.press(screen.ActionReveal)
	if got := d.secrets(); len(got) > 0 {
		t.Errorf("hidden again, one can still read %q", got)
	}
	d.press(screen.ActionCopyPassword)
	d.waitFor("Password copied. It will be cleared in 30 s.")
	if got := d.clipboard.Content(); got != "hunter2hunter2" {
		t.Errorf("the clipboard holds %q", got)
	}

	d.press(screen.ActionEdit)
	d.waitFor("Edit login")
	d.tabTo("Username")
	d.typeText(".keller")
	d.press(screen.ActionSave)
	d.waitFor("Copy Username") // and not the field in which it was typed

	d.add("Netflix", "anna.k", "another-password")
	d.press(screen.ActionSearch)
	d.typeText("git")
	d.waitFor("1 item")
	d.keys(fyne.KeyDown)
	if _, ok := d.focused().(interface{ Selected() int }); !ok {
		t.Errorf("Down in the search leads to %T", d.focused())
	}
	d.press(screen.ActionSearch)
	d.typeText("gitnothing")
	d.waitFor("0 items")
	search := d.focused()
	if d.keys(fyne.KeyDown, fyne.KeyReturn); d.focused() != search {
		t.Errorf("Down and Enter lead from the search to %T, where nothing is", d.focused())
	}
	d.press(screen.ActionLock)
	d.waitFor("Welcome back")
	d.unlock()
	d.waitFor("GitHub")
	d.waitFor("2 items")
}

func TestTrashAndUndoByKeyboard(t *testing.T) {
	d := openDesk(t)
	d.add("GitHub", "anna", "hunter2hunter2")
	d.keys(fyne.KeyDelete)
	d.waitFor("“GitHub” is in the trash.")
	d.waitFor("Your vault is empty")
	d.ui.act(screen.ActionUndo)
	d.until("restored", func() bool { return d.shell.Vault().State().Rows.Len() == 1 })

	d.press(screen.ActionBack)
	d.keys(fyne.KeyDelete)
	d.waitFor("“GitHub” is in the trash.")
	d.tabTo("Trash")
	d.keys(fyne.KeyReturn)
	d.waitFor("It stays here until you empty the trash.")
	d.press(screen.ActionBack)
	d.keys(fyne.KeyDelete)
	d.waitFor("Delete “GitHub” forever?")
	d.keys(fyne.KeyReturn) // Enter says no: what cannot be undone has to be meant
	if d.reads("forever?") {
		t.Fatal("the question is still there")
	}
	d.keys(fyne.KeyDelete)
	d.waitFor("Delete “GitHub” forever?")
	d.do("Delete")
	d.waitFor("The trash is empty")
}

func TestUnsavedEditIsNotLost(t *testing.T) {
	d := openDesk(t)
	d.add("GitHub", "anna", "hunter2hunter2")
	d.press(screen.ActionEdit)
	d.typeText(" of Anna")
	d.keys(fyne.KeyEscape)
	d.waitFor("Discard your changes?")
	d.keys(fyne.KeyEscape)
	if d.reads("Discard your changes?") || !d.reads("Edit login") {
		t.Fatal("Escape did not keep the editor")
	}
	d.press(screen.ActionLock)
	d.waitFor("Welcome back")
	d.unlock()
	d.waitFor("What you were typing was saved when Coffer locked.")
	d.waitForItem("GitHub of Anna")

	d.press(screen.ActionEdit)
	d.typeText("!")
	d.keys(fyne.KeyEscape)
	d.do("Discard")
	d.waitForItem("GitHub of Anna")
	if d.reads("Edit login") || d.reads("GitHub of Anna!") {
		t.Error("the change was not discarded")
	}
}

func TestGeneratorFillsTheEditor(t *testing.T) {
	d := openDesk(t)
	d.press(screen.ActionNew)
	d.typeText("Bank")
	d.do("Generate a password")
	d.waitFor("Password generator")
	made := d.secrets()[0]
	d.keys(fyne.KeyReturn)
	d.until("filled", func() bool { return !d.reads("Password generator") })
	d.press(screen.ActionSave)
	d.until("saved", func() bool { return d.shell.Vault().State().Pane == screen.PaneDetail })
	d.waitFor("Show Password")
	d.press(screen.ActionReveal)
	d.waitForSecret(made)
}

func TestConflictByKeyboard(t *testing.T) {
	d := openDesk(t)
	d.add("Mail", "anna", "base-password")
	key := d.secretKey()
	b := testpc.New(t, "PC B", nil).SignIn(t, d.server, anna, key)
	item := b.Vault().Query(vault.Filter{})[0].ID

	d.server.Stop()
	it := testpc.Get(t, b, item)
	it.Set(vault.Password, testpc.Typed("typed on B"))
	testpc.Save(t, b, it)
	d.press(screen.ActionEdit)
	d.tabTo("Password")
	d.typeText(" of A")
	d.press(screen.ActionSave)
	d.waitFor("Offline")
	d.server.Restart()
	testpc.Sync(t, b)
	d.shell.Vault().Sync()
	d.waitFor("Changed on two devices")

	d.do("Choose")
	d.waitFor("0 of 1 decided")
	d.do("Show")
	d.do("Show")
	d.until("both values", func() bool {
		return slices.Contains(d.secrets(), "base-password of A") && slices.Contains(d.secrets(), "typed on B")
	})
	d.do("Use this")
	d.waitFor("1 of 1 decided")
	d.keys(fyne.KeyEscape)
	d.waitFor("Show Password")
	d.press(screen.ActionReveal)
	d.until("one value", func() bool { return len(d.secrets()) == 1 })
}

// secretKey is read from the emergency kit's model, as a person would read it from the paper.
func (d *desk) secretKey() string {
	for _, entry := range d.pc.Keyring.Entries() {
		key, err := keys.SecretKeyFromBytes(entry.SecretKey)
		if err != nil {
			d.Fatal(err)
		}
		return key.Text()
	}
	d.Fatal("the keyring is empty")
	return ""
}

func TestUpdateIsOfferedOnEveryScreen(t *testing.T) {
	d := openDesk(t)
	d.update.found = updater.Staged{Release: updater.Release{Version: buildinfo.Number{Major: 1, Minor: 4}, Notes: "Faster search."}}
	d.shell.Update().Poll()
	d.waitFor("Coffer 1.4.0 is ready.")
	d.press(screen.ActionLock)
	d.waitFor("Welcome back")
	d.waitFor("Coffer 1.4.0 is ready.")
	d.unlock()
	d.press(screen.ActionSettings)
	d.waitFor("Devices")
	d.keys(fyne.KeyReturn) // what is ready to be installed has the focus
	d.until("quit", func() bool { return d.quit })
}

func TestSettingsByKeyboard(t *testing.T) {
	d := openDesk(t)
	d.press(screen.ActionSettings)
	d.waitFor("Anna's PC")
	d.keys(fyne.KeyRight)
	if got := d.shell.State().Theme; got != "light" {
		t.Errorf("the theme is %q", got)
	}
	d.tabTo("Emergency kit")
	d.typeText("not the password")
	d.keys(fyne.KeyReturn)
	d.waitFor("That is not the master password")
	d.typeText(testpc.Password)
	d.keys(fyne.KeyReturn)
	d.waitFor("Save file")
	d.keys(fyne.KeyReturn)
	d.waitFor("Saved as " + d.folder)
	d.keys(fyne.KeyEscape)
	if d.reads("Appearance") {
		t.Error("Escape does not close the settings")
	}
}
