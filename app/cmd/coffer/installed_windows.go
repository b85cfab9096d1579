package main

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/coffer-vault/coffer/updater/machine"
)

const programFile = "coffer.exe"

// installedForAll reports whether this is the program that was installed for the whole computer, and that a service keeps current.
func installedForAll() bool {
	self, err := os.Executable()
	folder := machine.Setting("InstallDir")
	return err == nil && folder != "" && strings.EqualFold(filepath.Clean(folder), filepath.Dir(self))
}
