package keys

import (
	"encoding/base32"
	"strings"
	"unicode"

	"github.com/coffer-vault/coffer/crypto/canonical"
)

// crockford is the alphabet without I, L, O and U.
var crockford = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)

const (
	checksumDigits = 4   // 20 bits
	maxText        = 256 // bytes; more than any spelling of a key needs
)

// textForm is how a key is written for people: prefix, Crockford digits of the bytes, checksum, in groups joined by dashes.
type textForm struct {
	prefix        string
	size          int // bytes of the key
	group         int // digits between dashes
	checksumLabel string
}

// parse reads what people type or paste: upper or lower case, any spaces and dashes, O for 0, I and L for 1. form tells whether
// the text has the form of such a key, sum whether its checksum is right too.
func (f textForm) parse(text string) (raw []byte, form, sum bool) {
	digits, ok := strings.CutPrefix(normalise(text), f.prefix)
	keyDigits := crockford.EncodedLen(f.size)
	if !ok || len(digits) != keyDigits+checksumDigits {
		return nil, false, false
	}
	// The checksum's digits are looked at first, so that a letter outside the alphabet in it is malformed and not a typing error.
	if _, err := crockford.DecodeString(digits[keyDigits:] + "0000"); err != nil {
		return nil, false, false
	}
	raw, err := crockford.DecodeString(digits[:keyDigits])
	// The decoder drops padding bits: they have to be zero.
	if err != nil || crockford.EncodeToString(raw) != digits[:keyDigits] {
		return nil, false, false
	}
	return raw, true, f.checksum(raw) == digits[keyDigits:]
}

// format is empty for a missing key.
func (f textForm) format(raw []byte) string {
	if len(raw) != f.size {
		return ""
	}
	digits := crockford.EncodeToString(raw) + f.checksum(raw)
	text := f.prefix
	for start := 0; start < len(digits); start += f.group {
		text += "-" + digits[start:start+f.group]
	}
	return text
}

// checksum is the first 20 bits of the hash, in base32.
func (f textForm) checksum(raw []byte) string {
	sum := canonical.Hash(f.checksumLabel, raw)
	return crockford.EncodeToString(sum[:5])[:checksumDigits]
}

// normalise drops spaces and dashes and maps what people confuse. It gives ""
// for text that is too long to be meant.
func normalise(text string) string {
	if len(text) > maxText {
		return ""
	}
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r) || unicode.Is(unicode.Dash, r):
			return -1
		case r >= 'a' && r <= 'z': // ASCII only: some other letters have ASCII capitals
			r += 'A' - 'a'
		}
		switch r {
		case 'O':
			return '0'
		case 'I', 'L':
			return '1'
		}
		return r
	}, text)
}
