package seal

import (
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"

	"golang.org/x/crypto/chacha20poly1305"

	"github.com/coffer-vault/coffer/crypto/canonical"
	"github.com/coffer-vault/coffer/crypto/secret"
)

// derived is the encryption key and the commitment of one envelope, 32 bytes each.
type derived []byte

// derive binds both to the key, the nonce, the whole header and the context.
func derive(key secret.Bytes, header, context []byte) derived {
	nonce := header[headerSize-nonceSize:]
	var short [256]byte
	bound := sha256.Sum256(canonical.Append(short[:0], context, header))
	info := canonical.Append(short[:0], "coffer/v1/envelope", bound)
	out, err := hkdf.Key(sha256.New, key.Reveal(), nonce, string(info), chacha20poly1305.KeySize+commitmentSize)
	if err != nil {
		panic(err) // the length is a constant below HKDF's limit
	}
	return out
}

func (d derived) commitment() []byte { return d[chacha20poly1305.KeySize:] }

func (d derived) wipe() { clear(d) }

func (d derived) aead() cipher.AEAD {
	aead, err := chacha20poly1305.NewX(d[:chacha20poly1305.KeySize])
	if err != nil {
		panic(err) // the length is a constant
	}
	return aead
}

// open decrypts the part of an envelope that follows the commitment.
func (d derived) open(envelope, context []byte) ([]byte, error) {
	header := envelope[:headerSize]
	nonce := header[headerSize-nonceSize:]
	var short [256]byte
	padded, err := d.aead().Open(nil, nonce, envelope[bodyOffset:], additional(short[:0], header, context))
	if err != nil {
		return nil, ErrOpen
	}
	return unpad(padded)
}
