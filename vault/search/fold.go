package search

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// spelled are letters without a decomposition in Unicode that people type without their stroke.
var spelled = map[rune]string{
	'ß': "ss", 'æ': "ae", 'œ': "oe", 'ø': "o", 'ł': "l", 'đ': "d", 'ð': "d", 'þ': "th", 'ħ': "h", 'ı': "i", 'ŋ': "n",
}

// Fold maps texts that people take for the same to the same text: case, accents, width and other compatibility forms
// (Unicode NFKD), katakana to hiragana. Control characters become spaces, bytes that are not UTF-8 vanish.
func Fold(s string) string {
	if folded, ok := foldASCII(s); ok {
		return folded
	}
	var b strings.Builder
	for _, r := range norm.NFKD.String(s) {
		foldRune(&b, r)
	}
	return b.String()
}

// foldASCII is the fast way for most texts.
func foldASCII(s string) (string, bool) {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf || s[i] < ' ' {
			return "", false
		}
	}
	return strings.ToLower(s), true
}

func foldRune(b *strings.Builder, r rune) {
	r = unicode.ToLower(r)
	switch {
	case r == utf8.RuneError, r >= 0x300 && r <= 0x36f: // combining accents
	case unicode.IsControl(r):
		b.WriteByte(' ')
	case r >= 'ァ' && r <= 'ヶ':
		b.WriteRune(r - 'ァ' + 'ぁ')
	case spelled[r] != "":
		b.WriteString(spelled[r])
	default:
		b.WriteRune(r)
	}
}
