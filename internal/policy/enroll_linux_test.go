package policy

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestEnrollFile(t *testing.T) {
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
	for _, c := range []struct {
		path, text, says string
		owner            uint32
	}{
		{write("right", "CE1.a.b\n", 0o644), "CE1.a.b", "", me},
		{write("windows", "CE1.a.b\r\n", 0o644), "CE1.a.b", "", me},
		{write("empty", "", 0o644), "", "", me},
		{filepath.Join(dir, "nothing"), "", "", me},
		{write("another's", "CE1.a.b", 0o644), "", "does not belong to root", me + 1},
		{write("world", "CE1.a.b", 0o666), "", "written by others", me},
		{write("large", strings.Repeat("x", maxFile+1), 0o644), "", "too large", me},
		{dir, "", "is no file", me},
	} {
		text, err := enrollIn(c.path, c.owner)
		if text != c.text || (err != nil) != (c.says != "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %q, %v", filepath.Base(c.path), text, err)
		}
	}
}
