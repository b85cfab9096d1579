package session_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/vault/exporter"
)

// A lock in the middle of an export ends it, returns when it has ended, and leaves nothing of the file.
func TestLockEndsAnExport(t *testing.T) {
	u := testpc.New(t, "PC", nil).SignUp(t, testkit.Cloud(t), "anna@example.com")
	testpc.Save(t, u, testpc.Login("Bank", "anna", "first"))
	testpc.Save(t, u, testpc.Login("Shop", "anna", "second"))
	path, ended, locked := filepath.Join(t.TempDir(), "out.csv"), make(chan error, 1), make(chan struct{})
	go func() {
		_, err := u.Export(t.Context(), path, exporter.Options{Format: exporter.CSV}, func(done, _ int) {
			if done == 1 {
				go func() {
					u.Lock()
					close(locked)
				}()
				<-session.Locking(u)
			}
		})
		ended <- err
	}()
	<-locked
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 0 {
		t.Errorf("the folder has %v, %v", left, err)
	}
	if err := <-ended; !errors.Is(err, session.ErrLocked) {
		t.Error(err)
	}
	if _, err := u.Export(t.Context(), path, exporter.Options{Format: exporter.CSV}, nil); !errors.Is(err, session.ErrLocked) {
		t.Error(err)
	}
}
