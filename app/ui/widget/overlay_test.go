package widget

import (
	"slices"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"github.com/coffer-vault/coffer/app/ui/theme"
	"github.com/coffer-vault/coffer/assets"
)

// dialogBench is a dialog with one entry and two buttons over a screen with a button.
type dialogBench struct {
	*bench
	modal              *Modal
	behind             *Button
	entry              *Entry
	no, yes            *Button
	noes, yeses, waved int
}

func newDialogBench(t *testing.T) *dialogBench {
	b := &dialogBench{bench: newBench(t, theme.Light, 600, 400)}
	b.behind = NewButton("Behind", assets.NoIcon, Secondary, nothing)
	b.show(b.behind)
	Focus(b.behind)
	b.entry = NewPasswordEntry("Master password")
	b.no = NewButton("Cancel", assets.NoIcon, Secondary, func() { b.noes++ })
	b.yes = NewButton("Go on", assets.NoIcon, Primary, func() { b.yeses++ })
	b.modal = NewModal("Really?", b.entry, b.no, b.yes)
	b.modal.OnDismiss = func() { b.waved++ }
	b.root.ShowModal(b.modal)
	return b
}

func TestModalKeepsTheFocus(t *testing.T) {
	b := newDialogBench(t)
	var order []fyne.Focusable
	for range 6 {
		order = append(order, b.focused())
		b.tab()
	}
	want := []fyne.Focusable{b.entry.Input(), b.entry.eye, b.no, b.yes, b.modal.cross, b.entry.Input()}
	if !slices.Equal(order, want) {
		t.Errorf("Tab goes %T, want %T", order, want)
	}
	b.window.Canvas().Unfocus()
	test.Tap(b.modal.panel)
	if b.focused() != b.entry.Input() {
		t.Errorf("after a tap into the dialog the focus is on %T", b.focused())
	}
}

func TestModalKeys(t *testing.T) {
	b := newDialogBench(t)
	b.typeText("x")
	b.keys(fyne.KeyEnter)
	if b.yeses != 1 {
		t.Error("Enter in the field did not tap the default button")
	}
	b.yes.Disable()
	b.keys(fyne.KeyEnter)
	if b.yeses != 1 {
		t.Error("Enter tapped a disabled button")
	}
	Focus(b.no)
	b.keys(fyne.KeyEnter)
	if b.noes != 1 || b.yeses != 1 {
		t.Errorf("Enter on Cancel: %d and %d", b.noes, b.yeses)
	}
	b.keys(fyne.KeyEscape)
	if b.modal.Open() || b.waved != 1 || b.entry.Text() != "" {
		t.Errorf("after Escape: open %v, dismissed %d, the field holds %q", b.modal.Open(), b.waved, b.entry.Text())
	}
	if b.focused() != fyne.Focusable(b.behind) {
		t.Errorf("the focus went to %T", b.focused())
	}
}

func TestModalGivesALongerLabelRoom(t *testing.T) {
	b := newDialogBench(t)
	b.no.SetText("A good deal longer")
	b.modal.Refresh()
	if got, want := b.no.Size().Width, b.no.MinSize().Width; got < want {
		t.Errorf("the button has %v of %v", got, want)
	}
}

func TestModalEscapeWithoutFocus(t *testing.T) {
	b := newDialogBench(t)
	b.window.Canvas().Unfocus()
	b.keys(fyne.KeyEscape)
	if b.modal.Open() {
		t.Error("Escape did nothing")
	}
}

func TestModalTapBesideAndCross(t *testing.T) {
	b := newDialogBench(t)
	test.TapCanvas(b.window.Canvas(), fyne.NewPos(5, 5))
	if !b.modal.Open() {
		t.Error("a tap beside the dialog closed it")
	}
	test.Tap(b.modal.cross)
	if b.modal.Open() || b.waved != 1 {
		t.Errorf("after the cross: open %v, dismissed %d", b.modal.Open(), b.waved)
	}
	b.modal.Close() // again does no harm
}

