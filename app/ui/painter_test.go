package ui

import (
	"fmt"
	"image"
	"image/draw"
	"math"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/software"
	"fyne.io/fyne/v2/test"

	"github.com/coffer-vault/coffer/app/ui/theme"
)

// painter draws windows in memory. The toolkit's own painter draws what is partly scrolled out of sight as if it began where it is
// seen first, and does not confine what scrolls within something that scrolls; the driver that people look at does neither. So every
// part is drawn by itself, with the toolkit's painter, and put where it belongs. Parts are kept: the next picture has most of them too.
type painter struct {
	parts    map[string]*image.NRGBA
	bytes    int               // of the parts
	sharp    bool              // shadows have hard edges: blurring them takes most of the time
	standIns map[string]string // texts that are others in each run, and what is drawn for them
}

func newPainter() *painter {
	return &painter{parts: map[string]*image.NRGBA{}, standIns: map[string]string{}}
}

// maxKept bounds the bytes of the parts that are kept, and maxPart those of one.
const (
	maxKept = 200 << 20
	maxPart = 4 << 20
)

// partMargin is around a part drawn by itself, for what stands out of its size. It is a whole number of pixels at every scale that is
// a multiple of 5 %.
const partMargin = 20

// sheet is one picture in the making.
type sheet struct {
	*painter
	picture *image.RGBA
	scale   float32
}

// paint draws what a canvas shows.
func (p *painter) paint(c fyne.Canvas) *image.RGBA {
	s := &sheet{painter: p, scale: c.Scale()}
	s.picture = image.NewRGBA(s.pixels(fyne.NewPos(0, 0), c.Size()))
	draw.Draw(s.picture, s.picture.Rect, image.NewUniform(theme.Color(theme.ColorList)), image.Point{}, draw.Src)
	trees := append([]fyne.CanvasObject{c.Content()}, c.Overlays().List()...)
	toolkitNow.Store(time.Now().UnixNano())
	for _, tree := range trees {
		remember(tree)
	}
	for _, tree := range trees {
		s.visit(tree, fyne.NewPos(0, 0), s.picture.Rect, func(o fyne.CanvasObject, at fyne.Position, within image.Rectangle) bool {
			s.draw(o, at, within)
			return true
		})
	}
	return s.picture
}

// shown is a text with the stand-ins of what it has.
func (p *painter) shown(text string) string {
	for other, standIn := range p.standIns {
		text = strings.ReplaceAll(text, other, standIn)
	}
	return text
}

// pixels are those that an area covers; the toolkit rounds up.
func (s *sheet) pixels(at fyne.Position, size fyne.Size) image.Rectangle {
	up := func(v float32) int { return int(math.Ceil(float64(v * s.scale))) }
	return image.Rect(up(at.X), up(at.Y), up(at.X+size.Width), up(at.Y+size.Height))
}

// visitor is called for what can be seen, with where it stands and what confines it, and says whether to go into it.
type visitor func(o fyne.CanvasObject, at fyne.Position, within image.Rectangle) bool

func (s *sheet) visit(o fyne.CanvasObject, at fyne.Position, within image.Rectangle, visit visitor) {
	if o == nil || !o.Visible() {
		return
	}
	at = at.Add(o.Position())
	if confines(o) {
		within = within.Intersect(s.pixels(at, o.Size()))
	}
	if within.Empty() || !visit(o, at, within) {
		return
	}
	for _, child := range children(o) {
		s.visit(child, at, within, visit)
	}
}

// eachPart visits the window, and not what is typed in entries: that may be longer than its place.
func (s *sheet) eachPart(c fyne.Canvas, visit func(o fyne.CanvasObject, at fyne.Position, within image.Rectangle)) {
	window := s.pixels(fyne.NewPos(0, 0), c.Size())
	for _, tree := range append([]fyne.CanvasObject{c.Content()}, c.Overlays().List()...) {
		s.visit(tree, fyne.NewPos(0, 0), window, func(o fyne.CanvasObject, at fyne.Position, within image.Rectangle) bool {
			visit(o, at, within)
			_, entry := o.(interface{ SelectedText() string })
			return !entry
		})
	}
}

// confines reports whether nothing of what is in an object can be seen outside of it.
func confines(o fyne.CanvasObject) bool {
	if _, ok := o.(fyne.Scrollable); ok {
		return true
	}
	w, ok := o.(fyne.Widget)
	if !ok {
		return false
	}
	_, ok = test.WidgetRenderer(w).(interface{ IsClip() })
	return ok
}

func (s *sheet) draw(o fyne.CanvasObject, at fyne.Position, within image.Rectangle) {
	switch o := o.(type) {
	case *canvas.Rectangle:
		copied := *o
		if s.sharp {
			copied.Shadow.BlurRadius = 0
		}
		if o.CornerRadius > 0 || o.StrokeWidth > 0 {
			s.put(&copied, at, within)
		} else {
			s.fill(o, at, within)
		}
	case *canvas.Circle:
		copied := *o
		s.put(&copied, at, within)
	case *canvas.Arc:
		copied := *o
		s.put(&copied, at, within)
	case *canvas.Text:
		if o.Text != "" {
			line, at := s.line(o, at)
			s.put(line, at, within)
		}
	case *canvas.Image: // a QR code, which is another one each time
		standIn := qrImage("coffer").(*canvas.Image)
		standIn.Resize(o.Size())
		s.put(standIn, at, within)
	case *canvas.Raster:
		s.lay(o.Size(), o.Generator, at, within)
	case *canvas.LinearGradient:
		s.lay(o.Size(), func(width, height int) image.Image { return s.gradient(o, width, height) }, at, within)
	case fyne.Widget, *fyne.Container:
	default:
		panic(fmt.Sprintf("the painter knows no %T", o)) // rather than a picture without it
	}
}

