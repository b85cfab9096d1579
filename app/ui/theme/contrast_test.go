package theme

import (
	"image/color"
	"testing"

	"fyne.io/fyne/v2"
	stock "fyne.io/fyne/v2/theme"

	"github.com/coffer-vault/coffer/app/ui/uitest/wcag"
)

// surfaces are where text of every kind stands.
var surfaces = []fyne.ThemeColorName{ColorSidebar, ColorList, ColorDetail, ColorCard, ColorMenu, ColorDialog, ColorHeroTop, ColorHeroBottom}

// pairs are the colours that meet, and the ratio each pair must reach. A new pairing of colours belongs here.
var pairs = []struct {
	ink   fyne.ThemeColorName
	on    []fyne.ThemeColorName
	ratio float64
}{
	{ColorText, append(surfaces, ColorInput, ColorWellTop, ColorAccentSoft, ColorWarningSoft, ColorErrorSoft), wcag.Text},
	{ColorMuted, append(surfaces, ColorInput, ColorWell, ColorAccentSoft, ColorWarningSoft, ColorErrorSoft), wcag.Text},
	{ColorFaint, append(surfaces, ColorInput), wcag.Text},
	{ColorAccentText, append(surfaces, ColorAccentSoft), wcag.Text},
	{ColorError, append(surfaces, ColorInput, ColorErrorSoft), wcag.Text},
	{ColorSuccess, []fyne.ThemeColorName{ColorSidebar, ColorList, ColorDetail, ColorCard, ColorDialog}, wcag.Text},
	{ColorWarning, []fyne.ThemeColorName{ColorSidebar, ColorList, ColorDetail, ColorCard, ColorDialog, ColorWarningSoft}, wcag.Text},
	{ColorDigit, []fyne.ThemeColorName{ColorCard, ColorDetail, ColorDialog, ColorInput}, wcag.Text},
	{ColorSymbol, []fyne.ThemeColorName{ColorCard, ColorDetail, ColorDialog, ColorInput}, wcag.Text},
	{ColorOnAccent, []fyne.ThemeColorName{ColorAccent}, wcag.Text},
	{ColorOnError, []fyne.ThemeColorName{ColorError}, wcag.Text},
	{ColorOnInverse, []fyne.ThemeColorName{ColorInverse}, wcag.Text},
	{ColorInverseAccent, []fyne.ThemeColorName{ColorInverse}, wcag.Text},

	{ColorAccent, append(surfaces, ColorTrack, ColorInput, ColorAccentSoft), wcag.Control},
	{ColorRing, append(surfaces, ColorInput, ColorWell, ColorAccentSoft, ColorWarningSoft, ColorErrorSoft), wcag.Control},
	{ColorInputBorder, []fyne.ThemeColorName{ColorList, ColorDetail, ColorCard, ColorMenu, ColorDialog, ColorInput}, wcag.Control},
	{ColorWarning, append(surfaces, ColorAccentSoft, ColorTrack), wcag.Control},
	{ColorSuccess, append(surfaces, ColorTrack), wcag.Control},
	{ColorError, []fyne.ThemeColorName{ColorTrack}, wcag.Control},
}

func TestContrast(t *testing.T) {
	for _, pair := range pairs {
		for _, surface := range pair.on {
			check(t, pair.ink, surface, pair.ratio)
		}
	}
	for i := range Tints {
		fill, ink := tint(i)
		check(t, ink, fill, wcag.Text)
	}
}

func check(t *testing.T, ink, surface fyne.ThemeColorName, ratio float64) {
	t.Helper()
	i, s := palette[ink], palette[surface]
	if got := wcag.Ratio(i.light, s.light); got < ratio {
		t.Errorf("light: %s on %s is %.2f, want %.1f", ink, surface, got, ratio)
	}
	if got := wcag.Ratio(i.dark, s.dark); got < ratio {
		t.Errorf("dark: %s on %s is %.2f, want %.1f", ink, surface, got, ratio)
	}
}

// Texts and icons stay what they are while the pointer is on them or presses them.
func TestContrastUnderThePointer(t *testing.T) {
	both := []fyne.ThemeColorName{ColorHover, ColorPressed}
	rows := []fyne.ThemeColorName{ColorHover}
	panes := []fyne.ThemeColorName{ColorSidebar, ColorList, ColorDetail, ColorCard, ColorDialog}
	for _, part := range []struct {
		ink      fyne.ThemeColorName
		surfaces []fyne.ThemeColorName
		veils    []fyne.ThemeColorName
		ratio    float64
	}{
		{ColorText, []fyne.ThemeColorName{ColorSidebar, ColorInput, ColorCard, ColorAccentSoft}, both, wcag.Text}, // places, buttons, tiles
		{ColorMuted, []fyne.ThemeColorName{ColorSidebar, ColorCard}, rows, wcag.Text},                             // their counts and names
		{ColorAccentText, append(panes, ColorAccentSoft), both, wcag.Text},                                        // buttons without a surface, the place shown
		{ColorOnAccent, []fyne.ThemeColorName{ColorAccent}, both, wcag.Text},
		{ColorOnError, []fyne.ThemeColorName{ColorError}, both, wcag.Text},
		{ColorInverseAccent, []fyne.ThemeColorName{ColorInverse}, both, wcag.Text}, // on a toast
		{ColorText, []fyne.ThemeColorName{ColorList, ColorDialog, ColorCard}, rows, wcag.Text},
		{ColorMuted, []fyne.ThemeColorName{ColorList, ColorDialog, ColorCard}, rows, wcag.Text},
		{ColorMuted, panes, both, wcag.Control}, // icons
		{ColorWarning, append(panes, ColorAccentSoft), both, wcag.Control},
	} {
		for _, surface := range part.surfaces {
			for _, veil := range part.veils {
				ink, ground, over := palette[part.ink], palette[surface], palette[veil]
				if got := wcag.Ratio(ink.light, wcag.Over(over.light, ground.light)); got < part.ratio {
					t.Errorf("light: %s on %s under %s is %.2f", part.ink, surface, veil, got)
				}
				if got := wcag.Ratio(ink.dark, wcag.Over(over.dark, ground.dark)); got < part.ratio {
					t.Errorf("dark: %s on %s under %s is %.2f", part.ink, surface, veil, got)
				}
			}
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
