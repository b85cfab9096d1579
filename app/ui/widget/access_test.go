package widget

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"

	"github.com/coffer-vault/coffer/app/ui/theme"
	"github.com/coffer-vault/coffer/app/ui/uitest"
	"github.com/coffer-vault/coffer/assets"
)

const hidden = "Vg7#kQ2m-Lr9!tXe4wPz"

// A spoken is a widget and what assistive technology is told of it.
type spoken struct {
	make  func(b *bench) fyne.CanvasObject
	label string
	role  fyne.AccessibleRole
}

// silent is a widget that groups others, or is for the eyes alone.
func silent(o fyne.CanvasObject) spoken {
	return spoken{func(*bench) fyne.CanvasObject { return o }, "", fyne.AccessibleRoleContainer}
}

func says(label string, role fyne.AccessibleRole, make func(b *bench) fyne.CanvasObject) spoken {
	return spoken{make, label, role}
}

const (
	buttonRole = fyne.AccessibleRoleButton
	groupRole  = fyne.AccessibleRoleContainer
	textRole   = fyne.AccessibleRoleText
)

// everyWidget has a sample of each type of widget in this package.
func everyWidget() map[string]spoken {
	list := func(b *bench) *List {
		l := NewList(func() int { return 3 }, func() fyne.CanvasObject { return NewItemRow() }, func(i int, o fyne.CanvasObject) {
			o.(*ItemRow).Set([]string{"GitHub", "Amazon", "Visa"}[i], "anna", assets.NoIcon)
		})
		l.Name = "All items"
		b.root.SetContent(l)
		l.Select(1)
		return l
	}
	panes := NewPanes(Spacer(), Spacer(), Spacer())
	openMenu := func(b *bench) *menuPanel {
		b.root.ShowMenu(fyne.NewPos(0, 0), MenuItem{Label: "Copy", Shortcut: "Ctrl+C", Do: nothing}, MenuItem{Label: "Move", Checked: true, Do: nothing})
		b.keys(fyne.KeyDown, fyne.KeyDown)
		return b.focused().(*menuPanel)
	}
	return map[string]spoken{
		"Avatar": silent(NewAvatar("GitHub", assets.NoIcon, AvatarRow)), "Icon": silent(NewIcon(assets.IconKeyRound, theme.ColorMuted, IconSide)),
		"Logo": silent(NewLogo(30)), "Surface": silent(Rule()), "backdrop": silent(newBackdrop()), "Card": silent(NewCard()), "Panes": silent(panes),
		"Root": says("", groupRole, func(b *bench) fyne.CanvasObject { return b.root }), "ScrollArea": silent(NewScrollArea(Spacer())), "tipLayer": silent(newTipLayer()),
		"modalPanel": silent(newModalPanel(NewModal("", Spacer()))), "menu": silent(newMenu(nil, fyne.Position{}, 0)),
		"listRow": says("", groupRole, func(b *bench) fyne.CanvasObject { return list(b).rows[0] }),

		"Button": says("Save, busy, unavailable", buttonRole, func(*bench) fyne.CanvasObject {
			button := NewButton("Save", assets.NoIcon, Primary, nothing)
			button.SetBusy(true)
			button.Disable()
			return button
		}),
		"IconButton": says("Copy", buttonRole, func(*bench) fyne.CanvasObject { return NewIconButton(assets.IconCopy, "Copy", nothing) }),
		"Check":      says("Digits, on", buttonRole, func(*bench) fyne.CanvasObject { return NewCheck("Digits", true, nil) }),
		"Switch":     says("Start at login, off", buttonRole, func(*bench) fyne.CanvasObject { return NewSwitch("Start at login", false, nil) }),
		"Segmented": says("Theme, Dark, 3 of 3", buttonRole, func(*bench) fyne.CanvasObject {
			s := NewSegmented([]string{"System", "Light", "Dark"}, 2, nil)
			s.SetName("Theme")
			return s
		}),
		"Select": says("Folder, Work", buttonRole, func(*bench) fyne.CanvasObject { return NewSelect("Folder", options("Work"), 0, nil) }),
		"Slider": says("Length, 20", buttonRole, func(*bench) fyne.CanvasObject { return NewSlider("Length", 8, 64, 20, nil) }),
		"NavRow": says("Logins, 12, selected", buttonRole, func(*bench) fyne.CanvasObject {
			row := NewNavRow(assets.IconKeyRound, "Logins", "12", nothing)
			row.SetSelected(true)
			return row
		}),
		"Tile": says("Weak, 3, selected", buttonRole, func(*bench) fyne.CanvasObject {
			tile := NewTile(nothing)
			tile.Set(assets.IconShieldAlert, theme.ColorWarning, "3", "Weak", true)
			return tile
		}),
		"handle": says("Width of the list, 312", buttonRole, func(b *bench) fyne.CanvasObject {
			b.root.SetContent(panes)
			return panes.handles[1]
		}),
		"menuPanel": says("Menu, Move, selected", groupRole, func(b *bench) fyne.CanvasObject { return openMenu(b) }),
		"menuRow":   says("Copy, Ctrl+C", buttonRole, func(b *bench) fyne.CanvasObject { return openMenu(b).rows[0] }),
		"launcherRow": says("GitHub, anna, Enter, selected", buttonRole, func(*bench) fyne.CanvasObject {
			row := newLauncherRow(NewLauncher(), 0)
			row.set(LauncherRow{Title: "GitHub", Detail: "anna", Shortcut: "Enter"}, true)
			return row
		}),
		"Launcher": says("Type a name", groupRole, func(*bench) fyne.CanvasObject {
			l := NewLauncher()
			l.SetTexts("Type a name", "", "", "")
			return l
		}),
		"Modal": says("Delete for ever?", groupRole, func(*bench) fyne.CanvasObject { return NewModal("Delete for ever?", Spacer()) }),
		"List":  says("All items, Amazon, anna, 2 of 3", groupRole, func(b *bench) fyne.CanvasObject { return list(b) }),

		"Entry": says("Password, Wrong., hidden", groupRole, func(*bench) fyne.CanvasObject {
			e := NewPasswordEntry("Password")
			e.SetText(hidden)
			e.SetError("Wrong.")
			return e
		}),
		"input": says("Search vault, unavailable", textRole, func(*bench) fyne.CanvasObject {
			e := NewSearchEntry("Search vault", nil)
			e.Disable()
			return e.input
		}),
		"CodeEntry": says("Code, 2 of 8", textRole, func(b *bench) fyne.CanvasObject {
			c := NewCodeEntry("Code", 4, 4)
			b.show(c)
			c.add("K7")
			return c
		}),
		"Secret": says("Password, shown", textRole, func(*bench) fyne.CanvasObject {
			s := NewSecret(func() []byte { return []byte(hidden) })
			FieldRow("Password", s)
			s.SetRevealed(true)
			return s
		}),
		"OneTimeCode": says("One-time code, 18 s", textRole, func(*bench) fyne.CanvasObject {
			c := NewOneTimeCode()
			FieldRow("One-time code", c)
			c.SetPart("492057", .6, "18 s")
			return c
		}),
		"ItemRow": says("GitHub, anna, selected, weak password", textRole, func(*bench) fyne.CanvasObject {
			row := NewItemRow()
			row.Set("GitHub", "anna", assets.NoIcon, Badge{assets.IconTriangleAlert, theme.ColorWarning, "weak password"})
			row.SetTick(true, true)
			return row
		}),
		"OpenRow": says("Devices, Rename and remove", buttonRole, func(*bench) fyne.CanvasObject {
			return NewOpenRow(assets.IconLaptop, theme.ColorMuted, "Devices", "Rename and remove", nil)
		}),
		"Text":      says("Two lines", textRole, func(*bench) fyne.CanvasObject { return NewText("Two lines", theme.Body) }),
		"Paragraph": says("Running text", textRole, func(*bench) fyne.CanvasObject { return NewParagraph("Running text", theme.Body) }),
		"Banner":    says("Could not sync, Try again.", textRole, func(*bench) fyne.CanvasObject { return NewBanner(Problem, "Could not sync", "Try again.", nil) }),
		"Gauge": says("80 of 100 are good", textRole, func(*bench) fyne.CanvasObject {
			g := NewGauge(96)
			g.Set(.8, "80", theme.ColorSuccess, "80 of 100 are good")
			return g
		}),
		"Meter": says("Excellent", textRole, func(*bench) fyne.CanvasObject {
			m := NewMeter()
			m.Set(.9, theme.ColorSuccess, "Excellent")
			return m
		}),
		"Progress": says("41\u00a0%", textRole, func(*bench) fyne.CanvasObject {
			p := NewProgress()
			p.Set(.41)
			return p
		}),
		"StepHeader": says("Step 2 of 4, About 2 minutes left", textRole, func(*bench) fyne.CanvasObject { return NewStepHeader("Step 2 of 4", .5, "About 2 minutes left") }),
		"Requirement": says("At least 12 characters, met", textRole, func(*bench) fyne.CanvasObject {
			r := NewRequirement("At least 12 characters")
			r.SetMet(true)
			return r
		}),
		"toastView": says("Moved to Trash", textRole, func(b *bench) fyne.CanvasObject {
			b.root.ShowToast(Toast{Text: "Moved to Trash"})
			return b.root.toast
		}),
	}
}

