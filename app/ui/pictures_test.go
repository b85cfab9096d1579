package ui

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/software"
	"fyne.io/fyne/v2/test"

	"github.com/coffer-vault/coffer/app/platform"
	"github.com/coffer-vault/coffer/app/screen"
	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/app/ui/theme"
	"github.com/coffer-vault/coffer/app/ui/widget"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/internal/buildinfo"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/updater"
	"github.com/coffer-vault/coffer/vault"
)

// picturesVariable names a folder that pictures of every screen are written to, for people to look at. Without it they are not drawn:
// the painter in memory is slow.
const picturesVariable = "COFFER_PICTURES"

// languageVariable is the code of another language than English for the pictures, which then is part of their names.
const languageVariable = "COFFER_PICTURES_LANGUAGE"

// album takes pictures of one desk in one size.
type album struct {
	*desk
	shape shape
	other *session.Unlocked // Anna's other device, which fills the vault
	look  func(name string) // at a screen, which holds still for it
}

// shape is a window: its size in the toolkit's units, and how many pixels a unit has.
type shape struct {
	name  string
	size  fyne.Size
	scale float32
}

// scenes begin with a computer each. One desk at a time: the toolkit's test driver knows the keyboard of one window alone.
var scenes = map[string]func(*album){
	"first run": (*album).firstRun, "account": (*album).account, "approving": (*album).approving, "new device": (*album).newDevice,
	"with the kit": (*album).withTheKit, "recovery": (*album).recovery, "notices": (*album).notices, "ways out": (*album).waysOut,
	"several accounts": (*album).severalAccounts,
	"several items":    (*album).severalScene,
	"set up again":     (*album).setUpAgain, "backups": (*album).backups, "files": (*album).filesScene,
}

func TestPictures(t *testing.T) {
	if os.Getenv(picturesVariable) == "" {
		t.Skipf("%s names no folder", picturesVariable)
	}
	if code := os.Getenv(languageVariable); code != "" {
		speak(t, code)
	}
	for _, shape := range []shape{usual, least, large} {
		for name, play := range scenes {
			t.Run(shape.name+"/"+name, func(t *testing.T) {
				a := newAlbum(t, shape)
				a.look = a.keep
				play(a)
			})
		}
	}
}

// The shapes: as the window opens first, the smallest, and the smallest on a screen with 150 %.
var usual, least, large = shape{"usual", UsualSize, 1}, shape{"least", LeastSize, 1}, shape{"large", LeastSize, 1.5}

// brush draws all pictures of a test binary.
var brush = newPainter()

func newAlbum(t testing.TB, shape shape) *album {
	t.Helper()
	enterStudio(t)
	clear(brush.standIns)
	return &album{desk: &desk{TB: t}, shape: shape}
}

// sit takes the pictures at a desk from here on.
func (a *album) sit(d *desk) {
	a.desk = d
	brush.standIns[d.folder] = studioFolder
	a.stretch(a.shape)
}

// stretch gives the window a shape.
func (a *album) stretch(shape shape) {
	a.window.Canvas().(software.WindowlessCanvas).SetScale(shape.scale)
	a.window.Resize(shape.size)
	a.ui.root.Refresh()
}

// take looks at the window once nothing is on its way any more.
func (a *album) take(name string) {
	a.Helper()
	a.still()
	a.look(name)
}

// still waits until nothing is on its way any more.
func (a *album) still() {
	a.Helper()
	a.queue.Drain()
	a.until("the end of the sync", func() bool { return !a.busy() })
}

// busy reports whether a sync is going on, or the item that is shown is not yet all there.
func (a *album) busy() bool {
	if a.shell.State().Page != screen.PageVault {
		return false
	}
	v := a.shell.Vault()
	if d := v.Detail(); d != nil {
		if s := d.State(); s.Loading || s.CanEdit && !s.Files.Shown {
			return true
		}
	}
	return v.State().Sync.Busy
}

