package attacks

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"slices"
	"testing"
	"time"

	"golang.org/x/crypto/chacha20poly1305"

	"github.com/coffer-vault/coffer/crypto/canonical"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/seal"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/crypto/signing"
	"github.com/coffer-vault/coffer/internal/testsecret"
	"github.com/coffer-vault/coffer/sync/chain"
	"github.com/coffer-vault/coffer/sync/enrol"
	"github.com/coffer-vault/coffer/sync/remote"
	"github.com/coffer-vault/coffer/sync/wire"
)

// accomplice is device A of the scene in an attacker's hands: it has every key and signs what it likes. It seals by the book
// (docs/protocol.md §4), not with package seal, so that it can leave the book where an attack wants that.
type accomplice struct {
	client         *remote.Client
	signer         remote.Signer
	tokens         wire.Session
	session        *remote.Session
	account, vault id.ID
	device         id.ID
	key            signing.PrivateKey
	vk             []byte
	log            *chain.Log
	tree           *chain.Tree
	at             chain.Head
	bend           func(*chain.Commit) // changes a commit before it is signed; nil leaves it
}

func (s *scene) accomplice(t *testing.T) *accomplice {
	t.Helper()
	a := &accomplice{account: s.a.Account().ID, log: logOf(t, s.pcB)}
	a.device = a.log.Devices()[0].Device
	a.vault = a.log.Vaults()[0]
	a.vk = s.secrets["VK of "+a.vault.String()]
	a.key = keyFrom(t, deviceSecrets(s.pcA)["device seed"])
	var err error
	if a.client, err = remote.NewClient(s.server.URL, nil, time.Now); err != nil {
		t.Fatal(err)
	}
	a.signer = remote.Signer{Account: a.account, Device: a.device, Key: a.key}
	described := enrol.Device{ID: a.device, Key: a.key, Name: "PC A", Platform: "linux"}.Wire()
	proved, err := a.client.Prove(t.Context(), a.signer, keyFrom(t, s.secrets["login seed"]), email, "", described)
	if err != nil || proved.Session == nil {
		t.Fatal("the accomplice is not let in: ", err)
	}
	a.tokens = *proved.Session
	a.session = a.client.Session(a.signer, a.tokens, remote.Hooks{Keep: func(wire.Session) error { return nil }})
	a.load(t)
	return a
}

