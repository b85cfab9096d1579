package theme

import (
	"image/color"
	"math"
	"testing"

	"fyne.io/fyne/v2"
	stock "fyne.io/fyne/v2/theme"
)

// luminance is the relative luminance of WCAG 2.2.
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

// contrast is the contrast ratio of WCAG 2.2, from 1 to 21.
func contrast(a, b color.NRGBA) float64 {
	light, dark := luminance(a), luminance(b)
	if light < dark {
		light, dark = dark, light
	}
	return (light + .05) / (dark + .05)
}

// over lays a colour on an opaque one.
func over(top, bottom color.NRGBA) color.NRGBA {
	mix := func(t, b uint8) uint8 { return uint8((int(t)*int(top.A) + int(b)*(255-int(top.A))) / 255) }
	return color.NRGBA{R: mix(top.R, bottom.R), G: mix(top.G, bottom.G), B: mix(top.B, bottom.B), A: 255}
}

const (
	textRatio    = 4.5 // WCAG 2.2, 1.4.3
	controlRatio = 3   // WCAG 2.2, 1.4.11
)

// surfaces are where text of every kind stands.
var surfaces = []fyne.ThemeColorName{ColorSidebar, ColorList, ColorDetail, ColorCard, ColorMenu, ColorDialog, ColorHeroTop, ColorHeroBottom}

// pairs are the colours that meet, and the ratio each pair must reach. A new pairing of colours belongs here.
var pairs = []struct {
	ink   fyne.ThemeColorName
	on    []fyne.ThemeColorName
	ratio float64
}{
	{ColorText, append(surfaces, ColorInput, ColorWellTop, ColorAccentSoft, ColorWarningSoft, ColorErrorSoft), textRatio},
	{ColorMuted, append(surfaces, ColorInput, ColorWell, ColorAccentSoft, ColorWarningSoft, ColorErrorSoft), textRatio},
	{ColorFaint, append(surfaces, ColorInput), textRatio},
	{ColorAccentText, append(surfaces, ColorAccentSoft), textRatio},
	{ColorError, append(surfaces, ColorInput, ColorErrorSoft), textRatio},
	{ColorSuccess, []fyne.ThemeColorName{ColorSidebar, ColorList, ColorDetail, ColorCard, ColorDialog}, textRatio},
	{ColorWarning, []fyne.ThemeColorName{ColorSidebar, ColorList, ColorDetail, ColorCard, ColorDialog, ColorWarningSoft}, textRatio},
	{ColorDigit, []fyne.ThemeColorName{ColorCard, ColorDetail, ColorDialog, ColorInput}, textRatio},
	{ColorSymbol, []fyne.ThemeColorName{ColorCard, ColorDetail, ColorDialog, ColorInput}, textRatio},
	{ColorOnAccent, []fyne.ThemeColorName{ColorAccent}, textRatio},
	{ColorOnError, []fyne.ThemeColorName{ColorError}, textRatio},
	{ColorOnInverse, []fyne.ThemeColorName{ColorInverse}, textRatio},
	{ColorInverseAccent, []fyne.ThemeColorName{ColorInverse}, textRatio},

	{ColorAccent, append(surfaces, ColorTrack), controlRatio},
	{ColorRing, append(surfaces, ColorInput, ColorAccentSoft, ColorWarningSoft, ColorErrorSoft), controlRatio},
	{ColorInputBorder, []fyne.ThemeColorName{ColorList, ColorDetail, ColorCard, ColorMenu, ColorDialog, ColorInput}, controlRatio},
	{ColorWarning, append(surfaces, ColorAccentSoft, ColorTrack), controlRatio},
	{ColorSuccess, append(surfaces, ColorTrack), controlRatio},
	{ColorError, []fyne.ThemeColorName{ColorTrack}, controlRatio},
}

func TestContrast(t *testing.T) {
	for _, pair := range pairs {
		for _, surface := range pair.on {
			check(t, pair.ink, surface, pair.ratio)
		}
	}
	for i := range Tints {
		fill, ink := tint(i)
		check(t, ink, fill, textRatio)
	}
}

func check(t *testing.T, ink, surface fyne.ThemeColorName, ratio float64) {
	t.Helper()
	i, s := palette[ink], palette[surface]
	if got := contrast(i.light, s.light); got < ratio {
		t.Errorf("light: %s on %s is %.2f, want %.1f", ink, surface, got, ratio)
	}
	if got := contrast(i.dark, s.dark); got < ratio {
		t.Errorf("dark: %s on %s is %.2f, want %.1f", ink, surface, got, ratio)
	}
}

// Text stays readable while the pointer is on a row or presses a button.
func TestContrastUnderThePointer(t *testing.T) {
	for _, row := range []struct{ ink, surface, veil fyne.ThemeColorName }{
		{ColorText, ColorSidebar, ColorHover},
		{ColorMuted, ColorList, ColorHover},
		{ColorMuted, ColorSidebar, ColorHover},
		{ColorAccentText, ColorCard, ColorPressed},
		{ColorOnAccent, ColorAccent, ColorHover},
	} {
		ink, surface, veil := palette[row.ink], palette[row.surface], palette[row.veil]
		if got := contrast(ink.light, over(veil.light, surface.light)); got < textRatio {
			t.Errorf("light: %s on %s under %s is %.2f", row.ink, row.surface, row.veil, got)
		}
		if got := contrast(ink.dark, over(veil.dark, surface.dark)); got < textRatio {
			t.Errorf("dark: %s on %s under %s is %.2f", row.ink, row.surface, row.veil, got)
		}
	}
}

// The formula agrees with the examples of the standard.
func TestContrastFormula(t *testing.T) {
	for _, test := range []struct {
		a, b uint32
		want float64
	}{{0x000000, 0xFFFFFF, 21}, {0x777777, 0xFFFFFF, 4.48}, {0xFFFFFF, 0xFFFFFF, 1}} {
		if got := contrast(rgb(test.a), rgb(test.b)); math.Abs(got-test.want) > .01 {
			t.Errorf("%06x on %06x: %.2f, want %.2f", test.a, test.b, got, test.want)
		}
	}
}

func TestModeForcesThePalette(t *testing.T) {
	for _, test := range []struct {
		mode   Mode
		system fyne.ThemeVariant
		want   color.NRGBA
	}{
		{System, stock.VariantLight, rgb(0xF1F4F2)}, {System, stock.VariantDark, rgb(0x101413)},
		{Light, stock.VariantDark, rgb(0xF1F4F2)}, {Dark, stock.VariantLight, rgb(0x101413)},
	} {
		if got := New(test.mode).Color(ColorSidebar, test.system); got != test.want {
			t.Errorf("mode %d under system variant %d: %v, want %v", test.mode, test.system, got, test.want)
		}
	}
}
