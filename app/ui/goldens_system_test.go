//go:build system

package ui

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"github.com/coffer-vault/coffer/app/ui/theme"
)

var renew = flag.Bool("goldens.renew", false, "keep what the screens look like as their goldens")

// variants are how every screen is drawn for its golden. The first, in English, is the one that is kept as a picture too.
var variants = []struct {
	shape shape
	mode  theme.Mode
	name  string
}{{usual, theme.Light, "light"}, {usual, theme.Dark, "dark"}, {large, theme.Light, "light-150"}, {large, theme.Dark, "dark-150"}}

// goldensIn are the languages that have goldens: the first, the one with the longest words, and the one in another font.
var goldensIn = []string{"en", "de", "ja"}

// prints are the fingerprints of one screen, one for each variant.
type prints [4]string

// goldens is what the screens look like in one language; nil for one that has none.
type goldens struct {
	language  string
	font      string // that the language is set in
	want, got map[string]prints
	patience  time.Duration // left for pictures that are not yet what they should be
}

// What the screens of a language may take to become what they should be: all together, and each of them even if that is used up.
const (
	goldenPatience = time.Minute
	leastPatience  = 2 * time.Second
)

// calm is how long nothing happens where a screen is kept as a golden.
const calm = 400 * time.Millisecond

func openGoldens(t *testing.T, language string) *goldens {
	t.Helper()
	if !slices.Contains(goldensIn, language) {
		return nil
	}
	g := &goldens{
		language: language, want: map[string]prints{}, got: map[string]prints{}, patience: goldenPatience,
		font: theme.New(theme.Light).For(language).Font(fyne.TextStyle{Bold: true}).Name(),
	}
	table, err := os.ReadFile(g.table())
	if *renew && errors.Is(err, fs.ErrNotExist) {
		return g
	}
	if err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(bytes.NewReader(table)); lines.Scan(); {
		fields := strings.Split(lines.Text(), "\t")
		switch {
		case fields[0] == "font":
			if !*renew && fields[1] != g.font {
				t.Fatalf("the goldens are set in %s, this system has %s: see installer/setup/debian.sh", fields[1], g.font)
			}
		case len(fields) == 1+len(variants):
			g.want[fields[0]] = prints(fields[1:])
		default:
			t.Fatalf("%s: %q", g.table(), lines.Text())
		}
	}
	return g
}

func (g *goldens) table() string { return filepath.Join("testdata", "goldens", g.language+".txt") }

// pictured is the file of a golden that is kept as a picture.
func pictured(screen string) string {
	return filepath.Join("testdata", "goldens", "en", strings.ReplaceAll(screen, "/", " - ")+".png")
}

// compare holds a screen of a scene against its golden.
func (g *goldens) compare(a *album, scene, screen string) {
	if g == nil {
		return
	}
	a.Helper()
	if *renew {
		a.rest()
	}
	name := g.unused(scene + "/" + screen)
	want, known := g.want[name]
	var got prints
	order := []int{0, 2, 3, 1} // by palette: to change it takes longest
	if len(g.got)%2 == 1 {
		slices.Reverse(order)
	}
	late := known && !*renew // it may be, until one variant was waited for in vain
	for _, i := range order {
		v := variants[i]
		a.stretch(v.shape)
		picture := a.draw(v.mode)
		for got[i] = fingerprint(picture); late && got[i] != want[i] && g.wait(a); got[i] = fingerprint(picture) {
			picture = a.draw(v.mode)
		}
		if got[i] != want[i] {
			late = false
			g.differs(a, name, i, picture)
		}
	}
	g.got[name] = got
}

// unused tells the second picture of a name from the first.
func (g *goldens) unused(name string) string {
	for n, first := 2, name; ; n++ {
		if _, used := g.got[name]; !used {
			return name
		}
		name = fmt.Sprintf("%s %d", first, n)
	}
}

// wait waits for the next thing that happens in the window, and reports whether something did.
func (g *goldens) wait(a *album) bool {
	began := time.Now()
	happened := a.happens(max(g.patience, leastPatience))
	g.patience -= time.Since(began)
	return happened
}

// rest waits until nothing happens in the window any more: a golden is what a screen comes to.
func (a *album) rest() {
	for a.happens(calm) || a.busy() {
	}
}

// happens waits for the next thing that happens in the window, and reports whether something did in time.
func (a *album) happens(within time.Duration) bool {
	expired, looked := false, false
	timer := time.AfterFunc(within, func() { a.queue.Post(func() { expired = true }) })
	defer timer.Stop()
	a.until("anything", func() bool { defer func() { looked = true }(); return looked })
	a.queue.Drain()
	return !expired
}

// fingerprint tells a picture from every other one.
func fingerprint(picture *image.RGBA) string {
	sum := sha256.Sum256(picture.Pix)
	return hex.EncodeToString(sum[:8])
}

