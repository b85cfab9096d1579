package theme

import (
	"fmt"
	"hash/fnv"
	"image/color"
	"math"

	"fyne.io/fyne/v2"
)

// Tints is how many pairs of colours tell avatars apart.
const Tints = 24

// TintOf picks a pair of colours for a text, the same one every time.
func TintOf(text string) (fill, ink fyne.ThemeColorName) {
	sum := fnv.New32a()
	sum.Write([]byte(text))
	return tint(int(sum.Sum32() % Tints))
}

func tint(index int) (fill, ink fyne.ThemeColorName) {
	return fyne.ThemeColorName(fmt.Sprintf("coffer.tint.%d", index)), fyne.ThemeColorName(fmt.Sprintf("coffer.tint.%d.ink", index))
}

// The tints differ in hue alone, so that no item looks more important than another.
func init() {
	for i := range Tints {
		hue := float64(i) * 360 / Tints
		fill, ink := tint(i)
		palette[fill] = shades{hsl(hue, .55, .91), hsl(hue, .32, .23)}
		palette[ink] = shades{hsl(hue, .55, .28), hsl(hue, .60, .78)}
	}
}

// hsl converts a hue in degrees and saturation and lightness from 0 to 1 (CSS Color 4, section 7.1).
func hsl(hue, saturation, lightness float64) color.NRGBA {
	amplitude := saturation * math.Min(lightness, 1-lightness)
	channel := func(n float64) uint8 {
		k := math.Mod(n+hue/30, 12)
		return uint8(math.Round(255 * (lightness - amplitude*math.Max(-1, math.Min(math.Min(k-3, 9-k), 1)))))
	}
	return color.NRGBA{R: channel(0), G: channel(8), B: channel(4), A: 255}
}
