package widget

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"
	stock "fyne.io/fyne/v2/theme"

	"github.com/coffer-vault/coffer/app/ui/theme"
	"github.com/coffer-vault/coffer/assets"
)

func TestEntryTypesAndReports(t *testing.T) {
	b := newBench(t, theme.Light, 400, 300)
	var changed []string
	submitted := ""
	e := NewEntry("E-mail")
	e.OnChanged = func(text string) { changed = append(changed, text) }
	e.OnSubmitted = func(text string) { submitted = text }
	b.show(e)
	e.Focus()
	if rings(b) != 1 {
		t.Error("no ring around the field with the focus")
	}
	b.typeText("ab")
	b.keys(fyne.KeyBackspace, fyne.KeyEnter)
	if e.Text() != "a" || string(e.Bytes()) != "a" || strings.Join(changed, " ") != "a ab a" || submitted != "a" {
		t.Errorf("text %q, changes %v, submitted %q", e.Text(), changed, submitted)
	}
}

func TestEntrySetTextPutsTheCursorBehind(t *testing.T) {
	b := newBench(t, theme.Light, 400, 300)
	e := NewEntry("Name")
	b.show(e)
	e.SetText("Übung")
	e.Focus()
	b.typeText("!")
	if e.Text() != "Übung!" {
		t.Errorf("typing after SetText gives %q", e.Text())
	}
}

// The text cursor is drawn in the palette there is now, and not in the one that the field got the focus in.
func TestTheTextCursorFollowsThePalette(t *testing.T) {
	b := newBench(t, theme.Light, 400, 300)
	e := NewEntry("Name")
	b.show(e)
	e.Focus()
	b.typeText("Anna")
	for _, mode := range []theme.Mode{theme.Dark, theme.Light, theme.Dark} {
		test.ApplyTheme(t, theme.New(mode))
		cursors := 0
		walk(e.input, fyne.NewPos(0, 0), func(o fyne.CanvasObject, _ fyne.Position) {
			if r, ok := o.(*canvas.Rectangle); ok && r.FillColor == theme.Color(theme.ColorAccent) {
				cursors++
			}
		})
		if cursors != 1 || b.focused() != fyne.Focusable(e.input) || e.Text() != "Anna" {
			t.Errorf("%v: %d cursors of its colour, text %q", mode, cursors, e.Text())
		}
	}
}

// The bar of what is longer than the field lies below the window that the line is seen in, and not across its letters.
func TestNoScrollBarCrossesALine(t *testing.T) {
	b := newBench(t, theme.Light, 400, 300)
	e := NewEntry("Rules")
	b.show(e)
	e.Focus()
	b.typeText(strings.Repeat("minlength: 8; required: lower; ", 8))
	end, bars := float32(0), 0
	walk(e, fyne.Position{}, func(o fyne.CanvasObject, at fyne.Position) {
		r, ok := o.(*canvas.Rectangle)
		switch {
		case r == &e.ground:
			end = at.Y + r.Size().Height
		case ok && r.FillColor == theme.Color(stock.ColorNameScrollBar):
			bars++
			if at.Y < end-theme.Grid {
				t.Errorf("a bar at %v, in a field that ends at %v", at.Y, end)
			}
		}
	})
	if bars != 1 {
		t.Errorf("%d bars", bars)
	}
}

func TestEntrySaysWhatIsWrong(t *testing.T) {
	b := newBench(t, theme.Light, 400, 300)
	e := NewEntry("E-mail")
	b.show(e)
	low := e.MinSize().Height
	e.SetHint("Where we send the code")
	if e.note.Text() != "Where we send the code" || e.MinSize().Height <= low {
		t.Errorf("hint %q, height %v", e.note.Text(), e.MinSize().Height)
	}
	e.SetError("Not an address")
	if e.note.Text() != "Not an address" || e.ground.StrokeColor != theme.Color(theme.ColorError) {
		t.Errorf("note %q", e.note.Text())
	}
	if got := e.input.AccessibilityLabel(); got != "E-mail, Not an address" {
		t.Errorf("label %q", got)
	}
	e.SetError("")
	e.SetHint("")
	if e.note.Visible() || e.MinSize().Height != low {
		t.Error("the note stays")
	}
}

func TestPasswordEntryRevealsAndClears(t *testing.T) {
	b := newBench(t, theme.Light, 400, 300)
	e := NewPasswordEntry("Master password")
	b.show(e)
	e.Focus()
	b.typeText("hunter2")
	if !e.input.Password || e.eye.Tip() != "Show" {
		t.Errorf("concealed %v, the eye says %q", e.input.Password, e.eye.Tip())
	}
	b.tab()
	b.keys(fyne.KeySpace)
	if e.input.Password || e.eye.Tip() != "Hide" {
		t.Errorf("after the eye: concealed %v, it says %q", e.input.Password, e.eye.Tip())
	}
	changes := 0
	e.OnChanged = func(string) { changes++ }
	e.Clear()
	e.input.Undo()
	if e.Text() != "" || changes != 0 {
		t.Errorf("after Clear and undo the text is %q, with %d changes reported", e.Text(), changes)
	}
}

