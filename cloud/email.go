package cloud

import (
	"net/mail"
	"strings"
)

// knownLanguage drops what cannot be a language tag (BCP 47); mails are in English then.
func knownLanguage(tag string) string {
	if len(tag) > 35 {
		return ""
	}
	return tag
}

const maxEmail = 254 // RFC 5321 §4.5.3.1.3, without the angle brackets

// normalEmail is the form in which addresses are compared: without spaces around, in lower case. Local parts that differ in case
// alone belong to one person everywhere that matters.
func normalEmail(text string) (string, error) {
	text = strings.ToLower(strings.TrimSpace(text))
	if len(text) > maxEmail || strings.ContainsAny(text, "\r\n\t <>\"") {
		return "", invalid("e-mail address")
	}
	address, err := mail.ParseAddress(text)
	if err != nil || address.Address != text {
		return "", invalid("e-mail address")
	}
	return text, nil
}
