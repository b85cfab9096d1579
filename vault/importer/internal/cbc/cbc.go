// Package cbc decrypts what other programs encrypted with a block cipher in CBC mode. Coffer itself never uses it.
package cbc

import (
	"bytes"
	"crypto/cipher"
)

// Open decrypts into new memory and removes the PKCS #7 padding. ok is false if the lengths or the padding are wrong, which a
// wrong key leaves to chance: one in 256 passes.
func Open(block cipher.Block, iv, sealed []byte) (plain []byte, ok bool) {
	size := block.BlockSize()
	if len(iv) != size || len(sealed) == 0 || len(sealed)%size != 0 {
		return nil, false
	}
	plain = make([]byte, len(sealed))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(plain, sealed)
	padding := int(plain[len(plain)-1])
	if padding == 0 || padding > size {
		return nil, false
	}
	text, tail := plain[:len(plain)-padding], plain[len(plain)-padding:]
	return text, bytes.Count(tail, []byte{byte(padding)}) == padding
}
