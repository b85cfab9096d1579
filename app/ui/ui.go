// Package ui draws the screens: one file for each model of package screen, made of the parts of package widget.
//
// A view shows the state of its model and hands what a person does to the model's intents; it decides nothing. Views belong
// to the UI goroutine. When the vault is locked the whole tree of the window is made anew, so that nothing that was on the
// screen stays in it.
package ui

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"github.com/coffer-vault/coffer/app/screen"
	"github.com/coffer-vault/coffer/app/ui/theme"
	"github.com/coffer-vault/coffer/app/ui/widget"
)

// Title is the window's title on every screen: what is open in it is nobody else's business.
const Title = "Coffer"

// The sizes of the window in the toolkit's units: as it opens first, and the least.
var (
	UsualSize = fyne.NewSize(1180, 740)
	LeastSize = fyne.NewSize(820, 480)
)

// Config is what the window is made with. Everything in it is required.
type Config struct {
	Env       *screen.Env
	Shell     *screen.Shell
	Window    fyne.Window
	Clipboard widget.Clipboard // of the entries
	Files     Files
	Front     func()            // shows the window and brings it before all others
	Shown     func(screen.Page) // another screen is shown
	Theme     string            // instead of the one of the settings, until that is changed; empty for that one
	Panes     [2]float32        // widths of sidebar and list; zero for the usual ones
	MacOS     bool
}

// Window shows the shell: the screen that it names, the prompt for updates, and the keys.
type Window struct {
	Config
	root *widget.Root
	run  *screen.Runner
	view view

	shown  shown
	update *updateStrip
	theme  string // of the settings, as it was last
	mode   theme.Mode
	fonts  string // the language that the fonts are for
	shows  int

	pickFrom string                  // the folder that files were picked from last
	placed   placed                  // the file that was saved last, while this screen is shown
	held     func() fyne.KeyModifier // which modifiers are held down
}

// view is one screen that fills the window.
type view interface {
	content() fyne.CanvasObject
	focus()                          // puts the keyboard where typing begins
	key(*fyne.KeyEvent)              // what no widget has a use for
	act(screen.Action)               // a shortcut
	refresh(state screen.ShellState) // the shell has changed
}

// shown tells whether another screen, or the same one in another language, has to be built.
type shown struct {
	page     screen.Page
	model    any
	language string
}

// New fills the window with the present screen and follows the shell from then on.
func New(config Config) *Window {
	w := &Window{Config: config, run: screen.NewRunner(config.Env.Post, config.Env.Clock), held: heldKeys}
	w.Window.SetPadded(false)
	w.Window.SetTitle(Title)
	theme.ForgetFonts(fyne.CurrentApp().Settings())
	w.dress(w.Shell.State())
	w.newRoot()
	bindKeys(w.Window.Canvas(), w.shortcut)
	w.Window.SetOnDropped(w.dropped)
	w.Shell.OnChange(w.render)
	w.Shell.Update().OnChange(w.renderUpdate)
	w.render(w.Shell.State())
	return w
}

// newRoot gives the window a tree without any past.
func (w *Window) newRoot() {
	if w.root != nil {
		w.root.HideToast() // its timer would keep the root, and what it can undo
		w.root.SetContent(widget.Spacer())
	}
	w.root = widget.NewRoot(w.Window.Canvas())
	w.root.Words, w.root.Clipboard = w.Env.Words, w.Clipboard
	w.root.After = w.run.After
	w.root.OnKey, w.root.OnShortcut, w.root.OnRune, w.root.Modifiers = w.key, w.shortcut, w.rune, func() fyne.KeyModifier { return w.held() }
	w.root.OnLost = w.refocus
	w.placed = placed{}
	w.update = newUpdateStrip(w)
}

// refocus puts the keyboard where one goes on from when what had it is gone.
func (w *Window) refocus() {
	switch v := w.view.(type) {
	case nil:
	case *vaultView:
		v.refocus()
	default:
		v.focus()
	}
}

func (w *Window) key(event *fyne.KeyEvent) {
	w.Shell.Touch()
	w.view.key(event)
}

func (w *Window) render(state screen.ShellState) {
	w.dress(state)
	next := shown{state.Page, w.model(state.Page), state.Language}
	if next != w.shown || w.view == nil {
		w.shown = next
		w.newRoot()
		w.view = nil
		w.view = w.newView(state)
		w.root.SetContent(atLeast(LeastSize, widget.Column(0, w.update.box, widget.Grow(w.view.content()))))
		w.renderUpdate(w.Shell.Update().State())
		w.view.focus()
		w.Shown(state.Page)
	}
	w.view.refresh(state)
	if state.Shows != w.shows {
		w.shows = state.Shows
		w.Front()
	}
}

