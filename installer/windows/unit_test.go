//go:build system

package windows

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestUnitTestsOfWindows runs the unit tests that only Windows has, each in its package's folder. What they cover is code that no
// other test of this machine can execute: the clipboard's formats, named events, access lists, services, DPAPI.
func TestUnitTestsOfWindows(t *testing.T) {
	t.Parallel()
	packages := map[string][]string{}
	err := filepath.WalkDir(filepath.Join("..", ".."), func(path string, _ fs.DirEntry, err error) error {
		if strings.HasSuffix(path, "_windows_test.go") {
			packages[filepath.Dir(path)] = append(packages[filepath.Dir(path)], testsIn(t, path)...)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(packages) < 6 {
		t.Fatalf("%d packages with tests of Windows: the search is wrong", len(packages))
	}
	pc := newComputer(t, updateRoot(t))
	for folder, tests := range packages {
		t.Run(filepath.ToSlash(strings.TrimPrefix(folder, "../../")), func(t *testing.T) {
			program := compileTests(t, folder)
			for _, name := range tests {
				code, output := pc.run(t, `cmd.exe /c "cd /d `+windowsPath(absolute(t, folder))+` && `+windowsPath(program)+` -test.v -test.run=`+name+`"`)
				if !passed(name, output) {
					t.Errorf("%s: exit code %d\n%s", name, code, output)
				}
			}
		})
	}
}

// passed looks for the verdict of a test. Debian's Wine cannot delete in the way of Go's RemoveAll and says "Invalid function", which
// fails every test at its end that had a temporary folder: a test that complains of that alone has passed.
func passed(name, output string) bool {
	ran := false
	for line := range strings.Lines(output) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "--- PASS: "+name+" "), strings.HasPrefix(line, "--- FAIL: "+name+" "):
			ran = true
		case strings.HasPrefix(line, "=== "), line == "PASS", line == "FAIL", line == "":
		case !strings.Contains(line, "TempDir RemoveAll cleanup: unlinkat ") || !strings.HasSuffix(line, ": Invalid function."):
			return false
		}
	}
	return ran
}

var testName = regexp.MustCompile(`(?m)^func (Test\w+)\(`)

func testsIn(t *testing.T, file string) (names []string) {
	t.Helper()
	source, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, match := range testName.FindAllSubmatch(source, -1) {
		names = append(names, string(match[1]))
	}
	return names
}

// compileTests builds the test program of a package for Windows.
func compileTests(t *testing.T, folder string) (program string) {
	t.Helper()
	program = filepath.Join(t.TempDir(), "test.exe")
	build := exec.CommandContext(t.Context(), "go", "test", "-c", "-o", program, ".")
	build.Dir = folder
	build.Env = append(os.Environ(), "GOOS=windows", "GOARCH=amd64", "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return program
}

func absolute(t *testing.T, path string) string {
	t.Helper()
	abs, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return abs
}
