//go:build !windows

package main

// installedDomain is the base domain that an administrator has set with the installer. Only the one for Windows can.
func installedDomain() string { return "" }
