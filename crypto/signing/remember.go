package signing

import (
	"crypto/ed25519"
	"crypto/sha256"
	"sync"
	"testing"
)

// remembered are signatures that crypto/ed25519 has accepted, where a test binary asked for it: what every device of a simulated account
// verifies is the same bytes. It stays off in every program.
var remembered struct {
	sync.RWMutex
	on       bool
	accepted map[[sha256.Size]byte]bool
}

// maxRemembered bounds the memory of it: a few hundred KiB.
const maxRemembered = 4096

// RememberForTests has every signature of this process that was accepted be accepted again without being computed, for the same key,
// purpose and message. It panics outside a test binary.
func RememberForTests() {
	if !testing.Testing() {
		panic("signing: signatures are remembered in tests only")
	}
	remembered.Lock()
	defer remembered.Unlock()
	remembered.on, remembered.accepted = true, map[[sha256.Size]byte]bool{}
}

// accepts verifies a signature of what was signed, or remembers that it has.
func (k PublicKey) accepts(message, sig []byte) bool {
	remembered.RLock()
	on := remembered.on
	remembered.RUnlock()
	if !on || len(sig) != ed25519.SignatureSize {
		return ed25519.Verify(k[:], message, sig)
	}
	name := sha256.Sum256(append(append(k[:], sig...), message...)) // key and signature have one length each
	remembered.Lock()
	defer remembered.Unlock()
	if remembered.accepted[name] {
		return true
	}
	if !ed25519.Verify(k[:], message, sig) {
		return false
	}
	if len(remembered.accepted) >= maxRemembered {
		clear(remembered.accepted)
	}
	remembered.accepted[name] = true
	return true
}
