package vault

// Passkey is a WebAuthn credential as another program exported it (W3C Web Authentication Level 3, FIDO Credential Exchange Format
// 1.0). Coffer keeps and shows it.
const Passkey Kind = "passkey"

// The fields of a passkey, besides Username and Notes. Identifiers are base64url without padding, as WebAuthn writes them in JSON.
const (
	RelyingParty  Key = "rp-id"        // the domain that it is for
	DisplayName   Key = "display-name" // of the user
	UserHandle    Key = "user-handle"
	CredentialID  Key = "credential-id"
	PasskeySecret Key = "private-key" // PKCS #8, base64url
)

var passkeySpec = KindSpec{
	Kind: Passkey,
	Fields: []FieldSpec{
		{Key: RelyingParty, Type: Text, Searchable: true},
		{Key: Username, Type: Text, Searchable: true},
		{Key: DisplayName, Type: Text, Searchable: true},
		{Key: UserHandle, Type: Text},
		{Key: CredentialID, Type: Text},
		{Key: PasskeySecret, Type: Concealed},
		{Key: Notes, Type: Multiline},
	},
	Subtitle: Username,
	Websites: true,
}
