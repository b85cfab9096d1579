package session_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/vault/importer/format"
)

// Of tables only hashes of their headers are kept, and what their columns hold; of the oldest nothing.
func TestTablesAreRemembered(t *testing.T) {
	pc := testpc.New(t, "PC A", nil)
	u := pc.SignUp(t, testkit.Cloud(t), email)
	path := filepath.Join(pc.Paths.Home, "import-tables.json")
	said := []format.Target{format.ToTitle, format.ToPassword}
	for n := range 52 {
		if err := u.KeepTableMapping([]string{"Geheim", fmt.Sprint(n)}, said); err != nil {
			t.Fatal(err)
		}
	}
	again := []format.Target{format.ToPassword, format.ToNothing}
	if err := u.KeepTableMapping([]string{"Geheim", "51"}, again); err != nil {
		t.Fatal(err)
	}
	for n, want := range map[int][]format.Target{0: nil, 1: nil, 2: said, 50: said, 51: again} {
		if got := u.TableMapping([]string{"Geheim", fmt.Sprint(n)}); !slices.Equal(got, want) {
			t.Errorf("table %d: %q, want %q", n, got, want)
		}
	}
	if data, err := os.ReadFile(path); err != nil || strings.Contains(string(data), "Geheim") {
		t.Errorf("%s, %v", data, err)
	}
	for _, damaged := range []string{"{", `[{"header":"x","targets":["y"]}]`, `[{"header":"` + strings.Repeat("0", 64) + `"}]`} {
		if err := os.WriteFile(path, []byte(damaged), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := u.TableMapping([]string{"Geheim", "51"}); got != nil {
			t.Errorf("from %s: %q", damaged, got)
		}
	}
}
