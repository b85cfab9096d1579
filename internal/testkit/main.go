package testkit

import (
	"os"
	"testing"
)

// Main is the TestMain of packages whose tests make many accounts. Key derivation is cheap, and temporary files are in memory.
func Main(m *testing.M) {
	LowerKDFCost()
	os.Exit(InMemory(m.Run))
}

// InMemory runs tests with their temporary files in memory where the system has enough: every save, on every device and on the server,
// waits for its disk otherwise. What a disk keeps of them is tested where files are written.
func InMemory(run func() int) int {
	if os.Getenv("TMPDIR") == "" {
		if dir := inMemory(); dir != "" {
			defer os.RemoveAll(dir)
			os.Setenv("TMPDIR", dir)
		}
	}
	return run()
}
