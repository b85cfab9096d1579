package theme

import (
	"strings"
	"unicode"

	"fyne.io/fyne/v2"
	stock "fyne.io/fyne/v2/theme"
)

// A text in one of the toolkit's styles has fallback fonts behind it: for each style the toolkit reads its emoji font, a text font of its
// own and one of the system's, 9 MB of memory each time, before the first letter is drawn. A text that is given its font itself has
// the system's fonts alone behind it, and those are read when a character needs them. So a text is given its font wherever that has all of
// its characters, and is left to the toolkit where it has not: a title with an emoji looks as it always did.

// Own is the embedded font of a style, if it has every character of the text; else nil, for the toolkit's fonts.
func Own(text string, style fyne.TextStyle) fyne.Resource {
	if inJapanese() || strings.ContainsFunc(text, func(r rune) bool { return !owned(r, style.Monospace) }) {
		return nil
	}
	return embedded(style)
}

// EntryStyle is the style of a field to type into that holds the given texts. The toolkit's fields take no font, only a style, and the one
// for symbols is the one that the toolkit has no fallback fonts for.
func EntryStyle(texts ...string) fyne.TextStyle {
	if Own(strings.Join(texts, ""), fyne.TextStyle{}) == nil {
		return fyne.TextStyle{}
	}
	return fyne.TextStyle{Symbol: true}
}

// MeasurePlain has the toolkit know how large the letter M is in the plain style. Its fields ask for that whatever their own style is, and
// the toolkit would load all fonts of the plain style to answer. What it has measured it remembers for a minute, by the text, the size,
// the style and the name of the font that was given: a font without a name is remembered as the style's own, which it is.
func MeasurePlain() {
	const letter = "M"
	if font := Own(letter, fyne.TextStyle{}); font != nil {
		fyne.CurrentApp().Driver().RenderedTextSize(letter, stock.TextSize(), fyne.TextStyle{}, font)
	}
}

func embedded(style fyne.TextStyle) fyne.Resource {
	switch {
	case style.Monospace:
		return mono
	case style.Bold:
		return semiBold
	case style.Italic:
		return medium
	}
	return regular
}

// owned tells whether the embedded fonts have a character; a line break is never drawn.
func owned(r rune, monospace bool) bool {
	return ' ' <= r && r <= '~' || r == '\n' || unicode.Is(inAllFonts, r) || !monospace && unicode.Is(inProportional, r)
}

var (
	inAllFonts = &unicode.RangeTable{R16: []unicode.Range16{
		{0x00A0, 0x00AC, 1}, {0x00AE, 0x0131, 1}, {0x0134, 0x0148, 1}, {0x014A, 0x017F, 1}, // Latin
		{0x038E, 0x03A1, 1}, {0x03A3, 0x03CF, 1}, // Greek
		{0x0401, 0x040C, 1}, {0x040E, 0x044F, 1}, {0x0451, 0x045C, 1}, {0x045E, 0x045F, 1}, // Cyrillic
		{0x1EA0, 0x1EF9, 1}, // Vietnamese
		{0x2013, 0x2014, 1}, {0x2018, 0x201A, 1}, {0x201C, 0x201E, 1}, {0x2020, 0x2022, 1}, {0x2026, 0x2026, 1}, {0x2030, 0x2030, 1},
		{0x2032, 0x2034, 1}, {0x2039, 0x203A, 1}, {0x20AC, 0x20AC, 1}, {0x2116, 0x2116, 1}, {0x2122, 0x2122, 1}, {0x2190, 0x2193, 1},
		{0x21E7, 0x21E7, 1}, {0x2212, 0x2212, 1}, {0x2303, 0x2303, 1}, {0x2318, 0x2318, 1}, {0x2325, 0x2325, 1}, {0x25CF, 0x25CF, 1},
		{0x2713, 0x2713, 1},
	}, LatinOffset: 1}
	inProportional = &unicode.RangeTable{R16: []unicode.Range16{{0x2002, 0x200A, 1}, {0x2011, 0x2012, 1}, {0x202F, 0x202F, 1}}}
)
