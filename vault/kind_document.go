package vault

// Document is a paper to keep: a contract, a passport's copy. What it says goes into notes and custom fields.
const Document Kind = "document"

// The fields of a document, besides Notes.
const (
	Issuer     Key = "issuer"
	DocumentNo Key = "document-number"
	IssuedOn   Key = "issued"
	ValidUntil Key = "valid-until"
)

var documentSpec = KindSpec{
	Kind: Document,
	Fields: []FieldSpec{
		{Key: Issuer, Type: Text, Searchable: true},
		{Key: DocumentNo, Type: Concealed},
		{Key: IssuedOn, Type: Date},
		{Key: ValidUntil, Type: Date},
		{Key: Notes, Type: Multiline},
	},
	Subtitle: Issuer,
}
