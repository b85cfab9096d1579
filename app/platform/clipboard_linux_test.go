package platform

import (
	"bytes"
	"log/slog"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/internal/testbus"
)

// openOnDisplay opens the clipboard of an X server of its own.
func openOnDisplay(t *testing.T) (*Clipboard, *timers) {
	t.Helper()
	t.Setenv("DISPLAY", testbus.StartDisplay(t))
	c, err := OpenClipboard(slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	clock := &timers{}
	c.after = clock.after
	t.Cleanup(func() { c.Close() })
	return c, clock
}

// paste reads the clipboard as another program does; "" if nothing of that target can be had.
func paste(t *testing.T, target string) string {
	t.Helper()
	cmd := exec.Command("xclip", "-selection", "clipboard", "-out", "-target", target)
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil && !strings.Contains(complaint.String(), "not available") {
		t.Fatalf("xclip: %v: %s", err, &complaint)
	}
	return string(out)
}

// copyElsewhere makes another program the owner of the clipboard.
func copyElsewhere(t *testing.T, text string) {
	t.Helper()
	cmd := exec.Command("xclip", "-selection", "clipboard", "-in", "-quiet") // quiet: it stays in the foreground
	cmd.Stdin = strings.NewReader(text)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	for range 1000 {
		if paste(t, "UTF8_STRING") == text {
			return
		}
	}
	t.Fatal("xclip never got the clipboard")
}

func TestClipboardOnX(t *testing.T) {
	c, clock := openOnDisplay(t)
	if got := paste(t, "UTF8_STRING"); got != "" {
		t.Fatalf("the clipboard begins with %q", got)
	}
	mustCopy(t, c, "pässwörd 鍵", half)
	for target, want := range map[string]string{
		"UTF8_STRING":               "pässwörd 鍵",
		"text/plain;charset=utf-8":  "pässwörd 鍵",
		"text/plain":                "pässwörd 鍵",
		"x-kde-passwordManagerHint": "secret",
		"image/png":                 "",
	} {
		if got := paste(t, target); got != want {
			t.Errorf("%s: %q, want %q", target, got, want)
		}
	}
	targets := strings.Fields(paste(t, "TARGETS"))
	if len(targets) != 6 || targets[0] != "TARGETS" {
		t.Errorf("TARGETS: %q", targets)
	}
	clock.fire(t, half)
	if got := paste(t, "UTF8_STRING"); got != "" {
		t.Errorf("after the time: %q", got)
	}
	mustCopy(t, c, "again", half)
	if got := paste(t, "UTF8_STRING"); got != "again" {
		t.Errorf("copied after a clear: %q", got)
	}
}

func TestOtherOwnerOnX(t *testing.T) {
	c, clock := openOnDisplay(t)
	mustCopy(t, c, "hunter2", half)
	copyElsewhere(t, "a recipe")
	clock.fire(t, half)
	if got := paste(t, "UTF8_STRING"); got != "a recipe" {
		t.Errorf("the other program's text became %q", got)
	}
	mustCopy(t, c, "mine", half)
	if got := paste(t, "UTF8_STRING"); got != "mine" {
		t.Errorf("taken back: %q", got)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if got := paste(t, "UTF8_STRING"); got != "" {
		t.Errorf("after Close: %q", got)
	}
}

// TestStaleClearIsIgnored: the mark alone protects the other's text, also when word of the loss has not arrived yet.
func TestStaleClearIsIgnored(t *testing.T) {
	c, _ := openOnDisplay(t)
	s := c.board.(*selection)
	m, err := s.put([]byte("hunter2"))
	if err != nil {
		t.Fatal(err)
	}
	copyElsewhere(t, "a recipe")
	for deadline := time.Now().Add(3 * time.Minute); !s.setTextIfLost("hunter2"); runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatal("the loss was not noticed, and the text not forgotten")
		}
	}
	if err := s.clear(m); err != nil {
		t.Error(err)
	}
	if got := paste(t, "UTF8_STRING"); got != "a recipe" {
		t.Errorf("the other program's text became %q", got)
	}
}

// setTextIfLost makes it look as if the event of a loss, which has come, were still on its way.
func (s *selection) setTextIfLost(text string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.text != nil {
		return false
	}
	s.text = []byte(text)
	return true
}

func TestLargestTextOnX(t *testing.T) {
	c, _ := openOnDisplay(t)
	text := strings.Repeat("0123456789abcdef", MaxClipboard/16)
	if err := c.Copy(secret.FromString(text), half); err != nil {
		t.Fatal(err)
	}
	if got := paste(t, "UTF8_STRING"); got != text {
		t.Errorf("%d of %d bytes arrived", len(got), len(text))
	}
}

func TestNoDisplay(t *testing.T) {
	t.Setenv("DISPLAY", ":64999")
	if _, err := OpenClipboard(slog.New(slog.DiscardHandler)); err == nil {
		t.Error("opened a clipboard without a display")
	}
	if HasDisplay() {
		t.Error("HasDisplay without a display")
	}
	t.Setenv("DISPLAY", testbus.StartDisplay(t))
	if !HasDisplay() {
		t.Error("HasDisplay does not see the display")
	}
}
