package generate

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/crypto/secret"
)

func TestPasswordHasEachClass(t *testing.T) {
	for _, o := range []PasswordOptions{
		DefaultPassword(),
		{Length: 4, Lower: true, Upper: true, Digits: true, Symbols: true},
		{Length: 128, Digits: true},
		{Length: 8, Upper: true, Digits: true, AvoidLookAlikes: true},
		{Length: 40, Lower: true, Upper: true, Digits: true, Symbols: true, AvoidLookAlikes: true},
	} {
		allowed := strings.Join(o.classes(), "")
		for range 200 {
			made, err := Password(o)
			if err != nil {
				t.Fatal(err)
			}
			text := string(made.Reveal())
			if len(text) != o.Length || strings.Trim(text, allowed) != "" {
				t.Fatalf("%+v gave %q", o, text)
			}
			for _, class := range o.classes() {
				if !strings.ContainsAny(text, class) {
					t.Fatalf("%q has none of %q", text, class)
				}
			}
			if o.AvoidLookAlikes && strings.ContainsAny(text, lookAlike) {
				t.Fatalf("%q has a look-alike", text)
			}
		}
	}
}

func TestOptionsOutOfRange(t *testing.T) {
	for _, o := range []PasswordOptions{{}, {Length: 20}, {Length: 3, Lower: true}, {Length: 129, Lower: true}, {Length: -1, Lower: true}} {
		if _, err := Password(o); !errors.Is(err, ErrOptions) {
			t.Errorf("%+v: %v", o, err)
		}
	}
	for _, o := range []PassphraseOptions{{}, {Words: 2}, {Words: 21}, {Words: 5, Separator: "123456789"}} {
		if _, err := Passphrase(o); !errors.Is(err, ErrOptions) {
			t.Errorf("%+v: %v", o, err)
		}
	}
	for _, n := range []int{-1, 0, 2, 33} {
		if _, err := PIN(n); !errors.Is(err, ErrOptions) {
			t.Errorf("PIN(%d): %v", n, err)
		}
	}
}

func TestPassphrase(t *testing.T) {
	if n := len(words()); n != 7776 || !slices.IsSorted(words()) || len(slices.Compact(slices.Clone(words()))) != n {
		t.Fatalf("%d words, or not sorted, or not unique", n)
	}
	made, err := Passphrase(PassphraseOptions{Words: 5, Separator: " ", Capitalize: true, Number: true})
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(string(made.Reveal()), " ")
	numbers := 0
	for _, part := range parts {
		word := strings.TrimRight(part, digits)
		numbers += len(part) - len(word)
		if lowered := strings.ToLower(word); lowered[0] == word[0] || !slices.Contains(words(), lowered) {
			t.Errorf("%q is no capitalized word of the list", part)
		}
	}
	if len(parts) != 5 || numbers != 1 {
		t.Errorf("%d words, %d digits", len(parts), numbers)
	}
}

func TestPIN(t *testing.T) {
	made, err := PIN(6)
	if err != nil || made.Len() != 6 || strings.Trim(string(made.Reveal()), digits) != "" {
		t.Errorf("%q, %v", made.Reveal(), err)
	}
}

// TestUniformThrowsTheRestAway feeds the one value that would favour small numbers.
func TestUniformThrowsTheRestAway(t *testing.T) {
	draw := func(values ...uint32) int {
		var b []byte
		for _, v := range values {
			b = binary.BigEndian.AppendUint32(b, v)
		}
		return uniform(bytes.NewReader(b), 10)
	}
	if got := draw(math.MaxUint32, math.MaxUint32-4, 17); got != 7 {
		t.Errorf("got %d, want the 7 of the third draw", got)
	}
	if got := draw(math.MaxUint32 - 6); got != 9 {
		t.Errorf("got %d, want 9: the last value below the limit", got)
	}
}

