package screen

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/vault"
)

// typing is an editor over a store that is a function of the test.
type typing struct {
	*Editor
	d     *desk
	saved vault.Item
	err   error
	ended string
	made  []string // folders
}

func newTyping(t *testing.T, item vault.Item) *typing {
	t.Helper()
	env, d := newEnv(t)
	e := &typing{d: d}
	e.Editor = NewEditor(env, EditorConfig{
		Item: item, Original: item.Clone(), New: item.ID.IsZero(), Folders: []Choice{{ID: id.ID{1}.String(), Label: "Work"}},
		Save: func(_ context.Context, it *vault.Item) error {
			if e.err == nil {
				e.saved = it.Clone()
			}
			return e.err
		},
		Saved:    func(id.ID) { e.ended = "saved" },
		Canceled: func() { e.ended = "canceled" },
		Generate: func(use func(secretText)) { use(testpc.Typed("generated")) },
		NewFolder: func(name string, made func(id.ID)) {
			e.made = append(e.made, name)
			made(id.ID{2})
		},
	})
	return e
}

// A folder that there is not yet is made from the list of them; one that has the name is taken.
func TestEditorMakesAFolder(t *testing.T) {
	e := newTyping(t, vault.Item{Kind: vault.Note})
	selected := func() string {
		for _, c := range e.State().Folders {
			if c.Selected {
				return c.Label
			}
		}
		return ""
	}
	for _, step := range []struct{ name, want string }{{" Home ", "Home"}, {"Work", "Work"}, {"Home", "Home"}} {
		e.NewFolder(step.name)
		if got := selected(); got != step.want {
			t.Errorf("after %q the item is in %q", step.name, got)
		}
	}
	if !slices.Equal(e.made, []string{"Home"}) || len(e.State().Folders) != 3 {
		t.Errorf("made %q, to choose from %+v", e.made, e.State().Folders)
	}
	e.SetText("title", "Wifi")
	e.save()
	if e.saved.Folder != (id.ID{2}) {
		t.Errorf("saved in %s", e.saved.Folder)
	}
	e.Leave()
	e.NewFolder("Late") // its folder comes when the editor is gone
	if n := len(e.config.Folders); n != 2 {
		t.Errorf("an editor that is gone has %d folders", n)
	}
}

// save saves and waits for the outcome.
func (e *typing) save() {
	e.d.t.Helper()
	e.Save()
	e.d.until("saved", func() bool { return !e.busy })
}

func field(t *testing.T, fields []EditorField, label string) EditorField {
	t.Helper()
	for _, f := range fields {
		if f.Label == label {
			return f
		}
	}
	t.Fatalf("no field %q", label)
	return EditorField{}
}

func TestEditorShowsTheKind(t *testing.T) {
	for kind, want := range map[vault.Kind]string{
		vault.Login: "Username, Password*, One-time code*", vault.Note: "",
		vault.Card:   "Cardholder, Card number*, Expires, Security code*, PIN*, Brand, Bank",
		vault.SSHKey: "Private key*, Passphrase*, Public key, Fingerprint",
		vault.WiFi:   "Network name (SSID), Password*, Security, Router’s address, Router’s username, Router’s password*",
	} {
		e := newTyping(t, vault.Item{Kind: kind})
		s := e.State()
		var labels []string
		for _, f := range s.Fields {
			label := f.Label
			if f.Secret {
				label += "*"
			}
			labels = append(labels, label)
			checkWords(t, label, f.Label, f.Placeholder)
		}
		if got := strings.Join(labels, ", "); got != want {
			t.Errorf("%s: %s, want %s", kind, got, want)
		}
		if (len(s.Websites) > 0) != (kind == vault.Login) || (s.AddWebsite != "") != (kind == vault.Login) || !s.Notes.Multiline {
			t.Errorf("%s: %+v", kind, s)
		}
		checkWords(t, string(kind), s.Title, s.Save, s.AddWebsite, s.Name.Label, s.Notes.Label)
	}
}

