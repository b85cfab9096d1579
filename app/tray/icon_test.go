package tray

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/png"
	"testing"

	"github.com/coffer-vault/coffer/assets"
)

func drawing(t *testing.T) image.Image {
	t.Helper()
	data, err := assets.AppIcon(side)
	if err != nil {
		t.Fatal(err)
	}
	i, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// The looks of all systems, at a pixel of the tile and at one of the mark.
func TestLooks(t *testing.T) {
	tile, white := color.NRGBA{0x17, 0x94, 0x7f, 255}, color.NRGBA{255, 255, 255, 255}
	if c := coloured(tile); c != tile {
		t.Errorf("coloured gives %v", c)
	}
	if c := grey(tile); c.R != c.G || c.G != c.B || c.A != 255 || c.R == 0 {
		t.Errorf("grey gives %v", c)
	}
	if c := grey(color.NRGBA{}); c.A != 0 {
		t.Errorf("grey gives %v outside of the tile", c)
	}
	for _, l := range []struct {
		name    string
		look    func(color.NRGBA) color.NRGBA
		of      color.NRGBA
		opacity uint8
	}{
		{"mark on the tile", mark, tile, 0}, {"mark", mark, white, 255}, {"mark outside", mark, color.NRGBA{}, 0}, {"faint mark", faintMark, white, 127},
	} {
		if c := l.look(l.of); c != (color.NRGBA{A: l.opacity}) {
			t.Errorf("%s is %v", l.name, c)
		}
	}
}

// The template has a mark, and not the tile as a whole.
func TestTemplateIsTheMark(t *testing.T) {
	template, inked := recolour(drawing(t), mark), 0
	for y := range side {
		for x := range side {
			if _, _, _, a := template.At(x, y).RGBA(); a > 0x8000 {
				inked++
			}
		}
	}
	if inked < side*side/20 || inked > side*side/2 {
		t.Errorf("%d of %d pixels are drawn", inked, side*side)
	}
}

func TestIconFileForWindows(t *testing.T) {
	ico, err := encodeICO(drawing(t))
	if err != nil {
		t.Fatal(err)
	}
	size, offset := binary.LittleEndian.Uint32(ico[14:]), binary.LittleEndian.Uint32(ico[18:])
	if binary.LittleEndian.Uint16(ico[2:]) != 1 || ico[6] != side || int(offset+size) != len(ico) {
		t.Fatalf("header % x", ico[:offset])
	}
	if _, err := png.Decode(bytes.NewReader(ico[offset:])); err != nil {
		t.Error(err)
	}
}
