package cloud_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/signing"
	"github.com/coffer-vault/coffer/sync/proof"
	"github.com/coffer-vault/coffer/sync/wire"
)

// Whoever asks about an account must not learn from the work whether it exists: same statements, same signature checks.
func TestKnownAndUnknownCostTheSame(t *testing.T) {
	w := newWorld(t)
	known, unknown := newPerson("ada@example.org"), newPerson("nobody@example.org")
	w.signUp(known)
	verifications := w.SignIn.CountVerifications()
	ctx := t.Context()
	wrongLogin, wrongEmail, withoutCode := *known, *known, newPerson("grace@example.org")
	wrongEmail.device, wrongEmail.key = unknown.device, unknown.key // a device of the account need not know its address
	wrongLogin.login, wrongLogin.recovery, wrongEmail.email = unknown.login, unknown.recovery, unknown.email
	withoutCode.recoveryTag = nil
	w.signUp(withoutCode)
	for name, ask := range map[string]func(*person) error{
		"signup start": func(p *person) error { _, _, err := w.SignUp.Start(ctx, p.email, "", netip.Addr{}); return err },
		"lookup": func(p *person) error {
			_, err := w.SignIn.Lookup(ctx, p.tag)
			return err
		},
		"challenge":          func(p *person) error { _, err := w.SignIn.Challenge(ctx, p.account); return err },
		"recovery challenge": func(p *person) error { _, err := w.Recoveries.Challenge(ctx, p.account); return err },
		"recovery lookup": func(p *person) error {
			tag := p.recoveryTag
			if p == unknown {
				tag = make([]byte, 32)
			}
			_, err := w.Recoveries.Lookup(ctx, tag)
			return err
		},
		"wrong recovery proof": func(p *person) error {
			if p == known {
				p = &wrongLogin
			}
			return wantError(w.recover(p), cloud.ErrProofFailed)
		},
		"recovery without a code": func(p *person) error {
			if p == known {
				p = withoutCode
			}
			return wantError(w.recover(p), cloud.ErrProofFailed)
		},
		"pairing": func(p *person) error {
			_, err := w.Pairings.Start(ctx, p.newPairing())
			return err
		},
		"poll of a pairing": func(p *person) error {
			n := p.newPairing()
			if _, err := w.Pairings.Start(ctx, n); err != nil {
				return err
			}
			w.statements.take()
			caller, err := w.Pairings.ByPairing(ctx, n.ID, n.Device.ID)
			if err != nil || caller.Key != n.Device.Key {
				return fmt.Errorf("key %x, %w", caller.Key, err)
			}
			got, err := w.Pairings.Poll(ctx, n.ID, "")
			if got.State != wire.PairingWaiting {
				return fmt.Errorf("state %s", got.State)
			}
			return err
		},
		"wrong proof": func(p *person) error {
			if p == known {
				p = &wrongLogin
			}
			return wantError(w.prove(p), cloud.ErrProofFailed)
		},
		"wrong address": func(p *person) error {
			if p == known {
				p = &wrongEmail
			}
			return wantError(w.prove(p), cloud.ErrProofFailed)
		},
	} {
		t.Run(name, func(t *testing.T) {
			cost := func(p *person) (statements []string, checks int) {
				w.statements.take()
				*verifications = 0
				if err := ask(p); err != nil {
					t.Fatal(err)
				}
				return w.statements.take(), *verifications
			}
			knownStatements, knownChecks := cost(known)
			unknownStatements, unknownChecks := cost(unknown)
			if !slices.Equal(knownStatements, unknownStatements) || knownChecks != unknownChecks {
				t.Errorf("known: %d checks, %q\nunknown: %d checks, %q", knownChecks, knownStatements, unknownChecks, unknownStatements)
			}
			if len(knownStatements) == 0 {
				t.Error("nothing was counted")
			}
		})
	}
}

func (w *world) prove(p *person) error {
	_, err := w.SignIn.Prove(w.t.Context(), w.proof(p))
	return err
}

func (w *world) recover(p *person) error {
	return w.recoverOn(p, newDevice("Found laptop", p.device.Key))
}

