package uitest

import (
	"fmt"
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"github.com/coffer-vault/coffer/app/ui/theme"
	"github.com/coffer-vault/coffer/app/ui/uitest/wcag"
)

// Contrast reports the texts and icons of the uppermost layer of a window that differ too little from what they are drawn on, in the
// palette in use. What cannot be used is left out, as it is in the standard.
func Contrast(c fyne.Canvas) (problems []string) {
	var below []placed
	base := opaque(theme.Color(theme.ColorList))
	report := func(what string, ink color.Color, p placed, least float64) {
		middle := fyne.NewPos((p.seen.low.X+p.seen.high.X)/2, (p.seen.low.Y+p.seen.high.Y)/2)
		ground := groundAt(base, below, middle)
		if got := wcag.Ratio(over(ink, ground), ground); got < least {
			problems = append(problems, fmt.Sprintf("%s: %s on %s is %.2f", what, hex(ink), hex(ground), got))
		}
	}
	walkLayer(c, func(p placed) {
		if !p.seen.touches(p.clip) {
			return
		}
		switch o := p.object.(type) {
		case *canvas.Text:
			if o.Text != "" && o.Color != nil && !unusable(p, o.Color) {
				report(fmt.Sprintf("text %.30q", o.Text), o.Color, p, wcag.Text)
			}
		case *canvas.Raster:
			if ink := strongest(o); ink != nil && !unusable(p, ink) {
				report("icon", ink, p, wcag.Control)
			}
		default:
			below = append(below, p)
		}
	})
	return problems
}

// unusable reports whether an object belongs to something that cannot be used; lines of menus have only their colour to tell it.
func unusable(p placed, ink color.Color) bool {
	return p.disabled || wcag.Ratio(opaque(ink), opaque(theme.Color(theme.ColorDisabled))) < 1.03
}

// groundAt lays over each other what was drawn at a point.
func groundAt(base color.NRGBA, below []placed, at fyne.Position) color.NRGBA {
	ground := base
	for _, p := range below {
		if !p.area.holds(at) {
			continue
		}
		switch o := p.object.(type) {
		case *canvas.Rectangle:
			ground = over(o.FillColor, ground)
		case *canvas.Circle:
			ground = over(o.FillColor, ground)
		case *canvas.LinearGradient: // from the top to the bottom
			part := (at.Y - p.area.low.Y) / (p.area.high.Y - p.area.low.Y)
			top, bottom := over(o.StartColor, ground), over(o.EndColor, ground)
			bottom.A = uint8(255 * part)
			ground = over(bottom, top)
		}
	}
	return ground
}

// strongest is the colour of the most opaque dot of an icon, nil if there is none.
func strongest(icon *canvas.Raster) color.Color {
	const side = 24
	picture := icon.Generator(side, side)
	var found color.NRGBA
	for i := 0; i < side*side; i++ {
		if dot := color.NRGBAModel.Convert(picture.At(i%side, i/side)).(color.NRGBA); dot.A > found.A {
			found = dot
		}
	}
	if found.A == 0 {
		return nil
	}
	return found
}

// over lays a colour on an opaque one.
func over(top color.Color, bottom color.NRGBA) color.NRGBA {
	if top == nil {
		return bottom
	}
	return wcag.Over(color.NRGBAModel.Convert(top).(color.NRGBA), bottom)
}

func opaque(c color.Color) color.NRGBA { return over(c, color.NRGBA{A: 255}) }

func hex(c color.Color) string {
	n := color.NRGBAModel.Convert(c).(color.NRGBA)
	return fmt.Sprintf("#%02X%02X%02X", n.R, n.G, n.B)
}
