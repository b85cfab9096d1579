package mutation

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// To compile and to link a test program for every mutant took most of the time. So all of them are in one program: of each function that
// a mutant changes there is the original and the mutant's, and the original calls the other where the environment names the mutant.

// choice is the variable of the environment that names the mutant which is switched on, by its place in the list.
const choice = "COFFER_MUTANT"

// switched is the file that every package with a mutant gets. It asks once, before main, as the defences are on paths that are measured.
const switched = `package %s

import mutantenv "os"

var mutant = mutantenv.Getenv("` + choice + `")
`

// source is a file as it was parsed, with its text.
type source struct {
	text []byte
	file *ast.File
	set  *token.FileSet
}

func parse(name string, text []byte) (source, error) {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, name, text, parser.SkipObjectResolution)
	return source{text, file, set}, err
}

// cut is the text between two places.
func (s source) cut(from, to token.Pos) string {
	return string(s.text[s.at(from):s.at(to)])
}

func (s source) at(pos token.Pos) int { return s.set.Position(pos).Offset }

// functions are those of the file, by receiver and name.
func (s source) functions() map[string]*ast.FuncDecl {
	all := map[string]*ast.FuncDecl{}
	for _, decl := range s.file.Decls {
		if f, ok := decl.(*ast.FuncDecl); ok {
			name := f.Name.Name
			if f.Recv != nil {
				name = s.cut(f.Recv.Pos(), f.Recv.End()) + name
			}
			all[name] = f
		}
	}
	return all
}

// imports is what the file imports, as it is written.
func (s source) imports() (all []string) {
	for _, spec := range s.file.Imports {
		all = append(all, s.cut(spec.Pos(), spec.End()))
	}
	return all
}

// others are the declarations that are neither functions nor imports.
func (s source) others() (all []string) {
	for _, decl := range s.file.Decls {
		if g, ok := decl.(*ast.GenDecl); ok && g.Tok != token.IMPORT {
			all = append(all, s.cut(g.Pos(), g.End()))
		}
	}
	return all
}

// insertion is text that goes into a file at an offset.
type insertion struct {
	at   int
	text string
}

// merger makes one file of an original and its mutants.
type merger struct {
	source
	name  string
	into  []insertion
	after bytes.Buffer    // what comes after all else
	added map[string]bool // imports and declarations that the original does not have
}

// merge returns the original with all mutants of it in it, by their numbers. A mutant changes functions, whose signatures stay, and may add
// imports and declarations. What changes more has no place in it, and is an error.
func merge(name string, original []byte, mutants map[int][]byte) ([]byte, error) {
	was, err := parse(name, original)
	if err != nil {
		return nil, err
	}
	m := &merger{source: was, name: name, added: map[string]bool{}}
	for _, number := range slices.Sorted(maps.Keys(mutants)) {
		is, err := parse(name, mutants[number])
		if err != nil {
			return nil, err
		}
		if err := m.functionsOf(is, number); err != nil {
			return nil, fmt.Errorf("%s: mutant %d: %w", name, number, err)
		}
		if err := m.declarationsOf(is); err != nil {
			return nil, fmt.Errorf("%s: mutant %d: %w", name, number, err)
		}
	}
	return m.merged(), nil
}

// functionsOf takes over the functions that a mutant changes.
func (m *merger) functionsOf(mutant source, number int) error {
	had, has := m.functions(), mutant.functions()
	suffix, changed := fmt.Sprintf("Mutant%d", number), 0
	for _, key := range slices.Sorted(maps.Keys(had)) {
		f, g := had[key], has[key]
		if g == nil {
			return fmt.Errorf("there is no %s", key)
		}
		if m.cut(f.Pos(), f.End()) == mutant.cut(g.Pos(), g.End()) {
			continue
		}
		if m.cut(f.Pos(), f.Body.Lbrace) != mutant.cut(g.Pos(), g.Body.Lbrace) {
			return fmt.Errorf("%s takes or returns something else", key)
		}
		call, err := call(f, suffix)
		if err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		changed++
		m.into = append(m.into, insertion{m.at(f.Body.Lbrace) + 1, fmt.Sprintf(" if mutant == \"%d\" { %s };", number, call)})
		fmt.Fprintf(&m.after, "\n%s%s%s\n", mutant.cut(g.Pos(), g.Name.End()), suffix, mutant.cut(g.Name.End(), g.End()))
	}
	if changed == 0 || len(has) != len(had) {
		return fmt.Errorf("%d functions are changed and %d added", changed, len(has)-len(had))
	}
	return nil
}

// declarationsOf takes over what a mutant declares beside functions, and what it imports.
func (m *merger) declarationsOf(mutant source) error {
	for _, spec := range mutant.imports() {
		if !m.added[spec] && !slices.Contains(m.imports(), spec) {
			m.added[spec] = true
			m.into = append(m.into, insertion{m.at(m.file.Name.End()), "\nimport " + spec})
		}
	}
	own, has := m.others(), mutant.others()
	for _, decl := range own {
		if !slices.Contains(has, decl) {
			return fmt.Errorf("changed outside of functions: %s", decl)
		}
	}
	for _, decl := range has {
		if !m.added[decl] && !slices.Contains(own, decl) {
			m.added[decl] = true
			fmt.Fprintf(&m.after, "\n%s\n", decl)
		}
	}
	return nil
}

