package widget

import (
	"image/color"
	"unicode/utf8"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	stock "fyne.io/fyne/v2/widget"

	"github.com/coffer-vault/coffer/app/ui/theme"
	"github.com/coffer-vault/coffer/assets"
)

// Entry is a field to type into: a label above, a hint or an error below, perhaps an icon before the text and a button
// after it.
type Entry struct {
	stock.BaseWidget

	OnChanged   func(text string)
	OnSubmitted func(text string)           // Enter; without it the key goes to the dialog or window
	OnKey       func(e *fyne.KeyEvent) bool // sees keys before the text does; true means taken

	icon       assets.IconName
	hint       string
	problem    string
	height     float32
	focused    bool
	caret      color.Color // of the palette that the field was drawn in last
	eye, clear *IconButton
	trailing   fyne.CanvasObject

	label  *Text
	note   *Paragraph
	ground canvas.Rectangle
	ring   *ring
	glyph  *glyph
	input  *input
}

var _ fyne.Disableable = (*Entry)(nil)

// NewEntry makes a field for one line.
func NewEntry(label string) *Entry {
	e := &Entry{
		height: theme.FieldHeight, ring: newRing(0, theme.RadiusControl), glyph: newGlyph(),
		label: NewText(label, theme.Label).Shortened(), note: NewParagraph("", theme.Secondary),
	}
	e.input = newInput(e)
	e.input.OnChanged = e.changed
	e.ExtendBaseWidget(e)
	return e
}

// NewMultiLineEntry makes a field for several lines, of which rows are in sight.
func NewMultiLineEntry(label string, rows int) *Entry {
	e := NewEntry(label)
	e.input.MultiLine, e.input.Wrapping = true, fyne.TextWrapWord
	e.input.SetMinRowsVisible(rows)
	return e
}

// NewPasswordEntry makes a field for a secret: concealed, with a button to reveal it.
func NewPasswordEntry(label string) *Entry {
	e := NewEntry(label)
	e.input.secure = true
	e.eye = NewIconButton(assets.IconEye, "", func() { e.SetRevealed(e.input.Password) })
	e.input.leaveRoom(e.eye)
	e.SetRevealed(false)
	return e
}

// NewMultiLinePasswordEntry makes a field for a secret of several lines, such as a private key.
func NewMultiLinePasswordEntry(label string, rows int) *Entry {
	e := NewPasswordEntry(label)
	e.input.MultiLine, e.input.Wrapping = true, fyne.TextWrapBreak
	e.input.SetMinRowsVisible(rows)
	return e
}

// NewSearchEntry makes a field without a label to search by: Escape empties it first, and Down calls onDown.
func NewSearchEntry(placeholder string, onDown func()) *Entry {
	e := NewEntry("")
	e.clear = NewIconButton(assets.IconX, "", func() {
		e.SetText("")
		e.Focus()
	})
	e.clear.Hide()
	e.input.leaveRoom(e.clear)
	e.SetPlaceholder(placeholder)
	e.SetIcon(assets.IconSearch)
	e.OnKey = func(event *fyne.KeyEvent) bool {
		switch {
		case event.Name == fyne.KeyDown && onDown != nil:
			onDown()
		case event.Name == fyne.KeyEscape && e.Text() != "":
			e.SetText("")
		default:
			return false
		}
		return true
	}
	return e
}

// Tall makes the field as high as the buttons on a card of their own.
func (e *Entry) Tall() *Entry {
	e.height = theme.CardButtonHeight
	return e
}

// With puts a button behind the field, as the one that generates a password.
func (e *Entry) With(trailing fyne.CanvasObject) *Entry {
	e.trailing = trailing
	return e
}

// Text returns what is typed.
func (e *Entry) Text() string { return e.input.Text }

// Bytes returns what is typed, for secrets: the caller wipes the slice.
func (e *Entry) Bytes() []byte { return []byte(e.input.Text) }

// SetText changes the text, puts the cursor behind it and forgets what could be undone. OnChanged is called if it differs.
func (e *Entry) SetText(text string) {
	if text == e.input.Text {
		return
	}
	e.input.TextStyle = e.textStyle(e.input.PlaceHolder, text)
	e.input.SetText(text)
	if !e.input.MultiLine {
		e.input.CursorColumn = utf8.RuneCountInString(text)
		e.input.Refresh()
	}
}

