package seal

import (
	"bytes"
	"encoding/hex"
	"errors"
	"testing"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/docs/vectors"
)

var (
	key    = secret.FromString("an envelope's key of 32 bytes...")
	header = Header{Purpose: Object, Epoch: 7, KeyID: id.ID{1, 2, 3}}
)

const context = "context"

func mustSeal(t testing.TB, plaintext []byte) []byte {
	t.Helper()
	envelope, err := Seal(key, header, []byte(context), plaintext)
	if err != nil {
		t.Fatal(err)
	}
	return envelope
}

// refused fails unless the one error comes back, and nothing beside it.
func refused(t *testing.T, name string, plaintext []byte, err error) {
	t.Helper()
	if err != ErrOpen || plaintext != nil {
		t.Errorf("%s: %x, %v", name, plaintext, err)
	}
}

type vector struct {
	Key, Nonce, Context, Plaintext, Envelope string
	Purpose                                  Purpose
	Epoch                                    uint32
	KeyID                                    id.ID `json:"key_id"`
}

// The vectors come from docs/vectors/vectors.py, which shares no code with this.
func TestVectors(t *testing.T) {
	var cases []vector
	vectors.Load(t, "envelope.json", &cases)
	for _, v := range cases {
		key, h := secret.New(fromHex(t, v.Key)), Header{v.Purpose, v.Epoch, v.KeyID}
		plaintext, context := fromHex(t, v.Plaintext), fromHex(t, v.Context)
		opened, err := Open(key, h, context, fromHex(t, v.Envelope))
		if err != nil || !bytes.Equal(opened, plaintext) {
			t.Errorf("%d bytes: %x, %v", len(plaintext), opened, err)
		}
		sealed, err := sealWith([nonceSize]byte(fromHex(t, v.Nonce)), key, h, context, plaintext)
		if err != nil || hex.EncodeToString(sealed) != v.Envelope {
			t.Errorf("%d bytes seal otherwise: %v", len(plaintext), err)
		}
	}
}

func TestForgeryVectors(t *testing.T) {
	var v struct {
		Key, Context, Plaintext, Envelope vectors.Hex
		Purpose                           Purpose
		Epoch                             uint32
		KeyID                             id.ID `json:"key_id"`
		Refused                           []struct {
			Name     string
			Envelope vectors.Hex
		}
	}
	vectors.Load(t, "forgery.json", &v)
	key, h := secret.New(v.Key), Header{v.Purpose, v.Epoch, v.KeyID}
	if got, err := Open(key, h, v.Context, v.Envelope); err != nil || !bytes.Equal(got, v.Plaintext) {
		t.Errorf("the right one: %x, %v", got, err)
	}
	for _, r := range v.Refused {
		got, err := Open(key, h, v.Context, r.Envelope)
		refused(t, r.Name, got, err)
	}
}