// Every type of widget there is tells what it is, and no two words more than eyes get.
func TestEveryWidgetSaysWhatItIs(t *testing.T) {
	newBench(t, theme.Light, 400, 300)
	samples := everyWidget()
	if have, want := slices.Sorted(maps.Keys(samples)), widgetTypes(t); !slices.Equal(have, want) {
		t.Errorf("there are samples of %v, want %v", have, want)
	}
	for name, sample := range samples {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, theme.Light, 400, 300)
			o, ok := sample.make(b).(fyne.Accessible)
			if !ok {
				t.Fatal("it is not fyne.Accessible")
			}
			if got := o.AccessibilityLabel(); got != sample.label {
				t.Errorf("it says %q, want %q", got, sample.label)
			}
			if got := o.AccessibilityRole(); got != sample.role {
				t.Errorf("it is a %s, want %s", got, sample.role)
			}
			if sample.label == "" && sample.role != groupRole {
				t.Error("it has no name")
			}
		})
	}
}

// widgetTypes are the types of this package that make a renderer.
func widgetTypes(t *testing.T) (names []string) {
	t.Helper()
	for _, file := range sources(t) {
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Name.Name == "CreateRenderer" {
				names = append(names, f.Recv.List[0].Type.(*ast.StarExpr).X.(*ast.Ident).Name)
			}
		}
	}
	slices.Sort(names)
	return names
}

