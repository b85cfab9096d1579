package keys_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/crypto/keys"
)

const (
	zeros    = "C1-00000-00000-00000-00000-00000-07M18"
	alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
)

func TestSecretKeyText(t *testing.T) {
	form := regexp.MustCompile(`^C1(-[0-9A-HJKMNP-TV-Z]{5}){6}$`)
	seen := make(map[string]bool)
	for range 100 {
		key := keys.NewSecretKey()
		text := key.Text()
		again, err := keys.ParseSecretKey(text)
		if err != nil || !again.Equal(key) || !form.MatchString(text) || seen[text] {
			t.Fatalf("%s: %v", text, err)
		}
		seen[text] = true
	}
}

func TestParseSecretKeyForgives(t *testing.T) {
	for name, text := range map[string]string{
		"as printed":               zeros,
		"lower case":               strings.ToLower(zeros),
		"no dashes":                strings.ReplaceAll(zeros, "-", ""),
		"spaces":                   " " + strings.ReplaceAll(zeros, "-", "  ") + "\r\n",
		"dashes of a word program": strings.ReplaceAll(zeros, "-", "\u2013"),
		"no-break spaces":          strings.ReplaceAll(zeros, "-", "\u00a0"),
		"letter O":                 strings.ReplaceAll(zeros, "0", "O"),
		"small letter o":           strings.ReplaceAll(zeros, "0", "o"),
		"letter I":                 strings.ReplaceAll(zeros, "1", "I"),
		"small letter L":           strings.ReplaceAll(zeros, "1", "l"),
		"dashes elsewhere":         "C-1-0000000000-00000-00000000-0007M18-",
	} {
		key, err := keys.ParseSecretKey(text)
		if err != nil || key.Text() != zeros {
			t.Errorf("%s: %s, %v", name, key.Text(), err)
		}
	}
}

func TestParseSecretKeyRefuses(t *testing.T) {
	for _, test := range []struct {
		name, text string
		want       error
	}{
		{"empty", "", keys.ErrSecretKeyMalformed},
		{"prefix alone", "C1", keys.ErrSecretKeyMalformed},
		{"no prefix", zeros[3:], keys.ErrSecretKeyMalformed},
		{"other version", "C2" + zeros[2:], keys.ErrSecretKeyMalformed},
		{"one digit less", zeros[:len(zeros)-1], keys.ErrSecretKeyMalformed},
		{"one digit more", zeros + "0", keys.ErrSecretKeyMalformed},
		{"letter U", strings.Replace(zeros, "00000", "0000U", 1), keys.ErrSecretKeyMalformed},
		{"letter U in the checksum", zeros[:len(zeros)-1] + "U", keys.ErrSecretKeyMalformed},
		{"another sign", strings.Replace(zeros, "00000", "0000=", 1), keys.ErrSecretKeyMalformed},
		{"line break for a digit", strings.Replace(zeros, "00000", "0000\n", 1), keys.ErrSecretKeyMalformed},
		{"dotless i, whose capital is I", strings.ReplaceAll(zeros, "1", "\u0131"), keys.ErrSecretKeyMalformed},
		{"Arabic zeros", strings.ReplaceAll(zeros, "0", "\u0660"), keys.ErrSecretKeyMalformed},
		{"invalid UTF-8", zeros + "\xff", keys.ErrSecretKeyMalformed},
		{"first padding bit", "C1-00000-00000-00000-00000-00000-27M18", keys.ErrSecretKeyMalformed},
		{"second padding bit", "C1-00000-00000-00000-00000-00000-17M18", keys.ErrSecretKeyMalformed},
		{"very long", zeros + strings.Repeat(" ", 300), keys.ErrSecretKeyMalformed},
		{"checksum", "C1-00000-00000-00000-00000-00000-07M19", keys.ErrSecretKeyChecksum},
		{"two digits swapped", "C1-00000-00000-00000-00000-00000-07M81", keys.ErrSecretKeyChecksum},
		{"a digit", "C1-00001-00000-00000-00000-00000-07M18", keys.ErrSecretKeyChecksum},
	} {
		key, err := keys.ParseSecretKey(test.text)
		if !errors.Is(err, test.want) || !key.IsZero() {
			t.Errorf("%s: %v", test.name, err)
		}
		if err != nil && strings.Contains(err.Error(), "7M1") {
			t.Errorf("%s: the error repeats the key", test.name)
		}
	}
}

// No single mistyped digit goes unnoticed.
func TestEveryDigitCounts(t *testing.T) {
	text := strings.ReplaceAll("C1-6DFN1-XC1H1-DTHTQ-M8PPC-5F5TW-CN99P", "-", "")
	for i := 2; i < len(text); i++ {
		for _, digit := range alphabet {
			typed := text[:i] + string(digit) + text[i+1:]
			if _, err := keys.ParseSecretKey(typed); (err == nil) != (typed == text) {
				t.Errorf("%s: %v", typed, err)
			}
		}
	}
}

func TestWipedSecretKey(t *testing.T) {
	key := keys.NewSecretKey()
	copied := key
	key.Wipe()
	for _, gone := range []keys.SecretKey{key, copied, {}} {
		if !gone.IsZero() || gone.Text() != "" || keys.LookupTag(gone) != [32]byte{} {
			t.Error("there is something left")
		}
	}
}

func TestSecretKeyDoesNotPrint(t *testing.T) {
	key := keys.NewSecretKey()
	digits := strings.Split(key.Text(), "-")[2]
	var out strings.Builder
	for _, v := range []any{key, &key, struct{ key keys.SecretKey }{key}, map[string]keys.SecretKey{"k": key}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%X", "%d", "%q"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		slog.New(slog.NewTextHandler(&out, nil)).Info("m", "k", v)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("m", "k", v)
	}
	data, err := json.Marshal(key) //lint:ignore SA9005 that nothing comes out is what is tested
	if err != nil {
		t.Fatal(err)
	}
	out.Write(data)
	if strings.Contains(out.String(), digits) {
		t.Error(out.String())
	}
	if key.String() != "[redacted]" {
		t.Error(key.String())
	}
}

func FuzzParseSecretKey(f *testing.F) {
	f.Add(zeros)
	f.Add(strings.ToLower(zeros))
	f.Add("C1-6DFN1-XC1H1-DTHTQ-M8PPC-5F5TW-CN99P")
	f.Add("ci ooooo ooooo ooooo ooooo ooooo o7mi8")
	f.Add("C1-00000-00000-00000-00000-00000-17M18")
	f.Fuzz(func(t *testing.T, text string) {
		key, err := keys.ParseSecretKey(text)
		if err != nil {
			if !errors.Is(err, keys.ErrSecretKeyMalformed) && !errors.Is(err, keys.ErrSecretKeyChecksum) || !key.IsZero() {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		again, err := keys.ParseSecretKey(key.Text())
		if err != nil || !again.Equal(key) {
			t.Errorf("%q becomes %s, %v", text, key.Text(), err)
		}
	})
}
