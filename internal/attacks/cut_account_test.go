package attacks

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/sync/pairing"
)

// Row 20c: the server is gone in the middle of every request that TestCut_EveryRequestOfALife does not have: files, changes of the
// account, the other ways into it, and its end. Each step is repeated by its user until it is done.
func TestCut_EveryRequestOfAnAccount(t *testing.T) {
	l := &life{scissors: newScissors(), server: testkit.Cloud(t), driven: true, items: map[id.ID]string{}}
	l.mend()
	pcA, pcB := l.pc(t, "PC A"), l.pc(t, "PC B")
	l.a = pcA.SignUp(t, l.server, email)
	l.save(t, l.a, "first")
	testpc.Sync(t, l.a)
	l.b = pcB.SignIn(t, l.server, email, l.a.SecretKey())
	testpc.Sync(t, l.a)
	l.sharpen()

	l.carryFile(t)
	l.changeKeys(t)
	l.signOutOthers(t, pcB)
	l.letIn(t)
	l.askAgain(t)
	l.recover(t)
	l.check(t, l.a.SecretKey())
	l.sharpen()
	l.moveAndDelete(t)
	l.coveredTheRest(t)
}

// sharpen cuts again.
func (s *scissors) sharpen() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.whole = false
}

// carryFile brings a file from A to B.
func (l *life) carryFile(t *testing.T) {
	content := []byte("a paper")
	for item := range l.items {
		file, err := l.a.Attach(t.Context(), item, "paper", bytes.NewReader(content), int64(len(content)))
		if err != nil {
			t.Fatal(err)
		}
		l.step(t, "send a file", func() error { return l.a.CarryFiles(t.Context()) }, nil)
		l.sync(t, l.a)
		l.sync(t, l.b)
		l.step(t, "fetch a file", func() error {
			l.b.FetchAttachment(file.ID)
			return l.b.CarryFiles(t.Context())
		}, nil)
		path := filepath.Join(t.TempDir(), "paper")
		if err := l.b.SaveAttachment(t.Context(), file.ID, path); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, content) {
			t.Errorf("the file on B is %q, %v", got, err)
		}
	}
}

// changeKeys makes a new Secret Key on A, which B takes over. What the server has not confirmed goes on with the next sync.
func (l *life) changeKeys(t *testing.T) {
	typed, before := testpc.Typed(testpc.Password), l.a.SecretKey()
	l.step(t, "new Secret Key", func() error {
		err := error(nil)
		if l.a.Status().Notices.Changing {
			err = l.a.Sync(t.Context())
		} else {
			err = l.a.Change(t.Context(), session.Change{Password: typed, NewSecretKey: true})
		}
		if errors.Is(err, session.ErrChangeWaits) {
			return session.ErrOffline
		}
		return err
	}, nil)
	l.step(t, "take the keys over", func() error { return l.b.AdoptKeys(t.Context(), typed, "") }, nil)
	if after := l.a.SecretKey(); after == before || l.b.SecretKey() != after {
		t.Error("the devices do not have one new Secret Key")
	}
	name := "PC B, upstairs"
	l.step(t, "rename a device", func() error { return l.a.RenameDevice(t.Context(), l.b.DeviceID(), name) }, nil)
	if got := l.a.DeviceNames()[l.b.DeviceID()]; got != name {
		t.Errorf("the device is called %q", got)
	}
}

// signOutOthers locks B, which comes back by its password alone.
func (l *life) signOutOthers(t *testing.T, pcB *testpc.PC) {
	l.step(t, "sign the others out", func() error { return l.a.SignOutOthers(t.Context()) }, nil)
	locked := 0
	l.step(t, "come back", func() error {
		err := l.b.Sync(t.Context())
		if errors.Is(err, session.ErrSignedOut) {
			locked++
			l.b.Lock()
			l.b = pcB.Unlock(t)
			err = session.ErrOffline
		}
		return err
	}, nil)
	if locked != 1 {
		t.Errorf("B was locked %d times", locked)
	}
}

