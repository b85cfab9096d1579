//go:build system

package windows

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/internal/testcups"
)

// TestPrintOnWindows prints an emergency kit as on Windows, without a PDF, and reads the paper: Wine's driver writes PostScript, which
// Ghostscript draws, and the code on the page is scanned.
func TestPrintOnWindows(t *testing.T) {
	tray, _ := testcups.Start(t)
	pc := newComputer(t, updateRoot(t))
	pc.env = append(pc.env, "CUPS_SERVER="+os.Getenv("CUPS_SERVER"))
	program := filepath.Join(pc.drive, "printer.exe")
	buildFor(t, program, "./testdata/printer")
	const key = "C1-60RK4-CSM6M-V3EE1-SC5H6-6S35C-RHAY9"
	pc.mustRun(t, "wine", program, key)

	page := testcups.Paper(t, filepath.Join(tray, "1-Coffer"))
	if sheets := strings.Count(page, "\n%%Page:"); !strings.HasPrefix(page, "%!PS") || sheets != 1 {
		t.Fatalf("%d bytes with %d pages came out", len(page), sheets)
	}
	if strings.Contains(page, key[:8]) {
		t.Error("the job has the Secret Key in letters")
	}
	photo := filepath.Join(t.TempDir(), "page.png")
	draw := exec.CommandContext(t.Context(), "gs", "-q", "-dBATCH", "-dNOPAUSE", "-dSAFER", "-sDEVICE=png16m", "-r150", "-sOutputFile="+photo, "-")
	draw.Stdin = strings.NewReader(page)
	if out, err := draw.CombinedOutput(); err != nil {
		t.Fatalf("gs: %v: %s", err, out)
	}
	scanned, err := exec.CommandContext(t.Context(), "zbarimg", "--quiet", "--raw", photo).Output()
	if strings.TrimSpace(string(scanned)) != key {
		t.Errorf("scanned %q: %v", scanned, err)
	}
}
