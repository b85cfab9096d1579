package updater

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// checkInstalled asks macOS whether the application is still intact: its seal covers the executable, and a seal that is broken by
// replacing it in place means that this release wants its package. Outside a bundle there is no seal.
func checkInstalled(path string) error {
	bundle, _, found := strings.Cut(filepath.Dir(path), ".app/Contents/MacOS")
	if !found {
		return nil
	}
	if out, err := exec.Command("/usr/bin/codesign", "--verify", "--strict", bundle+".app").CombinedOutput(); err != nil {
		return fmt.Errorf("the application's seal does not fit the new program: %w: %.200s", err, out)
	}
	return nil
}

// osVersion is such as "14.2.1".
func osVersion() string {
	v, err := unix.Sysctl("kern.osproductversion")
	if err != nil {
		return ""
	}
	return v
}