// letIn has A let a new device in. An approver answers each request once: where that is lost, the pairing begins again.
func (l *life) letIn(t *testing.T) {
	pc := l.pc(t, "PC N")
	l.next()
	for range maxTries {
		u, err := l.pair(t, pc)
		if err == nil {
			u.Lock()
			return
		}
		if !errors.Is(err, session.ErrPairingRefused) {
			t.Fatal(err)
		}
		l.refuseAll(t)
	}
	t.Fatal("the new device is not let in")
}

func (l *life) pair(t *testing.T, pc *testpc.PC) (u *session.Unlocked, err error) {
	var n *session.Pairing
	var approval *session.Approval
	typed, ctx := testpc.Typed(testpc.Password), t.Context()
	for _, do := range []func() error{
		func() (err error) { n, err = pc.BeginPairing(ctx, l.server.URL, email); return err },
		func() error { _, err := l.a.Pairings(ctx); return err },
		func() (err error) {
			code, err := pairing.ParseCode(n.Code())
			if err == nil {
				approval, err = l.a.Answer(ctx, code.Pairing)
			}
			return err
		},
		func() error { return n.Answered(ctx) },
		func() error { return approval.Revealed(ctx) },
		func() error { return approval.Check(ctx, n.Digits()) },
		func() error { return approval.Approve(ctx, typed) },
		func() error { return n.Approved(ctx) },
		func() error { return n.Confirm(approval.Digits()) },
		func() (err error) { u, err = n.Finish(ctx, typed, nil); return err },
	} {
		if err := l.persist(do); err != nil {
			return nil, err
		}
	}
	return u, nil
}

// persist does something again as long as the server is gone; what was cut before is not cut again.
func (s *scissors) persist(do func() error) (err error) {
	for range maxTries {
		if err = do(); !errors.Is(err, session.ErrOffline) {
			break
		}
	}
	return err
}

func (l *life) refuseAll(t *testing.T) {
	t.Helper()
	err := l.persist(func() error {
		requests, err := l.a.Pairings(t.Context())
		for _, r := range requests {
			if err = l.a.RefusePairing(t.Context(), r.ID); err != nil && !errors.Is(err, session.ErrPairingRefused) {
				return err
			}
		}
		return err
	})
	if err != nil && !errors.Is(err, session.ErrPairingRefused) {
		t.Fatal(err)
	}
}

// askAgain has another code mailed to a new device that signs in.
func (l *life) askAgain(t *testing.T) {
	pc, ctx := l.pc(t, "PC S"), t.Context()
	l.forgetMails()
	var s *session.SignIn
	l.step(t, "prove password and Secret Key", func() (err error) {
		s, err = pc.BeginSignIn(ctx, l.server.URL, email, testpc.Typed(testpc.Password), l.a.SecretKey())
		return err
	}, nil)
	l.step(t, "another code", func() error { return s.Resend(ctx) }, nil)
	l.step(t, "ask what became of the mail", func() error {
		_, err := s.Mail()(ctx)
		return err
	}, nil)
	code := l.newestCode(t)
	if err := l.persist(func() error { return s.Verify(ctx, code) }); err != nil && !errors.Is(err, session.ErrCodeExpired) {
		t.Error(err) // expired: it was right, and its answer is lost
	}
}

