//go:build !windows

package main

// programFile is the desktop program, in the folder of this one.
const programFile = "coffer"

// updateService: elsewhere than on Windows there is none.
func updateService() string { return "" }
