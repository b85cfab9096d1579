package screen

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/sync/engine"
	"github.com/coffer-vault/coffer/vault"
)

// heard are the packages whose sentinels can reach a screen, by the name under which the table knows them.
var heard = map[string]string{
	"session": "../session", "platform": "../platform", "kit": "../kit", "vault": "../../vault", "importer": "../../vault/importer",
	"generate": "../../vault/generate", "otp": "../../vault/otp", "engine": "../../sync/engine", "remote": "../../sync/remote",
	"updater": "../../updater", "keys": "../../crypto/keys",
}

// unheard are sentinels of those packages that no screen can meet, with the reason.
var unheard = map[string]string{
	"vault.ErrOutbox":    "the engine's own affair",
	"vault.ErrOvertaken": "the engine begins again",
}

func TestEverySentinelHasItsSentence(t *testing.T) {
	explained := map[string]bool{}
	inspect(t, "errors.go", func(n ast.Node) {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if pkg, ok := s.X.(*ast.Ident); ok {
				explained[pkg.Name+"."+s.Sel.Name] = true
			}
		}
	})
	for pkg, dir := range heard {
		for _, name := range sentinels(t, dir) {
			full := pkg + "." + name
			if !explained[full] && unheard[full] == "" {
				t.Errorf("%s has no sentence in errors.go: it would be called unexpected", full)
			}
		}
	}
}

// sentinels lists the exported errors that a package declares, on any system.
func sentinels(t *testing.T, dir string) (names []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files in %s: %v", dir, err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		inspect(t, file, func(n ast.Node) {
			if spec, ok := n.(*ast.ValueSpec); ok {
				for _, name := range spec.Names {
					if strings.HasPrefix(name.Name, "Err") && len(spec.Values) > 0 {
						names = append(names, name.Name)
					}
				}
			}
		})
	}
	return names
}

func inspect(t *testing.T, file string, visit func(ast.Node)) {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(parsed, func(n ast.Node) bool {
		visit(n)
		return true
	})
}

func TestSentencesAreWhole(t *testing.T) {
	words := english(t)
	unexpected := explain(words, errors.New("whatever"))
	for _, s := range sentences {
		m := explain(words, fmt.Errorf("some operation: %w", s.err))
		checkWords(t, s.key, m.What, m.Safe, m.Next)
		if m.What == "" || m.Safe == "" || m.Next == "" || m.What == unexpected.What {
			t.Errorf("%v: %+v", s.err, m)
		}
	}
	checkWords(t, "unexpected", unexpected.What, unexpected.Safe, unexpected.Next)
	if !explain(words, nil).IsZero() {
		t.Error("no error has a message")
	}
}

func TestErrorsThatCarryAValue(t *testing.T) {
	words := english(t)
	violation := func(err error) error { return &engine.Violation{Err: err} }
	for _, test := range []struct {
		err  error
		want string
	}{
		{&session.CodeError{TriesLeft: 3}, "That code is not right. 3 tries are left."},
		{&session.CodeError{TriesLeft: 1}, "That code is not right. One try is left."},
		{&session.CodeError{}, "That code is not right, and there are no tries left."},
		{&session.SlowDownError{RetryAfter: 20 * time.Second}, "There were too many tries. Please wait 20 s."},
		{&session.SlowDownError{RetryAfter: 15 * time.Minute}, "There were too many tries. Please wait 15 min."},
		{violation(engine.ErrForked), "The server shows another history of your vault than this PC has seen."},
		{violation(errors.New("wrong root")), "The server sent something about your vault that does not prove to be right."},
		{&fsError{syscall.ENOSPC}, "The disk is full, so Coffer could not save."},
		// What was decided comes before what it was decided from.
		{fmt.Errorf("%w: %w", session.ErrKeyringLost, vault.ErrNotFound), "This PC no longer has the Secret Key of this account."},
	} {
		m := explain(words, fmt.Errorf("operation: %w", test.err))
		if m.What != test.want {
			t.Errorf("%v: %q, want %q", test.err, m.What, test.want)
		}
		checkWords(t, test.err.Error(), m.What, m.Safe, m.Next)
	}
}

type fsError struct{ err error }

func (e *fsError) Error() string { return "write: no space" }
func (e *fsError) Unwrap() error { return e.err }
