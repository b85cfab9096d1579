package widget

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	stock "fyne.io/fyne/v2/widget"

	"github.com/coffer-vault/coffer/app/ui/theme"
)

// Secret shows a password or key in letters of one width, digits and symbols in colours of their own. Masked, which it
// is at first, it holds nothing of the secret and shows the same number of dots for all.
type Secret struct {
	stock.BaseWidget
	saying
	name     string
	read     func() []byte
	revealed bool
	width    float32
	dots     [maskDots]canvas.Circle
	letters  []*canvas.Text
	height   float32
}

// maskDots is how many dots stand for any secret: their number must not tell its length.
const maskDots = 12

const dotPitch, dotSide = 11, 6

// maxLetters bounds how much of a secret is shown. The longest private keys in use are shorter.
const maxLetters = 8192

// NewSecret makes a widget that asks for the secret when it is revealed. The bytes stay the property of read: they are
// neither kept nor changed.
func NewSecret(read func() []byte) *Secret {
	s := &Secret{read: read}
	s.ExtendBaseWidget(s)
	return s
}

// Revealed reports whether the secret can be read.
func (s *Secret) Revealed() bool { return s.revealed }

// SetRevealed shows the secret, or masks it and forgets it.
func (s *Secret) SetRevealed(on bool) {
	s.letters = nil
	s.revealed = on && s.read != nil
	if s.revealed {
		s.letters = letters(s.read())
	}
	s.flow()
	s.Refresh()
}

// Clear masks the secret for good: it can no longer be asked for.
func (s *Secret) Clear() {
	s.read = nil
	s.SetRevealed(false)
}

// Release implements Releaser.
func (s *Secret) Release() { s.Clear() }

// letters makes an object of each character. One object for the whole would leave it in the toolkit's caches of measured
// and rendered texts; single characters tell nothing.
func letters(secret []byte) []*canvas.Text {
	secret = secret[:min(len(secret), maxLetters)]
	var made []*canvas.Text
	for len(secret) > 0 {
		_, size := utf8.DecodeRune(secret)
		made = append(made, &canvas.Text{Text: string(secret[:size])})
		secret = secret[size:]
	}
	return made
}

// Resize implements fyne.CanvasObject. The characters flow here, so that MinSize has the height of the new width.
func (s *Secret) Resize(size fyne.Size) {
	if size.Width != s.width {
		s.width = size.Width
		s.flow()
	}
	s.BaseWidget.Resize(size)
}

// flow places the characters in lines of the present width; a passphrase breaks between its words.
func (s *Secret) flow() {
	x, y, line := float32(0), float32(0), lineHeight(theme.Secret)
	for _, word := range words(s.letters) {
		if width := widthOf(word); s.width > 0 && width <= s.width && x+width > s.width {
			x, y = 0, y+line
		}
		for _, letter := range word {
			if letter.Text == "\n" {
				x, y = 0, y+line
				continue
			}
			width := textWidth(letter.Text, theme.Secret)
			if x > 0 && s.width > 0 && x+width > s.width {
				x, y = 0, y+line
			}
			letter.Move(fyne.NewPos(x, y))
			letter.Resize(fyne.NewSize(width, line-1))
			x += width
		}
	}
	s.height = y + line
}

func widthOf(letters []*canvas.Text) (width float32) {
	for _, letter := range letters {
		width += textWidth(letter.Text, theme.Secret)
	}
	return width
}

// marks can stand between the words of a passphrase.
const marks = "- ._"

// words cuts a passphrase after its marks. Anything else is one word: it breaks wherever the line ends.
func words(letters []*canvas.Text) (cut [][]*canvas.Text) {
	start, plain := 0, 0
	for i, letter := range letters {
		switch r, _ := utf8.DecodeRuneInString(letter.Text); {
		case strings.ContainsRune(marks, r) && i > start:
			cut = append(cut, letters[start:i+1])
			start = i + 1
		case unicode.IsLower(r):
			plain++
		case unicode.IsDigit(r), unicode.IsUpper(r) && i == start:
		default:
			return [][]*canvas.Text{letters}
		}
	}
	if plain < 3*len(cut) { // such as the letters of a random password that happens to have marks
		return [][]*canvas.Text{letters}
	}
	return append(cut, letters[start:])
}

// SetName says what the secret is, for assistive technology.
func (s *Secret) SetName(name string) { s.name = name }

// AccessibilityLabel implements fyne.Accessible; a secret is never spoken.
func (s *Secret) AccessibilityLabel() string { return joinLabels(s.name, concealment(s, s.revealed)) }

// concealment is the word for a secret that can be read or not.
func concealment(o fyne.CanvasObject, revealed bool) string {
	if revealed {
		return word(o, "widget.shown")
	}
	return word(o, "widget.concealed")
}

// CreateRenderer implements fyne.Widget.
func (s *Secret) CreateRenderer() fyne.WidgetRenderer {
	s.flow()
	return render(s)
}

func (s *Secret) objects() []fyne.CanvasObject {
	var objects []fyne.CanvasObject
	if s.revealed {
		for _, letter := range s.letters {
			objects = append(objects, letter)
		}
		return objects
	}
	for i := range s.dots {
		objects = append(objects, &s.dots[i])
	}
	return objects
}

func (s *Secret) paint() {
	for i := range s.dots {
		s.dots[i].FillColor = theme.Color(theme.ColorMuted)
	}
	for _, letter := range s.letters {
		dressLine(letter, theme.Secret.In(letterColor(letter.Text)))
	}
}

func letterColor(letter string) fyne.ThemeColorName {
	for _, r := range letter {
		switch {
		case unicode.IsDigit(r):
			return theme.ColorDigit
		case unicode.IsLetter(r):
			return theme.ColorText
		}
	}
	return theme.ColorSymbol
}

func (s *Secret) arrange(size fyne.Size) {
	for i := range s.dots {
		place(&s.dots[i], float32(i)*dotPitch+1, (size.Height-dotSide)/2, dotSide, dotSide)
	}
}

func (s *Secret) measure() fyne.Size {
	return fyne.NewSize(maskDots*dotPitch, max(s.height, lineHeight(theme.Secret)))
}
