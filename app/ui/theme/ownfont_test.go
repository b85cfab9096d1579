package theme

import (
	"bytes"
	"testing"
	"unicode"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"github.com/go-text/typesetting/font"

	"github.com/coffer-vault/coffer/assets"
)

// What is said to be in the embedded fonts is drawn by them alone: a character that is not would be a box.
func TestOwnedCharactersAreInTheFonts(t *testing.T) {
	for style, content := range map[fyne.TextStyle][]byte{
		Regular.Style(): assets.FontRegular, Medium.Style(): assets.FontMedium, SemiBold.Style(): assets.FontSemiBold, Mono.Style(): assets.FontMono,
	} {
		face, err := font.ParseTTF(bytes.NewReader(content))
		if err != nil {
			t.Fatal(err)
		}
		for r := ' '; r <= unicode.MaxRune; r++ {
			if _, ok := face.NominalGlyph(r); !ok && owned(r, style.Monospace) {
				t.Errorf("%+v has no %q (%U)", style, r, r)
			}
		}
	}
}

func TestTextsOfTheProgramNeedNoOtherFont(t *testing.T) {
	test.NewTempApp(t)
	for _, l := range assets.Languages() {
		characters, err := assets.Characters(l.Code)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range append(characters, digits(t, l.Code)...) {
			if l.Code != japaneseCode && Own(string(r), fyne.TextStyle{}) == nil {
				t.Errorf("%s: %q (%U) is left to the toolkit", l.Code, r, r)
			}
		}
	}
}

func TestOwn(t *testing.T) {
	test.NewTempApp(t)
	for text, c := range map[string]struct {
		style fyne.TextStyle
		want  fyne.Resource
	}{
		"":                   {Regular.Style(), regular},
		"Zürich – café":      {Regular.Style(), regular},
		"Τράπεζα":            {Medium.Style(), medium},
		"Банк":               {SemiBold.Style(), semiBold},
		"correct horse":      {Mono.Style(), mono},
		"1\u202f248":         {Regular.Style(), regular},
		"1\u202f249":         {Mono.Style(), nil},
		"🏦 Bank":             {SemiBold.Style(), nil},
		"❤":                  {Regular.Style(), nil},
		"1\ufe0f\u20e3":      {Regular.Style(), nil},
		"銀行":                 {Regular.Style(), nil},
		"a\tb":               {Regular.Style(), nil},
		"not UTF-8: \xff":    {Regular.Style(), nil},
		"two\nlines":         {Regular.Style(), regular},
		"combined: e\u0301.": {Regular.Style(), nil},
	} {
		if got := Own(text, c.style); got != c.want {
			t.Errorf("%q: own font is %t", text, got != nil)
		}
	}
}

// In Japanese every text is in the font of that language.
func TestNothingIsOwnInJapanese(t *testing.T) {
	test.NewTempApp(t)
	ja := New(Light)
	ja.japanese = &pair{regular: regular, bold: semiBold}
	test.ApplyTheme(t, ja)
	if Own("abc", Regular.Style()) != nil || EntryStyle("abc") != (fyne.TextStyle{}) || EntryStyle() != (fyne.TextStyle{}) {
		t.Error("Latin letters are in another font than the Japanese ones")
	}
}

func TestEntryStyle(t *testing.T) {
	test.NewTempApp(t)
	if EntryStyle("search", "café") != (fyne.TextStyle{Symbol: true}) {
		t.Error("a field has the toolkit's fallback fonts for letters that the embedded font has")
	}
	if EntryStyle("search", "🏦") != (fyne.TextStyle{}) || EntryStyle("検索", "a") != (fyne.TextStyle{}) {
		t.Error("a field has no fallback fonts for what the embedded font has not")
	}
}