// differs keeps the picture as the golden, or shows what is not as it was.
func (g *goldens) differs(a *album, name string, variant int, picture *image.RGBA) {
	a.Helper()
	kept := g.language == "en" && variant == 0
	if *renew {
		if kept {
			a.check(writePicture(pictured(name), fewColors(picture)))
		}
		return
	}
	folder := filepath.Join("..", "..", "out", "goldens", g.language)
	base := filepath.Join(folder, strings.ReplaceAll(name, "/", " - ")+" "+variants[variant].name)
	a.check(writePicture(base+" got.png", picture))
	if want, err := readPicture(pictured(name)); kept && err == nil {
		a.check(writePicture(base+" want.png", want))
		a.check(writePicture(base+" diff.png", difference(fewColors(want), fewColors(picture))))
	}
	if _, known := g.want[name]; !known {
		a.Errorf("%s has no golden: make goldens UPDATE=1", name)
		return
	}
	a.Errorf("%s, %s is not as it was: see %s got.png; if it shall be so, make goldens UPDATE=1", name, variants[variant].name, base)
}

func (a *album) check(err error) {
	a.Helper()
	if err != nil {
		a.Fatal(err)
	}
}

// missing reports goldens of a scene that no screen was compared with.
func (g *goldens) missing(t *testing.T, scene string) {
	if g == nil || *renew {
		return
	}
	for name := range g.want {
		if _, drawn := g.got[name]; !drawn && strings.HasPrefix(name, scene+"/") {
			t.Errorf("no screen is drawn for the golden %s: make goldens UPDATE=1", name)
		}
	}
}

// close writes the table of what was drawn. Scenes that were not played keep their goldens, and those that are no more have none.
func (g *goldens) close(t *testing.T) {
	if g == nil {
		return
	}
	all := maps.Clone(g.got)
	for name, want := range g.want {
		scene, _, _ := strings.Cut(name, "/")
		switch played := slices.ContainsFunc(slices.Collect(maps.Keys(g.got)), func(s string) bool { return strings.HasPrefix(s, scene+"/") }); {
		case scenes[scene] == nil && !*renew:
			t.Errorf("there is no scene for the golden %s: make goldens UPDATE=1", name)
		case scenes[scene] != nil && !played:
			all[name] = want
		}
	}
	if !*renew {
		return
	}
	var table strings.Builder
	fmt.Fprintf(&table, "font\t%s\n", g.font)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		row := all[name]
		fmt.Fprintf(&table, "%s\t%s\n", name, strings.Join(row[:], "\t"))
	}
	if err := os.WriteFile(g.table(), []byte(table.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	g.dropPictures(t, all)
}

// dropPictures removes pictures that belong to no golden.
func (g *goldens) dropPictures(t *testing.T, all map[string]prints) {
	if g.language != "en" {
		return
	}
	kept := map[string]bool{}
	for name := range all {
		kept[pictured(name)] = true
	}
	files, err := filepath.Glob(filepath.Join("testdata", "goldens", "en", "*.png"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if !kept[file] {
			if err := os.Remove(file); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// fewColors is a picture in the sixteen colours that goldens are kept in: enough for people to recognize it, and small.
func fewColors(picture image.Image) *image.Paletted {
	few := image.NewPaletted(picture.Bounds(), sixteen)
	draw.Draw(few, few.Rect, picture, image.Point{}, draw.Src)
	return few
}

// sixteen are ten steps from black to white and the colours of the light palette.
var sixteen = func() color.Palette {
	p := color.Palette{}
	for _, grey := range []uint8{0, 32, 64, 96, 128, 160, 192, 224, 240, 255} {
		p = append(p, color.Gray{Y: grey})
	}
	for _, name := range []fyne.ThemeColorName{theme.ColorAccent, theme.ColorAccentSoft, theme.ColorError, theme.ColorErrorSoft, theme.ColorWarning, theme.ColorWarningSoft} {
		p = append(p, theme.New(theme.Light).Color(name, 0))
	}
	return p
}()

func readPicture(path string) (image.Image, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return png.Decode(file)
}

// difference is what two pictures share, faintly, and in red what they do not.
func difference(want, got *image.Paletted) image.Image {
	d := image.NewNRGBA(want.Rect.Union(got.Rect))
	for y := range d.Rect.Dy() {
		for x := range d.Rect.Dx() {
			faint := color.GrayModel.Convert(want.At(x, y)).(color.Gray)
			faint.Y = 192 + faint.Y/4
			d.Set(x, y, faint)
			if want.At(x, y) != got.At(x, y) {
				d.Set(x, y, color.NRGBA{R: 220, A: 255})
			}
		}
	}
	return d
}
