package main

import "github.com/coffer-vault/coffer/updater/machine"

// installedDomain is the base domain that an administrator has set with the installer.
func installedDomain() string { return machine.Setting("Server") }
