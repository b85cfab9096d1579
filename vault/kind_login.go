package vault

// Login is a user name and password for websites and programs.
const Login Kind = "login"

// The fields of a login, besides Notes.
const (
	Username Key = "username"
	Password Key = "password"
	OTP      Key = "totp"
)

var loginSpec = KindSpec{
	Kind: Login,
	Fields: []FieldSpec{
		{Key: Username, Type: Text, Searchable: true},
		{Key: Password, Type: Concealed},
		{Key: OTP, Type: TOTP},
		{Key: Notes, Type: Multiline},
	},
	Subtitle: Username,
	Websites: true,
}
