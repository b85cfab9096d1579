package screen

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/vault"
)

// paletteDesk is a desk with some logins, and the palette open.
func paletteDesk(t *testing.T) (*desk, *Vault, *Palette) {
	t.Helper()
	d, v := severalDesk(t)
	it := testpc.Login("GitHub", "anna", "canary-password")
	it.Websites = []string{"https://github.example/login"}
	it.Set(vault.OTP, secret.FromString("JBSWY3DPEHPK3PXP"))
	testpc.Save(t, d.shell.unlocked, it)
	d.until("GitHub", func() bool { return d.row(v, "GitHub") >= 0 })
	v.OpenPalette()
	return d, v, v.Palette()
}

// search types into the palette and waits for what it finds.
func (d *desk) search(p *Palette, text string) []PaletteRow {
	d.t.Helper()
	p.SetText(text)
	d.until("what "+text+" finds", func() bool { return !p.asking.running })
	return p.State().Rows
}

func titlesOf(rows []PaletteRow) (titles []string) {
	for _, r := range rows {
		titles = append(titles, r.Title)
	}
	return titles
}

func TestPaletteFinds(t *testing.T) {
	d, v, p := paletteDesk(t)
	for text, want := range map[string]string{
		"githu": "GitHub", "settings": "Settings", "setings": "Settings", "lock": "Lock", "go trash": "Go to Trash", "new card": "New card", "mtt": "Move to Trash",
		"sort last": "Sort: Last edited first",
	} {
		rows := d.search(p, text)
		if len(rows) == 0 || rows[0].Title != want {
			t.Errorf("%q finds %v, want %s first", text, titlesOf(rows), want)
		}
	}
	if rows := d.search(p, "nothing like this"); len(rows) != 0 || p.State().Empty == "" || p.State().Selected != -1 {
		t.Errorf("%+v", p.State())
	}
	p.Choose() // there is nothing to choose
	p.Move(1)
	if v.Palette() == nil {
		t.Error("it closed")
	}
	for _, row := range d.search(p, "") {
		checkWords(t, "palette", row.Title, row.Heading, row.Detail)
	}
	checkWords(t, "palette", p.State().Hint, p.State().Foot, p.State().Empty)
}

// Only what applies now is offered.
func TestPaletteOffersWhatApplies(t *testing.T) {
	d, v, p := paletteDesk(t)
	offered := func(label string) bool { return slices.Contains(titlesOf(d.search(p, label)), label) }
	reopen := func() {
		v.closePalette()
		v.OpenPalette()
		p = v.Palette()
	}
	d.show(v, "A")
	reopen()
	if !offered("Copy password") || offered("Copy one-time code") || offered("Save") || offered("Undo") || offered("Restore") {
		t.Error("of an item without a code that is shown")
	}
	v.closePalette()
	v.SelectAll()
	reopen()
	if offered("Copy password") || offered("Edit") || !offered("Add tag…") || offered("Remove tag…") {
		t.Error("of several items")
	}
	v.closePalette()
	v.Select(0)
	d.until("an item", func() bool { return v.Can(ActionEdit) })
	v.Edit()
	reopen()
	if !offered("Save") {
		t.Error("in the editor")
	}
}

func TestPaletteRemembersWhatWasUsed(t *testing.T) {
	d, v, p := paletteDesk(t)
	d.search(p, "githu")
	p.Choose()
	d.until("GitHub", func() bool { return v.Detail() != nil && v.Detail().State().Title == "GitHub" })
	v.OpenPalette()
	p = v.Palette()
	d.search(p, "generator")
	p.Choose()
	if v.State().Dialog != DialogGenerator {
		t.Fatal("no generator")
	}
	v.OpenPalette()
	p = v.Palette()
	rows := p.State().Rows
	if rows[0].Title != "Password generator" || rows[0].Heading == "" || rows[1].Title != "GitHub" || rows[2].Heading == "" {
		t.Errorf("%v", titlesOf(rows[:3]))
	}
	d.search(p, "settings")
	p.Choose() // closes the generator first
	if v.State().Dialog != DialogSettings || v.generator != nil {
		t.Errorf("dialog %d", v.State().Dialog)
	}
}

