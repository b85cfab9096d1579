package cloud

import (
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// knownLanguage drops what cannot be a language tag (BCP 47); mails are in English then.
func knownLanguage(tag string) string {
	if len(tag) > 35 || strings.ContainsFunc(tag, func(r rune) bool { return r != '-' && notAlphanumeric(r) }) {
		return ""
	}
	return tag
}

const maxEmail = 254 // RFC 5321 §4.5.3.1.3, without the angle brackets

// normalEmail is the form in which addresses are compared: without spaces around, in lower case, in NFC (RFC 6532 §3.1). Local parts
// that differ in case alone belong to one person everywhere that matters. What nobody can see or what turns the line around has no
// place in an address: it would be shown as another one.
func normalEmail(text string) (string, error) {
	text = norm.NFC.String(strings.ToLower(strings.TrimSpace(text)))
	unseen := func(r rune) bool { return !unicode.IsPrint(r) || r == utf8.RuneError }
	if len(text) > maxEmail || strings.ContainsAny(text, " <>\"") || strings.ContainsFunc(text, unseen) {
		return "", invalid("e-mail address")
	}
	address, err := mail.ParseAddress(text)
	if err != nil || address.Address != text {
		return "", invalid("e-mail address")
	}
	return text, nil
}
