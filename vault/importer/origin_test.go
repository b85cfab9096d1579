package importer

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"

	"golang.org/x/net/idna"

	"github.com/coffer-vault/coffer/crypto/secret"
)

func TestOrigin(t *testing.T) {
	for address, want := range map[string]string{
		"https://Example.COM/Login?x=1#y":   "https://example.com",
		"https://example.com:443/":          "https://example.com",
		"http://example.com:443/":           "http://example.com:443",
		"https://münchen.example/":          "https://xn--mnchen-3ya.example",
		"https://xn--mnchen-3ya.example":    "https://xn--mnchen-3ya.example",
		"https://ann:pw@example.com":        "https://example.com",
		"example.com/login":                 "https://example.com",
		" https://example.com ":             "https://example.com",
		"http://[2001:DB8::1]:8080/x":       "http://[2001:db8::1]:8080",
		"http://under_score.local":          "http://under_score.local",
		"ftp://ftp.example.net:21":          "ftp://ftp.example.net",
		"android://aGFzaA==@com.Example.a/": "androidapp://com.example.a",
		"androidapp://com.example.a":        "androidapp://com.example.a",
		"moz-proxy://10.0.0.1:3128":         "moz-proxy://10.0.0.1:3128",
		"":                                  "",
		"https://":                          "",
		"about:blank":                       "",
		"https://exa mple.com":              "",
		"https://example.com:port":          "",
	} {
		if got := Origin(address); got != want {
			t.Errorf("Origin(%q) = %q, want %q", address, got, want)
		}
	}
}

func TestSite(t *testing.T) {
	for address, want := range map[string]string{
		"https://xn--mnchen-3ya.example:8443/": "münchen.example:8443", "http://router.local/": "router.local",
		"My bank": "My bank", "https://[::1]:80": "[::1]:80", "https://example.com:443": "example.com",
	} {
		if got := Site(address); got != want {
			t.Errorf("Site(%q) = %q, want %q", address, got, want)
		}
	}
}

// Hosts that are not looked up in the tables of IDNA come out as if they were.
func TestPlainHosts(t *testing.T) {
	const letters = "aZ09.-x"
	random := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		host := make([]byte, 1+random.IntN(12))
		for i := range host {
			host[i] = letters[random.IntN(len(letters))]
		}
		want, err := idna.Lookup.ToASCII(string(host))
		if err != nil {
			want = strings.ToLower(string(host))
		}
		if got := asciiHost(string(host)); got != want {
			t.Fatalf("%q → %q, want %q", host, got, want)
		}
	}
	for _, host := range []string{"xn--mnchen-3ya.example", "XN--mnchen-3ya.example", "under_score.example", "münchen.example", "a%b", "a b", "\x1a", "["} {
		if isPlainHost(host) {
			t.Errorf("%q is no plain host", host)
		}
	}
}

func FuzzOrigin(f *testing.F) {
	for _, seed := range []string{"https://example.com:8443/x", "android://h@p/", "http://[::1]", "münchen.example", "x:/y", "%", "//"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, address string) {
		origin := Origin(address)
		if again := Origin(origin); origin != "" && again != origin {
			t.Fatalf("%q → %q → %q", address, origin, again)
		}
		Site(address)
		registrableDomain(origin)
	})
}

func TestRecordsDoNotPrint(t *testing.T) {
	r := Record{
		Title: "canary", URLs: []string{"canary"}, Username: "canary", Password: secret.FromString("canary"), Notes: "canary",
		Fields: []Field{{Name: "canary"}}, Source: "firefox", SourceID: "canary",
	}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "record", r, "pointer", &r)
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "record", r, "pointer", &r)
	texts := []string{log.String()}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		texts = append(texts, fmt.Sprintf(verb, r), fmt.Sprintf(verb, &r), fmt.Sprintf(verb, Row{Record: &r}), fmt.Sprintf(verb, Creation{Record: r}), fmt.Sprintf(verb, []Record{r}))
	}
	for _, text := range texts {
		if strings.Contains(text, "canary") {
			t.Errorf("it prints: %s", text)
		}
	}
}
