package assets

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

func english(t *testing.T) *Catalog {
	t.Helper()
	c, err := Load("en")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// catalogOf is a catalog made of the given texts.
func catalogOf(code string, texts map[string]text) *Catalog {
	tag := language.Make(code)
	return &Catalog{code: code, language: tag, numbers: message.NewPrinter(tag), texts: texts}
}

func TestTextsTakeNamesAndCounts(t *testing.T) {
	texts := map[string]text{
		"plain": {"other": "Save"},
		"greet": {"other": "Welcome back, {name}"},
		"twice": {"other": "{a} and {a}, {b}"},
		"items": {"one": "{count} item", "other": "{count} items"},
	}
	for _, test := range []struct {
		lang, key string
		args      []any
		want      string
	}{
		{"en", "plain", nil, "Save"},
		{"en", "greet", []any{"name", "Anna"}, "Welcome back, Anna"},
		{"en", "greet", []any{"name", "{count}"}, "Welcome back, {count}"},
		{"en", "twice", []any{"a", "{b}", "b", 7}, "{b} and {b}, 7"},
		{"en", "greet", nil, "Welcome back, {name}"},
		{"en", "greet", []any{"name"}, "Welcome back, {name}"},
		{"en", "items", []any{"count", 0}, "0 items"},
		{"en", "items", []any{"count", 1}, "1 item"},
		{"en", "items", []any{"count", 10000}, "10,000 items"},
		{"de", "items", []any{"count", 10000}, "10.000 items"},
		{"fr", "items", []any{"count", 0}, "0 item"},
		{"ja", "items", []any{"count", 1}, "1 items"},
		{"en", "lost", nil, "⟦lost⟧"},
	} {
		if got := catalogOf(test.lang, texts).T(test.key, test.args...); got != test.want {
			t.Errorf("%s %s %v: got %q, want %q", test.lang, test.key, test.args, got, test.want)
		}
	}
}

func TestLoadFindsTheNearestLanguage(t *testing.T) {
	for tag, want := range map[string]string{"en": "en", "en-GB": "en", "": "en", "tlh": "en", "no such tag!": "en", "de-AT": "de", "ja-JP": "ja"} {
		if !slices.ContainsFunc(Languages(), func(l Language) bool { return l.Code == want }) {
			want = fallback
		}
		c, err := Load(tag)
		if err != nil {
			t.Fatal(err)
		}
		if c.Code() != want {
			t.Errorf("Load(%q) is %s, want %s", tag, c.Code(), want)
		}
	}
}

func TestDates(t *testing.T) {
	moment := time.Date(2026, 9, 20, 0, 50, 0, 0, time.UTC)
	if got, want := english(t).DateTime(moment), "20 September 2026, 00:50"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestBadTranslationsAreRefused(t *testing.T) {
	for _, data := range []string{`1`, `["a"]`, `{"one": "x"}`, `{"other": 1}`, `null`, `{}`, `""`} {
		var forms text
		if err := forms.UnmarshalJSON([]byte(data)); err == nil {
			t.Errorf("%s was read as %v", data, forms)
		}
	}
}

var placeholder = regexp.MustCompile(`\{\w+\}`)

func placeholders(form string) []string {
	found := placeholder.FindAllString(form, -1)
	slices.Sort(found)
	return slices.Compact(found)
}

// Every translation says all that English says, with the same placeholders, and nothing besides.
func TestTranslationsAreComplete(t *testing.T) {
	source, err := readTexts(fallback)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range Languages() {
		texts, err := readTexts(l.Code)
		if err != nil {
			t.Error(err)
			continue
		}
		for _, key := range slices.Sorted(maps.Keys(source)) {
			compareForms(t, l.Code+" "+key, source[key]["other"], texts[key])
		}
		for key := range texts {
			if source[key] == nil {
				t.Errorf("%s: %s does not exist in English", l.Code, key)
			}
		}
	}
}

func compareForms(t *testing.T, where, source string, forms text) {
	t.Helper()
	if forms == nil {
		t.Errorf("%s is missing", where)
	}
	for form, text := range forms {
		want := placeholders(source)
		// "one item" may leave the number out.
		if form != "other" && !strings.Contains(text, "{count}") {
			want = slices.DeleteFunc(want, func(p string) bool { return p == "{count}" })
		}
		// A date may write its month as a name or as a number.
		if !strings.HasSuffix(where, "date.day") && !slices.Equal(placeholders(text), want) {
			t.Errorf("%s, %s: placeholders %v, want %v", where, form, placeholders(text), want)
		}
	}
}

// Every text the program asks for by a literal key exists: a call of a method or function T is taken for one.
func TestEveryTextAskedForExists(t *testing.T) {
	catalog := english(t)
	walkCalls(t, filepath.Join("..", "app"), func(at token.Position, key string) {
		if !catalog.Has(key) {
			t.Errorf("%v asks for %q, which translations/en.json lacks", at, key)
		}
	})
}

// walkCalls visits the calls T("key", …) in the Go files below a folder.
func walkCalls(t *testing.T, root string, visit func(token.Position, string)) {
	t.Helper()
	files := token.NewFileSet()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		parsed, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok && len(call.Args) > 0 && calledName(call) == "T" {
				if literal, ok := call.Args[0].(*ast.BasicLit); ok && literal.Kind == token.STRING {
					if key, err := strconv.Unquote(literal.Value); err == nil {
						visit(files.Position(call.Pos()), key)
					}
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func calledName(call *ast.CallExpr) string {
	switch f := call.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return f.Sel.Name
	}
	return ""
}
