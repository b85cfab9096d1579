package generate

import (
	"crypto/rand"
	_ "embed"
	"io"
	"math"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/coffer-vault/coffer/crypto/secret"
)

// PassphraseOptions choose what Passphrase makes.
type PassphraseOptions struct {
	Language   string // one of Languages; "" for English
	Words      int    // MinWords to MaxWords
	Separator  string // at most 8 bytes
	Capitalize bool   // the first letter of each word
	Number     bool   // a digit after one of the words
	Accents    bool   // é and ñ as they are written; without it e and n, which every keyboard and site takes
}

// DefaultPassphrase is what a new generator shows.
func DefaultPassphrase() PassphraseOptions { return PassphraseOptions{Words: 6, Separator: "-"} }

// The word lists, one word a line, NFC. Their sources and licences are in data/NOTICE.
var (
	//go:embed data/eff_large_wordlist.txt
	english string
	//go:embed data/words_de.txt
	german string
	//go:embed data/words_es.txt
	spanish string
	//go:embed data/words_fr.txt
	french string
	//go:embed data/words_it.txt
	italian string
	//go:embed data/words_ja.txt
	japanese string // in Latin letters: a password field takes no input method
	//go:embed data/words_nl.txt
	dutch string
)

// wordLists are split when they are first used.
var wordLists = map[string]func() []string{
	"en": sync.OnceValue(func() []string { return strings.Fields(english) }),
	"de": sync.OnceValue(func() []string { return strings.Fields(german) }),
	"es": sync.OnceValue(func() []string { return strings.Fields(spanish) }),
	"fr": sync.OnceValue(func() []string { return strings.Fields(french) }),
	"it": sync.OnceValue(func() []string { return strings.Fields(italian) }),
	"ja": sync.OnceValue(func() []string { return strings.Fields(japanese) }),
	"nl": sync.OnceValue(func() []string { return strings.Fields(dutch) }),
}

// Languages are those that there is a word list of, English first.
func Languages() []string { return []string{"en", "de", "es", "fr", "it", "ja", "nl"} }

// HasAccents tells whether words of a language are written with letters beyond a to z.
func HasAccents(language string) bool {
	return slices.ContainsFunc(wordsOf(language), func(word string) bool { return plain(word) != word })
}

// words are the 7,776 English ones.
func words() []string { return wordLists["en"]() }

// wordsOf returns nil for a language without a list.
func wordsOf(language string) []string {
	if language == "" {
		return words()
	}
	if list := wordLists[language]; list != nil {
		return list()
	}
	return nil
}

// plain is a word without its accents. No two words of a list become the same.
func plain(word string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, norm.NFD.String(word))
}

// Passphrase makes random words. Errors: ErrOptions.
func Passphrase(o PassphraseOptions) (secret.Bytes, error) {
	return passphrase(rand.Reader, o)
}

func passphrase(random io.Reader, o PassphraseOptions) (secret.Bytes, error) {
	list := wordsOf(o.Language)
	if list == nil || o.Words < MinWords || o.Words > MaxWords || len(o.Separator) > maxSeparator {
		return secret.Bytes{}, ErrOptions
	}
	withNumber := -1
	if o.Number {
		withNumber = uniform(random, o.Words)
	}
	var made []byte
	for i := range o.Words {
		if i > 0 {
			made = append(made, o.Separator...)
		}
		made = append(made, o.spell(list[uniform(random, len(list))])...)
		if i == withNumber {
			made = append(made, digits[uniform(random, len(digits))])
		}
	}
	return secret.New(made), nil
}

// spell writes a word of a list as the options say.
func (o PassphraseOptions) spell(word string) string {
	if !o.Accents {
		word = plain(word)
	}
	if o.Capitalize {
		first, size := utf8.DecodeRuneInString(word)
		word = string(unicode.ToUpper(first)) + word[size:]
	}
	return word
}

// Bits is the entropy of what Passphrase makes, 0 where that is an error.
func (o PassphraseOptions) Bits() float64 {
	list := wordsOf(o.Language)
	if list == nil {
		return 0
	}
	bits := float64(o.Words) * math.Log2(float64(len(list)))
	if o.Number {
		bits += math.Log2(float64(len(digits) * o.Words))
	}
	return bits
}
