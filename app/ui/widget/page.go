package widget

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	stock "fyne.io/fyne/v2/widget"

	"github.com/coffer-vault/coffer/app/ui/theme"
	"github.com/coffer-vault/coffer/assets"
)

// backdrop is the gradient behind a card that stands alone.
type backdrop struct {
	stock.BaseWidget
	grouping
	gradient *canvas.LinearGradient
}

func newBackdrop() *backdrop {
	b := &backdrop{gradient: canvas.NewVerticalGradient(nil, nil)}
	b.ExtendBaseWidget(b)
	return b
}

// CreateRenderer implements fyne.Widget.
func (b *backdrop) CreateRenderer() fyne.WidgetRenderer { return render(b) }

func (b *backdrop) objects() []fyne.CanvasObject { return []fyne.CanvasObject{b.gradient} }
func (b *backdrop) measure() fyne.Size           { return fyne.NewSize(1, 1) }
func (b *backdrop) arrange(size fyne.Size)       { b.gradient.Resize(size) }

func (b *backdrop) paint() {
	b.gradient.StartColor, b.gradient.EndColor = theme.Color(theme.ColorHeroTop), theme.Color(theme.ColorHeroBottom)
}

// The widths of cards that stand alone.
const (
	UnlockWidth = 392
	StepWidth   = 480
)

// Page is a card in the middle of the window, as for unlocking and for the steps of setting up. Below it stands a
// footer, which may be nil. A window that is too low scrolls.
func Page(width float32, content, footer fyne.CanvasObject) fyne.CanvasObject {
	card := Stack(
		NewSurface(theme.ColorCard, theme.ColorHairline, theme.RadiusPage).Raised(26),
		Pad(content, 28, 30, 26, 30),
	)
	column := Column(18, card)
	if footer != nil {
		column.Add(Center(footer))
	}
	return Stack(newBackdrop(), NewScrollArea(Center(Inset(Width(width, column), 5*theme.Grid))))
}

// Assurance is a line with an icon, for the foot of a page.
func Assurance(icon assets.IconName, text string) fyne.CanvasObject {
	return Row(6, NewIcon(icon, theme.ColorMuted, SmallIconSide), NewText(text, theme.Secondary))
}

// StepHeader says how far one is on a way of several steps. right is a remark at the end of the line, or "".
type StepHeader struct {
	stock.BaseWidget
	saying
	text, right *Text
	progress    *Progress
	column      *fyne.Container
}

// NewStepHeader makes the header; text is the words of the step, as "Step 2 of 4", and part how far that is, from 0 to 1.
func NewStepHeader(text string, part float64, right string) *StepHeader {
	s := &StepHeader{
		text: NewText(text, theme.Label), right: NewText(right, theme.Secondary).Shortened().Aligned(fyne.TextAlignTrailing),
		progress: NewProgress(),
	}
	s.progress.Set(part)
	s.column = Column(3*theme.Grid, Row(2*theme.Grid, s.text, Grow(s.right)), s.progress)
	s.ExtendBaseWidget(s)
	return s
}

// Set moves to another step.
func (s *StepHeader) Set(text string, part float64, right string) {
	s.text.SetText(text)
	s.right.SetText(right)
	s.progress.Set(part)
	s.column.Refresh()
}

// AccessibilityLabel implements fyne.Accessible.
func (s *StepHeader) AccessibilityLabel() string { return joinLabels(s.text.text, s.right.text) }

// CreateRenderer implements fyne.Widget.
func (s *StepHeader) CreateRenderer() fyne.WidgetRenderer { return stock.NewSimpleRenderer(s.column) }

// Requirement is a line about a new password, say, that shows whether it is met.
type Requirement struct {
	stock.BaseWidget
	saying
	met  bool
	icon *Icon
	text *Text
	line *fyne.Container
}

// NewRequirement makes a line that is not met.
func NewRequirement(text string) *Requirement {
	r := &Requirement{icon: NewIcon(assets.IconCircle, theme.ColorFaint, SmallIconSide), text: NewText(text, theme.Secondary).Shortened()}
	r.line = Row(2*theme.Grid, r.icon, Grow(r.text))
	r.ExtendBaseWidget(r)
	return r
}

// SetMet shows whether the requirement is met.
func (r *Requirement) SetMet(met bool) {
	r.met = met
	if met {
		r.icon.Set(assets.IconCircleCheck, theme.ColorSuccess)
		return
	}
	r.icon.Set(assets.IconCircle, theme.ColorFaint)
}

// SetText changes the line.
func (r *Requirement) SetText(text string) { r.text.SetText(text) }

// AccessibilityLabel implements fyne.Accessible.
func (r *Requirement) AccessibilityLabel() string {
	if r.met {
		return joinLabels(r.text.text, word(r, "widget.met"))
	}
	return joinLabels(r.text.text, word(r, "widget.notMet"))
}

// CreateRenderer implements fyne.Widget.
func (r *Requirement) CreateRenderer() fyne.WidgetRenderer { return stock.NewSimpleRenderer(r.line) }
