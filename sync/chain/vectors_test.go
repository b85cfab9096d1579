package chain

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/crypto/signing"
	"github.com/coffer-vault/coffer/docs/vectors"
)

// The vectors come from docs/vectors/account.py, which shares no code with this. Both ways are compared: what is read is what the
// vector says, and what is written of it is the vector, byte for byte.

type hexHash Hash

func (h *hexHash) UnmarshalText(text []byte) error {
	var raw vectors.Hex
	if err := raw.UnmarshalText(text); err != nil {
		return err
	}
	got, err := HashFrom(raw)
	*h = hexHash(got)
	return err
}

type headVector struct {
	Vault id.ID
	Seq   uint64
	Hash  hexHash
}

func headsOf(vs []headVector) []VaultHead {
	heads := make([]VaultHead, 0, len(vs))
	for _, v := range vs {
		heads = append(heads, VaultHead{v.Vault, v.Seq, Hash(v.Hash)})
	}
	return heads
}

// bodyVector has the fields of all bodies.
type bodyVector struct {
	Identity, Receive, Login, Recovery, Public, Signature vectors.Hex
	SealedIdentity                                        hexHash `json:"sealed_identity"`
	SealedKey                                             hexHash `json:"sealed_key"`
	GivenUpHash                                           hexHash `json:"given_up_hash"`
	AdoptedHash                                           hexHash `json:"adopted_hash"`
	Previous, Email                                       hexHash
	GivenUp                                               uint64 `json:"given_up"`
	Adopted, Generation                                   uint64
	Profile, Name, Platform                               string
	Device, Vault, Approver                               id.ID
	Epoch                                                 uint32
	Last                                                  []headVector
	Sealings                                              []struct {
		Type string
		Hash hexHash
	}
}

func publicKey(h vectors.Hex) (k signing.PublicKey) {
	copy(k[:], h)
	return k
}

func receiveKey(h vectors.Hex) (k ReceiveKey) {
	copy(k[:], h)
	return k
}

// body is the body that the vector describes.
func (v bodyVector) body(kind string) Body {
	switch kind {
	case "genesis":
		return Genesis{publicKey(v.Identity), receiveKey(v.Receive), Hash(v.SealedIdentity)}
	case "credentials":
		c := Credentials{Generation: v.Generation, Profile: v.Profile, Login: publicKey(v.Login), Recovery: publicKey(v.Recovery)}
		for _, s := range v.Sealings {
			c.Sealings = append(c.Sealings, Sealing{s.Type, Hash(s.Hash)})
		}
		return c
	case "device-add":
		return DeviceAdd{v.Device, publicKey(v.Public), v.Name, v.Platform, receiveKey(v.Receive), v.Approver}
	case "device-revoke":
		return DeviceRevoke{v.Device, headsOf(v.Last)}
	case "vault-epoch":
		return VaultEpoch{v.Vault, v.Epoch, Hash(v.SealedKey), Hash(v.Previous)}
	case "identity-rotate":
		return IdentityRotate{publicKey(v.Identity), receiveKey(v.Receive), Hash(v.SealedIdentity), v.Signature}
	case "email-change":
		return EmailChange{Hash(v.Email)}
	case "server-restore":
		return ServerRestore{v.Vault, v.Device, v.GivenUp, Hash(v.GivenUpHash), v.Adopted, Hash(v.AdoptedHash)}
	case "device-rename":
		return DeviceRename{v.Device, v.Name}
	case "sign-out":
		return SignOut{v.Device}
	}
	return nil
}

type logVector struct {
	Account, Vault id.ID
	Entries        []struct {
		Type            string
		Time            int64
		Body            bodyVector
		IdentitySeed    vectors.Hex `json:"identity_seed"`
		NewIdentitySeed vectors.Hex `json:"new_identity_seed"`
		Entry           vectors.Hex
		Signature       vectors.Hex
		Hash            hexHash
	}
	Batches []struct {
		First, Last int
		Hash        hexHash
	}
	Email struct {
		Address string
		Hash    hexHash
	}
	Refused []struct {
		Name             string
		After            int
		Entry, Signature vectors.Hex
	}
}

