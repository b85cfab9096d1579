package main

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"filippo.io/age"

	"github.com/coffer-vault/coffer/cloud/backup"
	ownsqlite "github.com/coffer-vault/coffer/internal/sqlite"
)

// newKey is an identity in a file and its recipient.
func newKey(t *testing.T) (file, recipient string) {
	t.Helper()
	key, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return write(t, "key.txt", key.String()+"\n"), key.Recipient().String()
}

// tell runs a command in this process and returns what it said.
func tell(t *testing.T, args ...string) (string, error) {
	t.Helper()
	p, out := around(nil)
	err := run(context.Background(), p, args)
	return out.String(), err
}

// The drill of docs/admin/server.md: a backup of a running server comes up in another folder with what the first one knew, the wait for
// a mail included.
func TestBackupAndRestore(t *testing.T) {
	data, next := t.TempDir(), filepath.Join(t.TempDir(), "next")
	p := start(t, "serve", "--dev", "--data", data)
	askForCode(t, p)
	key, recipient := newKey(t)
	file := filepath.Join(t.TempDir(), "coffer.age")
	if out, err := tell(t, "backup", "--data", data, "--recipient", recipient, "--to", file); err != nil || !strings.Contains(out, "bytes") {
		t.Fatalf("%s, %v", out, err)
	}
	if err := p.signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	sealed, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(sealed, []byte("example.org")) || bytes.Contains(sealed, []byte("SQLite")) {
		t.Error("the backup can be read")
	}
	if out, err := tell(t, "restore", "--data", t.TempDir(), "--from", file, "--identity-file", key, "--check"); err != nil || !strings.Contains(out, "can be restored") {
		t.Errorf("%s, %v", out, err)
	}
	if out, err := tell(t, "restore", "--data", next, "--from", file, "--identity-file", key); err != nil {
		t.Fatalf("%s, %v", out, err)
	}
	if ids := signups(t, next); ids != signups(t, data) || ids == 0 {
		t.Errorf("%d sign-ups in the restored database", ids)
	}
	start(t, "serve", "--dev", "--data", next).signal(syscall.SIGTERM)
	// Twice into the same folder would take away what came after the backup.
	if _, err := tell(t, "restore", "--data", next, "--from", file, "--identity-file", key); err == nil || !strings.Contains(err.Error(), "is there already") {
		t.Errorf("restored over a server: %v", err)
	}
	noScratch(t, data, next)
}

// The database, the secret and the data folder may each be on a file system of its own.
func TestRestoreOverFileSystems(t *testing.T) {
	data, next := t.TempDir(), t.TempDir()
	elsewhere, err := os.MkdirTemp("/dev/shm", "coffer-*")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(elsewhere) })
	start(t, "serve", "--dev", "--data", data).signal(syscall.SIGTERM)
	key, recipient := newKey(t)
	file := filepath.Join(t.TempDir(), "coffer.age")
	if out, err := tell(t, "backup", "--data", data, "--recipient", recipient, "--to", file); err != nil {
		t.Fatalf("%s, %v", out, err)
	}
	database, secret := filepath.Join(elsewhere, "cloud.db"), filepath.Join(elsewhere, "secret")
	for name, places := range map[string][]string{
		"database": {"--database", "sqlite:" + database}, "secret": {"--server-secret-file", secret},
	} {
		args := append([]string{"restore", "--data", filepath.Join(next, name), "--from", file, "--identity-file", key}, places...)
		if out, err := tell(t, args...); err != nil || !strings.Contains(out, "restored") {
			t.Errorf("%s: %s, %v", name, out, err)
		}
	}
	for _, path := range []string{database, secret, filepath.Join(next, "database", backup.Secret), filepath.Join(next, "secret", backup.Database)} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", path, info, err)
		}
	}
	noScratch(t, elsewhere, filepath.Join(next, "database"), filepath.Join(next, "secret"))
}

func noScratch(t *testing.T, dirs ...string) {
	t.Helper()
	for _, dir := range dirs {
		if left, err := fs.Glob(os.DirFS(dir), "*.tmp"); err != nil || len(left) > 0 {
			t.Errorf("left behind: %v, %v", left, err)
		}
	}
}

func TestBackupRefuses(t *testing.T) {
	data := t.TempDir()
	start(t, "serve", "--dev", "--data", data).signal(syscall.SIGTERM)
	key, recipient := newKey(t)
	foreign, _ := newKey(t)
	there := write(t, "there.age", "mine")
	for _, args := range [][]string{
		{"backup", "--data", data, "--to", "x"},
		{"backup", "--data", data, "--recipient", recipient},
		{"backup", "--data", data, "--recipient", "nonsense", "--to", filepath.Join(t.TempDir(), "x")},
		{"backup", "--data", data, "--recipient", recipient, "--to", there},
		{"backup", "--data", data, "--recipient", recipient, "--to", "/nonexistent/x"},
		{"backup", "--data", filepath.Join(data, "nothing"), "--recipient", recipient, "--to", filepath.Join(t.TempDir(), "x")},
		{"backup", "--data", data, "--database", "postgres://h/d", "--recipient", recipient, "--to", filepath.Join(t.TempDir(), "x")},
	} {
		if out, err := tell(t, args...); err == nil {
			t.Errorf("%q: %s", args, out)
		}
	}
	if kept, _ := os.ReadFile(there); string(kept) != "mine" {
		t.Error("a file was overwritten")
	}
	file := filepath.Join(t.TempDir(), "coffer.age")
	if _, err := tell(t, "backup", "--data", data, "--recipient", recipient, "--to", file); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	flipped := bytes.Clone(whole)
	flipped[len(flipped)/2] ^= 1
	for name, from := range map[string][2]string{
		"for another": {file, foreign}, "cut": {write(t, "cut", string(whole[:len(whole)-1])), key}, "changed": {write(t, "changed", string(flipped)), key},
		"empty": {write(t, "empty", ""), key}, "missing": {"/nonexistent", key}, "no key": {file, there},
	} {
		next := t.TempDir()
		if out, err := tell(t, "restore", "--data", next, "--from", from[0], "--identity-file", from[1]); err == nil || strings.Contains(err.Error(), "mine") {
			t.Errorf("%s: %s, %v", name, out, err)
		}
		if left, _ := fs.Glob(os.DirFS(next), "cloud.db*"); len(left) > 0 {
			t.Errorf("%s: %v is there", name, left)
		}
		noScratch(t, next)
	}
	noScratch(t, data)
}

// A server that runs on the folder is not pulled away from under its feet.
func TestRestoreBesideAServer(t *testing.T) {
	data := t.TempDir()
	start(t, "serve", "--dev", "--data", data)
	key, _ := newKey(t)
	if _, err := tell(t, "restore", "--data", data, "--from", key, "--identity-file", key); err == nil || !strings.Contains(err.Error(), "another coffer-cloud uses") {
		t.Error(err)
	}
}

func signups(t *testing.T, data string) (n int) {
	t.Helper()
	copied := filepath.Join(t.TempDir(), "copy.db")
	if err := backup.Copy(t.Context(), filepath.Join(data, "cloud.db"), copied); err != nil {
		t.Fatal(err)
	}
	db, err := ownsqlite.Open(t.Context(), copied, ownsqlite.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRow(`SELECT COUNT(*) FROM signups`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}
