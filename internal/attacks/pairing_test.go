package attacks

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/canonical"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/signing"
	"github.com/coffer-vault/coffer/crypto/wrap"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/sync/chain"
	"github.com/coffer-vault/coffer/sync/enrol"
	"github.com/coffer-vault/coffer/sync/pairing"
	"github.com/coffer-vault/coffer/sync/wire"
	"github.com/coffer-vault/coffer/vault"
)

// A server between a new device and the one that lets it in, and old states for new devices: rows 20 and 23.
func init() {
	register("20", existing, "the new device's keys are the server's", swapNewDevice)
	register("20", fresh, "the approver's keys are the server's", swapApprover)
	register("20", fresh, "the server plays the approver, and hands over a Secret Key of its own", playApprover)
	register("20", fresh, "another answer, once both halves are known", answerAnew)
	register("20", fresh, "the approval is altered", alterApproval)
	register("23", fresh, "an old state, after an approval", oldStateAfterApproval)
	register("23", fresh, "an old state, with the kit", oldStateWithKit)
}

// meeting is a new device N and device A of a scene, which lets it in; each is behind a liar of its own.
type meeting struct {
	*scene
	la, ln   *liar
	pcN      *testpc.PC
	a        *session.Unlocked
	n        *session.Pairing
	approval *session.Approval
}

// meet goes as far as both have answered; lies that la and ln tell by then are told from the beginning.
func meet(t *testing.T, s *scene, lieToA, lieToN func(m *meeting) lie) *meeting {
	t.Helper()
	ctx := t.Context()
	m := &meeting{scene: s, la: newLiar(t, s.server), ln: newLiar(t, s.server)}
	s.a.Lock()
	m.a = s.pcA.Copy(t, m.la).Unlock(t)
	m.pcN = testpc.New(t, "PC N", func(c *session.Config) { c.Transport = m.ln })
	m.la.lie(lieToA(m))
	m.ln.lie(lieToN(m))
	var err error
	if m.n, err = m.pcN.BeginPairing(ctx, s.server.URL, email); err != nil {
		t.Fatal(err)
	}
	requests, err := m.a.Pairings(ctx)
	if err != nil || len(requests) != 1 {
		t.Fatalf("%d requests, %v", len(requests), err)
	}
	if m.approval, err = m.a.Answer(ctx, requests[0].ID); err != nil {
		t.Fatal(err)
	}
	if err := m.n.Answered(ctx); err != nil {
		t.Fatal(err)
	}
	return m
}

func honest(*meeting) lie { return nil }

// approve compares both sets of digits, as people would.
func (m *meeting) approve(t *testing.T) error {
	t.Helper()
	if err := m.approval.Revealed(t.Context()); err != nil {
		return err
	}
	if err := m.approval.Check(t.Context(), m.n.Digits()); err != nil {
		return err
	}
	return m.confirm(t)
}

// approveByCode has A's user read N's QR code in place of the digits.
func (m *meeting) approveByCode(t *testing.T) error {
	t.Helper()
	if err := m.approval.Revealed(t.Context()); err != nil {
		return err
	}
	if err := m.approval.CheckCode(m.n.Code()); err != nil {
		return err
	}
	return m.confirm(t)
}

// confirm is what follows in both cases: the master password at A, A's digits at N.
func (m *meeting) confirm(t *testing.T) error {
	t.Helper()
	if err := m.approval.Approve(t.Context(), testpc.Typed(testpc.Password)); err != nil {
		return err
	}
	if err := m.n.Approved(t.Context()); err != nil {
		return err
	}
	return m.n.Confirm(m.approval.Digits())
}

// nothingProved checks that N did not come as far as its password, and that A wrapped nothing for a device that is not N.
func (m *meeting) nothingProved(t *testing.T, let bool) {
	t.Helper()
	for _, a := range m.ln.requests() {
		if strings.Contains(a.path, "/signin/") {
			t.Errorf("the new device went on to %s", a)
		}
	}
	for _, a := range m.la.requests() {
		if strings.HasSuffix(a.path, "/account/change") && !let {
			t.Error("the server's device was let in")
		}
	}
	m.nothingSent(t, m.la)
	m.nothingSent(t, m.ln)
}

