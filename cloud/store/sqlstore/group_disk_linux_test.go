package sqlstore_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/coffer-vault/coffer/cloud/store/sqlite"
	ownsqlite "github.com/coffer-vault/coffer/internal/sqlite"
)

// A disk without room for all that a group writes, a real one, with more and more room: nobody is told of success whose row is not there,
// nothing is half there, and with room again the same store takes what it could not.
func TestGroupOnAFullDisk(t *testing.T) {
	if ownMounts(t) {
		return
	}
	acknowledged := map[int]bool{}
	for _, pages := range []int{0, 1, 4, 8, 64} {
		t.Run(fmt.Sprintf("room for %d pages", pages), func(t *testing.T) {
			dir := mountMemory(t)
			g := newGroupedIn(t, dir)
			ballast := fill(t, dir, pages)
			results := g.together(nil)
			n := 0
			for i, err := range results {
				if err == nil {
					n++
				}
				if g.has(i) != (err == nil) {
					t.Errorf("member %d: %v, kept: %v", i, err, g.has(i))
				}
			}
			acknowledged[n] = true
			if err := os.Remove(ballast); err != nil {
				t.Fatal(err)
			}
			for i, err := range results {
				if err != nil {
					if err := g.Update(t.Context(), g.insert(i)); err != nil {
						t.Errorf("member %d, when there is room again: %v", i, err)
					}
				}
			}
			g.reopen(filepath.Join(dir, "cloud.db"))
			for i := range members {
				if !g.has(i) {
					t.Errorf("member %d is lost", i)
				}
			}
		})
	}
	if !acknowledged[0] || !acknowledged[members] || len(acknowledged) != 2 {
		t.Errorf("groups had these numbers of successes: %v; want none at all, and all", acknowledged)
	}
}

// reopen ends the store and begins another one on its file, which has to be whole.
func (g *grouped) reopen(path string) {
	g.t.Helper()
	if err := g.Close(); err != nil {
		g.t.Fatal(err)
	}
	s, err := sqlite.Open(g.t.Context(), path, nil)
	if err != nil {
		g.t.Fatal(err)
	}
	g.t.Cleanup(func() { s.Close() })
	g.Store = s
	db, err := ownsqlite.Open(g.t.Context(), path, ownsqlite.Options{ReadOnly: true})
	if err != nil {
		g.t.Fatal(err)
	}
	defer db.Close()
	var said string
	if err := db.QueryRow(`PRAGMA integrity_check`).Scan(&said); err != nil || said != "ok" {
		g.t.Errorf("integrity: %s, %v", said, err)
	}
}

// ownMounts runs the test, where this user may not mount, in a process with mounts of its own, and tells whether it did.
func ownMounts(t *testing.T) (done bool) {
	t.Helper()
	if os.Geteuid() == 0 {
		return false
	}
	cmd := exec.Command(os.Args[0], "-test.v", "-test.run=^"+t.Name()+"$")
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
	}
	out, err := cmd.CombinedOutput()
	if len(out) == 0 || bytes.Contains(out, []byte("--- SKIP")) {
		t.Skipf("this system has neither root nor user namespaces: %v", err)
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return true
}

// mountMemory returns a folder that is a disk of its own, of 8 MiB.
func mountMemory(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=8m,mode=0700"); err != nil {
		t.Skipf("a disk cannot be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// fill leaves room for some pages of 4 KiB, and returns the file that takes the rest.
func fill(t *testing.T, dir string, pages int) (ballast string) {
	t.Helper()
	ballast = filepath.Join(dir, "ballast")
	f, err := os.Create(ballast)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	size := int64(0)
	for block := make([]byte, 4096); err == nil; {
		var n int
		n, err = f.Write(block)
		size += int64(n)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	if err := f.Truncate(size - int64(pages)*4096); err != nil {
		t.Fatal(err)
	}
	return ballast
}
