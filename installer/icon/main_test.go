package main

import (
	"bytes"
	"encoding/binary"
	"image/png"
	"testing"
)

// Every type has a picture of its size, and the lengths lead from one to the next, to the end.
func TestICNS(t *testing.T) {
	icon, err := packICNS(pngs("../../assets/appicon"))
	if err != nil {
		t.Fatal(err)
	}
	if kind, rest := next(t, &icon); kind != "icns" || len(icon) != 0 {
		t.Fatalf("%s, and %d bytes after it", kind, len(icon))
	} else {
		icon = rest
	}
	for _, want := range kindsICNS {
		kind, data := next(t, &icon)
		config, err := png.DecodeConfig(bytes.NewReader(data))
		if kind != want.kind || err != nil || config.Width != want.pixels || config.Height != want.pixels {
			t.Errorf("%s of %d×%d pixels (%v), want %s of %d", kind, config.Width, config.Height, err, want.kind, want.pixels)
		}
	}
	if len(icon) != 0 {
		t.Errorf("%d bytes after the last picture", len(icon))
	}
}

// Every entry leads to a picture of its size, and the last one ends with the file (learn.microsoft.com, ICONDIR).
func TestICO(t *testing.T) {
	icon, err := packICO(pngs("../../assets/appicon"))
	if err != nil {
		t.Fatal(err)
	}
	end := uint32(6 + 16*len(sizesICO))
	for i, size := range sizesICO {
		entry := icon[6+16*i:]
		length, at := binary.LittleEndian.Uint32(entry[8:]), binary.LittleEndian.Uint32(entry[12:])
		config, err := png.DecodeConfig(bytes.NewReader(icon[at : at+length]))
		if at != end || entry[0] != byte(size) || err != nil || config.Width != size || config.Height != size {
			t.Errorf("picture %d: %d×%d pixels at %d (%v), want %d at %d", i, config.Width, config.Height, at, err, size, end)
		}
		end = at + length
	}
	if int(end) != len(icon) {
		t.Errorf("%d bytes after the last picture", len(icon)-int(end))
	}
}

func next(t *testing.T, from *[]byte) (kind string, data []byte) {
	t.Helper()
	b := *from
	if len(b) < header {
		t.Fatalf("%d bytes are left", len(b))
	}
	length := binary.BigEndian.Uint32(b[4:])
	if length < header || int(length) > len(b) {
		t.Fatalf("a length of %d in %d bytes", length, len(b))
	}
	*from = b[length:]
	return string(b[:4]), b[header:length]
}

func TestNoPictures(t *testing.T) {
	for ending, pack := range packers {
		if _, err := pack(pngs(t.TempDir())); err == nil {
			t.Errorf("an icon %s was made of nothing", ending)
		}
	}
}
