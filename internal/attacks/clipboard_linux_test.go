package attacks

import (
	"bytes"
	"log/slog"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/app/platform"
	"github.com/coffer-vault/coffer/internal/testbus"
	"github.com/coffer-vault/coffer/internal/testpc"
)

// Row 30 on an X server; package platform has Windows' and macOS' formats.
func init() {
	register("30", elsewhere, "a copied password on an X server", copyPassword)
}

// copyPassword copies a password and looks at the clipboard as another program does: a manager that honours the hint keeps out, and
// after the time nothing is left. What another program has put there meanwhile stays.
func copyPassword(t *testing.T) {
	t.Setenv("DISPLAY", testbus.StartDisplay(t))
	clipboard, err := platform.OpenClipboard(slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer clipboard.Close()
	copyFor := func(d time.Duration) {
		if err := clipboard.Copy(testpc.Typed(passwordCanary), d); err != nil {
			t.Fatal(err)
		}
	}
	copyFor(time.Hour) // the questions take what they take
	if hint := clip(t, "-out", "-target", "x-kde-passwordManagerHint"); hint != "secret" || clip(t, "-out") != passwordCanary {
		t.Errorf("clipboard managers are told %q", hint)
	}
	copyFor(time.Millisecond)
	for deadline := time.Now().Add(3 * time.Minute); clip(t, "-out") != ""; {
		if time.Now().After(deadline) {
			t.Fatal("the password stays on the clipboard")
		}
	}
}

// clip runs xclip; what is not there is empty.
func clip(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.Command("xclip", append([]string{"-selection", "clipboard"}, args...)...)
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil && !strings.Contains(complaint.String(), "not available") {
		t.Fatalf("xclip: %v: %s", err, &complaint)
	}
	return string(out)
}
