package enrol

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/keys"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/crypto/signing"
	"github.com/coffer-vault/coffer/docs/vectors"
	"github.com/coffer-vault/coffer/sync/chain"
	"github.com/coffer-vault/coffer/sync/wire"
)

// The vectors come from docs/vectors/account.py, which shares no code with this.

type bundleVector struct {
	Name                string
	Bundle              wire.KeyBundle
	AMK, AK             vectors.Hex
	IdentitySeed        vectors.Hex   `json:"identity_seed"`
	IdentityReceiveSeed vectors.Hex   `json:"identity_receive_seed"`
	IdentityReceive     vectors.Hex   `json:"identity_receive"`
	RecoveryCode        string        `json:"recovery_code"`
	LoginPublic         vectors.Hex   `json:"login_public"`
	VaultKeys           []vectors.Hex `json:"vault_keys"`
	LogSeq              uint64        `json:"log_seq"`
	LogHash             vectors.Hex   `json:"log_hash"`
	IdentityNumber      uint64        `json:"identity_number"`
}

func bundleVectors(t testing.TB) (cases []bundleVector) {
	t.Helper()
	vectors.Load(t, "bundle.json", &cases)
	return cases
}

func (v bundleVector) master(t testing.TB) keys.AccountMaster {
	t.Helper()
	master, err := keys.AccountMasterFromBytes(secret.New(bytes.Clone(v.AMK)))
	if err != nil {
		t.Fatal(err)
	}
	return master
}

// open proves a bundle in place of the vector's.
func (v bundleVector) open(t testing.TB, w wire.KeyBundle) (*Account, error) {
	t.Helper()
	account, err := id.Parse(v.Bundle.AccountID)
	if err != nil {
		t.Fatal(err)
	}
	b, err := FromWire(w, account, uint32(v.Bundle.Generation), v.Bundle.Profile)
	if err != nil {
		return nil, err
	}
	if len(v.Bundle.SealedRecovery) == 0 {
		return Open(b, v.master(t))
	}
	code, err := keys.ParseRecoveryCode(v.RecoveryCode)
	if err != nil {
		t.Fatal(err)
	}
	return OpenRecovery(b, keys.DeriveRecoveryMaster(code, account))
}

// check compares an opened account with what the vector says of it.
func (v bundleVector) check(t testing.TB, a *Account) {
	t.Helper()
	for name, pair := range map[string][2][]byte{
		"AK": {a.Key.Reveal(), v.AK}, "identity seed": {a.Identity.Sign.Seed().Reveal(), v.IdentitySeed},
		"HPKE seed":       {a.Identity.Receive.Seed().Reveal(), v.IdentityReceiveSeed},
		"HPKE public key": {a.Identity.Receive.Public(), v.IdentityReceive},
	} {
		if !bytes.Equal(pair[0], pair[1]) {
			t.Errorf("%s: %s is %x", v.Name, name, pair[0])
		}
	}
	for i, want := range v.VaultKeys {
		if vk, ok := a.Vault.At(uint32(i + 1)); !ok || !bytes.Equal(vk.Reveal(), want) {
			t.Errorf("%s: vault key of epoch %d differs", v.Name, i+1)
		}
	}
	if seq, hash := a.Log.Head(); seq != v.LogSeq || !bytes.Equal(hash[:], v.LogHash) || a.Log.Identity().Number != v.IdentityNumber {
		t.Errorf("%s: log ends at %d, %s", v.Name, seq, hash)
	}
}

func TestBundleVectors(t *testing.T) {
	for _, v := range bundleVectors(t) {
		a, err := v.open(t, v.Bundle)
		if err != nil {
			t.Errorf("%s: %v", v.Name, err)
			continue
		}
		v.check(t, a)
		if login := v.master(t).LoginKey().Public(); !bytes.Equal(login[:], v.LoginPublic) {
			t.Errorf("%s: login key %s", v.Name, login)
		}
	}
}

type wrapVector struct {
	Kind            string
	Account, Sender id.ID
	SenderSeed      vectors.Hex `json:"sender_seed"`
	Keys, Enc       vectors.Hex
	Info, Plaintext vectors.Hex
	Ciphertext      vectors.Hex
	LogSeq          uint64      `json:"log_seq"`
	LogHash         vectors.Hex `json:"log_hash"`
	SecretKey       string      `json:"secret_key"`
	Generation      uint32
	Heads           []struct {
		Vault id.ID
		Seq   uint64
		Hash  vectors.Hex
	}
	Wrap, Signature vectors.Hex
	Recipient       struct {
		Device         id.ID
		Seed           vectors.Hex
		Name, Platform string
	}
}

type wrapVectors struct {
	ApproverPublic   vectors.Hex `json:"approver_public"`
	Approval, Change wrapVector
	Refused          []struct {
		Name            string
		Wrap, Signature vectors.Hex
	} `json:"refused_change"`
}

