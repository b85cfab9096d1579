package proof

import (
	"crypto/sha256"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/signing"
)

// fields joins as docs/protocol.md §2 words it, without the code under test.
func fields(parts ...string) string {
	var b strings.Builder
	for _, p := range parts {
		b.Write(binary.BigEndian.AppendUint32(nil, uint32(len(p))))
		b.WriteString(p)
	}
	return b.String()
}

func u64(n uint64) string { return string(binary.BigEndian.AppendUint64(nil, n)) }

func hash(b string) string { h := sha256.Sum256([]byte(b)); return string(h[:]) }

func TestSignInMessageIsTheOneOfTheDocument(t *testing.T) {
	account, device := id.ID{1, 2}, id.ID{3}
	key := signing.PublicKey{4}
	got := SignIn{Origin: "https://api.example", Account: account, Email: "a@b.example", Device: device, DeviceKey: key, Nonce: []byte("nonce"), Expires: 7}.Message()
	want := fields("coffer/v1/sign-in", "https://api.example", string(account[:]), "a@b.example", string(device[:]), string(key[:]), "nonce", u64(7))
	if string(got) != want {
		t.Fatalf("got %x\nwant %x", got, want)
	}
}

func TestRequestMessageIsTheOneOfTheDocument(t *testing.T) {
	account, device := id.ID{1, 2}, id.ID{3}
	r := Request{Origin: "https://api.example", Method: "POST", Path: "/v1/x", Query: "a=b", Body: []byte("{}"), Token: []byte("token"), Account: account, Device: device, Time: 9, Nonce: [16]byte{5}}
	want := fields("coffer/v1/request", "https://api.example", "POST", "/v1/x", "a=b", hash("{}"), string(account[:]), string(device[:]), hash("token"), u64(9), string(r.Nonce[:]))
	if string(r.Message()) != want {
		t.Fatalf("got %x\nwant %x", r.Message(), want)
	}
}

func TestFreshProofsAreTheOnesOfTheDocument(t *testing.T) {
	account, device := id.ID{1, 2}, id.ID{3}
	batch, key := [32]byte{6}, signing.PublicKey{4}
	const origin = "https://api.example"
	who := []string{origin, string(account[:]), string(device[:]), "nonce", u64(7)}
	for label, c := range map[string]struct {
		got  []byte
		want []string
	}{
		"coffer/v1/account-change": {
			AccountChange{Origin: origin, Account: account, Device: device, Nonce: []byte("nonce"), Expires: 7, Batch: batch}.Message(),
			append(who[:5:5], string(batch[:])),
		},
		"coffer/v1/approval": {
			Approval{
				Origin: origin, Account: account, Device: device, Nonce: []byte("nonce"), Expires: 7, Pairing: id.ID{8}, Commitment: []byte("commitment"), Batch: batch,
			}.Message(),
			append(who[:5:5], string(append([]byte{8}, make([]byte, 15)...)), "commitment", string(batch[:])),
		},
		"coffer/v1/email-change": {
			EmailChange{Origin: origin, Account: account, Device: device, Nonce: []byte("nonce"), Expires: 7, Email: "new@b.example"}.Message(),
			append(who[:5:5], "new@b.example"),
		},
		"coffer/v1/account-delete": {
			AccountDelete{Origin: origin, Account: account, Device: device, Nonce: []byte("nonce"), Expires: 7}.Message(), who,
		},
		"coffer/v1/recovery": {
			Recovery{Origin: origin, Account: account, Email: "a@b.example", Device: device, DeviceKey: key, Nonce: []byte("nonce"), Expires: 7}.Message(),
			[]string{origin, string(account[:]), "a@b.example", string(device[:]), string(key[:]), "nonce", u64(7)},
		},
	} {
		if want := fields(append([]string{label}, c.want...)...); string(c.got) != want {
			t.Errorf("%s\ngot  %x\nwant %x", label, c.got, want)
		}
	}
}
