package cloud_test

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/sync/wire"
)

const years = 70 * 365 * 24 * time.Hour

// What the server gives for minutes ends also where it was given while the clock was years ahead; where the clock is put right by a day or
// less, nothing ends.
func TestNothingGivenOutlivesAWrongClock(t *testing.T) {
	for name, give := range map[string]func(*testing.T, *world, *person) (use func() error, ended error){
		"an access token": func(t *testing.T, w *world, p *person) (func() error, error) {
			tokens := w.open(t, p)
			return func() error {
				_, err := w.Sessions.ByAccess(t.Context(), p.account, p.device.ID, tokens.Access)
				return err
			}, cloud.ErrSessionEnded
		},
		"a refresh token": func(t *testing.T, w *world, p *person) (func() error, error) {
			tokens := w.open(t, p)
			return func() error { _, err := w.Sessions.Refresh(t.Context(), p.caller(), tokens.Refresh); return err }, cloud.ErrSessionEnded
		},
		"a mailed code": func(t *testing.T, w *world, p *person) (func() error, error) {
			id, _, err := w.SignUp.Start(t.Context(), "grace@example.org", "", netip.Addr{})
			code := w.deliver().Code
			return func() error { return errors.Join(err, second(w.SignUp.Verify(t.Context(), id, code))) }, cloud.ErrCodeExpired
		},
		"the token of a sign-up": func(t *testing.T, w *world, _ *person) (func() error, error) {
			grace := newPerson("grace@example.org")
			id, _, err := w.SignUp.Start(t.Context(), grace.email, "", netip.Addr{})
			if err != nil {
				t.Fatal(err)
			}
			n := grace.newAccount(t)
			if n.Token, err = w.SignUp.Verify(t.Context(), id, w.deliver().Code); err != nil {
				t.Fatal(err)
			}
			return func() error { return second(w.SignUp.Finish(t.Context(), n)) }, cloud.ErrCodeExpired
		},
		"a challenge": func(t *testing.T, w *world, p *person) (func() error, error) {
			proof := w.proof(p)
			return func() error { return second(w.SignIn.Prove(t.Context(), proof)) }, cloud.ErrInvalid
		},
		"a pairing": func(t *testing.T, w *world, p *person) (func() error, error) {
			n := p.newPairing()
			_, err := w.Pairings.Start(t.Context(), n)
			return func() error { return errors.Join(err, second(w.Pairings.Get(t.Context(), p.caller(), n.ID))) }, cloud.ErrNotFound
		},
		"a change of address": func(t *testing.T, w *world, p *person) (func() error, error) {
			_, err := w.Accounts.StartEmail(t.Context(), p.caller(), "grace@example.org", w.freshEmail(p, "grace@example.org"))
			if err != nil {
				t.Fatal(err)
			}
			return func() error { return w.finishEmail(t, p) }, cloud.ErrCodeExpired
		},
	} {
		for _, back := range []time.Duration{24 * time.Hour, years} {
			t.Run(name+" "+back.String(), func(t *testing.T) {
				w, p := newWorld(t), newPerson("ada@example.org")
				w.signUp(p)
				w.now = w.now.Add(years)
				use, ended := give(t, w, p)
				w.now = w.now.Add(-back)
				err := use()
				if back == years && !errors.Is(err, ended) {
					t.Errorf("it is good for %v: %v", years, err)
				} else if back < years && errors.Is(err, ended) {
					t.Errorf("a clock put right by %v ended it: %v", back, err)
				}
			})
		}
	}
}

func second[T any](_ T, err error) error { return err }

func (w *world) open(t *testing.T, p *person) cloud.Tokens {
	t.Helper()
	proved, err := w.SignIn.Prove(t.Context(), w.proof(p))
	if err != nil {
		t.Fatal(err)
	}
	return *proved.Tokens
}

// finishEmail tries wrong codes: whether they are looked at is what matters.
func (w *world) finishEmail(t *testing.T, p *person) error {
	return w.Accounts.FinishEmail(t.Context(), p.caller(), "0000-0000", "0000-0000", p.log.Entries(-1)[0])
}

