package ui

import (
	"strings"

	"fyne.io/fyne/v2"

	"github.com/coffer-vault/coffer/app/screen"
	"github.com/coffer-vault/coffer/app/ui/theme"
	"github.com/coffer-vault/coffer/app/ui/widget"
)

// notice is a message between the widgets of a screen. It takes no room while there is nothing to say.
type notice struct {
	box    *fyne.Container
	banner *widget.Banner
	shown  screen.Message
}

// newNotice makes a notice with a distance above it.
func newNotice(above float32) *notice {
	return noticeOf(widget.NewBanner(widget.Info, "", "", nil), above)
}

func noticeOf(banner *widget.Banner, above float32) *notice {
	n := &notice{banner: banner}
	n.box = widget.Pad(n.banner, above, 0, 0, 0)
	n.box.Hide()
	return n
}

// set shows a message and reports whether it is another one than before.
func (n *notice) set(m screen.Message) (changed bool) {
	if n.shown == m {
		return false
	}
	n.shown = m
	n.banner.Set(toneOf(m.Tone), m.What, details(m))
	n.box.Hidden = m.IsZero()
	return true
}

// details says what is safe and what to do.
func details(m screen.Message) string { return strings.TrimSpace(m.Safe + " " + m.Next) }

func toneOf(t screen.Tone) widget.Tone {
	return map[screen.Tone]widget.Tone{screen.ToneGood: widget.Good, screen.ToneWarning: widget.Warning, screen.ToneError: widget.Problem}[t]
}

// inkOf is the colour of a tone for text, icons and meters.
func inkOf(t screen.Tone) fyne.ThemeColorName {
	switch t {
	case screen.ToneGood:
		return theme.ColorSuccess
	case screen.ToneWarning:
		return theme.ColorWarning
	case screen.ToneError:
		return theme.ColorError
	}
	return theme.ColorMuted
}

// meter is the strength of a password: a bar, and the word for it at its end.
type meter struct {
	box  *fyne.Container
	bar  *widget.Meter
	word *widget.Text
}

func newMeter() *meter {
	m := &meter{bar: widget.NewMeter(), word: widget.NewText("", theme.FieldLabel)}
	m.box = widget.Row(gap, widget.Grow(m.bar), m.word)
	return m
}

func (m *meter) set(s screen.Meter) {
	m.bar.Set(s.Fraction, inkOf(s.Tone), s.Text)
	m.word.SetText(s.Text)
}

// paragraph is running text in a quiet colour, as below a title.
func paragraph(text string) *widget.Paragraph {
	return widget.NewParagraph(text, theme.Body.In(theme.ColorMuted))
}
