package screen

import (
	"context"
	"errors"
	"time"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/secret"
)

// WelcomePage is one question of the way to an account.
type WelcomePage int

// The pages. Creating: Choose, Email, Code, Password, Kit, Import. Signing in: Choose, SignIn, Code, FirstSync, Import.
const (
	PageChoose WelcomePage = iota
	PageEmail
	PageCode
	PagePassword
	PageKit
	PageSignIn
	PageFirstSync
	PageImport // Welcome.Import has the model
	PageSheet  // Welcome.Sheet has the model: pairing, recovery, or the state to be confirmed
)

// minMasterPassword is in characters; resendPause keeps a second click from making the code in the first mail void.
const (
	minMasterPassword = 12
	resendPause       = 30 * time.Second
)

// mailedCode is what sign-up and sign-in have in common: a code that proves the mailbox.
type mailedCode interface {
	Resend(context.Context) error
	Expires() time.Time
	Verify(ctx context.Context, code string) error
	Mail() func(context.Context) (session.MailState, error)
}

// Welcome leads from nothing to an open vault: a new account, or one that exists and is new on this PC.
type Welcome struct {
	model[WelcomeState]
	config WelcomeConfig

	page     WelcomePage
	creating bool
	busy     bool
	problem  Message
	refused  int
	mend     Mend
	cancel   func() // ends the work under way, for Back

	email, server string
	serverOpen    bool
	secretKey     secretKeyField

	signUp    *session.SignUp
	signIn    *session.SignIn
	code      string
	expires   time.Time
	resendAt  time.Time
	stopTicks func()
	mail      mailWatch

	password, repeat secret.Bytes
	frozen           bool
	meters           meters
	progress         Progress

	unlocked  *session.Unlocked
	kit       kitSaver
	confirmed bool
	imports   *Import
	sheet     SheetModel

	recoveries []session.PendingRecovery // that can go on, as the first page has them
}

// WelcomeConfig says where accounts are and what follows.
type WelcomeConfig struct {
	Manager *session.Manager
	Origin  string                  // the server of people who do not name one
	Import  bool                    // bring the passwords of the browsers on this PC
	Asks    bool                    // before it does: the system itself would ask for each browser (macOS)
	Opened  func(*session.Unlocked) // takes over the open vault
	Cancel  func()                  // back to the accounts of this PC; nil if there are none
	Here    func(Message)           // an account is on this PC by now: there, it can be unlocked
}

// NewWelcome asks whether to create an account or to sign in.
func NewWelcome(env *Env, config WelcomeConfig) *Welcome {
	w := &Welcome{config: config, serverOpen: config.Origin == ""} // a program without a server of its own asks for one at once
	w.recoveries = config.Manager.PendingRecoveries()
	w.begin(env, w.view)
	w.meters.begin(env, w.run, w.changed)
	w.kit.begin(env, w.run, w.changed)
	return w
}

// Leave gives up: what was typed is wiped, and a vault that nobody has taken over is locked.
func (w *Welcome) Leave() {
	w.model.Leave()
	w.wipe()
	if w.imports != nil {
		w.imports.Leave()
	}
	if w.sheet != nil {
		w.sheet.Leave()
	}
	if w.unlocked != nil {
		lockLate(w.unlocked)
	}
}

func (w *Welcome) wipe() {
	w.password.Wipe()
	w.repeat.Wipe()
	w.secretKey = secretKeyField{}
}

// Import is the model of PageImport.
func (w *Welcome) Import() *Import { return w.imports }

// Create begins with a new account.
func (w *Welcome) Create() { w.start(true, PageEmail) }

// SignIn begins with an account that exists.
func (w *Welcome) SignIn() { w.start(false, PageSignIn) }

func (w *Welcome) start(creating bool, page WelcomePage) {
	w.creating = creating
	w.show(page)
}

func (w *Welcome) show(page WelcomePage) {
	w.page, w.problem = page, Message{}
	if page == PageChoose {
		w.recoveries = w.config.Manager.PendingRecoveries()
	}
	w.changed()
}

