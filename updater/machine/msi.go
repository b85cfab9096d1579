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

// arguments run Windows Installer without a window and without a restart. ALLUSERS says that the package is for the whole computer:
// as LocalSystem it refuses anything else.
func arguments(msi, log string) []string {
	return []string{"/i", msi, "/qn", "/norestart", "REBOOT=ReallySuppress", "ALLUSERS=1", "/l*v", log}
}

type result int

const (
	installed result = iota
	later            // the computer is busy; nothing was tried
	failed
)

// outcome reads an exit code of Windows Installer (learn.microsoft.com, "MsiExec.exe and InstMsi.exe error messages").
func outcome(code int) result {
	switch code {
	case 0, 1641, 3010: // success; the computer should restart or, against our wish, does
		return installed
	case 1618, 1602: // another installation runs; somebody cancelled
		return later
	}
	return failed
}

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
