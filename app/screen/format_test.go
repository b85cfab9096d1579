package screen

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/coffer-vault/coffer/crypto/keys"
)

func TestFormatCode(t *testing.T) {
	for typed, want := range map[string]string{
		"":          "",
		"a":         "A",
		"abcd":      "ABCD",
		"abcde":     "ABCD-E",
		"ABCD-EFGH": "ABCD-EFGH",
		"abcd efgh": "ABCD-EFGH",
		"abcdefghj": "ABCD-EFGH", // too long: what is beyond does not count
		"il0o-uvwx": "1100-VWX",
		"ü!é":       "",
		"Your Coffer code is 7K3M-9QXZ. It is valid for ten minutes.": "7K3M-9QXZ",
		strings.Repeat("x", 10_000):                                   "XXXX-XXXX",
	} {
		if got := formatCode(typed); got != want {
			t.Errorf("%.40q: %q, want %q", typed, got, want)
		}
		if codeComplete(want) != (len(want) == 9) {
			t.Errorf("%q: complete %v", want, codeComplete(want))
		}
	}
}

func TestFormatSecretKey(t *testing.T) {
	for typed, want := range map[string]string{
		"":                  "",
		"c":                 "C",
		"c1":                "C1",
		"c1-":               "C1",
		"c1a":               "C1-A",
		"C1-abcde f":        "C1-ABCDE-F",
		" c1 abcde-fghjk\n": "C1-ABCDE-FGHJK",
		"ключ":              "",
		"C1-ABCDE–FGHJK":    "C1-ABCDE-FGHJK", // a dash that a printer or a mail made of it
		"C1-UUUUU":          "C1-UUUUU",       // the check says that there is no U
	} {
		if got := formatSecretKey(typed); got != want {
			t.Errorf("%q: %q, want %q", typed, got, want)
		}
	}
	key := keys.NewSecretKey().Text()
	if got := formatSecretKey(strings.ToLower(strings.ReplaceAll(key, "-", ""))); got != key || len(got) != secretKeyLength() {
		t.Errorf("%q became %q", key, got)
	}
}

// Formatting what is formatted changes nothing, whatever was typed: the field would never come to rest.
func FuzzFormatting(f *testing.F) {
	for _, seed := range []string{"", "c1-abcde", "ABCD-EFGH", "il0o", "C1C1C1", "–—", "İı", "\xff", "7k3m-9qxz and 1234-5678"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		for name, format := range map[string]func(string) string{"code": formatCode, "Secret Key": formatSecretKey} {
			once := format(typed)
			if twice := format(once); twice != once {
				t.Errorf("%s: %q, then %q", name, once, twice)
			}
			if !utf8.ValidString(once) || len(once) > 2*maxTyped {
				t.Errorf("%s: %q", name, once)
			}
		}
		if month, ok := readMonth(typed); ok && showMonth(month) == month {
			t.Errorf("month %q is kept as %q", typed, month)
		}
		if address, ok := webAddress(typed); ok && !strings.HasPrefix(address, "http") {
			t.Errorf("%q would open %q", typed, address)
		}
		serverOrigin(typed)
	})
}

func TestServerOrigin(t *testing.T) {
	for typed, want := range map[string]string{
		"vault.example.com":             "https://vault.example.com",
		" https://Vault.Example.com/ ":  "https://vault.example.com",
		"vault.example.com:8443":        "https://vault.example.com:8443",
		"http://127.0.0.1:8080":         "http://127.0.0.1:8080",
		"http://localhost:8080":         "http://localhost:8080",
		"http://vault.example.com":      "", // in the clear over a network
		"ftp://vault.example.com":       "",
		"https://a@vault.example.com":   "",
		"https://vault.example.com/api": "",
		"https://vault.example.com?a=b": "",
		"":                              "",
		"https://":                      "",
		"a b":                           "",
	} {
		if got, ok := serverOrigin(typed); got != want || ok != (want != "") {
			t.Errorf("%q: %q, %v", typed, got, ok)
		}
	}
}

func TestWebAddress(t *testing.T) {
	for typed, want := range map[string]string{
		"example.com":              "https://example.com",
		"http://example.com/a?b=c": "http://example.com/a?b=c",
		"javascript:alert(1)":      "",
		"file:///etc/passwd":       "",
		"javascript://example.com": "",
		"androidapp://com.example": "",
		"two words":                "",
		"":                         "",
		"exa\nmple.com":            "",
	} {
		if got, ok := webAddress(typed); got != want || ok != (want != "") {
			t.Errorf("%q: %q, %v", typed, got, ok)
		}
	}
}

func TestPlausibleEmail(t *testing.T) {
	for address, want := range map[string]bool{
		anna: true, "a@b": true, "": false, "anna": false, "@example.com": false, "anna@": false, "an na@example.com": false,
		"anna@ex@ample.com": false, "anna@.com": false, "anna@example.": false, strings.Repeat("a", 250) + "@example.com": false,
	} {
		if got := plausibleEmail(address); got != want {
			t.Errorf("%q: %v", address, got)
		}
	}
}

func TestMonths(t *testing.T) {
	for typed, want := range map[string]string{
		"9/28": "2028-09", "09/28": "2028-09", "09 / 2028": "2028-09", "2028-09": "2028-09", "13/28": "", "2028": "", "x": "",
	} {
		if got, ok := readMonth(typed); got != want || ok != (want != "") {
			t.Errorf("%q: %q, %v", typed, got, ok)
		}
	}
	if got := showMonth("2028-09"); got != "09/2028" {
		t.Errorf("shown as %q", got)
	}
	if got := showMonth("soon"); got != "soon" {
		t.Errorf("shown as %q", got)
	}
}

func TestCountdowns(t *testing.T) {
	for d, want := range map[time.Duration]int{-time.Second: 0, 0: 0, 1: 1, time.Second: 1, time.Second + 1: 2} {
		if got := seconds(d); got != want {
			t.Errorf("%v: %d s", d, got)
		}
	}
	for d, want := range map[time.Duration]int{time.Second: 1, 10*time.Minute + time.Second: 10, 9*time.Minute + 40*time.Second: 10} {
		if got := minutes(d); got != want {
			t.Errorf("%v: %d min", d, got)
		}
	}
}
