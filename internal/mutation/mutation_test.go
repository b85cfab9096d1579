// Package mutation shows that the tests of attacks can fail: it switches the defences off one at a time, in copies of source files
// that `go test -overlay` puts in the place of the real ones, and demands that the attack's test goes red.
//
// A mutant is a search and a replacement in one file. The search must match exactly once: whoever changes a defence changes its
// mutant (make test checks that they fit, make test-system runs them).
package mutation

import (
	"bytes"
	"fmt"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// root is the module's folder.
const root = "../.."

// mutant switches one defence off.
type mutant struct {
	row  string // of the threat model
	off  string // what does not hold any more
	file string // from the module's root
	// from occurs in file exactly once and becomes to.
	from, to string
	// more are further edits of the same file, where one alone would not compile or another layer would still hold.
	more []edit
	// pkg and run name the test that has to go red; TestAttacks/row of internal/attacks where they are empty.
	pkg, run string
	// args are further ones of the test.
	args []string
	// otherKeys says that keys are made otherwise: what the tests derive on their own does not fit then, in an honest life neither.
	otherKeys bool
}

type edit struct{ from, to string }

// apply returns the file with the defence switched off.
func (m mutant) apply() ([]byte, error) {
	data, err := os.ReadFile(filepath.Join(root, m.file))
	if err != nil {
		return nil, err
	}
	text := string(data)
	for _, e := range append([]edit{{m.from, m.to}}, m.more...) {
		if n := strings.Count(text, e.from); n != 1 {
			return nil, fmt.Errorf("%s: %d places match %q", m.file, n, e.from)
		}
		text = strings.Replace(text, e.from, e.to, 1)
	}
	return []byte(text), nil
}

// Every mutant fits the source as it is, is still Go, and goes into one program with the others.
func TestMutantsFit(t *testing.T) {
	for _, m := range mutants {
		patched, err := m.apply()
		if err != nil {
			t.Errorf("row %s, %s: %v", m.row, m.off, err)
			continue
		}
		if _, err := parser.ParseFile(token.NewFileSet(), m.file, patched, parser.SkipObjectResolution); err != nil {
			t.Errorf("row %s, %s: %v", m.row, m.off, err)
		}
	}
	if _, err := mergeAll(); err != nil {
		t.Error(err)
	}
}

// tableRow is a line of the threat model's table of attacks: numbers, attack, defence, tests.
var tableRow = regexp.MustCompile(`(?m)^\| ([0-9][0-9a-c, ]*) \|.*\| ([^|]*) \|$`)

// Every row of the threat model that names a test has a mutant, every mutant a row.
func TestEveryRowHasAMutant(t *testing.T) {
	doc, err := os.ReadFile(filepath.Join(root, "docs/threat-model.md"))
	if err != nil {
		t.Fatal(err)
	}
	var rows []string
	for _, line := range tableRow.FindAllStringSubmatch(string(doc), -1) {
		if strings.Contains(line[2], "attacks/") {
			rows = append(rows, strings.Split(line[1], ", ")...)
		}
	}
	if len(rows) == 0 {
		t.Fatal("the threat model has no table")
	}
	for _, row := range rows {
		if !slices.ContainsFunc(mutants, func(m mutant) bool { return m.row == row }) {
			t.Errorf("no mutant for row %s", row)
		}
	}
	for _, m := range mutants {
		if m.pkg == "" && !slices.Contains(rows, m.row) {
			t.Errorf("no row for the mutant %q of %s", m.off, m.row)
		}
	}
}

// assertion is a line in which a test says what is wrong.
var assertion = regexp.MustCompile(`(?m)^\s+([a-z_]+_test\.go:[0-9]+: .*)$`)

// complaint is what a failed test says is wrong. Red for another reason is none: a panic and a deadline that was reached show nothing
// about a defence, nor does a program that did not run.
func complaint(out []byte) (said string, ok bool) {
	line := assertion.FindSubmatch(out)
	if line == nil || !bytes.Contains(out, []byte("--- FAIL")) || regexp.MustCompile(`(?m)^(panic|fatal error): `).Match(out) {
		return "", false
	}
	return string(line[1]), true
}

func TestComplaint(t *testing.T) {
	red := "--- FAIL: TestAttacks (0.10s)\n    --- FAIL: TestAttacks/9 (0.10s)\n        pull_test.go:158: not noticed: <nil>\nFAIL\n"
	for name, c := range map[string]struct {
		out, want string
	}{
		"an assertion": {red, "pull_test.go:158: not noticed: <nil>"},
		"a deadline":   {"panic: test timed out after 2m0s\n\trunning tests:\n\t\tTestAttacks (2m0s)\n", ""},
		"a panic":      {red + "panic: runtime error: index out of range [3] with length 2\n", ""},
		"a crash":      {"fatal error: all goroutines are asleep - deadlock!\n", ""},
		"no test":      {"testing: warning: no tests to run\nPASS\n", ""},
		"an exit":      {"exit status 1\n", ""},
	} {
		if said, ok := complaint([]byte(c.out)); said != c.want || ok != (c.want != "") {
			t.Errorf("%s: %q, %v", name, said, ok)
		}
	}
}