// sources are the files of this package that are no tests, by their names.
func sources(t *testing.T) map[string]*ast.File {
	t.Helper()
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]*ast.File{}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		if files[name], err = parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// A row that is put together says what its parts say.
func TestRowsOfPartsSayThem(t *testing.T) {
	b := newBench(t, theme.Light, 400, 300)
	tick := NewIcon(assets.IconCircleCheck, theme.ColorAccentText, IconSide)
	tick.SetLabel("selected")
	row := Pad(Row(8, NewIcon(assets.IconFile, theme.ColorMuted, IconSide), NewText("a.pdf", theme.Body), Grow(NewText("3 KB", theme.Caption)), tick), 0, 0, 0, 0)
	l := NewList(func() int { return 1 }, func() fyne.CanvasObject { return row }, func(int, fyne.CanvasObject) {})
	l.Name = "Files"
	b.root.SetContent(l)
	l.Select(0)
	if got, want := l.AccessibilityLabel(), "Files, a.pdf, 3 KB, selected, 1 of 1"; got != want {
		t.Errorf("it says %q, want %q", got, want)
	}
	if tick.AccessibilityRole() != textRole {
		t.Errorf("the tick is a %s", tick.AccessibilityRole())
	}
}

// No label has a character of a secret, a code or of what is typed, whatever is revealed.
func TestLabelsHoldNoSecrets(t *testing.T) {
	b := newBench(t, theme.Light, 500, 600)
	secret := NewSecret(func() []byte { return []byte(hidden) })
	password, plain, several := NewPasswordEntry("Password"), NewEntry("User"), NewMultiLinePasswordEntry("Key", 3)
	code, typed := NewOneTimeCode(), NewCodeEntry("Mailed code", 4, 4)
	b.show(Column(8, secret, password, plain, several, code, typed))
	secret.SetRevealed(true)
	for _, e := range []*Entry{password, plain, several} {
		e.SetText(hidden)
		e.SetRevealed(true)
	}
	code.SetPart("492057", .6, "18 s")
	typed.add("K7P29QXZ")
	heard := ""
	b.root.Refresh()
	walk(b.root, fyne.NewPos(0, 0), func(o fyne.CanvasObject, _ fyne.Position) { heard += "\n" + labelOf(o) })
	for _, secret := range []string{hidden, "492057", "K7P29QXZ"} {
		for i := range len(secret) - 2 {
			if strings.Contains(heard, secret[i:i+3]) {
				t.Errorf("%q of a secret is in a label of %q", secret[i:i+3], heard)
			}
		}
	}
}

