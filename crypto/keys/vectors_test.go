package keys_test

import (
	"bytes"
	"encoding/hex"
	"testing"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/kdf"
	"github.com/coffer-vault/coffer/crypto/keys"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/crypto/signing"
	"github.com/coffer-vault/coffer/docs/vectors"
)

// The vectors come from docs/vectors/protocol.py, which shares no code with this.

type hexBytes []byte

func (h *hexBytes) UnmarshalText(text []byte) (err error) {
	*h, err = hex.DecodeString(string(text))
	return err
}

func (h hexBytes) secret() secret.Bytes { return secret.New(bytes.Clone(h)) }

func same(t *testing.T, name string, got, want []byte) {
	t.Helper()
	if !bytes.Equal(got, want) {
		t.Errorf("%s is %x, not %x", name, got, want)
	}
}

type derivation struct {
	Name, Password, Profile string
	SecretKey               string `json:"secret_key"`
	Account                 id.ID
	Generation              uint32
	Salt, Tag, KEK, DSK     hexBytes
	LoginPublic             hexBytes `json:"login_public"`
}

// The whole way from password and Secret Key, at full cost.
func TestDerivationVectors(t *testing.T) {
	var cases []derivation
	vectors.Load(t, "derivation.json", &cases)
	if len(cases) == 0 {
		t.Fatal("no vectors")
	}
	for _, v := range cases {
		t.Run(v.Name, func(t *testing.T) { v.check(t) })
	}
}

func (v derivation) check(t *testing.T) {
	sk, err := keys.ParseSecretKey(v.SecretKey)
	if err != nil {
		t.Fatal(err)
	}
	profile, err := kdf.ByName(v.Profile)
	if err != nil {
		t.Fatal(err)
	}
	salt, tag := keys.PasswordSalt(sk, v.Account, v.Generation), keys.LookupTag(sk)
	same(t, "salt", salt[:], v.Salt)
	same(t, "tag", tag[:], v.Tag)
	master, err := keys.DeriveAccountMaster(t.Context(), secret.FromString(v.Password), sk, v.Account, profile, v.Generation)
	if err != nil {
		t.Fatal(err)
	}
	public := master.LoginKey().Public()
	same(t, "login key", public[:], v.LoginPublic)
	same(t, "KEK", master.KEK().Reveal(), v.KEK)
	same(t, "DSK", master.DeviceSealKey().Reveal(), v.DSK)
}

type sealings struct {
	Account, Vault, Object, Device id.ID
	Attachment                     id.ID
	Generation, Epoch              uint32
	Revision, Number               uint64
	Index, Count                   uint64
	Name                           string
	KEK, AK, VK, DSK               hexBytes
	RecoveryKEK                    hexBytes `json:"recovery_kek"`
	OlderVK                        hexBytes `json:"older_vk"`
	DeviceSeed                     hexBytes `json:"device_seed"`
	ReceiveSeed                    hexBytes `json:"receive_seed"`
	ObjectKey                      hexBytes `json:"object_key"`
	IdentitySignPublic             hexBytes `json:"identity_sign_public"`
	IdentityReceiveSeed            hexBytes `json:"identity_receive_seed"`
	Plaintext                      hexBytes
	SealedAK                       hexBytes `json:"sealed_ak"`
	SealedIdentity                 hexBytes `json:"sealed_identity"`
	SealedRecovery                 hexBytes `json:"sealed_recovery"`
	SealedVK                       hexBytes `json:"sealed_vk"`
	SealedPrevious                 hexBytes `json:"sealed_previous"`
	SealedObject                   hexBytes `json:"sealed_object"`
	FileKey                        hexBytes `json:"file_key"`
	SealedChunk                    hexBytes `json:"sealed_chunk"`
	SealedLocal                    hexBytes `json:"sealed_local"`
	IndexKey                       hexBytes `json:"index_key"`
	SealedSegment                  hexBytes `json:"sealed_segment"`
	Segment                        uint8
	Part                           uint32
}

func (v sealings) objectRef() keys.ObjectRef {
	return keys.ObjectRef{Account: v.Account, Vault: v.Vault, Object: v.Object, Epoch: v.Epoch, Revision: v.Revision}
}

func (v sealings) chunkRef() keys.ChunkRef {
	return keys.ChunkRef{Account: v.Account, Vault: v.Vault, Attachment: v.Attachment, Index: v.Index, Count: v.Count}
}

func (v sealings) localRef() keys.LocalRef {
	return keys.LocalRef{Account: v.Account, Device: v.Device, Generation: v.Generation, Name: v.Name}
}