func signer(t testing.TB, seed vectors.Hex) signing.PrivateKey {
	t.Helper()
	key, err := signing.FromSeed(secret.New(bytes.Clone(seed)))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (v wrapVector) recipient(t testing.TB) Device {
	t.Helper()
	return Device{ID: v.Recipient.Device, Key: signer(t, v.Recipient.Seed), Name: v.Recipient.Name, Platform: v.Recipient.Platform}
}

// check writes the wrap around its HPKE message anew, and compares what was in it. HPKE itself draws random bytes, so its message
// is compared by opening it alone.
func (v wrapVector) check(t *testing.T, got *Received, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", v.Kind, err)
	}
	w := chain.Wrap{
		Account: v.Account, Sender: v.Sender, Recipient: v.Recipient.Device, Keys: v.Keys.Hash32(t), LogSeq: v.LogSeq,
		LogHash: v.LogHash.Hash32(t), Kind: v.Kind, Enc: v.Enc, Ciphertext: v.Ciphertext,
	}
	signed, err := w.Sign(signer(t, v.SenderSeed))
	if err != nil || !bytes.Equal(signed.Wrap, v.Wrap) || !bytes.Equal(signed.Signature, v.Signature) || !bytes.Equal(w.Info(), v.Info) {
		t.Errorf("%s: made as %x, %v", v.Kind, signed.Wrap, err)
	}
	if got.SecretKey.Text() != v.SecretKey || got.Generation != v.Generation || len(got.Heads) != len(v.Heads) {
		t.Errorf("%s: opened as %+v", v.Kind, got)
	}
	for i, h := range v.Heads {
		if want := (chain.VaultHead{Vault: h.Vault, Seq: h.Seq, Hash: h.Hash.Hash32(t)}); got.Heads[i] != want {
			t.Errorf("%s: head %+v", v.Kind, got.Heads[i])
		}
	}
}

func TestWrapVectors(t *testing.T) {
	var v wrapVectors
	vectors.Load(t, "wrap.json", &v)
	all := bundleVectors(t)
	rotated := all[len(all)-1]
	account, err := rotated.open(t, rotated.Bundle)
	if err != nil {
		t.Fatal(err)
	}
	approver := signing.PublicKey(v.ApproverPublic.Hash32(t))
	a, c := v.Approval, v.Change
	received, err := OpenApproval(chain.SignedWrap{Wrap: a.Wrap, Signature: a.Signature}, a.recipient(t), a.Account, a.Sender, approver)
	a.check(t, received, err)
	if err := received.CheckIn(account.Log, approver); err != nil {
		t.Errorf("the approval's place: %v", err)
	}
	received, err = openChange(chain.SignedWrap{Wrap: c.Wrap, Signature: c.Signature}, c.recipient(t), account.Log)
	c.check(t, received, err)
}

// The sealed plaintext has one spelling too, and a generation of the future is refused where it is used.
func TestRefusedWrapVectors(t *testing.T) {
	var v wrapVectors
	vectors.Load(t, "wrap.json", &v)
	all := bundleVectors(t)
	rotated := all[len(all)-1]
	account, err := rotated.open(t, rotated.Bundle)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range v.Refused {
		bundle := wire.KeyBundle{Wrap: &wire.Wrap{Wrap: r.Wrap, Signature: r.Signature}}
		adopted := Adopted{}
		err := adopted.chooseSecretKey(Adoption{Log: account.Log, Received: bundle, Device: v.Change.recipient(t), KeptAt: 2})
		if !errors.Is(err, ErrBundle) || !adopted.SecretKey.IsZero() {
			t.Errorf("%s: %v", r.Name, err)
		}
	}
}

// FuzzBundle takes any JSON as a server's bundle, with one entry of the log replaced by any bytes that the identity signs: whatever
// opens is the account itself.
func FuzzBundle(f *testing.F) {
	cases := bundleVectors(f)
	for i, v := range cases {
		data, err := json.Marshal(v.Bundle)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(uint8(i), data, uint8(0), []byte{})
		f.Add(uint8(i), data, uint8(len(v.Bundle.Log)-1), v.Bundle.Log[0].Entry)
	}
	f.Fuzz(func(t *testing.T, which uint8, data []byte, at uint8, entry []byte) {
		v := cases[int(which)%len(cases)]
		var w wire.KeyBundle
		if json.Unmarshal(data, &w) != nil {
			return
		}
		if len(entry) > 0 && int(at) < len(w.Log) {
			w.Log[at] = wire.SignedEntry{Entry: entry, Signature: signer(t, v.IdentitySeed).Sign(signing.AccountLog, entry)}
		}
		a, err := v.open(t, w)
		if err != nil {
			if !errors.Is(err, ErrBundle) && !errors.Is(err, ErrKey) {
				t.Errorf("an error without a name: %v", err)
			}
			return
		}
		if !bytes.Equal(a.Key.Reveal(), v.AK) || !bytes.Equal(a.Identity.Sign.Seed().Reveal(), v.IdentitySeed) {
			t.Error("another account opened")
		}
	})
}