// model is the model of a page, to tell one unlocked vault from the next.
func (w *Window) model(page screen.Page) any {
	switch page {
	case screen.PageWelcome:
		return w.Shell.Welcome()
	case screen.PageUnlock:
		return w.Shell.Unlock()
	case screen.PageVault:
		return w.Shell.Vault()
	}
	return nil
}

func (w *Window) newView(state screen.ShellState) view {
	switch state.Page {
	case screen.PageWelcome:
		return newWelcomeView(w, w.Shell.Welcome())
	case screen.PageUnlock:
		return newUnlockView(w, w.Shell.Unlock(), state.Notice)
	case screen.PageVault:
		return newVaultView(w, w.Shell.Vault())
	}
	return startingView{}
}

// modes are the themes by their names in the settings.
var modes = map[string]theme.Mode{"system": theme.System, "light": theme.Light, "dark": theme.Dark}

// dress follows the theme, the motion and the language of the settings.
func (w *Window) dress(state screen.ShellState) {
	widget.ReduceMotion(state.ReducedMotion)
	if state.Theme == w.theme && state.Language == w.fonts {
		return
	}
	if state.Theme != w.theme {
		chosen := state.Theme
		if w.Theme != "" && (w.theme == "" || w.Shell.Vault() == nil) {
			chosen = w.Theme // nobody has chosen another one yet
		}
		w.mode = modes[chosen]
	}
	w.theme, w.fonts = state.Theme, state.Language
	fyne.CurrentApp().Settings().SetTheme(theme.New(w.mode).For(state.Language))
}

func (w *Window) renderUpdate(state screen.UpdateState) {
	w.update.render(state)
	if v, ok := w.view.(*vaultView); ok {
		v.renderUpdate(state)
	}
}

// Rest drops the focus: a focused entry repaints for ever, so it is called when the window is hidden.
func (w *Window) Rest() { w.root.Rest() }

// Wake gives the focus back when the window is shown again.
func (w *Window) Wake() {
	if w.root.Canvas().Focused() == nil && !w.covered() {
		w.view.focus()
	}
}

// covered reports whether a dialog or menu lies over the screen.
func (w *Window) covered() bool { return w.root.Canvas().Overlays().Top() != nil }

// focus moves the keyboard, unless a dialog has it or the screen is still being built.
func (w *Window) focus(o fyne.Focusable) {
	if o != nil && w.view != nil && !w.covered() {
		widget.Focus(o)
	}
}

// relayout lays the screen out again after something in it has appeared, disappeared or changed its height.
func (w *Window) relayout() { w.root.Refresh() }

// swap replaces what a holder shows. What was there lets go of its secrets.
func (w *Window) swap(holder *fyne.Container, o fyne.CanvasObject) {
	for _, old := range holder.Objects {
		widget.Release(old)
	}
	holder.Objects = []fyne.CanvasObject{o}
	// Asking for the size makes the toolkit know the new widgets, so that one can be focused before they are painted.
	o.MinSize()
	holder.Refresh()
	w.relayout()
}

func (w *Window) text(key string, args ...any) string { return w.Env.Words.Text(key, args...) }

// tip is a text with the key that does the same: "Lock (Ctrl+L)".
func (w *Window) tip(text string, action screen.Action) string {
	if key := w.keyOf(action); key != "" {
		return text + " (" + key + ")"
	}
	return text
}

func (w *Window) keyOf(action screen.Action) string {
	shortcut, ok := screen.ShortcutOf(action)
	if !ok {
		return ""
	}
	return shortcut.Label(w.Env.Words, w.MacOS)
}

// PaneWidths are the widths of sidebar and list, to be kept for the next start.
func (w *Window) PaneWidths() [2]float32 { return w.Panes }

// atLeast gives an object a smallest size, which is the window's.
func atLeast(least fyne.Size, o fyne.CanvasObject) fyne.CanvasObject {
	return container.New(leastLayout{least}, o)
}

type leastLayout struct{ least fyne.Size }

func (l leastLayout) MinSize(objects []fyne.CanvasObject) fyne.Size {
	return l.least.Max(objects[0].MinSize())
}

func (l leastLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	objects[0].Move(fyne.NewPos(0, 0))
	objects[0].Resize(size)
}

// startingView is shown for the moments in which the accounts on this PC are looked up.
type startingView struct{}

func (startingView) content() fyne.CanvasObject {
	return widget.Page(widget.UnlockWidth, widget.Center(widget.NewLogo(54)), nil)
}
func (startingView) focus()                    {}
func (startingView) key(*fyne.KeyEvent)        {}
func (startingView) act(screen.Action)         {}
func (startingView) refresh(screen.ShellState) {}

// gap is the distance between the parts of a form.
const gap = 14

// untilNever is the time for which a message stays that the model takes away.
const untilNever = 24 * time.Hour
