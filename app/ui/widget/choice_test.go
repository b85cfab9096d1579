package widget

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"github.com/coffer-vault/coffer/app/ui/theme"
	"github.com/coffer-vault/coffer/assets"
)

func TestCheckAndSwitchReportOnlyWhatPeopleDo(t *testing.T) {
	b := newBench(t, theme.Light, 300, 200)
	var got []bool
	check := NewCheck("Digits", false, func(on bool) { got = append(got, on) })
	toggle := NewSwitch("Start at login", false, func(on bool) { got = append(got, on) })
	b.show(Column(0, check, toggle))
	check.SetChecked(true)
	toggle.SetOn(true)
	if len(got) != 0 || !check.Checked() || !toggle.On() {
		t.Errorf("setting reported %v", got)
	}
	test.Tap(check)
	test.Tap(toggle)
	if !slices.Equal(got, []bool{false, false}) {
		t.Errorf("tapping reported %v", got)
	}
	check.SetLabel("Symbols")
	if len(check.lines) != 1 || check.lines[0].Text != "Symbols" || check.AccessibilityLabel() != "Symbols, off" {
		t.Errorf("label in %d lines", len(check.lines))
	}
}

func TestSliderKeysAndPointer(t *testing.T) {
	for _, test := range []struct {
		key  fyne.KeyName
		want int
	}{
		{fyne.KeyRight, 21}, {fyne.KeyUp, 21}, {fyne.KeyLeft, 19}, {fyne.KeyDown, 19},
		{fyne.KeyPageUp, 25}, {fyne.KeyPageDown, 15}, {fyne.KeyHome, 8}, {fyne.KeyEnd, 64}, {fyne.KeyF1, 20},
	} {
		b, got := newBench(t, theme.Light, 300, 200), 20
		slider := NewSlider("Length", 8, 64, 20, func(v int) { got = v })
		b.show(slider)
		Focus(slider)
		b.keys(test.key)
		if got != test.want || slider.Value() != test.want {
			t.Errorf("%s gives %d, reported %d, want %d", test.key, slider.Value(), got, test.want)
		}
	}
}

func TestSliderPointer(t *testing.T) {
	b, reported := newBench(t, theme.Light, 256, 200), 0
	slider := NewSlider("Length", 0, 100, 50, func(int) { reported++ })
	b.show(slider) // 216 wide, so the knob moves 200
	for x, want := range map[float32]int{0: 0, 8: 0, 58: 25, 108: 50, 208: 100, 500: 100, -9: 0} {
		test.TapAt(slider, fyne.NewPos(x, 5))
		if slider.Value() != want {
			t.Errorf("a tap at %v gives %d, want %d", x, slider.Value(), want)
		}
	}
	slider.SetValue(500)
	slider.SetRange(0, 10)
	before := reported
	slider.Disable()
	slider.Dragged(&fyne.DragEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(20, 5)}})
	test.TapAt(slider, fyne.NewPos(20, 5))
	if slider.Value() != 10 || reported != before || slider.AccessibilityLabel() != "Length, 10, unavailable" {
		t.Errorf("value %d, reports %d", slider.Value(), reported-before)
	}
	slider.Enable()
	slider.Dragged(&fyne.DragEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(108, 5)}})
	slider.DragEnd()
	if slider.Value() != 5 {
		t.Errorf("dragged to %d", slider.Value())
	}
}

func TestSegmented(t *testing.T) {
	b := newBench(t, theme.Light, 340, 200)
	var got []int
	s := NewSegmented([]string{"One", "Two", "Three"}, 0, func(index int) { got = append(got, index) })
	b.show(s)
	Focus(s)
	b.keys(fyne.KeyLeft, fyne.KeyRight, fyne.KeyEnd, fyne.KeyRight, fyne.KeyHome)
	test.TapAt(s, fyne.NewPos(150, 5))
	s.SetSelected(0)
	if !slices.Equal(got, []int{1, 2, 0, 1}) || s.Selected() != 0 || s.AccessibilityLabel() != "One, 1 of 3" {
		t.Errorf("chose %v, label %q", got, s.AccessibilityLabel())
	}
	s.SetSelected(-1)
	if s.AccessibilityLabel() != "" || s.chosen.Visible() {
		t.Error("without a choice one is shown")
	}
	s.Disable()
	test.TapAt(s, fyne.NewPos(150, 5))
	if len(got) != 4 {
		t.Error("a disabled choice was changed")
	}
}

