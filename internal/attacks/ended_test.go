package attacks

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/vault"
)

func init() {
	register("26", existing, "the server ends the session again and again", TestEnded_WithoutProof)
	register("26", existing, "the server says that the device was signed out", TestEnded_EventWithoutProof)
	register("26", existing, "a sign-out that the server keeps to itself", TestEnded_SignOutIsInTheLog)
}

// doorkeeper is a server that ends every session while it is shut.
type doorkeeper struct {
	shut, proofs atomic.Int64
}

func (d *doorkeeper) RoundTrip(req *http.Request) (*http.Response, error) {
	if strings.HasSuffix(req.URL.Path, "/signin/prove") {
		d.proofs.Add(1)
	}
	if d.shut.Load() == 0 || req.Header.Get("Authorization") == "" && !strings.HasSuffix(req.URL.Path, "/refresh") {
		return http.DefaultTransport.RoundTrip(req)
	}
	return answer(req, http.StatusUnauthorized, "application/json", `{"code":"session_ended"}`), nil
}

func answer(req *http.Request, status int, kind, body string) *http.Response {
	return &http.Response{
		StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: req,
		Header: http.Header{"Content-Type": {kind}}, Body: io.NopCloser(bytes.NewBufferString(body)), ContentLength: int64(len(body)),
	}
}

// mustBeUsable reads and writes on an unlocked device that must not lock.
func mustBeUsable(t *testing.T, u *session.Unlocked) {
	t.Helper()
	if n := u.Status().Notices; n.SignedOut || n.KeysChanged {
		t.Errorf("the server's word has locked the device: %+v", n)
	}
	saved := testpc.Save(t, u, testpc.Login("typed while shut out", "u", "p"))
	if password(t, u, saved.ID) != "p" {
		t.Error("the vault is not usable")
	}
}

// Row 26: nothing proves that a session ended. The device does not lock, however often it is told so, and goes on by itself when the
// server lets it.
func TestEnded_WithoutProof(t *testing.T) {
	server := cloud(t)
	pc := testpc.New(t, "PC A", nil)
	u := pc.SignUp(t, server, email)
	testpc.Sync(t, u)
	u.Lock()
	door := &doorkeeper{}
	u = pc.Copy(t, door).Unlock(t)
	defer u.Lock()
	testpc.Sync(t, u)
	for range 3 {
		door.shut.Store(1)
		if err := u.Sync(t.Context()); err == nil {
			t.Fatal("the server is not shut")
		}
		mustBeUsable(t, u)
		door.shut.Store(0)
		testpc.Sync(t, u)
	}
	if u.Status().Pending != 0 {
		t.Error("what was typed meanwhile is not synced")
	}
}