func TestLockedModalStays(t *testing.T) {
	b := newDialogBench(t)
	b.modal.Locked = true
	b.modal.Refresh()
	b.keys(fyne.KeyEscape)
	if !b.modal.Open() || b.modal.cross.Visible() {
		t.Error("a locked dialog can be dismissed")
	}
	b.modal.Close()
	if b.modal.Open() || b.waved != 0 {
		t.Error("the program could not close it")
	}
}

func TestModalIsAsHighAsItsContent(t *testing.T) {
	b := newBench(t, theme.Light, 600, 400)
	small := NewModal("Small", NewParagraph("One line.", theme.Body))
	b.root.ShowModal(small)
	if got := small.panel.Size(); got.Width != ModalWidth || got.Height > 140 {
		t.Errorf("small dialog: %v", got)
	}
	small.SetTitle("Large")
	small.SetBody(Column(0, NewMultiLineEntry("", 40)))
	if got := small.panel.Size(); got.Height > 400 {
		t.Errorf("large dialog: %v on a window of 400", got)
	}
	if got := NewModal("", Spacer()).Wide(300).width; got != 300 {
		t.Errorf("width %v", got)
	}
}

// A dialog that is as high as the window may be has the same size after its content has grown.
func TestModalScrollsToWhatWasAdded(t *testing.T) {
	b := newBench(t, theme.Light, 600, 400)
	card := Column(0, NewMultiLineEntry("", 40))
	m := NewModal("Large", Column(0, card, NewText("The end", theme.Body)))
	b.root.ShowModal(m)
	card.Add(NewMultiLineEntry("", 40))
	m.Refresh()
	m.body.page(fyne.KeyEnd)
	if got, want := m.body.scroll.Offset.Y, heightFor(m.body.content, m.body.Size().Width)-m.body.Size().Height; got != want {
		t.Errorf("it scrolls to %v, its end is at %v", got, want)
	}
}

func TestModalShowsItsOwnTooltips(t *testing.T) {
	b := newDialogBench(t)
	b.modal.cross.MouseIn(nil)
	b.elapse()
	if !b.modal.tips.text.Visible() || b.modal.tips.text.Text() != "Close" || b.root.tips.text.Visible() {
		t.Errorf("the dialog's tooltip is %q", b.modal.tips.text.Text())
	}
}

func menuItems(done *string) []MenuItem {
	do := func(label string) func() { return func() { *done = label } }
	return []MenuItem{
		{Label: "Edit", Do: do("Edit")}, {Label: "Open", Disabled: true, Do: do("Open")}, {},
		{Label: "Move", Checked: true, Do: do("Move")}, {Label: "Trash", Danger: true, Do: do("Trash")},
	}
}

func TestMenuKeys(t *testing.T) {
	for _, test := range []struct {
		keys []fyne.KeyName
		want string
	}{
		{[]fyne.KeyName{fyne.KeyEnter}, ""},
		{[]fyne.KeyName{fyne.KeyDown, fyne.KeyEnter}, "Edit"},
		{[]fyne.KeyName{fyne.KeyDown, fyne.KeyDown, fyne.KeySpace}, "Move"},
		{[]fyne.KeyName{fyne.KeyUp, fyne.KeyReturn}, "Trash"},
		{[]fyne.KeyName{fyne.KeyEnd, fyne.KeyUp, fyne.KeyEnter}, "Move"},
		{[]fyne.KeyName{fyne.KeyEnd, fyne.KeyDown, fyne.KeyEnter}, "Edit"},
		{[]fyne.KeyName{fyne.KeyHome, fyne.KeyEnter}, "Edit"},
		{[]fyne.KeyName{fyne.KeyDown, fyne.KeyEscape}, ""},
		{[]fyne.KeyName{fyne.KeyTab}, ""},
	} {
		b, done := newBench(t, theme.Light, 400, 300), ""
		b.root.ShowMenu(fyne.NewPos(10, 10), menuItems(&done)...)
		b.keys(test.keys...)
		open := b.window.Canvas().Overlays().Top() != nil
		if done != test.want || open != (len(test.keys) == 1 && test.keys[0] == fyne.KeyEnter) {
			t.Errorf("%v chose %q, want %q; open %v", test.keys, done, test.want, open)
		}
	}
}

