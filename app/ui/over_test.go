package ui

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"math/rand/v2"
	"testing"
)

// What is drawn fast is what image/draw would have drawn.
func TestOver(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	fill := func(pix []uint8) {
		for i := range pix {
			pix[i] = uint8(random.UintN(256))
		}
	}
	for range 200 {
		part := image.NewNRGBA(image.Rect(0, 0, 12, 9))
		fill(part.Pix)
		for i := 3; i < len(part.Pix); i += 4 { // runs of what is opaque, not there, and between
			if random.UintN(4) > 0 {
				part.Pix[i] = []uint8{0, 0, 255, 255, 90}[random.UintN(5)]
			}
		}
		want := image.NewRGBA(image.Rect(0, 0, 20, 20))
		draw.Draw(want, want.Rect, image.NewUniform(color.RGBA{R: 200, G: 90, B: 17, A: 255}), image.Point{}, draw.Src)
		got := &sheet{picture: image.NewRGBA(want.Rect)}
		copy(got.picture.Pix, want.Pix)
		from := image.Pt(random.IntN(8)-2, random.IntN(8)-2)
		area := image.Rect(3, 4, 3+random.IntN(17), 4+random.IntN(16))
		draw.Draw(want, area, part, from, draw.Over)
		if got.over(area, part, from); !bytes.Equal(got.picture.Pix, want.Pix) {
			t.Fatalf("%v from %v is not what draw.Over draws", area, from)
		}
	}
}
