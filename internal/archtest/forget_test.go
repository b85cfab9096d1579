package archtest

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/crypto/secret"
)

var (
	// opensVault is a line that builds a program which opens a vault, or calls what does.
	opensVault = regexp.MustCompile(`(?:\$\(GO\) build|\bgo build|^program|^compile).*\./app/cmd/(?:coffer|cofferctl|\.\.\.)(?:\s|$)`)
	forgets    = regexp.MustCompile(`\$\(FORGET\)|\$forget`)
)

// What opens a vault is linked so that Go overwrites what it frees (docs/adr/0033-go-overwrites-what-it-frees.md).
func TestWhatOpensAVaultForgets(t *testing.T) {
	settings := "-X runtime.godebugDefault=" + secret.Runtime
	found := 0
	for _, name := range []string{"Makefile", "installer/linux/build.sh", "installer/windows/build.sh", "installer/macos/build.sh", "updater/rehearsal/reproducible.sh"} {
		for line := range strings.Lines(read(t, name)) {
			if !opensVault.MatchString(line) {
				continue
			}
			found++
			if !forgets.MatchString(line) {
				t.Errorf("%s builds a program that does not overwrite what it frees: %s", name, line)
			}
		}
	}
	if found < 9 {
		t.Errorf("%d lines that build programs: the test does not know them any more", found)
	}
	for _, name := range []string{"Makefile", "installer/setup/release.sh"} {
		if !strings.Contains(read(t, name), settings) {
			t.Errorf("%s does not link with %s", name, settings)
		}
	}
}

// read returns a file of the project, with lines that go on joined.
func read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile("../../" + name)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(data), "\\\n", " ")
}
