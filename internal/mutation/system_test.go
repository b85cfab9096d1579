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
	"testing"
	"text/tabwriter"
	"time"
)

// Without a mutant every test is green: red means something.
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
		program := filepath.Join(t.TempDir(), "control.test")
		if out, err := build(pkg, program); err != nil {
			t.Fatalf("%s: %v\n%s", pkg, err, out)
		}
		out, err := runTest(pkg, program, run)
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
			t.Parallel() // one compiles while another tests
			verdicts[i] = m.verdict(t.TempDir())
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

// verdict builds the mutant, lets an honest life pass with it, and runs the test that has to go red.
func (m mutant) verdict(dir string) string {
	overlay, err := m.overlay(dir)
	if err != nil {
		return "DOES NOT FIT: " + err.Error()
	}
	pkg, run := m.test()
	program := filepath.Join(dir, "mutant.test")
	if out, err := build(pkg, program, "-overlay", overlay); err != nil {
		return "DOES NOT BUILD: " + string(out)
	}
	if m.pkg == "" && !m.otherKeys { // or the attack's test might be red for want of a client that works
		if out, err := runTest(pkg, program, "^TestAnHonestLife$"); err != nil {
			return "BREAKS AN HONEST LIFE: " + string(out)
		}
	}
	began := time.Now()
	out, err := runTest(pkg, program, run)
	if err == nil {
		return "SURVIVED"
	}
	said, ok := complaint(out)
	if !ok {
		return "NO VERDICT OF A TEST: " + string(out[:min(len(out), 1000)])
	}
	return fmt.Sprintf("red in %.1f s: %s", time.Since(began).Seconds(), said)
}

// overlay writes the patched file and the JSON that go test -overlay reads.
func (m mutant) overlay(dir string) (path string, err error) {
	patched, err := m.apply()
	if err != nil {
		return "", err
	}
	original, err := filepath.Abs(filepath.Join(root, m.file))
	if err != nil {
		return "", err
	}
	replacement := filepath.Join(dir, "mutant.go")
	if err := os.WriteFile(replacement, patched, 0o600); err != nil {
		return "", err
	}
	data, err := json.Marshal(map[string]any{"Replace": map[string]string{original: replacement}})
	if err != nil {
		return "", err
	}
	path = filepath.Join(dir, "overlay.json")
	return path, os.WriteFile(path, data, 0o600)
}

// build makes the test program of a package.
func build(pkg, program string, args ...string) ([]byte, error) {
	cmd := exec.Command("go", append(append([]string{"test", "-c", "-vet=off", "-o", program}, args...), pkg)...)
	cmd.Dir = root
	return cmd.CombinedOutput()
}

// runTest runs some of its tests, where the go command would. The deadline is for what hangs: a busy machine takes minutes.
func runTest(pkg, program, run string) ([]byte, error) {
	cmd := exec.Command(program, "-test.count=1", "-test.timeout=15m", "-test.failfast", "-test.run", run)
	cmd.Dir = filepath.Join(root, pkg)
	return cmd.CombinedOutput()
}
