package widget

import (
	"unicode/utf8"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	stock "fyne.io/fyne/v2/widget"

	"github.com/coffer-vault/coffer/app/ui/theme"
	"github.com/coffer-vault/coffer/assets"
)

// LauncherRow is one thing that a launcher finds.
type LauncherRow struct {
	Heading       string // over the first row of a group
	Icon          assets.IconName
	Avatar        string // a name, for a tile with its first letter instead of the icon
	Title, Detail string
	Shortcut      string // the key that does the same, as text
}

// Launcher is a panel near the top of the window: a field, and below it what is found by what is typed there. The keyboard stays in the
// field; the list has no focus of its own.
type Launcher struct {
	stock.BaseWidget

	OnChanged func(text string)
	OnMove    func(by int)    // arrows and pages
	OnChoose  func(index int) // a tap; Enter gives -1: what is selected
	OnMore    func() bool     // Right at the end of the text
	OnLess    func() bool     // Left or Backspace where there is no text
	OnBack    func()          // Escape, or a tap beside the panel

	covering
	root   *Root
	Entry  *Entry
	crumb  *Text
	foot   *Text
	empty  *Text
	ground *Surface
	rule   *Surface
	list   *ScrollArea
	column *fyne.Container
	rows   []*launcherRow
	count  int
	dim    canvas.Rectangle
}

// NewLauncher makes a launcher without rows.
func NewLauncher() *Launcher {
	l := &Launcher{
		Entry: NewEntry(""), crumb: NewText("", theme.Label.In(theme.ColorAccentText)).Shortened(), foot: NewText("", theme.Caption).Shortened(),
		empty: NewText("", theme.Body.In(theme.ColorMuted)), rule: Rule(), column: Column(1),
		ground: NewSurface(theme.ColorDialog, theme.ColorHairline, theme.RadiusDialog).Raised(28),
	}
	l.Entry.SetIcon(assets.IconSearch)
	l.Entry.Tall()
	l.Entry.OnKey = l.key
	l.Entry.OnChanged = func(text string) { l.OnChanged(text) }
	l.list = NewScrollArea(l.column)
	l.ExtendBaseWidget(l)
	return l
}

// ShowLauncher opens a launcher, with the keyboard in its field.
func (r *Root) ShowLauncher(l *Launcher) {
	l.root, l.covering = r, r.cover(l)
	r.canvas.Focus(l.Entry.Input())
}

// Close takes the launcher away and gives the focus back.
func (l *Launcher) Close() {
	if l.root != nil {
		l.root = nil
		l.uncover(l)
		Release(l)
	}
}

// SetTexts changes the placeholder, what stands above the field, the line at the foot, and what is said where nothing is found.
func (l *Launcher) SetTexts(hint, crumb, foot, empty string) {
	l.Entry.SetPlaceholder(hint)
	l.crumb.SetText(crumb)
	l.foot.SetText(foot)
	l.empty.SetText(empty)
}

// SetRows shows what is found.
func (l *Launcher) SetRows(rows []LauncherRow, selected int) {
	for len(l.rows) < len(rows) {
		row := newLauncherRow(l, len(l.rows))
		l.rows = append(l.rows, row)
		l.column.Add(row)
	}
	for i, row := range l.rows {
		row.Hidden = i >= len(rows)
		if !row.Hidden {
			row.set(rows[i], i == selected)
		}
	}
	changed := l.count != len(rows)
	l.count = len(rows)
	l.column.Refresh()
	l.Refresh()
	if changed || selected <= 0 {
		l.list.ScrollToTop()
	}
	if selected > 0 && selected < len(rows) {
		l.list.Reveal(l.rows[selected])
	}
}

// pageOfRows is how far PageUp and PageDown go.
const pageOfRows = 7

func (l *Launcher) key(event *fyne.KeyEvent) bool {
	switch event.Name {
	case fyne.KeyUp:
		l.OnMove(-1)
	case fyne.KeyDown:
		l.OnMove(1)
	case fyne.KeyPageUp:
		l.OnMove(-pageOfRows)
	case fyne.KeyPageDown:
		l.OnMove(pageOfRows)
	case fyne.KeyReturn, fyne.KeyEnter:
		l.OnChoose(-1)
	case fyne.KeyEscape:
		l.OnBack()
	case fyne.KeyRight:
		return l.Entry.input.CursorColumn == utf8.RuneCountInString(l.Entry.Text()) && l.OnMore()
	case fyne.KeyLeft, fyne.KeyBackspace:
		return l.Entry.Text() == "" && l.OnLess()
	default:
		return false
	}
	return true
}