func fromHex(t *testing.T, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestRoundTrip(t *testing.T) {
	for _, size := range []int{0, 1, 60, 61, 300, 4092, 4093, 100_000, MaxPlaintext} {
		plaintext := bytes.Repeat([]byte{0xa5}, size)
		envelope := mustSeal(t, plaintext)
		before := bytes.Clone(envelope)
		opened, err := Open(key, header, []byte(context), envelope)
		if err != nil || !bytes.Equal(opened, plaintext) {
			t.Errorf("%d bytes: %v", size, err)
		}
		if cap(opened) != len(opened) {
			t.Errorf("%d bytes: an append would write into the padding", size)
		}
		if !bytes.Equal(before, envelope) {
			t.Errorf("%d bytes: opening changed the envelope", size)
		}
	}
}

func TestLimits(t *testing.T) {
	largest := mustSeal(t, make([]byte, MaxPlaintext))
	if len(largest) > MaxEnvelope || len(largest)+paddingStep <= MaxEnvelope {
		t.Errorf("the largest envelope has %d bytes", len(largest))
	}
	if _, err := Seal(key, header, nil, make([]byte, MaxPlaintext+1)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("one byte more: %v", err)
	}
}

func TestNoKey(t *testing.T) {
	envelope := mustSeal(t, nil)
	wiped := key.Clone()
	wiped.Wipe()
	for name, key := range map[string]secret.Bytes{
		"zero": {}, "wiped": wiped, "31 bytes": secret.Random(31), "33 bytes": secret.Random(33),
	} {
		if _, err := Seal(key, header, nil, nil); err != ErrKey {
			t.Errorf("seal, %s: %v", name, err)
		}
		if _, err := Open(key, header, []byte(context), envelope); err != ErrKey {
			t.Errorf("open, %s: %v", name, err)
		}
	}
}

func TestNoncesDiffer(t *testing.T) {
	seen := make(map[string]bool)
	for range 1000 {
		envelope := mustSeal(t, nil)
		seen[string(envelope[headerSize-nonceSize:headerSize])] = true
	}
	if len(seen) != 1000 {
		t.Errorf("%d nonces in 1000 envelopes", len(seen))
	}
}

func TestEveryBitCounts(t *testing.T) {
	for _, size := range []int{0, 32, 200} {
		envelope := mustSeal(t, make([]byte, size))
		for bit := range len(envelope) * 8 {
			envelope[bit/8] ^= 1 << (bit % 8)
			opened, err := Open(key, header, []byte(context), envelope)
			refused(t, "flipped", opened, err)
			envelope[bit/8] ^= 1 << (bit % 8)
		}
	}
}

func TestEveryByteCounts(t *testing.T) {
	envelope := mustSeal(t, make([]byte, 100))
	for n := range len(envelope) {
		opened, err := Open(key, header, []byte(context), envelope[:n])
		refused(t, "cut", opened, err)
		opened, err = Open(key, header, []byte(context), envelope[n+1:])
		refused(t, "beheaded", opened, err)
	}
	for _, n := range []int{1, 16, 64, 4096} {
		opened, err := Open(key, header, []byte(context), append(bytes.Clone(envelope), make([]byte, n)...))
		refused(t, "extended", opened, err)
	}
}

func TestOpensInItsPlaceOnly(t *testing.T) {
	envelope := mustSeal(t, []byte("plaintext"))
	for _, test := range []struct {
		name    string
		key     secret.Bytes
		header  Header
		context string
	}{
		{"key", secret.FromString("an envelope's key of 32 bytes.,."), header, context},
		{"purpose", key, Header{SealedKey, header.Epoch, header.KeyID}, context},
		{"epoch", key, Header{header.Purpose, 8, header.KeyID}, context},
		{"no epoch", key, Header{header.Purpose, 0, header.KeyID}, context},
		{"key id", key, Header{header.Purpose, header.Epoch, id.ID{1, 2, 4}}, context},
		{"context", key, header, "contexu"},
		{"longer context", key, header, context + "x"},
		{"shorter context", key, header, context[1:]},
		{"no context", key, header, ""},
	} {
		opened, err := Open(test.key, test.header, []byte(test.context), envelope)
		refused(t, "other "+test.name, opened, err)

		// The same with the header rewritten to what the reader expects.
		rewritten := append(test.header.append(nil), envelope[headerSize-nonceSize:]...)
		opened, err = Open(test.key, test.header, []byte(test.context), rewritten)
		refused(t, "rewritten "+test.name, opened, err)
	}
}

// Parts of two envelopes under the same key in the same place do not mix.
func TestPartsDoNotMix(t *testing.T) {
	a, b := mustSeal(t, []byte("aaaa")), mustSeal(t, []byte("bbbb"))
	for _, cut := range [][2]int{{headerSize - nonceSize, headerSize}, {headerSize, bodyOffset}, {bodyOffset, len(a)}, {len(a) - 16, len(a)}} {
		mixed := bytes.Clone(a)
		copy(mixed[cut[0]:cut[1]], b[cut[0]:cut[1]])
		opened, err := Open(key, header, []byte(context), mixed)
		refused(t, "mixed", opened, err)
	}
}

// One suite: everything that might be an older or newer format is refused.
func TestOtherSuites(t *testing.T) {
	for suite := range 256 {
		if suite == 1 {
			continue
		}
		envelope := mustSeal(t, nil)
		envelope[len(magic)] = byte(suite)
		opened, err := Open(key, header, []byte(context), envelope)
		refused(t, "suite", opened, err)
	}
	for _, magic := range []string{"CFE0", "CFE2", "cfe1", "\x00\x00\x00\x00"} {
		opened, err := Open(key, header, []byte(context), append([]byte(magic), mustSeal(t, nil)[4:]...))
		refused(t, magic, opened, err)
	}
}

// FuzzOpen: what opens is, byte for byte, what Seal makes of the plaintext.
func FuzzOpen(f *testing.F) {
	for _, size := range []int{0, 60, 61, 300} {
		envelope, err := sealWith([nonceSize]byte{byte(size)}, key, header, []byte(context), make([]byte, size))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(envelope, []byte(context))
	}
	f.Add([]byte(magic), []byte{})
	f.Fuzz(func(t *testing.T, envelope, context []byte) {
		plaintext, err := Open(key, header, context, envelope)
		if err != nil {
			refused(t, "fuzzed", plaintext, err)
			return
		}
		nonce := [nonceSize]byte(envelope[headerSize-nonceSize:])
		again, err := sealWith(nonce, key, header, context, plaintext)
		if err != nil || !bytes.Equal(again, envelope) {
			t.Errorf("%x opens, but seals as %x, %v", envelope, again, err)
		}
	})
}