// draw is a picture of the window.
func (a *album) draw(mode theme.Mode) *image.RGBA {
	palette := palettes[mode]
	if palette.language != speaks() {
		palette.Theme, palette.language = theme.New(mode).For(speaks()), speaks()
	}
	if fyne.CurrentApp().Settings().Theme() != palette.Theme { // to change it takes longer than to draw
		test.ApplyTheme(a.TB.(*testing.T), palette.Theme)
	}
	a.standIn()
	a.ui.root.Refresh()
	return brush.paint(a.window.Canvas())
}

// standIn gives paragraphs the stand-ins of what they have, which break into other lines.
func (a *album) standIn() {
	replaced := false
	a.walk(func(o fyne.CanvasObject) {
		if p, ok := o.(*widget.Paragraph); ok && brush.shown(p.Text()) != p.Text() {
			p.SetText(brush.shown(p.Text()))
			replaced = true
		}
	})
	if size := a.window.Canvas().Size(); replaced { // to lay out what is around them
		a.window.Resize(size.AddWidthHeight(1, 1))
		a.window.Resize(size)
	}
}

// palettes are the themes that pictures are drawn in, with the language that each is for.
var palettes = map[theme.Mode]*struct {
	fyne.Theme
	language string
}{theme.Light: {}, theme.Dark: {}}

// keep writes the window in both palettes.
func (a *album) keep(name string) {
	a.Helper()
	for mode, suffix := range map[theme.Mode]string{theme.Dark: "dark", theme.Light: "light"} {
		file := fmt.Sprintf("%s-%s-%s%s.png", name, a.shape.name, suffix, languageSuffix())
		if err := writePicture(filepath.Join(os.Getenv(picturesVariable), file), a.draw(mode)); err != nil {
			a.Fatal(err)
		}
	}
}

func writePicture(path string, picture image.Image) error {
	var file bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	return errors.Join(encoder.Encode(&file, picture), os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, file.Bytes(), 0o644))
}

func (a *album) firstRun() {
	a.sit(newDesk(a.TB, newPC(a, "Anna’s laptop", withBrowser), newCloud(a)))
	a.welcome()
	a.vault()
	a.dialogs()
	a.conflict()
	a.unlocking()
}

func (a *album) welcome() {
	a.take("welcome-choose")
	a.keys(fyne.KeyReturn)
	a.do("Self-hosted server")
	a.typeText("not an address")
	a.tabTo("E-mail")
	a.typeText("anna@example.com")
	a.keys(fyne.KeyReturn)
	a.take("welcome-server-wrong")
	a.do("Self-hosted server")
	a.tabTo("E-mail")
	a.keys(fyne.KeyReturn)
	a.waitFor("Enter the code")
	code := a.server.LastCode(a, anna)
	a.typeText("0000")
	a.take("welcome-code")
	a.typeText("0000")
	a.waitFor("That code is not right.")
	a.take("welcome-code-wrong")
	a.typeText(code)
	a.waitFor("Choose a master password")
	a.typeText(testpc.Password)
	a.tabTo("Repeat")
	a.typeText("correct horse")
	a.waitFor("Good")
	a.take("welcome-password")
	a.typeText(testpc.Password[len("correct horse"):])
	a.keys(fyne.KeyReturn)
	a.waitFor("Save your emergency kit")
	a.take("welcome-kit")
	a.keys(fyne.KeyReturn)
	a.waitFor("Save file")
	a.take("save-file")
	a.keys(fyne.KeyReturn)
	a.waitFor("Saved as")
	a.take("welcome-kit-saved")
	a.keys(fyne.KeySpace, fyne.KeyReturn)
	a.waitFor("2 of 2 passwords")
	a.take("import-report")
	a.keys(fyne.KeyReturn)
	a.waitFor("2 items")
}

