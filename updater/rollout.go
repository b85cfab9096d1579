package updater

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"time"

	"github.com/coffer-vault/coffer/internal/buildinfo"
	"github.com/coffer-vault/coffer/internal/policy"
)

// bucket places this computer in a rollout, 0 to 99. It differs from release to release, so that nobody is always first, and a host
// cannot compute it: the id never leaves the computer.
func bucket(id []byte, v buildinfo.Number) int {
	mac := hmac.New(sha256.New, id)
	mac.Write([]byte("coffer rollout " + v.String()))
	return int(binary.BigEndian.Uint64(mac.Sum(nil)) % 100)
}

// place is the percentage from which on this computer has a release. The pilots of an organization are the first of all.
func (c *Client) place(ring policy.Ring, v buildinfo.Number) int {
	if ring == policy.Pilot {
		return 0
	}
	return bucket(c.id, v)
}

// Hold is what keeps a release away, empty if nothing does.
type Hold string

// The holds.
const (
	ByPause Hold = "pause" // nothing is to be installed for now
	ByPin   Hold = "pin"   // the release is newer than the newest that is wanted
)

// HeldBy says why a policy does not want a release at a moment. It holds urgent ones too: an administrator who says so has other means.
func HeldBy(p policy.Policy, v buildinfo.Number, now time.Time) Hold {
	switch {
	case p.UpdatePin != buildinfo.Number{} && p.UpdatePin.Less(v):
		return ByPin
	case p.Paused(now):
		return ByPause
	}
	return ""
}
