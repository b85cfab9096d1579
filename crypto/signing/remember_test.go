package signing

import (
	"bytes"
	"testing"
)

// Whatever is remembered, nothing is accepted but a signature that this key has made of this message for this purpose.
func TestRememberedSignatures(t *testing.T) {
	RememberForTests()
	defer func() { remembered.on = false }()
	key, other := Generate(), Generate()
	msg, sig := []byte("message"), key.Sign(Commit, []byte("message"))
	flipped := bytes.Clone(sig)
	flipped[0] ^= 1
	for range 2 { // anew, then remembered
		for name, c := range map[string]struct {
			key      PublicKey
			purpose  Purpose
			msg, sig []byte
			accepted bool
		}{
			"as it was made":    {key.Public(), Commit, msg, sig, true},
			"another key":       {other.Public(), Commit, msg, sig, false},
			"another purpose":   {key.Public(), Request, msg, sig, false},
			"another message":   {key.Public(), Commit, []byte("Message"), sig, false},
			"another signature": {key.Public(), Commit, msg, flipped, false},
			"moved boundary":    {key.Public(), Commit, append(sig[63:64:64], msg...), sig[:63], false},
			"a longer one":      {key.Public(), Commit, msg[1:], append(bytes.Clone(sig), msg[0]), false},
			"no key":            {PublicKey{}, Commit, msg, sig, false},
		} {
			if err := c.key.Verify(c.purpose, c.msg, c.sig); (err == nil) != c.accepted {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if len(remembered.accepted) != 1 {
		t.Errorf("%d are remembered, want the one that was accepted", len(remembered.accepted))
	}
}

// A long run does not fill the memory.
func TestRememberedSignaturesAreForgotten(t *testing.T) {
	RememberForTests()
	defer func() { remembered.on = false }()
	for i := range maxRemembered {
		remembered.accepted[[32]byte{byte(i), byte(i >> 8)}] = true
	}
	key := Generate()
	if err := key.Public().Verify(Commit, nil, key.Sign(Commit, nil)); err != nil || len(remembered.accepted) != 1 {
		t.Errorf("%v, %d remembered", err, len(remembered.accepted))
	}
}
