// Command icon packs the application's PNG pictures into an ICO file (PNG entries, as Windows Vista and later read them).
//
//	go run ./installer/windows/icon assets/appicon coffer.ico
package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"log"
	"os"
	"path/filepath"
)

// sizes in pixels; an ICO holds at most 256.
var sizes = []int{16, 24, 32, 48, 64, 128, 256}

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: icon FOLDER FILE.ico")
	}
	icon, err := pack(os.Args[1])
	if err == nil {
		err = os.WriteFile(os.Args[2], icon, 0o644)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// pack returns the ICO: a header of 6 bytes, an entry of 16 for each picture, then the pictures.
func pack(folder string) ([]byte, error) {
	const header, entry = 6, 16
	var directory, pictures bytes.Buffer
	for _, v := range []uint16{0, 1, uint16(len(sizes))} {
		binary.Write(&directory, binary.LittleEndian, v)
	}
	for _, size := range sizes {
		data, err := os.ReadFile(filepath.Join(folder, fmt.Sprintf("coffer-%d.png", size)))
		if err != nil {
			return nil, err
		}
		at := header + entry*len(sizes) + pictures.Len()
		directory.Write([]byte{byte(size), byte(size), 0, 0}) // 256 is written as 0
		for _, v := range []any{uint16(1), uint16(32), uint32(len(data)), uint32(at)} {
			binary.Write(&directory, binary.LittleEndian, v)
		}
		pictures.Write(data)
	}
	return append(directory.Bytes(), pictures.Bytes()...), nil
}