func TestSecretsLeaveTheTreeWithTheScreen(t *testing.T) {
	b := newBench(t, theme.Light, 400, 500)
	password, plain := NewPasswordEntry("Password"), NewEntry("Name")
	password.SetText("hunter2")
	plain.SetText("Anna")
	secret := NewSecret(func() []byte { return []byte("hunter2") })
	code := NewOneTimeCode()
	code.SetPart("492057", .5, "15 s")
	emailed := NewCodeEntry("Code", 4, 4)
	b.root.SetContent(NewPanes(Spacer(), NewScrollArea(Column(0, password, plain, emailed)), NewCard(FieldRow("Password", secret), code)))
	secret.SetRevealed(true)
	emailed.add("k7p2")
	password.Focus()
	b.root.SetContent(Spacer())
	if password.Text() != "" || plain.Text() != "Anna" {
		t.Errorf("the password field holds %q, the other %q", password.Text(), plain.Text())
	}
	if secret.Revealed() || len(secret.letters) != 0 || len(code.digits) != 0 || emailed.Code() != "" {
		t.Errorf("left over: %d letters, %d digits, %q", len(secret.letters), len(code.digits), emailed.Code())
	}
	secret.SetRevealed(true)
	if secret.Revealed() {
		t.Error("a secret that was let go can be asked for again")
	}
	if b.focused() != nil {
		t.Errorf("the focus is on %T", b.focused())
	}
}

func TestEntryCopiesThroughTheProgramsClipboard(t *testing.T) {
	b := newBench(t, theme.Light, 400, 300)
	e, p := NewEntry("Name"), NewPasswordEntry("Password")
	b.show(Column(0, e, p))
	e.SetText("Anna")
	e.SelectAll()
	e.input.TypedShortcut(&fyne.ShortcutCopy{})
	if b.clipboard.content != "Anna" || b.clipboard.secret != "" {
		t.Errorf("clipboard %+v", b.clipboard)
	}
	p.SetText("hunter2")
	p.SelectAll()
	p.input.TypedShortcut(&fyne.ShortcutCopy{})
	if b.clipboard.content != "Anna" {
		t.Error("a concealed password was copied")
	}
	p.SetRevealed(true)
	p.SelectAll()
	p.input.TypedShortcut(&fyne.ShortcutCut{})
	if b.clipboard.secret != "hunter2" || p.Text() != "" {
		t.Errorf("clipboard %+v, text %q", b.clipboard, p.Text())
	}
	e.SelectAll()
	e.input.TypedShortcut(&fyne.ShortcutPaste{})
	if e.Text() != "hunter2" {
		t.Errorf("pasted %q", e.Text())
	}
	b.root.Clipboard = nil
	e.SelectAll()
	e.input.TypedShortcut(&fyne.ShortcutCut{})
	if e.Text() != "hunter2" {
		t.Error("text was cut into nothing")
	}
}

func TestEntryMenu(t *testing.T) {
	b := newBench(t, theme.Light, 400, 400)
	e := NewEntry("Name")
	b.show(e)
	e.SetText("Anna")
	e.SelectAll()
	test.TapSecondary(e.input)
	rows := all[*menuRow](b)
	var labels []string
	for _, row := range rows {
		labels = append(labels, row.item().Label)
	}
	if got := strings.Join(labels, " "); got != "Undo Redo Cut Copy Paste Select all" {
		t.Fatalf("the menu has %s", got)
	}
	test.Tap(rows[3])
	if b.clipboard.content != "Anna" || b.focused() != fyne.Focusable(e.input) {
		t.Errorf("clipboard %q, the focus is on %T", b.clipboard.content, b.focused())
	}
}

func TestConcealedEntryOffersNoCopy(t *testing.T) {
	b := newBench(t, theme.Light, 400, 400)
	p := NewPasswordEntry("Password")
	b.show(p)
	p.SetText("hunter2")
	p.SelectAll()
	for _, item := range p.input.menu() {
		if (item.Label == "Copy" || item.Label == "Cut") && !item.Disabled {
			t.Errorf("%s is offered", item.Label)
		}
	}
}