// merged is the text with everything in it, the insertions at one place in their order.
func (m *merger) merged() []byte {
	into := m.into
	slices.SortStableFunc(into, func(a, b insertion) int { return a.at - b.at })
	var out []byte
	done := 0
	for _, in := range into {
		out = append(append(out, m.text[done:in.at]...), in.text...)
		done = in.at
	}
	return append(append(out, m.text[done:]...), m.after.Bytes()...)
}

// call is the statement with which a function leaves everything to the one whose name has a suffix.
func call(f *ast.FuncDecl, suffix string) (string, error) {
	name := f.Name.Name + suffix
	if f.Recv != nil {
		receiver, err := names(f.Recv, 1)
		if err != nil {
			return "", err
		}
		name = receiver[0] + "." + name
	}
	params, err := names(f.Type.Params, f.Type.Params.NumFields())
	if err != nil {
		return "", err
	}
	if n := len(f.Type.Params.List); n > 0 {
		if _, ok := f.Type.Params.List[n-1].Type.(*ast.Ellipsis); ok {
			params[len(params)-1] += "..."
		}
	}
	call := name + "(" + strings.Join(params, ", ") + ")"
	if f.Type.Results.NumFields() == 0 {
		return call + "; return", nil
	}
	return "return " + call, nil
}

// names of so many parameters.
func names(list *ast.FieldList, want int) (all []string, err error) {
	for _, field := range list.List {
		for _, name := range field.Names {
			if name.Name == "_" {
				return nil, fmt.Errorf("a parameter is _")
			}
			all = append(all, name.Name)
		}
	}
	if len(all) != want {
		return nil, fmt.Errorf("%d names for %d parameters", len(all), want)
	}
	return all, nil
}

// mergeAll returns the merged files and the switches of their packages, by path from the module's root.
func mergeAll() (map[string][]byte, error) {
	byFile := map[string]map[int][]byte{}
	for number, m := range mutants {
		patched, err := m.apply()
		if err != nil {
			return nil, err
		}
		if byFile[m.file] == nil {
			byFile[m.file] = map[int][]byte{}
		}
		byFile[m.file][number] = patched
	}
	files := map[string][]byte{}
	for name, patched := range byFile {
		original, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			return nil, err
		}
		if files[name], err = merge(name, original, patched); err != nil {
			return nil, err
		}
		parsed, err := parse(name, original)
		if err != nil {
			return nil, err
		}
		files[filepath.Join(filepath.Dir(name), "mutant_switch.go")] = fmt.Appendf(nil, switched, parsed.file.Name.Name)
	}
	return files, nil
}

// A function keeps what it was; what a mutant makes of it lies beside it.
func TestMerge(t *testing.T) {
	const original = "package p\n\ntype t struct{}\n\nfunc (x *t) f(a, b int, more ...int) (n int) {\n\treturn a\n}\n\nfunc g(int) {\n}\n"
	for name, c := range map[string]struct {
		from, to string
		want     []string // in the merged file, or in the error
		refused  bool
	}{
		"a body": {"return a", "return b", []string{
			"func (x *t) f(a, b int, more ...int) (n int) { if mutant == \"7\" { return x.fMutant7(a, b, more...) };\n\treturn a\n}",
			"func (x *t) fMutant7(a, b int, more ...int) (n int) {\n\treturn b\n}",
		}, false},
		"an import and a declaration": {"package p\n\ntype t struct{}\n\nfunc (x *t) f(a, b int, more ...int) (n int) {\n\treturn a", "package p\n\nimport \"os\"\n\nvar v = os.Args\n\ntype t struct{}\n\nfunc (x *t) f(a, b int, more ...int) (n int) {\n\treturn len(v)", []string{
			"package p\nimport \"os\"", "\nvar v = os.Args\n", "\treturn a\n", "\treturn len(v)\n",
		}, false},
		"a type":               {"type t struct{}", "type t struct{ n int }", []string{"0 functions are changed"}, true},
		"a type and a body":    {"type t struct{}\n\nfunc (x *t) f(a, b int, more ...int) (n int) {", "type t int\n\nfunc (x *t) f(a, b int, more ...int) (n int) {\n", []string{"changed outside of functions: type t struct{}"}, true},
		"a signature":          {"(n int)", "(m int)", []string{"takes or returns something else"}, true},
		"nothing":              {"return a", "return a", []string{"0 functions are changed"}, true},
		"a nameless parameter": {"func g(int) {\n", "func g(int) {\n\tpanic(1)\n", []string{"0 names for 1 parameters"}, true},
		"a function more":      {"func g(int) {\n}", "func g(int) {\n}\n\nfunc h() {\n}", []string{"0 functions are changed and 1 added"}, true},
		"a function less":      {"func g(int) {\n}\n", "", []string{"there is no g"}, true},
	} {
		merged, err := merge("p.go", []byte(original), map[int][]byte{7: []byte(strings.Replace(original, c.from, c.to, 1))})
		got := string(merged)
		if (err != nil) != c.refused {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil {
			got = err.Error()
		} else if _, err := parse("p.go", merged); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, want := range c.want {
			if !strings.Contains(got, want) {
				t.Errorf("%s: want %q in\n%s", name, want, got)
			}
		}
	}
}
