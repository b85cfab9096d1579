// Package uitest looks at a window as somebody does who has no pointer, or eyes that need contrast. It is for tests.
package uitest

import (
	"fmt"
	"image/color"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"

	"github.com/coffer-vault/coffer/app/ui/theme"
)

// Keyboard reports what of the uppermost layer of a window somebody with a keyboard alone could not use: parts that Tab does not reach or
// does not leave, both ways, that show no ring or one out of sight, or that have no name. The focus is at last where it was.
func Keyboard(c fyne.Canvas) (problems []string) {
	before := c.Focused()
	defer func() {
		c.Unfocus()
		if before != nil {
			c.Focus(before)
		}
	}()
	want := focusable(c)
	if before != nil && !slices.Contains(want, before) {
		problems = append(problems, fmt.Sprintf("the focus is at %s, which cannot be seen", Name(before)))
	}
	report := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	c.Unfocus()
	for i, o := range want {
		c.FocusNext()
		if c.Focused() != o {
			report("Tab leads to %s, not to %s", Name(c.Focused()), Name(o))
			return problems
		}
		problems = append(problems, checkFocused(c, o, len(want))...)
		if i == len(want)-1 {
			c.FocusNext()
			if c.Focused() != want[0] {
				report("Tab is caught at %s", Name(o))
			}
		}
	}
	// The toolkit goes to a field before the button in it, also backwards.
	back := map[fyne.Focusable]bool{}
	for range want {
		c.FocusPrevious()
		back[c.Focused()] = true
	}
	if len(back) != len(want) || len(want) > 0 && c.Focused() != want[0] {
		report("Shift+Tab leads to %d of %d, and at last to %s", len(back), len(want), Name(c.Focused()))
	}
	return append(problems, pointerOnly(c)...)
}

// checkFocused reports what is wrong with the part that has the focus, which is one of count.
func checkFocused(c fyne.Canvas, o fyne.Focusable, count int) (problems []string) {
	if t, ok := o.(fyne.Tabbable); ok && t.AcceptsTab() && count > 1 {
		problems = append(problems, fmt.Sprintf("%s catches Tab", Name(o)))
	}
	if a, ok := o.(fyne.Accessible); !ok || a.AccessibilityLabel() == "" || a.AccessibilityRole() == "" {
		problems = append(problems, fmt.Sprintf("%s has no name or no role", Name(o)))
	}
	rings := ringsOf(c)
	if len(rings) != 1 {
		return append(problems, fmt.Sprintf("%s has the focus, and there are %d rings", Name(o), len(rings)))
	}
	if ring, at := rings[0], areaOf(c, o); !ring.seen.touches(at) {
		problems = append(problems, fmt.Sprintf("%s at %v has the focus, the ring is at %v", Name(o), at, ring.area))
	} else if !ring.area.within(ring.clip) {
		problems = append(problems, fmt.Sprintf("the ring of %s at %v is cut off by %v", Name(o), ring.area, ring.clip))
	}
	return problems
}

// pointerOnly finds what takes taps and no keys, but for the parts of scrollers, fields, lists, menus and dialogs, which have the keys for them.
func pointerOnly(c fyne.Canvas) (problems []string) {
	served := []string{"listRow", "menuRow", "launcherRow", "menu", "menuPanel", "Modal", "modalPanel", "Launcher", "scrollBarArea", "selectable"}
	walkLayer(c, func(p placed) {
		_, taps := p.object.(fyne.Tappable)
		_, keys := p.object.(fyne.Focusable)
		name := fmt.Sprintf("%T", p.object)
		if taps && !keys && !slices.Contains(served, name[strings.LastIndex(name, ".")+1:]) {
			problems = append(problems, fmt.Sprintf("%s takes taps and no keys", Name(p.object)))
		}
	})
	return problems
}

// Name is the type of an object and what it is called.
func Name(o any) string {
	label := ""
	if a, ok := o.(fyne.Accessible); ok {
		label = a.AccessibilityLabel()
	}
	return fmt.Sprintf("%T %q", o, label)
}

