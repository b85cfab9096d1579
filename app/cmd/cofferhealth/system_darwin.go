package main

import "golang.org/x/sys/unix"

// system is the version of macOS; without it where the kernel does not say.
func system() string {
	version, err := unix.Sysctl("kern.osproductversion")
	if err != nil {
		return "macos"
	}
	return "macos " + version
}

// updaterStopped: launchd starts the daemon again, and tells nobody without rights of it.
func updaterStopped() bool { return false }
