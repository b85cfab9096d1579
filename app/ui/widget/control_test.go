package widget

import (
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"github.com/coffer-vault/coffer/app/ui/theme"
	"github.com/coffer-vault/coffer/assets"
)

// operable is what every control of ours is.
type operable interface {
	fyne.Widget
	fyne.Focusable
	fyne.Tappable
	fyne.Disableable
	fyne.Accessible
}

// controls makes one of each control that acts at a tap; used counts its callbacks.
var controls = map[string]func(used func()) operable{
	"button":      func(used func()) operable { return NewButton("Save", assets.NoIcon, Primary, used) },
	"icon button": func(used func()) operable { return NewIconButton(assets.IconCopy, "Copy", used) },
	"nav row":     func(used func()) operable { return NewNavRow(assets.IconStar, "Favorites", "7", used) },
	"check":       func(used func()) operable { return NewCheck("Digits", true, func(bool) { used() }) },
	"switch":      func(used func()) operable { return NewSwitch("Start at login", false, func(bool) { used() }) },
}

func TestControlsWorkByTapEnterAndSpace(t *testing.T) {
	for name, make := range controls {
		for how, use := range map[string]func(*bench, operable){
			"tap":   func(_ *bench, c operable) { test.Tap(c) },
			"Enter": func(b *bench, c operable) { Focus(c); b.keys(fyne.KeyEnter) },
			"Return": func(b *bench, c operable) {
				Focus(c)
				b.keys(fyne.KeyReturn)
			},
			"Space": func(b *bench, c operable) { Focus(c); b.keys(fyne.KeySpace) },
		} {
			t.Run(name+" by "+how, func(t *testing.T) {
				b, used := newBench(t, theme.Light, 300, 200), 0
				c := make(func() { used++ })
				b.show(c)
				use(b, c)
				if used != 1 {
					t.Errorf("it acted %d times", used)
				}
			})
		}
	}
}

func TestDisabledControlsDoNothing(t *testing.T) {
	for name, make := range controls {
		t.Run(name, func(t *testing.T) {
			b, used := newBench(t, theme.Light, 300, 200), 0
			c := make(func() { used++ })
			b.show(c)
			Focus(c)
			c.Disable()
			if b.focused() != nil {
				t.Error("it kept the focus")
			}
			b.tab()
			test.Tap(c)
			c.TypedKey(&fyne.KeyEvent{Name: fyne.KeyEnter})
			if used != 0 || b.focused() != nil {
				t.Errorf("it acted %d times and the focus is on %T", used, b.focused())
			}
			c.Enable()
			b.tab()
			if b.focused() != fyne.Focusable(c) {
				t.Error("it is not reached again once enabled")
			}
		})
	}
}

func TestControlsNameThemselves(t *testing.T) {
	b := newBench(t, theme.Light, 300, 200)
	for name, make := range controls {
		c := make(nothing)
		b.show(c)
		if c.AccessibilityLabel() == "" || c.AccessibilityRole() == "" {
			t.Errorf("%s: label %q, role %q", name, c.AccessibilityLabel(), c.AccessibilityRole())
		}
	}
}

// rings counts the focus rings to be seen.
func rings(b *bench) int {
	seen := 0
	for _, r := range all[fyne.CanvasObject](b) {
		if isRing(r) {
			seen++
		}
	}
	return seen
}

func TestTheRingShowsTheKeyboardNotTheTap(t *testing.T) {
	for name, make := range controls {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, theme.Light, 300, 200)
			c := make(nothing)
			b.show(c)
			test.Tap(c)
			if b.focused() != fyne.Focusable(c) || rings(b) != 0 {
				t.Errorf("after a tap the focus is on %T with %d rings", b.focused(), rings(b))
			}
			b.keys(fyne.KeySpace)
			if rings(b) != 1 {
				t.Errorf("after a key there are %d rings", rings(b))
			}
			b.window.Canvas().Unfocus()
			if rings(b) != 0 {
				t.Errorf("without the focus there are %d rings", rings(b))
			}
			b.tab()
			if rings(b) != 1 {
				t.Errorf("after Tab there are %d rings", rings(b))
			}
		})
	}
}