// SetEmail takes what is typed, but nothing while the code for the address before is on its way.
func (w *Welcome) SetEmail(email string) {
	if w.busy {
		return
	}
	w.email, w.problem = email, Message{}
	w.changed()
}

// ToggleServer shows or hides the field for the address of a self-hosted server.
func (w *Welcome) ToggleServer() {
	w.serverOpen = !w.serverOpen
	w.changed()
}

// SetServer takes the address of a self-hosted server.
func (w *Welcome) SetServer(address string) {
	w.server, w.problem = address, Message{}
	w.changed()
}

// SetSecretKey takes what is typed.
func (w *Welcome) SetSecretKey(typed string) {
	w.secretKey.set(typed)
	w.problem = Message{}
	w.changed()
}

// SetPassword takes the master password as typed, and its ownership.
func (w *Welcome) SetPassword(password secret.Bytes) {
	if w.frozen || w.busy {
		password.Wipe()
		return
	}
	w.password.Wipe()
	w.password, w.problem = password, Message{}
	if w.creating {
		w.meters.measure("password", password, w.email)
	}
	w.changed()
}

// SetRepeat takes the repeated master password, and its ownership.
func (w *Welcome) SetRepeat(password secret.Bytes) {
	if w.frozen || w.busy {
		password.Wipe()
		return
	}
	w.repeat.Wipe()
	w.repeat, w.problem = password, Message{}
	w.changed()
}

// SetCode takes the code as typed or pasted, even with the mail around it. A complete one is tried at once.
func (w *Welcome) SetCode(typed string) {
	before := w.code
	w.code, w.problem = formatCode(typed), Message{}
	if codeComplete(w.code) && w.code != before {
		w.Continue()
		return
	}
	w.changed()
}

// Back goes to the page before; work under way is given up.
func (w *Welcome) Back() {
	if w.back() == "" {
		return
	}
	if w.cancel != nil {
		w.cancel()
	}
	w.busy, w.cancel = false, nil
	switch w.page {
	case PageChoose:
		w.config.Cancel()
	case PageEmail, PageSignIn:
		w.wipe()
		w.show(PageChoose)
	case PageFirstSync:
		w.config.Here(Message{}) // the keys are on this PC already, and the rest can follow once it is unlocked
	case PageCode, PagePassword:
		w.leaveCode()
		w.frozen = false
		w.wipe()
		if w.creating {
			w.show(PageEmail)
		} else {
			w.show(PageSignIn)
		}
	}
}

// Continue answers the question of the page.
func (w *Welcome) Continue() {
	if w.busy {
		return
	}
	if w.problem, w.mend = w.missing(); !w.problem.IsZero() {
		w.refused++
		w.changed()
		return
	}
	switch w.page {
	case PageEmail:
		w.beginSignUp()
	case PageSignIn:
		w.beginSignIn()
	case PageCode:
		w.verify()
	case PagePassword:
		w.createAccount()
	case PageKit:
		w.kitSaved()
	case PageFirstSync:
		w.firstSync()
	}
}

// work runs the next thing to do, busy until it is done; a failure is explained on the page.
func work[T any](w *Welcome, do func(context.Context) (T, error), done func(T), discard func(T)) {
	w.busy = true
	w.cancel = RunOwned(w.run, do, func(result T, err error) {
		w.busy, w.cancel = false, nil
		if errors.Is(err, session.ErrAlreadyHere) {
			w.config.Here(explain(w.env.Words, err))
			return
		}
		if err != nil {
			w.problem, w.mend = w.explain(err), w.mends(err)
			w.refused++
			w.changed()
			return
		}
		done(result)
	}, discard)
	w.changed()
}

// explain adds what only this screen knows: how long to wait before the next try, and that an expired code can be replaced.
func (w *Welcome) explain(err error) Message {
	var slow *session.SlowDownError
	if errors.As(err, &slow) {
		w.resendAt = w.env.Clock.Now().Add(slow.RetryAfter)
	}
	return explain(w.env.Words, err)
}
