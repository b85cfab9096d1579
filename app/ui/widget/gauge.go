package widget

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	stock "fyne.io/fyne/v2/widget"

	"github.com/coffer-vault/coffer/app/ui/theme"
)

// Gauge is a share as a ring that is closed at 1, with a few letters in its middle.
type Gauge struct {
	stock.BaseWidget
	saying
	share      float32
	ink        fyne.ThemeColorName
	accessible string
	side       float32

	empty, full canvas.Arc
	text        canvas.Text
}

// gaugeHole is what of the ring's radius is left free.
const gaugeHole = .84

// NewGauge makes an empty ring of a width and height.
func NewGauge(side float32) *Gauge {
	g := &Gauge{side: side, ink: theme.ColorSuccess}
	g.empty.EndAngle, g.empty.CutoutRatio = 360, gaugeHole
	g.full.CutoutRatio, g.full.CornerRadius = gaugeHole, side*(1-gaugeHole)/4
	g.text.Alignment = fyne.TextAlignCenter
	g.ExtendBaseWidget(g)
	return g
}

// Set shows a share from 0 to 1; label says it in words for assistive technology.
func (g *Gauge) Set(share float64, text string, ink fyne.ThemeColorName, label string) {
	if g.share == float32(share) && g.text.Text == text && g.ink == ink && g.accessible == label {
		return
	}
	g.share, g.text.Text, g.ink, g.accessible = float32(share), text, ink, label
	g.Refresh()
}

// AccessibilityLabel implements fyne.Accessible.
func (g *Gauge) AccessibilityLabel() string { return g.accessible }

// CreateRenderer implements fyne.Widget.
func (g *Gauge) CreateRenderer() fyne.WidgetRenderer { return render(g) }

func (g *Gauge) objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{&g.empty, &g.full, &g.text}
}

func (g *Gauge) paint() {
	g.empty.FillColor, g.full.FillColor = theme.Color(theme.ColorTrack), theme.Color(g.ink)
	g.full.EndAngle = 360 * g.share
	g.full.Hidden = g.share <= 0
	dressLine(&g.text, theme.PageTitle)
}

func (g *Gauge) measure() fyne.Size { return fyne.NewSquareSize(g.side) }

func (g *Gauge) arrange(size fyne.Size) {
	left, top := round((size.Width-g.side)/2), round((size.Height-g.side)/2)
	place(&g.empty, left, top, g.side, g.side)
	place(&g.full, left, top, g.side, g.side)
	setLine(&g.text, left, top, g.side, g.side)
}