// recover opens the account on another computer, once in vain, since A stops it, and once for good. A takes the new keys over.
func (l *life) recover(t *testing.T) {
	code, err := l.a.RecoveryCode(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	typed := testpc.Typed(testpc.Password)
	l.beginRecovery(t, code)
	l.step(t, "stop a recovery", func() error { return l.a.CancelRecovery(t.Context()) }, nil)
	r := l.beginRecovery(t, code)
	l.server.Clock.Advance(25 * time.Hour)
	l.step(t, "open the account", func() error { return r.Open(t.Context()) }, nil)
	var u *session.Unlocked
	l.step(t, "recover", func() (err error) {
		u, err = r.Finish(t.Context(), typed, nil)
		return err
	}, nil)
	l.step(t, "take the recovered keys over", func() error { return l.a.AdoptKeys(t.Context(), typed, "") }, nil)
	u.Lock()
}

func (l *life) beginRecovery(t *testing.T, code string) (r *session.Recovery) {
	t.Helper()
	pc := l.pc(t, "PC R")
	l.forgetMails()
	l.step(t, "prove the recovery code", func() (err error) {
		r, err = pc.BeginRecovery(t.Context(), l.server.URL, email, code)
		return err
	}, nil)
	mailed := l.newestCode(t)
	l.step(t, "prove the mailbox", func() error { return r.Verify(t.Context(), mailed) }, nil)
	return r
}

// moveAndDelete gives the account another address, and ends it.
func (l *life) moveAndDelete(t *testing.T) {
	const address = "anna@elsewhere.test"
	ctx, typed := t.Context(), testpc.Typed(testpc.Password)
	l.forgetMails()
	before := l.mails
	var begun *session.EmailChange
	l.step(t, "ask for codes", func() (err error) {
		begun, err = l.a.BeginEmailChange(ctx, typed, address)
		return err
	}, nil)
	l.step(t, "other codes", func() error { return begun.Resend(ctx) }, nil)
	mailOld, mailNew := begun.Mails()
	l.step(t, "ask what became of the mails", func() error {
		_, old := mailOld(ctx)
		_, fresh := mailNew(ctx)
		return cmp.Or(old, fresh)
	}, nil)
	codeOld, codeNew := l.newestCode(t), l.newestCodeTo(t, address, l.mails-before)
	l.step(t, "another address", func() error { return begun.Finish(ctx, codeOld, codeNew) }, nil)
	if got := l.a.Account().Email; got != address {
		t.Errorf("the address is %q", got)
	}
	l.step(t, "delete the account", func() error { return l.a.DeleteAccount(ctx, typed) }, nil)
	l.mend()
	_, err := l.pc(t, "PC D").BeginSignIn(ctx, l.server.URL, address, typed, l.a.SecretKey())
	if !errors.Is(err, session.ErrProofFailed) || len(testpc.Contents(t, l.a)) != len(l.items) {
		t.Errorf("after the end of the account: %v, and %d items are here", err, len(testpc.Contents(t, l.a)))
	}
}

// coveredTheRest checks that with both lives the server was gone in every request that the client knows.
func (l *life) coveredTheRest(t *testing.T) {
	t.Helper()
	for _, request := range apiRequests(t) {
		if slices.Contains(requestsOfALife, request) || slices.Contains(neverAsked, request) {
			continue
		}
		if l.ever[request] < 2 {
			t.Errorf("%s was cut %d times", request, l.ever[request])
		}
	}
}

// neverAsked are requests that other clients may make, and this one does not. Those of computers are app/health's, of no account.
var neverAsked = []string{"GET /v1/vaults", "DELETE /v1/sessions", "POST /v1/recovery/mail", "POST /v1/computers", "POST /v1/computers/{id}/reports"}

var pathParameter = regexp.MustCompile(`\{[a-z]+\}`)

// apiRequests are those of docs/openapi.json, as kindOf calls them.
func apiRequests(t *testing.T) (requests []string) {
	t.Helper()
	data, err := os.ReadFile("../../docs/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	var api struct {
		Paths map[string]map[string]json.RawMessage
	}
	if err := json.Unmarshal(data, &api); err != nil || len(api.Paths) == 0 {
		t.Fatal(err)
	}
	for path, methods := range api.Paths {
		path = strings.ReplaceAll(path, "{index}", "0")
		for method := range methods {
			requests = append(requests, strings.ToUpper(method)+" "+pathParameter.ReplaceAllString(path, "{id}"))
		}
	}
	return requests
}
