package main

import (
	"bytes"
	"encoding/binary"
	"image/png"
	"testing"
)

// Every type has a picture of its size, and the lengths lead from one to the next, to the end.
func TestIcon(t *testing.T) {
	icon, err := pack("../../../assets/appicon")
	if err != nil {
		t.Fatal(err)
	}
	if kind, rest := next(t, &icon); kind != "icns" || len(icon) != 0 {
		t.Fatalf("%s, and %d bytes after it", kind, len(icon))
	} else {
		icon = rest
	}
	for _, want := range pictures {
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
	if _, err := pack(t.TempDir()); err == nil {
		t.Error("an icon was made of nothing")
	}
}