func readLogVector(t testing.TB) (v logVector) {
	t.Helper()
	vectors.Load(t, "log.json", &v)
	return v
}

// log is the verified log of the first n entries.
func (v logVector) log(t testing.TB, n int) *Log {
	t.Helper()
	log := NewLog(v.Account)
	for i, e := range v.Entries[:n] {
		if err := log.Append(SignedEntry{e.Entry, e.Signature}); err != nil {
			t.Fatalf("entry %d, %s: %v", i, e.Type, err)
		}
	}
	return log
}

func keyOf(t testing.TB, seed vectors.Hex) signing.PrivateKey {
	t.Helper()
	key, err := signing.FromSeed(secret.New(bytes.Clone(seed)))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestLogVectors(t *testing.T) {
	v := readLogVector(t)
	seen := map[string]bool{}
	for i, e := range v.Entries {
		log, body := v.log(t, i), e.Body.body(e.Type)
		made, err := log.Next(keyOf(t, e.IdentitySeed), e.Time, body)
		if err != nil || !bytes.Equal(made.Entry, e.Entry) || !bytes.Equal(made.Signature, e.Signature) {
			t.Errorf("entry %d, %s: made as %x, %v", i, e.Type, made.Entry, err)
		}
		if rotate, ok := body.(IdentityRotate); ok {
			again := log.NewIdentity(keyOf(t, e.NewIdentitySeed), rotate.Receive, rotate.SealedIdentity)
			if !bytes.Equal(again.Signature, rotate.Signature) {
				t.Errorf("the new identity signs %x", again.Signature)
			}
		}
		if hash, _ := v.log(t, i+1).HashAt(uint64(i)); hash != Hash(e.Hash) {
			t.Errorf("entry %d has the hash %s", i, hash)
		}
		seen[e.Type] = true
	}
	if len(seen) != 10 {
		t.Errorf("vectors of %d types of entry", len(seen))
	}
}

func TestLogVectorsNames(t *testing.T) {
	v := readLogVector(t)
	entries := v.log(t, len(v.Entries)).Entries(-1)
	for _, b := range v.Batches {
		if got := BatchHash(entries[b.First : b.Last+1]); got != Hash(b.Hash) {
			t.Errorf("batch %d to %d is %s", b.First, b.Last, got)
		}
	}
	if got := EmailHash(v.Account, v.Email.Address); got != Hash(v.Email.Hash) || v.log(t, 8).Email() != got {
		t.Errorf("address is %s", got)
	}
}

func TestRefusedLogVectors(t *testing.T) {
	v := readLogVector(t)
	for _, r := range v.Refused {
		if err := v.log(t, r.After).Append(SignedEntry{r.Entry, r.Signature}); err == nil {
			t.Errorf("taken: %s", r.Name)
		}
	}
}

type changeVector struct {
	Object   id.ID
	Old, New uint64
	Action   uint8
	EnvHash  hexHash `json:"env_hash"`
}

type rowVector struct {
	Object   id.ID
	Revision uint64
	State    uint8
	EnvHash  hexHash `json:"env_hash"`
	Leaf     uint16
}

func (r rowVector) row() Row { return Row{r.Object, r.Revision, State(r.State), Hash(r.EnvHash)} }

type vaultVector struct {
	Vault   id.ID
	Commits []struct {
		Fields     json.RawMessage
		Changes    []changeVector
		DeviceSeed vectors.Hex `json:"device_seed"`
		Commit     vectors.Hex
		ChangeList vectors.Hex `json:"change_list"`
		Signature  vectors.Hex
		Hash       hexHash
	}
	Objects []struct {
		Envelope vectors.Hex
		EnvHash  hexHash `json:"env_hash"`
	}
	Rows    []rowVector
	Refused []struct {
		Name       string
		After      int
		LogEntries int `json:"log_entries"`
		Commit     vectors.Hex
		ChangeList vectors.Hex `json:"change_list"`
		Signature  vectors.Hex
	}
	RefusedLists []struct {
		Name       string
		ChangeList vectors.Hex `json:"change_list"`
	} `json:"refused_change_lists"`
}

func commitOf(t testing.TB, fields json.RawMessage) Commit {
	t.Helper()
	var v struct {
		Vault, Op, Device id.ID
		Seq, Version      uint64
		Parent, Root      hexHash
		Epoch             uint32
		LogSeq            uint64  `json:"log_seq"`
		LogHash           hexHash `json:"log_hash"`
		Time              int64
		Heads             []headVector
	}
	if err := json.Unmarshal(fields, &v); err != nil {
		t.Fatal(err)
	}
	return Commit{
		Vault: v.Vault, Seq: v.Seq, Parent: Hash(v.Parent), Root: Hash(v.Root), Epoch: v.Epoch, LogSeq: v.LogSeq,
		LogHash: Hash(v.LogHash), Op: v.Op, Device: v.Device, Time: v.Time, Heads: headsOf(v.Heads),
	}
}

func changesOf(vs []changeVector) (changes []Change) {
	for _, c := range vs {
		changes = append(changes, Change{c.Object, c.Old, c.New, Action(c.Action), Hash(c.EnvHash)})
	}
	return changes
}

func TestVaultVectors(t *testing.T) {
	var v vaultVector
	vectors.Load(t, "vault.json", &v)
	l := readLogVector(t)
	log, tree, at := l.log(t, len(l.Entries)), NewTree(v.Vault), Position{}
	for i, c := range v.Commits {
		list, err := EncodeChanges(changesOf(c.Changes))
		if err != nil || !bytes.Equal(list, c.ChangeList) {
			t.Fatalf("change list %d is made as %x, %v", i, list, err)
		}
		made, err := commitOf(t, c.Fields).Sign(keyOf(t, c.DeviceSeed), list)
		if err != nil || !bytes.Equal(made.Commit, c.Commit) || !bytes.Equal(made.Signature, c.Signature) || made.Hash() != Hash(c.Hash) {
			t.Fatalf("commit %d is made as %x, %v", i, made.Commit, err)
		}
		verified, err := Verify(made, v.Vault, at, log)
		if err != nil {
			t.Fatalf("commit %d: %v", i, err)
		}
		if _, err := tree.Apply(verified.Changes); err != nil || tree.Root() != verified.Commit.Root {
			t.Fatalf("after commit %d the root is %s, %v", i, tree.Root(), err)
		}
		at = verified.Position()
	}
	for _, r := range v.Rows {
		if got, _ := tree.Row(r.Object); got != r.row() {
			t.Errorf("row %+v", got)
		}
	}
	for _, o := range v.Objects {
		if got := EnvelopeHash(o.Envelope); got != Hash(o.EnvHash) {
			t.Errorf("envelope is %s", got)
		}
	}
}

func TestRefusedVaultVectors(t *testing.T) {
	var v vaultVector
	vectors.Load(t, "vault.json", &v)
	l := readLogVector(t)
	for _, r := range v.Refused {
		var at Position
		if r.After > 0 {
			before := v.Commits[r.After-1]
			at = Position{Head{uint64(r.After), Hash(before.Hash)}, commitOf(t, before.Fields).LogSeq}
		}
		s := Signed{Commit: r.Commit, Changes: r.ChangeList, Signature: r.Signature}
		if _, err := Verify(s, v.Vault, at, l.log(t, r.LogEntries)); err == nil {
			t.Errorf("taken: %s", r.Name)
		}
	}
	for _, r := range v.RefusedLists {
		if _, err := ParseChanges(r.ChangeList); err == nil {
			t.Errorf("read: %s", r.Name)
		}
	}
}

func TestTreeVectors(t *testing.T) {
	var cases []struct {
		Name  string
		Vault id.ID
		Rows  []rowVector
		Root  hexHash
	}
	vectors.Load(t, "tree.json", &cases)
	for _, c := range cases {
		tree := NewTree(c.Vault)
		for _, r := range c.Rows {
			tree.Set(r.row())
			if got := LeafOf(c.Vault, r.Object); got != r.Leaf {
				t.Errorf("%s: %s is in leaf %d", c.Name, r.Object, got)
			}
		}
		if got := tree.Root(); got != Hash(c.Root) {
			t.Errorf("%s: root %s", c.Name, got)
		}
	}
}
