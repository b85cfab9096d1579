package cloud

import (
	"context"

	"github.com/coffer-vault/coffer/crypto/signing"
)

// CountVerifications makes p count the signatures that it checks, not those under a key that is refused at once.
func (p *prover) CountVerifications() *int {
	n := new(int)
	verify := p.verify
	p.verify = func(k signing.PublicKey, purpose signing.Purpose, msg, sig []byte) error {
		if _, err := signing.ParsePublicKey(k[:]); err == nil {
			*n++
		}
		return verify(k, purpose, msg, sig)
	}
	return n
}

// Round is what Run does each time.
func (j *Janitor) Round(ctx context.Context) { j.round(ctx) }
