package screen

import (
	"context"
	"errors"
	"time"

	"github.com/coffer-vault/coffer/app/session"
)

// lockLate closes a vault that was opened for a screen that is gone. Locking waits for work under way, so not here.
func lockLate(u *session.Unlocked) { go u.Lock() }

func drop[T any](T) {}

// missing says what the page still needs, and where that is typed.
func (w *Welcome) missing() (Message, Mend) {
	wrong := func(key string) Message { return Message{Tone: ToneError, What: w.text(key)} }
	if w.page == PageEmail || w.page == PageSignIn {
		if !plausibleEmail(w.email) {
			return wrong("screen.welcome.badEmail"), MendFirst
		}
		if _, ok := w.origin(); !ok {
			return wrong("screen.welcome.badServer"), MendServer
		}
	}
	switch {
	case w.page == PageSignIn && w.password.IsZero():
		return wrong("screen.unlock.passwordMissing"), MendPassword
	case w.page == PageSignIn:
		return w.secretKey.problem(w.env.Words), MendSecretKey
	case w.page == PageCode && !codeComplete(w.code):
		return wrong("screen.welcome.code.short"), MendFirst
	case w.page == PagePassword && !w.longEnough():
		return Message{Tone: ToneError, What: w.env.Words.Count("screen.welcome.password.short", minMasterPassword)}, MendFirst
	case w.page == PagePassword && !w.repeated():
		return wrong("screen.welcome.password.differ"), MendRepeat
	case w.page == PageKit && !w.confirmed:
		return wrong("screen.welcome.kit.unconfirmed"), MendNothing
	}
	return Message{}, MendNothing
}

// mends tells where to mend what an attempt failed of. On the page with password and Secret Key the server does not say which of them
// is wrong: the password is, mostly, since a Secret Key has a checksum. What nobody can mend by typing leaves the keyboard where it is.
func (w *Welcome) mends(err error) Mend {
	switch {
	case w.page != PageSignIn:
		return MendFirst
	case errors.Is(err, session.ErrProofFailed):
		return MendPassword
	}
	return MendNothing
}

// origin is the server to talk to; false if what was typed is no address, or nothing was and there is no other.
func (w *Welcome) origin() (string, bool) {
	if !w.serverOpen || w.server == "" {
		return w.config.Origin, w.config.Origin != ""
	}
	return serverOrigin(w.server)
}

func (w *Welcome) beginSignUp() {
	origin, _ := w.origin()
	email := w.email
	work(w, func(ctx context.Context) (*session.SignUp, error) {
		return w.config.Manager.BeginSignUp(ctx, origin, email)
	}, func(s *session.SignUp) {
		w.signUp = s
		w.enterCode(s.Expires())
	}, drop)
}

func (w *Welcome) beginSignIn() {
	origin, _ := w.origin()
	email, key, password := w.email, w.secretKey.text, w.password.Clone()
	work(w, func(ctx context.Context) (*session.SignIn, error) {
		defer password.Wipe()
		return w.config.Manager.BeginSignIn(ctx, origin, email, password, key)
	}, w.proved, drop)
}

// proved goes on after the server has accepted the keys: with the mailed code, or straight to the first sync on a device it knows.
func (w *Welcome) proved(s *session.SignIn) {
	w.signIn = s
	w.wipe()
	if s.CodeNeeded() {
		w.enterCode(s.Expires())
		return
	}
	w.show(PageFirstSync)
	w.firstSync()
}

func (w *Welcome) enterCode(expires time.Time) {
	w.code, w.expires, w.resendAt = "", expires, w.env.Clock.Now().Add(resendPause)
	w.watchMail()
	w.stopTicks = w.run.Every(time.Second, w.tick)
	w.show(PageCode)
}

func (w *Welcome) leaveCode() {
	if w.stopTicks != nil {
		w.stopTicks()
		w.stopTicks = nil
	}
	w.mail.end()
	w.code = ""
}

func (w *Welcome) mailed() mailedCode {
	if w.creating {
		return w.signUp
	}
	return w.signIn
}

// Resend asks for another code; the one before is void.
func (w *Welcome) Resend() {
	if w.page != PageCode || w.busy || w.env.Clock.Now().Before(w.resendAt) {
		return
	}
	w.problem, w.code = Message{}, ""
	w.mail.end()
	w.resendAt = w.env.Clock.Now().Add(resendPause)
	code := w.mailed()
	work(w, func(ctx context.Context) (time.Time, error) {
		err := code.Resend(ctx)
		return code.Expires(), err
	}, func(expires time.Time) {
		w.expires = expires
		w.watchMail()
		w.changed()
	}, drop)
}

func (w *Welcome) verify() {
	code, typed := w.mailed(), w.code
	work(w, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, code.Verify(ctx, typed)
	}, func(struct{}) {
		w.leaveCode()
		if w.creating {
			w.show(PagePassword)
			return
		}
		w.show(PageFirstSync)
		w.firstSync()
	}, drop)
}

// createAccount makes the keys and the account. From here on the password is fixed: should the answer of the server be lost, the
// account may exist with it, and trying again sends the same.
func (w *Welcome) createAccount() {
	w.frozen = true
	password := w.password.Clone()
	work(w, func(ctx context.Context) (*session.Unlocked, error) {
		defer password.Wipe()
		return w.signUp.Finish(ctx, password)
	}, func(u *session.Unlocked) {
		w.unlocked = u
		w.wipe()
		w.show(PageKit)
	}, lockLate)
}

func (w *Welcome) firstSync() {
	w.progress = Progress{}
	report := w.run.progress(func(done, total int) {
		w.progress = Progress{Done: done, Total: total}
		w.changed()
	})
	work(w, func(ctx context.Context) (*session.Unlocked, error) {
		return w.signIn.Finish(ctx, report)
	}, func(u *session.Unlocked) {
		w.unlocked = u
		w.confirmState()
	}, lockLate)
}

// SaveKit asks where the emergency kit shall go and writes it there.
func (w *Welcome) SaveKit() {
	if w.page == PageKit {
		w.problem = Message{}
		w.kit.save(w.unlocked, nil)
	}
}

// PrintKit asks on which printer, and prints the emergency kit there.
func (w *Welcome) PrintKit() {
	if w.page == PageKit {
		w.problem = Message{}
		w.kit.print(w.unlocked, nil)
	}
}

// ConfirmKit is the box that says that the kit is in a safe place.
func (w *Welcome) ConfirmKit(yes bool) {
	w.confirmed, w.problem = yes && w.kit.kept != "", Message{}
	w.changed()
}

// openImport goes on to the browsers' passwords, once per account.
func (w *Welcome) openImport() {
	if !w.config.Import || w.unlocked.BrowserImportDone() {
		w.finish()
		return
	}
	w.imports = NewImport(w.env, ImportConfig{Unlocked: w.unlocked, First: true, Starts: !w.config.Asks, Done: w.finish})
	w.show(PageImport)
}

// finish hands the open vault over.
func (w *Welcome) finish() {
	unlocked := w.unlocked
	w.unlocked = nil
	w.config.Opened(unlocked)
}