// swapNewDevice shows A a device of the server's own in N's place: with its commitment kept, and with one that fits.
func swapNewDevice(t *testing.T) {
	own := enrol.NewDevice("PC N", "linux")
	for commit, want := range map[bool]error{false: session.ErrPairingChanged, true: session.ErrPairingDigits} {
		t.Run(fmt.Sprint("its own commitment ", commit), func(t *testing.T) {
			s := newScene(t)
			offer := pairing.NewOffer(own.Entry())
			m := meet(t, s, func(*meeting) lie {
				return func(path string, body []byte) []byte {
					if !strings.Contains(path, "/pairings") {
						return body
					}
					return reencode(body, func(v any) any { return swapDevice(v, own, offer, commit) })
				}
			}, honest)
			if err := m.approve(t); !errors.Is(err, want) {
				t.Errorf("got %v, want %v", err, want)
			}
			if err := m.approveByCode(t); !errors.Is(err, want) {
				t.Errorf("by the code: got %v, want %v", err, want)
			}
			m.nothingProved(t, false)
		})
	}
}

// swapDevice changes a pairing, or a list of them.
func swapDevice(v any, own enrol.Device, offer pairing.Offer, commit bool) any {
	m, _ := v.(map[string]any)
	if list, ok := m["pairings"].([]any); ok {
		for _, p := range list {
			swapDevice(p, own, offer, commit)
		}
		return v
	}
	if m["device"] == nil {
		return v
	}
	m["device"] = own.Wire()
	if commit {
		offer.ID = pairingID(m)
		commitment := offer.Commitment()
		m["commitment"] = commitment[:]
		if m["r"] != nil {
			m["r"] = offer.R[:]
		}
	}
	return v
}

func pairingID(p map[string]any) id.ID {
	text, _ := p["pairing_id"].(string)
	parsed, err := id.Parse(text)
	if err != nil {
		panic(err) // the honest server wrote it
	}
	return parsed
}

// swapApprover shows N a device of the server's own in A's place, and gives it a Secret Key of the server's choice. The digits that A
// shows are others than N expects, and N does not use the password.
func swapApprover(t *testing.T) {
	s := newScene(t)
	own := signing.Generate().Public()
	m := meet(t, s, honest, func(*meeting) lie {
		return onPath("/pairings/poll", func(v any) any { return edit(v, field{"approver_key"}, set(own[:])) })
	})
	err := m.approve(t)
	if !errors.Is(err, session.ErrPairingDigits) {
		t.Errorf("not noticed: %v", err)
	}
	m.nothingProved(t, false)
}

// playApprover answers N in the place of every device of the account. If N took the Secret Key that comes with it, it would sign in
// with the user's password under a key that the server knows, and the server could guess the password offline from that.
func playApprover(t *testing.T) {
	s := newScene(t)
	own := enrol.NewDevice("PC A", "linux")
	key := own.Key.Public()
	l := newLiar(t, s.server)
	l.speak(func(w http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "/pairings/reveal") {
			w.WriteHeader(http.StatusNoContent)
			return true
		}
		if !strings.HasSuffix(r.URL.Path, "/pairings/poll") {
			return false
		}
		var in wire.PairingPoll
		if err := json.Unmarshal(last(l.requests()).body, &in); err != nil {
			t.Error(err)
		}
		answer := wire.PairingPolled{State: wire.PairingAnswered, AccountID: s.a.Account().ID.String(), ApproverID: own.ID.String(), ApproverKey: key[:], Nonce: make([]byte, 32)}
		if in.Known == wire.PairingAnswered {
			answer.State = wire.PairingApproved
			handed := ownWrap(t, s, own, l.requests())
			answer.Approval = &handed
		}
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(answer)
		return true
	})
	pcN := testpc.New(t, "PC N", func(c *session.Config) { c.Transport = l })
	n, err := pcN.BeginPairing(t.Context(), s.server.URL, email)
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Answered(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := n.Approved(t.Context()); err != nil {
		t.Fatal(err)
	}
	// No device of the account shows digits, so the user types those that are at hand.
	if err := n.Confirm(n.Digits()); !errors.Is(err, session.ErrPairingDigits) {
		t.Errorf("not noticed: %v", err)
	}
	if _, err := n.Finish(t.Context(), testpc.Typed(testpc.Password), nil); err == nil {
		t.Error("it went on")
	}
	for _, a := range l.requests() {
		if strings.Contains(a.path, "/signin/") {
			t.Errorf("the new device went on to %s", a)
		}
	}
}

