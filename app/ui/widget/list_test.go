package widget

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"

	"github.com/coffer-vault/coffer/app/ui/theme"
)

// listBench is a list of titles on a window.
type listBench struct {
	*bench
	list     *List
	titles   []string
	selected []int
	bound    int
	clock    time.Time
}

func newListBench(t testing.TB, titles ...string) *listBench {
	b := &listBench{bench: newBench(t, theme.Light, 300, 400), titles: titles, clock: time.Unix(0, 0)}
	b.list = NewList(func() int { return len(b.titles) }, func() fyne.CanvasObject { return NewItemRow() },
		func(index int, row fyne.CanvasObject) {
			b.bound++
			row.(*ItemRow).Set(b.titles[index], "", "")
		})
	b.list.Label = func(index int) string { return b.titles[index] }
	b.list.OnSelected = func(index int) { b.selected = append(b.selected, index) }
	b.list.now = func() time.Time { return b.clock }
	b.root.SetContent(b.list)
	return b
}

func numbered(count int) []string {
	titles := make([]string, count)
	for i := range titles {
		titles[i] = fmt.Sprintf("Item %d", i)
	}
	return titles
}

// shown are the titles in sight, from the top.
func (b *listBench) shown() []string {
	var titles []string
	for y := float32(0); y < 1e7; y += b.list.pitch {
		found := false
		for _, row := range b.list.rows {
			if row.Visible() && row.Position().Y == y+b.top() {
				titles = append(titles, row.child.(*ItemRow).title)
				found = true
			}
		}
		if !found {
			break
		}
	}
	return titles
}

// top is where the first row in sight begins.
func (b *listBench) top() float32 {
	return float32(int(b.list.scroll.Offset.Y/b.list.pitch)) * b.list.pitch
}

// row is the row that shows an index.
func (b *listBench) row(index int) *listRow {
	for _, row := range b.list.rows {
		if row.Visible() && row.index == index {
			return row
		}
	}
	b.Fatalf("row %d is not in sight", index)
	return nil
}

func TestListKeys(t *testing.T) {
	for _, test := range []struct {
		from int
		key  fyne.KeyName
		want int
	}{
		{-1, fyne.KeyDown, 0}, {0, fyne.KeyDown, 1}, {99, fyne.KeyDown, 99},
		{1, fyne.KeyUp, 0}, {0, fyne.KeyUp, 0}, {-1, fyne.KeyUp, -1},
		{50, fyne.KeyHome, 0}, {50, fyne.KeyEnd, 99},
		{0, fyne.KeyPageDown, 6}, {-1, fyne.KeyPageDown, 6}, {98, fyne.KeyPageDown, 99}, {50, fyne.KeyPageUp, 44}, {3, fyne.KeyPageUp, 0},
	} {
		b := newListBench(t, numbered(100)...)
		b.list.Select(test.from)
		Focus(b.list)
		b.keys(test.key)
		if got := b.list.Selected(); got != test.want {
			t.Errorf("%s from %d selects %d, want %d", test.key, test.from, got, test.want)
		}
		if moved := test.want != test.from; moved != (len(b.selected) == 1) {
			t.Errorf("%s from %d: OnSelected got %v", test.key, test.from, b.selected)
		}
		if test.want >= 0 {
			b.row(test.want) // it is in sight
		}
	}
}

func TestListWithoutRows(t *testing.T) {
	b := newListBench(t)
	Focus(b.list)
	b.keys(fyne.KeyDown, fyne.KeyUp, fyne.KeyHome, fyne.KeyEnd, fyne.KeyPageDown, fyne.KeyEnter)
	b.typeText("x")
	if b.list.Selected() != -1 || len(b.selected) != 0 {
		t.Errorf("selected %d, calls %v", b.list.Selected(), b.selected)
	}
}

func TestListLeavesAtItsTop(t *testing.T) {
	b := newListBench(t, numbered(3)...)
	left := 0
	b.list.OnLeaveTop = func() { left++ }
	b.list.Select(1)
	Focus(b.list)
	b.keys(fyne.KeyUp, fyne.KeyUp)
	if left != 1 || b.list.Selected() != 0 {
		t.Errorf("left %d times, selected %d", left, b.list.Selected())
	}
}

