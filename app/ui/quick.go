package ui

import (
	"strings"

	"fyne.io/fyne/v2"

	"github.com/coffer-vault/coffer/app/screen"
	"github.com/coffer-vault/coffer/app/ui/theme"
	"github.com/coffer-vault/coffer/app/ui/widget"
	"github.com/coffer-vault/coffer/assets"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault"
)

// QuickSize is the size of the quick access.
var QuickSize = fyne.NewSize(560, 452)

// QuickConfig is what the quick access is made with.
type QuickConfig struct {
	Env       *screen.Env
	Quick     *screen.Quick
	NewWindow func() fyne.Window // without a frame; called when it is first shown
	Shown     func(fyne.Window)  // called whenever it is
	Clipboard widget.Clipboard   // of the entries
	MacOS     bool
}

// QuickWindow shows the quick access in a window of its own, whose tree is empty while it is hidden.
type QuickWindow struct {
	QuickConfig
	window fyne.Window // nil until it is first shown
	root   *widget.Root
	run    *screen.Runner
	view   quickView
	shown  bool
	locked bool // as the view was built for
}

// quickView is the search, or what asks for the master password.
type quickView interface {
	content() fyne.CanvasObject
	first() fyne.Focusable
	render(screen.QuickState)
}

// NewQuick follows the model.
func NewQuick(config QuickConfig) *QuickWindow {
	q := &QuickWindow{QuickConfig: config, run: screen.NewRunner(config.Env.Post, config.Env.Clock)}
	q.Quick.OnChange(q.render)
	return q
}

func (q *QuickWindow) render(s screen.QuickState) {
	switch {
	case !s.Shown && q.shown:
		q.hide()
	case s.Shown && (!q.shown || s.Locked != q.locked):
		q.show(s)
	case s.Shown:
		q.view.render(s)
	}
}

func (q *QuickWindow) show(s screen.QuickState) {
	if q.window == nil {
		q.window = q.NewWindow()
		q.window.SetPadded(false)
		q.window.SetTitle(Title)
		q.window.SetCloseIntercept(q.Quick.Hide)
		bindKeys(q.window.Canvas(), q.shortcut)
	}
	q.newRoot()
	if q.locked = s.Locked; q.locked {
		q.view = newQuickLock(q)
	} else {
		q.view = newQuickSearch(q, s)
	}
	ground := widget.NewSurface(theme.ColorList, theme.ColorHairline, 0)
	q.root.SetContent(atLeast(QuickSize, widget.Stack(ground, q.view.content())))
	q.view.render(s)
	if !q.shown {
		q.shown = true
		q.window.Resize(QuickSize)
		q.window.CenterOnScreen()
		q.window.Show()
		q.window.RequestFocus()
		q.Shown(q.window)
	}
	widget.Focus(q.view.first())
}

// hide leaves nothing in the tree, so that nothing is seen for a moment when it is shown again.
func (q *QuickWindow) hide() {
	q.shown, q.view = false, nil
	q.newRoot()
	q.window.Hide()
}

func (q *QuickWindow) newRoot() {
	if q.root != nil {
		q.root.SetContent(widget.Spacer())
	}
	q.root = widget.NewRoot(q.window.Canvas())
	q.root.Words, q.root.Clipboard, q.root.After = q.Env.Words, q.Clipboard, q.run.After
	q.root.OnKey = func(e *fyne.KeyEvent) { q.key(e) }
	q.root.OnShortcut = q.shortcut
}

func (q *QuickWindow) shortcut(typed fyne.Shortcut) { carryOut(typed, q.Quick.Do) }

// pageRows is how far the page keys go: what is in sight, but for one row.
const pageRows = 5

// key carries out the keys that move, take and leave; true means that it was one.
func (q *QuickWindow) key(e *fyne.KeyEvent) bool {
	steps := map[fyne.KeyName]int{fyne.KeyDown: 1, fyne.KeyUp: -1, fyne.KeyPageDown: pageRows, fyne.KeyPageUp: -pageRows}
	switch {
	case e.Name == fyne.KeyEscape:
		q.Quick.Do(screen.ActionBack)
	case steps[e.Name] != 0:
		q.Quick.Move(steps[e.Name])
	case isEnter(e):
		q.Quick.Do(screen.ActionCopyPassword)
	default:
		return false
	}
	return true
}

// quickSearch finds items. The keyboard stays in its field.
type quickSearch struct {
	q       *QuickWindow
	box     *fyne.Container
	search  *widget.Entry
	list    *widget.List
	rows    screen.Rows
	empty   *widget.Text
	problem *notice
}

