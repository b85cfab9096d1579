//go:build cgo && unix

package crash

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/coffer-vault/coffer/internal/atomicfile"
	"github.com/coffer-vault/coffer/internal/testdisk"
)

// A file that is replaced is the old one or the new one after a power cut at any step, and the new one for good once the call has
// returned.
func TestFilesAreOldOrNew(t *testing.T) {
	dir := t.TempDir()
	content := func(n int) string { return fmt.Sprintf("version %d, of %0*d", n, 3000*n, n) }
	path := filepath.Join(dir, "state.json")
	if err := os.WriteFile(path, []byte(content(0)), 0o600); err != nil {
		t.Fatal(err)
	}
	disk := recordFiles(t, path, content)
	random := rand.New(rand.NewPCG(*seed, 6))
	done, cuts := 0, 0
	disk.Replay(func(mark any) { done = mark.(int) }, func(n int, next testdisk.Step, d *testdisk.Disk) {
		for i := range 80 {
			cuts++
			left := t.TempDir()
			if err := d.Leave(left, testdisk.Cut(i)%testdisk.Cuts, random); err != nil {
				t.Fatal(err)
			}
			data, err := os.ReadFile(filepath.Join(left, "state.json"))
			if got := string(data); err != nil || got != content(done) && got != content(done+1) {
				t.Fatalf("before step %d, %s, with version %d done: %.20q, %v", n, next.Label(), done, got, err)
			}
		}
	})
	t.Logf("%d cuts", cuts)
}

// recordFiles writes three versions after the first.
func recordFiles(t *testing.T, path string, content func(int) string) *testdisk.Recorder {
	t.Helper()
	disk, err := testdisk.NewRecorder(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	stop, err := testdisk.Watch(disk.Watch)
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	for n := 1; n <= 3; n++ {
		if err := atomicfile.WriteFile(path, []byte(content(n)), 0o600); err != nil {
			t.Fatal(err)
		}
		disk.Mark(n)
	}
	return disk
}