func (a *album) vault() {
	a.other = newPC(a, "Anna’s PC", nil).SignIn(a, a.server, anna, a.secretKey())
	folder := a.fill(a.other)
	testpc.Sync(a, a.other)
	a.shell.Vault().Sync()
	a.waitFor("12 items")
	a.do("It was me")
	a.until("the device is known", func() bool { return a.shell.Vault().State().Notice.Message.IsZero() })
	a.take("vault")
	a.shell.Vault().Select(a.row("GitHub"))
	a.waitForItem("GitHub")
	a.waitFor("Excellent")
	a.take("vault-login")
	a.press(screen.ActionReveal)
	a.press(screen.ActionCopyPassword)
	a.waitFor("copied")
	a.do("One earlier version")
	a.take("vault-reveal-history")
	for _, title := range []string{"Amazon", "Visa", "Passport", "Wi-Fi at home"} {
		a.shell.Vault().Select(a.row(title))
		a.waitForItem(title)
		a.clock.Advance(a.queue, 10*time.Second)
		a.take("vault-" + strings.ReplaceAll(title, " ", "-"))
	}
	a.ui.view.(*vaultView).list.search.SetText("nothing like it")
	a.waitFor("Nothing found")
	a.take("vault-nothing-found")
	a.ui.view.(*vaultView).list.search.SetText("")
	a.shell.Vault().Go(screen.Place{Kind: screen.PlaceFolder, Folder: folder})
	a.waitForItem("Amazon")
	a.take("vault-folder")
	a.shell.Vault().Go(screen.Place{})
	a.waitFor("12 items")
}

func (a *album) row(title string) int {
	rows := a.shell.Vault().State().Rows
	for i := range rows.Len() {
		if rows.At(i).Title == title {
			return i
		}
	}
	a.Fatalf("no item %q", title)
	return -1
}

// fill saves items of all kinds.
func (a *album) fill(u *session.Unlocked) (folder id.ID) {
	f, err := u.Vault().SaveFolder(a.Context(), vault.Folder{Name: "Work"})
	if err != nil {
		a.Fatal(err)
	}
	github := testpc.Login("GitHub", "anna.keller", "first-password")
	github.Websites, github.Folder, github.Tags = []string{"https://github.example/login", "https://gist.github.example"}, f.ID, []string{"code", "two-step"}
	github.Set(vault.OTP, secret.FromString("JBSWY3DPEHPK3PXP"))
	github.Set(vault.Notes, secret.FromString("Recovery codes are in the safe at home. Ask Jonas before changing the billing address; the invoice runs on the 1st of each month."))
	saved := testpc.Save(a, u, github)
	saved.Set(vault.Password, secret.FromString("Vg7#kQ2m-Lr9!tXe4wPz"))
	saved.Favorite = true
	testpc.Save(a, u, saved)
	amazon := testpc.Login("Amazon", "team@studio.example", "sunshine1")
	amazon.Websites, amazon.Folder = []string{"amazon.example"}, f.ID
	testpc.Save(a, u, amazon)
	for _, title := range []string{"Deutsche Bahn", "Netflix", "Hetzner Cloud", "Spotify", "A title that is much too long for the width of this list"} {
		testpc.Save(a, u, testpc.Login(title, "anna.keller@example.com", "Vg7#kQ2m-Lr9!tXe4wPz"))
	}
	values := func(kind vault.Kind, title string, values map[vault.Key]string) {
		it := vault.Item{Kind: kind, Title: title}
		for key, value := range values {
			it.Set(key, secret.FromString(value))
		}
		testpc.Save(a, u, it)
	}
	values(vault.Card, "Visa", map[vault.Key]string{vault.Cardholder: "Anna Keller", vault.Number: "4111111111111111", vault.Expires: "2028-09", vault.CVV: "123", vault.Bank: "ING"})
	values(vault.Identity, "Passport", map[vault.Key]string{vault.FirstName: "Anna", vault.LastName: "Keller", vault.Birthday: "1990-04-02", vault.Passport: "C01X00T47", vault.City: "Bern"})
	values(vault.Note, "Wi-Fi at home", map[vault.Key]string{vault.Notes: "Network: Keller\nThe key is below the router.\n\nGuests get the other one."})
	return f.ID
}