func TestEditorKeepsEverythingTyped(t *testing.T) {
	e := newTyping(t, vault.Item{Kind: vault.Login})
	e.SetText("title", "  GitHub ")
	e.SetText("value/username", "anna")
	e.SetSecret("value/password", testpc.Typed("hunter2"))
	e.SetSecret("value/totp", testpc.Typed("GEZDGNBVGY3TQOJQ"))
	e.SetText("value/notes", "a\nb")
	e.AddWebsite()
	websites := e.State().Websites
	e.SetText(websites[0].ID, "github.com")
	e.SetText(websites[1].ID, " github.com ") // the same once more
	e.AddWebsite()
	e.AddTag("work")
	e.AddTag(" work ")
	e.AddTag("code")
	e.RemoveTag("code")
	e.SetFolder(id.ID{1}.String())
	e.AddField("concealed")
	custom := e.State().Custom[0]
	e.SetText(custom.LabelID, "Recovery code")
	e.SetSecret(custom.ID, testpc.Typed("1234"))
	e.save()
	if e.ended != "saved" {
		t.Fatalf("%q: %+v", e.ended, e.State())
	}
	it := &e.saved
	got := fmt.Sprint(it.Title, "|", string(it.Value(vault.Username).Reveal()), "|", string(it.Value(vault.Password).Reveal()), "|",
		string(it.Value(vault.OTP).Reveal()), "|", string(it.Value(vault.Notes).Reveal()), "|", it.Websites, it.Tags, it.Folder == id.ID{1},
		it.Custom[0].Label, string(it.Custom[0].Value.Reveal()))
	if want := "GitHub|anna|hunter2|GEZDGNBVGY3TQOJQ|a\nb|[github.com] [work] trueRecovery code1234"; got != want {
		t.Errorf("saved %q, want %q", got, want)
	}
}

func TestEditorRefusesAndSaysWhy(t *testing.T) {
	card := vault.Item{Kind: vault.Card, Title: "Visa"}
	person := vault.Item{Kind: vault.Identity, Title: "Anna"}
	login := vault.Item{Kind: vault.Login, Title: "GitHub"}
	for _, test := range []struct {
		name string
		item vault.Item
		edit func(*typing)
		says string
		mend func(*typing)
	}{
		{"no name", vault.Item{Kind: vault.Note}, func(e *typing) { e.SetText("value/notes", "x") }, "Give it a name.",
			func(e *typing) { e.SetText("title", "Note") }},
		{"half a month", card, func(e *typing) { e.SetText("value/expires", "0") }, "Write it as month and year: 09/2028.",
			func(e *typing) { e.SetText("value/expires", "09/28") }},
		{"an ambiguous date", person, func(e *typing) { e.SetText("value/birthday", "03/04/1990") }, "Write it as year, month and day: 2028-09-30.",
			func(e *typing) { e.SetText("value/birthday", "1990-04-03") }},
		{"no TOTP key", login, func(e *typing) { e.SetSecret("value/totp", testpc.Typed("012!")) }, "That is neither an otpauth:// link nor a key: a key has only the letters A to Z and the digits 2 to 7.",
			func(e *typing) { e.SetSecret("value/totp", testpc.Typed("")) }},
		{"two websites in one", login, func(e *typing) { e.SetText("website/0", "a.example b.example") }, "A website has no spaces.",
			func(e *typing) { e.SetText("website/0", "a.example") }},
		{"a field without a label", login, func(e *typing) {
			e.AddField("text")
			e.SetText(e.State().Custom[0].ID, "value")
		}, "Give this field a label.", func(e *typing) { e.SetText(e.State().Custom[0].LabelID, "Label") }},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := newTyping(t, test.item.Clone())
			test.edit(e)
			if errs := fieldErrors(e.State()); len(errs) != 0 {
				t.Errorf("complains while it is typed: %v", errs)
			}
			e.save()
			if errs := fieldErrors(e.State()); len(errs) != 1 || errs[0] != test.says || e.ended != "" {
				t.Fatalf("%v, %q", errs, e.ended)
			}
			test.mend(e)
			if errs := fieldErrors(e.State()); len(errs) != 0 {
				t.Errorf("mended, and still %v", errs)
			}
			e.save()
			if e.ended != "saved" {
				t.Error("not saved")
			}
		})
	}
}