func newQuickSearch(q *QuickWindow, s screen.QuickState) *quickSearch {
	v := &quickSearch{q: q, rows: s.Rows, problem: newNotice(0)}
	v.search = widget.NewSearchEntry(s.Hint, nil).Tall()
	v.search.OnKey = q.key
	v.search.OnChanged = q.Quick.SetSearch
	v.list = widget.NewList(func() int { return v.rows.Len() }, func() fyne.CanvasObject { return widget.NewItemRow() }, v.bind)
	v.list.Name = s.Hint
	v.list.OnSelected = func(row int) {
		q.Quick.Select(row)
		v.search.Focus()
	}
	v.list.OnActivated = func(int) { q.Quick.Do(screen.ActionCopyPassword) }
	v.empty = widget.NewText("", theme.Secondary).Aligned(fyne.TextAlignCenter)
	keys := widget.NewText(q.keys(s), theme.Caption).Shortened()
	v.box = widget.Column(0,
		widget.Pad(v.search, 12, 12, 10, 12), widget.Rule(),
		widget.Grow(widget.Stack(widget.Pad(v.list, 6, 4, 6, 8), widget.Pad(v.empty, 40, 16, 0, 16))),
		widget.Pad(v.problem.box, 0, 12, 8, 12), widget.Rule(), widget.Pad(keys, 8, 16, 8, 16))
	return v
}

// keys is the line that says what the keys do.
func (q *QuickWindow) keys(s screen.QuickState) string {
	text := q.Env.Words.Text
	parts := []string{text("ui.quick.enter") + " " + text("ui.quick."+string(screen.ActionCopyPassword))}
	for _, k := range s.Keys {
		if k.Action != screen.ActionCopyPassword && k.Action != screen.ActionLock {
			parts = append(parts, k.Label(q.Env.Words, q.MacOS)+" "+text("ui.quick."+string(k.Action)))
		}
	}
	return strings.Join(parts, "   ·   ")
}

func (v *quickSearch) bind(index int, o fyne.CanvasObject) {
	row := v.rows.At(index)
	o.(*widget.ItemRow).Set(row.Title, row.Subtitle, rowIcon(row))
}

// rowIcon is none for logins, which have the letter of their name.
func rowIcon(row screen.ItemRow) assets.IconName {
	if row.Kind == vault.Login {
		return assets.NoIcon
	}
	return row.Icon
}

func (v *quickSearch) content() fyne.CanvasObject { return v.box }
func (v *quickSearch) first() fyne.Focusable      { return v.search.Input() }

func (v *quickSearch) render(s screen.QuickState) {
	v.rows = s.Rows
	v.empty.SetText(s.Empty)
	v.list.Refresh()
	if v.list.Selected() != s.Selected {
		v.list.Select(s.Selected)
	}
	if v.problem.set(s.Problem) {
		v.q.root.Refresh()
	}
}

// quickLock asks for the master password.
type quickLock struct {
	q        *QuickWindow
	box      fyne.CanvasObject
	account  *widget.Text
	password *widget.Entry
	unlock   *widget.Button
	problem  *notice
	busy     bool
}

func newQuickLock(q *QuickWindow) *quickLock {
	v := &quickLock{q: q, problem: newNotice(gap), account: widget.NewText("", theme.Secondary).Aligned(fyne.TextAlignCenter).Shortened()}
	v.password = widget.NewPasswordEntry("").Tall()
	v.password.SetIcon(assets.IconLock)
	v.password.OnKey = func(e *fyne.KeyEvent) bool {
		if e.Name == fyne.KeyEscape {
			q.Quick.Hide()
		}
		return e.Name == fyne.KeyEscape
	}
	v.password.OnSubmitted = func(string) { v.submit() }
	v.unlock = widget.NewButton("", assets.NoIcon, widget.Primary, v.submit).Tall()
	card := widget.Column(0, widget.Center(widget.NewLogo(44)), widget.Pad(v.account, 14, 0, 0, 0),
		widget.Pad(v.password, 18, 0, 0, 0), v.problem.box, widget.Pad(v.unlock, gap, 0, 0, 0))
	v.box = widget.Center(widget.Width(quickCardWidth, card))
	return v
}

const quickCardWidth = 340

func (v *quickLock) submit() { v.q.Quick.Submit(secret.New(v.password.Bytes())) }

func (v *quickLock) content() fyne.CanvasObject { return v.box }
func (v *quickLock) first() fyne.Focusable      { return v.password.Input() }

func (v *quickLock) render(s screen.QuickState) {
	v.account.SetText(s.Account)
	v.password.SetPlaceholder(s.Password)
	label(v.unlock, s.Button)
	v.unlock.SetBusy(s.Busy)
	if v.problem.set(s.Problem) {
		v.q.root.Refresh()
	}
	if v.busy && !s.Busy {
		v.password.SelectAll()
		widget.Focus(v.password.Input())
	}
	v.busy = s.Busy
}
