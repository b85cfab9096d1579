package ui

import (
	"net/http"
	"sync/atomic"
	"syscall"
	"time"

	"fyne.io/fyne/v2"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/internal/testpc"
)

// recovery begins one, comes back too early and in time, and ends it.
func (a *album) recovery() {
	server, code := a.signedUp()
	a.sit(newDesk(a.TB, newPC(a, "Anna’s new PC", nil), server))
	a.signIn()
	a.do("I lost my password or Secret Key")
	a.waitFor("Use your recovery code")
	a.take("recover-begin")
	a.typeText(anna)
	a.tabTo("Recovery code")
	a.typeText("R1-ABCD")
	a.keys(fyne.KeyReturn)
	a.until("an answer", func() bool { return !a.shell.Welcome().Sheet().State().Problem.IsZero() })
	a.take("recover-begin-wrong")
	a.shell.Welcome().Sheet().SetText("code", code)
	a.keys(fyne.KeyReturn)
	a.waitFor("Start the 24 hours")
	a.take("recover-mailed")
	a.typeText(server.LastCode(a, anna))
	a.keys(fyne.KeyReturn)
	a.waitFor("Come back after")
	a.take("recover-wait")
	a.do("Close")
	a.keys(fyne.KeyEscape)
	a.waitFor("Until it is finished, nothing changes.")
	a.take("welcome-recovery")
	a.do("Sign in")
	a.clock.Advance(a.queue, 25*time.Hour)
	a.keys(fyne.KeyEscape)
	a.waitFor("The 24 hours are over: you can go on with it now.")
	a.take("welcome-recovery-ready")
	a.do("Go on with the recovery")
	a.waitFor("It is on the second half of your emergency kit.")
	a.typeText(code)
	a.keys(fyne.KeyReturn)
	a.until("an answer", func() bool { return !a.shell.Welcome().Sheet().State().Problem.IsZero() })
	a.take("recover-early")
	server.Clock.Advance(25 * time.Hour)
	a.keys(fyne.KeyReturn)
	a.waitFor("Choose a new master password")
	a.typeText(freshPassword)
	a.tabTo("Repeat")
	a.typeText(freshPassword)
	a.take("recover-password")
	a.keys(fyne.KeyReturn)
	a.waitFor("Save your emergency kit")
	a.take("recover-kit")
	a.recoveryInterrupted()
}

// untilTheKeys is a network that is gone once new keys are at the server.
type untilTheKeys struct{ gone atomic.Bool }

func (n *untilTheKeys) RoundTrip(r *http.Request) (*http.Response, error) {
	if n.gone.Load() {
		return nil, syscall.ECONNRESET
	}
	n.gone.Store(r.URL.Path == "/v1/account/change")
	return http.DefaultTransport.RoundTrip(r)
}

// recoveryInterrupted comes back to a PC on which the answer to the new keys was lost.
func (a *album) recoveryInterrupted() {
	ctx := a.Context()
	server := newCloud(a)
	pc := newPC(a, "Anna’s laptop", func(c *session.Config) { c.Transport = new(untilTheKeys) })
	u := pc.SignUp(a, server, anna)
	code, err := u.RecoveryCode(ctx)
	u.Lock()
	if err != nil {
		a.Fatal(err)
	}
	r, err := pc.BeginRecovery(ctx, server.URL, anna, code)
	if err == nil {
		err = r.Verify(ctx, server.LastCode(a, anna))
	}
	if server.Clock.Advance(25 * time.Hour); err == nil {
		err = r.Open(ctx)
	}
	if err != nil {
		a.Fatal(err)
	}
	if _, err := r.Finish(ctx, testpc.Typed(freshPassword), nil); err == nil {
		a.Fatal("finished without an answer")
	}
	a.sit(newDesk(a.TB, pc, server))
	a.waitFor("Nothing is lost: the new keys are kept on this PC.")
	a.take("unlock-recovery")
	a.do("Go on with the recovery")
	a.waitFor("Finish the recovery")
	a.take("recover-finish")
}
