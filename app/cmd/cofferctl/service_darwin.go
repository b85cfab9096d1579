package main

import (
	"os"
	"strings"
)

// The package's application and daemon; installer/macos has both names too.
const (
	macApplication = "/Applications/Coffer.app/"
	macDaemon      = "/Library/LaunchDaemons/io.github.coffer-vault.coffer.updater.plist"
)

// updateService is empty for a copy elsewhere, which the daemon does not keep current.
func updateService() string {
	self, err := os.Executable()
	if err != nil || !strings.HasPrefix(self, macApplication) {
		return ""
	}
	if _, err := os.Stat(macDaemon); err != nil {
		return ""
	}
	return "the daemon io.github.coffer-vault.coffer.updater fetches them, and installs them if the policy says AutoUpdate"
}
