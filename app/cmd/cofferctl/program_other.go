//go:build !windows

package main

// programFile is the desktop program, in the folder of this one.
const programFile = "coffer"

// installedVersion: elsewhere than on Windows nobody lists it apart from the program.
func installedVersion() string { return "" }

// systemProxy: elsewhere than on Windows the environment says it, which Coffer follows.
func systemProxy() string { return "" }
