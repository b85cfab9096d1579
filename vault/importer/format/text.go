package format

import (
	"encoding/base64"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault/importer"
)

// isHiddenKey tells whether values of one of the vault's fields are secrets.
func isHiddenKey(key string) bool {
	return slices.Contains([]string{
		"number", "cvv", "pin", "iban", "account-number", "private-key", "passphrase", "credential", "router-password", "licence-key",
		"document-number", "passport-number", "license-number", "national-id", "password",
	}, key)
}

func addField(record *importer.Record, name, value string, hidden bool) {
	if name == "" {
		name = "Field"
	}
	if value != "" {
		record.Fields = append(record.Fields, importer.Field{Name: name, Value: secret.FromString(value), Hidden: hidden})
	}
}

func leaveOut(record *importer.Record, what importer.Part, name string) {
	record.LeftOut = append(record.LeftOut, importer.LeftOut{What: what, Name: name})
}

// addBase64 attaches a file that stands in the entry; what is no base64 is named as left out.
func addBase64(record *importer.Record, name, text string) {
	content, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil || text == "" {
		leaveOut(record, importer.PartFile, name)
		return
	}
	record.Files = append(record.Files, importer.NewFile(name, content))
}

// setPassword gives the record its password, or keeps a second one as a field.
func setPassword(record *importer.Record, password string) {
	if record.Password.IsZero() {
		record.Password = secret.FromString(password)
		return
	}
	addField(record, "Password", password, true)
}

// setTOTP gives the record its secret for one-time codes, or keeps a second one as a field.
func setTOTP(record *importer.Record, totp string) {
	if record.TOTP.IsZero() {
		record.TOTP = secret.FromString(totp)
		return
	}
	addField(record, "TOTP", totp, true)
}

// monthLayouts are the ways in which programs write the month until which a card is valid.
var monthLayouts = []string{"2006-01", "01/2006", "1/2006", "01/06", "1/06", "2006/01", "200601", "January,2006", "Jan,2006", "01-2006", "0106", "2006-01-02", "01.2006"}

// month is a month as 2006-01, or the text as it is.
func month(text string) string {
	trimmed := strings.ReplaceAll(strings.TrimSpace(text), " ", "")
	for _, layout := range monthLayouts {
		if t, err := time.Parse(layout, trimmed); err == nil {
			return t.Format("2006-01")
		}
	}
	if strings.Trim(trimmed, ",/-") == "" {
		return ""
	}
	return text
}

var dayLayouts = []string{time.DateOnly, "2006-1-2", "2006/01/02", "January,2,2006", "02.01.2006", "2.1.2006", "20060102", time.RFC3339}

// day is a date as 2006-01-02, or the text as it is.
func day(text string) string {
	trimmed := strings.ReplaceAll(strings.TrimSpace(text), " ", "")
	for _, layout := range dayLayouts {
		if t, err := time.Parse(layout, trimmed); err == nil {
			return t.Format(time.DateOnly)
		}
	}
	if strings.Trim(trimmed, ",/-") == "" {
		return ""
	}
	return text
}

func sortedKeys(values map[string]any) []string { return sortedNames(values) }

func sortedNames[V any](values map[string]V) []string { return slices.Sorted(maps.Keys(values)) }
