package widget

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	stock "fyne.io/fyne/v2/widget"

	"github.com/coffer-vault/coffer/app/ui/theme"
)

const barHeight = 6

// bar is a row of segments that fill from the left.
type bar struct {
	stock.BaseWidget
	saying
	value        float32
	ink          fyne.ThemeColorName
	empty, full  []canvas.Rectangle
	accessible   string
	smallestWide float32
}

func newBar(segments int, ink fyne.ThemeColorName) bar {
	return bar{
		ink: ink, smallestWide: 15 * theme.Grid,
		empty: make([]canvas.Rectangle, segments), full: make([]canvas.Rectangle, segments),
	}
}

func (b *bar) objects() []fyne.CanvasObject {
	var objects []fyne.CanvasObject
	for i := range b.empty {
		objects = append(objects, &b.empty[i], &b.full[i])
	}
	return objects
}

func (b *bar) paint() {
	for i := range b.empty {
		fillRect(&b.empty[i], theme.ColorTrack, theme.ColorNone, barHeight/2)
		fillRect(&b.full[i], b.ink, theme.ColorNone, barHeight/2)
	}
}

func (b *bar) arrange(size fyne.Size) {
	count := float32(len(b.empty))
	width := (size.Width - theme.Grid*(count-1)) / count
	top := round((size.Height - barHeight) / 2)
	for i := range b.empty {
		x := float32(i) * (width + theme.Grid)
		part := min(max(b.value*count-float32(i), 0), 1)
		b.empty[i].Move(fyne.NewPos(x, top))
		b.empty[i].Resize(fyne.NewSize(width, barHeight))
		b.full[i].Move(fyne.NewPos(x, top))
		// Less than a dot would be drawn with corners wider than itself.
		b.full[i].Resize(fyne.NewSize(max(width*part, barHeight), barHeight))
		b.full[i].Hidden = part == 0
	}
}

func (b *bar) measure() fyne.Size { return fyne.NewSize(b.smallestWide, barHeight) }

// AccessibilityLabel implements fyne.Accessible.
func (b *bar) AccessibilityLabel() string { return b.accessible }

// Meter shows the strength of a password in four segments.
type Meter struct{ bar }

// NewMeter makes an empty meter.
func NewMeter() *Meter {
	m := &Meter{newBar(4, theme.ColorSuccess)}
	m.ExtendBaseWidget(m)
	return m
}

// Set shows a strength from 0 to 1 in a colour of package theme; label says it in words for assistive technology.
func (m *Meter) Set(value float64, ink fyne.ThemeColorName, label string) {
	if m.value != float32(value) || m.ink != ink || m.accessible != label {
		m.value, m.ink, m.accessible = float32(value), ink, label
		m.Refresh()
	}
}

// CreateRenderer implements fyne.Widget.
func (m *Meter) CreateRenderer() fyne.WidgetRenderer { return render(m) }

// Progress shows how much of something is done.
type Progress struct{ bar }

// NewProgress makes an empty progress bar.
func NewProgress() *Progress {
	p := &Progress{newBar(1, theme.ColorAccent)}
	p.ExtendBaseWidget(p)
	return p
}

// Set shows what part is done, from 0 to 1.
func (p *Progress) Set(value float64) { p.SetColored(value, theme.ColorAccent) }

// SetColored is Set in another colour.
func (p *Progress) SetColored(value float64, ink fyne.ThemeColorName) {
	if p.value != float32(value) || p.ink != ink {
		p.value, p.ink, p.accessible = float32(value), ink, percent(float32(value))
		p.Refresh()
	}
}

// CreateRenderer implements fyne.Widget.
func (p *Progress) CreateRenderer() fyne.WidgetRenderer { return render(p) }
