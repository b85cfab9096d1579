package archtest

import (
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	declaredTest = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Benchmark)[A-Z]\w*)\(`)
	// namedTest is a test that a document names; TestCut_… stands for all whose names begin with TestCut_.
	namedTest = regexp.MustCompile(`\b((?:Test|Fuzz|Benchmark)[A-Z]\w*)(…?)`)
	// A row of the threat model is a name in internal/attacks.
	declaredRow = regexp.MustCompile(`register\("(\w+)"`)
	namedRow    = regexp.MustCompile("`attacks/(\\w+)`")
)

// TestDocumentsNameTests holds the documents against the code: a test that one of them names to show something is there.
func TestDocumentsNameTests(t *testing.T) {
	var tests, rows []string
	documents, named := map[string]string{}, 0
	err := fs.WalkDir(os.DirFS("../.."), ".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (path == ".git" || path == "out" || path == "bin"):
			return fs.SkipDir
		case !strings.HasSuffix(path, "_test.go") && !strings.HasSuffix(path, ".md"):
			return nil
		}
		data, err := os.ReadFile("../../" + path)
		if strings.HasSuffix(path, ".md") {
			documents[path] = string(data)
			return err
		}
		tests = append(tests, found(declaredTest, data)...)
		rows = append(rows, found(declaredRow, data)...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for path, text := range documents {
		for _, name := range namedTest.FindAllStringSubmatch(text, -1) {
			named++
			begins := func(test string) bool { return name[2] != "" && strings.HasPrefix(test, name[1]) }
			if !slices.Contains(tests, name[1]) && !slices.ContainsFunc(tests, begins) {
				t.Errorf("%s names %s, which is not there", path, name[0])
			}
		}
		for _, row := range namedRow.FindAllStringSubmatch(text, -1) {
			if !slices.Contains(rows, row[1]) {
				t.Errorf("%s names the row %s, which internal/attacks does not have", path, row[1])
			}
		}
	}
	if named < 100 {
		t.Errorf("only %d names were recognised", named)
	}
}

// found lists what the first group of a pattern matches.
func found(pattern *regexp.Regexp, data []byte) (names []string) {
	for _, match := range pattern.FindAllSubmatch(data, -1) {
		names = append(names, string(match[1]))
	}
	return names
}
