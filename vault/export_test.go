package vault

import (
	"testing"
	"time"
)

// SetPart makes the parts smaller in which many items change.
func SetPart(t *testing.T, items int) {
	before := partItems
	partItems = items
	t.Cleanup(func() { partItems = before })
}

// CheckLate makes the check of every vault wait for longer than a test takes.
func CheckLate(t *testing.T) {
	size, moment := largeVault, aMoment
	largeVault, aMoment = 0, 1000*time.Hour
	t.Cleanup(func() { largeVault, aMoment = size, moment })
}

// Closing is closed when the vault begins to lock.
func (v *Vault) Closing() <-chan struct{} { return v.life.Done() }
