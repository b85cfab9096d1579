package tray

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/png"

	"github.com/coffer-vault/coffer/assets"
)

// icons are the icon's two looks, encoded as the system wants them.
type icons struct{ open, locked []byte }

func (i icons) of(locked bool) []byte {
	if locked {
		return i.locked
	}
	return i.open
}

// side is that of the drawing: panels make it smaller.
const side = 64

func newIcons() (icons, error) {
	data, err := assets.AppIcon(side)
	if err != nil {
		return icons{}, err
	}
	drawing, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		return icons{}, fmt.Errorf("icon: %w", err)
	}
	var i icons
	if i.open, err = encode(recolour(drawing, open)); err == nil {
		i.locked, err = encode(recolour(drawing, locked))
	}
	return i, err
}

// recolour gives every pixel another colour.
func recolour(drawing image.Image, pixel func(color.NRGBA) color.NRGBA) image.Image {
	out := image.NewNRGBA(drawing.Bounds())
	for y := out.Rect.Min.Y; y < out.Rect.Max.Y; y++ {
		for x := out.Rect.Min.X; x < out.Rect.Max.X; x++ {
			out.SetNRGBA(x, y, pixel(color.NRGBAModel.Convert(drawing.At(x, y)).(color.NRGBA)))
		}
	}
	return out
}

// coloured is the icon as it is. Its tile makes it stand out from light panels and from dark ones.
func coloured(c color.NRGBA) color.NRGBA { return c }

// grey is the icon without its colour: nothing is open.
func grey(c color.NRGBA) color.NRGBA {
	y := color.GrayModel.Convert(color.NRGBA{c.R, c.G, c.B, 255}).(color.Gray).Y
	return color.NRGBA{y, y, y, c.A}
}

// mark is what is white of the icon, black on nothing: a template, which the system tints as its menu bar needs it.
func mark(c color.NRGBA) color.NRGBA {
	const tile = 0x17 // the least of a pixel's channels is not above this on the tile
	white := max(int(min(c.R, c.G, c.B))-tile, 0) * 255 / (255 - tile)
	return color.NRGBA{A: uint8(white * int(c.A) / 255)}
}

// faintMark is mark at half its strength.
func faintMark(c color.NRGBA) color.NRGBA {
	c = mark(c)
	c.A /= 2
	return c
}

func encodePNG(i image.Image) ([]byte, error) {
	var b bytes.Buffer
	err := png.Encode(&b, i)
	return b.Bytes(), err
}

// encodeICO wraps a PNG into an icon file with this one image ("ICONDIR" and "ICONDIRENTRY" of the Windows SDK).
func encodeICO(i image.Image) ([]byte, error) {
	drawing, err := encodePNG(i)
	if err != nil {
		return nil, err
	}
	header := struct {
		Reserved, Type, Count uint16
		Width, Height, Colors byte
		Reserved2             byte
		Planes, Bits          uint16
		Size, Offset          uint32
	}{Type: 1, Count: 1, Width: side, Height: side, Planes: 1, Bits: 32, Size: uint32(len(drawing)), Offset: 22}
	var b bytes.Buffer
	if err := binary.Write(&b, binary.LittleEndian, header); err != nil {
		return nil, err
	}
	b.Write(drawing)
	return b.Bytes(), nil
}
