// Package archtest keeps the rules of ARCHITECTURE.md: who may import whom. Each rule carries its reason, and the test prints it.
package archtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
)

const module = "github.com/coffer-vault/coffer/"

type pkg struct {
	ImportPath string
	Name       string
	Imports    []string
	Deps       []string
}

// rule forbids packages below From to import packages below a Deny prefix, unless an Allow prefix is longer. Deep rules look at
// the whole graph below the package and not only at its own imports.
type rule struct {
	from   string
	except []string // packages below from that the rule leaves alone
	deny   []string
	allow  []string
	deep   bool
	reason string
}

const anyOfOurs = module

var rules = []rule{
	{
		from:   module + "crypto/",
		deny:   []string{anyOfOurs, "net", "database/sql", "os", "os/exec", "log", "syscall", "golang.org", "github.com"},
		allow:  []string{module + "crypto/", "log/slog", "golang.org/x/crypto", "golang.org/x/text/unicode/norm", "github.com/fxamacker/cbor/v2"},
		reason: "crypto is pure computation: it compiles to js/wasm and can leak nothing, since it can reach nothing",
	},
	{
		from:   module + "vault",
		except: []string{module + "vault/importer"},
		deny:   []string{module + "sync", module + "app", module + "cloud", "net/http", "fyne.io"},
		deep:   true,
		reason: "the vault works offline: it does not know that a server or a window exists",
	},
	{
		from:   module + "vault/sqlite",
		deny:   []string{anyOfOurs},
		allow:  []string{module + "vault", module + "crypto/id", module + "crypto/canonical", module + "internal/sqlite", module + "internal/atomicfile"},
		reason: "the store is given sealed values: it has no key and no code that opens them",
	},
	{
		from:   module + "vault/chunkdir",
		deny:   []string{anyOfOurs},
		allow:  []string{module + "vault", module + "crypto/id", module + "internal/atomicfile", module + "internal/filelock"},
		reason: "the folder of chunks is given sealed ones, as the store is",
	},
	{
		from:   module + "vault/importer",
		deny:   []string{module + "sync", module + "app", module + "cloud", "net/http", "fyne.io"},
		reason: "reading other programs' files needs no network and no window",
	},
	{
		from:   module + "vault/exporter",
		deny:   []string{anyOfOurs, module + "vault/sqlite", module + "vault/chunkdir", module + "vault/importer", "net", "database/sql", "os/exec"},
		allow:  []string{module + "vault", module + "crypto/id", module + "crypto/secret", module + "internal/atomicfile", module + "internal/kdbx", "net/url"},
		reason: "what writes a vault in the open is given opened items: it has no key, and a file is the only way out of it",
	},
	{
		from:   module + "sync/wire",
		deny:   []string{anyOfOurs, "github.com", "golang.org"},
		reason: "wire is the JSON of the API: whoever writes another client can read it alone",
	},
	{
		from:   module + "sync/chain",
		deny:   []string{anyOfOurs, "net", "os", "database/sql"},
		allow:  []string{module + "crypto/id", module + "crypto/canonical", module + "crypto/signing"},
		reason: "client and server compute the same with it, so it holds only what both may hold",
	},
	{
		from:   module + "sync/proof",
		deny:   []string{anyOfOurs, "net", "os"},
		allow:  []string{module + "crypto/id", module + "crypto/canonical", module + "crypto/signing"},
		reason: "the messages that a client signs and the server checks",
	},
	{
		from:   module + "sync/enrol",
		deny:   []string{module + "vault", module + "app", module + "cloud", "net", "os"},
		reason: "proving a key bundle is pure: the server's and the local one take the same way",
	},
	{
		from:   module + "sync/pairing",
		deny:   []string{anyOfOurs, "net", "os"},
		allow:  []string{module + "sync/chain", module + "crypto/id", module + "crypto/canonical", module + "crypto/signing"},
		reason: "what two people compare is computed from public keys and random values alone",
	},
	{
		from:   module + "sync/remote",
		deny:   []string{anyOfOurs, "database/sql"},
		allow:  []string{module + "sync/wire", module + "sync/proof", module + "crypto/id", module + "crypto/signing", module + "crypto/canonical", module + "crypto/secret"},
		reason: "the HTTP client carries opaque bytes; it cannot open a vault",
	},
	{
		from:   module + "sync/engine",
		deny:   []string{anyOfOurs, "net/http", "database/sql", "fyne.io"},
		allow:  []string{module + "vault", module + "sync/wire", module + "sync/chain", module + "crypto"},
		reason: "the engine verifies and merges; how bytes travel and rest is injected",
	},
	{
		from:   module + "cloud",
		deny:   []string{module + "vault", module + "crypto/kdf", module + "crypto/keys", module + "crypto/seal", module + "crypto/wrap", module + "app", module + "updater"},
		deep:   true,
		reason: "the server cannot even link the code that opens a vault",
	},
	{
		from:   module + "cloud",
		deny:   []string{module + "crypto/secret"},
		reason: "the server holds no private key and no secret of a user",
	},
	{
		from:   module + "updater",
		deny:   []string{module + "vault", module + "sync", module + "app", module + "crypto", module + "cloud"},
		deep:   true,
		reason: "the updater runs with the highest rights: it knows releases and nothing else",
	},
	{
		from:   module + "internal/policy",
		deny:   []string{anyOfOurs, "net", "database/sql"},
		allow:  []string{module + "internal/buildinfo"},
		deep:   true,
		reason: "the service with the highest rights reads the policy too: it links nothing else for that",
	},
	{
		from:   module + "internal/enrolment",
		deny:   []string{anyOfOurs, "net", "os", "database/sql", "github.com", "golang.org"},
		reason: "the service with the highest rights reads the server out of a token: it links nothing else for that",
	},
	{
		from:   module + "app/breach",
		deny:   []string{anyOfOurs, "database/sql"},
		allow:  []string{module + "crypto/secret"},
		reason: "what asks a stranger about passwords knows of no vault: it cannot send more than it is given",
	},
	{
		from:   module + "app/session",
		deny:   []string{"fyne.io", "database/sql", module + "app/ui", module + "app/screen"},
		reason: "the app works without a window, for cofferctl and for tests",
	},
	{
		from:   module + "app/screen",
		deny:   []string{"fyne.io", "database/sql", module + "app/ui", "net/http"},
		reason: "a screen's model is tested without a display",
	},
	{
		from:   module + "app/ui",
		deny:   []string{module + "app/session", module + "sync", module + "cloud", "database/sql", "net/http", "fyne.io/fyne/v2/app"},
		reason: "views draw; what happens is decided in app/screen",
	},
}

