package archtest

import (
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var noticed = regexp.MustCompile(`(?m)^\| ([a-z0-9.]+\.[a-z]+/[^ ]+) \|`)

// TestThirdPartyNotices holds docs/third-party.md against the modules that are linked into the programs, on every system.
func TestThirdPartyNotices(t *testing.T) {
	document, err := os.ReadFile("../../docs/third-party.md")
	if err != nil {
		t.Fatal(err)
	}
	listed, linked := found(noticed, document), linkedModules(t)
	for _, module := range linked {
		if !slices.Contains(listed, module) {
			t.Errorf("docs/third-party.md has no notice of %s", module)
		}
	}
	for _, module := range listed {
		if !slices.Contains(linked, module) {
			t.Errorf("docs/third-party.md names %s, which no program contains", module)
		}
	}
}

// linkedModules are the modules of others from which the programs have packages.
func linkedModules(t *testing.T) (modules []string) {
	t.Helper()
	for _, system := range []string{"linux", "windows", "darwin"} {
		cmd := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}}{{end}}{{end}}",
			"./app/cmd/...", "./cloud/cmd/...", "./updater/cmd/...")
		cmd.Dir = "../.."
		cmd.Env = append(os.Environ(), "GOOS="+system, "GOARCH=amd64", "CGO_ENABLED=1")
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s: %v", system, err)
		}
		modules = append(modules, strings.Fields(string(out))...)
	}
	slices.Sort(modules)
	return slices.Compact(modules)
}
