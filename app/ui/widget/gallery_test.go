package widget

import (
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"

	"github.com/coffer-vault/coffer/app/ui/theme"
	"github.com/coffer-vault/coffer/assets"
)

// picturesVariable names a folder that the gallery writes its pictures to, for people to look at.
const picturesVariable = "COFFER_PICTURES"

func TestGallery(t *testing.T) {
	for _, scene := range scenes {
		for name, mode := range map[string]theme.Mode{"light": theme.Light, "dark": theme.Dark} {
			t.Run(scene.name+"-"+name, func(t *testing.T) {
				b := newBench(t, mode, scene.width, scene.height)
				scene.build(b)
				b.root.Refresh()
				checkLayout(b)
				save(b, scene.name+"-"+name)
				checkAccess(b, scene.name)
			})
		}
	}
}

// save draws the window into a file. It is done only when asked for: soft shadows take the painter in memory long.
func save(b *bench, name string) {
	b.Helper()
	folder := os.Getenv(picturesVariable)
	if folder == "" {
		return
	}
	file, err := os.Create(filepath.Join(folder, name+".png"))
	if err != nil {
		b.Fatal(err)
	}
	defer file.Close()
	if err := png.Encode(file, b.picture(1)); err != nil {
		b.Fatal(err)
	}
}

// area is where something is on the window.
type area struct{ low, high fyne.Position }

func areaOf(at fyne.Position, size fyne.Size) area { return area{at, at.Add(size)} }

func (a area) clip(by area) area {
	return area{
		fyne.NewPos(max(a.low.X, by.low.X), max(a.low.Y, by.low.Y)),
		fyne.NewPos(min(a.high.X, by.high.X), min(a.high.Y, by.high.Y)),
	}
}

// overlaps allows a pixel: letters do not fill their lines.
func (a area) overlaps(b area) bool {
	common := a.clip(b)
	return common.high.X-common.low.X > 1 && common.high.Y-common.low.Y > 1
}

func (a area) within(b area) bool {
	return a.low.X >= b.low.X-.5 && a.low.Y >= b.low.Y-.5 && a.high.X <= b.high.X+.5 && a.high.Y <= b.high.Y+.5
}

// placedText is a line of text as it is seen, and the areas that cut it off.
type placedText struct {
	text    string
	ink     area // that the letters need
	given   area // that the line was given
	clip    area
	clipped bool // within something that scrolls
}

// checkLayout finds lines of text that overlap, that need more room than they have, or that leave the window.
func checkLayout(b *bench) {
	b.Helper()
	window := areaOf(fyne.NewPos(0, 0), b.window.Canvas().Size())
	for _, layer := range append([]fyne.CanvasObject{b.root.content}, b.window.Canvas().Overlays().List()...) {
		var placed []placedText
		collect(layer, fyne.NewPos(0, 0), window, false, &placed)
		for i, text := range placed {
			if text.ink.high.X-text.ink.low.X > text.given.high.X-text.given.low.X+1 {
				b.Errorf("%q needs %v, has %v", text.text, text.ink, text.given)
			}
			seen := text.ink
			if text.clipped { // what scrolls does so up and down only
				seen.low.Y, seen.high.Y = text.clip.low.Y, text.clip.high.Y
			}
			if !seen.within(text.clip) {
				b.Errorf("%q is at %v, beyond %v", text.text, text.ink, text.clip)
			}
			for _, other := range placed[:i] {
				if text.ink.clip(text.clip).overlaps(other.ink.clip(other.clip)) {
					b.Errorf("%q at %v overlaps %q at %v", text.text, text.ink, other.text, other.ink)
				}
			}
		}
	}
}

// collect gathers the lines of text of a tree. What an entry of the toolkit scrolls sideways is left out.
func collect(o fyne.CanvasObject, at fyne.Position, clip area, clipped bool, placed *[]placedText) {
	if !o.Visible() {
		return
	}
	at = at.Add(o.Position())
	if _, clips := o.(fyne.Scrollable); clips {
		clip, clipped = clip.clip(areaOf(at, o.Size())), true
	}
	switch o := o.(type) {
	case *canvas.Text:
		if o.Text != "" {
			*placed = append(*placed, placeText(o, at, clip, clipped))
		}
	case *input:
	case fyne.Widget:
		for _, child := range test.WidgetRenderer(o).Objects() {
			collect(child, at, clip, clipped, placed)
		}
	case *fyne.Container:
		for _, child := range o.Objects {
			collect(child, at, clip, clipped, placed)
		}
	}
}

