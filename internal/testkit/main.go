package testkit

import (
	"os"
	"testing"
)

// Main is the TestMain of packages whose tests make many accounts. Key derivation is cheap, and temporary files are in memory where
// the system has some: every save, on every device and on the server, waits for its disk otherwise. What a disk keeps of them is
// tested where files are written.
func Main(m *testing.M) {
	LowerKDFCost()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	if os.Getenv("TMPDIR") == "" {
		if dir := inMemory(); dir != "" {
			defer os.RemoveAll(dir)
			os.Setenv("TMPDIR", dir)
		}
	}
	return m.Run()
}