// Where it stands below the line, the label of a button without a surface begins where the line does.
func TestWrapBeginsTheLabelWithTheLine(t *testing.T) {
	newBench(t, theme.Light, 300, 200)
	for kind, left := range map[Kind]float32{Ghost: -buttonMargin, Quiet: -buttonMargin, Secondary: 0} {
		button := NewButton("2 earlier versions", assets.NoIcon, kind, nothing)
		box := Wrap(8, 230, NewText("Changed today", theme.Caption), button)
		if box.Resize(fyne.NewSize(300, 80)); button.Position().X != left || button.Position().Y == 0 {
			t.Errorf("kind %v: the button is at %v", kind, button.Position())
		}
		if box.Resize(fyne.NewSize(600, 80)); button.Position().X != 600-button.MinSize().Width {
			t.Errorf("kind %v: at the end of the line the button is at %v", kind, button.Position())
		}
	}
}

func TestBusyButtonWaits(t *testing.T) {
	b, used := newBench(t, theme.Light, 300, 200), 0
	button := NewButton("Unlock", assets.IconLock, Primary, func() { used++ })
	b.show(button)
	width := button.MinSize().Width
	button.SetBusy(true)
	test.Tap(button)
	if used != 0 || !button.Busy() || button.spinner.Hidden || !button.glyph.Hidden {
		t.Errorf("a busy button acted %d times; spinner hidden %v", used, button.spinner.Hidden)
	}
	if button.MinSize().Width != width {
		t.Error("the spinner changed the width of a button with an icon")
	}
	button.SetBusy(false)
	test.Tap(button)
	if used != 1 || button.spinner.turn != nil {
		t.Errorf("the button acted %d times; turning %v", used, button.spinner.turn != nil)
	}
}

func TestBusyButtonStopsTurningWhenItLeaves(t *testing.T) {
	for how, leave := range map[string]func(*bench, *Button){
		"hidden":         func(_ *bench, button *Button) { button.Hide() },
		"screen changed": func(b *bench, _ *Button) { b.show(NewText("", theme.Body)) },
	} {
		b := newBench(t, theme.Light, 300, 200)
		button := NewButton("Unlock", assets.NoIcon, Primary, nothing)
		b.show(button)
		button.SetBusy(true)
		if button.spinner.turn == nil {
			t.Fatal("it does not turn")
		}
		leave(b, button)
		if button.spinner.turn != nil {
			t.Errorf("%s: it still turns", how)
		}
	}
}

func TestTooltipWaitsForThePointerToRest(t *testing.T) {
	b := newBench(t, theme.Light, 300, 200)
	button := NewIconButton(assets.IconCopy, "Copy password", nothing)
	b.show(button)
	tips := b.root.tips
	button.MouseIn(nil)
	if tips.text.Visible() {
		t.Error("the tooltip did not wait")
	}
	button.MouseOut()
	b.elapse()
	if tips.text.Visible() {
		t.Error("the tooltip came after the pointer had left")
	}
	button.MouseIn(nil)
	b.elapse()
	if !tips.text.Visible() || tips.text.Text() != "Copy password" {
		t.Errorf("the tooltip is %q, visible %v", tips.text.Text(), tips.text.Visible())
	}
	test.Tap(button)
	if tips.text.Visible() {
		t.Error("the tooltip stayed after a tap")
	}
	b.window.Canvas().Unfocus()
	b.tab()
	b.elapse()
	if !tips.text.Visible() {
		t.Error("the keyboard gets no tooltip")
	}
	b.keys(fyne.KeySpace)
	if tips.text.Visible() {
		t.Error("the tooltip stayed after a key")
	}
}

func TestTooltipStaysOnTheWindow(t *testing.T) {
	b := newBench(t, theme.Light, 120, 60)
	button := NewIconButton(assets.IconCopy, "A rather long text", nothing)
	b.root.SetContent(Column(0, Spacer(), Grow(Spacer()), Row(0, Spacer(), button)))
	button.MouseIn(nil)
	b.elapse()
	bubble := b.root.tips.bubble
	if bottom := bubble.Position().Y + bubble.Size().Height; bottom > 60 || bubble.Position().Y < 0 {
		t.Errorf("the tooltip reaches from %v to %v", bubble.Position().Y, bottom)
	}
}

