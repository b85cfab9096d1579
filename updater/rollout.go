package updater

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"

	"github.com/coffer-vault/coffer/internal/buildinfo"
)

// bucket places this computer in a rollout, 0 to 99. It differs from release to release, so that nobody is always first, and a host
// cannot compute it: the id never leaves the computer.
func bucket(id []byte, v buildinfo.Number) int {
	mac := hmac.New(sha256.New, id)
	mac.Write([]byte("coffer rollout " + v.String()))
	return int(binary.BigEndian.Uint64(mac.Sum(nil)) % 100)
}
