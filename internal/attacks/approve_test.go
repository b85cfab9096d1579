package attacks

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/canonical"
	"github.com/coffer-vault/coffer/crypto/seal"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/crypto/signing"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/sync/chain"
	"github.com/coffer-vault/coffer/sync/enrol"
	"github.com/coffer-vault/coffer/sync/pairing"
	"github.com/coffer-vault/coffer/sync/proof"
	"github.com/coffer-vault/coffer/sync/remote"
	"github.com/coffer-vault/coffer/sync/wire"
	"github.com/coffer-vault/coffer/vault/sqlite"
)

// Who lets a device of his own in without the master password, and who has seen the QR code: row 20.
func init() {
	register("20", existing, "a PC that was left unlocked lets a device in", approveAtAnUnlockedPC)
	register("20", elsewhere, "a device is let in with everything but the master password", approveWithoutPassword)
	register("20", fresh, "an accomplice of the server has a photo of the QR code", answerWithThePhoto)
}

// approveAtAnUnlockedPC: the thief holds both devices, so that all digits are right. He does not know the password.
func approveAtAnUnlockedPC(t *testing.T) {
	m := meet(t, newScene(t), honest, honest)
	if err := errors.Join(m.approval.Revealed(t.Context()), m.approval.CheckCode(m.n.Code())); err != nil {
		t.Fatal(err)
	}
	asked := len(m.la.requests())
	if err := m.approval.Approve(t.Context(), testpc.Typed("a guess")); !errors.Is(err, session.ErrWrongPassword) {
		t.Errorf("a guess: %v", err)
	}
	for _, a := range m.la.requests()[asked:] {
		// What is read belongs to the synchronization, which goes on beside it.
		if a.method != http.MethodGet && strings.HasPrefix(a.path, "/v1/account/") {
			t.Errorf("a wrong password was followed by %s", a)
		}
	}
	m.nothingProved(t, false)
}

// intruder has device A's keys, a session, and the account's identity, but not the master password; and a device of his own, for
// which A's session has answered.
type intruder struct {
	*accomplice
	identity signing.PrivateKey
	own      enrol.Device
	offer    pairing.Offer
}

func newIntruder(t *testing.T, s *scene) *intruder {
	t.Helper()
	i := &intruder{accomplice: s.accomplice(t), own: enrol.NewDevice("PC X", "linux")}
	i.identity = keyFrom(t, identitySeed(t, s))
	i.catchUp(t)
	i.offer = pairing.NewOffer(i.own.Entry())
	commitment, nonce := i.offer.Commitment(), pairing.NewNonce()
	start := wire.PairingStart{PairingID: i.offer.ID.String(), Email: email, Device: i.own.Wire(), Commitment: commitment[:]}
	if _, err := i.client.PairingStart(t.Context(), remote.Signer{Device: i.own.ID, Key: i.own.Key}, start); err != nil {
		t.Fatal(err)
	}
	if err := i.session.AnswerPairing(t.Context(), wire.PairingAnswer{PairingID: start.PairingID, Nonce: nonce[:]}); err != nil {
		t.Fatal(err)
	}
	return i
}

