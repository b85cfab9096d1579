package exporter

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/base64"
	"regexp"
	"strings"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/vault"
)

// bitwardenPasskey is a passkey, which Bitwarden keeps in a login. All of it is text there.
type bitwardenPasskey struct {
	CredentialID string  `json:"credentialId"`
	KeyType      string  `json:"keyType"`
	Algorithm    string  `json:"keyAlgorithm"`
	Curve        string  `json:"keyCurve"`
	Key          string  `json:"keyValue"`
	RPID         string  `json:"rpId"`
	RPName       string  `json:"rpName"`
	UserHandle   *string `json:"userHandle"`
	UserName     *string `json:"userName"`
	DisplayName  *string `json:"userDisplayName"`
	Counter      string  `json:"counter"`
	Discoverable string  `json:"discoverable"`
	Created      *string `json:"creationDate"`
}

// addPasskey makes a login with a passkey; false for one that Bitwarden could not use: it signs with P-256 alone.
func (it *bitwardenItem) addPasskey(e *entry) bool {
	if e.Value(vault.RelyingParty).IsZero() || e.Value(vault.CredentialID).IsZero() || !isP256(e.field(vault.PasskeySecret)) {
		return false
	}
	created := date(max(e.CreatedAt, 1)) // it demands a date
	it.Type = bitwardenTypeLogin
	it.Login = &bitwardenLogin{URIs: uris(e.Websites), Passkeys: []bitwardenPasskey{{
		CredentialID: bitwardenCredentialID(e.field(vault.CredentialID)), KeyType: "public-key", Algorithm: "ECDSA", Curve: "P-256",
		Key: e.field(vault.PasskeySecret), RPID: e.field(vault.RelyingParty), RPName: e.field(vault.RelyingParty),
		UserHandle: optional(e.field(vault.UserHandle)), UserName: optional(e.field(vault.Username)),
		DisplayName: optional(e.field(vault.DisplayName)), Counter: "0", Discoverable: "true", Created: created,
	}}}
	it.addFields(e, e.others(vault.RelyingParty, vault.Username, vault.DisplayName, vault.UserHandle, vault.CredentialID, vault.PasskeySecret))
	return true
}

// isP256 tells whether a passkey's private key, PKCS #8 in base64url, is of that curve.
func isP256(key string) bool {
	der, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(key, "="))
	if err != nil {
		return false
	}
	defer clear(der)
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return false
	}
	private, ok := parsed.(*ecdsa.PrivateKey)
	return ok && private.Curve == elliptic.P256()
}

var guid = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// bitwardenB64 begins the id of a credential that is no GUID.
const bitwardenB64 = "b64."

// bitwardenCredentialID writes 16 bytes as a GUID, which older versions want, and others as base64url with a mark. An id that an import
// took over from Bitwarden has its form already.
func bitwardenCredentialID(text string) string {
	if guid.MatchString(text) || strings.HasPrefix(text, bitwardenB64) {
		return text
	}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if credential, idErr := id.FromBytes(raw); err == nil && idErr == nil {
		return uuid(credential)
	}
	return bitwardenB64 + text
}
