package updater

import (
	"os"
	"path/filepath"
	"testing"
)

// diskDir is a folder from which programs can be started; t.TempDir may be in memory.
var diskDir = os.TempDir()

func TestMain(m *testing.M) {
	if version, behaviour, ok := readTrailer(); ok {
		os.Exit(fakeProgram(version, behaviour))
	}
	// The tests flush hundreds of small files to the disk, and none of them is about the disk.
	const memory = "/dev/shm"
	if probe, err := os.MkdirTemp(memory, "probe"); err == nil {
		os.Remove(probe)
		if roomy(memory) {
			os.Setenv("TMPDIR", memory)
		}
	}
	os.Exit(m.Run())
}

// programFolder is a folder for programs that nobody else can write.
func programFolder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp(diskDir, "coffer-program")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	// On macOS the temporary folder is behind a link.
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}
