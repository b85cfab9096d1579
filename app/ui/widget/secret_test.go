package widget

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"github.com/coffer-vault/coffer/app/ui/theme"
)

// texts are all letters that can be seen.
func texts(b *bench) string {
	var seen strings.Builder
	for _, text := range all[*canvas.Text](b) {
		seen.WriteString(text.Text)
	}
	return seen.String()
}

func TestMaskedSecretsLookAlike(t *testing.T) {
	var looks []string
	for _, secret := range []string{"", "a", strings.Repeat("long ", 100)} {
		b := newBench(t, theme.Light, 400, 300)
		asked := 0
		s := NewSecret(func() []byte { asked++; return []byte(secret) })
		b.show(s)
		looks = append(looks, fmt.Sprint(len(all[*canvas.Circle](b)), s.MinSize(), texts(b)))
		if asked != 0 || s.AccessibilityLabel() != "hidden" {
			t.Errorf("a masked secret was asked for %d times; label %q", asked, s.AccessibilityLabel())
		}
	}
	if looks[0] != looks[1] || looks[1] != looks[2] {
		t.Errorf("masks tell the length: %v", looks)
	}
}

func TestRevealedSecret(t *testing.T) {
	b := newBench(t, theme.Light, 400, 300)
	secret := []byte("Vg7#é\xFF")
	s := NewSecret(func() []byte { return secret })
	b.show(s)
	s.SetRevealed(true)
	if got := texts(b); got != "Vg7#é\xFF" || !bytes.Equal(secret, []byte("Vg7#é\xFF")) {
		t.Errorf("shown %q", got)
	}
	for i, want := range []fyne.ThemeColorName{theme.ColorText, theme.ColorText, theme.ColorDigit, theme.ColorSymbol, theme.ColorText, theme.ColorSymbol} {
		if got := s.letters[i].Color; got != theme.Color(want) {
			t.Errorf("%q is %v, want %s", s.letters[i].Text, got, want)
		}
	}
	s.SetRevealed(false)
	if texts(b) != "" || s.letters != nil {
		t.Errorf("masked again it still shows %q", texts(b))
	}
}

// No object holds more than one character of a secret, so neither do the toolkit's caches of texts.
func TestSecretIsShownLetterByLetter(t *testing.T) {
	b := newBench(t, theme.Light, 400, 300)
	s := NewSecret(func() []byte { return []byte("correct horse") })
	b.show(s)
	s.SetRevealed(true)
	for _, text := range all[*canvas.Text](b) {
		if len(text.Text) > 1 {
			t.Errorf("an object holds %q", text.Text)
		}
	}
}

func TestLongSecretsBreak(t *testing.T) {
	b := newBench(t, theme.Light, 240, 400)
	s := NewSecret(func() []byte { return []byte("-----BEGIN KEY-----\n" + strings.Repeat("x", 60)) })
	b.show(s)
	s.SetRevealed(true)
	b.root.Refresh()
	for _, letter := range s.letters {
		if right := letter.Position().X + letter.Size().Width; right > s.Size().Width {
			t.Errorf("%q ends at %v of %v", letter.Text, right, s.Size().Width)
		}
		if bottom := letter.Position().Y + letter.Size().Height; bottom > s.Size().Height {
			t.Errorf("%q ends at %v of %v below", letter.Text, bottom, s.Size().Height)
		}
	}
	if s.MinSize().Height < 4*lineHeight(theme.Secret) {
		t.Errorf("height %v", s.MinSize().Height)
	}
	s.read = func() []byte { return bytes.Repeat([]byte("y"), 10*maxLetters) }
	s.SetRevealed(true)
	if len(s.letters) != maxLetters {
		t.Errorf("%d letters are shown", len(s.letters))
	}
}

// A passphrase breaks between its words, also where a word would just not fit; nothing else does.
func TestPassphrasesBreakAtWords(t *testing.T) {
	lines := func(secret string, width float32) string {
		s := NewSecret(func() []byte { return []byte(secret) })
		s.SetRevealed(true)
		s.Resize(fyne.NewSize(width, 300))
		var shown strings.Builder
		for i, letter := range s.letters {
			if i > 0 && letter.Position().Y > s.letters[i-1].Position().Y {
				shown.WriteString("|")
			}
			shown.WriteString(letter.Text)
			if right := letter.Position().X + letter.Size().Width; right > width {
				t.Errorf("%q: %q ends at %v of %v", secret, letter.Text, right, width)
			}
		}
		return shown.String()
	}
	newBench(t, theme.Light, 400, 300)
	letter := textWidth("m", theme.Secret)
	for secret, want := range map[string]string{
		"cobweb-gargle-tiptop":      "cobweb-|gargle-|tiptop",
		"Cobweb gargle7 été":        "Cobweb |gargle7 |été",
		"a.bee.unbelievable":        "a.bee.unbe|lievable",
		"xK9-mQ2-vT7-aB4":           "xK9-mQ2-vT|7-aB4",
		"correcthorsebatterystaple": "correcthor|sebatterys|taple",
		"-----BEGIN":                "-----BEGIN",
	} {
		got := lines(secret, 10.5*letter)
		if got != want {
			t.Errorf("%q is shown as %q, want %q", secret, got, want)
		}
	}
}

func TestClearedSecretIsGone(t *testing.T) {
	b := newBench(t, theme.Light, 400, 300)
	s := NewSecret(func() []byte { return []byte("hunter2") })
	b.show(s)
	s.SetRevealed(true)
	s.Clear()
	s.SetRevealed(true)
	if s.Revealed() || texts(b) != "" {
		t.Errorf("after Clear it shows %q", texts(b))
	}
}

func TestOneTimeCode(t *testing.T) {
	b := newBench(t, theme.Light, 400, 300)
	c := NewOneTimeCode()
	b.show(c)
	c.SetPart("492057", .6, "18 s")
	if got := texts(b); !strings.Contains(got, "492057") || !strings.Contains(got, "18 s") {
		t.Errorf("shown %q", got)
	}
	if c.bar.value != .6 || c.bar.ink != theme.ColorAccent {
		t.Errorf("the bar is at %v in %s", c.bar.value, c.bar.ink)
	}
	if gap := c.digits[3].Position().X - c.digits[2].Position().X; gap <= c.advance()*1.2 {
		t.Errorf("the groups are %v apart", gap)
	}
	c.SetPart("492057", .1, "3 s")
	if c.bar.ink != theme.ColorWarning {
		t.Error("the last seconds do not warn")
	}
	c.Clear()
	if got := texts(b); got != "" {
		t.Errorf("after Clear it shows %q", got)
	}
}

// What no longer is on a card or in a dialog lets go of its secrets; what stays keeps them.
func TestReplacedContentLetsGoOfItsSecrets(t *testing.T) {
	newBench(t, theme.Light, 400, 300)
	revealed := func() *Secret {
		s := NewSecret(func() []byte { return []byte("hunter2") })
		s.SetRevealed(true)
		return s
	}
	stays, goes := revealed(), revealed()
	card := NewCard(CardRow(goes), stays)
	card.SetRows(stays)
	modal, inModal, once := NewModal("Title", Spacer()), revealed(), revealed()
	modal.SetBody(once)
	modal.SetBody(inModal)
	modal.SetBody(inModal)
	for name, c := range map[string]struct {
		secret *Secret
		want   bool
	}{"left the card": {goes, false}, "stays on the card": {stays, true}, "left the dialog": {once, false}, "stays in the dialog": {inModal, true}} {
		if c.secret.Revealed() != c.want {
			t.Errorf("%s: revealed %v", name, c.secret.Revealed())
		}
	}
}
