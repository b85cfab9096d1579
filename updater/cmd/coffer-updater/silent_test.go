package main

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// ears are how a program hears of others: ports, pipes, mail slots, windows, its environment. Requests of its own it may send.
var ears = regexp.MustCompile(`^(net\.(Listen\w*|FileListener)|http\.(Serve\w*|ListenAndServe\w*|Server)|httptest\.\w+|rpc\.\w+|` +
	`windows\.(CreateNamedPipe|CreateMailslot|ConnectNamedPipe)|syscall\.(Listen|Accept|Bind)|winio\.\w+|os\.(Getenv|LookupEnv|Environ)|flag\.\w+)$`)

// allowed are exceptions, with the reason.
var allowed = map[string]string{
	"updater/trust/trust_dev.go os.Getenv": "a development build takes root and hosts from there; a release is built without this file",
}

// TestServiceListensToNobody reads what the service is made of (attack 36). A service that takes orders as LocalSystem takes them from
// everybody.
func TestServiceListensToNobody(t *testing.T) {
	used := map[string]bool{}
	for _, p := range append(parts(t, "windows"), parts(t, "darwin")...) {
		if strings.HasPrefix(p.ImportPath, "github.com/Microsoft/go-winio") || p.ImportPath == "net/rpc" {
			t.Errorf("the service links %s", p.ImportPath)
		}
		if !strings.HasPrefix(p.ImportPath, "github.com/coffer-vault/coffer/") {
			continue
		}
		for _, name := range p.GoFiles {
			for _, use := range heard(t, filepath.Join(p.Dir, name)) {
				place := strings.TrimPrefix(p.ImportPath, "github.com/coffer-vault/coffer/") + "/" + name + " " + use
				used[place] = true
				if allowed[place] == "" {
					t.Errorf("%s: the service would listen", place)
				}
			}
		}
	}
	for place := range allowed {
		if !used[place] {
			t.Errorf("%s: this exception is not needed", place)
		}
	}
}

type part struct {
	ImportPath, Dir string
	GoFiles         []string
}

// parts are the packages that the service is linked from on a system.
func parts(t *testing.T, system string) (all []part) {
	t.Helper()
	list := exec.Command("go", "list", "-deps", "-json=ImportPath,Dir,GoFiles", ".")
	list.Env = append(os.Environ(), "GOOS="+system, "GOARCH=amd64", "CGO_ENABLED=0")
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p part
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	if len(all) < 50 {
		t.Fatalf("only %d packages", len(all))
	}
	return all
}

// heard lists the ears that a file uses.
func heard(t *testing.T, path string) (uses []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok && ears.MatchString(x.Name+"."+s.Sel.Name) {
				uses = append(uses, x.Name+"."+s.Sel.Name)
			}
		}
		return true
	})
	return uses
}
