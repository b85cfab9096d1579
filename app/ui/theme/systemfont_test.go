package theme

import (
	"bytes"
	"encoding/binary"
	"runtime"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/fontscan"

	"github.com/coffer-vault/coffer/assets"
)

// collection packs fonts into one file, as the systems' fonts for Japanese are packed: a list of offsets, then the fonts, in which
// all offsets count from the beginning of the file.
func collection(fonts ...[]byte) []byte {
	file := binary.BigEndian.AppendUint32([]byte("ttcf\x00\x01\x00\x00"), uint32(len(fonts)))
	at := len(file) + 4*len(fonts)
	var all []byte
	for _, f := range fonts {
		file = binary.BigEndian.AppendUint32(file, uint32(at))
		moved := bytes.Clone(f)
		for i := range int(binary.BigEndian.Uint16(moved[4:])) {
			offset := moved[12+16*i+8:]
			binary.BigEndian.PutUint32(offset, binary.BigEndian.Uint32(offset)+uint32(at))
		}
		all = append(all, moved...)
		at += len(moved)
	}
	return append(file, all...)
}

func TestOneFontOfACollection(t *testing.T) {
	file := collection(assets.FontRegular, assets.FontMono)
	for index, want := range []string{"Inter", "JetBrains Mono"} {
		content, err := single(bytes.NewReader(file), index)
		if err != nil {
			t.Fatal(err)
		}
		face, err := font.ParseTTF(bytes.NewReader(content))
		if err != nil {
			t.Fatal(err)
		}
		if got := face.Describe().Family; got != want {
			t.Errorf("font %d is %q, want %q", index, got, want)
		}
	}
	for name, content := range map[string][]byte{"cut": file[:40], "none": nil, "text": []byte("no font at all"), "list without end": append([]byte("ttcf\x00\x01\x00\x00"), 0xff, 0xff, 0xff, 0xff)} {
		if _, err := single(bytes.NewReader(content), 0); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := single(bytes.NewReader(file), 2); err == nil {
		t.Error("there is no third font")
	}
}

func footprint(family string, weight font.Weight, characters string) fontscan.Footprint {
	var runes fontscan.RuneSet
	for _, r := range characters {
		runes.Add(r)
	}
	return fontscan.Footprint{Family: font.NormalizeFamily(family), Runes: runes,
		Aspect: font.Aspect{Style: font.StyleNormal, Weight: weight}, Location: fontscan.Location{File: family, Index: uint16(weight)}}
}

func TestChoiceOfTheJapaneseFont(t *testing.T) {
	const latin, kana, all = "ab", "abあ", "abあ漢"
	italic := footprint("Meiryo UI", 400, all)
	italic.Aspect.Style = font.StyleItalic
	for name, test := range map[string]struct {
		found         []fontscan.Footprint
		regular, bold string
	}{
		"nothing":         {nil, "", ""},
		"no kanji":        {[]fontscan.Footprint{footprint("Inter", 400, latin), footprint("Yu Gothic UI", 400, kana)}, "", ""},
		"the best family": {[]fontscan.Footprint{footprint("SimSun", 400, all), footprint("VL PGothic", 400, all), footprint("Meiryo", 400, all), footprint("Meiryo", 700, all)}, "Meiryo#400", "Meiryo#700"},
		"the nearest":     {[]fontscan.Footprint{footprint("Yu Gothic", 300, all), footprint("Yu Gothic", 500, all), footprint("Yu Gothic", 400, all), footprint("Yu Gothic", 700, all)}, "Yu Gothic#400", "Yu Gothic#700"},
		"one weight":      {[]fontscan.Footprint{footprint("VL PGothic", 400, all)}, "VL PGothic#400", "VL PGothic#400"},
		"any that can":    {[]fontscan.Footprint{footprint("Inter", 400, latin), footprint("SimSun", 400, all)}, "SimSun#400", "SimSun#400"},
		"no slanted one":  {[]fontscan.Footprint{italic, footprint("MS PGothic", 400, all)}, "MS PGothic#400", "MS PGothic#400"},
	} {
		chosen := choose(test.found, []rune("あ漢"))
		if chosen == nil {
			chosen = &pair{fyne.NewStaticResource("", nil), fyne.NewStaticResource("", nil)}
		}
		if chosen.regular.Name() != test.regular || chosen.bold.Name() != test.bold {
			t.Errorf("%s: chose %q and %q, want %q and %q", name, chosen.regular.Name(), chosen.bold.Name(), test.regular, test.bold)
		}
	}
}

// A theme sets Japanese in the fonts of the system, in two weights, and secrets in the embedded font as ever.
func TestJapaneseTheme(t *testing.T) {
	if !CanShow("en") || !CanShow("de") {
		t.Error("the embedded fonts show English and German")
	}
	if !CanShow("ja") && runtime.GOOS == "linux" {
		t.Fatal("no font for Japanese on this system: the package fonts-vlgothic has one")
	} else if !CanShow("ja") {
		t.Skip("no font for Japanese on this system")
	}
	test.NewTempApp(t)
	ja := New(Light).For("ja")
	test.ApplyTheme(t, ja)
	if Medium.Style() != Regular.Style() {
		t.Error("the medium weight would be a third font in memory")
	}
	for _, weight := range []Weight{Regular, SemiBold} {
		face, err := font.ParseTTF(bytes.NewReader(ja.Font(weight.Style()).Content()))
		if err != nil {
			t.Fatal(err)
		}
		characters, err := assets.Characters("ja")
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range characters {
			if _, ok := face.NominalGlyph(r); !ok {
				t.Errorf("weight %d has no %q", weight, r)
			}
		}
	}
	if ja.Font(Mono.Style()) != mono {
		t.Error("secrets are in another font")
	}
	if de := ja.For("de"); de.Font(fyne.TextStyle{}) != regular {
		t.Error("German is in another font than the embedded one")
	}
}

// A font that is gone since it was found must not take the window with it.
func TestLostFontIsReplaced(t *testing.T) {
	lost := systemFont{fontscan.Location{File: t.TempDir() + "/gone.ttc"}}
	if !bytes.Equal(lost.Content(), assets.FontRegular) {
		t.Error("a lost font is not replaced")
	}
}

// The embedded fonts have every character of the texts but the Japanese ones: the toolkit would draw another font's, or none.
func TestEmbeddedFontsHaveTheLetters(t *testing.T) {
	for _, weight := range [][]byte{assets.FontRegular, assets.FontMedium, assets.FontSemiBold} {
		face, err := font.ParseTTF(bytes.NewReader(weight))
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range assets.Languages() {
			characters, err := assets.Characters(l.Code)
			if err != nil {
				t.Fatal(err)
			}
			// And what the languages group digits with.
			for _, r := range append(characters, digits(t, l.Code)...) {
				if _, ok := face.NominalGlyph(r); !ok && l.Code != japaneseCode {
					t.Errorf("%s: no %q (%U)", l.Code, r, r)
				}
			}
		}
	}
}

func digits(t *testing.T, code string) []rune {
	words, err := assets.Load(code)
	if err != nil {
		t.Fatal(err)
	}
	return []rune(words.Text("screen.number", "n", 1_234_567) + words.Text("screen.number", "n", 0.5))
}
