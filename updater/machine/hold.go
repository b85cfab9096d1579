package machine

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/coffer-vault/coffer/updater"
)

// withdrawn reports whether a release that is staged must not be installed any more.
func withdrawn(err error) bool {
	for _, reason := range []error{updater.ErrHalted, updater.ErrFailedBefore, updater.ErrRollback, updater.ErrUnsupportedOS} {
		if errors.Is(err, reason) {
			return true
		}
	}
	return false
}

// hold opens a staged file so that nobody can write, rename or remove it, and verifies it over that very handle. Whoever closes the
// file lets go of it: after the installation.
func hold(s updater.Staged) (*os.File, error) {
	f, err := openExclusive(s.Path)
	if err != nil {
		return nil, fmt.Errorf("hold package: %w", err)
	}
	h := sha256.New()
	n, err := io.Copy(h, io.LimitReader(f, s.Size+1))
	if err == nil && (n != s.Size || hex.EncodeToString(h.Sum(nil)) != s.SHA256) {
		err = updater.ErrTampered
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("hold package: %w", err), f.Close())
	}
	return f, nil
}