// Clear empties the field, its history of undoing and its placeholder's state. The toolkit keeps texts as strings, so
// what was typed stays in memory until it is reused; package secret's promises begin at Bytes.
func (e *Entry) Clear() {
	listener := e.OnChanged
	e.OnChanged = nil
	e.input.SetText("")
	e.OnChanged = listener
}

// Release implements Releaser: fields for secrets are emptied, all lose the focus.
func (e *Entry) Release() {
	dropFocus(e.input)
	if e.input.secure {
		e.Clear()
	}
}

// SetPlaceholder sets the text that shows while nothing is typed.
func (e *Entry) SetPlaceholder(text string) {
	e.input.TextStyle = e.textStyle(text, e.input.Text) // before the toolkit measures it
	e.input.SetPlaceHolder(text)
}

// SetIcon puts an icon before the text.
func (e *Entry) SetIcon(icon assets.IconName) {
	e.icon = icon
	e.Refresh()
}

// SetHint sets the line below the field.
func (e *Entry) SetHint(text string) {
	if e.hint != text {
		e.hint = text
		e.Refresh()
	}
}

// SetError sets what is wrong with the text, in place of the hint; "" means that nothing is.
func (e *Entry) SetError(text string) {
	if e.problem != text {
		e.problem = text
		e.Refresh()
	}
}

// SetRevealed shows or conceals the text of a field for secrets.
func (e *Entry) SetRevealed(on bool) {
	if e.eye == nil {
		return
	}
	e.input.Password = !on
	dressEye(e.eye, on)
	e.input.TextStyle = e.textStyle(e.input.PlaceHolder, e.input.Text)
	e.input.Refresh()
}

func (e *Entry) textStyle(placeholder, text string) fyne.TextStyle {
	switch {
	case e.eye != nil && !e.input.Password:
		return fyne.TextStyle{Monospace: true}
	case e.input.Password:
		return theme.EntryStyle(placeholder) // and dots
	}
	return theme.EntryStyle(placeholder, text)
}

// restyle has the field drawn in the font that its texts need now.
func (e *Entry) restyle() {
	if style := e.textStyle(e.input.PlaceHolder, e.input.Text); style != e.input.TextStyle {
		e.input.TextStyle = style
		e.input.Refresh()
	}
}

// dressEye makes a button say what it does to a secret that is revealed or not.
func dressEye(eye *IconButton, revealed bool) {
	if revealed {
		eye.SetIcon(assets.IconEyeOff, theme.ColorMuted)
		eye.SetTip(word(eye, "widget.hide"))
		return
	}
	eye.SetIcon(assets.IconEye, theme.ColorMuted)
	eye.SetTip(word(eye, "widget.reveal"))
}

// Input is the part that takes the focus.
func (e *Entry) Input() fyne.Focusable { return e.input }

// Focus moves the keyboard focus into the field.
func (e *Entry) Focus() { Focus(e.input) }

// SelectAll selects the text.
func (e *Entry) SelectAll() { e.input.TypedShortcut(&fyne.ShortcutSelectAll{}) }

// Enable lets the field be used.
func (e *Entry) Enable() { e.SetEnabled(true) }

// Disable greys the field out.
func (e *Entry) Disable() { e.SetEnabled(false) }

// SetEnabled is Enable or Disable.
func (e *Entry) SetEnabled(on bool) {
	if on {
		e.input.Enable()
	} else {
		dropFocus(e.input)
		e.input.Disable()
	}
	if e.eye != nil {
		e.eye.SetEnabled(on)
	}
	e.Refresh()
}

// Disabled reports whether the field cannot be used.
func (e *Entry) Disabled() bool { return e.input.Disabled() }

func (e *Entry) changed(text string) {
	e.restyle()
	if e.clear != nil && e.clear.Hidden == (text != "") {
		e.clear.Hidden = text == ""
		e.clear.Refresh()
	}
	if e.OnChanged != nil {
		e.OnChanged(text)
	}
}

func (e *Entry) setFocused(on bool) {
	e.focused = on
	e.Refresh()
}

// Parts implements Composite.
func (e *Entry) Parts() []fyne.CanvasObject { return []fyne.CanvasObject{e.trailing} }

// Resize implements fyne.CanvasObject. The note breaks here, so that MinSize has the height of the new width.
func (e *Entry) Resize(size fyne.Size) {
	e.note.Resize(fyne.NewSize(size.Width, e.note.MinSize().Height))
	e.BaseWidget.Resize(size)
}

// AccessibilityLabel implements fyne.Accessible.
func (e *Entry) AccessibilityLabel() string { return e.input.AccessibilityLabel() }

