package exporter

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/internal/atomicfile"
	"github.com/coffer-vault/coffer/vault"
)

func drafts(t testing.TB) atomicfile.Drafts {
	t.Helper()
	return atomicfile.NewDrafts(filepath.Join(t.TempDir(), "unfinished"))
}

// What the child of TestKillLeavesNothing is told: the folder, whether the name is there already, and whether the system knows files without one.
const killVariable = "COFFER_TEST_KILLED_EXPORT"

const killSecret = "hunter2-in-the-open"

// TestChildThatIsKilled exports until it is killed: it stands still where much of the file is written.
func TestChildThatIsKilled(t *testing.T) {
	what := strings.Split(os.Getenv(killVariable), "|")
	if len(what) != 3 {
		return // it is a child of another test, and no test
	}
	atomicfile.NameDrafts(what[2] == "named")
	v := newVault(t)
	for i := range 8 {
		saved(t, v, item(vault.Note, fmt.Sprint("note ", i), "notes", killSecret+strings.Repeat("x", 100_000)))
	}
	d := atomicfile.NewDrafts(filepath.Join(what[0], "unfinished"))
	_, err := Save(t.Context(), v, d, filepath.Join(what[0], "out", "export.json"), Options{Format: Bitwarden, Replace: what[1] == "replace"}, func(done, _ int) {
		if done == 6 {
			fmt.Println("written")
			select {} // until the kill
		}
	})
	t.Fatal("the export came to an end:", err)
}

// A kill in the middle of an export leaves nothing of it in the open: on Linux the unfinished file has no name, and elsewhere the next start removes it.
func TestKillLeavesNothing(t *testing.T) {
	for _, mode := range []string{"new|unnamed", "replace|unnamed", "new|named", "replace|named"} {
		t.Run(mode, func(t *testing.T) {
			dir := t.TempDir()
			out := filepath.Join(dir, "out")
			check(t, os.Mkdir(out, 0o700))
			want := ""
			if strings.HasPrefix(mode, "replace") {
				want = "export.json"
				check(t, os.WriteFile(filepath.Join(out, want), []byte("mine"), 0o600))
			}
			child, lines := startChild(t, dir+"|"+mode)
			for lines.Scan() && lines.Text() != "written" {
			}
			living := atomicfile.NewDrafts(filepath.Join(dir, "unfinished"))
			check(t, living.Tidy())
			if before := unfinished(t, child.Process.Pid, out); !bytes.Contains(before, []byte(killSecret)) {
				t.Fatalf("nothing was written before the kill, or it went while its process lives: %d bytes", len(before))
			}
			check(t, child.Process.Kill())
			_ = child.Wait()
			if named := strings.HasSuffix(mode, "|named") || runtime.GOOS != "linux"; named {
				if !bytes.Contains(unfinished(t, 0, out), []byte(killSecret)) {
					t.Fatal("the kill left nothing: there is nothing to remove")
				}
				check(t, living.Tidy())
			}
			if got := names(t, out); got != want {
				t.Errorf("left: %q, want %q", got, want)
			}
			if got := names(t, filepath.Join(dir, "unfinished")); got != "" {
				t.Errorf("notes left: %q", got)
			}
		})
	}
}

func startChild(t *testing.T, what string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestChildThatIsKilled$")
	child.Env = append(os.Environ(), killVariable+"="+what, "TMPDIR="+t.TempDir()) // which nobody else would remove
	out, err := child.StdoutPipe()
	check(t, err)
	check(t, child.Start())
	return child, bufio.NewScanner(out)
}

// unfinished is what is written of the file: under the name of a temporary file, or held by a process without any.
func unfinished(t *testing.T, pid int, dir string) (content []byte) {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, ".export.json.tmp-*"))
	check(t, err)
	if pid != 0 {
		handles, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
		check(t, err)
		for _, h := range handles {
			if to, err := os.Readlink(h); err == nil && strings.HasPrefix(to, dir) {
				found = append(found, h)
			}
		}
	}
	for _, name := range found {
		part, err := os.ReadFile(name)
		check(t, err)
		content = append(content, part...)
	}
	return content
}

func names(t *testing.T, dir string) string {
	t.Helper()
	all, err := os.ReadDir(dir)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	var names []string
	for _, e := range all {
		names = append(names, e.Name())
	}
	return strings.Join(names, " ")
}
