package signing_test

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"testing"

	"github.com/coffer-vault/coffer/crypto/canonical"
	"github.com/coffer-vault/coffer/crypto/signing"
)

// smallOrder lists all encodings of points of small order that crypto/ed25519
// takes: eight points, the spellings with y >= p, and those with a negative zero.
var smallOrder = []string{
	"0100000000000000000000000000000000000000000000000000000000000000", // order 1
	"0100000000000000000000000000000000000000000000000000000000000080",
	"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", // order 2
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
	"0000000000000000000000000000000000000000000000000000000000000000", // order 4
	"0000000000000000000000000000000000000000000000000000000000000080",
	"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
	"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", // order 8
	"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
	"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
	"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
}

// unsigned is R = B, S = 1: [S]B = R + [k]A holds whenever [k]A vanishes, which
// for A of small order is so for every eighth message at least.
func unsigned(t *testing.T) []byte {
	base := fromHex(t, "5866666666666666666666666666666666666666666666666666666666666666")
	return append(append(base, 1), make([]byte, 31)...)
}

func TestSmallOrderKeysVerifyNothing(t *testing.T) {
	sig := unsigned(t)
	for _, text := range smallOrder {
		raw := fromHex(t, text)
		if _, err := signing.ParsePublicKey(raw); !errors.Is(err, signing.ErrPublicKey) {
			t.Errorf("%s parses: %v", text, err)
		}
		forged := false
		for i := range 200 {
			msg := fmt.Appendf(nil, "nobody signed message %d", i)
			// The reason for the list: the standard library accepts this.
			forged = forged || ed25519.Verify(raw, canonical.Concat("coffer/v1/sig/commit", msg), sig)
			if signing.PublicKey(raw).Verify(signing.Commit, msg, sig) == nil {
				t.Fatalf("%s verifies what nobody signed", text)
			}
		}
		if !forged {
			t.Errorf("%s is not of small order, or crypto/ed25519 has changed", text)
		}
	}
}

func TestParsePublicKey(t *testing.T) {
	key := signing.Generate().Public()
	got, err := signing.ParsePublicKey(key[:])
	if err != nil || got != key {
		t.Fatalf("%v, %v", got, err)
	}
	for _, n := range []int{0, 31, 33, 64} {
		if _, err := signing.ParsePublicKey(make([]byte, n)); !errors.Is(err, signing.ErrPublicKey) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

// Every y from p on is the second spelling of a key.
func TestRefusesSecondSpellings(t *testing.T) {
	for low := 0xec; low <= 0xff; low++ {
		for _, high := range []byte{0x7f, 0xff} {
			raw := bytes.Repeat([]byte{0xff}, 32)
			raw[0], raw[31] = byte(low), high
			if _, err := signing.ParsePublicKey(raw); !errors.Is(err, signing.ErrPublicKey) {
				t.Errorf("%x: %v", raw, err)
			}
		}
	}
	// The largest below p - 1 that differs in one place is not refused.
	for i := range 32 {
		raw := bytes.Repeat([]byte{0xff}, 32)
		raw[31] = 0x7f
		raw[i] -= 0x20
		if _, err := signing.ParsePublicKey(raw); err != nil {
			t.Errorf("%x: %v", raw, err)
		}
	}
}
