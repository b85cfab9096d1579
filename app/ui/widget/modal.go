package widget

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	stock "fyne.io/fyne/v2/widget"

	"github.com/coffer-vault/coffer/app/ui/theme"
	"github.com/coffer-vault/coffer/assets"
)

// Modal is a dialog over the dimmed window. Escape and the cross dismiss it, Enter taps its default button, and the
// focus stays within it.
type Modal struct {
	stock.BaseWidget

	// OnDismiss is called after a person dismissed the dialog. Locked dialogs cannot be dismissed.
	OnDismiss func()
	Locked    bool
	// Default is the button that Enter taps: the primary one if there is.
	Default *Button
	// First gets the focus at first; nil for whatever comes first.
	First fyne.Focusable
	// OnKey sees keys that nothing in the dialog took; true means taken.
	OnKey func(e *fyne.KeyEvent) bool

	covering
	root    *Root
	width   float32
	actions *fyne.Container

	dim    canvas.Rectangle
	panel  *modalPanel
	ground *Surface
	title  *Text
	inner  fyne.CanvasObject
	body   *ScrollArea // of inner
	cross  *IconButton
	tips   *tipLayer
}

// ModalWidth is the width of a dialog unless another is set.
const ModalWidth = 440

// NewModal makes a dialog. Buttons stand at its lower right, in the order given.
func NewModal(title string, body fyne.CanvasObject, buttons ...*Button) *Modal {
	m := &Modal{
		width: ModalWidth, ground: NewSurface(theme.ColorDialog, theme.ColorHairline, theme.RadiusDialog).Raised(28),
		title: NewText(title, theme.DialogTitle).Shortened(), inner: body, body: NewScrollArea(scrolled(body)), tips: newTipLayer(),
	}
	m.cross = NewIconButton(assets.IconX, "", m.dismiss)
	row := []fyne.CanvasObject{Spacer()}
	for _, b := range buttons {
		row = append(row, b)
		if b.kind == Primary {
			m.Default = b
		}
	}
	m.actions = Row(2*theme.Grid, row...)
	m.actions.Hidden = len(buttons) == 0
	m.panel = newModalPanel(m)
	m.ExtendBaseWidget(m)
	return m
}

// Wide sets another width.
func (m *Modal) Wide(width float32) *Modal {
	m.width = width
	return m
}

// Foot puts something below what scrolls, where else the buttons stand.
func (m *Modal) Foot(o fyne.CanvasObject) *Modal {
	m.actions.Objects, m.actions.Hidden = []fyne.CanvasObject{Grow(o)}, false
	return m
}

// SetBody replaces the content, as in a dialog of several steps. What was there lets go of its secrets.
func (m *Modal) SetBody(body fyne.CanvasObject) {
	if m.inner != body {
		m.inner = body
		m.body.SetContent(scrolled(body))
	}
	m.Refresh()
}

// SetTitle changes the title.
func (m *Modal) SetTitle(title string) { m.title.SetText(title) }

// ShowModal opens a dialog.
func (r *Root) ShowModal(m *Modal) {
	m.root, m.covering = r, r.cover(m)
	m.focusFirst()
}

func (m *Modal) focusFirst() {
	if m.First != nil {
		m.root.canvas.Focus(m.First)
		return
	}
	m.root.canvas.FocusNext()
}

// Close takes the dialog away. What it shows lets go of its secrets.
func (m *Modal) Close() {
	if !m.Open() {
		return
	}
	m.root = nil
	m.uncover(m)
	Release(m)
}

// Open reports whether the dialog is shown.
func (m *Modal) Open() bool { return m.root != nil }

func (m *Modal) dismiss() {
	if m.Locked {
		return
	}
	m.Close()
	if m.OnDismiss != nil {
		m.OnDismiss()
	}
}

func (m *Modal) typedKey(event *fyne.KeyEvent) {
	if m.OnKey != nil && m.OnKey(event) {
		return
	}
	switch event.Name {
	case fyne.KeyEscape:
		m.dismiss()
	case fyne.KeyReturn, fyne.KeyEnter:
		if m.Default != nil {
			m.Default.activate()
		}
	default:
		m.body.page(event.Name)
	}
}

// ScrollToTop shows the beginning of what does not fit into the window.
func (m *Modal) ScrollToTop() { m.body.ScrollToTop() }

func (m *Modal) tipLayer() *tipLayer { return m.tips }

// Tapped implements fyne.Tappable. A tap beside the dialog does nothing but give the focus back.
func (m *Modal) Tapped(*fyne.PointEvent) { m.keepFocus() }

func (m *Modal) keepFocus() {
	if m.Open() && m.root.canvas.Focused() == nil {
		m.focusFirst()
	}
}

// Parts implements Composite.
func (m *Modal) Parts() []fyne.CanvasObject { return []fyne.CanvasObject{m.body, m.actions} }