// focusable lists what of the uppermost layer can have the focus, in the order in which it is drawn.
func focusable(c fyne.Canvas) (found []fyne.Focusable) {
	walkLayer(c, func(p placed) {
		if d, ok := p.object.(fyne.Disableable); ok && d.Disabled() {
			return
		}
		if f, ok := p.object.(fyne.Focusable); ok {
			found = append(found, f)
		}
	})
	return found
}

func areaOf(c fyne.Canvas, o fyne.Focusable) (at area) {
	walkLayer(c, func(p placed) {
		if p.object == o.(fyne.CanvasObject) {
			at = p.area
		}
	})
	return at
}

// ringsOf finds the focus rings by their line, which is the only one of its width and colour.
func ringsOf(c fyne.Canvas) (rings []placed) {
	isRing := func(width float32, ink color.Color) bool {
		return width == theme.RingWidth && (ink == theme.Color(theme.ColorRing) || ink == theme.Color(theme.ColorInverseAccent))
	}
	walkLayer(c, func(p placed) {
		switch o := p.object.(type) {
		case *canvas.Rectangle:
			if isRing(o.StrokeWidth, o.StrokeColor) {
				rings = append(rings, p)
			}
		case *canvas.Circle:
			if isRing(o.StrokeWidth, o.StrokeColor) {
				rings = append(rings, p)
			}
		}
	})
	return rings
}

// area is a rectangle on the window.
type area struct{ low, high fyne.Position }

func (a area) clip(by area) area {
	return area{
		fyne.NewPos(max(a.low.X, by.low.X), max(a.low.Y, by.low.Y)),
		fyne.NewPos(min(a.high.X, by.high.X), min(a.high.Y, by.high.Y)),
	}
}

func (a area) touches(b area) bool {
	common := a.clip(b)
	return common.high.X > common.low.X && common.high.Y > common.low.Y
}

func (a area) within(b area) bool {
	return a.low.X >= b.low.X && a.low.Y >= b.low.Y && a.high.X <= b.high.X && a.high.Y <= b.high.Y
}

func (a area) holds(p fyne.Position) bool {
	return p.X >= a.low.X && p.Y >= a.low.Y && p.X < a.high.X && p.Y < a.high.Y
}

// placed is an object where it is on the window, and what of it can be seen.
type placed struct {
	object           fyne.CanvasObject
	area, clip, seen area
	disabled         bool // it, or what it is part of, cannot be used
}

// layer is what takes the keys: the uppermost overlay, or the screen.
func layer(c fyne.Canvas) fyne.CanvasObject {
	if top := c.Overlays().Top(); top != nil {
		return top
	}
	return c.Content()
}

// walkLayer visits the visible objects of the uppermost layer in the order in which they are drawn.
func walkLayer(c fyne.Canvas, visit func(placed)) {
	size := c.Size()
	walk(layer(c), fyne.NewPos(0, 0), area{high: fyne.NewPos(size.Width, size.Height)}, false, visit)
}

func walk(o fyne.CanvasObject, at fyne.Position, clip area, disabled bool, visit func(placed)) {
	if o == nil || !o.Visible() {
		return
	}
	at = at.Add(o.Position())
	own := area{at, at.AddXY(o.Size().Width, o.Size().Height)}
	if d, ok := o.(fyne.Disableable); ok && d.Disabled() {
		disabled = true
	}
	visit(placed{o, own, clip, own.clip(clip), disabled})
	if _, clips := o.(fyne.Scrollable); clips {
		clip = clip.clip(own)
	}
	var children []fyne.CanvasObject
	switch o := o.(type) {
	case fyne.Widget:
		children = test.WidgetRenderer(o).Objects()
	case *fyne.Container:
		children = o.Objects
	}
	for _, child := range children {
		walk(child, at, clip, disabled, visit)
	}
}
