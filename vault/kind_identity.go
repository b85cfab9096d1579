package vault

// Identity is a person's data, as forms ask for it.
const Identity Kind = "identity"

// The fields of an identity, besides Notes.
const (
	FirstName  Key = "first-name"
	LastName   Key = "last-name"
	Company    Key = "company"
	EmailField Key = "email"
	PhoneField Key = "phone"
	Birthday   Key = "birthday"
	Street     Key = "street"
	City       Key = "city"
	Region     Key = "region"
	PostalCode Key = "postal-code"
	Country    Key = "country"
	Passport   Key = "passport-number"
	License    Key = "license-number"
	NationalID Key = "national-id"
)

var identitySpec = KindSpec{
	Kind: Identity,
	Fields: []FieldSpec{
		{Key: FirstName, Type: Text, Searchable: true},
		{Key: LastName, Type: Text, Searchable: true},
		{Key: Company, Type: Text, Searchable: true},
		{Key: EmailField, Type: Email, Searchable: true},
		{Key: PhoneField, Type: Phone, Searchable: true},
		{Key: Birthday, Type: Date},
		{Key: Street, Type: Multiline},
		{Key: City, Type: Text},
		{Key: Region, Type: Text},
		{Key: PostalCode, Type: Text},
		{Key: Country, Type: Text},
		{Key: Passport, Type: Concealed},
		{Key: License, Type: Concealed},
		{Key: NationalID, Type: Concealed},
		{Key: Notes, Type: Multiline},
	},
	Subtitle: EmailField,
}
