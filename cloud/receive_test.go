package cloud

import (
	"bytes"
	"crypto/ecdh"
	"crypto/mlkem"
	"crypto/rand"
	"testing"

	"github.com/coffer-vault/coffer/sync/chain"
)

func TestReceiveKeys(t *testing.T) {
	kem, errKEM := mlkem.GenerateKey768()
	dh, errDH := ecdh.X25519().GenerateKey(rand.Reader)
	if errKEM != nil || errDH != nil {
		t.Fatal(errKEM, errDH)
	}
	good := append(kem.EncapsulationKey().Bytes(), dh.PublicKey().Bytes()...)
	if !canReceive(chain.ReceiveKey(good)) {
		t.Error("a good key is refused")
	}
	point := func(first byte) []byte { return append([]byte{first}, make([]byte, 31)...) }
	for name, c := range map[string]struct {
		at    int
		bytes []byte
	}{
		"a coefficient of q":         {0, []byte{0x01, 0x0d}}, // 3329 in the low 12 bits
		"coefficients that overflow": {0, bytes.Repeat([]byte{0xff}, 1152)},
		"no point":                   {1184, point(0)},
		"a point of order 1":         {1184, point(1)},
		"all zero":                   {0, make([]byte, 1216)},
	} {
		bad := bytes.Clone(good)
		copy(bad[c.at:], c.bytes)
		if canReceive(chain.ReceiveKey(bad)) {
			t.Errorf("%s is taken", name)
		}
	}
}
