// Package widget holds the parts that the screens are built from. They draw in the colours and sizes of package theme,
// work with the keyboard alone, show where the focus is and say what they are to assistive technology.
//
// A widget has fields and setters for what it shows and callbacks for what a person does with it. It decides nothing,
// starts no goroutine, and belongs to the UI goroutine. Widgets that show a secret ask for its bytes when they need
// them and forget them at Clear.
package widget

import (
	"math"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"github.com/coffer-vault/coffer/app/ui/theme"
)

// drawn is a widget that keeps the objects it is drawn with. Its one renderer asks it for everything.
type drawn interface {
	fyne.Widget
	objects() []fyne.CanvasObject
	paint()            // gives the objects the texts and colours of the present state
	arrange(fyne.Size) // places the objects
	measure() fyne.Size
}

type renderer struct{ w drawn }

func render(w drawn) fyne.WidgetRenderer {
	w.paint()
	return renderer{w}
}

func (r renderer) Objects() []fyne.CanvasObject { return r.w.objects() }
func (r renderer) Layout(size fyne.Size)        { r.w.arrange(size) }
func (r renderer) MinSize() fyne.Size           { return r.w.measure() }
func (r renderer) Destroy()                     {}

func (r renderer) Refresh() {
	r.w.paint()
	r.w.arrange(r.w.Size())
	canvas.Refresh(r.w)
}

// place puts an object at a whole position: between pixels its edges and letters would blur.
func place(o fyne.CanvasObject, x, y, width, height float32) {
	o.Move(fyne.NewPos(round(x), round(y)))
	o.Resize(fyne.NewSize(width, height))
}

// placeMiddle puts an object of its smallest height into the vertical middle of a row.
func placeMiddle(o fyne.CanvasObject, x, width, rowHeight float32) {
	height := ceil(o.MinSize().Height)
	place(o, x, middle(rowHeight, height), width, height)
}

// middle is where something begins that stands in the middle of a row.
func middle(rowHeight, height float32) float32 {
	return float32(math.Floor(float64(rowHeight-height) / 2))
}

func round(v float32) float32 { return float32(math.Round(float64(v))) }
func ceil(v float32) float32  { return float32(math.Ceil(float64(v))) }

// fillRect gives a rectangle its surface.
func fillRect(r *canvas.Rectangle, fill, stroke fyne.ThemeColorName, radius float32) {
	r.FillColor, r.CornerRadius, r.StrokeWidth = theme.Color(fill), radius, 0
	if stroke != theme.ColorNone {
		r.StrokeColor, r.StrokeWidth = theme.Color(stroke), 1
	}
}

// A ring is drawn around whatever has the keyboard focus.
type ring struct {
	canvas.Rectangle
	gap    float32 // between the ring and what it surrounds; negative lies within
	radius float32
}

func newRing(gap, radius float32) *ring {
	r := &ring{gap: gap, radius: radius}
	r.FillColor = theme.Color(theme.ColorNone)
	r.Hide()
	return r
}

func (r *ring) object() fyne.CanvasObject { return &r.Rectangle }

func (r *ring) show(on bool) {
	r.StrokeColor, r.StrokeWidth = theme.Color(theme.ColorRing), theme.RingWidth
	r.CornerRadius = r.radius + r.gap
	r.Hidden = !on
}

// around places the ring about an area.
func (r *ring) around(x, y, width, height float32) {
	r.Move(fyne.NewPos(x-r.gap, y-r.gap))
	r.Resize(fyne.NewSize(width+2*r.gap, height+2*r.gap))
}
