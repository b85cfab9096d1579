package session_test

import (
	"errors"
	"maps"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/keys"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/vault"
)

// lost is an account whose owner has the recovery code and the mailbox.
type lost struct {
	server *testkit.Server
	pcA    *testpc.PC
	a      *session.Unlocked
	code   string
}

func newLost(t *testing.T) *lost {
	t.Helper()
	return newLostOn(t, testkit.Cloud(t), testpc.New(t, "PC A", nil))
}

func newLostOn(t *testing.T, server *testkit.Server, pc *testpc.PC) *lost {
	t.Helper()
	l := &lost{server: server, pcA: pc}
	l.a = l.pcA.SignUp(t, l.server, email)
	testpc.Save(t, l.a, testpc.Login("Mail", "anna", "first"))
	testpc.Sync(t, l.a)
	l.code = recoveryCode(t, l.a)
	return l
}

// begin goes as far as the delay.
func (l *lost) begin(t *testing.T, pc *testpc.PC) *session.Recovery {
	t.Helper()
	ctx := t.Context()
	r, err := pc.BeginRecovery(ctx, l.server.URL, email, l.code)
	if err != nil {
		t.Fatal(err)
	}
	var wrong *session.CodeError
	if err := r.Verify(ctx, "AAAA-AAAA"); !errors.As(err, &wrong) {
		t.Errorf("a wrong code: %v", err)
	}
	if err := r.Verify(ctx, l.server.LastCode(t, email)); err != nil {
		t.Fatal(err)
	}
	return r
}

