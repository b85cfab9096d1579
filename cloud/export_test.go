package cloud

import "github.com/coffer-vault/coffer/crypto/signing"

// CountVerifications makes s count the signatures that it checks.
func (s *SignIn) CountVerifications() *int {
	n := new(int)
	verify := s.verify
	s.verify = func(k signing.PublicKey, p signing.Purpose, msg, sig []byte) error {
		*n++
		return verify(k, p, msg, sig)
	}
	return n
}
