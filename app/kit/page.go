package kit

import (
	"image"
	"image/color"
)

// Page is what stands on the paper. It can be written as PDF, or painted by what drives a printer. It holds the secrets of the kit in
// strings, which nobody can wipe: it is made when it is needed and not kept.
type Page struct {
	Width, Height float64 // of the paper, in millimetres

	kit      Kit
	typeface *typeface
	marks    []mark
}

// Painter is what puts the page on paper without a PDF. Lengths are in millimetres from the upper left corner of the paper.
type Painter interface {
	// Fill fills what lies within outlines, each of which is closed. One that runs the other way within another is a hole
	// (the non-zero rule).
	Fill(ink color.RGBA, outlines [][][2]float64)
	// Picture stretches a picture over an area. Its transparent parts are white.
	Picture(picture image.Image, x, y, width, height float64)
}

// Paint has everything on the page painted, in order: what comes later lies above.
func (p *Page) Paint(to Painter) {
	for _, m := range p.marks {
		m.paint(to, p.typeface)
	}
}

// mark is one thing on the page. All lengths are in millimetres, sizes of type in points.
type mark interface {
	write(*document)
	paint(Painter, *typeface)
}

// line is a line of text that begins at x on the baseline y.
type line struct {
	x, y float64
	face face
	size float64
	ink  color.RGBA
	text string
}

// box is a rectangle with round corners. A colour that is not set is not drawn.
type box struct {
	x, y, width, height float64
	radius              float64
	fill, frame         color.RGBA
}

// rule is a horizontal line.
type rule struct {
	x, y, width float64
	thick       float64
	dashed      bool
	ink         color.RGBA
}

// picture is a square picture.
type picture struct {
	x, y, side float64
	png        []byte
}

const (
	frameThick = 0.25 // of the frame of a box
	dash       = 2.0  // of a dashed line, and the gap after it
)

// lineHeight and baseline are of a paragraph, in parts of the size of the type.
const (
	lineHeight = 1.42
	baseline   = lineHeight/2 + 0.3
)
