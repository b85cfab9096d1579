package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/app"
	toolkit "fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/lang"

	"github.com/coffer-vault/coffer/app/kit"
	"github.com/coffer-vault/coffer/app/platform"
	"github.com/coffer-vault/coffer/app/screen"
	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/app/ui"
	"github.com/coffer-vault/coffer/app/ui/theme"
	"github.com/coffer-vault/coffer/app/ui/widget"
	"github.com/coffer-vault/coffer/assets"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/internal/atomicfile"
	"github.com/coffer-vault/coffer/internal/enrolment"
	"github.com/coffer-vault/coffer/internal/policy"
	"github.com/coffer-vault/coffer/updater"
	"github.com/coffer-vault/coffer/updater/machine"
	"github.com/coffer-vault/coffer/vault/importer"
	"github.com/coffer-vault/coffer/vault/importer/chromium"
	"github.com/coffer-vault/coffer/vault/importer/firefox"
	"github.com/coffer-vault/coffer/vault/importer/keystore"
)

// desktop is the running program.
type desktop struct {
	options options
	paths   platform.Paths
	program *updater.Program // nil if this program cannot be replaced
	log     *slog.Logger

	app       fyne.App
	window    fyne.Window
	manager   *session.Manager
	env       *screen.Env
	shell     *screen.Shell
	clipboard *clipboard
	ui        *ui.Window
	away      func() // stops hiding the quick access
	thread    *uiThread
	nap       *nap
	ending    *ending
	confirm   sync.Once
	tray      trayIcon
	hidden    bool // the window
	state     windowState
	settled   bool                     // the window is as large as its screen allows
	guarded   map[platform.Window]bool // whether a window is kept out of screenshots
}

func newDesktop(o options, paths platform.Paths, program *updater.Program, log *slog.Logger) *desktop {
	d := &desktop{options: o, paths: paths, program: program, log: log, guarded: map[platform.Window]bool{}, ending: &ending{log: log, exit: os.Exit}}
	d.nap = newNap(fyne.Do, waitForEvents, endWait, func() bool { return !d.hidden && widget.Moving() })
	d.thread = newUIThread(d.nap.hand)
	return d
}

// run shows the window and returns when the program has ended.
func (d *desktop) run(front *later) error {
	app.SetMetadata(fyne.AppMetadata{ID: "io.github.coffer-vault.coffer", Name: ui.Title, Icon: appIcon(d.log)})
	d.app = app.New()
	withoutLastCall(d.app.Lifecycle())
	fyne.SetCurrentApp(calmApp{d.app})
	// Through the loop, also where the toolkit does not listen for the signal itself, or not yet.
	go d.ending.watch(endSignals(), func() { d.thread.post(d.app.Driver().Quit) })
	d.app.SetIcon(appIcon(d.log))
	words, err := assets.Load(usualLanguage())
	if err != nil {
		return err
	}
	defer d.stopTray() // after the keyring has been written to: they share a connection
	d.openManager()
	defer d.manager.Close()
	d.clipboard = openClipboard(d.app, d.manager, d.log)
	defer d.clipboard.Close()
	d.env = d.newEnv(words)
	d.state = readWindowState(d.paths)
	d.shell = screen.NewShell(d.env, d.shellConfig())
	d.newWindow()
	front.set(d.asked)
	if d.options.link != "" {
		d.asked(d.options.link)
	}

	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	d.app.Lifecycle().SetOnStarted(func() { d.started(ctx) })
	d.app.Lifecycle().SetOnEnteredForeground(func() { d.entered(ctx) })
	d.app.Lifecycle().SetOnExitedForeground(d.exited)
	if d.hidden = d.options.background; !d.hidden {
		d.window.Show()
	}
	d.app.Run()
	return d.finish()
}

// finish keeps what is being typed, where the loop has ended without asking the shell.
func (d *desktop) finish() error {
	d.ending.begin("the window is closed")
	d.thread.end()
	if err := d.shell.Salvage(); err != nil {
		d.log.Error("what was being typed is not saved", "error", err)
		return fmt.Errorf("what was being typed is not saved: %w", err)
	}
	d.log.Info("end")
	return nil
}

// started begins everything that is not needed for the first picture.
func (d *desktop) started(ctx context.Context) {
	d.shell.Start()
	go d.watchAway(ctx)
	go d.pollUpdates(ctx)
	go d.nap.run(ctx)
	go tidy(ctx)
	go d.manager.RemoveUnfinished()
	d.thread.post(d.settleWindow)
	d.watchTray(ctx)
}

