package platform

import (
	"path/filepath"
	"testing"
)

func TestLowDiskSpace(t *testing.T) {
	dir := t.TempDir()
	free, err := freeSpace(dir)
	if err != nil || free == 0 {
		t.Fatalf("%d bytes free, %v", free, err)
	}
	if low, err := LowDiskSpace(dir); low != (free < lowDisk) || err != nil {
		t.Errorf("low %v with %d bytes free, %v", low, free, err)
	}
	if _, err := LowDiskSpace(filepath.Join(dir, "missing")); err == nil {
		t.Error("a folder that is not there has space")
	}
}
