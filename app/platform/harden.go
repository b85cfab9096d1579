package platform

import "fmt"

// DisableCoreDumps keeps the memory of this process out of files when it crashes. It is called first in main, before there is a
// secret to keep.
//
// On Linux it does not make the process undumpable altogether (PR_SET_DUMPABLE): desktop portals then refuse to talk to it, and
// a program that runs as the same user is outside the threat model.
func DisableCoreDumps() error {
	if err := disableCoreDumps(); err != nil {
		return fmt.Errorf("disable core dumps: %w", err)
	}
	return nil
}
