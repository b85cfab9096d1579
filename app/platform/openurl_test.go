package platform

import (
	"errors"
	"strings"
	"testing"
)

func TestWebURL(t *testing.T) {
	for _, c := range []struct{ address, want string }{
		{"https://example.com/login?next=%2F#top", "https://example.com/login?next=%2F#top"},
		{"http://192.168.1.1:8080", "http://192.168.1.1:8080"},
		{"HTTPS://EXAMPLE.com", "https://EXAMPLE.com"},
		{"https://example.com/a b\"; rm -rf ~", "https://example.com/a%20b%22;%20rm%20-rf%20~"},
		{`https://example.com/?a=" --load-extension=x "b`, "https://example.com/?a=%22%20--load-extension=x%20%22b"},
		{`https://example.com/#"a b`, "https://example.com/#%22a%20b"},
		{"https://a\"b.example/", "https://a%22b.example/"},
		{"https://münchen.example/", "https://m%C3%BCnchen.example/"},
		{"file:///etc/passwd", ""},
		{"javascript:alert(1)", ""},
		{"ms-settings:privacy", ""},
		{"example.com", ""},
		{"--help", ""},
		{"https://", ""},
		{"https://:443", ""},
		{"https:/etc/passwd", ""},
		{" https://example.com", ""},
		{"https://example.com/\n", ""},
		{"http://[::1", ""},
		{"", ""},
	} {
		got, err := webURL(c.address)
		if got != c.want || (err != nil) != (c.want == "") {
			t.Errorf("webURL(%q) = %q, %v; want %q", c.address, got, err, c.want)
		}
		if err != nil && (!errors.Is(err, ErrURL) || c.address != "" && strings.Contains(err.Error(), c.address)) {
			t.Errorf("webURL(%q): error %q", c.address, err)
		}
	}
}

func FuzzWebURL(f *testing.F) {
	f.Add("https://user:pass@example.com:443/x?y=z#f")
	f.Add("-x")
	f.Add("https:\\\\example.com")
	f.Fuzz(func(t *testing.T, address string) {
		got, err := webURL(address)
		if err != nil {
			return
		}
		// It becomes one argument of a program: no option, no second line.
		if !strings.HasPrefix(got, "http://") && !strings.HasPrefix(got, "https://") || strings.ContainsAny(got, "\x00\r\n \"<>") {
			t.Errorf("webURL(%q) = %q", address, got)
		}
	})
}
