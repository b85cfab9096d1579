package screen

import (
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/coffer-vault/coffer/assets"
)

const (
	codeLength = 8   // digits of an emailed code, docs/protocol.md §8
	maxTyped   = 256 // of a code or Secret Key: more was pasted by mistake
)

// crockford maps what people type to a digit of Crockford's base32, and everything else to -1.
func crockford(r rune) rune {
	switch r = unicode.ToUpper(r); r {
	case 'O':
		return '0'
	case 'I', 'L':
		return '1'
	}
	if strings.ContainsRune("0123456789ABCDEFGHJKMNPQRSTVWXYZ", r) {
		return r
	}
	return -1
}

var codeInText = regexp.MustCompile(`(?i)(?:^|[^0-9A-Z])([0-9A-Z]{4}-[0-9A-Z]{4})(?:[^0-9A-Z]|$)`)

// formatCode writes what was typed or pasted as XXXX-XXXX. From a longer text, such as the whole mail, it picks the code.
func formatCode(typed string) string {
	if len(typed) > maxTyped {
		typed = typed[:maxTyped]
	}
	if found := codeInText.FindStringSubmatch(typed); found != nil {
		typed = found[1]
	}
	digits := strings.Map(crockford, typed)
	digits = digits[:min(len(digits), codeLength)]
	return dashed(digits, codeLength/2, codeLength/2)
}

// codeComplete reports whether a formatted code has all its digits.
func codeComplete(formatted string) bool { return len(formatted) == codeLength+1 }

const (
	secretKeyPrefix = "C1"
	secretKeyDigits = 30
	secretKeyGroup  = 5
)

// formatSecretKey writes what was typed as C1-XXXXX-XXXXX-…, as far as it goes. Characters that are in no Secret Key are
// left out; what is too long is cut by the check and not here, so that nothing disappears unseen.
func formatSecretKey(typed string) string {
	if len(typed) > maxTyped {
		typed = typed[:maxTyped]
	}
	text := strings.Map(func(r rune) rune {
		if r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
			return unicode.ToUpper(r)
		}
		return -1
	}, typed)
	if len(text) <= len(secretKeyPrefix) {
		return text
	}
	return dashed(text, len(secretKeyPrefix), secretKeyGroup)
}

// dashed puts dashes after the first digits and then after every further n.
func dashed(text string, first, n int) string {
	var grouped strings.Builder
	for i := range len(text) {
		if i == first || i > first && (i-first)%n == 0 {
			grouped.WriteByte('-')
		}
		grouped.WriteByte(text[i])
	}
	return grouped.String()
}

// secretKeyLength is the number of characters of a complete formatted Secret Key.
func secretKeyLength() int {
	return len(secretKeyPrefix) + secretKeyDigits + secretKeyDigits/secretKeyGroup
}

// plausibleEmail refuses what is certainly no address; whether it is one, the emailed code shows.
func plausibleEmail(address string) bool {
	local, domain, ok := strings.Cut(address, "@")
	return ok && local != "" && domain != "" && len(address) <= 254 &&
		!strings.ContainsFunc(address, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }) &&
		!strings.Contains(domain, "@") && !strings.HasPrefix(domain, ".") && !strings.HasSuffix(domain, ".")
}

// serverOrigin turns the address of a server as a person types it into an origin: https unless it is this computer.
// It reports false for what is no address.
func serverOrigin(typed string) (origin string, ok bool) {
	typed = strings.TrimSpace(typed)
	if !strings.Contains(typed, "://") {
		typed = "https://" + typed
	}
	u, err := url.Parse(typed)
	if err != nil || u.Hostname() == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return "", false
	}
	local := u.Hostname() == "localhost" || u.Hostname() == "127.0.0.1" || u.Hostname() == "::1"
	if u.Scheme != "https" && !(u.Scheme == "http" && local) {
		return "", false
	}
	return u.Scheme + "://" + strings.ToLower(u.Host), true
}

// hostOf is the part of an address that people recognise; text that is no address stays as it is.
func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return address
	}
	return u.Host
}

// webAddress is what the browser is asked to open for a website as it was typed. Only http and https are opened: other
// schemes would start programs.
func webAddress(typed string) (address string, ok bool) {
	typed = strings.TrimSpace(typed)
	if typed == "" || strings.ContainsFunc(typed, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }) {
		return "", false
	}
	if !strings.Contains(typed, "://") {
		typed = "https://" + typed
	}
	u, err := url.Parse(typed)
	if err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" {
		return "", false
	}
	return u.String(), true
}

// The forms in which months and days are kept (package vault) and typed.
const (
	monthKept = "2006-01"
	monthForm = "01/2006"
	dayKept   = "2006-01-02"
)

// showMonth is how a kept month is typed and read; what is none stays as it is.
func showMonth(kept string) string {
	if t, err := time.Parse(monthKept, kept); err == nil {
		return t.Format(monthForm)
	}
	return kept
}

// readMonth accepts 9/28, 09/28, 09/2028 and 2028-09.
func readMonth(typed string) (kept string, ok bool) {
	typed = strings.ReplaceAll(strings.TrimSpace(typed), " ", "")
	for _, form := range []string{"1/06", "1/2006", "01/06", monthForm, monthKept} {
		if t, err := time.Parse(form, typed); err == nil {
			return t.Format(monthKept), true
		}
	}
	return "", false
}

// readDay accepts 2028-09-30 alone: 03/04 means one thing here and another there.
func readDay(typed string) (kept string, ok bool) {
	t, err := time.Parse(dayKept, strings.TrimSpace(typed))
	return t.Format(dayKept), err == nil
}

// spaceCode parts a one-time code in two, as people read it aloud: "492 057".
func spaceCode(code string) string {
	if len(code) < 6 {
		return code
	}
	half := len(code) / 2
	return code[:half] + " " + code[half:]
}

// seconds rounds up, so that a countdown ends at 0 and not before.
func seconds(d time.Duration) int {
	return int((max(d, 0) + time.Second - 1) / time.Second)
}

// minutes rounds to the nearest, but what is left is one at least.
func minutes(d time.Duration) int {
	return max(1, int(d.Round(time.Minute)/time.Minute))
}

// duration writes a wait: "24 s", "3 min".
func duration(words *assets.Catalog, d time.Duration) string {
	if d <= time.Minute {
		return words.Text("screen.seconds", "n", seconds(d))
	}
	return words.Text("screen.minutes", "n", minutes(d))
}

// fileSize is the size of a file: exact where people compare, and with a decimal where it tells something.
func fileSize(words *assets.Catalog, bytes int64) string {
	switch {
	case bytes < 1<<10:
		return words.Count("screen.size.bytes", int(bytes))
	case bytes < 10<<20 && bytes >= 1<<20:
		return words.Text("screen.size.mb", "n", float64(bytes*10>>20)/10)
	}
	return sizeText(words, bytes)
}

// sizeText is a number of bytes as people read it.
func sizeText(words *assets.Catalog, bytes int64) string {
	if bytes < 1<<20 {
		return words.Text("screen.size.kb", "n", int((bytes+1<<10-1)>>10))
	}
	return words.Text("screen.size.mb", "n", int(bytes>>20))
}
