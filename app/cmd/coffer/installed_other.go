//go:build !windows && !darwin

package main

const programFile = "coffer"

// installedForAll: elsewhere there is no service that updates.
func installedForAll() bool { return false }
