package uitest

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	stock "fyne.io/fyne/v2/widget"

	"github.com/coffer-vault/coffer/app/ui/theme"
	"github.com/coffer-vault/coffer/app/ui/widget"
	"github.com/coffer-vault/coffer/assets"
)

// objects are made below each other on a window.
type objects func() []fyne.CanvasObject

func of(list ...func() fyne.CanvasObject) objects {
	return func() (made []fyne.CanvasObject) {
		for _, make := range list {
			made = append(made, make())
		}
		return made
	}
}

func show(t *testing.T, mode theme.Mode, make objects) fyne.Canvas {
	t.Helper()
	test.NewTempApp(t)
	fyne.CurrentApp().Settings().SetTheme(theme.New(mode))
	window := test.NewTempWindow(t, nil)
	window.SetPadded(false)
	window.Resize(fyne.NewSize(400, 300))
	root := widget.NewRoot(window.Canvas())
	root.SetContent(widget.Stack(widget.NewSurface(theme.ColorDetail, theme.ColorNone, 0), widget.Inset(widget.Column(12, make()...), 20)))
	return window.Canvas()
}

func button(label string) *widget.Button {
	return widget.NewButton(label, assets.NoIcon, widget.Secondary, func() {})
}

func one() fyne.CanvasObject { return button("One") }

func disabled() fyne.CanvasObject {
	b := button("")
	b.Disable()
	return b
}

// tapped is operated by the pointer alone.
type tapped struct{ *widget.Text }

func (tapped) Tapped(*fyne.PointEvent) {}

// trap keeps the keyboard.
type trap struct{ *widget.Button }

func (trap) AcceptsTab() bool { return true }

// Each defect is found, and nothing else.
func TestKeyboard(t *testing.T) {
	for name, test := range map[string]struct {
		objects objects
		want    string
	}{
		"nothing wrong":  {of(one, func() fyne.CanvasObject { return widget.NewEntry("Name") }, one), ""},
		"nothing there":  {of(), ""},
		"no ring":        {of(one, func() fyne.CanvasObject { return stock.NewButton("Two", nil) }), "there are 0 rings"},
		"no name":        {of(one, func() fyne.CanvasObject { return button("") }), "no name"},
		"cannot be seen": {of(func() fyne.CanvasObject { return widget.Pad(one(), 0, 0, 0, -60) }), "is cut off"},
		"pointer only":   {of(one, func() fyne.CanvasObject { return tapped{widget.NewText("Two", theme.Body)} }), "no keys"},
		"catches Tab":    {of(one, func() fyne.CanvasObject { return trap{button("Two")} }), "catches Tab"},
		"not usable":     {of(one, disabled), ""},
	} {
		t.Run(name, func(t *testing.T) {
			found := strings.Join(Keyboard(show(t, theme.Light, test.objects)), "\n")
			if test.want == "" && found != "" || !strings.Contains(found, test.want) {
				t.Errorf("found %q, want %q", found, test.want)
			}
		})
	}
}

// The focus is afterwards where it was.
func TestKeyboardGivesTheFocusBack(t *testing.T) {
	var second *widget.Button
	c := show(t, theme.Light, of(one, func() fyne.CanvasObject {
		second = button("Two")
		return second
	}))
	c.Focus(second)
	if problems := Keyboard(c); len(problems) > 0 || c.Focused() != fyne.Focusable(second) {
		t.Errorf("%v; the focus is at %s", problems, Name(c.Focused()))
	}
}

func faint() fyne.CanvasObject { return widget.NewText("faint", theme.Caption) }

// on lays something on a ground.
func on(ground fyne.ThemeColorName, make func() fyne.CanvasObject) func() fyne.CanvasObject {
	return func() fyne.CanvasObject { return widget.Stack(widget.NewSurface(ground, theme.ColorNone, 0), make()) }
}

func TestContrast(t *testing.T) {
	bad := on(theme.ColorAccent, faint)
	for name, test := range map[string]struct {
		object func() fyne.CanvasObject
		want   int
	}{
		"readable":     {faint, 0},
		"too like":     {bad, 1},
		"under a veil": {on(theme.ColorAccent, on(theme.ColorHover, faint)), 1},
		"icon":         {on(theme.ColorAccent, func() fyne.CanvasObject { return widget.NewIcon(assets.IconStar, theme.ColorMuted, 18) }), 1},
		"not usable":   {disabled, 0},
		"out of sight": {func() fyne.CanvasObject { return widget.NewScrollArea(widget.Pad(bad(), 100, 0, 0, 0)) }, 0},
		"laid over":    {on(theme.ColorAccent, on(theme.ColorCard, faint)), 0},
	} {
		for _, mode := range []theme.Mode{theme.Light, theme.Dark} {
			t.Run(name, func(t *testing.T) {
				if found := Contrast(show(t, mode, of(test.object))); len(found) != test.want {
					t.Errorf("mode %d: found %q, want %d", mode, found, test.want)
				}
			})
		}
	}
}
