package widget

import (
	"strings"
	"testing"
	"unicode/utf8"

	"fyne.io/fyne/v2"
	"pgregory.net/rapid"

	"github.com/coffer-vault/coffer/app/ui/theme"
)

func TestShorten(t *testing.T) {
	newBench(t, theme.Light, 100, 100)
	full := textWidth("Hetzner Cloud", theme.Body)
	for _, test := range []struct {
		text  string
		width float32
		want  string
	}{
		{"Hetzner Cloud", full, "Hetzner Cloud"},
		{"Hetzner Cloud", textWidth("Hetzner …", theme.Body), "Hetzner…"},
		{"Hetzner Cloud", 0, "…"}, {"Hetzner Cloud", -5, "…"}, {"", 10, ""},
	} {
		if got := shorten(test.text, theme.Body, test.width); got != test.want {
			t.Errorf("%q in %v is %q, want %q", test.text, test.width, got, test.want)
		}
	}
	if got := shorten(strings.Repeat("long ", 100000), theme.Body, 80); textWidth(got, theme.Body) > 80 {
		t.Errorf("a very long text became %q", got)
	}
}

// Whatever is typed into a title: what is shown fits, and begins as the title does.
func TestShortenFits(t *testing.T) {
	newBench(t, theme.Light, 100, 100)
	rapid.Check(t, func(t *rapid.T) {
		text := flatten(rapid.StringN(0, 60, -1).Draw(t, "text"))
		width := rapid.Float32Range(20, 300).Draw(t, "width")
		got := shorten(text, theme.Body, width)
		if got == text {
			return
		}
		if textWidth(got, theme.Body) > width {
			t.Fatalf("%q is wider than %v", got, width)
		}
		if !strings.HasPrefix(text, strings.TrimSuffix(got, "…")) {
			t.Fatalf("%q became %q", text, got)
		}
	})
}

// measureRunes gives every character the width 1.
func measureRunes(text string) float32 { return float32(utf8.RuneCountInString(text)) }

func TestBreakLines(t *testing.T) {
	for _, test := range []struct {
		text  string
		width float32
		want  string
	}{
		{"one two three", 7, "one two|three"},
		{"one two three", 100, "one two three"},
		{"one\ntwo", 100, "one|two"},
		{"unbreakable", 4, "unbr|eaka|ble"},
		{"a unbreakable", 4, "a|unbr|eaka|ble"},
		{"日本語のテキスト", 3, "日本語|のテキ|スト"},
		{"日本語。次", 3, "日本|語。次"},
		{"日本「語」次", 3, "日本|「語」|次"},
		{"コピーして", 2, "コ|ピー|して"},
		{"一つだけった", 4, "一つだ|けった"},
		{"例：次の字", 2, "例：|次の|字"},
		{"", 5, ""}, {"  ", 5, ""}, {"x", 0, "x"},
	} {
		if got := strings.Join(breakLines(test.text, test.width, measureRunes), "|"); got != test.want {
			t.Errorf("%q in %v is %q, want %q", test.text, test.width, got, test.want)
		}
	}
}

// Breaking a text loses nothing but spaces, and no line is too wide unless it is a single character.
func TestBreakLinesLosesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.SampledFrom([]rune("ab  \n本。、é"))).Draw(t, "text")
		width := rapid.Float32Range(0, 12).Draw(t, "width")
		lines := breakLines(text, width, measureRunes)
		squeeze := func(s string) string { return strings.Join(strings.Fields(s), "") }
		if squeeze(strings.Join(lines, "")) != squeeze(text) {
			t.Fatalf("%q became %q", text, lines)
		}
		for _, line := range lines {
			// A closing mark stays with its character.
			if measureRunes(line) > width && utf8.RuneCountInString(line) > 1 {
				t.Fatalf("%q is wider than %v", line, width)
			}
		}
	})
}

func TestTextInOneLine(t *testing.T) {
	b := newBench(t, theme.Light, 300, 200)
	text := NewText("First\nsecond", theme.Body)
	b.show(text)
	if text.line.Text != "First second" || text.AccessibilityLabel() != "First\nsecond" {
		t.Errorf("line %q", text.line.Text)
	}
	low := text.MinSize().Height
	text.SetText("日本語")
	if text.MinSize().Height != low {
		t.Error("another script changes the height of the line")
	}
	text.Shortened().SetText(strings.Repeat("wide ", 50))
	b.root.Refresh()
	if !strings.HasSuffix(text.line.Text, "…") || text.MinSize().Width > 20 {
		t.Errorf("line %q needs %v", text.line.Text, text.MinSize().Width)
	}
	if got := NewText("right", theme.Body).Aligned(fyne.TextAlignTrailing).align; got != fyne.TextAlignTrailing {
		t.Errorf("aligned %v", got)
	}
}

func TestParagraphHasTheHeightOfItsWidth(t *testing.T) {
	b := newBench(t, theme.Light, 300, 400)
	p := NewParagraph(strings.Repeat("word ", 40), theme.Body)
	b.show(p)
	wide := len(p.lines)
	b.window.Resize(fyne.NewSize(180, 400))
	if len(p.lines) <= wide || p.MinSize().Height != p.pitch()*float32(len(p.lines)) {
		t.Errorf("%d lines became %d, height %v", wide, len(p.lines), p.MinSize().Height)
	}
	for _, line := range p.lines {
		if line.MinSize().Width > 140.5 {
			t.Errorf("%q is wider than the paragraph", line.Text)
		}
	}
	p.SetText("short")
	if len(p.lines) != 1 || p.Text() != "short" || p.AccessibilityLabel() != "short" {
		t.Errorf("%d lines of %q", len(p.lines), p.Text())
	}
}

func TestFirstLetter(t *testing.T) {
	for text, want := range map[string]string{"github": "G", " ö": "Ö", "": "?", "  ": "?", "日本": "日", "\xFF": "?"} {
		if got := firstLetter(text); got != want {
			t.Errorf("%q gives %q, want %q", text, got, want)
		}
	}
}