func (a *album) dialogs() {
	a.press(screen.ActionNew)
	a.take("editor-new")
	a.press(screen.ActionSave)
	a.take("editor-name-missing")
	a.press(screen.ActionBack)
	a.shell.Vault().Select(a.row("GitHub"))
	a.waitForItem("GitHub")
	a.press(screen.ActionEdit)
	a.shell.Vault().Editor().AddField("concealed")
	a.shell.Vault().Editor().AddTag("important")
	a.waitFor("Excellent")
	a.take("editor")
	a.keys(fyne.KeyEscape)
	a.waitFor("Discard your changes?")
	a.take("editor-discard")
	a.do("Discard")
	a.waitForItem("GitHub")
	a.press(screen.ActionGenerator)
	a.take("generator")
	a.keys(fyne.KeyEscape)
	a.press(screen.ActionSettings)
	a.waitFor("Anna’s laptop")
	a.take("settings")
	a.tabTo("Remove this account")
	a.take("settings-account")
	a.keys(fyne.KeyReturn)
	a.take("settings-remove")
	a.keys(fyne.KeyEscape, fyne.KeyEscape)
	a.ui.root.ShowMenu(fyne.NewPos(380, 200), a.ui.view.(*vaultView).list.menu()...)
	a.keys(fyne.KeyDown)
	a.take("menu-item")
	a.keys(fyne.KeyEscape)
	a.do("Accounts and more")
	a.take("menu-accounts")
	a.keys(fyne.KeyEscape)
	a.do("New folder")
	a.take("folder-name")
	a.keys(fyne.KeyEscape)
	a.update.found = updater.Staged{Release: updater.Release{Version: buildinfo.Number{Major: 1, Minor: 4}, Notes: "Faster search, and a calmer list."}}
	a.shell.Update().Poll()
	a.waitFor("Coffer 1.4.0 is ready.")
	a.take("update")
	a.press(screen.ActionSettings)
	a.waitFor("Updates")
	a.take("settings-update")
	a.keys(fyne.KeyEscape)
	a.shell.Update().Later()
	a.press(screen.ActionBack)
	a.keys(fyne.KeyDelete)
	a.waitFor("11 items")
	a.take("toast-undo")
	a.shell.Vault().Go(screen.Place{Kind: screen.PlaceTrash})
	a.waitFor("In the trash")
	a.take("trash")
	a.shell.Vault().Go(screen.Place{})
}

func (a *album) conflict() {
	a.shell.Vault().DismissToast() // of the scene before
	item := testpc.Save(a, a.other, testpc.Login("Mail", "anna", "base"))
	testpc.Sync(a, a.other)
	a.shell.Vault().Sync()
	a.waitFor("Mail")
	a.shell.Vault().Select(a.row("Mail"))
	a.waitForItem("Mail")
	a.editApart(item.ID, "there")
	a.waitFor("Offline")
	a.waitFor("Weak password")
	a.until("the new username in the list", func() bool {
		return a.shell.Vault().State().Rows.At(a.row("Mail")).Subtitle == "anna.typed.here@example.com"
	})
	a.take("offline")
	a.do("Offline")
	a.take("sync-dialog")
	a.keys(fyne.KeyEscape)
	a.meetAgain()
	a.take("vault-conflict")
	a.do("Choose")
	a.waitFor("0 of 2 decided")
	a.take("conflicts")
	a.do("Show")
	a.do("Use this")
	a.waitFor("1 of 2 decided")
	a.take("conflicts-half")
	a.shell.Vault().Go(screen.Place{Kind: screen.PlaceConflicts})
	a.waitFor("0 of 1 decided")
	a.do("Keep both")
	a.waitFor("Both values are kept.")
	a.take("conflicts-inbox")
	a.allItems()
	a.conflictElsewhere(item.ID)
	a.allItems()
}

