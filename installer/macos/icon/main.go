// Command icon packs the application's PNG pictures into an ICNS file, the icon of an application of macOS.
//
//	go run ./installer/macos/icon assets/appicon coffer.icns
package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"log"
	"os"
	"path/filepath"
)

// picture is one of an ICNS file: its type says the size in points and the scale, which make the pixels.
type picture struct {
	kind   string
	pixels int
}

// pictures are the types that take PNG, but for 1024 pixels, which macOS makes of the largest.
var pictures = []picture{
	{"icp4", 16}, {"ic11", 32}, // 16 points
	{"icp5", 32}, {"ic12", 64}, // 32
	{"ic07", 128}, {"ic13", 256}, // 128
	{"ic08", 256}, {"ic14", 512}, // 256
	{"ic09", 512}, // 512
}

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: icon FOLDER FILE.icns")
	}
	icon, err := pack(os.Args[1])
	if err == nil {
		err = os.WriteFile(os.Args[2], icon, 0o644)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// header is the length in bytes of what comes before each picture, and before all: a type and the length of both together, big endian.
const header = 8

// pack returns the ICNS.
func pack(folder string) ([]byte, error) {
	var all bytes.Buffer
	for _, p := range pictures {
		data, err := os.ReadFile(filepath.Join(folder, fmt.Sprintf("coffer-%d.png", p.pixels)))
		if err != nil {
			return nil, err
		}
		all.Write(chunk(p.kind, data))
	}
	return chunk("icns", all.Bytes()), nil
}

func chunk(kind string, data []byte) []byte {
	begin := binary.BigEndian.AppendUint32([]byte(kind), uint32(header+len(data)))
	return append(begin, data...)
}
