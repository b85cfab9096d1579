package cloud

import (
	"bytes"
	"crypto/ecdh"
	"crypto/mlkem"

	"github.com/coffer-vault/coffer/sync/chain"
)

// probe is any private key.
var probe = func() *ecdh.PrivateKey {
	key, err := ecdh.X25519().NewPrivateKey(bytes.Repeat([]byte{1}, 32))
	if err != nil {
		panic(err)
	}
	return key
}()

// canReceive tells whether HPKE can seal to a key: ML-KEM's check of an encapsulation key (FIPS 203 §7.2), and a point of X25519 that
// is not of small order (RFC 7748 §6.1). A new Secret Key needs a wrap for every device: one key that cannot receive would keep the
// account from ever changing it while that device is in.
func canReceive(key chain.ReceiveKey) bool {
	point, errPoint := ecdh.X25519().NewPublicKey(key[mlkem.EncapsulationKeySize768:])
	_, errKEM := mlkem.NewEncapsulationKey768(key[:mlkem.EncapsulationKeySize768])
	if errPoint != nil || errKEM != nil {
		return false
	}
	_, err := probe.ECDH(point)
	return err == nil
}