// Where a label has no room in an equal share, the segments are as wide as their labels, and a tap finds the one it is on.
func TestSegmentsShareTheRoomThereIs(t *testing.T) {
	newBench(t, theme.Light, 340, 200)
	s := NewSegmented([]string{"PIN", "A label that is longer"}, 0, nil)
	width := s.MinSize().Width
	s.Resize(fyne.NewSize(width, 30))
	if s.texts[1].Text != s.labels[1] {
		t.Errorf("shows %q in %.0f", s.texts[1].Text, width)
	}
	for _, tap := range []struct {
		x    float32
		want int
	}{{width / 2, 1}, {20, 0}, {width, 1}} {
		test.TapAt(s, fyne.NewPos(tap.x, 5))
		if s.Selected() != tap.want {
			t.Errorf("a tap at %.0f of %.0f chose %d", tap.x, width, s.Selected())
		}
	}
	s.Resize(fyne.NewSize(2*s.widest(), 30))
	if left := s.texts[1].Position().X; left != s.widest() {
		t.Errorf("with room for both the second begins at %.0f of %.0f", left, 2*s.widest())
	}
}

// The label of a switch breaks where it has no room, and the switch is as high as its lines.
func TestLabelsBreak(t *testing.T) {
	newBench(t, theme.Light, 340, 200)
	s := NewSwitch("Look for my passwords in known breaches", false, nil)
	s.Resize(s.MinSize())
	one := s.MinSize().Height
	s.Resize(fyne.NewSize(160, heightFor(s, 160)))
	if len(s.lines) < 2 || s.Size().Height <= one {
		t.Errorf("%d lines, %.0f high, was %.0f", len(s.lines), s.Size().Height, one)
	}
	s.Resize(fyne.NewSize(160, one))
	if len(s.lines) != 1 || !strings.HasSuffix(s.lines[0].Text, "…") {
		t.Errorf("%d lines where one has room", len(s.lines))
	}
}

func TestSelect(t *testing.T) {
	b := newBench(t, theme.Light, 400, 300)
	var got []int
	s := NewSelect("Folder", []Option{{"Work", assets.IconFolder}, {"Family", assets.IconFolder}}, 0, func(index int) { got = append(got, index) })
	b.show(s)
	Focus(s)
	b.keys(fyne.KeyDown, fyne.KeyDown, fyne.KeyEnter)
	if !slices.Equal(got, []int{1}) || s.text.Text != "Family" || b.focused() != fyne.Focusable(s) {
		t.Errorf("chose %v, shows %q, focus on %T", got, s.text.Text, b.focused())
	}
	b.window.Canvas().Unfocus()
	test.Tap(s)
	if panel := all[*menuPanel](b)[0]; panel.Size().Width < s.Size().Width || !panel.rows[1].current {
		t.Errorf("the menu is %v wide, the choice highlighted %v", panel.Size().Width, panel.rows[1].current)
	}
	b.keys(fyne.KeyEnter)
	if len(got) != 1 {
		t.Error("choosing the same again was reported")
	}
	if rings(b) != 0 {
		t.Error("a menu that was opened by a tap leaves a ring")
	}
	s.SetOptions(options("Alone"), -1)
	if s.Selected() != -1 || s.text.Text != "" || s.AccessibilityLabel() != "Folder" {
		t.Errorf("selected %d, shows %q", s.Selected(), s.text.Text)
	}
	s.Disable()
	s.TypedKey(&fyne.KeyEvent{Name: fyne.KeyDown})
	if b.window.Canvas().Overlays().Top() != nil {
		t.Error("a disabled field opened its menu")
	}
}

