package screen

// UnlockState is the card that asks for the master password.
type UnlockState struct {
	Title    string // "Welcome back"
	Account  string // the e-mail address
	Server   string // host of the server; empty for Coffer's own
	Accounts []Choice

	NeedSecretKey bool   // the keyring has lost its entry: there is a second field
	SecretKey     string // as typed, formatted
	SecretKeyHint Message

	Busy    bool
	Button  string // "Unlock", "Unlocking…"
	Problem Message
	Promise string // what protects the vault, below the card
}
