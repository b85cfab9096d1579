package vault

// BankAccount is an account at a bank.
const BankAccount Kind = "bank-account"

// The fields of a bank account, besides Bank, PIN and Notes.
const (
	AccountHolder Key = "account-holder"
	AccountType   Key = "account-type"
	AccountNumber Key = "account-number"
	RoutingNumber Key = "routing-number"
	IBAN          Key = "iban"
	BIC           Key = "bic"
	BankPhone     Key = "bank-phone"
)

var bankAccountSpec = KindSpec{
	Kind: BankAccount,
	Fields: []FieldSpec{
		{Key: Bank, Type: Text, Searchable: true},
		{Key: AccountHolder, Type: Text, Searchable: true},
		{Key: AccountType, Type: Text},
		{Key: IBAN, Type: Concealed},
		{Key: BIC, Type: Text},
		{Key: AccountNumber, Type: Concealed},
		{Key: RoutingNumber, Type: Text},
		{Key: PIN, Type: Concealed},
		{Key: BankPhone, Type: Phone},
		{Key: Notes, Type: Multiline},
	},
	Subtitle: Bank,
	Websites: true,
}
