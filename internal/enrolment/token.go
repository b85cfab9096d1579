// Package enrolment is the token that binds a computer to an organization before anybody signs in on it (docs/protocol.md §11): who
// greets the first person, in which language, and on which server. It has no key: what a computer believes is the place where the
// token is, which only an administrator can write, and the server looks for its own signature.
//
// It imports nothing but the standard library, so that the updater's service, which runs with the highest rights, can read the server
// out of it.
package enrolment

import (
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Token is what an organization tells a new computer.
type Token struct {
	Domain       string   // base domain of the server, such as "coffer.example.com"
	Organization [16]byte // id
	Name         string   // of the organization, as people are greeted with it: at most MaxName characters on one line
	Language     string   // BCP 47 (RFC 5646), such as "de"; what Coffer does not speak is the reader's to replace
	Serial       [16]byte // drawn at random: no two tokens are alike
	LastDay      string   // on which a computer may be enrolled, by the server's clock in UTC: "2026-12-31"
	Signature    [64]byte // over Payload, by the server's enrolment key
}

// MaxText and MaxName bound a token, so that it fits a command line, and the name that it greets with, in characters.
const (
	MaxText = 600
	MaxName = 80
)

// version is the only one; a token of another one says nothing.
const version = 1

// prefix makes a token known where it is pasted, and is not signed: Payload has the version too.
const prefix = "CE1."

// ErrToken is returned for every text that is no token of this version, and says in which way.
var ErrToken = errors.New("no enrolment token")

var encoding = base64.RawURLEncoding.Strict()

// Parse takes exactly what Text writes; anything else is ErrToken. It does not verify the signature.
func Parse(text string) (Token, error) {
	if len(text) > MaxText {
		return Token{}, fmt.Errorf("%w: longer than %d characters", ErrToken, MaxText)
	}
	rest, found := strings.CutPrefix(text, prefix)
	left, right, pair := strings.Cut(rest, ".")
	if !found || !pair {
		return Token{}, fmt.Errorf("%w: it begins with %s and has two parts", ErrToken, prefix)
	}
	payload, err := decodeText(left)
	if err != nil {
		return Token{}, err
	}
	signature, err := decodeText(right)
	if err != nil {
		return Token{}, err
	}
	t, err := parsePayload(payload)
	if err != nil {
		return Token{}, err
	}
	if len(signature) != len(t.Signature) {
		return Token{}, fmt.Errorf("%w: the signature is cut off, or goes on", ErrToken)
	}
	t.Signature = [64]byte(signature)
	if err := t.check(); err != nil {
		return Token{}, err
	}
	return t, nil
}

// decodeText refuses line breaks, which encoding/base64 skips: one token has one spelling.
func decodeText(text string) ([]byte, error) {
	data, err := encoding.DecodeString(text)
	if err != nil || strings.ContainsAny(text, "\r\n") {
		return nil, fmt.Errorf("%w: a character is wrong, or one is missing", ErrToken)
	}
	return data, nil
}

// Text is the token as it is given to an installer; an error for what no reader would take.
func (t Token) Text() (string, error) {
	if err := t.check(); err != nil {
		return "", err
	}
	text := prefix + encoding.EncodeToString(t.Payload()) + "." + encoding.EncodeToString(t.Signature[:])
	if len(text) > MaxText {
		return "", fmt.Errorf("%w: longer than %d characters with this domain and name", ErrToken, MaxText)
	}
	return text, nil
}

// label is one part of a host name (RFC 1123 §2.1), in small letters; language has the shape of BCP 47.
var (
	label    = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	language = regexp.MustCompile(`^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$`)
)

// maxDomain is the longest name of DNS (RFC 1035 §2.3.4), in text.
const maxDomain = 253

// check says what of a token may not be so.
func (t Token) check() error {
	for part := range strings.SplitSeq(t.Domain, ".") {
		if !label.MatchString(part) || len(t.Domain) > maxDomain {
			return fmt.Errorf("%w: the server must be a domain in small letters, such as coffer.example.com", ErrToken)
		}
	}
	if !readable(t.Name) {
		return fmt.Errorf("%w: the name must have 1 to %d printable characters on one line", ErrToken, MaxName)
	}
	if !language.MatchString(t.Language) {
		return fmt.Errorf("%w: the language must be a tag such as de", ErrToken)
	}
	if day, err := time.Parse(time.DateOnly, t.LastDay); err != nil || day.Format(time.DateOnly) != t.LastDay {
		return fmt.Errorf("%w: the last day must be a date such as 2026-12-31", ErrToken)
	}
	return nil
}

// readable refuses what would make a greeting look like something else: control characters, marks of direction and other invisible
// ones, and spaces around.
func readable(name string) bool {
	if n := utf8.RuneCountInString(name); n < 1 || n > MaxName || !utf8.ValidString(name) || strings.TrimSpace(name) != name {
		return false
	}
	for _, r := range name {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}
