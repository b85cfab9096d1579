package widget

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"github.com/coffer-vault/coffer/app/ui/theme"
)

// CodeEntry takes a code of letters and digits in groups, XXXX-XXXX, one box for each character. Pasting finds the code
// in the text around it, or else takes the letters and digits there are.
type CodeEntry struct {
	control
	OnChanged  func(code string)
	OnComplete func(code string) // the last character was typed or pasted

	label   *Text
	note    *Paragraph
	pattern *regexp.Regexp // of a code with its hyphens
	code    []rune
	problem string
	refused bool
	boxes   []codeBox
	caret   canvas.Rectangle
	ring    *ring
}

type codeBox struct {
	frame  canvas.Rectangle
	letter canvas.Text
	left   float32
}

var (
	_ fyne.Shortcutable = (*CodeEntry)(nil)
	_ fyne.Tappable     = (*CodeEntry)(nil)
)

// The measures of the boxes.
const (
	codeBoxWidth  = 36
	codeBoxHeight = 44
	codeBoxGap    = 6
	codeGroupGap  = 20
)

var codeLetter = theme.Role{Size: 18, Weight: theme.Mono, Color: theme.ColorText}

// NewCodeEntry makes a field for a code whose groups have the given lengths.
func NewCodeEntry(label string, groups ...int) *CodeEntry {
	c := &CodeEntry{
		label: NewText(label, theme.Label).Shortened(), note: NewParagraph("", theme.Secondary.In(theme.ColorError)),
		pattern: codePattern(groups), ring: newRing(0, theme.RadiusControl),
	}
	left := float32(0)
	for _, length := range groups {
		for range length {
			c.boxes = append(c.boxes, codeBox{left: left})
			left += codeBoxWidth + codeBoxGap
		}
		left += codeGroupGap - codeBoxGap
	}
	c.extend(c)
	return c
}

func codePattern(groups []int) *regexp.Regexp {
	parts := make([]string, len(groups))
	for i, length := range groups {
		parts[i] = fmt.Sprintf("[A-Za-z0-9]{%d}", length)
	}
	return regexp.MustCompile(`\b` + strings.Join(parts, "-") + `\b`)
}

// Code returns what is typed so far, in capitals and without hyphens.
func (c *CodeEntry) Code() string { return string(c.code) }

// Complete reports whether every box is filled.
func (c *CodeEntry) Complete() bool { return len(c.code) == len(c.boxes) }

// Clear empties the boxes, without calling OnChanged.
func (c *CodeEntry) Clear() {
	clear(c.code)
	c.code = c.code[:0]
	c.Refresh()
}

// Release implements Releaser.
func (c *CodeEntry) Release() {
	dropFocus(c)
	c.Clear()
}

// SetError sets what is wrong with the code, "" for nothing.
func (c *CodeEntry) SetError(text string) {
	if c.problem != text {
		c.problem = text
		c.Refresh()
	}
}

// Focus moves the keyboard focus to the field.
func (c *CodeEntry) Focus() { Focus(c) }

func (c *CodeEntry) activate() {}

// Refused lets the next character begin another code: the one in the boxes was wrong.
func (c *CodeEntry) Refused() { c.refused = true }

// TypedRune implements fyne.Focusable.
func (c *CodeEntry) TypedRune(r rune) {
	if c.refused && !c.disabled && len(codeLetters(string(r))) > 0 {
		c.code = c.code[:0]
	}
	c.add(string(r))
}

// add appends what of a text belongs to a code.
func (c *CodeEntry) add(text string) {
	if c.disabled || c.Complete() {
		return
	}
	added := codeLetters(text)
	added = added[:min(len(added), len(c.boxes)-len(c.code))]
	if len(added) > 0 {
		c.code = append(c.code, added...)
		c.report()
	}
}

// codeLetters are the letters, as capitals, and digits of a text.
func codeLetters(text string) []rune {
	var found []rune
	for _, r := range text {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			found = append(found, unicode.ToUpper(r))
		}
	}
	return found
}

func (c *CodeEntry) report() {
	c.problem, c.refused = "", false
	c.wake()
	c.Refresh()
	if c.OnChanged != nil {
		c.OnChanged(c.Code())
	}
	if c.Complete() && c.OnComplete != nil {
		c.OnComplete(c.Code())
	}
}

