package widget

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	stock "fyne.io/fyne/v2/widget"

	"github.com/coffer-vault/coffer/app/ui/theme"
)

// Paragraph is running text that breaks into lines. Its height follows from the width it was last given.
type Paragraph struct {
	stock.BaseWidget
	saying
	text  string
	role  theme.Role
	align fyne.TextAlign
	width float32
	lines []*canvas.Text
}

// NewParagraph makes running text in a role of package theme.
func NewParagraph(text string, role theme.Role) *Paragraph {
	p := &Paragraph{text: text, role: role}
	p.ExtendBaseWidget(p)
	return p
}

// Aligned sets how the lines stand in the width.
func (p *Paragraph) Aligned(align fyne.TextAlign) *Paragraph {
	p.align = align
	return p
}

// Text returns the text.
func (p *Paragraph) Text() string { return p.text }

// SetText changes the text.
func (p *Paragraph) SetText(text string) {
	if p.text != text {
		p.text = text
		p.Refresh()
	}
}

// SetRole changes size, weight and colour.
func (p *Paragraph) SetRole(role theme.Role) {
	if p.role != role {
		p.role = role
		p.Refresh()
	}
}

// AccessibilityLabel implements fyne.Accessible.
func (p *Paragraph) AccessibilityLabel() string { return p.text }

// Resize implements fyne.CanvasObject. The lines break here, so that MinSize has the height of the new width at once.
func (p *Paragraph) Resize(size fyne.Size) {
	if size.Width != p.width {
		p.width = size.Width
		p.paint()
	}
	p.BaseWidget.Resize(size)
}

// CreateRenderer implements fyne.Widget.
func (p *Paragraph) CreateRenderer() fyne.WidgetRenderer { return render(p) }

func (p *Paragraph) objects() []fyne.CanvasObject {
	objects := make([]fyne.CanvasObject, len(p.lines))
	for i, line := range p.lines {
		objects[i] = line
	}
	return objects
}

func (p *Paragraph) paint() {
	width := p.width
	if width <= 0 {
		width = paragraphWidth
	}
	texts := breakLines(p.text, width, func(s string) float32 { return textWidth(s, p.role) })
	p.lines = p.lines[:0]
	for _, text := range texts {
		line := &canvas.Text{Text: text, Alignment: p.align}
		dressLine(line, p.role)
		p.lines = append(p.lines, line)
	}
	p.arrange(p.Size())
}

// paragraphWidth is assumed until a paragraph is laid out.
const paragraphWidth = 320

// pitch is the distance of the lines: looser than their height, for running text.
func (p *Paragraph) pitch() float32 { return round(p.role.Size * 1.4) }

func (p *Paragraph) arrange(size fyne.Size) {
	for i, line := range p.lines {
		setLine(line, 0, float32(i)*p.pitch(), size.Width, p.pitch())
	}
}

func (p *Paragraph) measure() fyne.Size {
	return fyne.NewSize(10*theme.Grid, p.pitch()*float32(max(len(p.lines), 1)))
}

// breakLines breaks a text at spaces, after ideographs, and within words that are wider than a line.
func breakLines(text string, width float32, measure func(string) float32) []string {
	var lines []string
	for _, paragraph := range strings.Split(text, "\n") {
		lines = append(lines, breakParagraph(paragraph, width, measure)...)
	}
	return lines
}

func breakParagraph(text string, width float32, measure func(string) float32) []string {
	var lines []string
	line := ""
	for _, word := range splitWords(text) {
		if measure(line+strings.TrimRight(word, " ")) <= width {
			line += word
			continue
		}
		if line != "" {
			lines = append(lines, strings.TrimRight(line, " "))
		}
		for measure(strings.TrimRight(word, " ")) > width {
			head := fittingHead(word, width, measure)
			lines = append(lines, head)
			word = word[len(head):]
		}
		line = word
	}
	if line != "" || len(lines) == 0 {
		lines = append(lines, strings.TrimRight(line, " "))
	}
	return lines
}

// splitWords cuts a text where a line may break; the spaces stay with the word before them.
func splitWords(text string) []string {
	var words []string
	start, previous := 0, ' '
	for i, r := range text {
		breakable := previous == ' ' || isIdeograph(previous) && !strings.ContainsRune(opening, previous) && !strings.ContainsRune(closing, r)
		if i > start && r != ' ' && breakable {
			words = append(words, text[start:i])
			start = i
		}
		previous = r
	}
	return append(words, text[start:])
}

// isIdeograph reports whether a line may break after the character though no space follows: from the CJK radicals on, and the wide
// forms of Latin signs.
func isIdeograph(r rune) bool { return r >= 0x2E80 && r <= 0x9FFF || r >= 0xFF00 && r <= 0xFF60 }

// The characters that must not begin a line in Japanese (JIS X 4051), and those that must not end one.
const (
	closing = "、。，．・：；？！ー々ぁぃぅぇぉっゃゅょァィゥェォッャュョ）］｝」』】〉》…%～"
	opening = "（［｛「『【〈《"
)

// fittingHead is the longest beginning of a word that fits, at least one character.
func fittingHead(word string, width float32, measure func(string) float32) string {
	end := 0
	for i, r := range word {
		next := i + len(string(r))
		if end > 0 && measure(word[:next]) > width {
			break
		}
		end = next
	}
	return word[:end]
}
