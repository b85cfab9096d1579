//go:build system && linux

package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/coffer-vault/coffer/internal/testpg"
)

// A server moves to PostgreSQL, and goes on there; its old database is out of the way.
func TestMoveCommand(t *testing.T) {
	cluster, err := testpg.New("fsync=off")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cluster.Remove() })
	data, database := t.TempDir(), cluster.Database(t)
	first := start(t, "serve", "--dev", "--data", data)
	askForCode(t, first)
	if out, err := itself(t, "move", "--data", data, "--database", database).CombinedOutput(); err == nil || !strings.Contains(string(out), "another coffer-cloud uses") {
		t.Errorf("beside a running server: %v, %s", err, out)
	}
	if err := first.signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	out, err := itself(t, "move", "--data", data, "--database", database).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "every row is the same") {
		t.Fatalf("move: %v, %s", err, out)
	}
	if _, err := os.Stat(filepath.Join(data, "cloud.db")); !os.IsNotExist(err) {
		t.Errorf("the old database is in its place: %v", err)
	}
	next := start(t, "serve", "--dev", "--data", data, "--database", database)
	get(t, next.ready["api"]+"/readyz", 204)
	// A second process with a secret of its own is refused.
	if out, err := itself(t, "serve", "--dev", "--data", t.TempDir(), "--database", database).CombinedOutput(); err == nil || !strings.Contains(string(out), "secret") {
		t.Errorf("process without the secret: %v, %s", err, out)
	}
	if err := next.signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
}
