package kit

import (
	"bytes"
	"image/color"
	"image/png"
	"math"
	"slices"

	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// Letters are painted as the outlines that they have in the font: no printer and no system has to have it, nobody replaces a digit
// that is to be typed by another one that looks like it, and the lines break where they do in the PDF.

// curveSteps is how many straight lines stand for a curve: of a letter of 22 points the error is below a hundredth of a millimetre.
const curveSteps = 8

func (l line) paint(to Painter, t *typeface) {
	var outlines [][][2]float64
	x := l.x
	for _, r := range l.text {
		outlines = append(outlines, t.outlines(l.face, l.size, r, x, l.y)...)
		x += t.advance(l.face, l.size, r)
	}
	if len(outlines) > 0 {
		to.Fill(l.ink, outlines)
	}
}

// outlines are those of a character whose origin is at x and y; none if the font does not have it.
func (t *typeface) outlines(f face, size float64, r rune, x, y float64) [][][2]float64 {
	of := t.fonts[f]
	glyph, err := of.GlyphIndex(&t.buffer, r)
	if err != nil {
		return nil
	}
	segments, err := of.LoadGlyph(&t.buffer, glyph, fixed.I(int(of.UnitsPerEm())), nil)
	if err != nil {
		return nil
	}
	scale := size * mmPerPoint / float64(of.UnitsPerEm()) / 64
	at := func(p fixed.Point26_6) [2]float64 { return [2]float64{x + float64(p.X)*scale, y + float64(p.Y)*scale} }
	var outlines [][][2]float64
	for _, s := range segments {
		if s.Op == sfnt.SegmentOpMoveTo {
			outlines = append(outlines, [][2]float64{at(s.Args[0])})
			continue
		}
		last := len(outlines) - 1
		outlines[last] = append(outlines[last], flatten(outlines[last][len(outlines[last])-1], s, at)...)
	}
	return outlines
}

// flatten are the points of a line or curve behind its first one.
func flatten(from [2]float64, s sfnt.Segment, at func(fixed.Point26_6) [2]float64) (points [][2]float64) {
	if s.Op == sfnt.SegmentOpLineTo {
		return [][2]float64{at(s.Args[0])}
	}
	first, second, end := at(s.Args[0]), at(s.Args[1]), at(s.Args[2])
	if s.Op == sfnt.SegmentOpQuadTo { // raised to a cubic curve
		control := first
		end = at(s.Args[1])
		first, second = between(from, control, 2./3), between(end, control, 2./3)
	}
	for i := 1; i <= curveSteps; i++ {
		points = append(points, bezier(from, first, second, end, float64(i)/curveSteps))
	}
	return points
}

func between(a, b [2]float64, part float64) [2]float64 {
	return [2]float64{a[0] + (b[0]-a[0])*part, a[1] + (b[1]-a[1])*part}
}

// bezier is a point of a cubic curve, by de Casteljau's construction.
func bezier(a, b, c, d [2]float64, part float64) [2]float64 {
	ab, bc, cd := between(a, b, part), between(b, c, part), between(c, d, part)
	return between(between(ab, bc, part), between(bc, cd, part), part)
}

func (b box) paint(to Painter, _ *typeface) {
	if b.fill != (color.RGBA{}) {
		to.Fill(b.fill, [][][2]float64{b.outline(0)})
	}
	if b.frame != (color.RGBA{}) {
		inner := b.outline(-frameThick / 2)
		slices.Reverse(inner)
		to.Fill(b.frame, [][][2]float64{b.outline(frameThick / 2), inner})
	}
}

// outline runs around the box, so far outside of its edge.
func (b box) outline(outside float64) (points [][2]float64) {
	left, top := b.x-outside, b.y-outside
	right, bottom := b.x+b.width+outside, b.y+b.height+outside
	r, steps := b.radius+outside, 2*curveSteps
	if b.radius == 0 {
		r, steps = 0, 0
	}
	for i, centre := range [4][2]float64{{right - r, top + r}, {right - r, bottom - r}, {left + r, bottom - r}, {left + r, top + r}} {
		for step := 0; step <= steps; step++ {
			angle := (float64(i-1) + float64(step)/float64(max(steps, 1))) * math.Pi / 2
			points = append(points, [2]float64{centre[0] + r*math.Cos(angle), centre[1] + r*math.Sin(angle)})
		}
	}
	return points
}

func (r rule) paint(to Painter, _ *typeface) {
	long := r.width
	if r.dashed {
		long = dash
	}
	var dashes [][][2]float64
	for x := r.x; x < r.x+r.width; x += 2 * long {
		piece := box{x: x, y: r.y - r.thick/2, width: min(long, r.x+r.width-x), height: r.thick}
		dashes = append(dashes, piece.outline(0))
	}
	to.Fill(r.ink, dashes)
}

func (p picture) paint(to Painter, _ *typeface) {
	if decoded, err := png.Decode(bytes.NewReader(p.png)); err == nil { // it is of the program, and a test reads it
		to.Picture(decoded, p.x, p.y, p.side, p.side)
	}
}