func TestMenuTyping(t *testing.T) {
	b, done := newBench(t, theme.Light, 400, 300), ""
	b.root.ShowMenu(fyne.NewPos(10, 10), menuItems(&done)...)
	b.typeText("ot")
	b.keys(fyne.KeyEnter)
	if done != "Trash" {
		t.Errorf("typing found %q", done)
	}
}

func TestMenuTaps(t *testing.T) {
	b, done := newBench(t, theme.Light, 400, 300), ""
	b.root.ShowMenu(fyne.NewPos(10, 10), menuItems(&done)...)
	rows := all[*menuRow](b)
	test.Tap(rows[1])
	if done != "" || b.window.Canvas().Overlays().Top() == nil {
		t.Error("a disabled item was chosen")
	}
	rows[1].MouseIn(nil)
	if rows[1].current {
		t.Error("a disabled item is highlighted")
	}
	rows[2].MouseIn(nil)
	if !rows[2].current {
		t.Error("the item under the pointer is not highlighted")
	}
	test.Tap(rows[2])
	if done != "Move" {
		t.Errorf("the tap chose %q", done)
	}
	b.root.ShowMenu(fyne.NewPos(10, 10), menuItems(&done)...)
	test.TapCanvas(b.window.Canvas(), fyne.NewPos(390, 290))
	if b.window.Canvas().Overlays().Top() != nil {
		t.Error("a tap beside the menu did not close it")
	}
}

func TestMenuStaysOnTheWindow(t *testing.T) {
	for _, at := range []fyne.Position{fyne.NewPos(390, 290), fyne.NewPos(-50, -50), fyne.NewPos(200, 200)} {
		for _, repeat := range []int{1, 8} {
			b, done := newBench(t, theme.Light, 400, 300), ""
			b.root.ShowMenu(at, slices.Repeat(menuItems(&done), repeat)...)
			panel := all[*menuPanel](b)[0]
			low, high := panel.Position(), panel.Position().Add(panel.Size())
			if low.X < 0 || low.Y < 0 || high.X > 400 || high.Y > 300 {
				t.Errorf("at %v with %d items it covers %v to %v", at, repeat*5, low, high)
			}
			b.keys(fyne.KeyEnd) // the last of many scrolls into sight
			last := panel.rows[len(panel.rows)-1]
			if y := fyne.CurrentApp().Driver().AbsolutePositionForObject(last).Y; y+last.Size().Height > high.Y {
				t.Errorf("at %v with %d items the last is at %v of %v", at, repeat*5, y, high.Y)
			}
		}
	}
}

func TestToast(t *testing.T) {
	b := newBench(t, theme.Light, 600, 400)
	b.root.SetContent(Spacer())
	undone := 0
	b.root.ShowToast(Toast{Text: "Copied"})
	b.root.ShowToast(Toast{Text: "Moved to Trash", Icon: assets.IconTrash2, Action: "Undo", OnAction: func() { undone++ }})
	view := b.root.toast
	if !view.Visible() || view.text.Text() != "Moved to Trash" || b.waiting[0].call != nil || b.waiting[1].delay != 8*time.Second {
		t.Errorf("toast %q, first timer stopped %v, stays %v", view.text.Text(), b.waiting[0].call == nil, b.waiting[1].delay)
	}
	b.tab()
	b.keys(fyne.KeyEnter)
	if undone != 1 || view.Visible() || b.focused() != nil {
		t.Errorf("undone %d, visible %v, focus on %T", undone, view.Visible(), b.focused())
	}
	b.root.ShowToast(Toast{Text: "Saved", Stay: time.Second})
	b.elapse()
	if view.Visible() {
		t.Error("the toast does not go away")
	}
}

func TestToastFitsTheWindow(t *testing.T) {
	b := newBench(t, theme.Light, 300, 200)
	b.root.SetContent(Spacer())
	b.root.ShowToast(Toast{Text: "A message that is much longer than the window is wide, and so it is shortened", Action: "Undo"})
	view := b.root.toast
	if view.Position().X < 0 || view.Size().Width > 300 || view.Position().Y+view.Size().Height > 200 {
		t.Errorf("toast at %v of %v", view.Position(), view.Size())
	}
}

