package policy

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestFileCountsWhenNobodyElseCanWriteIt(t *testing.T) {
	dir, me := t.TempDir(), uint32(os.Getuid())
	write := func(name, content string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil { // whatever the umask
			t.Fatal(err)
		}
		return path
	}
	const good = `{"UpdateRing": "pilot"}`
	right := write("right", good, 0o644)
	link, pipe := filepath.Join(dir, "link"), filepath.Join(dir, "pipe")
	if err := os.Symlink(right, link); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		path  string
		owner uint32
		holds bool
		says  string
	}{
		{right, me, true, ""},
		{link, me, true, ""},
		{filepath.Join(dir, "nothing"), me, false, ""},
		{right, me + 1, false, "does not belong to root"},
		{write("group", good, 0o664), me, false, "written by others"},
		{write("world", good, 0o646), me, false, "written by others"},
		{write("broken", `{"UpdateRing": `, 0o644), me, false, "no JSON"},
		{write("large", good+strings.Repeat(" ", maxFile), 0o644), me, false, "too large"},
		{pipe, me, false, "is no file"},
		{dir, me, false, "is no file"},
	} {
		vs, problems := readFile(c.path, c.owner)
		if (parse(vs).UpdateRing == Pilot) != c.holds || (len(problems) == 1) != (c.says != "") {
			t.Errorf("%s: %v, %v", filepath.Base(c.path), vs, problems)
		}
		if len(problems) == 1 && (problems[0].Name != c.path || !strings.Contains(problems[0].Reason, c.says)) {
			t.Errorf("%s: %v", filepath.Base(c.path), problems)
		}
	}
}
