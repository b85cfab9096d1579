//go:build !windows && !darwin

package main

import (
	"fmt"
	"os"
)

// Elsewhere Coffer updates itself, or the system's package manager does.
func main() {
	fmt.Fprintln(os.Stderr, "coffer-updater is a service of Windows and macOS")
	os.Exit(1)
}
