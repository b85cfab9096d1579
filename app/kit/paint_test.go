package kit

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/image/draw"
	"golang.org/x/image/vector"

	"github.com/coffer-vault/coffer/assets"
	"github.com/coffer-vault/coffer/crypto/keys"
)

const testDPI = 100

// printer stands for what drives one: it puts on its paper what it is told.
type printer struct{ paper *image.RGBA }

// paint puts a page on paper, with so many dots per inch.
func paint(p *Page) image.Image {
	dots := func(mm float64) int { return int(math.Ceil(mm / mmPerInch * testDPI)) }
	to := printer{image.NewRGBA(image.Rect(0, 0, dots(p.Width), dots(p.Height)))}
	draw.Draw(to.paper, to.paper.Bounds(), image.White, image.Point{}, draw.Src)
	p.Paint(to)
	return to.paper
}

func (p printer) Fill(ink color.RGBA, outlines [][][2]float64) {
	area := image.Rectangle{}
	dots := func(mm float64) float32 { return float32(mm / mmPerInch * testDPI) }
	for _, outline := range outlines {
		for _, point := range outline {
			x, y := int(dots(point[0])), int(dots(point[1]))
			area = area.Union(image.Rect(x-1, y-1, x+2, y+2))
		}
	}
	r := vector.NewRasterizer(area.Dx(), area.Dy())
	at := func(point [2]float64) (x, y float32) {
		return dots(point[0]) - float32(area.Min.X), dots(point[1]) - float32(area.Min.Y)
	}
	for _, outline := range outlines {
		r.MoveTo(at(outline[0]))
		for _, point := range outline[1:] {
			r.LineTo(at(point))
		}
		r.ClosePath()
	}
	r.Draw(p.paper, area, image.NewUniform(ink), image.Point{})
}

func (p printer) Picture(picture image.Image, x, y, width, height float64) {
	dots := func(mm float64) int { return int(mm/mmPerInch*testDPI + 0.5) }
	draw.CatmullRom.Scale(p.paper, image.Rect(dots(x), dots(y), dots(x+width), dots(y+height)), picture, picture.Bounds(), draw.Over, nil)
}

// TestPaintedAsWritten lays what a printer's driver paints over the PDF, as another program draws that.
func TestPaintedAsWritten(t *testing.T) {
	k := withRecovery(t)
	k.Words = catalog(t, "fr") // letters that are made of several
	painted, written := paint(laidOut(t, k)), drawn(t, render(t, k))
	if painted.Bounds() != written.Bounds() {
		t.Fatalf("painted on %v, the PDF has %v", painted.Bounds(), written.Bounds())
	}
	if part := different(painted, written); part > 0.0005 {
		t.Errorf("%.2f %% of the paper differ", 100*part)
	}
}

// TestPaintedPageCanBeScanned reads the code with a camera, so to speak, as that of the PDF.
func TestPaintedPageCanBeScanned(t *testing.T) {
	k := testKit(t)
	var photo bytes.Buffer
	if err := png.Encode(&photo, paint(laidOut(t, k))); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "page.png")
	if err := os.WriteFile(file, photo.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	read, err := keys.ParseSecretKey(tool(t, nil, "zbarimg", "--quiet", "--raw", file))
	if err != nil || !read.Equal(k.SecretKey) {
		t.Errorf("scanned something else: %v", err)
	}
}

// drawn is a PDF as poppler draws it.
func drawn(t *testing.T, pdf []byte) image.Image {
	t.Helper()
	file := filepath.Join(t.TempDir(), "page")
	tool(t, pdf, "pdftoppm", "-r", "100", "-png", "-singlefile", "-", file)
	data, err := os.ReadFile(file + ".png")
	if err != nil {
		t.Fatal(err)
	}
	picture, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return picture
}

// different is which part of two pictures is not alike, seen from as far away as one cannot tell dots: poppler puts letters on whole ones.
func different(a, b image.Image) float64 {
	first, second, n := fromAfar(a), fromAfar(b), 0
	for i := range first.Pix {
		if max(first.Pix[i], second.Pix[i])-min(first.Pix[i], second.Pix[i]) > 60 {
			n++
		}
	}
	return float64(n) / float64(len(first.Pix))
}

func fromAfar(picture image.Image) *image.Gray {
	small := image.NewGray(image.Rect(0, 0, picture.Bounds().Dx()/4, picture.Bounds().Dy()/4))
	draw.BiLinear.Scale(small, small.Bounds(), picture, picture.Bounds(), draw.Src, nil)
	return small
}

// TestLinesBreak: no word is lost and no line too wide, whatever is written.
func TestLinesBreak(t *testing.T) {
	typeface, err := loadTypeface()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		text  string
		width float64
		want  []string
	}{
		{"", 50, []string{""}},
		{"one", 50, []string{"one"}},
		{"one two", 9, []string{"one", "two"}},
		{"  one   two ", 50, []string{"one two"}},
		{"wwwww", 6, []string{"ww", "ww", "w"}},
		{"a wwwww b", 6, []string{"a", "ww", "ww", "w", "b"}},
		{"ww", 0.1, []string{"w", "w"}}, // narrower than a letter: one after the other
	} {
		got := typeface.lines(sans, 10, c.width, c.text)
		if len(got) != len(c.want) {
			t.Errorf("%q: %q, want %q", c.text, got, c.want)
			continue
		}
		for i := range got {
			if got[i] != c.want[i] {
				t.Errorf("%q: %q, want %q", c.text, got, c.want)
			}
		}
	}
}

// The picture on the page is painted from what the program holds.
func TestPictureCanBeRead(t *testing.T) {
	icon, err := assets.AppIcon(512)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := png.Decode(bytes.NewReader(icon)); err != nil {
		t.Error(err)
	}
}