// A recovery that began while the clock was years ahead keeps nobody waiting for years: it is over, and another one can begin.
func TestARecoveryThatNobodyCouldWaitFor(t *testing.T) {
	w, p := newWorld(t), newPerson("ada@example.org")
	w.signUp(p)
	laptop := newDevice("Found laptop", p.device.Key)
	caller := cloud.Caller{Account: p.account, Device: laptop.ID, Key: laptop.Key}
	begin := func() (readyAt int64) {
		t.Helper()
		if err := w.recoverOn(p, laptop); err != nil {
			t.Fatal(err)
		}
		readyAt, err := w.Recoveries.Verify(t.Context(), caller, w.deliver().Code)
		if err != nil {
			t.Fatal(err)
		}
		return readyAt
	}
	w.now = w.now.Add(years)
	begin()
	w.now = w.now.Add(-years)
	if _, err := w.Recoveries.Open(t.Context(), caller); !errors.Is(err, cloud.ErrCodeExpired) {
		t.Errorf("%v, want ErrCodeExpired", err)
	}
	if wait := begin() - w.now.UnixMilli(); wait != cloud.DefaultRecoveryDelay.Milliseconds() {
		t.Errorf("the next one is ready in %d ms", wait)
	}
}

// Three requests of new devices from years ahead do not keep a fourth one from asking.
func TestPairingsFromYearsAheadStandInNobodysWay(t *testing.T) {
	w, p := newWorld(t), newPerson("ada@example.org")
	w.signUp(p)
	ask := func() error { return second(w.Pairings.Start(t.Context(), p.newPairing())) }
	w.now = w.now.Add(years)
	if err := errors.Join(ask(), ask(), ask()); err != nil {
		t.Fatal(err)
	}
	w.now = w.now.Add(-years)
	if err := ask(); err != nil {
		t.Error(err)
	}
	open, err := w.Pairings.List(t.Context(), p.caller())
	if err != nil || len(open) != 1 || open[0].State != wire.PairingWaiting {
		t.Errorf("%d are open, %v", len(open), err)
	}
}

// A mail whose next try was put off while the clock was years ahead goes out at once when it is right again, with all others of that time.
func TestMailsFromYearsAheadAreSent(t *testing.T) {
	w := newWorld(t)
	w.mail.err = errors.New("mail server is away")
	w.now = w.now.Add(years)
	for _, address := range []string{"ada@example.org", "grace@example.org"} {
		if _, _, err := w.SignUp.Start(t.Context(), address, "", netip.Addr{}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.Outbox.Deliver(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.now, w.mail.err = w.now.Add(-years), nil
	next, err := w.Outbox.Deliver(t.Context())
	if err != nil || !next.Equal(w.now) {
		t.Fatalf("next look at %v, %v; want now", next, err)
	}
	if _, err := w.Outbox.Deliver(t.Context()); err != nil || len(w.mail.mails) != 2 {
		t.Errorf("%d mails, %v", len(w.mail.mails), err)
	}
}

// A server's clock that goes years ahead ends what is for minutes or months, sessions too, and nothing else: devices, keys and what they
// have stored have no end. The known device proves itself again, without a code.
func TestAClockYearsAheadTakesNothingThatPeopleMade(t *testing.T) {
	w, p := newWorld(t), newPerson("ada@example.org")
	w.signUp(p)
	tokens := w.open(t, p)
	w.now = w.now.Add(years)
	if _, err := w.Janitor.Clean(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.now = w.now.Add(-years)
	if _, err := w.Sessions.ByAccess(t.Context(), p.account, p.device.ID, tokens.Access); !errors.Is(err, cloud.ErrSessionEnded) {
		t.Errorf("session: %v", err)
	}
	w.open(t, p)
	me, err := w.Accounts.Me(t.Context(), p.caller())
	if err != nil || len(me.Devices) != 1 {
		t.Errorf("%d devices, %v", len(me.Devices), err)
	}
	vaults, err := w.Vaults.List(t.Context(), p.caller())
	if err != nil || len(vaults) != 1 {
		t.Errorf("%d vaults, %v", len(vaults), err)
	}
}