func TestListFindsWhatIsTyped(t *testing.T) {
	titles := []string{"Amazon", "Figma", "GitHub", "GitLab", "Über uns", "gnu.org"}
	for _, test := range []struct {
		typed string
		pause bool
		want  string
	}{
		{"f", false, "Figma"}, {"gitl", false, "GitLab"}, {"g", false, "GitHub"}, {"gg", false, "GitLab"}, {"ggg", false, "gnu.org"},
		{"gggg", false, "GitHub"}, {"ü", false, "Über uns"}, {"zz", false, "Amazon"}, {"gf", true, "Figma"}, {"gi tx", false, "GitHub"},
	} {
		b := newListBench(t, titles...)
		b.list.Select(0)
		Focus(b.list)
		for _, r := range test.typed {
			b.typeText(string(r))
			if test.pause {
				b.clock = b.clock.Add(2 * typingPause)
			}
		}
		if got := titles[b.list.Selected()]; got != test.want {
			t.Errorf("typing %q finds %s, want %s", test.typed, got, test.want)
		}
	}
}

func TestListTaps(t *testing.T) {
	b := newListBench(t, numbered(20)...)
	activated, menu := -1, -1
	b.list.OnActivated = func(index int) { activated = index }
	b.list.OnMenu = func(index int, _ fyne.Position) { menu = index }
	test.Tap(b.row(3))
	if b.list.Selected() != 3 || b.focused() != fyne.Focusable(b.list) || activated != -1 {
		t.Errorf("a tap selected %d, focused %T, activated %d", b.list.Selected(), b.focused(), activated)
	}
	if rings(b.bench) != 0 {
		t.Error("a tap shows the focus ring")
	}
	test.Tap(b.row(3))
	if activated != 3 {
		t.Errorf("a second tap activated %d", activated)
	}
	b.clock = b.clock.Add(time.Hour)
	test.TapSecondary(b.row(5))
	if b.list.Selected() != 5 || menu != 5 {
		t.Errorf("a secondary tap selected %d and opened the menu of %d", b.list.Selected(), menu)
	}
	b.keys(fyne.KeyDown)
	if rings(b.bench) != 1 {
		t.Error("a key shows no focus ring")
	}
	b.keys(fyne.KeyEnter, desktopMenuKey)
	if activated != 6 || menu != 6 {
		t.Errorf("Enter activated %d, the menu key opened the menu of %d", activated, menu)
	}
}

// A list of many rows binds those in sight only.
func TestListBindsWhatIsInSight(t *testing.T) {
	b := newListBench(t, numbered(100000)...)
	inSight := len(b.list.rows)
	if inSight > 12 || b.bound > 2*inSight {
		t.Errorf("%d rows, %d bound for a window of 400", inSight, b.bound)
	}
	b.bound = 0
	b.list.Refresh()
	if b.bound > 2*inSight {
		t.Errorf("refreshing bound %d rows", b.bound)
	}
	b.list.Select(50000)
	b.row(50000)
	b.bound = 0
	b.list.scroll.Scrolled(&fyne.ScrollEvent{Scrolled: fyne.NewDelta(0, -b.list.pitch)})
	if b.bound != 1 {
		t.Errorf("scrolling by a row bound %d", b.bound)
	}
	b.list.Select(99999)
	if got := b.shown(); got[len(got)-1] != "Item 99999" {
		t.Errorf("the last row in sight is %s", got[len(got)-1])
	}
}

func TestListFollowsItsData(t *testing.T) {
	b := newListBench(t, numbered(1000)...)
	b.list.Select(900)
	b.titles = []string{"Only", "Two"}
	b.list.Refresh()
	if got := b.shown(); fmt.Sprint(got) != "[Only Two]" || b.list.Selected() != -1 {
		t.Errorf("in sight %v, selected %d, offset %v", got, b.list.Selected(), b.list.scroll.Offset)
	}
	b.titles = numbered(500)
	b.list.Refresh()
	b.window.Resize(fyne.NewSize(300, 900))
	if got := b.shown(); len(got) < 17 || got[16] != "Item 16" {
		t.Errorf("after growing, in sight are %v", got)
	}
	b.list.Select(400)
	b.list.ScrollToTop()
	if got := b.shown(); got[0] != "Item 0" {
		t.Errorf("the top is %s", got[0])
	}
	b.list.Select(1000)
	if b.list.Selected() != -1 {
		t.Errorf("a row that is not there was selected: %d", b.list.Selected())
	}
}

func BenchmarkListRefresh(b *testing.B) {
	window := newListBench(b, numbered(100000)...)
	for b.Loop() {
		window.list.Refresh()
	}
}

func TestListRowShowsThePointer(t *testing.T) {
	b := newListBench(t, numbered(3)...)
	row := b.row(1)
	row.MouseIn(nil)
	if !row.shown.hovered {
		t.Error("the row under the pointer looks like the others")
	}
	row.MouseOut()
	if row.shown.hovered {
		t.Error("the row stays as if the pointer were on it")
	}
}

