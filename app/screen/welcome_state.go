package screen

import (
	"slices"
	"unicode/utf8"
)

// WelcomeState is the card that leads to an open vault.
type WelcomeState struct {
	Page        WelcomePage
	Step        Step
	Title, Body string
	Back        string // label; empty if there is no way back
	Continue    string // label of the main button; empty if there is none
	CanContinue bool
	Busy        bool
	Problem     Message
	Refused     int  // rises when the page is refused, here or by the server
	Mend        Mend // where to go then

	Recoveries []RecoveryOffer // on the first page

	Email       string
	Server      string // address typed behind "Self-hosted server"
	ServerOpen  bool
	ServerLabel string
	SecretKey   string // as typed, formatted
	KeyHint     Message

	Code     CodeEntry
	Password PasswordChoice
	Kit      KitState
	Confirm  Confirmation // that the kit is in a safe place
	Progress Progress     // of the first sync
}

// Mend is the field that the keyboard goes to after a refusal.
type Mend int

// The fields that can be wrong.
const (
	MendNothing Mend = iota // none of them: the keyboard stays where it is
	MendFirst               // the first one of the page
	MendServer
	MendPassword
	MendRepeat
	MendSecretKey
)

// CodeEntry is the field for the code from the mail.
type CodeEntry struct {
	Text       string // as typed, formatted: XXXX-XXXX
	Expiry     string // "It is valid for 9 more minutes.", or that it has expired
	Expired    bool
	Resend     string // "Send again", or with the wait: "Send again in 24 s"
	CanResend  bool
	Mail       Message // how far it has come; empty as long as nobody knows
	OffersPair bool    // the way in without a mail; a recovery needs the mailbox too
}

// PasswordChoice is the master password being chosen. The passwords themselves are not in it.
type PasswordChoice struct {
	Meter  Meter
	Rules  []Rule
	Frozen bool // the account may exist already: the password can no longer be changed here
}

// Rule is one demand on the master password.
type Rule struct {
	Text string
	Met  bool
}

// Confirmation is a box to tick.
type Confirmation struct {
	Label   string
	Enabled bool
	Ticked  bool
}

// steps are the pages that count, in both directions. A first sync belongs to the code before it.
var (
	stepsCreating  = []WelcomePage{PageEmail, PagePassword, PageKit, PageImport}
	stepsSigningIn = []WelcomePage{PageSignIn, PageCode, PageImport}
)

func (w *Welcome) step() Step {
	steps, page := stepsSigningIn, w.page
	if w.creating {
		steps = stepsCreating
	}
	switch {
	case page == PageCode && w.creating:
		page = PageEmail
	case page == PageFirstSync:
		page = PageCode
	}
	number := slices.Index(steps, page) + 1
	if number == 0 {
		return Step{}
	}
	return Step{Number: number, Of: len(steps), Text: w.text("screen.step", "n", number, "of", len(steps))}
}

func (w *Welcome) view() WelcomeState {
	key := "screen.welcome." + pageKeys[w.page]
	s := WelcomeState{
		Page: w.page, Step: w.step(), Title: w.text(key + ".title"), Body: w.body(key + ".body"),
		Busy: w.busy, Problem: w.problem, Refused: w.refused, Mend: w.mend, Email: w.email,
		Server: w.server, ServerOpen: w.serverOpen, ServerLabel: w.text("screen.welcome.server"),
		SecretKey: w.secretKey.text, KeyHint: w.secretKey.hint(w.env.Words), Progress: w.progress,
	}
	s.Back, s.Continue = w.back(), w.continueLabel()
	s.CanContinue = !w.busy
	switch w.page {
	case PageChoose:
		for _, p := range w.recoveries {
			s.Recoveries = append(s.Recoveries, offerRecovery(w.env.Words, p, w.env.Clock.Now()))
		}
	case PageCode:
		s.Code = w.codeEntry()
		s.CanContinue = !w.busy && codeComplete(w.code)
	case PagePassword:
		s.Password = w.passwordChoice()
		s.CanContinue = !w.busy && w.rulesMet()
	case PageKit:
		s.Kit = w.kit.state()
		s.Confirm = Confirmation{Label: w.text("screen.welcome.kit.confirm"), Enabled: w.kit.kept != "", Ticked: w.confirmed}
		s.CanContinue = !w.busy && w.confirmed
	case PageFirstSync:
		s.Progress.Text = w.syncText()
	}
	return s
}