// conflictElsewhere decides one question here, and one on the other device.
func (a *album) conflictElsewhere(item id.ID) {
	testpc.Sync(a, a.other)
	a.shell.Vault().Select(a.row("Mail"))
	a.waitForItem("Mail")
	a.editApart(item, "later")
	a.waitFor("Offline")
	a.meetAgain()
	a.do("Choose")
	a.waitFor("0 of 2 decided")
	a.do("Use this")
	a.waitFor("1 of 2 decided")
	testpc.Sync(a, a.other)
	there := testpc.Get(a, a.other, item)
	if err := a.other.Vault().ResolveConflict(a.Context(), item, there.Conflicts()[0], false); err != nil {
		a.Fatal(err)
	}
	testpc.Sync(a, a.other)
	a.shell.Vault().Sync()
	a.waitFor("on your other devices")
	a.take("conflicts-elsewhere")
}

// allItems goes back to the list that begins with the longest title.
func (a *album) allItems() {
	a.shell.Vault().Go(screen.Place{})
	a.waitForItem("A title that is much too long for the width of this list")
}

// editApart changes the item that is shown here and on the other device, without a network; word is what the other device types.
func (a *album) editApart(item id.ID, word string) {
	a.server.Stop()
	there := testpc.Get(a, a.other, item)
	there.Set(vault.Password, testpc.Typed("typed "+word))
	there.Set(vault.Username, testpc.Typed("typed."+word+"@example.com"))
	testpc.Save(a, a.other, there)
	a.press(screen.ActionEdit)
	a.tabTo("Username")
	a.typeText(".typed.here@example.com")
	a.tabTo("Password")
	a.typeText(" typed here")
	a.press(screen.ActionSave)
}

// meetAgain brings both devices together, and shows what they disagree about.
func (a *album) meetAgain() {
	a.server.Restart()
	testpc.Sync(a, a.other)
	a.shell.Vault().Sync()
	a.shell.Vault().Select(a.row("Mail"))
	a.waitForItem("Mail")
	a.waitFor("Changed on two devices")
}

func (a *album) severalAccounts() {
	server, pc := newCloud(a), newPC(a, "Anna’s laptop", nil)
	for _, email := range []string{"studio@example.com", anna} {
		u := pc.SignUp(a, server, email)
		testpc.Save(a, u, testpc.Login("Mail", email, testpc.Password))
		if err := errors.Join(u.SkipBrowserImport(a.Context()), u.KitSaved(a.Context())); err != nil {
			a.Fatal(err)
		}
		u.Lock()
	}
	a.sit(newDesk(a.TB, pc, server))
	for range 2 { // the second time from the menu of the first account
		a.waitFor("Welcome back")
		a.typeText(testpc.Password)
		a.keys(fyne.KeyReturn)
		a.waitForItem("Mail")
		a.press(screen.ActionAccounts)
		a.take("accounts-menu")
		a.keys(fyne.KeyDown, fyne.KeyReturn)
	}
	a.waitForItem("Mail")
	a.press(screen.ActionLock)
	a.waitFor("Another account is unlocked.")
	a.take("unlock-other-open")
	a.do("Remove this account from this PC")
	a.take("unlock-remove")
}

func (a *album) unlocking() {
	a.press(screen.ActionLock)
	a.waitFor("Welcome back")
	a.take("unlock")
	a.typeText("not the password")
	a.keys(fyne.KeyReturn)
	a.waitFor("That is not the master password.")
	a.take("unlock-wrong")
	a.pc.Keyring.Fail(platform.ErrUnavailable)
	a.keys(fyne.KeyReturn)
	a.waitFor("The keyring of this PC does not answer")
	a.typeText("c1-abcd")
	a.take("unlock-secret-key")
	a.do("Sign in to another account")
	a.waitFor("Welcome to Coffer")
	a.do("Sign in")
	a.take("welcome-sign-in")
	a.keys(fyne.KeyReturn)
	a.take("welcome-sign-in-missing")
}
