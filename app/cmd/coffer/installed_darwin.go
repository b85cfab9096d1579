package main

import (
	"os"
	"strings"
)

const programFile = "coffer"

// The package's application and daemon; installer/macos has both names too.
const (
	macApplication = "/Applications/Coffer.app/"
	macDaemon      = "/Library/LaunchDaemons/io.github.coffer-vault.coffer.updater.plist"
)

// installedForAll reports whether this is the program that a package installed for the whole computer, and that a daemon keeps current.
func installedForAll() bool {
	self, err := os.Executable()
	if err != nil || !strings.HasPrefix(self, macApplication) {
		return false
	}
	_, err = os.Stat(macDaemon)
	return err == nil
}
