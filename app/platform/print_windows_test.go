package platform

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"testing"
)

func TestPlaceOnPaper(t *testing.T) {
	a4, letter := [2]float64{4960, 7016}, [2]float64{5100, 6600} // dots, 600 to an inch
	dots := [2]float64{600, 600}
	for _, c := range []struct {
		name        string
		paper, edge [2]float64
		x, y        float64
		atX, atY    int32
	}{
		{"corner", a4, [2]float64{}, 0, 0, 0, 0},
		{"an inch", a4, [2]float64{}, 25.4, 50.8, 600, 1200},
		{"less the edge that is not printed on", a4, [2]float64{100, 120}, 25.4, 25.4, 500, 480},
		{"far corner on shorter paper", letter, [2]float64{}, 210, 297, 4883, 6600},
		{"smaller, in the middle", letter, [2]float64{}, 105, 148.5, 2550, 3300},
	} {
		x, y := place(210, 297, c.paper, c.edge, dots).at(c.x, c.y)
		if max(x-c.atX, c.atX-x) > 1 || max(y-c.atY, c.atY-y) > 1 {
			t.Errorf("%s: at %d, %d; want %d, %d", c.name, x, y, c.atX, c.atY)
		}
	}
}

func TestPictureForWindows(t *testing.T) {
	picture := image.NewNRGBA(image.Rect(3, 4, 4, 6))
	picture.Set(3, 4, color.NRGBA{0x10, 0x20, 0x30, 0xff})
	picture.Set(3, 5, color.NRGBA{0xff, 0, 0, 0})
	if got, want := bottomUp(picture), []byte{0xff, 0xff, 0xff, 0, 0x30, 0x20, 0x10, 0}; !bytes.Equal(got, want) {
		t.Errorf("% x, want % x", got, want)
	}
}

func TestNoSuchPrinter(t *testing.T) {
	if _, err := Printers(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := Print(t.Context(), "no such printer", PrintPage{Title: "Coffer", Paint: func(Painter) { t.Error("painted") }}); !errors.Is(err, ErrNotPrinted) {
		t.Errorf("%v, want %v", err, ErrNotPrinted)
	}
}
