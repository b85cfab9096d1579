//go:build !windows

package main

const programFile = "coffer"

// installedDomain is the base domain that an administrator has set with the installer. Only the one for Windows can.
func installedDomain() string { return "" }

// installedForAll: elsewhere there is no service that updates.
func installedForAll() bool { return false }
