package generate

import (
	crand "crypto/rand"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/coffer-vault/coffer/crypto/secret"
)

// password makes one, with its bits.
func password(random io.Reader, o PasswordOptions) (secret.Bytes, float64, error) {
	rules, err := o.Rules()
	if err != nil {
		return secret.Bytes{}, 0, err
	}
	return rules.make(random, o.Length)
}

// seeded is a random source that gives the same in every run.
func seeded(seed byte) *rand.ChaCha8 { return rand.NewChaCha8([32]byte{seed}) }

func TestPasswordHasEachClass(t *testing.T) {
	for _, o := range []PasswordOptions{
		DefaultPassword(),
		{Length: 4, Lower: true, Upper: true, Digits: true, Symbols: true},
		{Length: 128, Digits: true},
		{Length: 8, Upper: true, Digits: true, AvoidLookAlikes: true},
		{Length: 40, Lower: true, Upper: true, Digits: true, Symbols: true, AvoidLookAlikes: true},
		{Length: 12, Lower: true, Symbols: true, SymbolSet: "aß5/\\", MinSymbols: 10},
	} {
		for range 50 {
			made, _, err := password(crand.Reader, o)
			if err != nil {
				t.Fatal(err)
			}
			checkPassword(t, o, string(made.Reveal()))
		}
	}
}

// checkPassword holds a password against the options, without the code that made it.
func checkPassword(t interface{ Fatalf(string, ...any) }, o PasswordOptions, text string) {
	own := o.SymbolSet
	if own == "" {
		own = symbols
	}
	counts := map[string]int{}
	for i, c := range text {
		class := "symbol"
		switch {
		case c >= 'a' && c <= 'z':
			class = "lower"
		case c >= 'A' && c <= 'Z':
			class = "upper"
		case c >= '0' && c <= '9':
			class = "digit"
		case !strings.ContainsRune(own, c):
			t.Fatalf("%+v gave %q with %q", o, text, c)
		}
		counts[class]++
		if o.AvoidLookAlikes && strings.ContainsRune("0Oo1Il", c) || o.NoRepeats && i > 0 && rune(text[i-1]) == c {
			t.Fatalf("%+v gave %q with %q at %d", o, text, c, i)
		}
	}
	least := func(on bool, n int) int {
		if !on {
			return 0
		}
		return max(n, 1)
	}
	for class, n := range map[string]int{"lower": least(o.Lower, 1), "upper": least(o.Upper, 1),
		"digit": least(o.Digits, o.MinDigits), "symbol": least(o.Symbols, o.MinSymbols)} {
		if counts[class] < n || n == 0 && counts[class] > 0 {
			t.Fatalf("%+v gave %q with %d of %s", o, text, counts[class], class)
		}
	}
	if first := text[0]; len(text) != o.Length || o.LetterFirst && (first < 'A' || first > 'z' || first > 'Z' && first < 'a') {
		t.Fatalf("%+v gave %q", o, text)
	}
}

// Whatever is asked for, there is a password that keeps all of it, or an error that says why not, at once.
func TestPasswordOfAnyOptions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := PasswordOptions{
			Length: rapid.IntRange(0, 130).Draw(t, "length"),
			Lower:  rapid.Bool().Draw(t, "lower"), Upper: rapid.Bool().Draw(t, "upper"),
			Digits: rapid.Bool().Draw(t, "digits"), Symbols: rapid.Bool().Draw(t, "symbols"),
			AvoidLookAlikes: rapid.Bool().Draw(t, "look-alikes"), NoRepeats: rapid.Bool().Draw(t, "no repeats"),
			LetterFirst: rapid.Bool().Draw(t, "letter first"), SymbolSet: rapid.SampledFrom([]string{"", "#", "a", "-_", "é!"}).Draw(t, "set"),
			MinDigits: rapid.IntRange(0, 11).Draw(t, "min digits"), MinSymbols: rapid.IntRange(0, 11).Draw(t, "min symbols"),
		}
		made, bits, err := password(seeded(1), o)
		if err != nil {
			if !errors.Is(err, ErrOptions) && !errors.Is(err, ErrImpossible) {
				t.Fatalf("%+v: %v", o, err)
			}
			return
		}
		checkPassword(t, o, string(made.Reveal()))
		if bits != o.Bits() || bits < 0 {
			t.Fatalf("%+v: %f bits, or %f", o, bits, o.Bits())
		}
	})
}