// typedKey takes what the field passes on: the launcher has no use for it, and what lies below must not get it.
func (l *Launcher) typedKey(event *fyne.KeyEvent) {
	if event.Name == fyne.KeyEscape {
		l.OnBack()
	}
}

// Tapped implements fyne.Tappable.
func (l *Launcher) Tapped(event *fyne.PointEvent) {
	at, size := l.ground.Position(), l.ground.Size()
	inside := event.Position.X >= at.X && event.Position.X < at.X+size.Width && event.Position.Y >= at.Y && event.Position.Y < at.Y+size.Height
	if !inside {
		l.OnBack()
	} else if l.root != nil {
		l.root.canvas.Focus(l.Entry.Input())
	}
}

// Parts implements Composite.
func (l *Launcher) Parts() []fyne.CanvasObject { return []fyne.CanvasObject{l.Entry, l.list} }

// Release implements Releaser: what was found is forgotten.
func (l *Launcher) Release() { l.rows, l.column.Objects = nil, nil }

// AccessibilityLabel implements fyne.Accessible.
func (l *Launcher) AccessibilityLabel() string { return labelOf(l.Entry.input) }

// AccessibilityRole implements fyne.Accessible.
func (l *Launcher) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleContainer }

// CreateRenderer implements fyne.Widget.
func (l *Launcher) CreateRenderer() fyne.WidgetRenderer { return render(l) }

func (l *Launcher) objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{&l.dim, l.ground, l.crumb, l.Entry, l.list, l.empty, l.rule, l.foot}
}

func (l *Launcher) paint() {
	l.dim.FillColor = theme.Color(theme.ColorDim)
	l.empty.Hidden = l.count > 0
	l.crumb.Hidden = l.crumb.text == ""
}

func (l *Launcher) measure() fyne.Size { return fyne.NewSize(0, 0) }

// The sizes of a launcher.
const (
	launcherWidth  = 560
	launcherMargin = 14
	launcherMost   = 430 // height of the list
	launcherFoot   = 34
	launcherCrumb  = 24
)

func (l *Launcher) arrange(window fyne.Size) {
	l.dim.Resize(window)
	width := min(launcherWidth, window.Width-8*theme.Grid)
	x, inner := round((window.Width-width)/2), width-2*launcherMargin
	y := round(min(window.Height*.12, 90))
	top := y + launcherMargin
	if !l.crumb.Hidden {
		place(l.crumb, x+launcherMargin+2, top-2, inner, launcherCrumb-6)
		top += launcherCrumb - 4
	}
	entry := l.Entry.MinSize().Height
	place(l.Entry, x+launcherMargin, top, inner, entry)
	top += entry + 8
	height := min(l.column.MinSize().Height, launcherMost, window.Height-top-launcherFoot-4*theme.Grid)
	if l.count == 0 {
		height = 3 * launcherRowHeight / 2
		size := l.empty.MinSize()
		place(l.empty, x+(width-size.Width)/2, top+(height-size.Height)/2, size.Width, size.Height)
	}
	place(l.list, x+launcherMargin-6, top, inner+12, height)
	place(l.rule, x, top+height+4, width, 1)
	place(l.foot, x+launcherMargin+2, top+height+4+(launcherFoot-lineHeight(theme.Caption))/2, inner, lineHeight(theme.Caption))
	place(l.ground, x, y, width, top+height+4+launcherFoot-y)
}

// launcherRow is one row as it is drawn.
type launcherRow struct {
	stock.BaseWidget
	launcher *Launcher
	index    int
	row      LauncherRow
	selected bool
	hovered  bool

	ground                          canvas.Rectangle
	glyph                           *glyph
	avatar                          *Avatar
	heading, title, detail, keyText canvas.Text
}

var _ desktop.Hoverable = (*launcherRow)(nil)

func newLauncherRow(l *Launcher, index int) *launcherRow {
	r := &launcherRow{launcher: l, index: index, glyph: newGlyph(), avatar: NewAvatar("", assets.NoIcon, avatarMenu)}
	r.ExtendBaseWidget(r)
	return r
}

