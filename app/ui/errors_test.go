package ui

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"

	"github.com/coffer-vault/coffer/app/platform"
	"github.com/coffer-vault/coffer/app/screen"
	"github.com/coffer-vault/coffer/app/ui/theme"
	"github.com/coffer-vault/coffer/app/ui/widget"
	"github.com/coffer-vault/coffer/assets"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
)

// Every sentence of the catalog can be read to its end in the narrowest place it is shown in, the card that asks for the password.
func TestEveryErrorCanBeRead(t *testing.T) {
	test.NewTempApp(t)
	test.ApplyTheme(t, theme.New(theme.Light))
	words, err := assets.Load("en")
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range errorKeys(t) {
		m := screen.Message{Tone: screen.ToneError, What: words.Text("error." + key + ".what"), Safe: words.Text("error." + key + ".safe"), Next: words.Text("error." + key + ".next")}
		n := newNotice(0)
		n.set(m)
		n.box.Resize(fyne.NewSize(widget.UnlockWidth-60, n.box.MinSize().Height))
		n.box.Resize(n.box.MinSize().Max(fyne.NewSize(widget.UnlockWidth-60, 0)))
		shown := drawn(n.box)
		for _, want := range []string{m.What, m.Safe, m.Next} {
			if !strings.Contains(shown, want) {
				t.Errorf("%s: one reads %q, and not %q", key, shown, want)
			}
		}
	}
}

// errorKeys are the keys of package screen's sentences.
func errorKeys(t *testing.T) []string {
	t.Helper()
	data, err := os.ReadFile("../../assets/translations/en.json")
	if err != nil {
		t.Fatal(err)
	}
	var texts map[string]any
	if err := json.Unmarshal(data, &texts); err != nil {
		t.Fatal(err)
	}
	var keys []string
	for key := range texts {
		if name, ok := strings.CutPrefix(key, "error."); ok && strings.HasSuffix(name, ".what") {
			keys = append(keys, strings.TrimSuffix(name, ".what"))
		}
	}
	if len(keys) < 50 {
		t.Fatalf("only %d errors", len(keys))
	}
	return keys
}

// drawn is the text that is drawn within an object, as one line.
func drawn(o fyne.CanvasObject) string {
	var lines []string
	walk(o, func(o fyne.CanvasObject) {
		if line, ok := o.(*canvas.Text); ok && line.Text != "" {
			lines = append(lines, line.Text)
		}
	})
	return strings.Join(lines, " ")
}

func TestWrongPasswordIsSaid(t *testing.T) {
	d := openDesk(t)
	d.press(screen.ActionLock)
	d.waitFor("Welcome back")
	d.keys(fyne.KeyReturn)
	d.waitFor("Enter your master password.")
	d.typeText("not the password")
	d.keys(fyne.KeyReturn)
	d.waitFor("That is not the master password.")
	d.waitFor("Your vault is unchanged, however often you try.")
	d.typeText(testpc.Password) // what was wrong is selected, so that typing replaces it
	d.keys(fyne.KeyReturn)
	d.waitFor("Your vault is empty")
}

func TestLostKeyringAsksForTheSecretKey(t *testing.T) {
	d := openDesk(t)
	key := d.secretKey()
	d.press(screen.ActionLock)
	d.waitFor("Welcome back")
	d.until("closed", func() bool { return len(d.pc.Keyring.Entries()) == 1 })
	d.typeText(testpc.Password)
	d.pc.Keyring.Fail(platform.ErrUnavailable)
	d.keys(fyne.KeyReturn)
	d.waitFor("The keyring of this PC does not answer")
	d.pc.Keyring.Fail(nil)
	d.typeText(strings.ToLower(key))
	d.waitFor("The Secret Key is complete.")
	d.keys(fyne.KeyReturn)
	d.waitFor("Your vault is empty")
}

func TestWrongCodeAndNoServer(t *testing.T) {
	server := testkit.Cloud(t)
	d := newDesk(t, testpc.New(t, "Anna's PC", nil), server)
	d.keys(fyne.KeyReturn)
	d.typeText("anna")
	d.keys(fyne.KeyReturn)
	d.waitFor("That is not an e-mail address.")
	d.typeText("@example.com")
	server.Stop()
	d.keys(fyne.KeyReturn)
	d.waitFor("The server cannot be reached.")
	server.Restart()
	d.keys(fyne.KeyReturn)
	d.waitFor("Enter the code")
	code := server.LastCode(t, anna)
	d.typeText("0000-0000")
	d.waitFor("That code is not right. 4 tries are left.")
	d.typeText(code) // replaces the one that was wrong
	d.waitFor("Choose a master password")
	d.typeText("short")
	d.keys(fyne.KeyReturn)
	d.waitFor("Use at least 12 characters.")
}

func TestFailedSaveKeepsTheFile(t *testing.T) {
	d := newDesk(t, testpc.New(t, "Anna's PC", nil), testkit.Cloud(t))
	d.ui.Files.Folder = t.TempDir()
	old := d.ui.Files.Folder + "/Coffer emergency kit.pdf"
	if err := os.WriteFile(old, []byte("another kit"), 0o600); err != nil {
		t.Fatal(err)
	}
	d.keys(fyne.KeyReturn)
	d.typeText(anna)
	d.keys(fyne.KeyReturn)
	d.waitFor("Enter the code")
	d.typeText(d.server.LastCode(t, anna))
	d.waitFor("Choose a master password")
	d.typeText(testpc.Password)
	d.tabTo("Repeat master password")
	d.typeText(testpc.Password)
	d.keys(fyne.KeyReturn)
	d.waitFor("Save your emergency kit")
	d.keys(fyne.KeyReturn)
	d.waitFor("Save file")
	d.keys(fyne.KeyReturn)
	d.waitFor("There is a file of that name already.")
	if data, err := os.ReadFile(old); err != nil || string(data) != "another kit" {
		t.Fatalf("the file is %.20q: %v", data, err)
	}
	d.keys(fyne.KeyEscape)
	if d.reads("Saved as") {
		t.Error("nothing was saved, and it is said to be")
	}
	d.keys(fyne.KeyReturn)
	d.waitFor("Save file")
	d.keys(fyne.KeyReturn)
	d.waitFor("There is a file of that name already.")
	d.keys(fyne.KeyReturn) // again: it is meant
	d.waitFor("Saved as " + old)
	if data, err := os.ReadFile(old); err != nil || !strings.HasPrefix(string(data), "%PDF-") {
		t.Errorf("the file is %.20q: %v", data, err)
	}
}