func keyFrom(t *testing.T, seed []byte) signing.PrivateKey {
	t.Helper()
	key, err := signing.FromSeed(secret.New(slices.Clone(seed)))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// load reads head and state of the vault.
func (a *accomplice) load(t *testing.T) {
	t.Helper()
	head, err := a.session.Head(t.Context(), a.vault)
	if err != nil {
		t.Fatal(err)
	}
	a.at = chain.Head{Seq: head.Head.Seq, Hash: chain.Hash(head.Head.Hash)}
	a.tree = chain.NewTree(a.vault)
	page, err := a.session.Objects(t.Context(), a.vault, "")
	if err != nil || page.Next != "" {
		t.Fatal("one page of objects was expected: ", err)
	}
	for _, r := range page.Rows {
		object, err := id.Parse(r.ObjectID)
		if err != nil {
			t.Fatal(err)
		}
		a.tree.Set(chain.Row{Object: object, Revision: r.Revision, State: chain.State(r.State), EnvHash: chain.Hash(r.EnvHash)})
	}
}

// plaintext is the newest content of an object.
func (a *accomplice) plaintext(t *testing.T, object id.ID) []byte {
	t.Helper()
	got, err := a.session.Fetch(t.Context(), a.vault, []id.ID{object})
	if err != nil || len(got.Envelopes) != 1 {
		t.Fatal(err)
	}
	e := got.Envelopes[0]
	header := seal.Header{Purpose: seal.Object, Epoch: 1, KeyID: a.vault}
	return testsecret.Unseal(t, a.objectKey(t, object), header, a.context(object, e.Revision), e.Envelope)
}

func (a *accomplice) objectKey(t *testing.T, object id.ID) []byte {
	t.Helper()
	return testsecret.Expand(t, a.vk, string(canonical.Concat("coffer/v1/object", a.vault, object, uint64(1))))
}

func (a *accomplice) context(object id.ID, revision uint64) []byte {
	return canonical.Concat("object", a.account, a.vault, object, revision)
}

// seal makes an object's envelope by the book, after change has left its mark on the header.
func (a *accomplice) seal(t *testing.T, object id.ID, revision uint64, plaintext []byte, change func(header []byte)) []byte {
	t.Helper()
	header := append([]byte("CFE1\x01\x02\x00\x00\x00\x01"), a.vault[:]...)
	header = append(header, secret.Random(24).Reveal()...)
	change(header)
	padded := binary.BigEndian.AppendUint32(nil, uint32(len(plaintext)))
	padded = append(padded, plaintext...)
	padded = append(padded, make([]byte, paddedTo(len(padded))-len(padded))...)
	return sealByTheBook(t, a.objectKey(t, object), header, a.context(object, revision), padded)
}

func paddedTo(n int) int {
	size := 64
	for size < n && size < 4096 {
		size *= 2
	}
	return (n + size - 1) / size * size
}

// sealByTheBook encrypts a padded plaintext under a header that is complete.
func sealByTheBook(t testing.TB, key, header, context, padded []byte) []byte {
	t.Helper()
	nonce := header[26:50]
	bound := sha256.Sum256(canonical.Concat(context, header))
	both, err := hkdf.Key(sha256.New, key, nonce, string(canonical.Concat("coffer/v1/envelope", bound[:])), 64)
	if err != nil {
		t.Fatal(err)
	}
	aead, err := chacha20poly1305.NewX(both[:32])
	if err != nil {
		t.Fatal(err)
	}
	return aead.Seal(slices.Concat(header, both[32:]), nonce, padded, canonical.Concat(header, context))
}

// commit signs the next revision of an object with this envelope, as an honest device would.
func (a *accomplice) commit(t *testing.T, object id.ID, envelope []byte) (in wire.Push, head chain.Head) {
	t.Helper()
	row, _ := a.tree.Row(object)
	change := chain.Change{Object: object, Old: row.Revision, New: row.Revision + 1, Action: chain.Put, EnvHash: chain.EnvelopeHash(envelope)}
	list, err := chain.EncodeChanges([]chain.Change{change})
	if err != nil {
		t.Fatal(err)
	}
	undo, err := a.tree.Apply([]chain.Change{change})
	if err != nil {
		t.Fatal(err)
	}
	defer undo()
	c := chain.Commit{Vault: a.vault, Seq: a.at.Seq + 1, Parent: a.at.Hash, Root: a.tree.Root(), Epoch: 1, Op: id.New(), Device: a.device, Time: time.Now().UnixMilli()}
	c.LogSeq, c.LogHash = a.log.Head()
	if a.bend != nil {
		a.bend(&c)
	}
	signed, err := c.Sign(a.key, list)
	if err != nil {
		t.Fatal(err)
	}
	return wire.Push{
		SignedCommit: wire.SignedCommit{Commit: signed.Commit, Changes: signed.Changes, Signature: signed.Signature},
		Envelopes:    []wire.Envelope{{ObjectID: object.String(), Revision: change.New, Envelope: envelope}},
	}, chain.Head{Seq: c.Seq, Hash: signed.Hash()}
}

// push sends it to the honest server.
func (a *accomplice) push(t *testing.T, object id.ID, envelope []byte) {
	t.Helper()
	in, _ := a.commit(t, object, envelope)
	_, err := a.session.Push(t.Context(), a.vault, in)
	var answer *wire.Error
	if errors.As(err, &answer) {
		t.Fatalf("the server refused it: %s", answer.Message)
	} else if err != nil {
		t.Fatal(err)
	}
	a.load(t)
}

// deliver shows it to the clients of a liar, as the last commit of the vault: what an honest server would refuse.
func (a *accomplice) deliver(t *testing.T, l *liar, object id.ID, envelope []byte) {
	t.Helper()
	in, head := a.commit(t, object, envelope)
	commits, envelopes := []any{in.SignedCommit}, []any{in.Envelopes[0]}
	l.lie(onPath("/changes", func(v any) any {
		m := v.(map[string]any)
		m["head"] = wire.Head{Seq: head.Seq, Hash: head.Hash[:]}
		m["commits"] = append(m["commits"].([]any), commits...)
		m["envelopes"] = append(m["envelopes"].([]any), envelopes...)
		if len(commits) == 0 {
			m["commits"], m["envelopes"] = []any{}, []any{}
		}
		commits, envelopes = nil, nil // the client has it from here on
		return m
	}))
}