func fieldErrors(s EditorState) (errs []string) {
	for _, fields := range [][]EditorField{{s.Name, s.Notes}, s.Fields, s.Websites, s.Custom} {
		for _, f := range fields {
			if f.Error != "" {
				errs = append(errs, f.Error)
			}
		}
	}
	return errs
}

func TestMonthIsKeptAsItsStandardForm(t *testing.T) {
	e := newTyping(t, vault.Item{Kind: vault.Card, Title: "Visa"})
	e.SetText("value/expires", "9/28")
	if f := field(t, e.State().Fields, "Expires"); f.Value != "09/2028" {
		t.Errorf("%+v", f)
	}
	e.SetText("value/expires", "9/2")
	if f := field(t, e.State().Fields, "Expires"); f.Value != "9/2" {
		t.Errorf("what is being typed changes under the fingers: %+v", f)
	}
	if !e.State().Dirty {
		t.Error("half a month would be lost unasked")
	}
	e.SetText("value/expires", "")
	e.save()
	if !e.saved.Value(vault.Expires).IsZero() {
		t.Error("an emptied field was kept")
	}
}

// A tag that Enter was not pressed for is saved with the rest.
func TestTypedTagIsSaved(t *testing.T) {
	e := newTyping(t, vault.Item{Kind: vault.Note, Title: "Note", Tags: []string{"home"}})
	e.SetTag(" home ")
	e.SetTag(" work ")
	e.save()
	if !slices.Equal(e.saved.Tags, []string{"home", "work"}) {
		t.Errorf("%q", e.saved.Tags)
	}
}

func TestEveryRefusalIsTold(t *testing.T) {
	e := newTyping(t, vault.Item{Kind: vault.Card})
	for n := range 3 {
		if got := e.State().Refused; got != n {
			t.Fatalf("%d refusals, %d told", n, got)
		}
		e.Save()
	}
}

func TestNameComesFromTheWebsite(t *testing.T) {
	e := newTyping(t, vault.Item{Kind: vault.Login})
	e.SetText("website/0", "https://www.github.com/login")
	e.save()
	if e.saved.Title != "github.com" {
		t.Errorf("named %q", e.saved.Title)
	}
}

// The disk is full: everything typed stays on the screen, and saving again works once there is room.
func TestFailedSaveKeepsWhatWasTyped(t *testing.T) {
	e := newTyping(t, testpc.Login("Mail", "anna", "old"))
	e.SetText("title", "Mail at work")
	e.SetSecret("value/password", testpc.Typed("new one"))
	e.err = fmt.Errorf("save item: %w", vault.ErrFull)
	e.Save()
	if s := e.State(); !s.Busy || s.CanSave || s.Save != "Saving…" {
		t.Errorf("while saving: %+v", s)
	}
	e.SetText("title", "typed while saving") // it would be neither in what is saved nor on the screen afterwards
	e.SetSecret("value/password", testpc.Typed("typed while saving"))
	e.d.until("failure", func() bool { return !e.State().Busy })
	s := e.State()
	if s.Problem.What != "The disk is full, so Coffer could not save." || s.Problem.Next == "" || e.ended != "" {
		t.Errorf("%+v", s.Problem)
	}
	if s.Name.Value != "Mail at work" || string(e.Secret("value/password").Reveal()) != "new one" || !s.Dirty || !s.CanSave {
		t.Error("something typed is lost")
	}
	e.err = nil
	e.save()
	if e.ended != "saved" || e.saved.Title != "Mail at work" || string(e.saved.Value(vault.Password).Reveal()) != "new one" {
		t.Error("the second save did not keep it")
	}
}

