//go:build unix

package sqlite

import (
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/vault"
)

// failing names the vault file that the test works on in a process of its own, where no file can grow: SQLite takes that for a disk
// that fails, as it does a cable that is pulled.
const failing = "COFFER_TEST_FAILING_DISK"

func TestFailingDisk(t *testing.T) {
	s, path := populated(t)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestOnFailingDisk$")
	cmd.Env = append(os.Environ(), failing+"="+path)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s", out)
	}
	after := mustOpen(t, path)
	if err := after.Anchor(t.Context(), anchor, 0); err != nil {
		t.Errorf("the file after the failure: %v", err)
	}
	if view(t, after, func(r vault.Reader) (bool, error) {
		_, there, err := r.Object(vaultA, id.ID{100, 100})
		return there, err
	}) {
		t.Error("what could not be written is there")
	}
}

func TestOnFailingDisk(t *testing.T) {
	path := os.Getenv(failing)
	if path == "" {
		t.Skip("run by TestFailingDisk")
	}
	s := mustOpen(t, path)
	if err := s.Anchor(t.Context(), anchor, 0); err != nil {
		t.Fatal(err)
	}
	signal.Ignore(syscall.SIGXFSZ)
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: 64 << 10, Max: 64 << 10}); err != nil {
		t.Fatal(err)
	}
	if err := put(s, 100, 1<<20); !errors.Is(err, vault.ErrDisk) {
		t.Errorf("%v, want ErrDisk", err)
	}
}

func TestFileThatCannotBeOpened(t *testing.T) {
	s, path := populated(t)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(path+"-wal", 0o700); err != nil { // where SQLite keeps what is not in the file yet
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), path); !errors.Is(err, vault.ErrCannotOpen) {
		t.Errorf("%v, want ErrCannotOpen", err)
	}
}
