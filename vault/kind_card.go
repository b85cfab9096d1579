package vault

// Card is a payment card.
const Card Kind = "card"

// The fields of a card, besides Notes.
const (
	Cardholder Key = "cardholder"
	Number     Key = "number"
	Expires    Key = "expires"
	CVV        Key = "cvv"
	PIN        Key = "pin"
	Brand      Key = "brand"
	Bank       Key = "bank"
)

var cardSpec = KindSpec{
	Kind: Card,
	Fields: []FieldSpec{
		{Key: Cardholder, Type: Text, Searchable: true},
		{Key: Number, Type: Concealed},
		{Key: Expires, Type: Month},
		{Key: CVV, Type: Concealed},
		{Key: PIN, Type: Concealed},
		{Key: Brand, Type: Text, Searchable: true},
		{Key: Bank, Type: Text, Searchable: true},
		{Key: Notes, Type: Multiline},
	},
	Subtitle: Cardholder,
}
