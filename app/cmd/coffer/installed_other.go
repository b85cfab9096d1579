//go:build !windows

package main

const programFile = "coffer"

// installedForAll: elsewhere there is no service that updates.
func installedForAll() bool { return false }
