package widget

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	stock "fyne.io/fyne/v2/widget"

	"github.com/coffer-vault/coffer/app/ui/theme"
)

// OneTimeCode shows a code of two groups and how long it is still good for.
type OneTimeCode struct {
	stock.BaseWidget
	saying
	name    string
	code    string
	digits  []*canvas.Text
	bar     *Progress
	seconds *Text
}

// warnPart is when the countdown changes its colour: too short to switch windows and paste.
const warnPart = .2

// NewOneTimeCode makes a widget without a code.
func NewOneTimeCode() *OneTimeCode {
	c := &OneTimeCode{bar: NewProgress(), seconds: NewText("", theme.Caption)}
	c.ExtendBaseWidget(c)
	return c
}

// SetPart shows a code, whose characters stand one by one, and what part of its period is left, from 0 to 1 and in words.
func (c *OneTimeCode) SetPart(code string, part float64, left string) {
	ink := theme.ColorAccent
	if part < warnPart {
		ink = theme.ColorWarning
	}
	c.bar.SetColored(part, ink)
	c.seconds.SetText(left)
	if code != c.code { // which it is once in a period; what nothing has changed in is not drawn again
		c.code, c.digits = code, letters([]byte(code))
		c.Refresh()
	}
}

// Clear forgets the code.
func (c *OneTimeCode) Clear() {
	c.code, c.digits = "", nil
	c.seconds.SetText("")
	c.bar.Set(0)
	c.Refresh()
}

// SetName says what the code is, for assistive technology.
func (c *OneTimeCode) SetName(name string) { c.name = name }

// AccessibilityLabel implements fyne.Accessible: how long the code is still good for. The code itself is not spoken.
func (c *OneTimeCode) AccessibilityLabel() string { return joinLabels(c.name, c.seconds.text) }

// Release implements Releaser.
func (c *OneTimeCode) Release() { c.Clear() }

// CreateRenderer implements fyne.Widget.
func (c *OneTimeCode) CreateRenderer() fyne.WidgetRenderer { return render(c) }

func (c *OneTimeCode) objects() []fyne.CanvasObject {
	objects := []fyne.CanvasObject{c.bar, c.seconds}
	for _, digit := range c.digits {
		objects = append(objects, digit)
	}
	return objects
}

var codeRole = theme.Role{Size: 16, Weight: theme.Mono, Color: theme.ColorAccentText}

func (c *OneTimeCode) paint() {
	for _, digit := range c.digits {
		dressLine(digit, codeRole)
	}
}

// advance is the width of a digit, codeWidth that of six with the gap between the groups.
func (c *OneTimeCode) advance() float32 { return textWidth("0", codeRole) }

func (c *OneTimeCode) codeWidth() float32 {
	return ceil(c.advance() * (float32(max(len(c.digits), 6)) + .7))
}

func (c *OneTimeCode) arrange(size fyne.Size) {
	x := float32(0)
	for i, digit := range c.digits {
		if i == (len(c.digits)+1)/2 {
			x += .7 * c.advance()
		}
		setLine(digit, x, 0, c.advance(), size.Height)
		x += c.advance()
	}
	const gap, barWidth = 12, 60
	x = c.codeWidth() + gap
	placeMiddle(c.bar, x, barWidth, size.Height)
	placeMiddle(c.seconds, x+barWidth+gap-2, c.seconds.MinSize().Width, size.Height)
}

func (c *OneTimeCode) measure() fyne.Size {
	return fyne.NewSize(c.codeWidth()+12+60+40, lineHeight(codeRole))
}
