package testdisk

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What a disk may leave is decided here by hand: the tests that build on it can only be as honest.
func TestWhatAPowerCutLeaves(t *testing.T) {
	root := t.TempDir()
	if err := os.WriteFile(filepath.Join(root, "old"), []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	steps := []Step{
		{Op: Open, Path: "f", Create: true},
		{Op: Write, Path: "f", Data: []byte("one")},
		{Op: Sync, Path: "f"},
		{Op: SyncDir, Path: "."},
		{Op: Write, Path: "f", At: 3, Data: []byte("two")},
		{Op: Rename, Path: "f", To: "g"},
		{Op: Delete, Path: "old"},
	}
	for _, c := range []struct {
		steps int
		how   Cut
		want  string
	}{
		{0, Everything, "old=old"},
		{2, Nothing, "old=old"},
		{2, Everything, "f=one old=old"},
		{3, Nothing, "old=old"},
		{4, Nothing, "f=one old=old"},
		{5, Nothing, "f=one old=old"},
		{5, Everything, "f=onetwo old=old"},
		{6, Everything, "g=onetwo old=old"},
		{7, Nothing, "f=one old=old"},
		{7, Everything, "g=onetwo"},
	} {
		r, err := NewRecorder(root)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range append(steps[:c.steps:c.steps], Step{Op: Open, Path: "end"}) {
			s.Path = filepath.Join(root, s.Path)
			if s.To != "" {
				s.To = filepath.Join(root, s.To)
			}
			if err := r.Watch(s); err != nil {
				t.Fatal(err)
			}
		}
		r.Replay(nil, func(n int, _ Step, d *Disk) {
			if n != c.steps {
				return
			}
			dir := t.TempDir()
			if err := d.Leave(dir, c.how, rand.New(rand.NewPCG(1, 1))); err != nil {
				t.Fatal(err)
			}
			if got := list(t, dir); got != c.want {
				t.Errorf("after %d steps, kind %d: %q, want %q", n, c.how, got, c.want)
			}
		})
	}
}

// Of a write that was not flushed every sector is there or not, by itself.
func TestTornWrites(t *testing.T) {
	before, after := strings.Repeat("a", 2048), strings.Repeat("b", 2048)
	file := inode{durable: []byte(before), waiting: []change{{0, []byte(after)}}}
	random := rand.New(rand.NewPCG(1, 1))
	seen := map[string]bool{}
	for range 200 {
		data := string(file.after(512, func(bool) bool { return random.IntN(2) == 0 }))
		var pattern strings.Builder
		for i := range 4 {
			sector := data[i*512 : (i+1)*512]
			if strings.Trim(sector, sector[:1]) != "" {
				t.Fatal("a sector is torn")
			}
			pattern.WriteString(sector[:1])
		}
		seen[pattern.String()] = true
	}
	if len(seen) != 16 {
		t.Errorf("%d of 16 patterns", len(seen))
	}
}

func list(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e.Name()+"="+string(data))
	}
	return strings.Join(all, " ")
}