func (d *desktop) openManager() {
	d.manager = session.New(session.Config{
		Paths: d.paths, Keyring: platform.NewKeyring(d.paths), Browsers: browsers,
		DeviceName: platform.DeviceName(), Platform: platform.PlatformName(), Log: d.log, Policy: managed(d.log),
		Enrolment: enrolled(d.log),
	})
}

// managed reads what the administrator has decided. What was not understood is in the log for him, and in cofferctl doctor.
func managed(log *slog.Logger) policy.Policy {
	p := policy.Read()
	for _, s := range p.InForce() {
		log.Info("policy", "setting", s.Name)
	}
	for _, bad := range p.Problems {
		log.Warn("policy not understood", "setting", bad.Name, "why", bad.Reason)
	}
	return p
}

// enrolled reads whose computer this is. A damaged token is in the log for the administrator, and in cofferctl doctor.
func enrolled(log *slog.Logger) enrolment.Token {
	token, err := machine.Enrolment()
	if err != nil {
		log.Warn("enrolment token not understood", "why", err)
	}
	return token
}

// browsers finds the browser profiles of the user who runs the program.
func browsers(ctx context.Context) []importer.Source {
	env, err := importer.NewEnvironment(keystore.New())
	if err != nil {
		return nil
	}
	return append(chromium.Discover(ctx, env), firefox.Discover(ctx, env)...)
}

func (d *desktop) newEnv(words *assets.Catalog) *screen.Env {
	return &screen.Env{
		Post: d.thread.post, Clock: screen.SystemClock{}, Words: words, Clipboard: d.clipboard, Paper: paper(), Log: d.log,
		OpenURL:   platform.OpenURL,
		ShowFile:  platform.ShowFile,
		SaveFile:  func(name string, content secret.Bytes, done func(string)) { d.ui.SaveFile(name, content, done) },
		SaveAs:    func(name string, done func(string, bool)) { d.ui.SaveAs(name, done) },
		PickFiles: func(want screen.FileRequest, done func([]string)) { d.ui.PickFiles(want, done) },

		Downloads: platform.Downloads,

		Printers: platform.Printers, Print: platform.Print, ShowPrinting: func(p *screen.Printing) { d.ui.ShowPrinting(p) },
	}
}

func (d *desktop) shellConfig() screen.ShellConfig {
	return screen.ShellConfig{
		Manager: d.manager, Origin: d.options.server, Language: usualLanguage(), CanShow: theme.CanShow, Idle: platform.IdleTime, Autostart: autostart, Autostarts: platform.Autostart,
		Update: d.updateConfig(), MacOS: runtime.GOOS == "darwin", Quit: func() { d.saveWindowState(); d.app.Quit() }, Locked: d.locked,
		CheckPassword: func(ctx context.Context, u *session.Unlocked, password secret.Bytes) error {
			return u.CheckPassword(ctx, password)
		},
		Desktop: screen.Desktop{
			WatchHotKey: platform.WatchHotKey, UsualHotKey: usualHotKey(), Tray: d.tray.shown.Load, HideSecrets: platform.CanHideFromCapture(),
		},
		Place: screen.ParsePlace(d.state.Place), ReducedMotion: platform.ReducedMotion,
	}
}

// usualHotKey is none where the desktop would ask the person about it out of the blue.
func usualHotKey() string {
	if !platform.HotKeysAreQuiet() {
		return ""
	}
	return "ctrl+shift+space"
}

func autostart(on bool) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	return platform.SetAutostart(self, on)
}

// usualLanguage is the one of the organization that this computer belongs to, or else the first of the person's languages, that Coffer
// speaks and this computer has the letters for.
func usualLanguage() string {
	wanted := platform.Languages()
	if token, err := machine.Enrolment(); err == nil && token.Language != "" {
		wanted = append([]string{token.Language}, wanted...)
	}
	if best := assets.Best(wanted...); theme.CanShow(best) {
		return best
	}
	return assets.Best()
}

// paper is Letter in North America and A4 everywhere else.
func paper() kit.Paper {
	switch lang.SystemLocale().String() {
	case "en-US", "en-CA", "fr-CA", "es-MX":
		return kit.Letter
	}
	return kit.A4
}

func (d *desktop) newWindow() {
	d.window = d.app.NewWindow(ui.Title)
	d.window.SetMaster()
	d.window.SetCloseIntercept(d.closed)
	d.ui = ui.New(ui.Config{
		Env: d.env, Shell: d.shell, Window: d.window, Clipboard: d.clipboard.entries(), Files: files(atomicfile.NewDrafts(d.paths.Drafts())), Front: d.front,
		Theme: d.options.theme, Panes: d.state.Panes, MacOS: runtime.GOOS == "darwin", Shown: d.shown,
	})
	d.placeWindow()
	d.shell.Watch(func() { d.guard(d.window) })
	ui.NewQuick(ui.QuickConfig{
		Env: d.env, Quick: d.shell.Quick(), NewWindow: d.newQuickWindow, Shown: d.guard, Clipboard: d.clipboard.entries(), MacOS: runtime.GOOS == "darwin",
	})
}