// catchUp reads what the account log has beyond the stolen file.
func (i *intruder) catchUp(t *testing.T) {
	t.Helper()
	head, _ := i.log.Head()
	page, err := i.session.Log(t.Context(), head)
	for _, entry := range page.Entries {
		err = errors.Join(err, i.log.Append(chain.SignedEntry{Entry: entry.Entry, Signature: entry.Signature}))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// identitySeed opens the sealed identity of the account.
func identitySeed(t *testing.T, s *scene) []byte {
	t.Helper()
	store, err := sqlite.Open(t.Context(), s.pcB.Paths.Account(s.pcB.Accounts()[0].ID))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	account, err := store.Account(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	header := seal.Header{Purpose: seal.SealedKey, KeyID: account.ID}
	opened, err := seal.Open(secret.New(slices.Clone(s.secrets["AK"])), header, canonical.Concat("identity", account.ID, uint64(0)), account.SealedIdentity)
	if err != nil {
		t.Fatal(err)
	}
	var seeds map[int][]byte
	if err := canonical.Unmarshal(opened, &seeds); err != nil {
		t.Fatal(err)
	}
	return seeds[1]
}

// approval lets the intruder's device in, but for the proof.
func (i *intruder) approval(t *testing.T) wire.AccountChange {
	t.Helper()
	entry, log := i.own.Entry(), i.log.Clone()
	entry.Approver = i.device
	signed, err := log.Next(i.identity, time.Now().UnixMilli(), entry)
	if err == nil {
		err = log.Append(signed)
	}
	if err != nil {
		t.Fatal(err)
	}
	w := chain.Wrap{
		Account: i.account, Sender: i.device, Recipient: i.own.ID, Keys: chain.DeviceKeysHash(entry.Key, entry.Receive), Kind: chain.WrapApproval,
		Enc: secret.Random(1120).Reveal(), Ciphertext: secret.Random(100).Reveal(),
	}
	w.LogSeq, w.LogHash = log.Head()
	handed, err := w.Sign(i.key)
	if err != nil {
		t.Fatal(err)
	}
	return wire.AccountChange{
		Entries: enrol.EntriesToWire([]chain.SignedEntry{signed}), PairingID: i.offer.ID.String(),
		Wraps: []wire.DeviceWrap{{DeviceID: i.own.ID.String(), Wrap: wire.Wrap{Wrap: handed.Wrap, Signature: handed.Signature}}},
	}
}

// mustRefuse sends the intruder's approval with a proof.
func (i *intruder) mustRefuse(t *testing.T, name string, fresh *wire.FreshProof) {
	t.Helper()
	in := i.approval(t)
	in.Proof = fresh
	if err := i.session.ChangeAccount(t.Context(), in); !remote.IsCode(err, wire.CodeProofFailed) && !remote.IsCode(err, wire.CodeInvalid) {
		t.Errorf("with %s: %v", name, err)
	}
}

// byDeviceKey is a proof that is right but for its key.
func (i *intruder) byDeviceKey(t *testing.T, s *scene) *wire.FreshProof {
	t.Helper()
	challenge, err := i.session.AccountChallenge(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	entries, commitment := i.approval(t).Entries, i.offer.Commitment()
	message := proof.Approval{
		Origin: s.server.URL, Account: i.account, Device: i.device, Nonce: challenge.Nonce, Expires: challenge.Expires,
		Pairing: i.offer.ID, Commitment: commitment[:], Batch: chain.BatchHash([]chain.SignedEntry{{Entry: entries[0].Entry, Signature: entries[0].Signature}}),
	}.Message()
	return &wire.FreshProof{Nonce: challenge.Nonce, Expires: challenge.Expires, Signature: i.key.Sign(signing.AccountChange, message)}
}

// approveWithoutPassword uses no proof, one by the wrong key, and those that A's user makes for a device of his own: one that never
// reached the server, and one that did.
func approveWithoutPassword(t *testing.T) {
	m := meet(t, newScene(t), honest, honest)
	i := newIntruder(t, m.scene)
	i.mustRefuse(t, "no proof", nil)
	i.mustRefuse(t, "a proof by the device key", i.byDeviceKey(t, m.scene))

	if err := errors.Join(m.approval.Revealed(t.Context()), m.approval.Check(t.Context(), m.n.Digits())); err != nil {
		t.Fatal(err)
	}
	m.la.speak(func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/v1/account/change" {
			return false
		}
		answerError(w, http.StatusServiceUnavailable, string(wire.CodeUnavailable))
		return true
	})
	if err := m.approval.Approve(t.Context(), testpc.Typed(testpc.Password)); !errors.Is(err, session.ErrOffline) {
		t.Fatalf("held back: %v", err)
	}
	i.mustRefuse(t, "the proof for another device, held back", changeSeen(t, m.la).Proof)
	m.la.speak(nil)
	if err := m.confirm(t); err != nil {
		t.Fatal(err)
	}
	// A repetition is heard, and changes nothing. What it was proved with is spent.
	done := changeSeen(t, m.la)
	if err := i.session.ChangeAccount(t.Context(), done); err != nil {
		t.Error(err)
	}
	if err := i.log.AppendAll([]chain.SignedEntry{{Entry: done.Entries[0].Entry, Signature: done.Entries[0].Signature}}); err != nil {
		t.Fatal(err)
	}
	i.mustRefuse(t, "the proof for another device, spent", done.Proof)
	devices, err := m.a.Devices(t.Context())
	if err != nil || len(devices) != 3 {
		t.Errorf("%+v, %v", devices, err)
	}
}

// changeSeen is the newest account change that a liar has seen.
func changeSeen(t *testing.T, l *liar) (in wire.AccountChange) {
	t.Helper()
	for _, a := range l.requests() {
		if strings.HasSuffix(a.path, "/account/change") {
			in = wire.AccountChange{}
			if err := json.Unmarshal(a.body, &in); err != nil {
				t.Fatal(err)
			}
		}
	}
	return in
}

// answerWithThePhoto: A's user scans the code and approves; the server shows N an approver of its own, whose accomplice has the code
// too. N's user types the digits that stand on A, and N does not use the password.
func answerWithThePhoto(t *testing.T) {
	s := newScene(t)
	own := enrol.NewDevice("PC A", "linux")
	key := own.Key.Public()
	m := meet(t, s, honest, func(m *meeting) lie {
		return onPath("/pairings/poll", func(v any) any {
			answer := v.(map[string]any)
			answer["approver_id"], answer["approver_key"] = own.ID.String(), key[:]
			if answer["approval"] != nil {
				handed := ownWrap(t, s, own, m.ln.requests())
				answer["approval"] = map[string]any{"wrap": handed.Wrap, "wrap_signature": handed.Signature, "tag": make([]byte, 32)}
			}
			return answer
		})
	})
	if err := m.approveByCode(t); !errors.Is(err, session.ErrPairingDigits) {
		t.Errorf("not noticed: %v", err)
	}
	m.nothingProved(t, true)
}

// An approval whose answer is lost is there: a second try finds it in the log, and goes on.
func TestApprovalWhoseAnswerIsLost(t *testing.T) {
	m := meet(t, newScene(t), honest, honest)
	if err := errors.Join(m.approval.Revealed(t.Context()), m.approval.CheckCode(m.n.Code())); err != nil {
		t.Fatal(err)
	}
	sent := 0
	m.la.lie(func(path string, body []byte) []byte {
		if path != "/v1/account/change" {
			return body
		}
		sent++
		panic(http.ErrAbortHandler) // hangs up after the server has done it
	})
	if err := m.approval.Approve(t.Context(), testpc.Typed(testpc.Password)); !errors.Is(err, session.ErrOffline) {
		t.Fatalf("the answer was lost: %v", err)
	}
	if err := m.confirm(t); err != nil {
		t.Fatal(err)
	}
	if sent != 1 {
		t.Errorf("the approval was sent %d times", sent)
	}
	u, err := m.n.Finish(t.Context(), testpc.Typed(testpc.Password), nil)
	if err != nil {
		t.Fatal(err)
	}
	u.Lock()
}