// ownWrap wraps a Secret Key of the server's choice for the device that began the pairing.
func ownWrap(t *testing.T, s *scene, sender enrol.Device, asks []ask) wire.Wrap {
	t.Helper()
	var start wire.PairingStart
	for _, a := range asks {
		if strings.HasSuffix(a.path, "/pairings/start") {
			if err := json.Unmarshal(a.body, &start); err != nil {
				t.Error(err)
			}
		}
	}
	recipient, err := id.Parse(start.Device.ID)
	if err != nil {
		t.Error(err)
	}
	w := chain.Wrap{
		Account: s.a.Account().ID, Sender: sender.ID, Recipient: recipient, Kind: chain.WrapApproval,
		Keys: chain.DeviceKeysHash(signing.PublicKey(start.Device.PublicKey), chain.ReceiveKey(start.Device.ReceiveKey)),
	}
	plaintext, err := canonical.Marshal(map[int]any{1: make([]byte, 16), 2: 1, 3: []any{}})
	if err != nil {
		t.Error(err)
	}
	if w.Enc, w.Ciphertext, err = wrap.Seal(start.Device.ReceiveKey, w.Info(), plaintext); err != nil {
		t.Error(err)
	}
	signed, err := w.Sign(sender.Key)
	if err != nil {
		t.Error(err)
	}
	return wire.Wrap{Wrap: signed.Wrap, Signature: signed.Signature}
}

// answerAnew takes N's half and hangs up, so that N asks again. By now the server knows both halves, and could have searched for an answer
// that gives the digits which it likes.
func answerAnew(t *testing.T) {
	s := newScene(t)
	own := signing.Generate().Public()
	for name, value := range map[string]any{
		"nonce": make([]byte, pairing.ValueSize), "approver_key": own[:], "approver_id": id.New().String(), "account_id": id.New().String(),
	} {
		t.Run(name, func(t *testing.T) {
			s.clearRequests(t)
			l, ctx := newLiar(t, s.server), t.Context()
			n, err := testpc.New(t, "PC N", func(c *session.Config) { c.Transport = l }).BeginPairing(ctx, s.server.URL, email)
			if err != nil {
				t.Fatal(err)
			}
			requests, err := s.a.Pairings(ctx)
			if err != nil || len(requests) != 1 {
				t.Fatal(requests, err)
			}
			if _, err := s.a.Answer(ctx, requests[0].ID); err != nil {
				t.Fatal(err)
			}
			l.speak(onlyAt("/v1/pairings/reveal", func(http.ResponseWriter, string) { panic(http.ErrAbortHandler) }))
			if err := n.Answered(ctx); !errors.Is(err, session.ErrOffline) {
				t.Fatalf("the server hangs up: %v", err)
			}
			l.speak(nil)
			l.lie(onPath("/pairings/poll", func(v any) any { return edit(v, field{name}, set(value)) }))
			if err := n.Answered(ctx); !errors.Is(err, session.ErrPairingChanged) {
				t.Errorf("not noticed: %v", err)
			}
			l.lie(nil)
			if err := n.Answered(ctx); err != nil {
				t.Errorf("the first answer does not count any more: %v", err)
			}
		})
	}
}

// alterApproval changes what A hands over.
func alterApproval(t *testing.T) {
	for name, change := range map[string]lie{
		"wrap":        onPath("/pairings/poll", func(v any) any { return edit(v, field{"approval", "wrap"}, flipBit(-3)) }),
		"signature":   onPath("/pairings/poll", func(v any) any { return edit(v, field{"approval", "wrap_signature"}, flipBit(7)) }),
		"none":        onPath("/pairings/poll", func(v any) any { return edit(v, field{"approval"}, null) }),
		"another one": onPath("/pairings/poll", func(v any) any { return edit(v, field{"approver_id"}, set(rand.Text())) }),
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t)
			m := meet(t, s, honest, honest)
			m.ln.lie(change)
			if err := m.approve(t); !errors.Is(err, session.ErrPairingChanged) {
				t.Errorf("not noticed: %v", err)
			}
			m.nothingProved(t, true)
		})
	}
}

// oldState records what the server shows now, and lets A write more.
func oldState(t *testing.T, s *scene) lie {
	t.Helper()
	recorded := honestAnswers(t, []string{"/head", "/objects"}, s.fresh)
	head, err := decode(recorded["/head"])
	if err != nil {
		t.Fatal(err)
	}
	testpc.Save(t, s.a, testpc.Login("later", "later", "later"))
	testpc.Sync(t, s.a)
	return func(path string, body []byte) []byte {
		for ending, old := range recorded {
			if strings.HasSuffix(path, ending) {
				return old
			}
		}
		return onPath("/changes", func(any) any {
			return map[string]any{"head": head.(map[string]any)["head"], "commits": []any{}, "envelopes": []any{}}
		})(path, body)
	}
}

// oldStateAfterApproval: A vouches for its head, so N refuses what does not go through it.
func oldStateAfterApproval(t *testing.T) {
	s := newScene(t)
	old := oldState(t, s)
	m := meet(t, s, honest, honest)
	if err := m.approve(t); err != nil {
		t.Fatal(err)
	}
	m.ln.lie(old)
	u, err := m.n.Finish(t.Context(), testpc.Typed(testpc.Password), nil)
	if err == nil {
		u.Lock()
	}
	mustNotice(t, err)
}

// oldStateWithKit: nobody vouches. The device says when the vault was changed last and by which device, and writes nothing before its
// user has agreed.
func oldStateWithKit(t *testing.T) {
	s := newScene(t)
	want := s.after
	old := oldState(t, s)
	l := newLiar(t, s.server)
	l.lie(old)
	s.server.Clock.Advance(25 * time.Hour)
	pc := testpc.New(t, "PC K", func(c *session.Config) { c.Transport = l })
	u := signInUnconfirmed(t, pc, s)
	defer u.Lock()
	if got := testpc.Contents(t, u); !maps.Equal(got, want) {
		t.Fatalf("the attack did not take place: %v", got)
	}
	if !u.Status().Notices.Confirm {
		t.Error("nothing is to be confirmed")
	}
	e, err := u.Enrolment(t.Context())
	if err != nil || e.ChangedBy != "PC A" || e.Changed.IsZero() {
		t.Errorf("the warning says %+v, %v", e, err)
	}
	if _, err := u.Vault().Save(t.Context(), testpc.Login("too early", "", "")); !errors.Is(err, vault.ErrFrozen) {
		t.Errorf("a device that nobody has vouched for writes: %v", err)
	}
}

// signInUnconfirmed is testpc's SignIn without its yes.
func signInUnconfirmed(t *testing.T, pc *testpc.PC, s *scene) *session.Unlocked {
	t.Helper()
	signIn, err := pc.BeginSignIn(t.Context(), s.server.URL, email, testpc.Typed(testpc.Password), s.a.SecretKey())
	if err != nil {
		t.Fatal(err)
	}
	if err := signIn.Verify(t.Context(), s.server.LastCode(t, email)); err != nil {
		t.Fatal(err)
	}
	u, err := signIn.Finish(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return u
}
