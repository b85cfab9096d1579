package screen

import (
	"context"
	"errors"
	"time"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/assets"
	"github.com/coffer-vault/coffer/crypto/secret"
)

// RecoveryOffer says that a recovery which was begun on this PC can go on. It is zero where none waits.
type RecoveryOffer struct {
	Message Message
	Label   string // of what goes on with it
	Ready   bool   // the wait is over
	pending session.PendingRecovery
}

// offerRecovery says where a recovery is, by the clock of this PC; the server decides.
func offerRecovery(words *assets.Catalog, p session.PendingRecovery, now time.Time) RecoveryOffer {
	if p.Account.IsZero() {
		return RecoveryOffer{}
	}
	o := RecoveryOffer{pending: p, Label: words.Text("screen.recover.resume.title"), Ready: p.Replacing || !now.Before(p.Ready)}
	s := sentence{key: "recoveryPending", tone: ToneQuiet}
	switch {
	case p.Replacing:
		s = sentence{key: "recoveryReplacing", tone: ToneWarning}
	case o.Ready:
		s.key = "recoveryReady"
	}
	o.Message = s.message(words, "email", p.Email, "time", words.DateTime(p.Ready.Local()))
	return o
}

// Recover opens an account with the recovery code.
type Recover struct {
	Sheet
	config   RecoverConfig
	recovery *session.Recovery
}

// RecoverConfig is what a recovery works with.
type RecoverConfig struct {
	Manager       *session.Manager
	Origin, Email string
	Pending       session.PendingRecovery // was begun on this PC, and goes on; zero to begin one
	Close         func()
	Opened        func(*session.Unlocked)
}

// NewRecover goes on with a recovery that was begun here, or begins one.
func NewRecover(env *Env, config RecoverConfig) *Recover {
	r := &Recover{config: config}
	r.start(env, "recover", config.Close)
	r.texts["email"] = config.Email
	if config.Pending.Account.IsZero() {
		r.beginPage()
	} else {
		r.resumePage()
	}
	return r
}

func (r *Recover) codeField() SheetField {
	return SheetField{ID: "code", Label: r.text("screen.recover.code"), Placeholder: "R1-", Hint: Message{What: r.text("screen.recover.where")}}
}

func (r *Recover) beginPage() {
	email := SheetField{ID: "email", Label: r.text("screen.welcome.email.field"), Placeholder: "anna@example.com"}
	r.show(sheetPage{name: "begin", fields: []SheetField{email, r.codeField()}, submit: func() {
		address, code := r.texts["email"], r.texts["code"]
		if !plausibleEmail(address) {
			r.problem = Message{Tone: ToneError, What: r.text("screen.welcome.badEmail")}
			r.changed()
			return
		}
		r.do(func(ctx context.Context) (err error) {
			r.recovery, err = r.config.Manager.BeginRecovery(ctx, r.config.Origin, address, code)
			return err
		}, r.mailedPage)
	}})
}

// mailedPage asks for the code from the mail, and says how far that has come.
func (r *Recover) mailedPage() {
	delete(r.texts, "mailed")
	field := SheetField{ID: "mailed", Label: r.text("screen.welcome.code.field"), Placeholder: "XXXX-XXXX", Kind: FieldMailedCode}
	r.show(sheetPage{
		name: "mailed", args: []any{"email", r.texts["email"]}, fields: []SheetField{field}, format: map[string]func(string) string{"mailed": formatCode},
		links: []string{"resend"}, act: func(string, string) { r.do(r.recovery.Resend, r.mailedPage) }, back: r.beginPage,
		submit: func() {
			code := r.texts["mailed"]
			r.do(func(ctx context.Context) error { return r.recovery.Verify(ctx, code) }, func() { r.waitPage(r.recovery.Ready()) })
		},
	})
	r.watchMails(map[string]mailQuestion{"mailed": r.recovery.Mail()})
}

// waitPage says when to come back.
func (r *Recover) waitPage(ready time.Time) {
	r.show(sheetPage{name: "wait", args: []any{"time", r.env.Words.DateTime(ready.Local())}})
}

// resumePage asks for the code again: what rests on this PC is sealed under it. A recovery that has sent new keys can only be finished.
func (r *Recover) resumePage() {
	pending := r.config.Pending
	page := sheetPage{name: "resume", fields: []SheetField{r.codeField()}, links: []string{"anew", "giveUp"}}
	if pending.Replacing {
		page.name, page.links = "replacing", nil
	}
	page.args = []any{"email", pending.Email, "time", r.env.Words.DateTime(pending.Ready.Local())}
	page.act = func(_, link string) {
		if link == "anew" { // another account, or the code of a newer kit
			r.beginPage()
			return
		}
		r.do(func(context.Context) error { return r.config.Manager.ForgetRecovery(pending.Account) }, r.close)
	}
	page.submit = func() {
		code := r.texts["code"]
		r.do(func(ctx context.Context) (err error) {
			if r.recovery, err = r.config.Manager.ResumeRecovery(pending, code); err != nil {
				return err
			}
			err = r.recovery.Open(ctx)
			if errors.Is(err, session.ErrRecoveryEnded) {
				return errors.Join(err, r.recovery.Forget())
			}
			return err
		}, r.passwordPage)
	}
	r.show(page)
}

func (r *Recover) passwordPage() {
	r.show(sheetPage{name: "password", chooses: true, fields: r.newPasswordFields(), submit: func() {
		openLate(&r.Sheet, r.password(fieldNew), func(ctx context.Context, password secret.Bytes) (*session.Unlocked, error) {
			return r.recovery.Finish(ctx, password, nil)
		}, r.config.Opened)
	}})
}
