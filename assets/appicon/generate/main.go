// Command generate draws the application's icon: the mark of icons/coffer.svg on a rounded verdigris square. It writes
// appicon/coffer.svg and its renderings; run it by `go generate ./assets` after changing the mark.
package main

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"log"
	"os"
	"path/filepath"
	"regexp"

	"github.com/fyne-io/oksvg"
	"github.com/srwiley/rasterx"

	"github.com/coffer-vault/coffer/assets"
)

// grid is the side of the square the mark is drawn on.
const grid = 24

// look says how the mark sits on the tile, in units of the grid.
type look struct{ margin, weight float64 }

func (l look) tile() float64 { return grid + 2*l.margin }

// Small renderings get a larger and bolder mark, or its lines would fall below a pixel.
var (
	large = look{margin: 5, weight: 1.6}
	small = look{margin: 3, weight: 1.9}
)

const frame = `<svg xmlns="http://www.w3.org/2000/svg" width="512" height="512" viewBox="0 0 %[1]g %[1]g">
<defs><linearGradient id="tile" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="#17947F"/><stop offset="1" stop-color="#0A6154"/></linearGradient></defs>
<path d="%[2]s" fill="url(#tile)"/>
<g transform="translate(%[3]g %[3]g)" fill="none" stroke="#FFFFFF" stroke-width="%[4]g" stroke-linecap="round" stroke-linejoin="round">%[5]s</g>
</svg>
`

func main() {
	log.SetFlags(0)
	if err := run(filepath.Join("appicon")); err != nil {
		log.Fatal(err)
	}
}

func run(dir string) error {
	drawing, err := compose(large, large.weight)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "coffer.svg"), drawing, 0o644); err != nil {
		return fmt.Errorf("write drawing: %w", err)
	}
	for _, side := range assets.AppIconSizes {
		if err := render(filepath.Join(dir, fmt.Sprintf("coffer-%d.png", side)), side); err != nil {
			return fmt.Errorf("render %d: %w", side, err)
		}
	}
	return nil
}

// render writes one PNG.
func render(path string, side int) error {
	style := large
	if side < 48 {
		style = small
	}
	// The renderer takes stroke widths for pixels, whatever the drawing's own scale.
	drawing, err := compose(style, style.weight*float64(side)/style.tile())
	if err != nil {
		return err
	}
	icon, err := oksvg.ReadIconStream(bytes.NewReader(drawing))
	if err != nil {
		return err
	}
	picture := image.NewRGBA(image.Rect(0, 0, side, side))
	icon.SetTarget(0, 0, float64(side), float64(side))
	icon.Draw(rasterx.NewDasher(side, side, rasterx.NewScannerGV(side, side, picture, picture.Bounds())), 1)
	var out bytes.Buffer
	if err := png.Encode(&out, picture); err != nil {
		return err
	}
	return os.WriteFile(path, out.Bytes(), 0o644)
}

var shapes = regexp.MustCompile(`<path.*/>`)

// compose puts the mark, drawn with the given stroke width, on its tile.
func compose(style look, width float64) ([]byte, error) {
	mark, err := assets.Icon(assets.IconCoffer)
	if err != nil {
		return nil, err
	}
	tile := style.tile()
	return fmt.Appendf(nil, frame, tile, roundedSquare(tile, tile*.23), style.margin, width, shapes.Find(mark)), nil
}

// roundedSquare is the outline of a square with round corners as an SVG path.
func roundedSquare(side, radius float64) string {
	// A quarter of a circle is a cubic curve whose handles are 0.5523 of the radius long.
	handle := radius * (1 - 0.5523)
	near, far := side-radius, side-handle
	return fmt.Sprintf("M%[1]g 0L%[2]g 0C%[3]g 0 %[4]g %[5]g %[4]g %[1]gL%[4]g %[2]gC%[4]g %[3]g %[3]g %[4]g %[2]g %[4]gL%[1]g %[4]gC%[5]g %[4]g 0 %[3]g 0 %[2]gL0 %[1]gC0 %[5]g %[5]g 0 %[1]g 0Z",
		radius, near, far, side, handle)
}