func (w *world) recoverOn(p *person, d cloud.NewDevice) error {
	w.t.Helper()
	c, err := w.Recoveries.Challenge(w.t.Context(), p.account)
	if err != nil {
		return err
	}
	message := proof.Recovery{
		Origin: origin, Account: p.account, Email: p.email, Device: d.ID, DeviceKey: d.Key, Nonce: c.Nonce, Expires: c.Expires,
	}.Message()
	_, err = w.Recoveries.Start(w.t.Context(), cloud.RecoveryProof{
		Account: p.account, Email: p.email, Device: d, Nonce: c.Nonce, Expires: c.Expires,
		RecoverySignature: p.recovery.Sign(signing.Recovery, message), DeviceSignature: p.key.Sign(signing.DeviceProof, message),
	})
	return err
}

func (p *person) newPairing() cloud.NewPairing {
	return cloud.NewPairing{ID: id.New(), Email: p.email, Device: newDevice("New PC", signing.Generate().Public()), Commitment: make([]byte, 32)}
}

func wantError(err, want error) error {
	if !errors.Is(err, want) {
		return fmt.Errorf("got %v, want %v", err, want)
	}
	return nil
}

// Who asks in the name of an address is a stranger, and so is his language.
func TestKnownAddressGetsNoCode(t *testing.T) {
	w, p := newWorld(t), newPerson("ada@example.org")
	w.signUp(p)
	if _, _, err := w.SignUp.Start(t.Context(), " ADA@example.org ", "de", netip.Addr{}); err != nil {
		t.Fatal(err)
	}
	if got := w.deliver(); got.Kind != cloud.MailSignupExists || got.Code != "" || got.To != p.email || got.Language != "en" {
		t.Errorf("mail %+v", got)
	}
}

// The key that signed the request is the key that the code was mailed for, even if another device took the id in between.
func TestCodeIsForTheKeyThatSigned(t *testing.T) {
	w, p := newWorld(t), newPerson("ada@example.org")
	w.signUp(p)
	phone := *p
	phone.device.ID, phone.key = newPerson("").device.ID, signing.Generate()
	phone.device.Key = phone.key.Public()
	if err := w.prove(&phone); err != nil {
		t.Fatal(err)
	}
	code := w.deliver().Code
	other := phone.caller()
	other.Key = p.device.Key
	if _, err := w.SignIn.VerifyDevice(t.Context(), other, code); !errors.Is(err, cloud.ErrCodeExpired) {
		t.Errorf("another key: %v, want ErrCodeExpired", err)
	}
	if _, err := w.SignIn.VerifyDevice(t.Context(), phone.caller(), code); err != nil {
		t.Error(err)
	}
}