// resume comes back later, with another start of the program.
func resume(t *testing.T, pc *testpc.PC, code string) *session.Recovery {
	t.Helper()
	pending := pc.PendingRecoveries()
	if len(pending) != 1 || pending[0].Email != email || pending[0].Ready.IsZero() {
		t.Fatalf("%+v", pending)
	}
	if _, err := pc.ResumeRecovery(pending[0], keys.NewRecoveryCode().Text()); !errors.Is(err, session.ErrProofFailed) {
		t.Errorf("with another code: %v", err)
	}
	r, err := pc.ResumeRecovery(pending[0], code)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// opened goes as far as the delay, and comes back after it.
func (l *lost) opened(t *testing.T, pc *testpc.PC) *session.Recovery {
	t.Helper()
	l.begin(t, pc)
	l.server.Clock.Advance(25 * time.Hour)
	r := resume(t, pc, l.code)
	if err := r.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRecoverWithTheCode(t *testing.T) {
	l := newLost(t)
	ctx := t.Context()
	pcB := testpc.New(t, "PC B", nil)
	r := l.begin(t, pcB)
	var waits *session.RecoveryWaitsError
	if err := r.Open(ctx); !errors.As(err, &waits) || !waits.Ready.Equal(r.Ready()) {
		t.Fatalf("before the delay is over: %v", err)
	}
	l.server.Clock.Advance(25 * time.Hour)
	r = resume(t, pcB, l.code)
	if err := r.Open(ctx); err != nil {
		t.Fatal(err)
	}
	b, err := r.Finish(ctx, testpc.Typed(newPassword), nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(testpc.Contents(t, b)) != 1 || !b.Status().Notices.KitDue || recoveryCode(t, b) == l.code || len(pcB.PendingRecoveries()) != 0 {
		t.Error("not recovered as a whole")
	}
	if err := b.ConfirmEnrolment(ctx); err != nil {
		t.Fatal(err)
	}
	// The other device goes on with the new password, and the old code is void.
	adopt(t, l.a, newPassword)
	testpc.Save(t, l.a, testpc.Login("from A", "a", "2"))
	testpc.Sync(t, l.a)
	testpc.Sync(t, b)
	if len(b.Vault().Query(vault.Filter{})) != 2 {
		t.Error("the devices differ")
	}
	if _, err := testpc.New(t, "PC X", nil).BeginRecovery(ctx, l.server.URL, email, l.code); !errors.Is(err, session.ErrProofFailed) {
		t.Errorf("the old code: %v", err)
	}
}

// An account that is removed from a PC takes the recovery with it that was begun there, and could be gone on with.
func TestForgetTakesTheRecoveryThatWaits(t *testing.T) {
	l := newLost(t)
	ctx := t.Context()
	l.begin(t, l.pcA)
	if p := l.pcA.PendingRecoveries(); len(p) != 1 || p[0].Replacing || p[0].Account != l.a.Account().ID {
		t.Fatalf("%+v", p)
	}
	if err := l.pcA.Forget(ctx, l.a.Account()); err != nil {
		t.Fatal(err)
	}
	if p := l.pcA.PendingRecoveries(); len(p) != 0 {
		t.Errorf("there is still %+v", p)
	}
}

func TestRecoverOnThePCThatHasTheAccount(t *testing.T) {
	l := newLost(t)
	ctx := t.Context()
	l.a.Lock()
	r := l.opened(t, l.pcA)
	u, err := r.Finish(ctx, testpc.Typed(newPassword), nil)
	if err != nil {
		t.Fatal(err)
	}
	account := u.Account().ID
	u.Lock()
	if _, err := l.pcA.Manager.Unlock(ctx, account, testpc.Typed(testpc.Password)); !errors.Is(err, session.ErrWrongPassword) {
		t.Errorf("the old password: %v", err)
	}
	if _, err := l.pcA.Manager.Unlock(ctx, account, testpc.Typed(newPassword)); err != nil {
		t.Error(err)
	}
}

func TestRecoveryIsStoppedFromADevice(t *testing.T) {
	l := newLost(t)
	ctx := t.Context()
	r := l.begin(t, testpc.New(t, "Eve's PC", nil))
	testpc.Until(t, l.a, "the device is told", func() bool { return l.a.Status().Notices.Recovery != nil })
	if by := l.a.Status().Notices.Recovery; by.Device != "Eve's PC" || !by.Ready.Equal(r.Ready()) {
		t.Errorf("%+v", by)
	}
	if err := l.a.CancelRecovery(ctx); err != nil {
		t.Fatal(err)
	}
	l.server.Clock.Advance(25 * time.Hour)
	if err := r.Open(ctx); !errors.Is(err, session.ErrRecoveryEnded) {
		t.Errorf("%v", err)
	}
}

func TestRecoveryRefuses(t *testing.T) {
	l := newLost(t)
	pc := testpc.New(t, "PC X", nil)
	for name, c := range map[string]struct {
		email, code string
		want        error
	}{
		"another code":    {email, keys.NewRecoveryCode().Text(), session.ErrProofFailed},
		"another address": {"eve@example.com", l.code, session.ErrProofFailed},
		"half a code":     {email, l.code[:20], keys.ErrRecoveryCodeMalformed},
	} {
		if _, err := pc.BeginRecovery(t.Context(), l.server.URL, c.email, c.code); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The answer to the one request that changes everything is lost, and the program ended: coming back finds the account as it is.
func TestRecoverySurvivesALostAnswer(t *testing.T) {
	for _, answer := range []bool{false, true} {
		network := &loses{loss: loss{path: "/v1/account/change", answer: answer}}
		l := newLost(t)
		ctx := t.Context()
		pcB := testpc.New(t, "PC B", func(c *session.Config) { c.Transport = network })
		r := l.opened(t, pcB)
		if _, err := r.Finish(ctx, testpc.Typed(newPassword), nil); err == nil {
			t.Fatal("finished without an answer")
		}
		network.from(loss{})
		r = resume(t, pcB, l.code)
		if err := r.Open(ctx); err != nil {
			t.Fatalf("answer lost %v: %v", answer, err)
		}
		b, err := r.Finish(ctx, testpc.Typed(newPassword), nil)
		if err != nil {
			t.Fatalf("answer lost %v: %v", answer, err)
		}
		if len(testpc.Contents(t, b)) != 1 {
			t.Error("the vault is not whole")
		}
	}
}

// The answer is lost, and the user, asked again, chooses another password: that one counts, and not the one that came into force unseen.
func TestRecoveryTakesThePasswordThatWasChosenLast(t *testing.T) {
	const first = "the one that was chosen first"
	for name, again := range map[string]func(*session.Recovery, *testpc.PC, string) *session.Recovery{
		"in the same program": func(r *session.Recovery, _ *testpc.PC, _ string) *session.Recovery { return r },
		"after a kill":        func(_ *session.Recovery, pc *testpc.PC, code string) *session.Recovery { return resume(t, pc, code) },
	} {
		t.Run(name, func(t *testing.T) {
			network := &loses{loss: loss{path: "/v1/account/change", answer: true}}
			l := newLost(t)
			ctx := t.Context()
			pcB := testpc.New(t, "PC B", func(c *session.Config) { c.Transport = network })
			r := l.opened(t, pcB)
			if _, err := r.Finish(ctx, testpc.Typed(first), nil); err == nil {
				t.Fatal("finished without an answer")
			}
			network.from(loss{})
			r = again(r, pcB, l.code)
			if err := r.Open(ctx); err != nil {
				t.Fatal(err)
			}
			b, err := r.Finish(ctx, testpc.Typed(newPassword), nil)
			if err != nil {
				t.Fatal(err)
			}
			if n := b.Status().Notices; !n.KitDue || n.Changing {
				t.Errorf("%+v", n)
			}
			kit := recoveryCode(t, b)
			b.Lock()
			if _, err := pcB.Manager.Unlock(ctx, b.Account().ID, testpc.Typed(first)); !errors.Is(err, session.ErrWrongPassword) {
				t.Errorf("the first password: %v", err)
			}
			if b, err = pcB.Manager.Unlock(ctx, b.Account().ID, testpc.Typed(newPassword)); err != nil {
				t.Fatal(err)
			}
			testpc.Sync(t, b)
			if len(testpc.Contents(t, b)) != 1 || recoveryCode(t, b) != kit || kit == l.code {
				t.Error("not recovered as a whole")
			}
			adopt(t, l.a, newPassword)
		})
	}
}

// A server that has taken the change says that it has not, and that the recovery is open still. What was made first is not forgotten.
func TestRecoveryKeepsWhatMayHaveLanded(t *testing.T) {
	network := &loses{loss: loss{path: "/v1/account/change", answer: true}}
	l := newLost(t)
	ctx := t.Context()
	pcB := testpc.New(t, "PC B", func(c *session.Config) { c.Transport = network })
	l.begin(t, pcB)
	l.server.Clock.Advance(25 * time.Hour)
	before := l.server.Backup()
	r := resume(t, pcB, l.code)
	if err := r.Open(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Finish(ctx, testpc.Typed(newPassword), nil); err == nil {
		t.Fatal("finished without an answer")
	}
	if p := pcB.PendingRecoveries(); len(p) != 1 || !p[0].Replacing {
		t.Errorf("nothing says that keys may have been replaced: %+v", p)
	} else if err := pcB.ForgetRecovery(p[0].Account); err != nil || len(pcB.PendingRecoveries()) != 1 {
		t.Errorf("the new keys were forgotten: %v", err)
	}
	after := l.server.Backup()
	l.server.Restore(before) // that is how it looks
	network.from(loss{})
	r = resume(t, pcB, l.code)
	if err := r.Open(ctx); err != nil {
		t.Fatal(err)
	}
	network.from(loss{path: "/v1/account/change"})
	if _, err := r.Finish(ctx, testpc.Typed(newPassword), nil); err == nil {
		t.Fatal("finished without an answer")
	}
	l.server.Restore(after)
	network.from(loss{})
	r = resume(t, pcB, l.code)
	if err := r.Open(ctx); err != nil {
		t.Fatal(err)
	}
	b, err := r.Finish(ctx, testpc.Typed(newPassword), nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(testpc.Contents(t, b)) != 1 {
		t.Error("the vault is not whole")
	}
}

// loss is of the requests to a path, or their answers; of everything after that too, but where it is once.
type loss struct {
	path   string
	answer bool
	once   bool
	down   bool
}

// loses is a network with a loss. A device that is open uses it all the time.
type loses struct {
	mu sync.Mutex
	loss
}

// from gives the network another loss from now on; the zero one is none.
func (l *loses) from(now loss) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.loss = now
}

// take tells what becomes of a request: whether it is sent, and whether its answer comes.
func (l *loses) take(path string) (sent, answered bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.path == "":
		return true, true
	case l.down:
		return false, false
	case path != l.path:
		return true, true
	}
	sent = l.answer
	if l.once {
		l.loss = loss{}
	} else {
		l.down = true
	}
	return sent, false
}

func (l *loses) RoundTrip(r *http.Request) (*http.Response, error) {
	sent, answered := l.take(r.URL.Path)
	if answered {
		return http.DefaultTransport.RoundTrip(r)
	}
	if sent {
		if resp, err := http.DefaultTransport.RoundTrip(r); err == nil {
			resp.Body.Close()
		}
	}
	return nil, errors.New("connection lost")
}

// Who has forgotten his password has not given up what he typed, and it may be nowhere but on his own PC: an edit, a new item and a file
// that wait for the server come through the recovery, whatever is left of the keyring.
func TestRecoveryKeepsWhatWasNotSent(t *testing.T) {
	for name, c := range map[string]struct {
		before  func(*testing.T, *lost)
		confirm bool
	}{
		"with the keyring": {func(*testing.T, *lost) {}, false},
		"without it":       {func(_ *testing.T, l *lost) { l.pcA.Keyring.Clear() }, true},
		"a file that was changed outside": {func(t *testing.T, l *lost) {
			changeOutside(t, l.pcA.Paths.Account(l.a.Account().ID), `UPDATE account SET email = 'eve@example.com'`)
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			network := &loses{}
			l := newLostOn(t, testkit.Cloud(t), testpc.New(t, "PC A", func(cfg *session.Config) { cfg.Transport = network }))
			ctx := t.Context()
			network.from(loss{path: "/", down: true})
			sent := l.a.Vault().Query(vault.Filter{})[0].ID
			it := testpc.Get(t, l.a, sent)
			it.Set(vault.Password, testpc.Typed("second"))
			testpc.Save(t, l.a, it)
			file, err := l.a.Attach(ctx, sent, "scan.pdf", fileOf(chunk+1), chunk+1)
			if err != nil {
				t.Fatal(err)
			}
			testpc.Save(t, l.a, testpc.Login("Bank", "anna", "only here"))
			want := testpc.Contents(t, l.a)
			l.a.Lock()
			network.from(loss{})
			c.before(t, l)

			r := l.opened(t, l.pcA)
			u, err := r.Finish(ctx, testpc.Typed(testpc.Password), nil)
			if err != nil {
				t.Fatal(err)
			}
			if got := testpc.Contents(t, u); !maps.Equal(got, want) {
				t.Errorf("after the recovery %v, before %v", got, want)
			}
			if asks := u.Status().Notices.Confirm; asks != c.confirm {
				t.Errorf("asks whether the vault is as it was left: %v", asks)
			} else if asks {
				if err := u.ConfirmEnrolment(ctx); err != nil {
					t.Fatal(err)
				}
			}
			testpc.Sync(t, u)
			if err := u.CarryFiles(ctx); err != nil {
				t.Fatal(err)
			}
			testpc.Sync(t, u)
			b := testpc.New(t, "PC B", nil).SignIn(t, l.server, email, u.SecretKey())
			if got := testpc.Contents(t, b); !maps.Equal(got, want) {
				t.Errorf("the other PC has %v, before %v", got, want)
			}
			if attached, err := b.Attachments(ctx, sent); err != nil || len(attached) != 1 || attached[0].ID != file.ID {
				t.Errorf("the file: %+v, %v", attached, err)
			}
		})
	}
}

// Whether the new keys came into force is asked by a sign-in. As long as that gets no answer the recovery is neither over nor begun again:
// the server, which is honest, would be accused of the first or the second.
func TestRecoveryWaitsForTheAnswerThatSaysWhatLanded(t *testing.T) {
	network := &loses{loss: loss{path: "/v1/account/change", answer: true}}
	l := newLost(t)
	ctx := t.Context()
	pcB := testpc.New(t, "PC B", func(c *session.Config) { c.Transport = network })
	r := l.opened(t, pcB)
	if _, err := r.Finish(ctx, testpc.Typed(newPassword), nil); !errors.Is(err, session.ErrOffline) {
		t.Fatalf("finished without an answer: %v", err)
	}
	network.from(loss{path: "/v1/signin/challenge", once: true})
	if _, err := r.Finish(ctx, testpc.Typed(newPassword), nil); !errors.Is(err, session.ErrOffline) {
		t.Errorf("again: %v", err)
	}
	network.from(loss{path: "/v1/signin/challenge", once: true})
	r = resume(t, pcB, l.code)
	if err := r.Open(ctx); !errors.Is(err, session.ErrOffline) {
		t.Errorf("after a kill: %v", err)
	}
	if err := r.Open(ctx); err != nil {
		t.Fatal(err)
	}
	b, err := r.Finish(ctx, testpc.Typed(newPassword), nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(testpc.Contents(t, b)) != 1 {
		t.Error("the vault is not whole")
	}
}

// The keys landed, and this PC could not be reached with what else there is. Its user, who remembers the old password now, opens the file
// and adopts the new keys as the device that it was; then goes on with the recovery, as another one.
func TestRecoveryGoesOnAfterTheFileHasAdopted(t *testing.T) {
	network := &loses{}
	l := newLostOn(t, testkit.Cloud(t), testpc.New(t, "PC A", func(c *session.Config) { c.Transport = network }))
	ctx := t.Context()
	l.a.Lock()
	r := l.opened(t, l.pcA)
	network.from(loss{path: "/v1/account/change", answer: true})
	if _, err := r.Finish(ctx, testpc.Typed(newPassword), nil); err == nil {
		t.Fatal("finished without an answer")
	}
	network.from(loss{})
	a := l.pcA.Unlock(t)
	adopt(t, a, newPassword)
	testpc.Save(t, a, testpc.Login("Bank", "anna", "only here"))
	want := testpc.Contents(t, a)
	a.Lock()
	r = resume(t, l.pcA, l.code)
	if err := r.Open(ctx); err != nil {
		t.Fatal(err)
	}
	u, err := r.Finish(ctx, testpc.Typed(newPassword), nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := testpc.Contents(t, u); !maps.Equal(got, want) {
		t.Errorf("%v, before %v", got, want)
	}
	if _, err := r.Finish(ctx, testpc.Typed(newPassword), nil); !errors.Is(err, session.ErrAlreadyHere) {
		t.Errorf("with the account open: %v", err)
	}
}

// The server has lost what this PC knew to be there, by a backup that was restored. The way back is not barred, the user is asked whether the
// vault is as he left it, and what the server has lost comes back.
func TestRecoveryAfterTheServerWentBack(t *testing.T) {
	l := newLost(t)
	ctx := t.Context()
	before := l.server.Backup()
	testpc.Save(t, l.a, testpc.Login("Bank", "anna", "lost by the server"))
	testpc.Sync(t, l.a)
	testpc.Save(t, l.a, testpc.Login("Phone", "anna", "never sent"))
	want := testpc.Contents(t, l.a)
	l.a.Lock()
	l.server.Restore(before)
	r := l.opened(t, l.pcA)
	u, err := r.Finish(ctx, testpc.Typed(testpc.Password), nil)
	if err != nil {
		t.Fatal(err)
	}
	if !u.Status().Notices.Confirm {
		t.Error("nobody is asked")
	}
	if err := u.ConfirmEnrolment(ctx); err != nil {
		t.Fatal(err)
	}
	testpc.Sync(t, u)
	b := testpc.New(t, "PC B", nil).SignIn(t, l.server, email, u.SecretKey())
	if here, there := testpc.Contents(t, u), testpc.Contents(t, b); !maps.Equal(here, want) || !maps.Equal(there, want) {
		t.Errorf("here %v, there %v, before %v", here, there, want)
	}
}