// fill draws a plain rectangle.
func (s *sheet) fill(r *canvas.Rectangle, at fyne.Position, within image.Rectangle) {
	if r.FillColor != nil {
		draw.Draw(s.picture, s.pixels(at, r.Size()).Intersect(within), image.NewUniform(r.FillColor), image.Point{}, draw.Over)
	}
}

// lay draws what makes its own pixels.
func (s *sheet) lay(size fyne.Size, generate func(width, height int) image.Image, at fyne.Position, within image.Rectangle) {
	area := s.pixels(at, size)
	width, height := s.pixels(fyne.NewPos(0, 0), size).Dx(), s.pixels(fyne.NewPos(0, 0), size).Dy()
	area.Max = area.Min.Add(image.Pt(width, height))
	visible := area.Intersect(within)
	if !visible.Empty() {
		draw.Draw(s.picture, visible, generate(width, height), visible.Min.Sub(area.Min), draw.Over)
	}
}

// gradient is kept: to compute one takes as long as all else of a picture.
func (s *sheet) gradient(g *canvas.LinearGradient, width, height int) image.Image {
	key := fmt.Sprint("gradient", g.StartColor, g.EndColor, g.Angle, width, height)
	if kept := s.parts[key]; kept != nil {
		return kept
	}
	picture := g.Generate(width, height).(*image.NRGBA)
	s.keep(key, picture)
	return picture
}

// keep remembers a part, unless it is too large.
func (s *sheet) keep(key string, picture *image.NRGBA) {
	size := len(picture.Pix)
	if size > maxPart {
		return
	}
	if s.bytes += size; s.bytes > maxKept {
		clear(s.parts)
		s.bytes = size
	}
	s.parts[key] = picture
}

// line is a line of text by itself, and where it stands in its area as the toolkit has it.
func (s *sheet) line(text *canvas.Text, at fyne.Position) (*canvas.Text, fyne.Position) {
	copied := *text
	copied.Text = s.shown(text.Text)
	area, least := text.Size(), copied.MinSize()
	switch text.Alignment {
	case fyne.TextAlignTrailing:
		at.X += area.Width - least.Width
	case fyne.TextAlignCenter:
		at.X += (area.Width - least.Width) / 2
	}
	at.Y += max(0, area.Height-least.Height) / 2
	copied.Alignment = fyne.TextAlignLeading
	copied.Resize(least)
	return &copied, at
}

// put draws a part that was copied.
func (s *sheet) put(o fyne.CanvasObject, at fyne.Position, within image.Rectangle) {
	o, corner := s.placed(o, at)
	size := o.Size().AddWidthHeight(2*partMargin+1, 2*partMargin+1)
	if visible := s.pixels(fyne.NewPos(0, 0), size).Add(corner).Intersect(within); !visible.Empty() {
		s.over(visible, s.part(o), visible.Min.Sub(corner))
	}
}

// over draws as draw.Over does, to the bit, and faster: most pixels of a part are either opaque or not there.
func (s *sheet) over(area image.Rectangle, part *image.NRGBA, from image.Point) {
	clipped := area.Intersect(part.Rect.Add(area.Min.Sub(from)))
	from = from.Add(clipped.Min.Sub(area.Min))
	for y := range clipped.Dy() {
		row, to := part.Pix[part.PixOffset(from.X, from.Y+y):], s.picture.Pix[s.picture.PixOffset(clipped.Min.X, clipped.Min.Y+y):]
		for x, end := 0, 0; x < clipped.Dx(); x = end {
			alpha := row[4*x+3]
			for end = x + 1; end < clipped.Dx() && row[4*end+3] == alpha; end++ {
			}
			switch alpha {
			case 0:
			case 255:
				copy(to[4*x:4*end], row[4*x:4*end])
			default:
				at := clipped.Min.Add(image.Pt(x, y))
				draw.Draw(s.picture, image.Rectangle{Min: at, Max: at.Add(image.Pt(end-x, 1))}, part, from.Add(image.Pt(x, y)), draw.Over)
			}
		}
	}
}

// placed puts a part into a picture of its own, between pixels as it is in the window, and returns the corner of that picture.
func (s *sheet) placed(o fyne.CanvasObject, at fyne.Position) (fyne.CanvasObject, image.Point) {
	x, y := math.Floor(float64(at.X*s.scale)), math.Floor(float64(at.Y*s.scale))
	between := fyne.NewPos((at.X*s.scale-float32(x))/s.scale, (at.Y*s.scale-float32(y))/s.scale)
	o.Move(fyne.NewPos(partMargin, partMargin).Add(between))
	margin := int(math.Round(float64(partMargin * s.scale)))
	return o, image.Pt(int(x)-margin, int(y)-margin)
}

// part is a part drawn by itself.
func (s *sheet) part(o fyne.CanvasObject) *image.NRGBA {
	key := fmt.Sprint(s.scale, speaks(), o)
	if kept := s.parts[key]; kept != nil {
		return kept
	}
	c := software.NewTransparentCanvas()
	c.SetPadded(false)
	c.SetScale(s.scale)
	c.SetContent(container.NewWithoutLayout(o))
	c.Resize(o.Size().AddWidthHeight(2*partMargin+1, 2*partMargin+1))
	picture := c.Capture().(*image.NRGBA)
	s.keep(key, picture)
	return picture
}
