// Package wcag computes contrasts as the Web Content Accessibility Guidelines 2.2 define them. It is for tests.
package wcag

import (
	"image/color"
	"math"
)

// The least contrasts: of text, 1.4.3, and of what tells what a control is and how it stands, 1.4.11.
const (
	Text    = 4.5
	Control = 3
)

// Ratio is the contrast of two opaque colours, from 1 to 21.
func Ratio(a, b color.NRGBA) float64 {
	light, dark := luminance(a), luminance(b)
	if light < dark {
		light, dark = dark, light
	}
	return (light + .05) / (dark + .05)
}

func luminance(c color.NRGBA) float64 {
	linear := func(channel uint8) float64 {
		v := float64(channel) / 255
		if v <= .04045 {
			return v / 12.92
		}
		return math.Pow((v+.055)/1.055, 2.4)
	}
	return .2126*linear(c.R) + .7152*linear(c.G) + .0722*linear(c.B)
}

// Over lays a colour on an opaque one.
func Over(top, bottom color.NRGBA) color.NRGBA {
	mix := func(t, b uint8) uint8 { return uint8((int(t)*int(top.A) + int(b)*(255-int(top.A))) / 255) }
	return color.NRGBA{R: mix(top.R, bottom.R), G: mix(top.G, bottom.G), B: mix(top.B, bottom.B), A: 255}
}
