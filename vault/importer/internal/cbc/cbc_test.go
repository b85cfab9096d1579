package cbc

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"strings"
	"testing"
)

func TestOpen(t *testing.T) {
	block, err := aes.NewCipher(make([]byte, 16))
	if err != nil {
		t.Fatal(err)
	}
	iv := []byte("sixteen byte iv.")
	for _, c := range []struct {
		padded string // before encryption
		want   string
		ok     bool
	}{
		{"hello" + strings.Repeat("\x0b", 11), "hello", true},
		{strings.Repeat("\x10", 16), "", true},
		{"exactly 16 bytes" + strings.Repeat("\x10", 16), "exactly 16 bytes", true},
		{"fifteen bytes..\x00", "", false},
		{"fifteen bytes..\x11", "", false},
		{"uneven paddin\x03\x02\x03", "", false},
		{"", "", false},
	} {
		sealed := []byte(c.padded)
		if len(sealed)%16 == 0 {
			cipher.NewCBCEncrypter(block, iv).CryptBlocks(sealed, sealed)
		}
		before := bytes.Clone(sealed)
		plain, ok := Open(block, iv, sealed)
		if ok != c.ok || ok && string(plain) != c.want || !bytes.Equal(sealed, before) {
			t.Errorf("%q: %q, %v", c.padded, plain, ok)
		}
	}
	if _, ok := Open(block, iv[:15], make([]byte, 16)); ok {
		t.Error("a short IV was accepted")
	}
}
