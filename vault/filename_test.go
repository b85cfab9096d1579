package vault_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/coffer-vault/coffer/vault"
)

func TestSafeFileName(t *testing.T) {
	for name, want := range map[string]string{
		"contract.pdf":                       "contract.pdf",
		"Steuer 2025 – Übersicht.ä":          "Steuer 2025 – Übersicht.ä",
		".env":                               ".env",
		"../../etc/passwd":                   ".._.._etc_passwd",
		`C:\windows\system.ini`:              "C__windows_system.ini",
		"a\x00b\nc\x7f":                      "a_b_c_",
		"invoice\u202Efdp.exe":               "invoice_fdp.exe",
		"bad\xffbyte":                        "bad_byte",
		"":                                   "_",
		" ":                                  "_",
		"..":                                 "_",
		"trailing. . ":                       "trailing",
		"con":                                "_con",
		"Nul.tar.gz":                         "_Nul.tar.gz",
		"COM1":                               "_COM1",
		"lpt³.txt":                           "_lpt³.txt",
		"com10":                              "com10",
		"console":                            "console",
		"aux .txt":                           "_aux .txt",
		strings.Repeat("a", 300) + ".pdf":    strings.Repeat("a", 251) + ".pdf",
		strings.Repeat("ä", 200):             strings.Repeat("ä", 127),
		strings.Repeat("x", 256):             strings.Repeat("x", 255),
		"a." + strings.Repeat("b", 300):      "a." + strings.Repeat("b", 253),
		"_" + strings.Repeat("ä", 126) + "…": "_" + strings.Repeat("ä", 126),
	} {
		got := vault.SafeFileName(name)
		if got != want {
			t.Errorf("%.40q is saved as %.40q (%d bytes), not %.40q (%d)", name, got, len(got), want, len(want))
		}
		if again := vault.SafeFileName(got); again != got || len(got) > 255 || !utf8.ValidString(got) {
			t.Errorf("%q becomes %q", got, again)
		}
	}
}
