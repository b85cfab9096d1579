package theme

import (
	"fmt"
	"math"
	"os"
	"slices"
	"sync"

	"fyne.io/fyne/v2"
	stock "fyne.io/fyne/v2/theme"
	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/font/opentype"
	"github.com/go-text/typesetting/fontscan"

	"github.com/coffer-vault/coffer/assets"
)

// The embedded fonts hold the letters of six languages. Japanese needs some seven thousand more, so it is set in a font of the
// system, Latin letters included. The toolkit's own fallback would find those characters too, but in whatever font it meets first:
// a Chinese one draws many of them in another shape.

// japaneseCode is the language that is set in fonts of the system.
const japaneseCode = "ja"

// japaneseFamilies are the fonts that the systems bring along for their own windows in Japanese, and the free ones, best first.
var japaneseFamilies = []string{
	"Yu Gothic UI", "Meiryo UI", "Yu Gothic", "Meiryo", // Windows
	"Hiragino Sans", "Hiragino Kaku Gothic ProN", // macOS
	"Noto Sans CJK JP", "Noto Sans JP", "Source Han Sans JP", "Source Han Sans", "IPAexGothic", "IPAPGothic", "TakaoPGothic", "VL PGothic",
	"BIZ UDPGothic", "MS PGothic", "MS UI Gothic", "IPAGothic", "TakaoGothic", "VL Gothic",
}

// japaneseBold is the weight that stands for our semi-bold: W6 of Hiragino (600) is near enough, Medium of Yu Gothic (500) is not.
const japaneseBold font.Weight = 640

// pair is a font in the two weights that Japanese is set in.
type pair struct{ regular, bold fyne.Resource }

// japaneseFonts looks at the fonts of the system once; nil if none has all the characters of the texts.
var japaneseFonts = sync.OnceValue(func() *pair {
	found, err := fontscan.SystemFonts(silent{}, "")
	if err != nil {
		return nil // without fonts to choose from, the texts are English
	}
	characters, err := assets.Characters(japaneseCode)
	if err != nil {
		return nil
	}
	return choose(found, characters)
})

// silent keeps the search for fonts out of the log: the paths of a person's fonts are nobody's business.
type silent struct{}

func (silent) Printf(string, ...any) {}

// CanShow reports whether there are fonts for the texts of a language on this computer.
func CanShow(code string) bool { return code != japaneseCode || japaneseFonts() != nil }

// choose takes the best family that has all the characters, or any font that has, in the weights nearest to ours.
func choose(found []fontscan.Footprint, characters []rune) *pair {
	complete := slices.DeleteFunc(slices.Clone(found), func(f fontscan.Footprint) bool {
		return f.Aspect.Style != font.StyleNormal || !covers(f, characters)
	})
	if len(complete) == 0 {
		return nil
	}
	family := complete[0].Family
	for _, name := range japaneseFamilies {
		if name = font.NormalizeFamily(name); slices.ContainsFunc(complete, func(f fontscan.Footprint) bool { return f.Family == name }) {
			family = name
			break
		}
	}
	complete = slices.DeleteFunc(complete, func(f fontscan.Footprint) bool { return f.Family != family })
	return &pair{regular: nearest(complete, font.WeightNormal), bold: nearest(complete, japaneseBold)}
}

func covers(f fontscan.Footprint, characters []rune) bool {
	for _, r := range characters {
		if !f.Runes.Contains(r) {
			return false
		}
	}
	return true
}

func nearest(fonts []fontscan.Footprint, weight font.Weight) systemFont {
	distance := func(f fontscan.Footprint) float64 { return math.Abs(float64(f.Aspect.Weight - weight)) }
	return systemFont{slices.MinFunc(fonts, func(a, b fontscan.Footprint) int { return int(distance(a) - distance(b)) }).Location}
}

// systemFont is a font file of the system. It is some twenty megabytes large and read when the toolkit asks for it, once for each
// style: what the toolkit makes of it is kept, the file is not.
type systemFont struct{ at fontscan.Location }

// Name implements fyne.Resource.
func (f systemFont) Name() string { return fmt.Sprintf("%s#%d", f.at.File, f.at.Index) }

// Content implements fyne.Resource. A font that is gone since it was found is replaced by the embedded one.
func (f systemFont) Content() []byte {
	file, err := os.Open(f.at.File)
	if err != nil {
		return assets.FontRegular
	}
	defer file.Close()
	content, err := single(file, int(f.at.Index))
	if err != nil {
		return assets.FontRegular
	}
	return content
}

// single takes one font out of a file that may be a collection (.ttc): the toolkit reads files with one font alone.
func single(file font.Resource, index int) ([]byte, error) {
	fonts, err := opentype.NewLoaders(file)
	if err != nil {
		return nil, fmt.Errorf("font: %w", err)
	}
	if index >= len(fonts) {
		return nil, fmt.Errorf("font: the file has %d fonts, not %d", len(fonts), index+1)
	}
	var tables []opentype.Table
	for _, tag := range fonts[index].Tables() {
		content, err := fonts[index].RawTable(tag)
		if err != nil {
			return nil, fmt.Errorf("font: table %s: %w", tag, err)
		}
		tables = append(tables, opentype.Table{Tag: tag, Content: content})
	}
	return opentype.WriteTTF(tables), nil
}

// inJapanese reports whether the theme in use sets Japanese. Those fonts come in two weights, and each that is loaded takes memory.
func inJapanese() bool {
	t, ok := stock.Current().(*Theme)
	return ok && t.japanese != nil
}
