package keys

import (
	"github.com/coffer-vault/coffer/crypto/canonical"
	"github.com/coffer-vault/coffer/crypto/seal"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/crypto/signing"
	"github.com/coffer-vault/coffer/crypto/wrap"
)

// Identity is the key pairs of an account towards others: one signs the account
// log, the other receives keys.
type Identity struct {
	Sign    signing.PrivateKey
	Receive wrap.PrivateKey
}

// NewIdentity makes one from the system's random source.
func NewIdentity() Identity {
	return Identity{Sign: signing.Generate(), Receive: wrap.Generate()}
}

// Wipe clears both private keys.
func (i Identity) Wipe() {
	i.Sign.Wipe()
	i.Receive.Wipe()
}

// identitySeeds is the plaintext of a sealed identity.
type identitySeeds struct {
	Sign    []byte `cbor:"1,keyasint"`
	Receive []byte `cbor:"2,keyasint"`
}

func (i Identity) marshal() (secret.Bytes, error) {
	sign, receive := i.Sign.Seed(), i.Receive.Seed()
	defer sign.Wipe()
	defer receive.Wipe()
	if sign.IsZero() || receive.IsZero() {
		return secret.Bytes{}, seal.ErrKey
	}
	data, err := canonical.Marshal(identitySeeds{Sign: sign.Reveal(), Receive: receive.Reveal()})
	return secret.New(data), err
}

func unmarshalIdentity(data []byte) (Identity, error) {
	var seeds identitySeeds
	if err := canonical.Unmarshal(data, &seeds); err != nil {
		return Identity{}, err
	}
	signSeed, receiveSeed := secret.New(seeds.Sign), secret.New(seeds.Receive)
	defer signSeed.Wipe()
	defer receiveSeed.Wipe()
	sign, err := signing.FromSeed(signSeed)
	if err != nil {
		return Identity{}, err
	}
	receive, err := wrap.FromSeed(receiveSeed)
	if err != nil {
		return Identity{}, err
	}
	return Identity{Sign: sign, Receive: receive}, nil
}