// Whoever works with the keys sees what has them, also while a toast is shown: it stands above, and comes down again.
func TestToastLeavesTheFocusInSight(t *testing.T) {
	b := newBench(t, theme.Light, 600, 400)
	high, low := NewButton("Above", assets.NoIcon, Secondary, nil), NewButton("Below", assets.NoIcon, Secondary, nil)
	b.root.SetContent(Column(0, high, Grow(Spacer()), low, Pad(Spacer(), 0, 0, 30, 0)))
	toast := b.root.toast
	check := func(focused *Button, raised bool) {
		t.Helper()
		at := fyne.CurrentApp().Driver().AbsolutePositionForObject(focused).Y
		covered := focused != toast.action && toast.Position().Y < at+focused.Size().Height && toast.Position().Y+toastHeight > at
		if moved := toast.Position().Y != 400-toastHeight-5*theme.Grid; covered || moved != raised {
			t.Errorf("%q, at %v, has the keyboard: the toast at %v covers it: %v, is raised: %v", focused.Text(), at, toast.Position().Y, covered, moved)
		}
	}
	undo := Toast{Text: "Moved to Trash", Action: "Undo"}
	Focus(low)
	b.root.ShowToast(undo)
	check(low, true)
	for _, focused := range []*Button{high, low, toast.action, low} {
		Focus(focused)
		check(focused, focused == low)
	}
	b.root.HideToast()
	Focus(high)
	b.root.ShowToast(undo)
	check(high, false)
}

func TestRootClosesWhatIsOpen(t *testing.T) {
	b := newDialogBench(t)
	b.entry.SetText("hunter2")
	b.root.ShowMenu(fyne.NewPos(1, 1), MenuItem{Label: "Edit"})
	b.root.SetContent(Spacer())
	if b.window.Canvas().Overlays().Top() != nil || b.modal.Open() || b.entry.Text() != "" {
		t.Errorf("still open: %T, the dialog's field holds %q", b.window.Canvas().Overlays().Top(), b.entry.Text())
	}
}

func TestRootPassesOnKeys(t *testing.T) {
	b := newBench(t, theme.Light, 300, 200)
	var got []fyne.KeyName
	b.root.OnKey = func(event *fyne.KeyEvent) { got = append(got, event.Name) }
	button := NewButton("Save", assets.NoIcon, Primary, nothing)
	b.show(button)
	b.keys(fyne.KeyF5)
	Focus(button)
	b.keys(fyne.KeyEscape)
	if !slices.Equal(got, []fyne.KeyName{fyne.KeyF5, fyne.KeyEscape}) {
		t.Errorf("the window got %v", got)
	}
	if b.root.Canvas() != b.window.Canvas() || b.root.Content() == nil {
		t.Error("the root lost its canvas or content")
	}
}

func TestRootWithoutTimersOrWords(t *testing.T) {
	b := newBench(t, theme.Light, 300, 200)
	b.root.After, b.root.Words = nil, nil
	button := NewIconButton(assets.IconX, "Close", nothing)
	b.show(button)
	button.MouseIn(nil)
	if !b.root.tips.text.Visible() || word(button, "widget.close") != "widget.close" {
		t.Error("without a timer the tooltip does not show at once")
	}
	b.root.ShowToast(Toast{Text: "Saved"})
	if !b.root.toast.Visible() {
		t.Error("without a timer the toast does not stay")
	}
	b.root.HideToast()
	if b.root.toast.Visible() {
		t.Error("the toast stays")
	}
}

// Changing the theme repaints what is on the window, dialogs too.
func TestThemeChangesAtOnce(t *testing.T) {
	b := newDialogBench(t)
	before := b.modal.ground.rectangle.FillColor
	test.ApplyTheme(t, theme.New(theme.Dark))
	if b.modal.ground.rectangle.FillColor == before || b.behind.text.Color != theme.Color(theme.ColorText) {
		t.Errorf("the dialog stays %v", before)
	}
}