func TestSearchEntry(t *testing.T) {
	b := newBench(t, theme.Light, 400, 300)
	down, escaped := 0, 0
	e := NewSearchEntry("Search vault", func() { down++ })
	b.root.OnKey = func(event *fyne.KeyEvent) {
		if event.Name == fyne.KeyEscape {
			escaped++
		}
	}
	b.show(e)
	e.Focus()
	if e.clear.Visible() {
		t.Error("an empty field can be cleared")
	}
	b.typeText("wiki")
	if len(all[*IconButton](b)) != 1 {
		t.Error("the cross is missing")
	}
	b.keys(fyne.KeyDown, fyne.KeyEscape)
	if down != 1 || e.Text() != "" || escaped != 0 {
		t.Errorf("down %d, text %q, escaped %d", down, e.Text(), escaped)
	}
	b.keys(fyne.KeyEscape)
	if escaped != 1 {
		t.Error("Escape in an empty field did not reach the window")
	}
	e.SetText("x")
	test.Tap(e.clear)
	if e.Text() != "" || b.focused() != e.Input() {
		t.Errorf("the cross left %q and the focus on %T", e.Text(), b.focused())
	}
}

func TestMultiLineEntryKeepsEnter(t *testing.T) {
	b := newBench(t, theme.Light, 400, 300)
	e := NewMultiLineEntry("Notes", 3)
	b.show(e)
	e.Focus()
	b.typeText("a")
	b.keys(fyne.KeyEnter)
	b.typeText("b")
	if e.Text() != "a\nb" {
		t.Errorf("text %q", e.Text())
	}
}

func TestEntryWithoutFocusDoesNotBlink(t *testing.T) {
	b := newBench(t, theme.Light, 400, 300)
	for name, leave := range map[string]func(e *Entry){
		"hidden":          func(e *Entry) { e.input.Hide() },
		"disabled":        func(e *Entry) { e.Disable() },
		"window at rest":  func(*Entry) { b.root.Rest() },
		"below a dialog":  func(*Entry) { b.root.ShowModal(NewModal("Dialog", NewText("", theme.Body))) },
		"screen replaced": func(*Entry) { b.root.SetContent(Spacer()) },
	} {
		e := NewEntry("Name")
		b.show(e)
		e.Focus()
		leave(e)
		if e.focused {
			t.Errorf("%s: the field still thinks that it has the focus", name)
		}
		b.root.closeOverlays()
	}
}

func TestDisabledEntry(t *testing.T) {
	b := newBench(t, theme.Light, 400, 300)
	e := NewPasswordEntry("Password").With(NewIconButton(assets.IconWandSparkles, "Generate", nothing)).Tall()
	b.show(e)
	e.Disable()
	e.input.TypedRune('x')
	if !e.Disabled() || !e.eye.Disabled() || e.Text() != "" {
		t.Errorf("disabled %v, eye %v, text %q", e.Disabled(), e.eye.Disabled(), e.Text())
	}
	e.Enable()
	e.Focus()
	b.typeText("x")
	if e.Text() != "x" {
		t.Errorf("once enabled the text is %q", e.Text())
	}
}

func TestCodeEntry(t *testing.T) {
	for _, test := range []struct {
		name, typed, pasted, want string
	}{
		{"typed", "k7p2-9qxz", "", "K7P29QXZ"},
		{"too long", "k7p29qxz55", "", "K7P29QXZ"},
		{"pasted", "", "K7P2-9QXZ", "K7P29QXZ"},
		{"pasted with text around", "", "Your code: K7P2-9QXZ.", "K7P29QXZ"},
		{"pasted without hyphen", "", " k7p2 9qxz\n", "K7P29QXZ"},
		{"pasted over", "AAAA", "K7P2-9QXZ", "K7P29QXZ"},
		{"pasted nothing", "AAAA", "é–", "AAAA"},
		{"other letters", "ÄÖkß7", "", "K7"},
	} {
		t.Run(test.name, func(t *testing.T) {
			b, complete := newBench(t, theme.Light, 500, 300), ""
			e := NewCodeEntry("Code", 4, 4)
			e.OnComplete = func(code string) { complete = code }
			b.show(e)
			e.Focus()
			b.typeText(test.typed)
			if test.pasted != "" {
				b.clipboard.content = test.pasted
				e.TypedShortcut(&fyne.ShortcutPaste{})
			}
			if e.Code() != test.want || e.Complete() != (len(test.want) == 8) || e.Complete() != (complete == test.want) {
				t.Errorf("code %q, complete %v, reported %q", e.Code(), e.Complete(), complete)
			}
		})
	}
}

func TestCodeEntryErases(t *testing.T) {
	b := newBench(t, theme.Light, 500, 300)
	e := NewCodeEntry("Code", 4, 4)
	var changed []string
	e.OnChanged = func(code string) { changed = append(changed, code) }
	b.show(e)
	test.Tap(e)
	b.typeText("ab")
	e.SetError("Wrong")
	if !e.note.Visible() || e.AccessibilityLabel() != "Code, 2 of 8, Wrong" {
		t.Error("the error is not shown")
	}
	b.keys(fyne.KeyBackspace, fyne.KeyDelete, fyne.KeyBackspace)
	if e.Code() != "" || e.note.Visible() || strings.Join(changed, ",") != "A,AB,A," {
		t.Errorf("code %q, changes %q", e.Code(), changed)
	}
}