func TestMeterAndProgress(t *testing.T) {
	b := newBench(t, theme.Light, 448, 200)
	meter, progress := NewMeter(), NewProgress()
	b.show(Column(0, meter, progress))
	for _, test := range []struct {
		value float64
		full  []float32 // the width of each segment: 99 is all of it, 0 hidden
	}{
		{0, []float32{0, 0, 0, 0}}, {.25, []float32{99, 0, 0, 0}}, {.5, []float32{99, 99, 0, 0}}, {1, []float32{99, 99, 99, 99}}, {2, []float32{99, 99, 99, 99}},
		{.26, []float32{99, 6, 0, 0}}, {-1, []float32{0, 0, 0, 0}},
	} {
		meter.Set(test.value, theme.ColorSuccess, "Strong")
		var full []float32
		for i := range meter.full {
			width := meter.full[i].Size().Width
			if meter.full[i].Hidden {
				width = 0
			}
			full = append(full, width)
		}
		if !slices.Equal(full, test.full) {
			t.Errorf("at %v the segments are %v, want %v", test.value, full, test.full)
		}
	}
	if meter.AccessibilityLabel() != "Strong" {
		t.Errorf("label %q", meter.AccessibilityLabel())
	}
	progress.Set(.5)
	if got := progress.full[0].Size().Width; got != 204 {
		t.Errorf("half is %v of 408", got)
	}
}

func TestPanes(t *testing.T) {
	b := newBench(t, theme.Light, 1180, 740)
	side, list, detail := NewText("side", theme.Body), NewText("list", theme.Body), NewSecret(func() []byte { return []byte("x") })
	panes := NewPanes(side, list, detail)
	kept := ""
	panes.OnResized = func(sidebar, list float32) { kept = fmt.Sprint(sidebar, list) }
	b.root.SetContent(panes)
	widths := func() string {
		return fmt.Sprint(panes.sidebar.Size().Width, panes.list.Size().Width, panes.detail.Size().Width)
	}
	if got := widths(); got != "214 312 652" {
		t.Errorf("widths %s", got)
	}
	test.Drag(b.window.Canvas(), fyne.NewPos(214, 300), 30, 0)
	if got := widths(); got != "244 312 622" || kept != "244 312" {
		t.Errorf("dragged to %s, kept %s", got, kept)
	}
	test.Drag(b.window.Canvas(), fyne.NewPos(244, 300), -500, 0)
	if got := widths(); got != "168 312 698" {
		t.Errorf("dragged far to %s", got)
	}
	panes.SetWidths(214, 9999)
	b.window.Resize(fyne.NewSize(820, 480))
	if got := widths(); got != "214 264 340" {
		t.Errorf("on a small window %s", got)
	}
	panes.SetWidths(320, 9999)
	if got := widths(); got != "248 230 340" {
		t.Errorf("on a small window with wide panes %s", got)
	}
	panes.SetDetail(NewText("other", theme.Body))
	detail.SetRevealed(true)
	if detail.Revealed() {
		t.Error("the old detail kept its secret")
	}
	handle := panes.handles[0]
	handle.MouseIn(nil)
	if handle.line.Hidden {
		t.Error("the divider does not show the pointer")
	}
	handle.MouseOut()
}

