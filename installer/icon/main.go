// Command icon packs the application's PNG pictures into the icon of a system, which the file's ending names.
//
//	go run ./installer/icon assets/appicon coffer.ico     Windows (PNG entries, as Vista and later read them)
//	go run ./installer/icon assets/appicon coffer.icns    macOS
package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"log"
	"os"
	"path/filepath"
)

// packers make an icon of the pictures that side returns, squares by the length of their side in pixels.
var packers = map[string]func(side func(pixels int) ([]byte, error)) ([]byte, error){".ico": packICO, ".icns": packICNS}

func main() {
	if len(os.Args) != 3 || packers[filepath.Ext(os.Args[2])] == nil {
		log.Fatal("usage: icon FOLDER FILE.ico|FILE.icns")
	}
	icon, err := packers[filepath.Ext(os.Args[2])](pngs(os.Args[1]))
	if err == nil {
		err = os.WriteFile(os.Args[2], icon, 0o644)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// pngs reads the pictures of a folder.
func pngs(folder string) func(int) ([]byte, error) {
	return func(pixels int) ([]byte, error) {
		return os.ReadFile(filepath.Join(folder, fmt.Sprintf("coffer-%d.png", pixels)))
	}
}

// sizesICO in pixels; an ICO holds at most 256.
var sizesICO = []int{16, 24, 32, 48, 64, 128, 256}

// packICO returns a header of 6 bytes, an entry of 16 for each picture, then the pictures.
func packICO(side func(int) ([]byte, error)) ([]byte, error) {
	const header, entry = 6, 16
	var directory, pictures bytes.Buffer
	for _, v := range []uint16{0, 1, uint16(len(sizesICO))} {
		binary.Write(&directory, binary.LittleEndian, v)
	}
	for _, size := range sizesICO {
		data, err := side(size)
		if err != nil {
			return nil, err
		}
		at := header + entry*len(sizesICO) + pictures.Len()
		directory.Write([]byte{byte(size), byte(size), 0, 0}) // 256 is written as 0
		for _, v := range []any{uint16(1), uint16(32), uint32(len(data)), uint32(at)} {
			binary.Write(&directory, binary.LittleEndian, v)
		}
		pictures.Write(data)
	}
	return append(directory.Bytes(), pictures.Bytes()...), nil
}

// kindsICNS are the types that take PNG, but for 1024 pixels, which macOS makes of the largest. A type says the size in points and the
// scale, which make the pixels.
var kindsICNS = []struct {
	kind   string
	pixels int
}{
	{"icp4", 16}, {"ic11", 32}, // 16 points
	{"icp5", 32}, {"ic12", 64}, // 32
	{"ic07", 128}, {"ic13", 256}, // 128
	{"ic08", 256}, {"ic14", 512}, // 256
	{"ic09", 512}, // 512
}

// packICNS returns a chunk of chunks, one for each picture.
func packICNS(side func(int) ([]byte, error)) ([]byte, error) {
	var all bytes.Buffer
	for _, k := range kindsICNS {
		data, err := side(k.pixels)
		if err != nil {
			return nil, err
		}
		all.Write(chunk(k.kind, data))
	}
	return chunk("icns", all.Bytes()), nil
}

// header is the length in bytes of what a chunk of an ICNS begins with: its type, and its whole length, big endian.
const header = 8

func chunk(kind string, data []byte) []byte {
	begin := binary.BigEndian.AppendUint32([]byte(kind), uint32(header+len(data)))
	return append(begin, data...)
}