// AccessibilityRole implements fyne.Accessible: the part that takes the focus is the field.
func (e *Entry) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleContainer }

// CreateRenderer implements fyne.Widget.
func (e *Entry) CreateRenderer() fyne.WidgetRenderer { return render(e) }

// button is the one at the end of the text, or nil. It stands beside the input and not in it as the toolkit would have it, which on the
// way back with Shift+Tab passes over a widget that has a button inside.
func (e *Entry) button() *IconButton {
	if e.eye != nil {
		return e.eye
	}
	return e.clear
}

func (e *Entry) objects() []fyne.CanvasObject {
	objects := []fyne.CanvasObject{e.label, &e.ground, e.ring.object(), e.glyph.object(), e.input, e.note}
	if b := e.button(); b != nil {
		objects = append(objects, b)
	}
	if e.trailing != nil {
		objects = append(objects, e.trailing)
	}
	return objects
}

func (e *Entry) paint() {
	fill, stroke := theme.ColorInput, theme.ColorInputBorder
	if e.Disabled() {
		fill, stroke = theme.ColorDisabledFill, theme.ColorButtonLine
	}
	if e.problem != "" {
		stroke = theme.ColorError
	}
	fillRect(&e.ground, fill, stroke, theme.RadiusControl)
	e.ring.show(e.focused)
	e.paintCaret()
	e.glyph.set(e.icon, theme.ColorFaint)
	e.label.Hidden = e.label.text == ""
	e.paintNote()
	e.input.OnSubmitted = e.OnSubmitted
	e.restyle()
	if e.eye != nil {
		dressEye(e.eye, !e.input.Password)
	}
	if e.clear != nil {
		e.clear.SetTip(word(e, "widget.clear"))
	}
}

// paintCaret has the text cursor follow the palette: the toolkit's keeps the colour that it began to blink in.
func (e *Entry) paintCaret() {
	before, now := e.caret, theme.Color(theme.ColorAccent)
	e.caret = now
	if e.focused && before != now {
		e.input.Entry.FocusLost()
		e.input.Entry.FocusGained()
	}
}

func (e *Entry) paintNote() {
	text, role := e.hint, theme.Secondary
	if e.problem != "" {
		text, role = e.problem, theme.Secondary.In(theme.ColorError)
	}
	e.note.SetRole(role)
	e.note.SetText(text)
	e.note.Hidden = text == ""
}

// fieldGap is between the parts of a field: label, box and note.
const fieldGap = 5

func (e *Entry) boxHeight() float32 {
	if e.input.MultiLine {
		return ceil(e.input.MinSize().Height) + theme.Grid
	}
	return e.height
}

func (e *Entry) measure() fyne.Size {
	size := fyne.NewSize(max(e.input.MinSize().Width, 30*theme.Grid), e.boxHeight())
	for _, line := range []fyne.CanvasObject{e.label, e.note} {
		if line.Visible() {
			size.Height += line.MinSize().Height + fieldGap
		}
	}
	if e.trailing != nil {
		size.Width += e.trailing.MinSize().Width + theme.Grid
	}
	return size
}

func (e *Entry) arrange(size fyne.Size) {
	y, height := float32(0), size.Height
	if !e.label.Hidden {
		place(e.label, 0, 0, size.Width, e.label.MinSize().Height)
		y = e.label.MinSize().Height + fieldGap
	}
	if !e.note.Hidden {
		height -= e.note.MinSize().Height + fieldGap
		place(e.note, 0, height+fieldGap, size.Width, e.note.MinSize().Height)
	}
	e.arrangeBox(y, size.Width, height-y)
}

// arrangeBox places the box, what is in it and what is beside it.
func (e *Entry) arrangeBox(y, width, height float32) {
	if e.trailing != nil {
		side := e.trailing.MinSize()
		width -= side.Width + theme.Grid
		place(e.trailing, width+theme.Grid, y+(height-side.Height)/2, side.Width, side.Height)
	}
	place(&e.ground, 0, y, width, height)
	e.ring.around(0, y, width, height)
	left := float32(2)
	if e.icon != assets.NoIcon {
		place(e.glyph, 10, y+(height-IconSide)/2, IconSide, IconSide)
		left = 26
	}
	place(e.input, left, y, width-left-1, height)
	if b := e.button(); b != nil {
		side := b.MinSize()
		place(b, width-3-side.Width, y+middle(height, side.Height), side.Width, side.Height)
	}
}
