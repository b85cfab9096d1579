package sqlite

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/coffer-vault/coffer/vault"
)

// A vault file on a network share is neither opened nor made.
func TestNetworkShareIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "vault.db")
	if err := os.WriteFile(path, bytes.Repeat([]byte("v"), leastSize), 0o600); err != nil {
		t.Fatal(err)
	}
	before := onNetwork
	onNetwork = func(string) (bool, error) { return true, nil }
	t.Cleanup(func() { onNetwork = before })
	if _, err := Open(context.Background(), path); !errors.Is(err, vault.ErrNetwork) {
		t.Errorf("opened: %v", err)
	}
	if _, err := Create(context.Background(), path, Contents{}, nil); !errors.Is(err, vault.ErrNetwork) {
		t.Errorf("made: %v", err)
	}
	files, err := os.ReadDir(filepath.Dir(path))
	if content, readErr := os.ReadFile(path); err != nil || readErr != nil || len(files) != 1 || !bytes.Equal(content, bytes.Repeat([]byte("v"), leastSize)) {
		t.Errorf("touched: %v, %v, %v", files, err, readErr)
	}
}