// checkAccess reports what of a scene cannot be used with the keyboard, or not be read in the palette in use.
func checkAccess(b *bench, scene string) {
	b.Helper()
	problems := uitest.Contrast(b.window.Canvas())
	if scene != "controls" { // it draws focused what is not
		problems = append(problems, uitest.Keyboard(b.window.Canvas())...)
	}
	for _, problem := range problems {
		b.Error(problem)
	}
}

// A list in which nothing is selected shows that it has the keyboard, and so does a menu before a line of it is chosen.
func TestRingWithoutALine(t *testing.T) {
	b := newBench(t, theme.Light, 400, 300)
	list := NewList(func() int { return 0 }, func() fyne.CanvasObject { return NewItemRow() }, func(int, fyne.CanvasObject) {})
	list.Name = "Nothing"
	b.show(list)
	Focus(list)
	if !list.ring.Visible() {
		t.Error("an empty list has no ring")
	}
	b.root.ShowMenu(fyne.NewPos(0, 0), MenuItem{Label: "Copy", Do: nothing}, MenuItem{Label: "Move", Do: nothing})
	panel := b.focused().(*menuPanel)
	if list.ring.Visible() || !panel.ring.Visible() {
		t.Errorf("ring of the list %v, of the menu %v", list.ring.Visible(), panel.ring.Visible())
	}
	b.keys(fyne.KeyDown)
	if panel.ring.Visible() || !panel.rows[0].ring.Visible() {
		t.Error("the ring is not at the line")
	}
	panel.rows[1].MouseIn(nil)
	if panel.rows[1].ring.Visible() || panel.rows[0].ring.Visible() {
		t.Error("the pointer has a ring")
	}
}

func TestDividersMoveByKeys(t *testing.T) {
	b := newBench(t, theme.Light, 1180, 740)
	p := NewPanes(Spacer(), Spacer(), Spacer())
	b.root.SetContent(p)
	var kept [2]float32
	p.OnResized = func(sidebar, list float32) { kept = [2]float32{sidebar, list} }
	Focus(p.handles[0])
	b.keys(fyne.KeyRight, fyne.KeyRight, fyne.KeyLeft)
	Focus(p.handles[1])
	b.keys(fyne.KeyEnd)
	if want := [2]float32{SidebarWidth + handleStep, listMost}; kept != want || p.widths != want {
		t.Errorf("kept %v, has %v, want %v", kept, p.widths, want)
	}
	if !p.handles[1].ring.Visible() {
		t.Error("no ring")
	}
	b.keys(fyne.KeyHome)
	if kept[1] != listLeast {
		t.Errorf("the least width is %v", kept[1])
	}
}

