package vault

// SoftwareLicence is the right to use a program, and the key that shows it.
const SoftwareLicence Kind = "software-licence"

// The fields of a software licence, besides EmailField, Company, ValidUntil and Notes.
const (
	Product      Key = "product"
	Edition      Key = "version"
	LicenceKey   Key = "licence-key"
	LicensedTo   Key = "licensed-to"
	PurchasedOn  Key = "purchased"
	OrderNumber  Key = "order-number"
	SeatsAllowed Key = "seats"
)

var softwareLicenceSpec = KindSpec{
	Kind: SoftwareLicence,
	Fields: []FieldSpec{
		{Key: Product, Type: Text, Searchable: true},
		{Key: Edition, Type: Text},
		{Key: LicenceKey, Type: Private},
		{Key: LicensedTo, Type: Text, Searchable: true},
		{Key: EmailField, Type: Email, Searchable: true},
		{Key: Company, Type: Text, Searchable: true},
		{Key: PurchasedOn, Type: Date},
		{Key: ValidUntil, Type: Date},
		{Key: OrderNumber, Type: Text, Searchable: true},
		{Key: SeatsAllowed, Type: Text},
		{Key: Notes, Type: Multiline},
	},
	Subtitle: LicensedTo,
	Websites: true,
}
