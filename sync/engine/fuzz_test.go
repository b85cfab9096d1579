package engine_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/keys"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/crypto/signing"
	"github.com/coffer-vault/coffer/docs/vectors"
	"github.com/coffer-vault/coffer/sync/chain"
	"github.com/coffer-vault/coffer/sync/engine"
	"github.com/coffer-vault/coffer/sync/remote"
	"github.com/coffer-vault/coffer/sync/wire"
	"github.com/coffer-vault/coffer/vault"
	"github.com/coffer-vault/coffer/vault/sqlite"
)

// recorded is the account of the vectors, and what an honest server answers when a device of it syncs.
type recorded struct {
	account, vault, device id.ID
	key                    signing.PrivateKey
	vaultKeys              []vectors.Hex
	log                    *chain.Log
	head                   wire.Head
	answers                map[string][]byte // by the end of the path
	rows                   []wire.Row
}

type recordedVault struct {
	Account, Vault id.ID
	Commits        []struct {
		Commit, Signature, Hash vectors.Hex
		ChangeList              vectors.Hex `json:"change_list"`
	}
	Objects []struct {
		Object   string
		Revision uint64
		Envelope vectors.Hex
	}
	Rows []struct {
		Object   string
		Revision uint64
		State    uint8
		EnvHash  vectors.Hex `json:"env_hash"`
	}
}

func newRecorded(t testing.TB) *recorded {
	t.Helper()
	var v recordedVault
	vectors.Load(t, "vault.json", &v)
	r := &recorded{account: v.Account, vault: v.Vault, log: recordedLog(t, v.Account), answers: map[string][]byte{}}
	r.enrol(t)
	last := v.Commits[len(v.Commits)-1]
	r.head = wire.Head{Seq: uint64(len(v.Commits)), Hash: last.Hash}
	for _, row := range v.Rows {
		r.rows = append(r.rows, wire.Row{ObjectID: row.Object, Revision: row.Revision, State: row.State, EnvHash: row.EnvHash})
	}
	var envelopes []wire.Envelope
	for _, o := range v.Objects {
		if slices.ContainsFunc(r.rows, func(row wire.Row) bool { return o.Object == row.ObjectID && o.Revision == row.Revision }) {
			envelopes = append(envelopes, wire.Envelope{ObjectID: o.Object, Revision: o.Revision, Envelope: o.Envelope})
		}
	}
	logHead, logHash := r.log.Head()
	r.answer(t, "/account/log", wire.LogPage{HeadSeq: logHead, HeadHash: logHash[:]})
	r.answer(t, "/head", wire.HeadCommit{Head: r.head, Commit: &wire.SignedCommit{Commit: last.Commit, Changes: last.ChangeList, Signature: last.Signature}})
	r.answer(t, "/objects", wire.Objects{Rows: r.rows})
	r.answer(t, "/changes", wire.Changes{Head: r.head})
	r.answer(t, "/fetch", wire.Fetched{Envelopes: envelopes})
	return r
}

func recordedLog(t testing.TB, account id.ID) *chain.Log {
	t.Helper()
	var v struct {
		Entries []struct{ Entry, Signature vectors.Hex }
	}
	vectors.Load(t, "log.json", &v)
	log := chain.NewLog(account)
	for _, e := range v.Entries {
		if err := log.Append(chain.SignedEntry{Entry: e.Entry, Signature: e.Signature}); err != nil {
			t.Fatal(err)
		}
	}
	return log
}

// enrol takes the keys of device B and of the vault.
func (r *recorded) enrol(t testing.TB) {
	t.Helper()
	var w struct {
		Change struct {
			Recipient struct {
				Device id.ID
				Seed   vectors.Hex
			}
		}
	}
	vectors.Load(t, "wrap.json", &w)
	var bundles []struct {
		VaultKeys []vectors.Hex `json:"vault_keys"`
	}
	vectors.Load(t, "bundle.json", &bundles)
	key, err := signing.FromSeed(secret.New(w.Change.Recipient.Seed))
	if err != nil {
		t.Fatal(err)
	}
	r.device, r.key, r.vaultKeys = w.Change.Recipient.Device, key, bundles[len(bundles)-1].VaultKeys
}

func (r *recorded) answer(t testing.TB, path string, v any) {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	r.answers[path] = data
}

