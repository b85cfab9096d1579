package ui

import (
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"github.com/coffer-vault/coffer/app/ui/theme"
	"github.com/coffer-vault/coffer/internal/testpc"
)

// openQuickDesk is a desk with two logins, whose keyboard is before the quick access as soon as that is shown.
func openQuickDesk(t testing.TB) (*desk, *QuickWindow) {
	t.Helper()
	d := openDesk(t)
	d.add("GitHub", "anna-codes", "octo password")
	d.add("Bank", "anna", "money password")
	quick := NewQuick(QuickConfig{Env: d.env, Quick: d.shell.Quick(), Clipboard: &d.clipboard, Shown: func(fyne.Window) {}, NewWindow: func() fyne.Window {
		d.window = test.NewTempWindow(t, nil)
		return d.window
	}})
	return d, quick
}

func TestQuickByKeyboard(t *testing.T) {
	d, _ := openQuickDesk(t)
	model := d.shell.Quick()
	model.Toggle()
	d.waitFor("GitHub")
	d.typeText("git")
	d.keys(fyne.KeyReturn)
	d.until("it is hidden", func() bool { return !model.State().Shown })
	if d.clipboard.Content() != "octo password" {
		t.Errorf("copied %q", d.clipboard.Content())
	}
	if left := d.texts(); len(left) > 0 {
		t.Errorf("hidden, and its window has %q", left)
	}
	model.Toggle()
	d.waitFor("Bank")
	if d.keys(fyne.KeyDown); model.State().Selected != 1 {
		t.Errorf("row %d", model.State().Selected)
	}
	if d.keys(fyne.KeyEscape); model.State().Shown {
		t.Error("Esc does not hide it")
	}
}

func TestQuickAsksForThePassword(t *testing.T) {
	d, _ := openQuickDesk(t)
	model := d.shell.Quick()
	d.shell.Lock()
	model.Toggle()
	if !model.State().Locked {
		t.Fatal("not locked")
	}
	d.typeText(testpc.Password)
	d.keys(fyne.KeyReturn)
	d.waitFor("GitHub")
	d.shell.Lock()
	if d.reads("GitHub") {
		t.Error("locked, and it shows what is in the vault")
	}
	if !d.reads("Unlock") {
		t.Errorf("it shows %q", d.texts())
	}
}

// The pictures, as those of TestPictures.
func TestPicturesOfQuick(t *testing.T) {
	if os.Getenv(picturesVariable) == "" {
		t.Skipf("%s names no folder", picturesVariable)
	}
	d, quick := openQuickDesk(t)
	model := d.shell.Quick()
	take := func(name string) {
		for suffix, mode := range map[string]theme.Mode{"dark": theme.Dark, "light": theme.Light} {
			test.ApplyTheme(t, theme.New(mode))
			quick.root.Refresh()
			file, err := os.Create(filepath.Join(os.Getenv(picturesVariable), fmt.Sprintf("%s-%s.png", name, suffix)))
			if err != nil {
				t.Fatal(err)
			}
			if err := png.Encode(file, d.window.Canvas().Capture()); err != nil {
				t.Fatal(err)
			}
			file.Close()
		}
	}
	model.Toggle()
	d.waitFor("Bank")
	take("quick")
	d.press("copy_code")
	d.until("what is missing", func() bool { return !model.State().Problem.IsZero() })
	take("quick-nothing")
	d.typeText("xyz")
	d.waitFor("Nothing found")
	take("quick-empty")
	d.shell.Lock()
	take("quick-locked")
}