// The icon of a banner stands beside the first line of its title, also where the message is tall or a button is beside it.
func TestBannerIconIsBesideTheTitle(t *testing.T) {
	const tall = "It could be guessed in minutes. Change it on the website, then save the new one here. What was there before stays in its history."
	button := func() *Button { return NewButton("Change", assets.NoIcon, Secondary, nil) }
	for name, banner := range map[string]*Banner{
		"tall": NewBanner(Warning, "Weak password", tall, nil), "a title and a button": NewBanner(Warning, "Weak password", "", button()),
		"tall, a button": NewBanner(Warning, "Weak password", tall, button()), "a tall title": NewBanner(Warning, tall, "", button()),
		"over": NewBannerOver(Warning, "Weak password", tall, button()), "beside": NewBannerBeside(Warning, "Weak password", tall, NewIconButton(assets.IconX, "Close", nil)),
	} {
		b := newBench(t, theme.Light, 420, 300)
		b.show(banner)
		title := fyne.CurrentApp().Driver().AbsolutePositionForObject(banner.title).Y + banner.title.pitch()/2
		icon := fyne.CurrentApp().Driver().AbsolutePositionForObject(banner.icon).Y + banner.icon.Size().Height/2
		if diff := title - icon; diff < -1 || diff > 1 {
			t.Errorf("%s: the icon is %v away from the title's first line", name, diff)
		}
	}
}

func TestBannerBreaksItsSentence(t *testing.T) {
	b := newBench(t, theme.Light, 400, 400)
	button := NewButton("Change", assets.NoIcon, Secondary, nothing)
	banner := NewBanner(Warning, "Weak password", "It could be guessed in minutes. Change it on the website, then save the new one here.", button)
	b.show(banner)
	if lines := len(banner.text.lines); lines < 2 || banner.Size().Height < float32(lines)*banner.text.pitch() {
		t.Errorf("%d lines on %v", lines, banner.Size())
	}
	if got := banner.AccessibilityLabel(); got != "Weak password, It could be guessed in minutes. Change it on the website, then save the new one here." {
		t.Errorf("label %q", got)
	}
	banner.Set(Good, "In order", "")
	if banner.text.Visible() || banner.icon.name != assets.IconCircleCheck {
		t.Error("the banner did not change")
	}
}

func TestScrollArea(t *testing.T) {
	b := newBench(t, theme.Light, 300, 200)
	rows := Column(0)
	for i := range 40 {
		rows.Add(NewNavRow(assets.IconStar, fmt.Sprint(i), "", nothing))
	}
	last := rows.Objects[39]
	area := NewScrollArea(rows)
	b.root.SetContent(area)
	driver := fyne.CurrentApp().Driver()
	area.Reveal(last)
	if y := driver.AbsolutePositionForObject(last).Y; y < 0 || y+last.Size().Height > 200 {
		t.Errorf("the last row is at %v", y)
	}
	area.Reveal(rows.Objects[0])
	if y := driver.AbsolutePositionForObject(rows.Objects[0]).Y; y != 0 {
		t.Errorf("the first row is at %v", y)
	}
	area.Reveal(last)
	secret := NewSecret(func() []byte { return []byte("x") })
	area.SetContent(secret)
	if area.Content() != fyne.CanvasObject(secret) || driver.AbsolutePositionForObject(secret).Y != 0 {
		t.Errorf("new content is at %v", driver.AbsolutePositionForObject(secret).Y)
	}
	area.SetContent(Spacer())
	secret.SetRevealed(true)
	if secret.Revealed() {
		t.Error("the old content kept its secret")
	}
	area.ScrollToTop()
}

func TestStepHeaderAndRequirement(t *testing.T) {
	b := newBench(t, theme.Light, 400, 200)
	header, met := NewStepHeader("Step 1 of 4", .25, ""), NewRequirement("At least 12 characters")
	b.show(Column(0, header, met))
	header.Set("Step 2 of 4", .5, "About 2 minutes left")
	met.SetText("At least 14 characters")
	met.SetMet(true)
	if header.text.Text() != "Step 2 of 4" || header.progress.value != .5 || header.right.Text() != "About 2 minutes left" {
		t.Errorf("header %q at %v", header.text.Text(), header.progress.value)
	}
	if met.icon.name != assets.IconCircleCheck || met.text.Text() != "At least 14 characters" {
		t.Errorf("requirement %s, %q", met.icon.name, met.text.Text())
	}
	met.SetMet(false)
	if met.icon.name != assets.IconCircle {
		t.Error("the requirement stays met")
	}
}
