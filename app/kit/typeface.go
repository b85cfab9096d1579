package kit

import (
	"fmt"
	"strings"
	"sync"

	"golang.org/x/image/font"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"

	"github.com/coffer-vault/coffer/assets"
)

// face names a font of the page.
type face int

const (
	sans face = iota
	bold
	mono
	faces
)

// fontFiles are the fonts themselves, which the PDF holds in part.
func fontFiles() [faces][]byte {
	return [faces][]byte{sans: assets.FontRegular, bold: assets.FontSemiBold, mono: assets.FontMono}
}

// Units of type.
const (
	pointsPerInch = 72.0
	mmPerInch     = 25.4
	mmPerPoint    = mmPerInch / pointsPerInch
)

// typeface knows which characters the page can show, how wide they are and what they look like.
type typeface struct {
	fonts  [faces]*sfnt.Font
	buffer sfnt.Buffer
}

// parseFonts reads them once; what it returns may be used by all.
var parseFonts = sync.OnceValues(func() (fonts [faces]*sfnt.Font, err error) {
	for f, file := range fontFiles() {
		if fonts[f], err = sfnt.Parse(file); err != nil {
			return fonts, err
		}
	}
	return fonts, nil
})

func loadTypeface() (*typeface, error) {
	fonts, err := parseFonts()
	if err != nil {
		return nil, err
	}
	return &typeface{fonts: fonts}, nil
}

// has reports whether a character can be shown. The PDF library stops at 16 bits, and leaves out without a word what it cannot show.
func (t *typeface) has(r rune) bool {
	glyph, err := t.fonts[sans].GlyphIndex(&t.buffer, r) // the other weights cover the same characters
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

// width is that of a line in millimetres; size is in points.
func (t *typeface) width(f face, size float64, text string) (mm float64) {
	for _, r := range text {
		mm += t.advance(f, size, r)
	}
	return mm
}

// advance is how far a character moves the pen. Kerning is left out, as by the PDF library.
func (t *typeface) advance(f face, size float64, r rune) (mm float64) {
	of := t.fonts[f]
	glyph, err := of.GlyphIndex(&t.buffer, r)
	if err != nil {
		return 0
	}
	units, err := of.GlyphAdvance(&t.buffer, glyph, fixed.I(int(of.UnitsPerEm())), font.HintingNone)
	if err != nil {
		return 0
	}
	return float64(units) / 64 / float64(of.UnitsPerEm()) * size * mmPerPoint
}

// lines breaks a text where it has spaces, and a word that is wider than a line wherever the line ends.
func (t *typeface) lines(f face, size, width float64, text string) (lines []string) {
	line := ""
	for _, word := range strings.Fields(text) {
		joined := strings.TrimPrefix(line+" "+word, " ")
		if t.width(f, size, joined) <= width {
			line = joined
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		for line = word; ; {
			n := t.fitting(f, size, width, line)
			if n == len(line) {
				break
			}
			lines, line = append(lines, line[:n]), line[n:]
		}
	}
	return append(lines, line)
}

// fitting is how many bytes of a word fit on a line: one character at the least.
func (t *typeface) fitting(f face, size, width float64, word string) (n int) {
	for i, r := range word {
		width -= t.advance(f, size, r)
		if i > 0 && width < 0 {
			return i
		}
	}
	return len(word)
}
