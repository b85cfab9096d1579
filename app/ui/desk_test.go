package ui

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"

	"github.com/coffer-vault/coffer/app/kit"
	"github.com/coffer-vault/coffer/app/screen"
	"github.com/coffer-vault/coffer/app/screen/screentest"
	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/app/ui/theme"
	"github.com/coffer-vault/coffer/app/ui/widget"
	"github.com/coffer-vault/coffer/assets"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/internal/atomicfile"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/updater"
	"github.com/coffer-vault/coffer/vault/importer"
)

func TestMain(m *testing.M) { testkit.Main(m) }

const anna = "anna@example.com"

// desk is a person before the window: the views over the real session, vault and server. The person has a keyboard and eyes, and no
// pointer.
type desk struct {
	testing.TB
	pc     *testpc.PC
	server *testkit.Server
	folder string // where files are saved
	update fakeUpdates

	queue  *screentest.Queue
	clock  *screentest.Clock
	env    *screen.Env
	shell  *screen.Shell
	window fyne.Window
	ui     *Window

	clipboard fakeClipboard
	fronts    int
	quit      bool
}

// newDesk starts the program on a computer.
func newDesk(t testing.TB, pc *testpc.PC, server *testkit.Server) *desk {
	t.Helper()
	return newDeskOn(t, pc, server, screen.Desktop{})
}

// newDeskOn is newDesk on a system that offers more than all do, or that changes what the shell is told.
func newDeskOn(t testing.TB, pc *testpc.PC, server *testkit.Server, system screen.Desktop, changes ...func(*screen.ShellConfig)) *desk {
	t.Helper()
	d := &desk{TB: t, pc: pc, server: server, folder: filesFolder(t), queue: screentest.NewQueue(), clock: screentest.NewClock(clockStarts())}
	words, err := assets.Load(speaks())
	if err != nil {
		t.Fatal(err)
	}
	d.env = &screen.Env{
		Post: d.queue.Post, Clock: d.clock, Words: words, Clipboard: &d.clipboard, Paper: kit.A4, Log: slog.New(slog.DiscardHandler),
		OpenURL:  func(string) error { return nil },
		SaveFile: func(name string, content secret.Bytes, done func(string)) { d.ui.SaveFile(name, content, done) },
		SaveAs: func(name string, done func(string, bool)) {
			d.ui.SaveAs(name, func(path string, replace bool) { done(d.written(path), replace) })
		},
		PickFiles: func(want screen.FileRequest, done func([]string)) { d.ui.PickFiles(want, done) },
		Downloads: func() (string, error) { return d.folder, nil },
	}
	config := screen.ShellConfig{
		Manager: pc.Manager, Origin: server.URL, Language: speaks(), Quit: func() { d.quit = true },
		Idle: func() (time.Duration, error) { return 0, nil }, Autostart: func(bool) error { return nil },
		Autostarts: func() (bool, error) { return false, nil },
		Desktop:    system,
		Update:     screen.UpdateConfig{Client: &d.update, Restart: func() error { return nil }},
		CheckPassword: func(ctx context.Context, u *session.Unlocked, password secret.Bytes) error {
			return u.CheckPassword(ctx, password)
		},
	}
	for _, change := range changes {
		change(&config)
	}
	d.shell = screen.NewShell(d.env, config)
	d.open()
	d.queue.Says = func() string { return fmt.Sprintf("%q", d.texts()) }
	d.shell.Start()
	d.until("first screen", func() bool { return d.shell.State().Page != screen.PageStarting })
	return d
}

func (d *desk) open() {
	test.NewTempApp(d)
	d.window = test.NewTempWindow(d, nil)
	d.ui = New(Config{
		Env: d.env, Shell: d.shell, Window: d.window, Clipboard: &d.clipboard, Front: func() { d.fronts++ }, Shown: func(screen.Page) {},
		Files: Files{Folder: d.shownFolder(), Write: d.writeShown, Ready: func(path string, replace bool) error { return atomicfile.Ready(d.written(path), replace) }},
	})
	d.window.Resize(UsualSize)
	d.Cleanup(func() {
		// Where this was not the last desk, the toolkit has begun anew since, in a palette without our colours.
		if _, ours := fyne.CurrentApp().Settings().Theme().(*theme.Theme); !ours {
			fyne.CurrentApp().Settings().SetTheme(theme.New(theme.Light).For(speaks()))
		}
		d.lockAndWait()
		// The server waits for connections that were opened and never used.
		http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	})
}

