//go:build !windows

package main

import (
	"fmt"
	"os"
)

// Elsewhere Coffer updates itself, or the system's package manager does.
func main() {
	fmt.Fprintln(os.Stderr, "coffer-updater is a service of Windows")
	os.Exit(1)
}