// What is typed into the palette can be acted on before the list has followed.
func TestPaletteKeysBeforeTheListFollows(t *testing.T) {
	d, v, p := paletteDesk(t)
	p.SetText("githu")
	p.Choose()
	d.until("GitHub", func() bool { return v.Palette() == nil && v.Detail() != nil && v.Detail().State().Title == "GitHub" })
	v.OpenPalette()
	p = v.Palette()
	p.SetText("githu")
	if !p.More() {
		t.Error("no more")
	}
	d.until("actions", func() bool { return p.State().Of == "GitHub" })
	if got := strings.Join(titlesOf(p.State().Rows), ", "); got != "Open, Copy username, Copy password, Copy one-time code, Open website" {
		t.Error(got)
	}
	p.Back()
	p.SetText("githu") // all of these keys come before the list
	p.More()
	p.Move(1)
	p.Move(1)
	d.until("the third action", func() bool { return p.State().Of == "GitHub" && p.State().Selected == 2 })
	p.SetText("pass")
	if rows := p.State().Rows; len(rows) != 1 || rows[0].Action != ActionCopyPassword {
		t.Errorf("%v", titlesOf(rows))
	}
	p.Back()
	if p.State().Of != "" || v.Palette() == nil {
		t.Error("Esc leads to everything first")
	}
	p.SetText("githu")
	p.Do(ActionOpenSite)
	d.until("website", func() bool {
		d.mu.Lock()
		defer d.mu.Unlock()
		return len(d.opened) == 1 && d.opened[0] == "https://github.example/login"
	})
}

// Opening a website changes nothing: what was changed before can still be taken back.
func TestPaletteOpensASiteAndKeepsTheUndo(t *testing.T) {
	d, v, p := paletteDesk(t)
	undone := false
	v.undo = func() { undone = true }
	p.SetText("githu")
	p.Do(ActionOpenSite)
	d.until("website", func() bool {
		d.mu.Lock()
		defer d.mu.Unlock()
		return len(d.opened) == 1
	})
	v.Undo()
	if !undone {
		t.Error("the way back is gone")
	}
}

func TestPaletteCopies(t *testing.T) {
	d, v, p := paletteDesk(t)
	for action, want := range map[Action]string{ActionCopyUser: "anna", ActionCopyPassword: "canary-password"} {
		if v.Palette() == nil {
			v.OpenPalette()
			p = v.Palette()
		}
		p.SetText("githu")
		p.Do(action)
		d.until(want, func() bool { return d.clipboard.holds() == want })
		if said := v.State().Toast.Text; strings.Contains(said, want) && action == ActionCopyPassword {
			t.Errorf("said %q", said)
		}
	}
	v.OpenPalette()
	p = v.Palette()
	p.SetText("githu")
	p.Do(ActionCopyCode)
	d.until("a code", func() bool { return len(d.clipboard.holds()) == 6 })
	v.OpenPalette()
	d.search(v.Palette(), "canary-password")
	if text := fmt.Sprintf("%+v", v.Palette().State()); strings.Contains(strings.ReplaceAll(text, "Typed:canary-password", ""), "canary-password") {
		t.Error("the palette shows a password")
	}
}

// An item that is gone by the time it is chosen makes a message and no crash.
func TestPaletteChoosesWhatIsGone(t *testing.T) {
	d, v, p := paletteDesk(t)
	d.search(p, "githu")
	item := d.item("GitHub").ID
	if err := v.vault.DeleteForever(t.Context(), item); err != nil {
		t.Fatal(err)
	}
	p.Choose()
	d.until("a message", func() bool { return !v.State().Problem.IsZero() })
	v.onItem(id.ID{9}, ActionCopyPassword)
	d.until("a message", func() bool { return !v.State().Problem.IsZero() })
}

func TestInitials(t *testing.T) {
	for text, want := range map[string]string{"": "", "copy password": "cp", "go to “work/clients”": "gtwc", "übersicht 2": "ü2"} {
		if got := initials(text); got != want {
			t.Errorf("%q has %q, want %q", text, got, want)
		}
	}
}
