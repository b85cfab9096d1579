package widget

import (
	"slices"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"

	"github.com/coffer-vault/coffer/app/ui/theme"
	"github.com/coffer-vault/coffer/assets"
)

// askedTheme notes the styles that the toolkit loads with all its fallback fonts.
type askedTheme struct {
	fyne.Theme
	styles []fyne.TextStyle
}

func (a *askedTheme) Font(style fyne.TextStyle) fyne.Resource {
	if !style.Symbol && !slices.Contains(a.styles, style) {
		a.styles = append(a.styles, style)
	}
	return a.Theme.Font(style)
}

// fallbackBench is a window that tells which styles were loaded.
func fallbackBench(t *testing.T) (*bench, *askedTheme) {
	b := newBench(t, theme.Light, 400, 300)
	asked := &askedTheme{Theme: theme.New(theme.Light)}
	test.ApplyTheme(t, asked)
	return b, asked
}

// The toolkit's fallback fonts are 9 MB in memory for each of four styles.
func TestUsualTextsLoadNoFallbackFonts(t *testing.T) {
	b, asked := fallbackBench(t)
	search, password, notes := NewSearchEntry("Search", nil), NewPasswordEntry("Password"), NewMultiLineEntry("Notes", 3)
	title, secret := NewText("Zürich", theme.PageTitle), NewSecret(func() []byte { return []byte("tr0ub4dor") })
	b.show(Column(4, search, password, notes, title, secret, NewParagraph("Running text.", theme.Body), NewButton("Save", assets.NoIcon, Primary, nil)))
	secret.SetRevealed(true)
	search.SetText("café")
	search.Focus()
	test.Type(search.Input(), " au lait")
	password.SetText("correct horse")
	notes.SetText("first\nsecond line that is longer than the field is wide, so that it is broken into two lines or even three")
	b.picture(1)
	if len(asked.styles) > 0 {
		t.Errorf("loaded: %+v", asked.styles)
	}
}

func TestOtherTextsLoadFallbackFontsOfTheirStyle(t *testing.T) {
	for name, c := range map[string]struct {
		style fyne.TextStyle
		shown func() fyne.CanvasObject
	}{
		"a title with an emoji": {theme.SemiBold.Style(), func() fyne.CanvasObject { return NewText("🏦 Bank", theme.PageTitle) }},
		"a paragraph":           {theme.Regular.Style(), func() fyne.CanvasObject { return NewParagraph("銀行", theme.Body) }},
		"a field": {theme.Regular.Style(), func() fyne.CanvasObject {
			e := NewEntry("Title")
			e.SetText("🏦")
			return e
		}},
		"a placeholder": {theme.Regular.Style(), func() fyne.CanvasObject { return NewSearchEntry("検索", nil) }},
	} {
		b, asked := fallbackBench(t)
		b.show(c.shown())
		b.picture(1)
		if !slices.Equal(asked.styles, []fyne.TextStyle{c.style}) {
			t.Errorf("%s loaded %+v", name, asked.styles)
		}
	}
}

// A field changes its font with what is typed into it, and back.
func TestFieldChangesItsFontWithItsText(t *testing.T) {
	b, _ := fallbackBench(t)
	e := NewEntry("Title")
	b.show(e)
	for _, c := range []struct {
		text string
		want bool
	}{{"Bank", true}, {"Bank 🏦", false}, {"Bank", true}} {
		e.SetText(c.text)
		if e.input.TextStyle.Symbol != c.want {
			t.Errorf("%q is drawn in %+v", c.text, e.input.TextStyle)
		}
	}
}

// Wherever the font comes from, a text is as large: layouts must not depend on it.
func TestOwnFontsMeasureTheSame(t *testing.T) {
	newBench(t, theme.Light, 100, 100)
	for _, role := range []theme.Role{theme.Body, theme.Strong, theme.PageTitle, theme.Secret} {
		for _, text := range []string{"M", "Mg", "AVATAR, file", "Zürich", "1,234,567"} {
			if got, want := textSize(text, role.Size, role.Weight.Style()), fyne.MeasureText(text, role.Size, role.Weight.Style()); got != want {
				t.Errorf("%q in %+v is %v, not %v", text, role, got, want)
			}
		}
	}
}

// A line's text may come after its look.
func TestLineIsDrawnInTheFontOfItsText(t *testing.T) {
	newBench(t, theme.Light, 100, 100)
	line := &canvas.Text{}
	for text, own := range map[string]bool{"Bank": true, "🏦 Bank": false} {
		dressLine(line, theme.Strong)
		line.Text = text
		setLine(line, 0, 0, 80, 20)
		if (line.FontSource != nil) != own {
			t.Errorf("%q: its own font is %t", text, !own)
		}
	}
}
