package kit

import (
	"fmt"
	"strings"

	"golang.org/x/image/font/sfnt"

	"github.com/coffer-vault/coffer/assets"
)

// typeface knows which characters the page can show. The PDF library would leave the others out without a word.
type typeface struct {
	font   *sfnt.Font
	buffer sfnt.Buffer
}

func loadTypeface() (*typeface, error) {
	font, err := sfnt.Parse(assets.FontRegular) // the other weights cover the same characters
	if err != nil {
		return nil, err
	}
	return &typeface{font: font}, nil
}

// has reports whether a character can be shown. The PDF library stops at 16 bits.
func (t *typeface) has(r rune) bool {
	glyph, err := t.font.GlyphIndex(&t.buffer, r)
	return err == nil && glyph != 0 && r <= 0xffff
}

// spell writes what cannot be shown as its number: an address must not lose a letter.
func (t *typeface) spell(text string) string {
	var b strings.Builder
	for _, r := range text {
		if t.has(r) {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, "(U+%04X)", r)
		}
	}
	return b.String()
}

// printable returns words, or the English ones if the fonts lack their letters.
func (t *typeface) printable(words *assets.Catalog) (*assets.Catalog, error) {
	for _, r := range words.Text("kit.title") + words.Text("kit.body") + words.Text("kit.password") {
		if !t.has(r) {
			return assets.Load("en")
		}
	}
	return words, nil
}
