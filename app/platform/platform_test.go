package platform

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestDeviceName(t *testing.T) {
	fallback := PlatformName() + " computer"
	for _, c := range []struct{ name, host, want string }{
		{"plain", "anna-laptop", "anna-laptop"},
		{"domain", "anna-laptop.corp.example", "anna-laptop"},
		{"script", "アンナのPC", "アンナのPC"},
		{"control characters", "anna\x1b[2J\r\nlaptop\u202e", "anna[2Jlaptop"},
		{"spaces around", "  anna ", "anna"},
		{"empty", "", fallback},
		{"nothing printable", "\x00\n", fallback},
		{"not UTF-8", "an\xffna", "anna"},
		{"long", strings.Repeat("é", 40), strings.Repeat("é", 32)},
		{"long, cut inside a character", "x" + strings.Repeat("é", 40), "x" + strings.Repeat("é", 31)},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := deviceName(c.host); got != c.want {
				t.Errorf("deviceName(%q) = %q, want %q", c.host, got, c.want)
			}
		})
	}
}

func FuzzDeviceName(f *testing.F) {
	f.Add("anna-laptop.local")
	f.Add("\xff\x00. ")
	f.Fuzz(func(t *testing.T, host string) {
		name := deviceName(host)
		if name == "" || len(name) > maxDeviceName || !utf8.ValidString(name) || strings.ContainsAny(name, "\n\r\x1b") {
			t.Errorf("deviceName(%q) = %q", host, name)
		}
	})
}
