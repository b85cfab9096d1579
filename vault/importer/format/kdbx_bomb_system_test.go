//go:build system

package format

import (
	"bytes"
	"compress/gzip"
	"errors"
	"runtime"
	"testing"

	"github.com/coffer-vault/coffer/vault/importer"
)

// A database of some kilobytes that unpacks to more than there is room for is refused, and needs no memory for it.
func TestDatabaseBomb(t *testing.T) {
	const member = 64 << 20
	pack := func(plain []byte) []byte {
		var packed bytes.Buffer
		z, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
		if err != nil {
			t.Fatal(err)
		}
		z.Write(plain)
		z.Close()
		return packed.Bytes()
	}
	// A file of 4 GiB, as members of gzip, which are read as one stream.
	begin := append(inner()[:9], innerBinary, 0xff, 0xff, 0xff, 0xff)
	content := append(pack(begin), bytes.Repeat(pack(make([]byte, member)), 64)...)
	data := sealing{major: 4, block: 1 << 20, gzipped: true, content: content}.seal(t)
	before := held()
	if err := openWith(t, data, databasePassword); !errors.Is(err, importer.ErrTooLarge) {
		t.Error(err)
	}
	if grown := int64(held() - before); grown > 64<<20 {
		t.Errorf("%d bytes of memory for a file of %d", grown, len(data))
	}
}

// held is how much memory Go has taken from the system so far.
func held() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapSys
}