// onlyIn lists packages that one package of the programs alone may import.
var onlyIn = map[string]string{
	"fyne.io/fyne/v2/app":            module + "app/cmd/coffer",
	"fyne.io/systray":                module + "app/tray",
	"github.com/zalando/go-keyring":  module + "app/platform",
	"github.com/mattn/go-sqlite3":    module + "internal/sqlite",
	"github.com/minio/selfupdate":    module + "updater",
	"github.com/danielgtaylor/huma/": module + "cloud/api",
}

// forTests begins the paths of packages that tests alone import.
const forTests = module + "internal/test"

func TestImports(t *testing.T) {
	packages := list(t)
	for _, p := range packages {
		for _, r := range rules {
			for _, violation := range r.violations(p) {
				t.Error(violation)
			}
		}
		for _, imp := range p.Imports {
			for only, owner := range onlyIn {
				if below(imp, only) && !below(p.ImportPath, owner) && !strings.HasPrefix(p.ImportPath, forTests) {
					t.Errorf("%s imports %s, which %s alone may", p.ImportPath, imp, owner)
				}
			}
		}
		for _, imp := range testOnly(p) {
			t.Errorf("%s imports %s, which is for tests", p.ImportPath, imp)
		}
	}
}

// testOnly lists the packages for tests that a program imports: test computers and servers, and the test vectors.
func testOnly(p pkg) (found []string) {
	const vectors = module + "docs/vectors"
	if strings.HasPrefix(p.ImportPath, forTests) {
		return nil
	}
	for _, imp := range p.Imports {
		if strings.HasPrefix(imp, forTests) || below(imp, vectors) {
			found = append(found, imp)
		}
	}
	return found
}