func TestCharactersAreEquallyLikely(t *testing.T) {
	const draws = 60_000
	counts := map[byte]int{}
	o := PasswordOptions{Length: 100, Digits: true, Upper: true}
	for range draws / o.Length {
		made, _ := Password(o)
		for _, c := range made.Reveal() {
			counts[c]++
		}
	}
	expected := float64(draws) / 36
	chi := 0.0
	for _, n := range counts {
		chi += (float64(n) - expected) * (float64(n) - expected) / expected
	}
	// 35 degrees of freedom: above 100 once in 10^7 runs.
	if len(counts) != 36 || chi > 100 {
		t.Errorf("%d characters, chi square %.1f", len(counts), chi)
	}
}

func TestBits(t *testing.T) {
	for _, c := range []struct{ got, want float64 }{
		{PasswordOptions{Length: 10, Digits: true}.Bits(), 33.2},
		{DefaultPassword().Bits(), 126.0},
		{DefaultPassphrase().Bits(), 77.5},
		{PassphraseOptions{Words: 4, Number: true}.Bits(), 57.0},
		{PINBits(4), 13.3},
	} {
		if math.Abs(c.got-c.want) > 0.1 {
			t.Errorf("%.2f bits, want %.1f", c.got, c.want)
		}
	}
}

func TestEstimate(t *testing.T) {
	for password, want := range map[string]int{
		"": 0, "a": 0, "password": 0, "P@ssw0rd": 0, "drowssap": 0, "qwertyuiop": 0, "19840912": 0, "12.09.1984": 0, "1984": 0,
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa": 0, "abcdefgh": 0, "abcabcabcabc": 0, "annexample": 0, "password1": 0, "1qaz2wsx3edc": 0,
		"Jennifer1990": 0, "monkeydragon": 0, "x7f": 0, "k3j9x2": 1, "blue-horse-7": 1,
		"sonnenblumenfeld": 3, "correct horse battery staple": 3, "8fK#x2Lq!vZ9": 4, "Xk29fjdLqpz0vmWn3tRy": 4,
		"unlocked-waffle-prancing-cobweb-gargle-tiptop": 4, "пароль": 1,
	} {
		got := Estimate(secret.FromString(password), "Example", "ann")
		if got.Score != want {
			t.Errorf("%q: score %d at %.1f bits, want %d", password, got.Score, got.Bits, want)
		}
	}
}

func TestEstimateOfGeneratedPasswords(t *testing.T) {
	for range 50 {
		made, _ := Password(DefaultPassword())
		if s := Estimate(made); s.Score != 4 || s.Bits < 90 {
			t.Errorf("%q: %+v", made.Reveal(), s)
		}
		phrase, _ := Passphrase(DefaultPassphrase())
		if s := Estimate(phrase); s.Score < 3 {
			t.Errorf("%q: %+v", phrase.Reveal(), s)
		}
	}
}

func FuzzEstimate(f *testing.F) {
	f.Add("Tr0ub4dor&3", "bank")
	f.Add("\xff\xfe12.12.2012", "ÄÖÜ")
	f.Add(strings.Repeat("ab", 1000), "ab")
	f.Fuzz(func(t *testing.T, password, input string) {
		s := Estimate(secret.FromString(password), input)
		if s.Bits < 0 || math.IsNaN(s.Bits) || s.Bits > 7*maxEstimated || s.Score < 0 || s.Score > 4 {
			t.Fatalf("%q: %+v", password, s)
		}
		if known := Estimate(secret.FromString(password), input, password); known.Bits > s.Bits {
			t.Fatalf("%q: to know the password makes it harder to guess", password)
		}
	})
}

func BenchmarkEstimate(b *testing.B) {
	for name, password := range map[string]string{"12": "8fK#x2Lq!vZ9", "128": strings.Repeat("8fK#x2Lq!vZ9ab4.", 8), "1000 a": strings.Repeat("a", 1000)} {
		b.Run(name, func(b *testing.B) {
			p := secret.FromString(password)
			for b.Loop() {
				Estimate(p, "Example")
			}
		})
	}
}
