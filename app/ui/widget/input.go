package widget

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	stock "fyne.io/fyne/v2/widget"

	"github.com/coffer-vault/coffer/app/ui/theme"
	"github.com/coffer-vault/coffer/assets"
)

// input is the toolkit's entry without its looks: Entry draws the frame around it. It leaves to the frame the keys it
// has no use for, copies through the program's clipboard, and has our menu.
type input struct {
	stock.Entry
	frame  *Entry
	secure bool // for secrets: nothing of it is copied where histories keep it
}

var _ fyne.Accessible = (*input)(nil)

func newInput(frame *Entry) *input {
	i := &input{frame: frame}
	i.Wrapping, i.TextStyle = fyne.TextWrap(fyne.TextTruncateClip), theme.EntryStyle()
	i.ExtendBaseWidget(i)
	return i
}

// CreateRenderer implements fyne.Widget.
func (i *input) CreateRenderer() fyne.WidgetRenderer {
	theme.MeasurePlain()
	r := &inputRenderer{inner: i.Entry.CreateRenderer(), input: i}
	for _, o := range r.inner.Objects() {
		if scroll, ok := o.(*container.Scroll); ok && !i.MultiLine {
			r.line, r.scroll = container.NewClip(container.NewWithoutLayout(scroll)), scroll
		}
	}
	return r
}

// leaveRoom ends the text before a button. Like all rectangles of the toolkit's entry, what stands for the button in it is not drawn.
func (i *input) leaveRoom(b *IconButton) {
	room := &canvas.Rectangle{}
	room.SetMinSize(b.MinSize())
	i.ActionItem = room
}

// barThickness is more than that of any scroll bar.
const barThickness = 4 * theme.Grid

// inputRenderer leaves out the rectangles that the toolkit draws behind and around an entry, and centres the rest. What scrolls one line
// stands in a window that is lower: below its edge is the bar that would lie across the letters of a long text.
type inputRenderer struct {
	inner  fyne.WidgetRenderer
	input  *input
	line   *container.Clip // nil for several lines
	scroll *container.Scroll
}

func (r *inputRenderer) Destroy() { r.inner.Destroy() }

func (r *inputRenderer) MinSize() fyne.Size {
	theme.MeasurePlain()
	return r.inner.MinSize()
}

func (r *inputRenderer) Refresh() {
	theme.MeasurePlain()
	r.inner.Refresh()
}

func (r *inputRenderer) Objects() []fyne.CanvasObject {
	var objects []fyne.CanvasObject
	for _, o := range r.inner.Objects() {
		switch o := o.(type) {
		case *canvas.Rectangle:
		case *container.Scroll:
			objects = append(objects, r.lineOr(o))
		default:
			objects = append(objects, o)
		}
	}
	return objects
}

func (r *inputRenderer) lineOr(scroll *container.Scroll) fyne.CanvasObject {
	if r.line == nil {
		return scroll
	}
	return r.line
}

func (r *inputRenderer) Layout(size fyne.Size) {
	theme.MeasurePlain()
	height := size.Height
	if !r.input.MultiLine {
		height = r.inner.MinSize().Height // also where a font is taller than the field: in less room the toolkit would show a scroll bar
	}
	r.inner.Layout(fyne.NewSize(size.Width, height))
	if r.line != nil {
		r.line.Move(r.scroll.Position())
		r.line.Resize(r.scroll.Size())
		r.scroll.Move(fyne.Position{})
		r.scroll.Resize(r.scroll.Size().AddWidthHeight(0, barThickness))
	}
	for _, o := range r.Objects() {
		o.Move(o.Position().AddXY(0, middle(size.Height, height)))
	}
}

// FocusGained implements fyne.Focusable.
func (i *input) FocusGained() {
	i.Entry.FocusGained()
	i.frame.setFocused(true)
	showFocused(i.frame)
}

// FocusLost implements fyne.Focusable.
func (i *input) FocusLost() {
	i.Entry.FocusLost()
	i.frame.setFocused(false)
}

// Hide implements fyne.CanvasObject. A focused entry repaints for ever, also when it cannot be seen.
func (i *input) Hide() {
	dropFocus(i)
	i.Entry.Hide()
}