// lockAndWait locks, as a computer does that goes to sleep, and waits until nothing of the vault is open.
func (d *desk) lockAndWait() {
	done := make(chan struct{})
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
		defer cancel()
		d.shell.Away(ctx)
		close(done)
		d.queue.Post(func() {}) // so that the queue looks again
	}()
	d.until("everything closed", func() bool {
		select {
		case <-done:
			return true
		default:
			return false
		}
	})
}

func writeFile(path string, content []byte, replace bool) error {
	if _, err := os.Stat(path); err == nil && !replace {
		return fs.ErrExist
	}
	return os.WriteFile(path, content, 0o600)
}

// openDesk is a desk with Anna's vault unlocked, after her first import.
func openDesk(t testing.TB) *desk {
	t.Helper()
	return openDeskOn(t, newPC(t, "Anna's PC", nil))
}

func openDeskOn(t testing.TB, pc *testpc.PC) *desk {
	t.Helper()
	server := newCloud(t)
	u := pc.SignUp(t, server, anna)
	if err := errors.Join(u.SkipBrowserImport(t.Context()), u.KitSaved(t.Context())); err != nil {
		t.Fatal(err)
	}
	u.Lock()
	d := newDesk(t, pc, server)
	d.unlock()
	return d
}

func (d *desk) unlock() {
	d.Helper()
	d.waitFor("Welcome back")
	d.typeText(testpc.Password)
	d.keys(fyne.KeyReturn)
	d.until("vault", func() bool { return d.shell.State().Page == screen.PageVault && !d.shell.Vault().State().Loading })
}

func (d *desk) until(what string, condition func() bool) {
	d.Helper()
	d.queue.Until(d, what, condition)
}

// waitFor waits until a text can be read in the window.
func (d *desk) waitFor(text string) {
	d.Helper()
	d.until("“"+text+"”", func() bool { return d.reads(text) })
}

// reads reports whether a text can be read in the window, or heard with a screen reader.
func (d *desk) reads(text string) bool {
	return slices.ContainsFunc(d.texts(), func(s string) bool { return strings.Contains(s, text) })
}

// texts are the labels of everything that can be seen.
func (d *desk) texts() []string {
	var texts []string
	d.walk(func(o fyne.CanvasObject) {
		if a, ok := o.(fyne.Accessible); ok && a.AccessibilityRole() != fyne.AccessibleRoleContainer {
			texts = append(texts, language.hears(a.AccessibilityLabel())...)
		}
	})
	return texts
}

// walk visits what can be seen: the screen, or what lies over it.
func (d *desk) walk(visit func(fyne.CanvasObject)) {
	tree := d.window.Canvas().Content()
	walk(tree, visit)
	for _, overlay := range d.window.Canvas().Overlays().List() {
		walk(overlay, visit)
	}
}

func walk(o fyne.CanvasObject, visit func(fyne.CanvasObject)) {
	if o == nil || !o.Visible() {
		return
	}
	visit(o)
	for _, child := range children(o) {
		walk(child, visit)
	}
}

func children(o fyne.CanvasObject) []fyne.CanvasObject {
	switch o := o.(type) {
	case fyne.Widget:
		return test.WidgetRenderer(o).Objects()
	case *fyne.Container:
		return o.Objects
	}
	return nil
}

// keys types keys at whatever has the focus, as the driver does.
func (d *desk) keys(names ...fyne.KeyName) {
	d.Helper()
	for _, name := range names {
		switch event, focused := (&fyne.KeyEvent{Name: name}), d.focused(); {
		case name == fyne.KeyTab:
			d.window.Canvas().FocusNext()
		case focused != nil:
			focused.TypedKey(event)
		default:
			d.window.Canvas().OnTypedKey()(event)
		}
		d.queue.Drain()
	}
}

func (d *desk) focused() fyne.Focusable { return d.window.Canvas().Focused() }

func (d *desk) typeText(text string) {
	d.Helper()
	if d.focused() == nil {
		d.Fatalf("nothing has the focus for %q", text)
	}
	for _, r := range text {
		d.focused().TypedRune(r)
	}
	d.queue.Drain()
}

// press types the shortcut of an action, as the driver does.
func (d *desk) press(action screen.Action) {
	d.Helper()
	s, ok := screen.ShortcutOf(action)
	if !ok {
		d.Fatalf("%s has no key", action)
	}
	if !s.Primary {
		d.keys(fyne.KeyName(s.Key))
		return
	}
	if focused, ok := d.focused().(fyne.Shortcutable); ok {
		focused.TypedShortcut(toolkitShortcut(s))
	} else {
		d.ui.shortcut(toolkitShortcut(s))
	}
	d.queue.Drain()
}

// tabTo presses Tab until the part with the label has the focus.
func (d *desk) tabTo(label string) {
	d.Helper()
	for range 120 {
		d.window.Canvas().FocusNext()
		a, ok := d.focused().(fyne.Accessible)
		if ok && slices.ContainsFunc(language.hears(a.AccessibilityLabel()), func(s string) bool { return strings.HasPrefix(s, label) }) {
			return
		}
	}
	d.Fatalf("Tab never comes to %q; there is %q", label, d.texts())
}

// do tabs to a button and presses Enter.
func (d *desk) do(label string) {
	d.Helper()
	d.tabTo(label)
	d.keys(fyne.KeyReturn)
}

// secrets are the secrets that can be read in the window.
func (d *desk) secrets() []string {
	var found []string
	d.walk(func(o fyne.CanvasObject) {
		s, ok := o.(*widget.Secret)
		if !ok || !s.Revealed() {
			return
		}
		text := ""
		for _, letter := range children(s) {
			text += letter.(*canvas.Text).Text
		}
		found = append(found, text)
	})
	return found
}

// waitForSecret waits until a secret can be read.
func (d *desk) waitForSecret(text string) {
	d.Helper()
	d.until("the secret "+text, func() bool { return slices.Contains(d.secrets(), text) })
}

// waitForItem waits until the right pane shows an item.
func (d *desk) waitForItem(title string) {
	d.Helper()
	d.until("the item "+title, func() bool {
		v := d.shell.Vault()
		// What was saved is shown at once, a moment before the list has it.
		return v != nil && v.Detail() != nil && v.Detail().State().Title == title && v.State().Rows.Len() > 0
	})
}

// add saves a new login.
func (d *desk) add(title, user, password string) {
	d.Helper()
	d.press(screen.ActionNew)
	d.typeText(title)
	d.keys(fyne.KeyTab)
	d.typeText(user)
	d.keys(fyne.KeyTab)
	d.typeText(password)
	d.press(screen.ActionSave)
	d.waitForItem(title)
	d.until(title+" in the list", func() bool { return rowTitled(d.shell.Vault().State().Rows, title) })
}

// rowTitled tells whether a list has an item.
func rowTitled(rows screen.Rows, title string) bool {
	for i := range rows.Len() {
		if rows.At(i).Title == title {
			return true
		}
	}
	return false
}

// files are the files that were saved.
func (d *desk) files() []string {
	names, err := filepath.Glob(filepath.Join(d.folder, "*"))
	if err != nil {
		d.Fatal(err)
	}
	return names
}

// fakeClipboard is a clipboard in memory; package platform tests the real ones.
type fakeClipboard struct {
	mu   sync.Mutex
	text string
}

func (c *fakeClipboard) Copy(text secret.Bytes, _ time.Duration) error {
	c.SetContent(string(text.Reveal()))
	return nil
}

func (c *fakeClipboard) Clear() error {
	c.SetContent("")
	return nil
}

func (c *fakeClipboard) Content() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.text
}

func (c *fakeClipboard) SetContent(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.text = text
}

func (c *fakeClipboard) SetSecret(text string) { c.SetContent(text) }

// fakeBrowser is a browser profile with passwords.
type fakeBrowser struct {
	name string
	rows []importer.Row
}

func (b fakeBrowser) Info() importer.Info {
	return importer.Info{ID: b.name, Browser: b.name, Profile: "Default", Count: len(b.rows)}
}

func (b fakeBrowser) Rows(context.Context, secret.Bytes) iter.Seq2[importer.Row, error] {
	return func(yield func(importer.Row, error) bool) {
		for _, row := range b.rows {
			if !yield(row, nil) {
				return
			}
		}
	}
}

// fakeUpdates finds the release it is given.
type fakeUpdates struct{ found updater.State }

func (u *fakeUpdates) Check(context.Context) updater.State {
	if u.found == nil {
		return updater.UpToDate{}
	}
	return u.found
}

func (u *fakeUpdates) Stage(ctx context.Context, _ updater.Progress) updater.State {
	return u.Check(ctx)
}
func (u *fakeUpdates) LastVerified() (time.Time, error) { return clockStarts(), nil }