func placeText(o *canvas.Text, at fyne.Position, clip area, clipped bool) placedText {
	needs := o.MinSize()
	left := at.X
	switch o.Alignment {
	case fyne.TextAlignCenter:
		left += (o.Size().Width - needs.Width) / 2
	case fyne.TextAlignTrailing:
		left += o.Size().Width - needs.Width
	}
	return placedText{o.Text, areaOf(fyne.NewPos(left, at.Y), needs), areaOf(at, o.Size()), clip, clipped}
}

// Every widget, in its smallest size, has room for its text.
func TestNothingIsCutOffAtTheSmallestSize(t *testing.T) {
	toggle := func(bool) {}
	for name, make := range map[string]func() fyne.CanvasObject{
		"button": func() fyne.CanvasObject {
			return NewButton("Sign in to another account", assets.IconUser, Ghost, nothing)
		},
		"tall button": func() fyne.CanvasObject { return NewButton("Unlock", assets.NoIcon, Primary, nothing).Tall() },
		"check":       func() fyne.CanvasObject { return NewCheck("Symbols", true, toggle) },
		"switch":      func() fyne.CanvasObject { return NewSwitch("Start at login", true, toggle) },
		"segmented":   func() fyne.CanvasObject { return NewSegmented([]string{"Password", "PIN"}, 0, nil) },
		"select":      func() fyne.CanvasObject { return NewSelect("", options("English", "Deutsch"), 1, nil) },
		"text":        func() fyne.CanvasObject { return NewText("Welcome back", theme.PageTitle) },
		"code":        func() fyne.CanvasObject { return NewOneTimeCode() },
		"code entry":  func() fyne.CanvasObject { return NewCodeEntry("Code", 4, 4) },
		"step":        func() fyne.CanvasObject { return NewStepHeader("Step 2 of 4", .5, "") },
		"assurance":   func() fyne.CanvasObject { return Assurance(assets.IconShieldCheck, "On this device only") },
		"row with a column": func() fyne.CanvasObject {
			return Row(8, Column(2, NewText("A", theme.Body), NewText("BB", theme.Body)), NewText("C", theme.Body))
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, theme.Light, 10, 10)
			o := make()
			b.root.SetContent(o)
			b.window.Resize(o.MinSize())
			checkLayout(b)
			for _, text := range all[*canvas.Text](b) {
				if len(text.Text) > 0 && text.Text[len(text.Text)-1] == "…"[2] {
					t.Errorf("%q is shortened", text.Text)
				}
			}
		})
	}
}

// Tab reaches what can be operated from the top left to the bottom right, once round.
func TestFocusOrder(t *testing.T) {
	b := newBench(t, theme.Light, 1180, 740)
	sceneVault(b)
	var order []string
	for range 40 {
		b.tab()
		if accessible, ok := b.focused().(fyne.Accessible); ok {
			order = append(order, accessible.AccessibilityLabel())
		} else {
			order = append(order, fmt.Sprintf("%T", b.focused()))
		}
		if len(order) > 1 && order[len(order)-1] == order[0] {
			break
		}
	}
	want := "[Switch account All items, 10,000, selected Favorites, 747 Security check, 912 Logins, 5,589 Cards, 1,115 Notes, 1,073" +
		" Identities, 1,120 SSH keys, 1,103 New folder Work, 2,551 Family, 2,505 A folder with quite a long name, 2,507 Trash, 0" +
		" Settings (Ctrl+,) Lock now (Ctrl+L) Sort New Search vault Items, GitHub, anna.keller@example.com, 1 of 10,000 Favorite Edit More" +
		" Copy username Show Copy password Copy code Open Copy website Width of the sidebar, 214 Width of the list, 312 Switch account]"
	if got := fmt.Sprint(order); got != want {
		t.Errorf("Tab goes\n%s, want\n%s", got, want)
	}
}