func TestNavRowsMoveWithTheArrows(t *testing.T) {
	b := newBench(t, theme.Light, 300, 200)
	first, second := NewNavRow(assets.IconStar, "One", "", nothing), NewNavRow(assets.IconStar, "Two", "", nothing)
	b.show(Column(0, first, second))
	Focus(first)
	b.keys(fyne.KeyDown)
	if b.focused() != fyne.Focusable(second) {
		t.Errorf("Down focused %T", b.focused())
	}
	b.keys(fyne.KeyUp)
	if b.focused() != fyne.Focusable(first) {
		t.Errorf("Up focused %T", b.focused())
	}
}

func TestNavRowHasAMenu(t *testing.T) {
	b := newBench(t, theme.Light, 300, 200)
	row := NewNavRow(assets.IconFolder, "Work", "", nothing)
	b.show(row)
	test.TapSecondary(row) // without a menu nothing happens
	var at fyne.Position
	row.OnMenu = func(p fyne.Position) { at = p }
	test.TapSecondaryAt(row, fyne.NewPos(5, 6))
	if at != fyne.NewPos(25, 26) {
		t.Errorf("the menu is asked for at %v", at)
	}
	Focus(row)
	b.keys(desktopMenuKey)
	if at.X <= 20 || at.Y < 20+row.Size().Height {
		t.Errorf("the menu key asks for it at %v", at)
	}
}

func TestSetters(t *testing.T) {
	b := newBench(t, theme.Light, 400, 400)
	button := NewButton("A", assets.NoIcon, Secondary, nothing).Tall()
	icon := NewIconButton(assets.IconStar, "A", nothing).Small()
	row := NewNavRow(assets.IconStar, "A", "", nothing)
	text, avatar := NewText("A", theme.Body), NewAvatar("A", assets.NoIcon, AvatarPage)
	b.show(Column(0, button, icon, row, text, avatar))
	button.SetText("Save")
	button.SetIcon(assets.IconCheck)
	icon.SetIcon(assets.IconStarFilled, theme.ColorWarning)
	icon.SetTip("Favorite")
	row.SetLabel("Work")
	row.SetCount("3")
	row.SetSelected(true)
	text.SetRole(theme.PageTitle)
	avatar.Set("Übung", assets.NoIcon)
	if button.text.Text != "Save" || button.glyph.name != assets.IconCheck || button.MinSize().Height != theme.CardButtonHeight {
		t.Errorf("button %q with %s", button.text.Text, button.glyph.name)
	}
	if icon.glyph.name != assets.IconStarFilled || icon.AccessibilityLabel() != "Favorite" {
		t.Errorf("icon button %s, %q", icon.glyph.name, icon.AccessibilityLabel())
	}
	if row.text.Text != "Work" || row.AccessibilityLabel() != "Work, 3, selected" || !row.Selected() {
		t.Errorf("row %q, %q", row.text.Text, row.AccessibilityLabel())
	}
	if text.line.TextSize != theme.SizePage || avatar.letter.Text != "Ü" {
		t.Errorf("size %v, letter %q", text.line.TextSize, avatar.letter.Text)
	}
}

// A busy button that has left the screen loses the keyboard after that: its spinner would turn for ever, and draw the window each time.
func TestReleasedButtonStandsStill(t *testing.T) {
	b := newBench(t, theme.Light, 200, 100)
	button := NewButton("Continue", assets.NoIcon, Primary, nil)
	b.show(button)
	Focus(button)
	button.SetBusy(true)
	if button.spinner.turn == nil {
		t.Fatal("a busy button does not turn")
	}
	Release(button)
	button.FocusLost()
	if button.spinner.turn != nil {
		t.Error("it turns after it was released")
	}
	button.SetBusy(true) // one that is shown again is told how it stands
	if button.spinner.turn == nil {
		t.Error("it does not turn again")
	}
	button.SetBusy(false)
}