// An event is a hint. One that says "signed out" makes the device look, and the log says nothing of it.
func TestEnded_EventWithoutProof(t *testing.T) {
	server := cloud(t)
	pc := testpc.New(t, "PC A", nil)
	u := pc.SignUp(t, server, email)
	testpc.Sync(t, u)
	u.Lock()
	heard := make(chan struct{}, 100)
	u = pc.Copy(t, roundTrip(func(req *http.Request) (*http.Response, error) {
		if strings.HasSuffix(req.URL.Path, "/events") {
			heard <- struct{}{}
			return answer(req, http.StatusOK, "text/event-stream", "data: {\"seq\":0,\"signed_out\":true}\n\n"), nil
		}
		return http.DefaultTransport.RoundTrip(req)
	})).Unlock(t)
	defer u.Lock()
	for range 2 { // by the second the first was handled
		<-heard
	}
	testpc.Sync(t, u)
	mustBeUsable(t, u)
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// The user's own sign-out is in the log. A server that tells nobody, and lets the session live, cannot hide it from a device that
// syncs; and the entry locks once, also on a device that was locked meanwhile.
func TestEnded_SignOutIsInTheLog(t *testing.T) {
	p := newPairOf(t, nil)
	p.bothSync(t)
	p.b.Lock()
	if err := p.a.SignOutOthers(t.Context()); err != nil {
		t.Fatal(err)
	}
	testpc.Sync(t, p.a)
	b := p.pcB.Unlock(t)
	signedOut(t, b)
	b.Lock()
	b = p.pcB.Unlock(t)
	testpc.Sync(t, b)
	if b.Status().Notices.SignedOut {
		t.Error("the same sign-out locks again")
	}
	if err := p.a.SignOutOthers(t.Context()); err != nil {
		t.Fatal(err)
	}
	signedOut(t, b)
	b.Lock()
	if p.a.Status().Notices.SignedOut {
		t.Error("the device that asked for it is signed out")
	}
	c := testpc.New(t, "PC C", nil).SignIn(t, p.server, email, p.a.SecretKey())
	defer c.Lock()
	testpc.Sync(t, c)
	if c.Status().Notices.SignedOut {
		t.Error("a device that came later is signed out")
	}
}

// signedOut waits until the device has to lock.
func signedOut(t *testing.T, u *session.Unlocked) {
	t.Helper()
	if err := u.Sync(t.Context()); !errors.Is(err, session.ErrSignedOut) || !u.Status().Notices.SignedOut {
		t.Fatalf("not signed out: %v", err)
	}
	if _, err := u.Vault().Save(t.Context(), testpc.Login("last words", "u", "p")); err != nil && !errors.Is(err, vault.ErrClosed) {
		t.Error(err)
	}
}

// A device that was away while address and password were changed, and whose session has ended since, comes back: with the password
// alone, without a code, and without a wrong proof.
func TestEnded_AwayDuringChanges(t *testing.T) {
	p := newPairOf(t, nil)
	p.bothSync(t)
	item := testpc.Save(t, p.a, testpc.Login("item", "u", "1")).ID
	p.bothSync(t)
	p.b.Lock()
	moveMailbox(t, p, "anna@new.example.com")
	if err := p.a.SignOutOthers(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.b = p.pcB.Unlock(t)
	signedOut(t, p.b)
	p.b.Lock()
	p.b = p.pcB.Unlock(t)
	testpc.Sync(t, p.b)
	testpc.Until(t, p.b, "the new address", func() bool { return p.b.Account().Email == "anna@new.example.com" })
	p.b.Lock()

	const newPassword = "another correct horse battery"
	change := session.Change{Password: testpc.Typed(testpc.Password), NewPassword: testpc.Typed(newPassword)}
	if err := p.a.Change(t.Context(), change); err != nil {
		t.Fatal(err)
	}
	setPassword(t, p.a, item, "2")
	testpc.Sync(t, p.a)
	if err := p.a.SignOutOthers(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.b = p.pcB.Unlock(t) // the old password still opens what is here
	signedOut(t, p.b)
	p.b.Lock()
	p.b = p.pcB.Unlock(t)
	for range 12 { // more than the wrong proofs that cost nothing
		if err := p.b.Sync(t.Context()); !errors.Is(err, session.ErrKeysChanged) {
			t.Fatalf("B: %v", err)
		}
	}
	if err := p.b.AdoptKeys(t.Context(), testpc.Typed("wrong"), ""); !errors.Is(err, session.ErrWrongPassword) {
		t.Errorf("with a wrong password: %v", err)
	}
	if err := p.b.AdoptKeys(t.Context(), testpc.Typed(newPassword), ""); err != nil {
		t.Fatal(err)
	}
	testpc.Sync(t, p.b)
	testpc.Sync(t, p.a)
	p.expectSame(t)
	if password(t, p.b, item) != "2" {
		t.Error("B has not what A typed")
	}
	// A wrong proof of B would make A wait.
	if err := p.a.Change(t.Context(), session.Change{Password: testpc.Typed(newPassword), NewPassword: testpc.Typed(testpc.Password)}); err != nil {
		t.Error(err)
	}
}

func moveMailbox(t *testing.T, p *pair, to string) {
	t.Helper()
	change, err := p.a.BeginEmailChange(t.Context(), testpc.Typed(testpc.Password), to)
	if err != nil {
		t.Fatal(err)
	}
	if err := change.Finish(t.Context(), p.server.LastCode(t, email), p.server.LastCode(t, to)); err != nil {
		t.Fatal(err)
	}
}