// body greets in the name of the organization whose PC this is, and says what it cannot do.
func (w *Welcome) body(key string) string {
	if name := w.config.Manager.Organization(); name != "" && w.page == PageChoose {
		return w.text("screen.welcome.choose.organization", "organization", name)
	}
	return w.text(key, "email", w.email)
}

var pageKeys = map[WelcomePage]string{
	PageChoose: "choose", PageEmail: "email", PageCode: "code", PagePassword: "password", PageKit: "kit",
	PageSignIn: "signIn", PageFirstSync: "firstSync", PageImport: "import", PageSheet: "sheet",
}

// back is the label of the way back. There is none once an account is being made: it would exist all the same.
func (w *Welcome) back() string {
	switch {
	case w.page == PageKit || w.page == PageImport || w.page == PageSheet:
		return ""
	case w.page == PagePassword && w.busy:
		return ""
	case w.page == PagePassword && w.frozen:
		return w.text("screen.welcome.startOver")
	case w.page == PageChoose && w.config.Cancel == nil:
		return ""
	}
	return w.text("screen.back")
}

func (w *Welcome) continueLabel() string {
	switch {
	case w.page == PageChoose || w.page == PageImport || w.page == PageSheet:
		return ""
	case w.page == PageFirstSync:
		if w.busy {
			return ""
		}
		return w.text("screen.tryAgain")
	case w.busy:
		return w.text("screen.welcome." + pageKeys[w.page] + ".busy")
	case w.page == PagePassword && w.frozen:
		return w.text("screen.tryAgain")
	}
	return w.text("screen.continue")
}

func (w *Welcome) codeEntry() CodeEntry {
	now := w.env.Clock.Now()
	entry := CodeEntry{Text: w.code, Resend: w.text("screen.welcome.code.resend"), CanResend: !w.busy, Mail: w.mail.line(), OffersPair: w.offersPair()}
	switch left := w.expires.Sub(now); {
	case left > 0 && w.mail.state.Failed(): // nobody has the code: how long it is valid helps nobody
	case left > 0:
		entry.Expiry = w.env.Words.Count("screen.welcome.code.expiry", minutes(left))
	default:
		entry.Expiry, entry.Expired = w.text("screen.welcome.code.expired"), true
	}
	if wait := w.resendAt.Sub(now); wait > 0 {
		entry.Resend, entry.CanResend = w.text("screen.welcome.code.resendIn", "wait", duration(w.env.Words, wait)), false
	}
	return entry
}

func (w *Welcome) passwordChoice() PasswordChoice {
	return PasswordChoice{Meter: w.meters.of("password"), Frozen: w.frozen, Rules: []Rule{
		{Text: w.env.Words.Count("screen.welcome.password.length", minMasterPassword), Met: w.longEnough()},
		{Text: w.text("screen.welcome.password.match"), Met: w.repeated()},
	}}
}

func (w *Welcome) longEnough() bool {
	return utf8.RuneCount(w.password.Reveal()) >= minMasterPassword
}

func (w *Welcome) repeated() bool { return !w.password.IsZero() && w.password.Equal(w.repeat) }

func (w *Welcome) rulesMet() bool { return w.longEnough() && w.repeated() }

func (w *Welcome) syncText() string {
	switch {
	case !w.busy:
		return ""
	case w.progress.Total == 0:
		return w.text("screen.welcome.firstSync.connecting")
	}
	return w.env.Words.Count("screen.welcome.firstSync.progress", w.progress.Total, "done", w.progress.Done)
}
