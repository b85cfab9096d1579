package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	quoted = regexp.MustCompile("`([^`]+)`")
	// named is a folder and, behind a dot, a function or type, perhaps with a method or field.
	named = regexp.MustCompile(`^([a-z]+(?:/[a-z]+)*)(?:\.([A-Za-z]\w*(?:\.[A-Za-z]\w*)?))?$`)
)

// TestTourNamesTheCode holds docs/tour.md against the code: every name on it is one that the code has.
func TestTourNamesTheCode(t *testing.T) {
	tour, err := os.ReadFile("../../docs/tour.md")
	if err != nil {
		t.Fatal(err)
	}
	known, checked := map[string]map[string]bool{}, 0
	for _, quote := range quoted.FindAllSubmatch(tour, -1) {
		parts := named.FindStringSubmatch(string(quote[1]))
		if parts == nil || parts[2] == "" && !strings.Contains(parts[1], "/") {
			continue // a word of the text
		}
		folder, name := parts[1], parts[2]
		if known[folder] == nil {
			known[folder] = declared(t, folder)
		}
		checked++
		if !known[folder][name] {
			t.Errorf("docs/tour.md: %s has no %q", folder, name)
		}
	}
	if checked < 40 {
		t.Errorf("docs/tour.md: only %d names were recognised", checked)
	}
}

// declared are the functions, types, methods ("Type.Method") and variables of a folder, and "" for the folder itself.
func declared(t *testing.T, folder string) map[string]bool {
	files, _ := filepath.Glob("../../" + folder + "/*.go")
	names := map[string]bool{"": len(files) > 0}
	for _, path := range files {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, declaration := range file.Decls {
			for _, name := range namesOf(declaration) {
				names[name] = true
			}
		}
	}
	return names
}

func namesOf(declaration ast.Decl) (names []string) {
	switch d := declaration.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil {
			return []string{d.Name.Name}
		}
		receiver := d.Recv.List[0].Type
		if pointer, ok := receiver.(*ast.StarExpr); ok {
			receiver = pointer.X
		}
		if name, ok := receiver.(*ast.Ident); ok {
			return []string{name.Name + "." + d.Name.Name}
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			if s, ok := spec.(*ast.TypeSpec); ok {
				names = append(names, s.Name.Name)
			}
		}
	}
	return names
}
