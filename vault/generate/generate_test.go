package generate

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"math"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/crypto/secret"
)

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
		made, _, _ := password(rand.Reader, DefaultPassword())
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
