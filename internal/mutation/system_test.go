//go:build system

package mutation

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"
)

// nobody is the choice of no mutant.
const nobody = -1

// Without a mutant every test is green, of the same programs: red means something.
func TestControl(t *testing.T) {
	seen := map[string]bool{}
	for _, m := range mutants {
		pkg, run := m.test()
		if m.pkg == "" {
			run = "^(TestAttacks|TestAnHonestLife)$" // all rows at once
		}
		if seen[pkg+run] {
			continue
		}
		seen[pkg+run] = true
		out, err := runTest(pkg, run, nobody)
		if err != nil || bytes.Contains(out, []byte("no tests to run")) {
			t.Errorf("%s %s: %v\n%s", pkg, run, err, out)
		}
	}
}

// TestDefencesAreNeeded switches off each defence in turn. A mutant that survives fails the run.
func TestDefencesAreNeeded(t *testing.T) {
	verdicts := make([]string, len(mutants))
	t.Cleanup(func() { printTable(verdicts) })
	for i, m := range mutants {
		t.Run(m.row+" "+m.off, func(t *testing.T) {
			t.Parallel()
			verdicts[i] = m.verdict(i)
			if !strings.HasPrefix(verdicts[i], "red") {
				t.Error(verdicts[i])
			}
		})
	}
}

func printTable(verdicts []string) {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	fmt.Fprintln(w, "row\tswitched off\tverdict")
	ran, red := 0, 0
	for i, m := range mutants {
		if verdicts[i] == "" {
			continue // not among the tests that were asked for
		}
		ran++
		verdict, _, _ := strings.Cut(verdicts[i], "\n")
		fmt.Fprintf(w, "%s\t%s\t%s\n", m.row, m.off, verdict)
		if strings.HasPrefix(verdict, "red") {
			red++
		}
	}
	w.Flush()
	fmt.Printf("%d defences switched off, %d red\n", ran, red)
}

// test is what has to go red, as arguments of go test.
func (m mutant) test() (pkg, run string) {
	if m.pkg == "" {
		return "./internal/attacks", "^TestAttacks$/^" + m.row + "$"
	}
	return "./" + m.pkg, "^" + m.run + "$"
}

// verdict lets an honest life pass with the mutant, and runs the test that has to go red.
func (m mutant) verdict(number int) string {
	pkg, run := m.test()
	if m.pkg == "" && !m.otherKeys { // or the attack's test might be red for want of a client that works
		if out, err := runTest(pkg, "^TestAnHonestLife$", number); err != nil {
			return "BREAKS AN HONEST LIFE: " + string(out)
		}
	}
	began := time.Now()
	out, err := runTest(pkg, run, number, m.args...)
	if err == nil {
		return "SURVIVED"
	}
	said, ok := complaint(out)
	if !ok {
		return "NO VERDICT OF A TEST: " + string(out[:min(len(out), 1000)])
	}
	return fmt.Sprintf("red in %.1f s: %s", time.Since(began).Seconds(), said)
}

// programs are the tests' programs, with all mutants in each.
var programs struct {
	dir     string
	overlay string // for the go command
	sync.Mutex
	built map[string]func() (string, error) // by package
}

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "coffer-mutation")
	if err == nil {
		programs.dir, programs.built = dir, map[string]func() (string, error){}
		err = writeOverlay()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// writeOverlay writes the merged files, and the JSON that go test -overlay reads.
func writeOverlay() error {
	files, err := mergeAll()
	if err != nil {
		return err
	}
	replace := map[string]string{}
	for name, text := range files {
		original, err := filepath.Abs(filepath.Join(root, name))
		if err != nil {
			return err
		}
		replace[original] = filepath.Join(programs.dir, fmt.Sprintf("%d.go", len(replace)))
		if err := os.WriteFile(replace[original], text, 0o600); err != nil {
			return err
		}
	}
	data, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return err
	}
	programs.overlay = filepath.Join(programs.dir, "overlay.json")
	return os.WriteFile(programs.overlay, data, 0o600)
}

// program is the test program of a package.
func program(pkg string) (string, error) {
	programs.Lock()
	build := programs.built[pkg]
	if build == nil {
		path := filepath.Join(programs.dir, strings.ReplaceAll(pkg, "/", "_")+".test")
		build = sync.OnceValues(func() (string, error) {
			cmd := exec.Command("go", "test", "-c", "-vet=off", "-overlay", programs.overlay, "-o", path, pkg)
			cmd.Dir = root
			if out, err := cmd.CombinedOutput(); err != nil {
				return "", fmt.Errorf("build %s: %w\n%s", pkg, err, out)
			}
			return path, nil
		})
		programs.built[pkg] = build
	}
	programs.Unlock()
	return build()
}

// runTest runs some of a package's tests with a mutant, where the go command would. The deadline is for what hangs: a busy machine takes
// minutes.
func runTest(pkg, run string, number int, args ...string) ([]byte, error) {
	path, err := program(pkg)
	if err != nil {
		return []byte(err.Error()), err
	}
	cmd := exec.Command(path, "-test.count=1", "-test.timeout=15m", "-test.failfast", "-test.run", run)
	cmd.Args = append(cmd.Args, args...)
	cmd.Dir = filepath.Join(root, pkg)
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d", choice, number))
	return cmd.CombinedOutput()
}