// newQuickWindow has no frame, where the toolkit can do that.
func (d *desktop) newQuickWindow() fyne.Window {
	if driver, ok := d.app.Driver().(toolkit.Driver); ok {
		return driver.CreateSplashWindow()
	}
	return d.app.NewWindow(ui.Title)
}

// guard keeps a window out of screenshots, where the system can and the person wants it.
func (d *desktop) guard(window fyne.Window) {
	w, want := native(window), d.shell.State().HideSecrets
	if !platform.CanHideFromCapture() || w == 0 || d.guarded[w] == want {
		return
	}
	if err := w.HideFromCapture(want); err != nil {
		d.log.Warn("window not kept out of screenshots", "error", err)
		return
	}
	d.guarded[w] = want
}

// turnTime is how long the focus takes from one of our windows to the other at most: meanwhile neither has it.
const turnTime = 300 * time.Millisecond

// exited is called when none of our windows has the focus any more. What was found is not left on the screen of somebody who has turned
// to something else.
func (d *desktop) exited() {
	d.away = screen.NewRunner(d.thread.post, screen.SystemClock{}).After(turnTime, d.shell.Quick().Hide)
}

func (d *desktop) entered(ctx context.Context) {
	if d.away != nil {
		d.away()
	}
	go d.manager.Refresh(ctx)
}

// closed hides the window where the tray can bring it back, and else ends the program.
func (d *desktop) closed() {
	if d.tray.shown.Load() && d.shell.State().KeepInTray {
		d.saveWindowState()
		d.ui.Rest()
		d.window.Hide()
		d.hidden = true
		return
	}
	d.shell.Quit()
}

// settleTime is how long after a screen has appeared the memory is given back that it took to get there.
const settleTime = 2 * time.Second

// forgetTime is how long after a lock the toolkit has forgotten what was typed: it keeps the size of every text that it has measured for
// a minute, the master password's with the others, and clears that up every half minute.
const forgetTime = 2 * time.Minute

// shown is called with every screen. A first screen says that this version works.
func (d *desktop) shown(page screen.Page) {
	if page == screen.PageStarting {
		if d.shell.State().Quitting {
			d.ending.begin("quit")
		}
		return
	}
	d.confirm.Do(d.confirmHealthy)
	if page != screen.PageUnlock {
		// Deriving keys takes far more memory than all that follows.
		time.AfterFunc(settleTime, debug.FreeOSMemory)
	}
}

// locked is called after every lock. What Go has kept of it is cleared, also where another account is open or is opened meanwhile.
func (d *desktop) locked() {
	time.AfterFunc(settleTime, secret.Scrub)
	time.AfterFunc(forgetTime, secret.Scrub)
}

func (d *desktop) front() {
	d.hidden = false
	d.thread.post(d.settleWindow)
	d.window.Show()
	d.guard(d.window)
	d.window.RequestFocus()
	d.ui.Wake()
}

// awayTime is how long the computer waits with going to sleep until the vault is locked.
const awayTime = 5 * time.Second

// watchAway locks when the user locks the session or the computer goes to sleep.
func (d *desktop) watchAway(ctx context.Context) {
	err := platform.WatchAway(ctx, func(why platform.Away) {
		d.log.Info("locking", "why", string(why))
		ctx, cancel := context.WithTimeout(ctx, awayTime)
		defer cancel()
		d.shell.Away(ctx)
		secret.Scrub() // now, before the memory is perhaps written to the disk
	})
	if err != nil && ctx.Err() == nil {
		d.log.Warn("the system does not tell when the session is locked", "error", err)
	}
}

// later is a call whose target comes to be after it can first be made.
type later struct {
	mu     sync.Mutex
	target func(link string)
	missed []string // at most one, the last
}

func (l *later) call(link string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.target == nil {
		l.missed = []string{link}
		return
	}
	l.target(link)
}

func (l *later) set(target func(link string)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.target = target
	for _, link := range l.missed {
		target(link)
	}
}

// asked shows the window, and goes where a link leads.
func (d *desktop) asked(address string) {
	if address == "" {
		d.shell.Show()
		return
	}
	link, err := screen.ParseLink(address)
	if err != nil {
		d.log.Warn("a later start has handed over no link")
		d.shell.Show()
		return
	}
	d.shell.Follow(link)
}