func TestItemRow(t *testing.T) {
	b := newBench(t, theme.Light, 240, 100)
	row := NewItemRow()
	b.show(row)
	badge := Badge{Icon: "star", Color: theme.ColorWarning, Label: "favorite"}
	row.Set("A title that is too long for the width of the row", "Second line", "", badge, badge, badge, badge, badge)
	if len(row.badges) != maxBadges || row.signs[0].Hidden {
		t.Errorf("%d badges", len(row.badges))
	}
	last := row.signs[maxBadges-1].Position().X
	if end := row.first.Position().X + textWidth(row.first.Text, theme.Strong); end > last {
		t.Errorf("the title ends at %v, below the badge at %v", end, last)
	}
	if want := "A title that is too long for the width of the row, Second line, favorite, favorite, favorite, favorite"; row.AccessibilityLabel() != want {
		t.Errorf("label %q", row.AccessibilityLabel())
	}
	row.Set("Short", "", "")
	if !row.signs[0].Hidden || row.first.Text != "Short" || row.next.Text != "" {
		t.Errorf("the row still shows %q", row.next.Text)
	}
}

// selectable lets the rows of a list be selected together, as a model would.
func (b *listBench) selectable() (marked map[int]bool) {
	marked = map[int]bool{}
	b.list.Several = &Several{
		Any: func() bool { return len(marked) > 0 },
		Marked: func(index int) bool {
			_ = b.titles[index] // of a row that is not there nobody asks
			return marked[index]
		},
		Toggle: func(index int) { marked[index] = !marked[index] },
		Extend: func(index int) {
			for i := range index + 1 {
				marked[i] = true
			}
		},
		Move: func(index int) { b.selected = append(b.selected, index) },
	}
	return marked
}

func TestListSelectsSeveral(t *testing.T) {
	b := newListBench(t, numbered(5)...)
	marked := b.selectable()
	var held fyne.KeyModifier
	b.root.Modifiers = func() fyne.KeyModifier { return held }
	menu := 0
	b.list.OnMenu = func(int, fyne.Position) { menu++ }
	b.list.Select(0)
	Focus(b.list)
	control := func(key fyne.KeyName) {
		b.list.TypedShortcut(&desktop.CustomShortcut{KeyName: key, Modifier: fyne.KeyModifierShortcutDefault})
	}
	is := func(step string, cursor int, want ...int) {
		t.Helper()
		b.list.Refresh()
		for i := range b.titles {
			if marked[i] != slices.Contains(want, i) || len(want) > 0 && b.row(i).shown.selected != marked[i] {
				t.Errorf("%s: marked are %v, want %v", step, marked, want)
			}
		}
		if b.list.Selected() != cursor {
			t.Errorf("%s: the cursor is at %d", step, b.list.Selected())
		}
	}
	held = fyne.KeyModifierShift
	b.keys(fyne.KeyDown, fyne.KeyDown)
	is("Shift and arrows", 2, 0, 1, 2)
	b.keys(fyne.KeyF10)
	held = 0
	control(fyne.KeyDown)
	is("Ctrl and an arrow", 3, 0, 1, 2)
	b.keys(fyne.KeySpace)
	is("Space", 3, 0, 1, 2, 3)
	b.list.TypedRune('i')
	b.keys(fyne.KeySpace) // part of a name
	is("Space within a name", 4, 0, 1, 2, 3)
	control(fyne.KeySpace)
	is("Ctrl and Space", 4, 0, 1, 2, 3, 4)
	if menu != 1 {
		t.Errorf("Shift+F10 opened %d menus", menu)
	}

	clear(marked)
	held = fyne.KeyModifierShortcutDefault
	test.Tap(b.row(1))
	test.Tap(b.row(4))
	is("Ctrl and taps", 4, 1, 4)
	held = fyne.KeyModifierShift
	test.Tap(b.row(3))
	is("Shift and a tap", 3, 0, 1, 2, 3, 4)
	held = 0
	b.row(2).Tapped(&fyne.PointEvent{Position: fyne.NewPos(12, 20)})
	is("a tap on a box", 2, 0, 1, 3, 4)
	b.selected = nil
	test.TapSecondary(b.row(1))
	is("the menu of several", 2, 0, 1, 3, 4)
	b.row(0).Tapped(&fyne.PointEvent{Position: fyne.NewPos(120, 20)})
	if fmt.Sprint(b.selected) != "[0]" {
		t.Errorf("a plain tap selected %v", b.selected)
	}

	// Rows beyond the end of a list that has become shorter are drawn, and not asked about.
	b.titles = b.titles[:1]
	b.list.Refresh()
}
