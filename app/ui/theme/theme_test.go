package theme

import (
	"bytes"
	"image"
	"image/color"
	"testing"

	"fyne.io/fyne/v2/test"
	stock "fyne.io/fyne/v2/theme"

	"github.com/coffer-vault/coffer/assets"
)

func TestWeightsHaveTheirFonts(t *testing.T) {
	look := New(System)
	for weight, want := range map[Weight][]byte{
		Regular: assets.FontRegular, Medium: assets.FontMedium, SemiBold: assets.FontSemiBold, Mono: assets.FontMono,
	} {
		if got := look.Font(weight.Style()); !bytes.Equal(got.Content(), want) {
			t.Errorf("weight %d is set in %s", weight, got.Name())
		}
	}
	if look.Font(EntryStyle("letters")) != regular {
		t.Error("fields are set in another font than lines")
	}
}

func TestUnknownNamesComeFromTheToolkit(t *testing.T) {
	test.NewTempApp(t) // the toolkit's own colours ask the program's settings
	look := New(Dark)
	base := stock.DefaultTheme()
	if got := look.Color("no such colour", stock.VariantLight); got != base.Color("no such colour", stock.VariantDark) {
		t.Errorf("colour %v", got)
	}
	if got := look.Size(stock.SizeNameWindowTitleBarHeight); got != base.Size(stock.SizeNameWindowTitleBarHeight) {
		t.Errorf("size %v", got)
	}
	if look.Size(stock.SizeNameModalBlurRadius) != 0 {
		t.Error("dialogs are blurred")
	}
}

// ink is the share of a picture that is covered.
func ink(picture image.Image) float64 {
	sum, bounds := 0.0, picture.Bounds()
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			_, _, _, alpha := picture.At(x, y).RGBA()
			sum += float64(alpha) / 0xFFFF
		}
	}
	return sum / float64(bounds.Dx()*bounds.Dy())
}

func TestGlyphLinesGrowWithTheIcon(t *testing.T) {
	small, large := ink(Glyph(assets.IconSquarePen, color.Black, 24)), ink(Glyph(assets.IconSquarePen, color.Black, 96))
	if small < .1 || large < small*.9 || large > small*1.1 {
		t.Errorf("the lines cover %.3f at 24 pixels and %.3f at 96", small, large)
	}
}

func TestGlyphsOfEveryKind(t *testing.T) {
	for name, picture := range map[string]image.Image{
		"coloured": Glyph(assets.IconStarFilled, color.NRGBA{R: 255, A: 255}, 17),
		"again":    Glyph(assets.IconStarFilled, color.NRGBA{R: 255, A: 255}, 17),
	} {
		r, g, _, a := picture.At(8, 9).RGBA()
		if r != 0xFFFF || g != 0 || a != 0xFFFF {
			t.Errorf("%s: the middle of the star is %v", name, picture.At(8, 9))
		}
	}
	if got := Glyph(assets.IconLock, color.Black, 0).Bounds(); !got.Empty() {
		t.Errorf("no pixels give %v", got)
	}
	if got := ink(Glyph("no-such-icon", color.Black, 17)); got != 0 {
		t.Errorf("an unknown icon covers %.3f", got)
	}
}

func TestGlyphsKeptAreBounded(t *testing.T) {
	for i := range maxGlyphs + 10 {
		Glyph(assets.IconX, color.NRGBA{R: uint8(i), G: uint8(i >> 8), A: 255}, 4)
	}
	if len(glyphs) > maxGlyphs {
		t.Errorf("%d renderings are kept", len(glyphs))
	}
}

func TestTintIsStable(t *testing.T) {
	first, _ := TintOf("GitHub")
	again, _ := TintOf("GitHub")
	other, _ := TintOf("Amazon")
	if first != again || first == other {
		t.Errorf("GitHub is %s then %s, Amazon is %s", first, again, other)
	}
}

func TestRoles(t *testing.T) {
	role := Body.In(ColorError).Of(SemiBold)
	if role.Color != ColorError || role.Weight != SemiBold || Body.Color != ColorText {
		t.Errorf("%+v, %+v", role, Body)
	}
}