// Nothing turns where motion is reduced, and what turns stops.
func TestReducedMotion(t *testing.T) {
	newBench(t, theme.Light, 400, 300)
	t.Cleanup(func() { ReduceMotion(false) })
	turning, still := newSpinner(), newSpinner()
	turning.show(true, theme.ColorAccent)
	if turning.turn == nil {
		t.Fatal("it does not turn")
	}
	ReduceMotion(true)
	turning.show(true, theme.ColorAccent)
	still.show(true, theme.ColorAccent)
	if turning.turn != nil || still.turn != nil || still.Hidden {
		t.Errorf("still: %v and %v; hidden %v", turning.turn == nil, still.turn == nil, still.Hidden)
	}
}

// The spinner is all that moves by itself.
func TestOnlyTheSpinnerIsAnimated(t *testing.T) {
	for name, file := range sources(t) {
		ast.Inspect(file, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok && s.Sel.Name == "NewAnimation" && name != "spinner.go" {
				t.Errorf("%s makes an animation", name)
			}
			return true
		})
	}
}

// What is hidden, or no longer there, does not keep the keyboard.
func TestTheKeyboardLeavesWhatIsGone(t *testing.T) {
	b := newBench(t, theme.Light, 400, 400)
	home, away := NewButton("Home", assets.NoIcon, Secondary, nothing), NewButton("Away", assets.NoIcon, Secondary, nothing)
	field := NewPasswordEntry("Password")
	box := Column(8, away, NewScrollArea(field))
	b.show(Column(8, home, box))
	b.root.OnLost = func() { Focus(home) }
	check := func(what string, want fyne.Focusable) {
		t.Helper()
		b.root.Refresh()
		if b.focused() != want {
			t.Errorf("%s: the keyboard is at %s", what, uitest.Name(b.focused()))
		}
	}
	Focus(away)
	check("nothing happened", away)
	away.Hide()
	check("hidden", home)
	away.Show()
	Focus(field.eye)
	check("a button in a field in a scroller", field.eye)
	box.Hide()
	check("hidden with what is around it", home)
	box.Show()
	Focus(away)
	box.Objects = box.Objects[1:]
	check("taken out", home)

	box.Objects = append(box.Objects, away)
	Focus(away)
	b.root.ShowMenu(fyne.NewPos(0, 0), MenuItem{Label: "Copy", Do: nothing})
	box.Objects = nil
	check("below a menu", b.focused().(*menuPanel))
	b.keys(fyne.KeyEscape)
	check("gone while a menu was open", home)
}

// In a dialog the keyboard stays in the dialog.
func TestTheKeyboardLeavesWhatIsGoneInADialog(t *testing.T) {
	b := newBench(t, theme.Light, 400, 400)
	first, second := NewEntry("First"), NewEntry("Second")
	modal := NewModal("Dialog", Column(8, first, second))
	b.root.ShowModal(modal)
	second.Focus()
	second.Hide()
	modal.Refresh()
	if b.focused() != fyne.Focusable(first.input) {
		t.Errorf("the keyboard is at %s", uitest.Name(b.focused()))
	}
}

// A button that cannot be pressed for a while has the keyboard again when it can, unless another part has it.
func TestTheKeyboardWaitsForADisabledButton(t *testing.T) {
	b := newBench(t, theme.Light, 400, 300)
	one, two := NewButton("One", assets.NoIcon, Secondary, nothing), NewButton("Two", assets.NoIcon, Secondary, nothing)
	b.show(Column(8, one, two))
	Focus(one)
	one.Disable()
	if b.focused() != nil {
		t.Fatal("disabled, and it has the keyboard")
	}
	one.Enable()
	if b.focused() != fyne.Focusable(one) {
		t.Errorf("the keyboard is at %s", uitest.Name(b.focused()))
	}
	one.Disable()
	Focus(two)
	one.Enable()
	if b.focused() != fyne.Focusable(two) {
		t.Errorf("the keyboard was taken to %s", uitest.Name(b.focused()))
	}
}
