package vault

// APICredential is what a program signs in with.
const APICredential Kind = "api-credential"

// The fields of an API credential, besides Username and Notes.
const (
	Service    Key = "service"
	Credential Key = "credential" // token, key or client secret
	Endpoint   Key = "endpoint"
	ValidFrom  Key = "valid-from"
)

var apiCredentialSpec = KindSpec{
	Kind: APICredential,
	Fields: []FieldSpec{
		{Key: Service, Type: Text, Searchable: true},
		{Key: Username, Type: Text, Searchable: true},
		{Key: Credential, Type: Private},
		{Key: Endpoint, Type: URL, Searchable: true},
		{Key: ValidFrom, Type: Date},
		{Key: ValidUntil, Type: Date},
		{Key: Notes, Type: Multiline},
	},
	Subtitle: Service,
}
