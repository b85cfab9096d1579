//go:build system && linux

package platform

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/internal/testcups"
)

// TestPrintWithCUPS prints on a real print system: the page comes out as it was, and nothing of it stays.
func TestPrintWithCUPS(t *testing.T) {
	tray, spool := testcups.Start(t)
	list, err := Printers(t.Context())
	if err != nil || !slices.Equal(list, []Printer{{Name: "Office"}}) {
		t.Fatalf("%+v, %v", list, err)
	}
	if out, err := exec.Command("lpadmin", "-d", "Office").CombinedOutput(); err != nil {
		t.Fatalf("lpadmin: %v: %s", err, out)
	}
	if list, err = Printers(t.Context()); err != nil || !slices.Equal(list, []Printer{{Name: "Office", Default: true}}) {
		t.Errorf("%+v, %v", list, err)
	}
	page := aPage
	page.PDF = []byte("%PDF-1.3\n" + strings.Repeat("a page\n", 10000))
	settled, err := Print(t.Context(), "Office", page)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := settled(ctx); err != nil {
		t.Error(err)
	}
	printed, err := os.ReadFile(filepath.Join(tray, "1-Coffer"))
	if err != nil || string(printed) != string(page.PDF) {
		t.Errorf("%d bytes came out, %v", len(printed), err)
	}
	if left := jobFiles(t, spool); len(left) > 0 {
		t.Errorf("the print system has kept %q", left)
	}
	if _, err := Print(t.Context(), "nowhere", page); err == nil {
		t.Error("printed on a printer that is not there")
	}
}

// jobFiles are those of a spool folder that hold a job or its data.
func jobFiles(t *testing.T, spool string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(spool)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if !entry.IsDir() {
			names = append(names, entry.Name())
		}
	}
	return names
}