func TestPasswordOptionsOutOfRange(t *testing.T) {
	all := DefaultPassword()
	with := func(change func(*PasswordOptions)) PasswordOptions {
		o := all
		change(&o)
		return o
	}
	for name, c := range map[string]struct {
		o    PasswordOptions
		want error
	}{
		"nothing":               {PasswordOptions{}, ErrOptions},
		"no class":              {PasswordOptions{Length: 20}, ErrOptions},
		"too short":             {with(func(o *PasswordOptions) { o.Length = 3 }), ErrOptions},
		"too long":              {with(func(o *PasswordOptions) { o.Length = 129 }), ErrOptions},
		"too many digits":       {with(func(o *PasswordOptions) { o.MinDigits = 11 }), ErrOptions},
		"fewer than no symbols": {with(func(o *PasswordOptions) { o.MinSymbols = -1 }), ErrOptions},
		"no symbol in the set":  {with(func(o *PasswordOptions) { o.SymbolSet = "abc" }), ErrOptions},
		"all look alike":        {PasswordOptions{Length: 10, Symbols: true, SymbolSet: "a", AvoidLookAlikes: true}, ErrOptions},
		"more than fits":        {with(func(o *PasswordOptions) { o.Length, o.MinDigits, o.MinSymbols = 8, 4, 4 }), ErrImpossible},
		"one and no repeats":    {PasswordOptions{Length: 4, Symbols: true, SymbolSet: "#", NoRepeats: true}, ErrImpossible},
		"digits and a letter":   {PasswordOptions{Length: 4, Digits: true, LetterFirst: true}, ErrImpossible},
	} {
		if _, _, err := password(crand.Reader, c.o); !errors.Is(err, c.want) || c.o.Bits() != 0 {
			t.Errorf("%s: %v, %f bits", name, err, c.o.Bits())
		}
	}
}

func TestPasswordBits(t *testing.T) {
	repeats := PasswordOptions{Length: 10, Digits: true, NoRepeats: true}
	for _, c := range []struct{ got, want float64 }{
		{PasswordOptions{Length: 10, Digits: true}.Bits(), 10 * math.Log2(10)},
		{PasswordOptions{Length: 4, Lower: true, Upper: true}.Bits(), math.Log2(52*52*52*52 - 2*26*26*26*26)},
		{repeats.Bits(), math.Log2(10) + 9*math.Log2(9)},
		{PasswordOptions{Length: 4, Digits: true, Lower: true, LetterFirst: true, MinDigits: 3}.Bits(), math.Log2(26 * 1000)},
		{DefaultPassword().Bits(), 125.9},
	} {
		if math.Abs(c.got-c.want) > 0.1 {
			t.Errorf("%.3f bits, want %.3f", c.got, c.want)
		}
	}
}

// TestCharactersAreEquallyLikely looks at many passwords of a source that is the same in every run.
func TestCharactersAreEquallyLikely(t *testing.T) {
	random := seeded(2)
	counts := map[byte]int{}
	const draws = 60_000
	o := PasswordOptions{Length: 100, Digits: true, Upper: true}
	rules, err := o.Rules()
	if err != nil {
		t.Fatal(err)
	}
	all, err := rules.space(o.Length)
	if err != nil {
		t.Fatal(err)
	}
	for range draws / o.Length {
		for _, c := range all.draw(random) {
			counts[c]++
		}
	}
	// 35 degrees of freedom: above 100 for one source in 10^7.
	if chi := chiSquare(counts, draws); len(counts) != 36 || chi > 100 {
		t.Errorf("%d characters, chi square %.1f", len(counts), chi)
	}
}

func chiSquare[K comparable](counts map[K]int, draws int) float64 {
	expected, chi := float64(draws)/float64(len(counts)), 0.0
	for _, n := range counts {
		chi += (float64(n) - expected) * (float64(n) - expected) / expected
	}
	return chi
}

func BenchmarkPassword(b *testing.B) {
	o := DefaultPassword()
	strict := PasswordOptions{Length: 64, Lower: true, Upper: true, Digits: true, Symbols: true, MinDigits: 10, MinSymbols: 10, NoRepeats: true}
	for name, o := range map[string]PasswordOptions{"usual": o, "strict": strict} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, _, err := password(crand.Reader, o); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
