package assets

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Every language says all that English says.
func TestTranslationsAreComplete(t *testing.T) {
	source := mustRead(t, fallback)
	if len(Languages()) != len(planned) {
		t.Errorf("translations of %v, want %v", Languages(), planned)
	}
	for _, l := range Languages() {
		texts := mustRead(t, l.Code)
		for _, key := range slices.Sorted(maps.Keys(source)) {
			if texts[key] == nil {
				t.Errorf("%s: %s is missing", l.Code, key)
			}
		}
	}
}

func mustRead(t *testing.T, code string) map[string]text {
	t.Helper()
	texts, err := readTexts(code)
	if err != nil {
		t.Fatal(err)
	}
	return texts
}

// sameAsEnglish are the texts that are the same in a language, and not forgotten; those under "" are so in all.
var sameAsEnglish = map[string][]string{
	"": {"Alt", "Bitwarden (JSON)", "CSV", "Credential Exchange (CXF)", "IBAN", "KeePass (KDBX)", "minlength: 8; required: lower; required: digit"},
	"de": {
		"April", "August", "BIC (SWIFT)", "Bank", "Code", "Enter", "Esc", "Login", "Logins", "Name", "November",
		"Offline", "PIN", "Passkey", "Passkeys", "Passphrase", "September", "Server", "Tags", "Text", "Updates",
		"Version", "Website", "Websites", "{n} KB", "{n} MB",
	},
	"es": {
		"BIC (SWIFT)", "Ctrl", "Esc", "General", "PIN", "{n} KB", "{n} MB", "{n} bytes", "{n} min",
	},
	"fr": {
		"1 minute", "BIC (SWIFT)", "Code", "Ctrl", "Date", "Document", "Documents", "E-mail", "Excellent", "Menu",
		"Note", "Notes", "Service", "Types", "Version", "Wi-Fi", "{n} min", "{n} minutes",
	},
	"it": {
		"1 password", "Account", "Account: password, e-mail, Secret Key…", "BIC (SWIFT)", "Ctrl", "E-mail", "Esc",
		"File", "Home", "Login", "Menu", "Offline", "PIN", "Passkey", "Passphrase", "Password",
		"Password, e-mail, Secret Key…", "Server", "Wi-Fi", "{n} KB", "{n} MB", "{n} min",
	},
	"ja": {
		"Ctrl", "Delete", "End", "Enter", "Esc", "Home", "MM/YYYY", "PIN", "Shift", "Wi-Fi", "YYYY-MM-DD", "{n} KB",
		"{n} MB",
	},
	"nl": {
		"1 item", "Account", "Accounts", "BIC (SWIFT)", "Bank", "Code", "Ctrl", "Delete", "Document", "E-mail", "End",
		"Enter", "Esc", "Home", "Item", "Items", "Label", "Later", "Login", "Logins", "Menu", "Offline", "Passkey",
		"Passkeys", "Printer", "Server", "Shift", "Tags", "Updates", "Website", "Websites", "{n} MB", "{n} bytes", "{n} items",
		"{n} min",
	},
}

// word is what a translation would change; names and places are taken out before.
var (
	word     = regexp.MustCompile(`[A-Za-z]{2,}`)
	ourNames = strings.NewReplacer("Coffer", "", "Secret Key", "")
)

func TestNothingIsEnglishByAccident(t *testing.T) {
	source := mustRead(t, fallback)
	for _, l := range Languages() {
		if l.Code == fallback {
			continue
		}
		texts := mustRead(t, l.Code)
		for key, forms := range texts {
			for form, text := range forms {
				english := source[key][form]
				if english == "" {
					english = source[key]["other"]
				}
				words := word.MatchString(placeholder.ReplaceAllString(ourNames.Replace(text), ""))
				if text == english && words && !slices.Contains(sameAsEnglish[""], text) && !slices.Contains(sameAsEnglish[l.Code], text) {
					t.Errorf("%s: %s is still English: %q", l.Code, key, text)
				}
			}
		}
	}
}

// Quotation marks, apostrophes and the spaces before signs are those of the language.
func TestTypography(t *testing.T) {
	for code, wrong := range map[string]string{
		"de": `"|'|“[^„]*“|\.\.\.`, "fr": `"|'|“|\.\.\.| [:;?!»]|« `, "es": `"|'|“|\.\.\.`, "it": `"|'|“|\.\.\.`,
		"nl": `"|'|“|\.\.\.`, "ja": `"|'|“|\.\.\.|[,?!] ?$`,
	} {
		bad := regexp.MustCompile(wrong)
		for key, forms := range mustRead(t, code) {
			for form, text := range forms {
				if found := bad.FindString(text); found != "" && key != "ui.generator.rules.placeholder" {
					t.Errorf("%s: %s, %s has %q: %s", code, key, form, found, text)
				}
			}
		}
	}
}