// list asks the go command for every package of the module, with its imports (of the program, not of its tests).
func list(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Name,Imports,Deps", "./...")
	cmd.Dir = "../.."
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("go list: %s", exit.Stderr)
		}
		t.Fatal(err)
	}
	var all []pkg
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

func (r rule) covers(path string) bool {
	if !below(path, r.from) {
		return false
	}
	for _, e := range r.except {
		if below(path, e) {
			return false
		}
	}
	// Test harnesses and programs wire adapters together; that is what they are for.
	return !strings.Contains(path+"/", "/cmd/") || strings.HasPrefix(path, module+"updater")
}

func (r rule) violations(p pkg) (found []string) {
	if !r.covers(p.ImportPath) {
		return nil
	}
	imports := p.Imports
	if r.deep {
		imports = p.Deps
	}
	for _, imp := range imports {
		if denied := longest(imp, r.deny); denied >= 0 && denied > longest(imp, r.allow) && !below(imp, r.from) {
			found = append(found, fmt.Sprintf("%s imports %s: %s", p.ImportPath, imp, r.reason))
		}
	}
	return found
}

// longest returns the length of the longest prefix that path is below, or -1.
func longest(path string, prefixes []string) int {
	n := -1
	for _, p := range prefixes {
		if below(path, p) && len(p) > n {
			n = len(p)
		}
	}
	return n
}

func below(path, prefix string) bool {
	return path == prefix || strings.HasPrefix(path, strings.TrimSuffix(prefix, "/")+"/")
}

// The web portal will link crypto: a system call in it shows here.
func TestCryptoCompilesForTheWeb(t *testing.T) {
	cmd := exec.Command("go", "build", "../../crypto/...")
	cmd.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm", "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

func TestRulesBite(t *testing.T) {
	for _, c := range []struct {
		from, imports string
		bad           bool
	}{
		{"crypto/seal", "net/http", true},
		{"crypto/seal", module + "crypto/secret", false},
		{"crypto/seal", module + "vault", true},
		{"crypto/kdf", "golang.org/x/crypto/argon2", false},
		{"crypto/kdf", "golang.org/x/net/context", true},
		{"cloud/api", module + "crypto/seal", true},
		{"cloud/api", module + "crypto/signing", false},
		{"app/ui", module + "app/ui/widget", false},
		{"app/ui", module + "sync/wire", true},
		{"sync/chain", module + "crypto/signing", false},
		{"sync/chain", module + "crypto/seal", true},
		{"vault/sqlite", module + "crypto/keys", true},
		{"vault/sqlite", module + "crypto/id", false},
		{"sync/engine", module + "sync/remote", true},
		{"app/breach", module + "vault", true},
		{"vault/audit", "net/http", true},
		{"sync/engine", module + "crypto/keys", false},
		{"vault/importer/intake", module + "app/session", true},
		{"vault/exporter", "net/http", true},
		{"vault/exporter", module + "crypto/keys", true},
		{"vault/exporter", module + "crypto/secret", false},
	} {
		var found []string
		for _, r := range rules {
			found = append(found, r.violations(pkg{ImportPath: module + c.from, Imports: []string{c.imports}, Deps: []string{c.imports}})...)
		}
		if (len(found) > 0) != c.bad {
			t.Errorf("%s → %s: flagged %v, want %v", c.from, c.imports, found, c.bad)
		}
	}
}

func TestTestOnlyBites(t *testing.T) {
	for _, c := range []struct {
		from, imports string
		bad           bool
	}{
		{"crypto/kdf", module + "docs/vectors", true},
		{"app/session", module + "internal/testpc", true},
		{"cloud", module + "internal/testkit", true},
		{"vault/sqlite", module + "internal/testdisk", true},
		{"internal/testpc", module + "internal/testkit", false},
		{"crypto/kdf", module + "crypto/secret", false},
		{"cloud", "testing", false},
	} {
		if found := testOnly(pkg{ImportPath: module + c.from, Imports: []string{c.imports}}); (len(found) > 0) != c.bad {
			t.Errorf("%s → %s: flagged %v, want %v", c.from, c.imports, found, c.bad)
		}
	}
}