func TestSealedKeyVectors(t *testing.T) {
	var v sealings
	vectors.Load(t, "sealing.json", &v)
	ak, err := keys.OpenAccountKey(v.KEK.secret(), v.SealedAK, v.Account, v.Generation, keys.ByPassword)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "AK", ak.Reveal(), v.AK)
	identity, err := keys.OpenIdentity(ak, v.SealedIdentity, v.Account, v.Number)
	if err != nil {
		t.Fatal(err)
	}
	public := identity.Sign.Public()
	same(t, "identity key", public[:], v.IdentitySignPublic)
	same(t, "HPKE seed", identity.Receive.Seed().Reveal(), v.IdentityReceiveSeed)
	vk, err := keys.OpenVaultKey(ak, v.SealedVK, v.Account, v.Vault, v.Epoch)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "VK", vk.Reveal(), v.VK)
	older, err := keys.OpenPreviousVaultKey(vk, v.SealedPrevious, v.Account, v.Vault, v.Epoch)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "older VK", older.Reveal(), v.OlderVK)
	if ak, err = keys.OpenAccountKey(v.RecoveryKEK.secret(), v.SealedRecovery, v.Account, v.Generation, keys.ByRecovery); err != nil {
		t.Fatal(err)
	}
	same(t, "AK by recovery", ak.Reveal(), v.AK)
}

func TestDeviceReceiveVector(t *testing.T) {
	var v sealings
	vectors.Load(t, "sealing.json", &v)
	device, err := signing.FromSeed(v.DeviceSeed.secret())
	if err != nil {
		t.Fatal(err)
	}
	receive, err := keys.DeviceReceiveKey(device)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "receive seed", receive.Seed().Reveal(), v.ReceiveSeed)
}

func TestRecoveryVectors(t *testing.T) {
	var cases []struct {
		Text        string
		Account     id.ID
		Raw         hexBytes
		Tag, KEK    hexBytes
		LoginPublic hexBytes `json:"login_public"`
	}
	vectors.Load(t, "recovery.json", &cases)
	if len(cases) == 0 {
		t.Fatal("no vectors")
	}
	for _, v := range cases {
		code, err := keys.ParseRecoveryCode(v.Text)
		if err != nil || code.Text() != v.Text {
			t.Fatalf("%s becomes %s, %v", v.Text, code.Text(), err)
		}
		same(t, "code", code.Bytes().Reveal(), v.Raw)
		tag, master := keys.RecoveryTag(code), keys.DeriveRecoveryMaster(code, v.Account)
		public := master.LoginKey().Public()
		same(t, "tag", tag[:], v.Tag)
		same(t, "login key", public[:], v.LoginPublic)
		same(t, "KEK", master.KEK().Reveal(), v.KEK)
	}
}

func TestSealedDataVectors(t *testing.T) {
	var v sealings
	vectors.Load(t, "sealing.json", &v)
	same(t, "OK", keys.ObjectKey(v.VK.secret(), v.Vault, v.Object, v.Epoch).Reveal(), v.ObjectKey)
	object, err := keys.OpenObject(v.VK.secret(), v.objectRef(), v.SealedObject)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "object", object, v.Plaintext)
	part, err := keys.OpenChunk(v.FileKey.secret(), v.chunkRef(), v.SealedChunk)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "chunk", part, v.Plaintext)
	value, err := keys.OpenLocal(v.DSK.secret(), v.localRef(), v.SealedLocal)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "local value", value.Reveal(), v.Plaintext)
}

func TestIndexVector(t *testing.T) {
	var v sealings
	vectors.Load(t, "sealing.json", &v)
	key := keys.IndexKey(v.VK.secret(), v.Vault, v.Device, v.Epoch)
	same(t, "index key", key.Reveal(), v.IndexKey)
	ref := keys.SegmentRef{Account: v.Account, Vault: v.Vault, Device: v.Device, Epoch: v.Epoch, Segment: v.Segment, Part: v.Part}
	segment, err := keys.OpenSegment(key, ref, v.SealedSegment)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "segment", segment, v.Plaintext)
}

func TestSecretKeyVectors(t *testing.T) {
	var cases []struct {
		Raw  hexBytes
		Text string
	}
	vectors.Load(t, "secretkey.json", &cases)
	if len(cases) == 0 {
		t.Fatal("no vectors")
	}
	for _, v := range cases {
		key, err := keys.ParseSecretKey(v.Text)
		if err != nil || key.Text() != v.Text {
			t.Errorf("%s becomes %s, %v", v.Text, key.Text(), err)
		}
	}
}

type spellings struct {
	Raw      hexBytes
	Accepted []string
	Refused  []struct{ Name, Text string }
}

func (v spellings) check(t *testing.T, parse func(string) (secret.Bytes, error)) {
	t.Helper()
	for _, text := range v.Accepted {
		got, err := parse(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		same(t, text, got.Reveal(), v.Raw)
	}
	for _, r := range v.Refused {
		if _, err := parse(r.Text); err == nil {
			t.Errorf("taken: %s, %q", r.Name, r.Text)
		}
	}
}

func TestTextVectors(t *testing.T) {
	var v struct {
		SecretKey    spellings `json:"secret_key"`
		RecoveryCode spellings `json:"recovery_code"`
	}
	vectors.Load(t, "text.json", &v)
	v.SecretKey.check(t, func(text string) (secret.Bytes, error) {
		key, err := keys.ParseSecretKey(text)
		return key.Bytes(), err
	})
	v.RecoveryCode.check(t, func(text string) (secret.Bytes, error) {
		code, err := keys.ParseRecoveryCode(text)
		return code.Bytes(), err
	})
}