// Release implements Releaser.
func (m *Modal) Release() { m.root = nil }

// AccessibilityLabel implements fyne.Accessible.
func (m *Modal) AccessibilityLabel() string { return m.title.text }

// AccessibilityRole implements fyne.Accessible.
func (m *Modal) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleContainer }

// CreateRenderer implements fyne.Widget.
func (m *Modal) CreateRenderer() fyne.WidgetRenderer { return render(m) }

func (m *Modal) objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{&m.dim, m.panel, m.tips}
}

func (m *Modal) paint() {
	m.dim.FillColor = theme.Color(theme.ColorDim)
	m.cross.SetTip(word(m, "widget.close"))
	m.cross.Hidden = m.Locked
	m.regain()
}

// regain gives the keyboard to the first part when what had it is hidden or gone.
func (m *Modal) regain() {
	if !m.Open() || m.root.canvas.Overlays().Top() != fyne.CanvasObject(m) {
		return
	}
	if focused := m.root.canvas.Focused(); focused != nil && !shows(m.panel, focused) {
		m.root.canvas.Unfocus()
		m.focusFirst()
	}
}

func (m *Modal) measure() fyne.Size { return fyne.NewSize(0, 0) }

func (m *Modal) arrange(window fyne.Size) {
	m.dim.Resize(window)
	m.tips.Resize(window)
	const edge = 4 * theme.Grid
	width := min(m.width, window.Width-2*edge)
	height := min(m.panel.heightFor(width), window.Height-2*edge)
	// A little above the middle looks like the middle.
	place(m.panel, (window.Width-width)/2, max((window.Height-height)*.46, edge), width, height)
	// A button may have another label, and the body more rows: by themselves they look only when their own size is another.
	m.actions.Layout.Layout(m.actions.Objects, m.actions.Size())
	m.body.arrange(m.body.Size())
}

// modalPanel is the visible dialog; tapping it changes nothing.
type modalPanel struct {
	stock.BaseWidget
	grouping
	modal *Modal
}

func newModalPanel(m *Modal) *modalPanel {
	p := &modalPanel{modal: m}
	p.ExtendBaseWidget(p)
	return p
}

// Tapped implements fyne.Tappable.
func (p *modalPanel) Tapped(*fyne.PointEvent) { p.modal.keepFocus() }

// CreateRenderer implements fyne.Widget.
func (p *modalPanel) CreateRenderer() fyne.WidgetRenderer { return render(p) }

// The cross comes last, so that Tab begins with what the dialog asks for.
func (p *modalPanel) objects() []fyne.CanvasObject {
	m := p.modal
	return []fyne.CanvasObject{m.ground, m.title, m.body, m.actions, m.cross}
}

func (p *modalPanel) paint()             {}
func (p *modalPanel) measure() fyne.Size { return fyne.NewSize(0, 0) }

// The distances within a dialog.
const (
	modalMargin = 22
	modalTitle  = 30 // height of the line with title and cross
	modalGap    = 14
	bleed       = 4  // room for focus rings at the edge of what scrolls
	bleedRight  = 14 // in the margin, for the bar, which would lie on the edges of cards and fields
)

// scrolled is the body with room about it, which scrolls with it.
func scrolled(body fyne.CanvasObject) fyne.CanvasObject {
	return Pad(body, bleed, bleedRight, bleed, bleed)
}

func (p *modalPanel) actionsHeight() float32 {
	if p.modal.actions.Hidden {
		return 0
	}
	return p.modal.actions.MinSize().Height + modalGap + 2*theme.Grid
}

func (p *modalPanel) heightFor(width float32) float32 {
	body := heightFor(p.modal.body.content, width-2*modalMargin+bleed+bleedRight)
	return 2*modalMargin - 4 + modalTitle + modalGap + body - 2*bleed + p.actionsHeight()
}

func (p *modalPanel) arrange(size fyne.Size) {
	m, inner := p.modal, size.Width-2*modalMargin
	m.ground.Resize(size)
	place(m.title, modalMargin, modalMargin-4+(modalTitle-lineHeight(theme.DialogTitle))/2, inner-theme.IconButtonSide, lineHeight(theme.DialogTitle))
	place(m.cross, size.Width-modalMargin-theme.IconButtonSide+7, modalMargin-4, theme.IconButtonSide, theme.IconButtonSide)
	top := float32(modalMargin - 4 + modalTitle + modalGap)
	bottom := size.Height - modalMargin
	if !m.actions.Hidden {
		height := m.actions.MinSize().Height
		place(m.actions, modalMargin, bottom-height, inner, height)
	}
	place(m.body, modalMargin-bleed, top-bleed, inner+bleed+bleedRight, bottom-p.actionsHeight()-top+2*bleed)
}
