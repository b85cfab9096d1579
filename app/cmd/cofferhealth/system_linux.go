package main

import (
	"bufio"
	"io"
	"os"
	"strings"
)

// system is the distribution's name of itself.
func system() string {
	f, err := os.Open("/etc/os-release")
	if err != nil {
		return "linux"
	}
	defer f.Close()
	return distribution(f)
}

// distribution reads PRETTY_NAME (os-release(5)).
func distribution(r io.Reader) string {
	for lines := bufio.NewScanner(io.LimitReader(r, 64<<10)); lines.Scan(); {
		if name, ok := strings.CutPrefix(lines.Text(), "PRETTY_NAME="); ok {
			return "linux " + strings.Trim(name, `"'`)
		}
	}
	return "linux"
}

// updaterStopped: here the package manager updates, or the program itself.
func updaterStopped() bool { return false }