// TypedKey implements fyne.Focusable.
func (c *CodeEntry) TypedKey(event *fyne.KeyEvent) {
	switch event.Name {
	case fyne.KeyBackspace, fyne.KeyDelete:
		if len(c.code) > 0 && !c.disabled {
			c.code = c.code[:len(c.code)-1]
			c.report()
		}
	case fyne.KeySpace:
	default:
		pass(c, event)
	}
}

// TypedShortcut implements fyne.Shortcutable: a pasted code replaces what was typed.
func (c *CodeEntry) TypedShortcut(shortcut fyne.Shortcut) {
	root := rootOf(c)
	passShortcut(c, shortcut)
	if _, paste := shortcut.(*fyne.ShortcutPaste); !paste || root == nil || root.Clipboard == nil || c.disabled {
		return
	}
	text := root.Clipboard.Content()
	if code := c.pattern.FindString(text); code != "" {
		text = code
	}
	if len(codeLetters(text)) > 0 {
		c.code = c.code[:0]
		c.add(text)
	}
}

// AccessibilityLabel implements fyne.Accessible.
func (c *CodeEntry) AccessibilityLabel() string {
	return c.told(c.label.text, c.name, placeIn(c, len(c.code)-1, len(c.boxes)), c.problem)
}

// AccessibilityRole implements fyne.Accessible.
func (c *CodeEntry) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleText }

// CreateRenderer implements fyne.Widget.
func (c *CodeEntry) CreateRenderer() fyne.WidgetRenderer { return render(c) }

func (c *CodeEntry) objects() []fyne.CanvasObject {
	objects := []fyne.CanvasObject{c.label}
	for i := range c.boxes {
		objects = append(objects, &c.boxes[i].frame, &c.boxes[i].letter)
	}
	return append(objects, c.ring.object(), &c.caret, c.note)
}

func (c *CodeEntry) paint() {
	stroke := theme.ColorInputBorder
	if c.problem != "" {
		stroke = theme.ColorError
	}
	for i := range c.boxes {
		box := &c.boxes[i]
		fillRect(&box.frame, theme.ColorInput, stroke, theme.RadiusControl)
		dressLine(&box.letter, codeLetter)
		box.letter.Alignment, box.letter.Text = fyne.TextAlignCenter, ""
		if i < len(c.code) {
			box.letter.Text = string(c.code[i])
		}
	}
	// The boxes show where typing goes on even after a tap: they have no other cursor.
	c.ring.show(c.focused)
	c.caret.FillColor = theme.Color(theme.ColorAccent)
	c.caret.Hidden = !c.focused || c.Complete()
	c.label.Hidden = c.label.text == ""
	c.note.SetText(c.problem)
	c.note.Hidden = c.problem == ""
}

// Resize implements fyne.CanvasObject. The note breaks here, so that MinSize has the height of the new width.
func (c *CodeEntry) Resize(size fyne.Size) {
	c.note.Resize(fyne.NewSize(size.Width, c.note.MinSize().Height))
	c.control.Resize(size)
}

func (c *CodeEntry) width() float32 { return c.boxes[len(c.boxes)-1].left + codeBoxWidth }

func (c *CodeEntry) measure() fyne.Size {
	height := float32(codeBoxHeight)
	for _, line := range []fyne.CanvasObject{c.label, c.note} {
		if line.Visible() {
			height += line.MinSize().Height + fieldGap
		}
	}
	return fyne.NewSize(c.width(), height)
}

func (c *CodeEntry) arrange(size fyne.Size) {
	top := float32(0)
	if !c.label.Hidden {
		place(c.label, 0, 0, size.Width, c.label.MinSize().Height)
		top = c.label.MinSize().Height + fieldGap
	}
	for i := range c.boxes {
		box := &c.boxes[i]
		place(&box.frame, box.left, top, codeBoxWidth, codeBoxHeight)
		setLine(&box.letter, box.left, top, codeBoxWidth, codeBoxHeight)
	}
	current := c.boxes[min(len(c.code), len(c.boxes)-1)]
	c.ring.around(current.left, top, codeBoxWidth, codeBoxHeight)
	const caretHeight = 20
	place(&c.caret, current.left+codeBoxWidth/2-1, top+(codeBoxHeight-caretHeight)/2, 2, caretHeight)
	place(c.note, 0, top+codeBoxHeight+fieldGap, size.Width, c.note.MinSize().Height)
}
