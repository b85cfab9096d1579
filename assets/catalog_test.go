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
	return &Catalog{code: code, numbers: message.NewPrinter(tag), texts: texts}
}

var samples = map[string]text{
	"plain": {"other": "Save"},
	"greet": {"other": "Welcome back, {name}"},
	"twice": {"other": "{a} and {a}, {b}"},
	"items": {"one": "{n} item", "many": "{n} of items", "other": "{n} items in {place}"},
	"size":  {"other": "{n} MB"},
}

func TestTextFillsPlaceholders(t *testing.T) {
	for _, test := range []struct {
		key  string
		args []any
		want string
	}{
		{"plain", nil, "Save"},
		{"greet", []any{"name", "Anna"}, "Welcome back, Anna"},
		{"greet", []any{"name", "{name}"}, "Welcome back, {name}"},
		{"twice", []any{"a", "{b}", "b", 7000}, "{b} and {b}, 7,000"},
		{"size", []any{"n", 1.25}, "1.2 MB"},
		{"size", []any{"n", 7.0}, "7 MB"},
		{"greet", nil, "Welcome back, {name}"},
		{"greet", []any{"name"}, "Welcome back, {name}"},
		{"lost", nil, "⟦lost⟧"},
	} {
		if got := catalogOf("en", samples).Text(test.key, test.args...); got != test.want {
			t.Errorf("%s %v: got %q, want %q", test.key, test.args, got, test.want)
		}
	}
}

func TestCountPicksThePluralForm(t *testing.T) {
	for _, test := range []struct {
		lang string
		n    int
		want string
	}{
		{"en", 0, "0 items in Work"},
		{"en", 1, "1 item"},
		{"en", -1, "-1 item"},
		{"en", 10000, "10,000 items in Work"},
		{"de", 10000, "10.000 items in Work"},
		{"nl", 0, "0 items in Work"},
		{"fr", 0, "0 item"},
		{"fr", 1, "1 item"},
		{"fr", 2, "2 items in Work"},
		{"es", 0, "0 items in Work"},
		{"es", 1_000_000, "1.000.000 of items"},
		{"it", -2_000_000, "-2.000.000 of items"},
		{"it", 1_000_001, "1.000.001 items in Work"},
		{"de", 1_000_000, "1.000.000 items in Work"},
		{"ja", 1, "1 items in Work"},
	} {
		if got := catalogOf(test.lang, samples).Count("items", test.n, "place", "Work"); got != test.want {
			t.Errorf("%s %d: got %q, want %q", test.lang, test.n, got, test.want)
		}
	}
	if got := catalogOf("en", samples).Count("lost", 1); got != "⟦lost⟧" {
		t.Errorf("a missing key gave %q", got)
	}
}

// A text that a language lacks is English, in the form that English has for the number.
func TestMissingTextsAreEnglish(t *testing.T) {
	c := catalogOf("fr", map[string]text{"plain": {"other": "Enregistrer"}})
	c.english = samples
	if got := c.Text("plain") + ", " + c.Text("greet", "name", "Anna"); got != "Enregistrer, Welcome back, Anna" {
		t.Errorf("got %q", got)
	}
	if got, want := c.Count("items", 0, "place", "Work"), "0 items in Work"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if !c.Has("greet") || c.Has("lost") {
		t.Error("what exists is not told from what does not")
	}
}