func (r *launcherRow) set(row LauncherRow, selected bool) {
	if r.row != row || r.selected != selected {
		r.row, r.selected = row, selected
		r.avatar.Set(row.Avatar, assets.NoIcon)
		r.Refresh()
	}
}

// Tapped implements fyne.Tappable.
func (r *launcherRow) Tapped(*fyne.PointEvent) { r.launcher.OnChoose(r.index) }

// MouseIn implements desktop.Hoverable.
func (r *launcherRow) MouseIn(*desktop.MouseEvent) { r.hover(true) }

// MouseMoved implements desktop.Hoverable.
func (r *launcherRow) MouseMoved(*desktop.MouseEvent) {}

// MouseOut implements desktop.Hoverable.
func (r *launcherRow) MouseOut() { r.hover(false) }

func (r *launcherRow) hover(on bool) {
	r.hovered = on
	r.Refresh()
}

// AccessibilityLabel implements fyne.Accessible.
func (r *launcherRow) AccessibilityLabel() string {
	return joinLabels(r.row.Title, r.row.Detail, r.row.Shortcut, chosen(r, r.selected))
}

// AccessibilityRole implements fyne.Accessible.
func (r *launcherRow) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleButton }

// CreateRenderer implements fyne.Widget.
func (r *launcherRow) CreateRenderer() fyne.WidgetRenderer { return render(r) }

func (r *launcherRow) objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{&r.ground, r.glyph.object(), r.avatar, &r.heading, &r.title, &r.detail, &r.keyText}
}

func (r *launcherRow) paint() {
	fill, icon, title := theme.ColorNone, theme.ColorMuted, theme.Body
	switch {
	case r.selected:
		fill, icon, title = theme.ColorAccentSoft, theme.ColorAccentText, theme.Body.In(theme.ColorAccentText).Of(theme.Medium)
	case r.hovered:
		fill = theme.ColorHover
	}
	fillRect(&r.ground, fill, theme.ColorNone, theme.RadiusControl)
	r.avatar.Hidden = r.row.Avatar == ""
	r.glyph.set(r.row.Icon, icon)
	r.glyph.Hidden = !r.avatar.Hidden
	dressLine(&r.heading, theme.Overline)
	dressLine(&r.title, title)
	dressLine(&r.detail, theme.Secondary)
	dressLine(&r.keyText, theme.Caption.In(theme.ColorMuted))
	r.heading.Text, r.keyText.Text = r.row.Heading, r.row.Shortcut
}

// The sizes of a row.
const (
	launcherRowHeight = 36
	launcherHeading   = 26
)

func (r *launcherRow) headingHeight() float32 {
	if r.row.Heading == "" {
		return 0
	}
	return launcherHeading
}

func (r *launcherRow) measure() fyne.Size {
	return fyne.NewSize(60*theme.Grid, launcherRowHeight+r.headingHeight())
}

func (r *launcherRow) arrange(size fyne.Size) {
	y, right := r.headingHeight(), size.Width-barRoom-10
	setLine(&r.heading, 10, 2, size.Width-20, y-2)
	r.ground.Move(fyne.NewPos(0, y))
	r.ground.Resize(fyne.NewSize(size.Width-barRoom, launcherRowHeight))
	place(r.glyph, 12, y+(launcherRowHeight-IconSide)/2, IconSide, IconSide)
	place(r.avatar, 9, y+(launcherRowHeight-avatarMenu)/2, avatarMenu, avatarMenu)
	keyWidth := ceil(r.keyText.MinSize().Width)
	setLine(&r.keyText, right-keyWidth, y, keyWidth, launcherRowHeight)
	if keyWidth > 0 {
		right -= keyWidth + 12
	}
	role := theme.Body
	if r.selected {
		role = role.Of(theme.Medium)
	}
	const left = 42
	r.title.Text = shorten(flatten(r.row.Title), role, right-left)
	width := ceil(r.title.MinSize().Width)
	setLine(&r.title, left, y, width, launcherRowHeight)
	rest := left + width + 10
	r.detail.Text = shorten(flatten(r.row.Detail), theme.Secondary, max(right-rest, 0))
	setLine(&r.detail, rest, y, max(right-rest, 0), launcherRowHeight)
}
