package session_test

import (
	"errors"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/vault"
)

// longAway is more than a session lives.
const longAway = 100 * 24 * time.Hour

// away locks B, lets A change the keys and B's session end, and unlocks B again, with an edit of its own.
func away(t *testing.T, p *pair, change session.Change) *session.Unlocked {
	t.Helper()
	p.b.Lock()
	change.Password = testpc.Typed(testpc.Password)
	if err := p.a.Change(t.Context(), change); err != nil {
		t.Fatal(err)
	}
	p.server.Clock.Advance(longAway)
	b := p.pcB.Unlock(t)
	testpc.Save(t, b, testpc.Login("typed while away", "b", "9"))
	for range 2 { // the server is not asked twice: it counts wrong proofs
		if err := b.Sync(t.Context()); !errors.Is(err, session.ErrKeysChanged) {
			t.Fatalf("sync of a device that was away: %v", err)
		}
	}
	if !b.Status().Notices.KeysChanged {
		t.Error("the user is not told")
	}
	return b
}

func TestADeviceWhoseSessionEndedAdoptsANewPassword(t *testing.T) {
	p := newPair(t, nil)
	b := away(t, p, session.Change{NewPassword: testpc.Typed(newPassword)})
	if err := b.AdoptKeys(t.Context(), testpc.Typed(testpc.Password), ""); !errors.Is(err, session.ErrWrongPassword) {
		t.Errorf("with the old password: %v", err)
	}
	if err := b.AdoptKeys(t.Context(), testpc.Typed(newPassword), ""); err != nil {
		t.Fatal(err)
	}
	testpc.Sync(t, b)
	p.a.Lock() // its session has ended too
	a, err := p.pcA.Manager.Unlock(t.Context(), b.Account().ID, testpc.Typed(newPassword))
	if err != nil {
		t.Fatal(err)
	}
	testpc.Sync(t, a)
	converge(t, a, b)
}

func TestADeviceWhoseSessionEndedNeedsTheNewKit(t *testing.T) {
	p := newPair(t, nil)
	b := away(t, p, session.Change{Rotate: true})
	if err := b.AdoptKeys(t.Context(), testpc.Typed(testpc.Password), ""); !errors.Is(err, session.ErrSecretKeyNeeded) {
		t.Errorf("without the kit: %v", err)
	}
	if err := b.AdoptKeys(t.Context(), testpc.Typed(testpc.Password), p.a.SecretKey()); err != nil {
		t.Fatal(err)
	}
	testpc.Sync(t, b)
	p.pcA.Close()
	a := p.pcA.Unlock(t)
	testpc.Sync(t, a)
	converge(t, a, b)
}

// The answer to a change was lost, and until the device asks again its session has ended: the login key that it has is not in force
// any more, and nobody but the change itself has the new one.
func TestAChangeWhoseAnswerWasLostOutlivesItsSession(t *testing.T) {
	fail := errors.New("killed")
	p := newPair(t, nil)
	session.OnStep(p.pcA.Manager, func(step string) error {
		if step == "sent" {
			return fail
		}
		return nil
	})
	err := p.a.Change(t.Context(), session.Change{Password: testpc.Typed(testpc.Password), NewSecretKey: true})
	if !errors.Is(err, fail) {
		t.Fatal(err)
	}
	p.a.Lock()
	session.OnStep(p.pcA.Manager, nil)
	p.server.Clock.Advance(longAway)
	a := p.pcA.Unlock(t)
	testpc.Sync(t, a)
	if n := a.Status().Notices; n.Changing || n.KeysChanged || !n.KitDue {
		t.Errorf("%+v", n)
	}
}

// A change never arrived, another device changed the keys instead, and the session ended: with the keys that are adopted the change is
// gone, and whoever made it is told.
func TestAChangeThatNeverArrivedIsNotForgottenInSilence(t *testing.T) {
	fail := errors.New("killed")
	p := newPair(t, nil)
	session.OnStep(p.pcB.Manager, func(step string) error {
		if step == "prepared" {
			return fail
		}
		return nil
	})
	change := session.Change{Password: testpc.Typed(testpc.Password), Remove: []id.ID{p.a.DeviceID()}}
	if err := p.b.Change(t.Context(), change); !errors.Is(err, fail) {
		t.Fatal(err)
	}
	session.OnStep(p.pcB.Manager, nil)
	b := away(t, p, session.Change{Rotate: true})
	if err := b.AdoptKeys(t.Context(), testpc.Typed(testpc.Password), p.a.SecretKey()); err != nil {
		t.Fatal(err)
	}
	testpc.Sync(t, b)
	if n := b.Status().Notices; n.Changing || n.KeysChanged || !n.ChangeLost {
		t.Errorf("%+v", n)
	}
}

// The password is changed between the code and the end of a sign-in: the server ends it, and what was typed is not right any more.
func TestASignInThatAChangeOvertook(t *testing.T) {
	p := newPair(t, nil)
	s, err := testpc.New(t, "PC C", nil).BeginSignIn(t.Context(), p.server.URL, email, testpc.Typed(testpc.Password), p.a.SecretKey())
	if err == nil {
		err = s.Verify(t.Context(), p.server.LastCode(t, email))
	}
	change := session.Change{Password: testpc.Typed(testpc.Password), NewPassword: testpc.Typed(newPassword)}
	if err := errors.Join(err, p.a.Change(t.Context(), change)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Finish(t.Context(), nil); !errors.Is(err, session.ErrProofFailed) {
		t.Errorf("finish: %v", err)
	}
}

// The keyring is the first thing after the file that a kill can come before: the file has to say by then that nobody has confirmed it.
func TestAKilledEnrolmentIsStillUnconfirmed(t *testing.T) {
	server := testkit.Cloud(t)
	kit := testpc.New(t, "PC A", nil).SignUp(t, server, email).SecretKey()
	pc := testpc.New(t, "PC B", nil)
	killed := errors.New("killed")
	s, err := pc.BeginSignIn(t.Context(), server.URL, email, testpc.Typed(testpc.Password), kit)
	if err == nil {
		err = s.Verify(t.Context(), server.LastCode(t, email))
	}
	if err != nil {
		t.Fatal(err)
	}
	pc.Keyring.Fail(killed)
	if _, err := s.Finish(t.Context(), nil); !errors.Is(err, killed) {
		t.Fatalf("finish: %v", err)
	}
	pc.Keyring.Fail(nil)
	u, err := pc.UnlockWithSecretKey(t.Context(), pc.Accounts()[0].ID, testpc.Typed(testpc.Password), kit)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := u.Vault().Save(t.Context(), testpc.Login("Mail", "anna", "x")); !errors.Is(err, vault.ErrFrozen) || !u.Status().Notices.Confirm {
		t.Errorf("a save before the state is confirmed: %v", err)
	}
}