func TestDirtyAndCancel(t *testing.T) {
	changes := map[string]func(*typing){
		"title":    func(e *typing) { e.SetText("title", "x") },
		"field":    func(e *typing) { e.SetText("value/username", "x") },
		"secret":   func(e *typing) { e.SetSecret("value/password", testpc.Typed("x")) },
		"cleared":  func(e *typing) { e.SetText("value/username", "") },
		"website":  func(e *typing) { e.SetText("website/0", "x.example") },
		"tag":      func(e *typing) { e.AddTag("x") },
		"half tag": func(e *typing) { e.SetTag("x") },
		"folder":   func(e *typing) { e.SetFolder(id.ID{1}.String()) },
		"custom":   func(e *typing) { e.AddField("text") },
		"removed":  func(e *typing) { e.Remove(e.State().Custom[0].ID) },
		"relabel":  func(e *typing) { e.SetText(e.State().Custom[0].LabelID, "x") },
		"generate": func(e *typing) { e.Generate("value/password") },
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			e := newTyping(t, rich())
			if e.State().Dirty || e.State().CanSave && !e.State().New {
				t.Fatal("dirty from the beginning")
			}
			change(e)
			e.Cancel()
			if q := e.State().Ask; q.IsZero() || e.ended != "" {
				t.Fatal("canceled without a question")
			}
			e.KeepEditing()
			if !e.State().Dirty || !e.State().Ask.IsZero() || e.ended != "" {
				t.Error("keeping did not keep")
			}
			e.Cancel()
			e.Discard()
			if e.ended != "canceled" {
				t.Error("discarding did not end it")
			}
		})
	}
	e := newTyping(t, rich())
	e.SetText("title", "x")
	e.SetText("title", "GitHub")
	e.Discard() // nothing was asked
	e.Cancel()
	if e.ended != "canceled" {
		t.Error("asked although nothing changed")
	}
}

// Whoever goes on while a slow disk saves is not asked about what is being saved: it goes on when that is done, and stays if it fails.
func TestLeavingWhileItIsSaved(t *testing.T) {
	for _, fails := range []bool{false, true} {
		e := newTyping(t, rich())
		e.SetText("title", "x")
		if fails {
			e.err = errForTest
		}
		left := ""
		e.Save()
		e.LeaveFor(func() { left = "elsewhere" })
		e.Cancel() // there after all
		e.LeaveFor(func() { left = "after " + e.ended })
		if q := e.State().Ask; !q.IsZero() || left != "" {
			t.Errorf("asked %q, left %q", q.Title, left)
		}
		e.d.until("saved", func() bool { return !e.busy })
		if want := map[bool]string{false: "after saved", true: ""}[fails]; left != want || fails && e.ended != "" {
			t.Errorf("left %q, ended %q", left, e.ended)
		}
	}
}

func TestWebsitesKeepTheirPlaces(t *testing.T) {
	e := newTyping(t, vault.Item{Kind: vault.Login, Title: "x", Websites: []string{"a", "b", "c"}})
	ids := e.State().Websites
	e.Remove(ids[1].ID)
	e.SetText(ids[2].ID, "c2")
	e.AddWebsite()
	if last := e.State().Websites[2]; last.ID == ids[2].ID || last.Value != "" {
		t.Errorf("%+v", last)
	}
	e.save()
	if got := fmt.Sprint(e.saved.Websites); got != "[a c2]" {
		t.Error(got)
	}
}

func TestGeneratedPasswordArrives(t *testing.T) {
	e := newTyping(t, testpc.Login("Mail", "anna", "old"))
	e.Generate("value/password")
	f := field(t, e.State().Fields, "Password")
	if f.Filled != 1 || !f.Generate || string(e.Secret(f.ID).Reveal()) != "generated" {
		t.Errorf("%+v", f)
	}
	e.d.until("strength", func() bool { return field(t, e.State().Fields, "Password").Meter.Shown })
	// The generator answers after the editor was left.
	e.Leave()
	late := testpc.Typed("late")
	e.config.Generate = func(use func(secretText)) { use(late) }
	e.Generate("value/password")
	if !late.IsZero() {
		t.Error("a late password is still in memory")
	}
}

func TestLeavingTheEditorWipes(t *testing.T) {
	e := newTyping(t, testpc.Login("Mail", "anna", "old"))
	before := e.bytes(passwordField)
	e.SetSecret("value/password", testpc.Typed("new"))
	if !before.IsZero() {
		t.Error("the replaced password is still in memory")
	}
	after, original := e.bytes(passwordField), e.original.Value(vault.Password)
	e.Leave()
	if !after.IsZero() || !original.IsZero() {
		t.Error("passwords are still in memory")
	}
}
