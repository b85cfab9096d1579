// Package otp computes time-based one-time passwords: RFC 6238 over RFC 4226, and the codes of Steam Guard.
package otp

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/coffer-vault/coffer/crypto/secret"
)

// ErrMalformed is returned for what is neither an address of those that Parse reads nor a secret in base32, or asks for what RFC 6238
// does not have: other hashes, other than 6 to 8 digits, a period outside 1 to 3600 s.
var ErrMalformed = errors.New("otp: malformed secret or address")

// Limits.
const (
	maxText       = 4096 // bytes
	minDigits     = 6
	maxDigits     = 8
	maxPeriod     = 3600 // seconds
	defaultDigits = 6
	defaultPeriod = 30
	scheme        = "otpauth://"
	steamScheme   = "steam://"
)

// The codes of Steam Guard are those of RFC 6238 with SHA-1 and 30 s, but for how the number is written: five of these letters, the lowest
// place first. Valve has not described them; KeePassXC and Bitwarden write them so.
const (
	steamAlphabet = "23456789BCDFGHJKMNPQRTVWXY"
	steamLetters  = 5
)

// Key is what a site and its user share.
type Key struct {
	Secret  secret.Bytes
	Hash    string // "SHA1", "SHA256", "SHA512"
	Digits  int
	Steam   bool   // letters in place of digits
	Period  int    // seconds
	Issuer  string // may be empty, as Account
	Account string
}

var hashes = map[string]func() hash.Hash{"SHA1": sha1.New, "SHA256": sha256.New, "SHA512": sha512.New}

// Parse reads what sites give: an otpauth:// address (Google Authenticator's key URI format) or a secret in base32, in upper or
// lower case, with or without spaces, dashes and padding. Secrets of Steam Guard come as steam://SECRET (Bitwarden), as an otpauth://totp/
// address with encoder=steam (KeePassXC) or as otpauth://steam/ (Aegis). The error never quotes the text.
func Parse(text secret.Bytes) (Key, error) {
	if text.Len() > maxText {
		return Key{}, ErrMalformed
	}
	s := strings.TrimSpace(string(text.Reveal()))
	if len(s) >= len(scheme) && strings.EqualFold(s[:len(scheme)], scheme) {
		return parseURI(s)
	}
	if len(s) >= len(steamScheme) && strings.EqualFold(s[:len(steamScheme)], steamScheme) {
		raw, err := decodeSecret(s[len(steamScheme):])
		return Key{Secret: raw}.steam(), err
	}
	raw, err := decodeSecret(s)
	return Key{Secret: raw, Hash: "SHA1", Digits: defaultDigits, Period: defaultPeriod}, err
}

func parseURI(text string) (Key, error) {
	u, err := url.Parse(text)
	if err != nil || !strings.EqualFold(u.Host, "totp") && !strings.EqualFold(u.Host, "steam") {
		return Key{}, ErrMalformed // url.Error would quote the text
	}
	query := u.Query()
	key := Key{Hash: "SHA1", Digits: defaultDigits, Period: defaultPeriod, Issuer: query.Get("issuer")}
	if key.Secret, err = decodeSecret(query.Get("secret")); err != nil {
		return Key{}, err
	}
	if strings.EqualFold(u.Host, "steam") || strings.EqualFold(query.Get("encoder"), "steam") {
		key = key.steam()
		key.label(strings.TrimPrefix(u.Path, "/"))
		return key, nil
	}
	if name := query.Get("algorithm"); name != "" {
		key.Hash = strings.ReplaceAll(strings.ToUpper(name), "-", "")
	}
	if hashes[key.Hash] == nil {
		return Key{}, ErrMalformed
	}
	if key.Digits, err = number(query, "digits", defaultDigits, minDigits, maxDigits); err != nil {
		return Key{}, err
	}
	if key.Period, err = number(query, "period", defaultPeriod, 1, maxPeriod); err != nil {
		return Key{}, err
	}
	key.label(strings.TrimPrefix(u.Path, "/"))
	return key, nil
}

// steam is the key as Steam Guard uses it, whatever else an address says of it.
func (k Key) steam() Key {
	k.Steam, k.Hash, k.Digits, k.Period = true, "SHA1", steamLetters, defaultPeriod
	return k
}

// label reads "account" or "issuer:account".
func (k *Key) label(label string) {
	issuer, account, found := strings.Cut(label, ":")
	if !found {
		k.Account = strings.TrimSpace(label)
		return
	}
	k.Account = strings.TrimSpace(account)
	if k.Issuer == "" {
		k.Issuer = strings.TrimSpace(issuer)
	}
}

func number(query url.Values, name string, fallback, low, high int) (int, error) {
	text := query.Get(name)
	if text == "" {
		return fallback, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < low || n > high {
		return 0, ErrMalformed
	}
	return n, nil
}

var unpadded = base32.StdEncoding.WithPadding(base32.NoPadding)

func decodeSecret(text string) (secret.Bytes, error) {
	digits := strings.Map(func(r rune) rune {
		switch r {
		case ' ', '-', '=', '\t', '\u00a0':
			return -1
		}
		return r
	}, strings.ToUpper(text))
	raw, err := unpadded.DecodeString(digits)
	if err != nil || len(raw) == 0 {
		return secret.Bytes{}, ErrMalformed // the decoder's error would say where
	}
	return secret.New(raw), nil
}

// Code is the one-time password at a time, and how long it will stay valid. It is empty for the zero Key and after Wipe.
func (k Key) Code(at time.Time) (code string, remaining time.Duration) {
	newHash := hashes[k.Hash]
	if k.Secret.IsZero() || newHash == nil || k.Period <= 0 {
		return "", 0
	}
	period := time.Duration(k.Period) * time.Second
	elapsed := time.Duration(at.UnixMilli()) * time.Millisecond
	remaining = period - elapsed%period
	return k.hotp(newHash, uint64(at.Unix())/uint64(k.Period)), remaining
}

// hotp is RFC 4226 §5.3.
func (k Key) hotp(newHash func() hash.Hash, counter uint64) string {
	mac := hmac.New(newHash, k.Secret.Reveal())
	mac.Write(binary.BigEndian.AppendUint64(nil, counter))
	sum := mac.Sum(nil)
	offset := sum[len(sum)-1] & 0xf
	number := binary.BigEndian.Uint32(sum[offset:]) & 0x7fffffff
	if k.Steam {
		return steamCode(number)
	}
	modulus := uint32(1)
	for range k.Digits {
		modulus *= 10
	}
	return fmt.Sprintf("%0*d", k.Digits, number%modulus)
}

func steamCode(number uint32) string {
	var code [steamLetters]byte
	for i := range code {
		code[i] = steamAlphabet[number%uint32(len(steamAlphabet))]
		number /= uint32(len(steamAlphabet))
	}
	return string(code[:])
}

// Base32 is the secret as other programs write it, without padding.
func (k Key) Base32() string { return unpadded.EncodeToString(k.Secret.Reveal()) }

// Wipe clears the secret.
func (k Key) Wipe() { k.Secret.Wipe() }