func TestLoadFindsTheNearestLanguage(t *testing.T) {
	for tag, want := range map[string]string{
		"": "en", "en": "en", "en-GB": "en", "no such tag!": "en", "tlh": "en", "pt-BR": "en", "zh-Hans": "en", "und": "en",
		"de-AT": "de", "de-CH": "de", "fr-CA": "fr", "es-419": "es", "es-MX": "es", "it-CH": "it", "nl-BE": "nl", "ja": "ja", "ja-JP": "ja",
	} {
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

func TestBestOfSeveralLanguages(t *testing.T) {
	for _, test := range []struct {
		wanted []string
		want   string
	}{
		{nil, "en"}, {[]string{"pt-BR"}, "en"}, {[]string{"pt-BR", "en-US", "de"}, "en"}, {[]string{"rubbish!", "", "en"}, "en"},
		{[]string{"pt-BR", "de-DE", "en"}, "de"}, {[]string{"ja-JP", "en-US"}, "ja"},
	} {
		if got := Best(test.wanted...); got != test.want && slices.ContainsFunc(Languages(), func(l Language) bool { return l.Code == test.want }) {
			t.Errorf("%v: %s, want %s", test.wanted, got, test.want)
		}
	}
}

func TestDates(t *testing.T) {
	moment, first := time.Date(2026, 9, 20, 0, 50, 0, 0, time.UTC), time.Date(2026, 3, 1, 15, 4, 0, 0, time.UTC)
	for code, want := range map[string][2]string{
		"en": {"20 September 2026, 00:50", "1 March 2026, 15:04"},
		"de": {"20. September 2026, 00:50", "1. März 2026, 15:04"},
		"fr": {"20 septembre 2026 à 00:50", "1er mars 2026 à 15:04"},
		"es": {"20 de septiembre de 2026, 00:50", "1 de marzo de 2026, 15:04"},
		"it": {"20 settembre 2026, 00:50", "1º marzo 2026, 15:04"},
		"nl": {"20 september 2026 00:50", "1 maart 2026 15:04"},
		"ja": {"2026年9月20日 00:50", "2026年3月1日 15:04"},
	} {
		c, err := Load(code)
		if err != nil {
			t.Fatal(err)
		}
		if got := [2]string{c.DateTime(moment), c.DateTime(first)}; got != want && c.Code() == code {
			t.Errorf("%s: got %q, want %q", code, got, want)
		}
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

// Every translation says what English says, with the same placeholders and its own plural forms, and nothing besides.
func TestTranslationsAgree(t *testing.T) {
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
		for key, forms := range texts {
			if source[key] == nil {
				t.Errorf("%s: %s does not exist in English", l.Code, key)
				continue
			}
			compareForms(t, l.Code, key, source[key], forms)
		}
	}
}

func compareForms(t *testing.T, code, key string, source, forms text) {
	t.Helper()
	categories := []string{"other"}
	if len(source) > 1 {
		categories = pluralForms(code)
	}
	if got := slices.Sorted(maps.Keys(forms)); !slices.Equal(got, slices.Sorted(slices.Values(categories))) {
		t.Errorf("%s %s has the forms %v, want %v", code, key, got, categories)
	}
	for form, text := range forms {
		want := placeholders(source["other"])
		// "one item" may leave the number out.
		if form == "one" && !strings.Contains(text, "{n}") {
			want = slices.DeleteFunc(want, func(p string) bool { return p == "{n}" })
		}
		// A date may write its month as a name or as a number.
		if key != "date.day" && !slices.Equal(placeholders(text), want) {
			t.Errorf("%s %s, %s: placeholders %v, want %v", code, key, form, placeholders(text), want)
		}
	}
}

// Every text the program asks for exists. A call of Text or Count with a literal that looks like a key is taken for one;
// a literal that is only the beginning of a key must begin one.
func TestEveryTextAskedForExists(t *testing.T) {
	catalog := english(t)
	walkCalls(t, filepath.Join("..", "app"), func(at token.Position, argument ast.Expr) {
		if key, ok := keyLiteral(argument); ok && !catalog.Has(key) {
			t.Errorf("%v asks for %q, which translations/en.json lacks", at, key)
		}
		sum, ok := argument.(*ast.BinaryExpr)
		if !ok {
			return
		}
		if start, ok := keyLiteral(sum.X); ok && !hasPrefix(catalog, start) {
			t.Errorf("%v asks for texts that begin with %q, translations/en.json has none", at, start)
		}
	})
}

var keyPattern = regexp.MustCompile(`^[a-z]+(\.\w+)*\.\w*$`)

func keyLiteral(e ast.Expr) (string, bool) {
	literal, ok := e.(*ast.BasicLit)
	if !ok || literal.Kind != token.STRING {
		return "", false
	}
	key, err := strconv.Unquote(literal.Value)
	return key, err == nil && keyPattern.MatchString(key)
}

func hasPrefix(c *Catalog, start string) bool {
	for key := range c.texts {
		if strings.HasPrefix(key, start) {
			return true
		}
	}
	return false
}

// walkCalls visits the first argument of every call of Text and Count in the Go files below a folder.
func walkCalls(t *testing.T, root string, visit func(token.Position, ast.Expr)) {
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
			if call, ok := n.(*ast.CallExpr); ok && len(call.Args) > 0 && slices.Contains([]string{"Text", "Count"}, calledName(call)) {
				visit(files.Position(call.Pos()), call.Args[0])
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