// TypedKey implements fyne.Focusable.
func (i *input) TypedKey(event *fyne.KeyEvent) {
	if i.frame.OnKey != nil && i.frame.OnKey(event) {
		return
	}
	single := !i.MultiLine
	switch event.Name {
	case fyne.KeyEscape, fyne.KeyF1, fyne.KeyF2, fyne.KeyF5:
		pass(i, event)
		return
	case fyne.KeyReturn, fyne.KeyEnter:
		if single && i.OnSubmitted == nil {
			pass(i, event)
			return
		}
	}
	i.Entry.TypedKey(event)
}

// AcceptsTab implements fyne.Tabbable: Tab leaves the field, also one of several lines, or the keyboard would be caught in it.
func (i *input) AcceptsTab() bool { return false }

// TypedShortcut implements fyne.Shortcutable. The toolkit's clipboard leaves traces in histories, so every clipboard
// shortcut is given the program's.
func (i *input) TypedShortcut(shortcut fyne.Shortcut) {
	switch shortcut := shortcut.(type) {
	case *fyne.ShortcutCopy:
		i.withClipboard(func(c fyne.Clipboard) { i.Entry.TypedShortcut(&fyne.ShortcutCopy{Clipboard: c}) })
	case *fyne.ShortcutCut:
		i.withClipboard(func(c fyne.Clipboard) { i.Entry.TypedShortcut(&fyne.ShortcutCut{Clipboard: c}) })
	case *fyne.ShortcutPaste:
		i.withClipboard(func(c fyne.Clipboard) { i.Entry.TypedShortcut(&fyne.ShortcutPaste{Clipboard: c}) })
	case *fyne.ShortcutSelectAll:
		i.Entry.TypedShortcut(shortcut) // what is typed is meant, and nothing else on the window
	case *fyne.ShortcutUndo, *fyne.ShortcutRedo:
		empty := i.Text == ""
		i.Entry.TypedShortcut(shortcut) // likewise
		if empty && i.Text == "" && i.frame.clear != nil {
			passShortcut(i, shortcut) // but in a search in which nothing was typed: it has the keyboard where a list has lost its last row
		}
	default:
		i.Entry.TypedShortcut(shortcut)
		passShortcut(i, shortcut)
	}
}

// secretClipboard marks all that is copied as secret.
type secretClipboard struct{ Clipboard }

func (c secretClipboard) SetContent(text string) { c.SetSecret(text) }

func (i *input) withClipboard(use func(fyne.Clipboard)) {
	root := rootOf(i)
	if root == nil || root.Clipboard == nil {
		return
	}
	if i.secure {
		use(secretClipboard{root.Clipboard})
		return
	}
	use(root.Clipboard)
}

// TappedSecondary implements fyne.SecondaryTappable.
func (i *input) TappedSecondary(event *fyne.PointEvent) {
	root := rootOf(i)
	if root == nil {
		return
	}
	Focus(i)
	root.ShowMenu(event.AbsolutePosition, i.menu()...)
}

func (i *input) menu() []MenuItem {
	// Concealed text is not copied, as the toolkit has it too: who can read it may reveal it first.
	still := i.Disabled()
	copies := i.SelectedText() != "" && !i.Password
	item := func(key string, icon assets.IconName, usable bool, do func()) MenuItem {
		return MenuItem{Label: word(i, key), Icon: icon, Disabled: !usable, Do: do}
	}
	return []MenuItem{
		item("widget.undo", assets.IconUndo2, !still, i.Undo),
		item("widget.redo", assets.IconRedo2, !still, i.Redo),
		{},
		item("widget.cut", assets.IconScissors, copies && !still, func() { i.TypedShortcut(&fyne.ShortcutCut{}) }),
		item("widget.copy", assets.IconCopy, copies, func() { i.TypedShortcut(&fyne.ShortcutCopy{}) }),
		item("widget.paste", assets.IconClipboardPaste, !still, func() { i.TypedShortcut(&fyne.ShortcutPaste{}) }),
		{},
		item("widget.selectAll", assets.IconTextSelect, i.Text != "", func() { i.TypedShortcut(&fyne.ShortcutSelectAll{}) }),
	}
}

// AccessibilityLabel implements fyne.Accessible. A field without a label is called what stands in it while it is empty.
func (i *input) AccessibilityLabel() string {
	name := i.frame.label.text
	if name == "" {
		name = i.PlaceHolder
	}
	labels := []string{name, i.frame.note.Text()}
	if i.Disabled() {
		labels = append(labels, word(i, "widget.unavailable"))
	}
	if i.secure {
		labels = append(labels, concealment(i, !i.Password))
	}
	return joinLabels(labels...)
}

// AccessibilityRole implements fyne.Accessible.
func (i *input) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleText }
