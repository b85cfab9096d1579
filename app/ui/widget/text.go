package widget

import (
	"strings"
	"unicode/utf8"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	stock "fyne.io/fyne/v2/widget"

	"github.com/coffer-vault/coffer/app/ui/theme"
)

// Text is one line of text. A line break in it counts as a space.
type Text struct {
	stock.BaseWidget
	saying
	text      string
	role      theme.Role
	smaller   *theme.Role // where it does not fit in the other
	align     fyne.TextAlign
	shortened bool
	line      canvas.Text
}

// NewText makes a line of text in a role of package theme.
func NewText(text string, role theme.Role) *Text {
	t := &Text{text: text, role: role}
	t.ExtendBaseWidget(t)
	return t
}

// Shortened makes the text end in an ellipsis where it does not fit; else it claims the width it needs.
func (t *Text) Shortened() *Text {
	t.shortened = true
	return t
}

// OrSmaller sets the text in a smaller role where it does not fit, before it is shortened.
func (t *Text) OrSmaller(role theme.Role) *Text {
	t.smaller = &role
	return t.Shortened()
}

// Aligned sets how the text stands in a wider space.
func (t *Text) Aligned(align fyne.TextAlign) *Text {
	t.align = align
	return t
}

// Text returns the whole text.
func (t *Text) Text() string { return t.text }

// SetText changes the text.
func (t *Text) SetText(text string) {
	if t.text != text {
		t.text = text
		t.Refresh()
	}
}

// SetRole changes size, weight and colour.
func (t *Text) SetRole(role theme.Role) {
	if t.role != role {
		t.role = role
		t.Refresh()
	}
}

// AccessibilityLabel implements fyne.Accessible.
func (t *Text) AccessibilityLabel() string { return t.text }

// CreateRenderer implements fyne.Widget.
func (t *Text) CreateRenderer() fyne.WidgetRenderer { return render(t) }

func (t *Text) objects() []fyne.CanvasObject { return []fyne.CanvasObject{&t.line} }

func (t *Text) paint() {
	role := t.fittingRole(t.Size().Width)
	dressLine(&t.line, role)
	t.line.Alignment = t.align
	t.line.Text = t.fitting(role, t.Size().Width)
}

func (t *Text) arrange(size fyne.Size) {
	role := t.fittingRole(size.Width)
	if fitting := t.fitting(role, size.Width); fitting != t.line.Text || role.Size != t.line.TextSize {
		dressLine(&t.line, role)
		t.line.Text = fitting
		t.line.Refresh()
	}
	setLine(&t.line, 0, 0, size.Width, size.Height)
}

func (t *Text) measure() fyne.Size {
	if t.shortened {
		return fyne.NewSize(3*theme.Grid, lineHeight(t.role))
	}
	return fyne.NewSize(ceil(textWidth(flatten(t.text), t.role)), lineHeight(t.role))
}

// fittingRole is the smaller role where the text does not fit in its own.
func (t *Text) fittingRole(width float32) theme.Role {
	if t.smaller != nil && width > 0 && textWidth(flatten(t.text), t.role) > width {
		return *t.smaller
	}
	return t.role
}

func (t *Text) fitting(role theme.Role, width float32) string {
	text := flatten(t.text)
	if !t.shortened || width <= 0 {
		return text
	}
	return shorten(text, role, width)
}

func flatten(text string) string { return strings.ReplaceAll(text, "\n", " ") }

// dressLine gives a line the look of a role.
func dressLine(line *canvas.Text, role theme.Role) {
	line.TextSize, line.TextStyle, line.Color = role.Size, role.Weight.Style(), theme.Color(role.Color)
	line.FontSource = theme.Own(line.Text, line.TextStyle)
}

func textWidth(text string, role theme.Role) float32 {
	return textSize(text, role.Size, role.Weight.Style()).Width
}

// textSize is fyne.MeasureText with the font that the text is drawn in.
func textSize(text string, size float32, style fyne.TextStyle) fyne.Size {
	measured, _ := fyne.CurrentApp().Driver().RenderedTextSize(text, size, style, theme.Own(text, style))
	return measured
}

// lineHeight is the same whatever the text is: fallback fonts for other scripts must not move the lines.
func lineHeight(role theme.Role) float32 {
	return ceil(textSize("Mg", role.Size, role.Weight.Style()).Height)
}

// setLine places a line in the vertical middle of an area. The line is given less than its own height: in more than that
// the toolkit would centre it itself, between pixels.
func setLine(line *canvas.Text, x, y, width, areaHeight float32) {
	line.FontSource = theme.Own(line.Text, line.TextStyle) // the text may have come after dressLine
	height := textSize("Mg", line.TextSize, line.TextStyle).Height
	place(line, x, y+middle(areaHeight, ceil(height)), width, ceil(height)-1)
}

// maxShown bounds the characters of one line that are looked at; no line on any screen shows more.
const maxShown = 1000

// shorten cuts a text to a width and ends it in an ellipsis.
func shorten(text string, role theme.Role, width float32) string {
	runes := []rune(text)
	if len(runes) > maxShown {
		runes = runes[:maxShown]
	} else if textWidth(text, role) <= width {
		return text
	}
	// The width grows with the text, so the longest prefix that fits is found by halving.
	low, high := 0, len(runes)
	for low < high {
		middle := (low + high + 1) / 2
		if textWidth(string(runes[:middle])+"…", role) <= width {
			low = middle
		} else {
			high = middle - 1
		}
	}
	return strings.TrimRight(string(runes[:low]), " ") + "…"
}

// firstLetter is the first character of a text in capitals, "?" if it has none.
func firstLetter(text string) string {
	text = strings.TrimSpace(text)
	first, size := utf8.DecodeRuneInString(text)
	if size == 0 || first == utf8.RuneError {
		return "?"
	}
	return strings.ToUpper(string(first))
}
