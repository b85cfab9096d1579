// Package theme is how the program looks: two palettes under semantic names, the fonts, the sizes and the icons.
package theme

import (
	"image/color"

	"fyne.io/fyne/v2"
	stock "fyne.io/fyne/v2/theme"

	"github.com/coffer-vault/coffer/assets"
)

// Mode says which palette is used.
type Mode int

// The modes. System follows what the system prefers, also when that changes.
const (
	System Mode = iota
	Light
	Dark
)

// Theme is the toolkit's theme of the program. It is not changed after New.
type Theme struct {
	base     fyne.Theme
	mode     Mode
	japanese *pair // of fonts; nil for the embedded ones
}

var _ fyne.Theme = (*Theme)(nil)

// New makes the theme for a mode, to be handed to the application's settings.
func New(mode Mode) *Theme { return &Theme{base: stock.DefaultTheme(), mode: mode} }

// For is the theme with the fonts for the texts of a language.
func (t *Theme) For(code string) *Theme {
	other := *t
	other.japanese = nil
	if code == japaneseCode {
		other.japanese = japaneseFonts()
	}
	return &other
}

func (t *Theme) variant(system fyne.ThemeVariant) fyne.ThemeVariant {
	switch t.mode {
	case Light:
		return stock.VariantLight
	case Dark:
		return stock.VariantDark
	}
	return system
}

// Color implements fyne.Theme.
func (t *Theme) Color(name fyne.ThemeColorName, system fyne.ThemeVariant) color.Color {
	variant := t.variant(system)
	shades, ok := palette[name]
	if !ok {
		return t.base.Color(name, variant)
	}
	shade := shades.dark
	if variant == stock.VariantLight {
		shade = shades.light
	}
	if shade.A == 0 {
		return color.Transparent // the one that the toolkit knows not to draw; others it computes for every dot of the area
	}
	return shade
}

var (
	regular  = fyne.NewStaticResource("", assets.FontRegular) // see MeasurePlain
	medium   = fyne.NewStaticResource("Inter-Medium.ttf", assets.FontMedium)
	semiBold = fyne.NewStaticResource("Inter-SemiBold.ttf", assets.FontSemiBold)
	mono     = fyne.NewStaticResource("JetBrainsMono-Regular.ttf", assets.FontMono)
)

// Font implements fyne.Theme. See Weight for what the styles stand for.
func (t *Theme) Font(style fyne.TextStyle) fyne.Resource {
	switch {
	case t.japanese == nil || style.Monospace:
		return embedded(style)
	case style.Bold:
		return t.japanese.bold
	}
	return t.japanese.regular
}

// Icon implements fyne.Theme for the toolkit's own widgets.
func (t *Theme) Icon(name fyne.ThemeIconName) fyne.Resource { return t.base.Icon(name) }
