package format

import (
	"bytes"
	"slices"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// asUTF8 is a text file without its byte order mark and in UTF-8. Windows programs write UTF-16, and older ones the code page of western
// Europe; a file in UTF-8 that is damaged somewhere is left as it is, so that only the damaged rows are refused.
func asUTF8(data []byte) []byte {
	var from encoding.Encoding
	switch {
	case bytes.HasPrefix(data, []byte("\ufeff")):
		return data[len("\ufeff"):]
	case bytes.HasPrefix(data, []byte{0xff, 0xfe}), bytes.HasPrefix(data, []byte{0xfe, 0xff}):
		from = unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM)
	case isWide(data, 1):
		from = unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	case isWide(data, 0):
		from = unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
	case isWestern(data):
		from = charmap.Windows1252
	default:
		return data
	}
	text, err := from.NewDecoder().Bytes(data)
	if err != nil {
		return data
	}
	return text
}

// isWide tells whether a text begins in UTF-16 without a mark: of its first characters every other byte is zero.
func isWide(data []byte, zero int) bool {
	head := data[:min(len(data), 8)&^1]
	for i, b := range head {
		if (b == 0) != (i%2 == zero) {
			return false
		}
	}
	return len(head) > 0
}

// isWestern tells whether a text is in Windows-1252: no character in it is one of UTF-8 beyond ASCII, and every such byte is a letter
// or a sign of that code page.
func isWestern(data []byte) bool {
	if utf8.Valid(data) {
		return false
	}
	for rest := data; len(rest) > 0; {
		r, size := utf8.DecodeRune(rest)
		if r != utf8.RuneError && size > 1 || r == utf8.RuneError && slices.Contains(westernGaps, rest[0]) {
			return false
		}
		rest = rest[size:]
	}
	return true
}

// westernGaps are the bytes that Windows-1252 has no character for.
var westernGaps = []byte{0x81, 0x8d, 0x8f, 0x90, 0x9d}