// A device that waits for its code may be let in by another one meanwhile.
func TestCodeOfADeviceThatIsInAlready(t *testing.T) {
	w, p := newWorld(t), newPerson("ada@example.org")
	w.signUp(p)
	phone := *p
	phone.device = newDevice("Phone", p.key.Public())
	if err := w.prove(&phone); err != nil {
		t.Fatal(err)
	}
	code := w.deliver().Code
	d := phone.device
	err := w.store.Update(t.Context(), func(tx cloud.Tx) error {
		return tx.InsertDevice(cloud.Device{Account: p.account, ID: d.ID, Key: d.Key, Receive: d.Receive, Name: d.Name, Platform: d.Platform, Status: cloud.DeviceListed})
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.SignIn.VerifyDevice(t.Context(), phone.caller(), code); !errors.Is(err, cloud.ErrTaken) {
		t.Errorf("%v, want ErrTaken", err)
	}
}

// The session that was just opened is never the one that goes, not even where the clock was set back and all others seem newer.
func TestNewSessionSurvives(t *testing.T) {
	w, p := newWorld(t), newPerson("ada@example.org")
	w.signUp(p)
	err := w.store.Update(t.Context(), func(tx cloud.Tx) error {
		for i := range byte(5) {
			s := cloud.Session{
				ID: fmt.Sprintf("ffffffff-%d", i), Account: p.account, Device: p.device.ID, AccessHash: []byte{i}, FamilyHash: []byte{i}, RefreshHash: []byte{i},
			}
			if err := tx.InsertSession(s); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	proved, err := w.SignIn.Prove(t.Context(), w.proof(p))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Sessions.ByAccess(t.Context(), p.account, p.device.ID, proved.Tokens.Access); err != nil {
		t.Error(err)
	}
}

// Neither a code nor an address that waits in the outbox is readable in the database.
func TestOutboxIsSealed(t *testing.T) {
	w := newWorld(t)
	if _, _, err := w.SignUp.Start(t.Context(), "ada@example.org", "", netip.Addr{}); err != nil {
		t.Fatal(err)
	}
	var queued cloud.QueuedMail
	err := w.store.Update(t.Context(), func(tx cloud.Tx) (err error) {
		queued, err = tx.ClaimMail(w.now.UnixMilli(), w.now.UnixMilli())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	code := w.deliver().Code
	if sealed := string(queued.Sealed); strings.Contains(sealed, "ada@") || strings.Contains(sealed, code) {
		t.Error("the queued mail is readable")
	}
}

func TestMailsAreRetried(t *testing.T) {
	w := newWorld(t)
	w.mail.err = errors.New("mail server is away")
	if _, _, err := w.SignUp.Start(t.Context(), "ada@example.org", "", netip.Addr{}); err != nil {
		t.Fatal(err)
	}
	start := w.now
	for _, wait := range []time.Duration{2, 4, 8, 16, 32, 64} {
		next, err := w.Outbox.Deliver(t.Context())
		if err != nil || next.Sub(w.now) != wait*time.Second {
			t.Fatalf("next try after %v, %v; want %d s", next.Sub(w.now), err, wait)
		}
		w.now = next.Add(-time.Millisecond)
		before := w.mail.tries
		if _, err := w.Outbox.Deliver(t.Context()); err != nil || w.mail.tries != before {
			t.Fatalf("tried too early: %v", err)
		}
		w.now = next
	}
	w.mail.err = nil
	if w.deliver().Code == "" || w.mail.tries != 7 {
		t.Errorf("%d tries", w.mail.tries)
	}
	if _, err := w.Outbox.Deliver(t.Context()); err != nil || w.mail.tries != 7 {
		t.Errorf("a mail that was taken is sent again: %v", err)
	}
	if took := w.now.Sub(start); took > 10*time.Minute {
		t.Errorf("the code had expired: %v", took)
	}
}

func TestMailsThatCannotArriveAreDropped(t *testing.T) {
	w := newWorld(t)
	w.mail.err = fmt.Errorf("%w: no such mailbox", cloud.ErrUndeliverable)
	if _, _, err := w.SignUp.Start(t.Context(), "ada@example.org", "", netip.Addr{}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := w.Outbox.Deliver(t.Context()); err != nil || w.mail.tries != 1 {
			t.Fatalf("%d tries, %v", w.mail.tries, err)
		}
	}
	// A code that has expired while the mail server was away is not mailed at all.
	w.mail.err = errors.New("mail server is away")
	if _, _, err := w.SignUp.Start(t.Context(), "ada@example.org", "", netip.Addr{}); err != nil {
		t.Fatal(err)
	}
	w.now = w.now.Add(time.Hour)
	w.mail.err = nil
	if _, err := w.Outbox.Deliver(t.Context()); err != nil || len(w.mail.mails) != 0 {
		t.Errorf("%d mails, %v", len(w.mail.mails), err)
	}
}

// Run sends what comes while it runs, and stops.
func TestOutboxRuns(t *testing.T) {
	w := newWorld(t)
	w.now = time.Now()
	ctx, cancel := context.WithCancel(t.Context())
	sent := make(chan struct{})
	w.Cloud = cloud.New(cloud.Config{
		Store: w.store, Secret: cloud.NewSecret(), Mail: sender(func() { close(sent) }), Now: time.Now, After: time.After, Random: rand.Reader,
		Log: slog.New(slog.DiscardHandler),
	})
	done := make(chan struct{})
	go func() { w.Outbox.Run(ctx); close(done) }()
	if _, _, err := w.SignUp.Start(ctx, "ada@example.org", "", netip.Addr{}); err != nil {
		t.Fatal(err)
	}
	<-sent
	cancel()
	<-done
}

type sender func()

func (s sender) Send(context.Context, cloud.Mail) error { s(); return nil }

func TestJanitor(t *testing.T) {
	w := newWorld(t)
	p := newPerson("ada@example.org")
	w.signUp(p)
	stranger := newPerson("bob@example.org")
	if _, _, err := w.SignUp.Start(t.Context(), stranger.email, "", netip.Addr{}); err != nil {
		t.Fatal(err)
	}
	if err := wantError(w.prove(stranger), cloud.ErrProofFailed); err != nil {
		t.Fatal(err)
	}
	if _, err := w.SignIn.Challenge(t.Context(), p.account); err != nil {
		t.Fatal(err)
	}
	phone := *p
	phone.device.ID = stranger.device.ID
	if err := w.prove(&phone); err != nil {
		t.Fatal(err)
	}
	if err := w.recover(p); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Pairings.Start(t.Context(), p.newPairing()); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Accounts.StartEmail(t.Context(), p.caller(), "grace@example.org", w.freshEmail(p, "grace@example.org")); err != nil {
		t.Fatal(err)
	}
	clean := func(after time.Duration, want int64) {
		t.Helper()
		w.now = w.now.Add(after)
		if n, err := w.Janitor.Clean(t.Context()); err != nil || n != want {
			t.Errorf("after %v: %d rows cleaned, %v; want %d", after, n, err, want)
		}
	}
	clean(0, 2)                // the wrong proofs of ada's device, and of others: none
	clean(10*time.Minute, 5)   // sign-up, challenge, pending device, recovery, change of address
	clean(time.Hour, 1)        // the pairing is known for what it was a while longer
	clean(24*time.Hour, 1)     // the wrong proof of the stranger
	clean(24*time.Hour, 7)     // counters: three addresses' mails, an account's device, recovery and address codes, a pairing
	clean(5*24*time.Hour, 6)   // what became of the mails: two sign-ups' codes, a device's, a recovery's, two of an address
	clean(85*24*time.Hour, 1)  // the session
	clean(365*24*time.Hour, 0) // and nothing of what people made
	if err := w.prove(p); err != nil {
		t.Errorf("known device after a year: %v", err)
	}
}

// Who proved the mailbox and never came to be listed needs another code, once its last session is over.
func TestJanitorForgetsDevicesThatWereNeverListed(t *testing.T) {
	w, p := newWorld(t), newPerson("ada@example.org")
	w.signUp(p)
	phone := *p
	phone.device = newDevice("Phone", p.key.Public())
	if err := w.prove(&phone); err != nil {
		t.Fatal(err)
	}
	if _, err := w.SignIn.VerifyDevice(t.Context(), phone.caller(), w.deliver().Code); err != nil {
		t.Fatal(err)
	}
	for _, want := range []int{2, 1} {
		w.now = w.now.Add(90*24*time.Hour - time.Minute)
		if _, err := w.Janitor.Clean(t.Context()); err != nil {
			t.Fatal(err)
		}
		me, err := w.Accounts.Me(t.Context(), p.caller())
		if err != nil || len(me.Devices) != want {
			t.Errorf("%d devices, %v; want %d", len(me.Devices), err, want)
		}
	}
}

func TestSecret(t *testing.T) {
	path := filepath.Join(t.TempDir(), "server.secret")
	if _, err := cloud.OpenSecret(path, false); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing secret: %v", err)
	}
	made, err := cloud.OpenSecret(path, true)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cloud.OpenSecret(path, true); err != nil {
		t.Fatal(err)
	}
	if again, err := os.ReadFile(path); err != nil || !bytes.Equal(again, data) {
		t.Errorf("the secret changed: %v", err)
	}
	holder := struct{ inner cloud.Secret }{made}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		text := fmt.Sprintf(verb+verb, made, holder)
		if strings.Contains(text, fmt.Sprintf("%x", data[:4])) || strings.Contains(text, fmt.Sprintf("%d %d %d", data[0], data[1], data[2])) {
			t.Errorf("%s prints the secret: %s", verb, text)
		}
	}
	if err := os.WriteFile(path, data[:31], 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := cloud.OpenSecret(path, true); err == nil {
		t.Error("a secret that was cut short was accepted")
	}
}

// A poll that hears nothing ends by the server's clock, and a pairing's own end shortens it.
func TestPollEnds(t *testing.T) {
	w, p := newWorld(t), newPerson("ada@example.org")
	w.signUp(p)
	n := p.newPairing()
	if _, err := w.Pairings.Start(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		left, hold time.Duration
		want       wire.PairingState
	}{{10 * time.Minute, 20 * time.Second, wire.PairingWaiting}, {5 * time.Second, 5 * time.Second, wire.PairingExpired}} {
		w.now = time.UnixMilli(1_800_000_000_000).Add(10*time.Minute - c.left)
		polled := make(chan cloud.Polled)
		go func() {
			got, err := w.Pairings.Poll(t.Context(), n.ID, wire.PairingWaiting)
			if err != nil {
				t.Error(err)
			}
			polled <- got
		}()
		if d := <-w.held; d != c.hold {
			t.Errorf("the poll waits for %v, want %v", d, c.hold)
		}
		w.now = w.now.Add(c.hold)
		w.hold <- w.now
		if got := <-polled; got.State != c.want {
			t.Errorf("polled %s, want %s", got.State, c.want)
		}
	}
}
