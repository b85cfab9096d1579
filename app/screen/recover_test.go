package screen

import (
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
)

// begunRecovery is a PC without an account, on which somebody waits for the end of a recovery.
func begunRecovery(t *testing.T) (pc *testpc.PC, server *testkit.Server, code string) {
	t.Helper()
	ctx := t.Context()
	server = testkit.Cloud(t)
	code, err := testpc.New(t, "Anna's laptop", nil).SignUp(t, server, anna).RecoveryCode(ctx)
	if err != nil {
		t.Fatal(err)
	}
	pc = testpc.New(t, "Anna's PC", nil)
	r, err := pc.BeginRecovery(ctx, server.URL, anna, code)
	if err == nil {
		err = r.Verify(ctx, server.LastCode(t, anna))
	}
	if err != nil {
		t.Fatal(err)
	}
	return pc, server, code
}

// Who comes back for a recovery finds it on the first page, whatever server the program has of its own.
func TestWelcomeOffersTheRecoveryThatWaits(t *testing.T) {
	pc, server, code := begunRecovery(t)
	d := newDesk(t, pc, server)
	w := d.shell.Welcome()
	w.config.Origin = ""
	offers := w.State().Recoveries
	if len(offers) != 1 {
		t.Fatalf("it offers %+v", offers)
	}
	w.GoOn(offers[0])
	r := w.Sheet().(*Recover)
	if got := r.State().Page; got != "recover.resume" {
		t.Fatalf("page %q", got)
	}
	r.Back()
	d.page(w, PageChoose)
	server.Clock.Advance(25 * time.Hour)
	w.GoOn(offers[0])
	r = w.Sheet().(*Recover)
	r.SetText("code", code)
	r.Submit()
	d.until("the way to a new password", func() bool { return r.State().Page == "recover.password" })
}

func TestARecoveryCanBeGivenUp(t *testing.T) {
	pc, server, _ := begunRecovery(t)
	d := newDesk(t, pc, server)
	w := d.shell.Welcome()
	w.GoOn(w.State().Recoveries[0])
	w.Sheet().Follow("giveUp")
	d.page(w, PageChoose)
	if offers := w.State().Recoveries; len(offers) != 0 || len(pc.PendingRecoveries()) != 0 {
		t.Errorf("it still offers %+v", offers)
	}
}

func TestOfferRecovery(t *testing.T) {
	d, _, _ := welcomeDesk(t)
	now := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	account := id.New()
	for _, test := range []struct {
		pending session.PendingRecovery
		next    string
		ready   bool
	}{
		{session.PendingRecovery{}, "", false},
		{session.PendingRecovery{Account: account, Ready: now.Add(time.Hour)}, "You can go on with it after", false},
		{session.PendingRecovery{Account: account, Ready: now}, "The 24 hours are over", true},
		{session.PendingRecovery{Account: account, Ready: now.Add(time.Hour), Replacing: true}, "Finish it here", true}, // this PC's clock is wrong
	} {
		o := offerRecovery(d.shell.env.Words, test.pending, now)
		if o.Ready != test.ready || !strings.HasPrefix(o.Message.Next, test.next) || o.Message.IsZero() != (test.next == "") {
			t.Errorf("%+v: %+v", test.pending, o)
		}
	}
}
