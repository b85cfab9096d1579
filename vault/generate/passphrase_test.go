package generate

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// TestWordLists holds the lists against what data/NOTICE says of them.
func TestWordLists(t *testing.T) {
	notice, err := os.ReadFile("data/NOTICE")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{"en": "eff_large_wordlist.txt"}
	for _, language := range Languages() {
		if files[language] == "" {
			files[language] = "words_" + language + ".txt"
		}
		data, err := os.ReadFile("data/" + files[language])
		if err != nil {
			t.Fatal(err)
		}
		list := wordsOf(language)
		for _, said := range []string{files[language], fmt.Sprintf("%d words", len(list)), fmt.Sprintf("%x", sha256.Sum256(data))} {
			if !strings.Contains(string(notice), said) {
				t.Errorf("%s: data/NOTICE does not say %s", language, said)
			}
		}
	}
	if len(wordLists) != len(Languages()) {
		t.Errorf("%d lists, %d languages", len(wordLists), len(Languages()))
	}
}

// No two words of a list are the same, accents or not: what Bits says would be wrong.
func TestWordsDiffer(t *testing.T) {
	for _, language := range Languages() {
		seen := map[string]string{}
		for _, word := range wordsOf(language) {
			bare := plain(word)
			if before, found := seen[bare]; found {
				t.Errorf("%s: %q and %q", language, before, word)
			}
			seen[bare] = word
			if !norm.NFC.IsNormalString(word) || strings.Trim(bare, "abcdefghijklmnopqrstuvwxyz-") != "" || word != strings.ToLower(word) {
				t.Errorf("%s: %q", language, word)
			}
		}
	}
}

func TestPassphrase(t *testing.T) {
	for _, language := range append(Languages(), "") {
		for _, accents := range []bool{false, true} {
			o := PassphraseOptions{Language: language, Words: 5, Separator: " ", Capitalize: true, Number: true, Accents: accents}
			made, err := Passphrase(o)
			if err != nil {
				t.Fatal(err)
			}
			checkPassphrase(t, o, string(made.Reveal()))
		}
	}
}

func checkPassphrase(t *testing.T, o PassphraseOptions, text string) {
	parts, numbers := strings.Split(text, o.Separator), 0
	for _, part := range parts {
		word := strings.TrimRight(part, digits)
		numbers += len(part) - len(word)
		same := func(w string) bool { return o.spell(w) == word }
		if !unicode.IsUpper([]rune(word)[0]) || !slices.ContainsFunc(wordsOf(o.Language), same) {
			t.Errorf("%s: %q is no capitalized word of the list", o.Language, part)
		}
	}
	if len(parts) != o.Words || numbers != 1 || !o.Accents && plain(text) != text {
		t.Errorf("%s: %q", o.Language, text)
	}
}

func TestAccents(t *testing.T) {
	for language, want := range map[string]bool{"en": false, "de": false, "es": true, "fr": true, "it": false, "ja": false, "nl": false} {
		if HasAccents(language) != want {
			t.Errorf("%s: %v", language, !want)
		}
	}
	with, without := PassphraseOptions{Accents: true, Capitalize: true}, PassphraseOptions{Capitalize: true}
	if with.spell("éblouir") != "Éblouir" || without.spell("éblouir") != "Eblouir" || without.spell("añejo") != "Anejo" {
		t.Errorf("%q, %q, %q", with.spell("éblouir"), without.spell("éblouir"), without.spell("añejo"))
	}
}

func TestPassphraseOptionsOutOfRange(t *testing.T) {
	for _, o := range []PassphraseOptions{{}, {Words: 2}, {Words: 21}, {Words: 5, Separator: "123456789"}, {Words: 5, Language: "xx"}} {
		if _, err := Passphrase(o); !errors.Is(err, ErrOptions) {
			t.Errorf("%+v: %v", o, err)
		}
	}
	if (PassphraseOptions{Words: 5, Language: "xx"}).Bits() != 0 {
		t.Error("bits of no list")
	}
}

func TestPassphraseBits(t *testing.T) {
	for _, c := range []struct{ got, want float64 }{
		{DefaultPassphrase().Bits(), 77.5},
		{PassphraseOptions{Words: 4, Number: true}.Bits(), 57.0},
		{PassphraseOptions{Words: 6, Language: "fr"}.Bits(), 66},
		{PassphraseOptions{Words: 6, Language: "nl"}.Bits(), 62.2},
		{PassphraseOptions{Words: 6, Language: "de"}.Bits(), 77.4},
	} {
		if math.Abs(c.got-c.want) > 0.1 {
			t.Errorf("%.2f bits, want %.1f", c.got, c.want)
		}
	}
}

func TestWordsAreEquallyLikely(t *testing.T) {
	random := seeded(4)
	counts := map[string]int{}
	const phrases = 1000
	for range phrases {
		made, err := passphrase(random, PassphraseOptions{Language: "nl", Words: 20, Separator: " "})
		if err != nil {
			t.Fatal(err)
		}
		for _, word := range strings.Fields(string(made.Reveal())) {
			counts[word]++
		}
	}
	kinds := len(wordsOf("nl"))
	if chi := chiSquare(counts, 20*phrases); len(counts) != kinds || chi > 1.25*float64(kinds) {
		t.Errorf("%d of %d words, chi square %.1f", len(counts), kinds, chi)
	}
}
