package screen

// WelcomePage is one question of the way to an account.
type WelcomePage int

// The pages. Creating: Choose, Email, Code, Password, Kit. Signing in: Choose, SignIn, Code, FirstSync. Then, where browsers
// hold passwords: Browsers, Importing, Report.
const (
	PageChoose WelcomePage = iota
	PageEmail
	PageCode
	PagePassword
	PageKit
	PageSignIn
	PageFirstSync
	PageBrowsers
	PageImporting
	PageReport
)

// WelcomeState is the card that leads to an open vault.
type WelcomeState struct {
	Page        WelcomePage
	Step        Step
	Title, Body string
	Back        bool   // there is a way back
	Continue    string // label of the main button; empty if there is none
	CanContinue bool
	Busy        bool
	Problem     Message

	Email      string
	Server     string // address typed behind "Self-hosted server"
	ServerOpen bool
	SecretKey  string // as typed, formatted
	KeyHint    Message

	Code     CodeEntry
	Password PasswordChoice
	Kit      KitState
	Progress Progress // of the first sync and of the import
	Browsers []BrowserRow
	Report   ImportReport
}

// CodeEntry is the field for the code from the mail.
type CodeEntry struct {
	Text      string // as typed, formatted: XXXX-XXXX
	SentTo    string // "We sent a code to anna@example.com."
	Expiry    string // "It is valid for 9 more minutes." or that it has expired
	Resend    string // "Send again", or with the wait: "Send again in 24 s"
	CanResend bool
}

// PasswordChoice is the master password being chosen. The passwords themselves are not in it.
type PasswordChoice struct {
	Meter Meter
	Rules []Rule
}

// Rule is one demand on the master password.
type Rule struct {
	Text string
	Met  bool
}

// KitState is the emergency kit to be saved.
type KitState struct {
	SavedTo    string // "Saved to …"; empty as long as it is not
	Confirmed  bool   // "I have put it in a safe place"
	CanConfirm bool
}

// BrowserRow is a browser profile that holds passwords.
type BrowserRow struct {
	ID     string
	Label  string // "Google Chrome · Work"
	Count  string // "214 passwords"
	Ticked bool
}

// ImportReport accounts for every row that was read.
type ImportReport struct {
	Summary string // "1,230 of 1,248 passwords are in your vault."
	Groups  []ReportGroup
	CanUndo bool
	Undone  bool
}

// ReportGroup is the rows that ended in the same way.
type ReportGroup struct {
	Tone  Tone
	Label string // "Imported", "Already there", "Skipped: no password"
	Count string
	Sites []string // which ones; only where the person may want to act
	Next  string   // what to do about them; mostly empty
}
