package filelock

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// Handles of one process are to each other what processes are.
func TestLocks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	open := func() *os.File {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		return f
	}
	alone, other := open(), open()
	if err := Try(alone); err != nil {
		t.Fatal(err)
	}
	if err := Try(other); !errors.Is(err, ErrLocked) {
		t.Errorf("beside one that has it alone: %v", err)
	}
	alone.Close()
	another := open()
	if err := errors.Join(Share(other), Share(another)); err != nil {
		t.Errorf("together: %v", err)
	}
	third := open()
	if err := Try(third); !errors.Is(err, ErrLocked) {
		t.Errorf("beside those that share it: %v", err)
	}
	other.Close()
	another.Close()
	if err := Try(third); err != nil {
		t.Errorf("after all others: %v", err)
	}
	if err := Try(alone); err == nil || errors.Is(err, ErrLocked) {
		t.Errorf("a closed file: %v", err)
	}
}
