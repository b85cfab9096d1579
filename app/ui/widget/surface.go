package widget

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	stock "fyne.io/fyne/v2/widget"

	"github.com/coffer-vault/coffer/app/ui/theme"
)

// Surface is a coloured area: the ground of a pane, card or bubble.
type Surface struct {
	stock.BaseWidget
	grouping
	fill, stroke fyne.ThemeColorName
	radius       float32
	elevation    float32
	rectangle    canvas.Rectangle
}

// NewSurface makes an area; theme.ColorNone as stroke leaves it without a line around.
func NewSurface(fill, stroke fyne.ThemeColorName, radius float32) *Surface {
	s := &Surface{fill: fill, stroke: stroke, radius: radius}
	s.ExtendBaseWidget(s)
	return s
}

// Raised makes the surface cast a soft shadow of the given depth.
func (s *Surface) Raised(elevation float32) *Surface {
	s.elevation = elevation
	return s
}

// SetColors changes fill and stroke.
func (s *Surface) SetColors(fill, stroke fyne.ThemeColorName) {
	if s.fill != fill || s.stroke != stroke {
		s.fill, s.stroke = fill, stroke
		s.Refresh()
	}
}

// CreateRenderer implements fyne.Widget.
func (s *Surface) CreateRenderer() fyne.WidgetRenderer { return render(s) }

func (s *Surface) objects() []fyne.CanvasObject { return []fyne.CanvasObject{&s.rectangle} }
func (s *Surface) arrange(size fyne.Size)       { s.rectangle.Resize(size) }
func (s *Surface) measure() fyne.Size           { return fyne.NewSize(1, 1) }

func (s *Surface) paint() {
	fillRect(&s.rectangle, s.fill, s.stroke, s.radius)
	if s.elevation > 0 {
		castShadow(&s.rectangle, s.elevation)
	}
}

func castShadow(r *canvas.Rectangle, elevation float32) {
	r.Shadow = canvas.Shadow{
		Color: theme.Color(theme.ColorCast), BlurRadius: elevation, Offset: fyne.NewPos(0, round(elevation/4)),
	}
}

// Rule is a hairline. It is as wide or as high as it is laid out.
func Rule() *Surface { return NewSurface(theme.ColorHairline, theme.ColorNone, 0) }