// next is an answer to /changes with one more commit, by device B.
func (r *recorded) next(t testing.TB) []byte {
	t.Helper()
	object := id.ID{1}
	ref := keys.ObjectRef{Account: r.account, Vault: r.vault, Object: object, Epoch: 2, Revision: 1}
	envelope, err := keys.SealObject(secret.New(bytes.Clone(r.vaultKeys[1])), ref, []byte{0xa2, 1, 1, 2, 0x64, 'n', 'o', 't', 'e'})
	if err != nil {
		t.Fatal(err)
	}
	changes := []chain.Change{{Object: object, New: 1, Action: chain.Put, EnvHash: chain.EnvelopeHash(envelope)}}
	tree := chain.NewTree(r.vault)
	for _, row := range r.rows {
		of, err := id.Parse(row.ObjectID)
		if err != nil {
			t.Fatal(err)
		}
		tree.Set(chain.Row{Object: of, Revision: row.Revision, State: chain.State(row.State), EnvHash: chain.Hash(row.EnvHash)})
	}
	if _, err := tree.Apply(changes); err != nil {
		t.Fatal(err)
	}
	list, err := chain.EncodeChanges(changes)
	if err != nil {
		t.Fatal(err)
	}
	seq, hash := r.log.Head()
	c := chain.Commit{
		Vault: r.vault, Seq: r.head.Seq + 1, Parent: chain.Hash(r.head.Hash), Root: tree.Root(), Epoch: 2, LogSeq: seq, LogHash: hash,
		Op: id.ID{2}, Device: r.device,
	}
	signed, err := c.Sign(r.key, list)
	if err != nil {
		t.Fatal(err)
	}
	head := signed.Hash()
	page, err := json.Marshal(wire.Changes{
		Head:      wire.Head{Seq: c.Seq, Hash: head[:]},
		Commits:   []wire.SignedCommit{{Commit: signed.Commit, Changes: signed.Changes, Signature: signed.Signature}},
		Envelopes: []wire.Envelope{{ObjectID: object.String(), Revision: 1, Envelope: envelope}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return page
}

// signAgain lets an accomplice of the server, device B, sign whatever the page has for commits.
func (r *recorded) signAgain(page []byte) []byte {
	var changes wire.Changes
	if json.Unmarshal(page, &changes) != nil {
		return page
	}
	for i, c := range changes.Commits {
		changes.Commits[i].Signature = r.key.Sign(signing.Commit, c.Commit)
	}
	again, err := json.Marshal(changes)
	if err != nil {
		return page
	}
	return again
}

// session is device B's, with a transport that gives the honest answers, but for one path.
func (r *recorded) session(t testing.TB, lie func(path string) ([]byte, bool)) *remote.Session {
	t.Helper()
	transport := roundTrip(func(req *http.Request) (*http.Response, error) {
		var body []byte
		for path, answer := range r.answers {
			if strings.HasSuffix(req.URL.Path, path) {
				body = answer
				if instead, ok := lie(path); ok {
					body = instead
				}
			}
		}
		if body == nil {
			return nil, errors.New("not asked for")
		}
		return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader(body))}, nil
	})
	client, err := remote.NewClient("http://localhost", transport, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	token := wire.Session{AccessToken: []byte("token"), AccessExpires: time.Now().Add(24 * time.Hour).UnixMilli()}
	return client.Session(remote.Signer{Account: r.account, Device: r.device, Key: r.key}, token, remote.Hooks{})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// forgetful takes back whatever moved the pin, once it is told to: each case starts from the same state, and what is staged is staged.
type forgetful struct {
	*sqlite.Store
	vault id.ID
	on    bool
	pin   vault.Pin // where the last change would have moved it
}

var errForgotten = errors.New("forgotten")

func (s *forgetful) Update(ctx context.Context, change func(vault.Tx) error) error {
	return s.Store.Update(ctx, func(tx vault.Tx) (err error) {
		if err = change(tx); err != nil || !s.on {
			return err
		}
		before := s.pin
		if s.pin, err = tx.Pin(s.vault); err != nil || s.pin.Seq == before.Seq && s.pin.Hash == before.Hash {
			return err
		}
		return errForgotten
	})
}

// open makes a device with an empty vault.
func (r *recorded) open(t testing.TB) (*vault.Vault, *forgetful) {
	t.Helper()
	mac := func([]byte) [32]byte { return [32]byte{1} }
	store, err := sqlite.Create(t.Context(), filepath.Join(t.TempDir(), "vault.db"), sqlite.Contents{
		Account: vault.Account{
			ID: r.account, Device: r.device, Profile: "P2", Generation: 3, SealedAccountKey: []byte("ak"),
			SealedIdentity: []byte("identity"), SealedDeviceSeed: []byte("seed"), SealedAnchor: []byte("anchor"),
		},
		Vaults: []vault.SealedVaultKey{{Vault: r.vault, Epoch: 2, Sealed: []byte("vk")}},
		Log:    r.localLog(),
	}, mac)
	if err != nil {
		t.Fatal(err)
	}
	local := &forgetful{Store: store, vault: r.vault}
	v, err := vault.Open(t.Context(), vault.Config{
		Store: local, Account: r.account, Vault: r.vault, Device: r.device, Epoch: 2, Key: secret.New(bytes.Clone(r.vaultKeys[1])),
		Earlier: []vault.EpochKey{{Epoch: 1, Key: secret.New(bytes.Clone(r.vaultKeys[0]))}},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		v.Close()
		store.Close()
	})
	return v, local
}

func (r *recorded) localLog() (entries []vault.LogEntry) {
	for i, e := range r.log.Entries(-1) {
		entries = append(entries, vault.LogEntry{Seq: uint64(i), Entry: e.Entry, Signature: e.Signature})
	}
	return entries
}

func (r *recorded) sync(t testing.TB, session *remote.Session, v *vault.Vault) error {
	t.Helper()
	e := engine.New(session, v, r.vault, 2, engine.Writer{Device: r.device, Key: r.key}, r.log.Clone(), time.Now)
	_, err := e.Sync(t.Context(), nil)
	return err
}

// The vault that another implementation wrote, from the bytes of a first sync to the titles on the screen.
func TestVaultOfAnotherImplementation(t *testing.T) {
	r := newRecorded(t)
	v, _ := r.open(t)
	if err := r.sync(t, r.session(t, func(string) ([]byte, bool) { return nil, false }), v); err != nil {
		t.Fatal(err)
	}
	titles := map[string]bool{}
	for _, item := range v.Query(vault.Filter{}) {
		titles[item.Title] = true
	}
	if len(titles) != 2 || !titles["first, edited"] || !titles["third, edited"] {
		t.Errorf("the vault has %v", titles)
	}
}

// FuzzSyncAnswer gives any bytes for one answer of a sync, of a device without a pin and of one with a pin. Nothing panics or goes on for
// ever, and the pin moves only to a commit that a writer signed.
func FuzzSyncAnswer(f *testing.F) {
	r := newRecorded(f)
	paths := []string{"/account/log", "/head", "/objects", "/changes", "/fetch"}
	for i, path := range paths {
		f.Add(uint8(i), r.answers[path], false, false)
		f.Add(uint8(i), r.answers[path], true, false)
	}
	f.Add(uint8(3), r.next(f), true, false)
	f.Add(uint8(3), r.next(f), true, true)
	f.Add(uint8(3), r.next(f), false, true)
	f.Add(uint8(2), []byte(`{"rows":[],"next":"a"}`), false, false)

	var which string
	var answer []byte
	session := r.session(f, func(path string) ([]byte, bool) { return answer, path == which })
	devices, stores := map[bool]*vault.Vault{}, map[bool]*forgetful{}
	for _, pinned := range []bool{false, true} {
		devices[pinned], stores[pinned] = r.open(f)
		if pinned {
			if err := r.sync(f, session, devices[pinned]); err != nil {
				f.Fatal(err)
			}
		}
		stores[pinned].on = true
	}
	f.Fuzz(func(t *testing.T, path uint8, body []byte, pinned, signed bool) {
		v, store := devices[pinned], stores[pinned]
		before, err := v.Pin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		which, answer, store.pin = paths[int(path)%len(paths)], body, before
		if signed && which == "/changes" {
			answer = r.signAgain(body)
		}
		// Another commit than the recorded one can only come from a page that the writer signed.
		err = r.sync(t, session, v)
		if after := store.pin; after.Seq < before.Seq || after.Hash != before.Hash && after.Seq != r.head.Seq && !bytes.Contains(answer, []byte(`"commit"`)) {
			t.Errorf("the pin went from %d to %d: %v", before.Seq, after.Seq, err)
		}
	})
}
