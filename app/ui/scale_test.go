package ui

import (
	"fmt"
	"image"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"github.com/coffer-vault/coffer/app/screen"
	"github.com/coffer-vault/coffer/internal/testpc"
)

// At every scale all letters of all lines can be seen. TestScreens, of the system tests, looks at every screen so.
func TestNothingIsClippedAtAnyScale(t *testing.T) {
	a := newAlbum(t, least)
	a.sit(openDesk(t))
	a.add("GitHub", "anna.keller@example.com", testpc.Password)
	for _, part := range []struct {
		name string
		open func()
	}{
		{"item", func() {}},
		{"editor", func() { a.press(screen.ActionEdit) }},
		{"generator", func() { a.press(screen.ActionBack); a.press(screen.ActionGenerator) }},
		{"settings", func() { a.keys(fyne.KeyEscape); a.press(screen.ActionSettings) }},
	} {
		part.open()
		a.checkScales(part.name, .9, 1.1, 1.25, 1.5, 1.75, 2)
	}
}

// checkScales finds lines that lose a part of their letters at a scale: to the picture they are drawn into, to what they scroll in, or
// to the side of the window.
func (a *album) checkScales(where string, scales ...float32) {
	a.Helper()
	a.standIn()
	for _, scale := range scales {
		a.stretch(shape{"scaled", LeastSize, scale})
		s := &sheet{painter: brush, scale: scale}
		s.eachPart(a.window.Canvas(), func(o fyne.CanvasObject, at fyne.Position, within image.Rectangle) {
			if text, ok := o.(*canvas.Text); ok && text.Text != "" {
				a.checkInk(s, text, at, within, where)
			}
		})
	}
}

func (a *album) checkInk(s *sheet, text *canvas.Text, at fyne.Position, within image.Rectangle, where string) {
	a.Helper()
	line, at := s.line(text, at)
	have, want := s.inks(line)
	seen := want.Add(s.pixels(at, fyne.Size{}).Min)
	switch {
	case want.Max.X > have.Max.X+1 || want.Min.X < have.Min.X-1 || want.Dy() != have.Dy(): // the last letter may overhang by a pixel
		a.Errorf("%s at %.0f %%: %q is drawn %v wide, and is %v", where, s.scale*100, text.Text, have, want)
	case seen.Min.X < within.Min.X-1 || seen.Max.X > within.Max.X+1:
		a.Errorf("%s at %.0f %%: %q stands from %d to %d, and is seen from %d to %d", where, s.scale*100, text.Text, seen.Min.X, seen.Max.X, within.Min.X, within.Max.X)
	}
}

// inked remembers what lines look like, by the line.
var inked = map[string][2]image.Rectangle{}

// inks are where a line has letters, from its own corner: as it is drawn, and where it has more room.
func (s *sheet) inks(line *canvas.Text) (drawn, roomy image.Rectangle) {
	key := fmt.Sprint(s.scale, speaks(), line.Text, line.TextSize, line.TextStyle)
	if known, ok := inked[key]; ok {
		return known[0], known[1]
	}
	wide := *line
	wide.Text += "\u00a0\u00a0"
	wide.Resize(wide.MinSize())
	var areas [2]image.Rectangle
	for i, text := range []*canvas.Text{line, &wide} {
		o, corner := s.placed(text, fyne.Position{})
		areas[i] = ink(s.part(o)).Add(corner)
	}
	inked[key] = areas
	return areas[0], areas[1]
}

// ink is where a picture has anything in it that can be told from nothing.
func ink(picture *image.NRGBA) image.Rectangle {
	const faint = 24
	var area image.Rectangle
	for y := range picture.Rect.Dy() {
		for x := range picture.Rect.Dx() {
			if picture.Pix[y*picture.Stride+x*4+3] > faint {
				area = area.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	return area
}
