package theme

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"sync"

	"fyne.io/fyne/v2"
	"github.com/fyne-io/oksvg"
	"github.com/srwiley/rasterx"

	"github.com/coffer-vault/coffer/assets"
)

// iconGrid is the side of the square that icons are drawn on.
const iconGrid = 24

// glyph identifies one rendering of an icon.
type glyph struct {
	name  assets.IconName
	color color.NRGBA
	side  int
}

// maxGlyphs bounds the renderings kept: a few hundred cover every icon in its usual colours at one scale.
const maxGlyphs = 1024

var (
	glyphsMu sync.Mutex
	glyphs   = map[glyph]image.Image{}
)

// Glyph renders an icon in a colour, side pixels square. Renderings are kept and must not be changed. The toolkit would
// draw icons itself, but with lines of the same width at every size and scale.
func Glyph(name assets.IconName, ink color.Color, side int) image.Image {
	want := glyph{name, color.NRGBAModel.Convert(ink).(color.NRGBA), side}
	glyphsMu.Lock()
	defer glyphsMu.Unlock()
	if picture := glyphs[want]; picture != nil {
		return picture
	}
	if len(glyphs) >= maxGlyphs {
		clear(glyphs)
	}
	picture := render(want)
	glyphs[want] = picture
	return picture
}

func render(g glyph) image.Image {
	picture := image.NewRGBA(image.Rect(0, 0, g.side, g.side))
	icon, err := oksvg.ReadReplacingCurrentColor(bytes.NewReader(source(g.name)), hex(g.color))
	if err != nil || g.side <= 0 {
		return picture
	}
	icon.SetTarget(0, 0, float64(g.side), float64(g.side))
	for i := range icon.SVGPaths {
		icon.SVGPaths[i].LineWidth *= float64(g.side) / iconGrid
	}
	scanner := rasterx.NewScannerGV(g.side, g.side, picture, picture.Bounds())
	icon.Draw(rasterx.NewDasher(g.side, g.side, scanner), float64(g.color.A)/255)
	return picture
}

// source is the drawing of an icon. Names are constants, each of which a test of package assets finds a file for.
func source(name assets.IconName) []byte {
	svg, err := assets.Icon(name)
	if err != nil {
		fyne.LogError("theme", err)
	}
	return svg
}

func hex(c color.NRGBA) string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }
