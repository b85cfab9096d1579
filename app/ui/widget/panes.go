package widget

import (
	"fmt"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	stock "fyne.io/fyne/v2/widget"

	"github.com/coffer-vault/coffer/app/ui/theme"
)

// The widths of the panes: as made, and as far as the dividers can be dragged.
const (
	SidebarWidth = 214
	ListWidth    = 312

	sidebarLeast, sidebarMost = 168, 320
	listLeast, listMost       = 230, 520
	detailLeast               = 340
	panesHeight               = 440
)

// Panes stands sidebar, list and detail side by side, each on its own ground, with dividers that can be dragged.
type Panes struct {
	stock.BaseWidget
	grouping
	// OnResized is called when a divider was dragged, with the widths to keep.
	OnResized func(sidebar, list float32)

	sidebar, list, detail *fyne.Container
	widths                [2]float32
	lines                 [2]*Surface
	handles               [2]*handle
}

// NewPanes makes the panes with their usual widths.
func NewPanes(sidebar, list, detail fyne.CanvasObject) *Panes {
	ground := func(fill fyne.ThemeColorName, o fyne.CanvasObject) *fyne.Container {
		return Stack(NewSurface(fill, theme.ColorNone, 0), o)
	}
	p := &Panes{
		// The list stands on the window's own ground, which need not be painted again.
		sidebar: ground(theme.ColorSidebar, sidebar), list: Stack(list), detail: ground(theme.ColorDetail, detail),
		widths: [2]float32{SidebarWidth, ListWidth}, lines: [2]*Surface{Rule(), Rule()},
	}
	for i := range p.handles {
		p.handles[i] = newHandle(p, i)
	}
	p.ExtendBaseWidget(p)
	return p
}

// SetWidths restores widths that OnResized gave.
func (p *Panes) SetWidths(sidebar, list float32) {
	p.widths = [2]float32{min(max(sidebar, sidebarLeast), sidebarMost), min(max(list, listLeast), listMost)}
	p.Refresh()
}

// SetDetail replaces what the third pane shows. What was there lets go of its secrets.
func (p *Panes) SetDetail(detail fyne.CanvasObject) {
	if old := p.detail.Objects[1]; old != detail {
		Release(old)
	}
	p.detail.Objects[1] = detail
	p.detail.Refresh()
}

func (p *Panes) drag(index int, dx float32) {
	widths := p.widths
	widths[index] += dx
	p.SetWidths(widths[0], widths[1])
}

// dragged tells that the widths are as they shall stay.
func (p *Panes) dragged() {
	if p.OnResized != nil {
		p.OnResized(p.widths[0], p.widths[1])
	}
}

// Parts implements Composite.
func (p *Panes) Parts() []fyne.CanvasObject {
	return []fyne.CanvasObject{p.sidebar, p.list, p.detail}
}

// CreateRenderer implements fyne.Widget.
func (p *Panes) CreateRenderer() fyne.WidgetRenderer { return render(p) }

func (p *Panes) objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{p.sidebar, p.list, p.detail, p.lines[0], p.lines[1], p.handles[0], p.handles[1]}
}

func (p *Panes) paint() {}

func (p *Panes) measure() fyne.Size {
	return fyne.NewSize(sidebarLeast+listLeast+detailLeast+2, panesHeight)
}

// fitting narrows the list and then the sidebar until the detail has room.
func (p *Panes) fitting(width float32) (sidebar, list float32) {
	sidebar, list = p.widths[0], p.widths[1]
	over := sidebar + list + detailLeast + 2 - width
	if over > 0 {
		less := min(over, list-listLeast)
		list -= less
		sidebar -= min(over-less, sidebar-sidebarLeast)
	}
	return round(sidebar), round(list)
}

func (p *Panes) arrange(size fyne.Size) {
	sidebar, list := p.fitting(size.Width)
	const grip = 9 // wide enough to hit, around the hairline
	x := float32(0)
	for i, pane := range []struct {
		o     fyne.CanvasObject
		width float32
	}{{p.sidebar, sidebar}, {p.list, list}} {
		place(pane.o, x, 0, pane.width, size.Height)
		x += pane.width
		place(p.lines[i], x, 0, 1, size.Height)
		place(p.handles[i], x-grip/2, 0, grip, size.Height)
		x++
	}
	place(p.detail, x, 0, max(size.Width-x, 0), size.Height)
}

// handle is the part of a divider that can be dragged, or moved with the arrow keys.
type handle struct {
	control
	panes *Panes
	index int // of the pane before it
	line  canvas.Rectangle
	ring  *ring
}

var (
	_ fyne.Draggable     = (*handle)(nil)
	_ desktop.Cursorable = (*handle)(nil)
)

func newHandle(panes *Panes, index int) *handle {
	h := &handle{panes: panes, index: index, ring: newRing(-1, 3)}
	h.extend(h)
	return h
}

func (h *handle) activate() {}

// Dragged implements fyne.Draggable.
func (h *handle) Dragged(event *fyne.DragEvent) { h.panes.drag(h.index, event.Dragged.DX) }

// DragEnd implements fyne.Draggable.
func (h *handle) DragEnd() { h.panes.dragged() }

// handleStep is how far an arrow key moves a divider.
const handleStep = 4 * theme.Grid

// TypedKey implements fyne.Focusable.
func (h *handle) TypedKey(event *fyne.KeyEvent) {
	h.wake()
	steps := map[fyne.KeyName]float32{fyne.KeyLeft: -handleStep, fyne.KeyRight: handleStep, fyne.KeyHome: -listMost, fyne.KeyEnd: listMost}
	by, ok := steps[event.Name]
	if !ok {
		pass(h, event)
		return
	}
	h.panes.drag(h.index, by)
	h.panes.dragged()
}

// Cursor implements desktop.Cursorable.
func (h *handle) Cursor() desktop.Cursor { return desktop.HResizeCursor }

// AccessibilityLabel implements fyne.Accessible.
func (h *handle) AccessibilityLabel() string {
	name := word(h, "widget.sidebarWidth")
	if h.index > 0 {
		name = word(h, "widget.listWidth")
	}
	return h.told(name, fmt.Sprint(h.panes.widths[h.index]))
}

// CreateRenderer implements fyne.Widget.
func (h *handle) CreateRenderer() fyne.WidgetRenderer { return render(h) }

func (h *handle) objects() []fyne.CanvasObject { return []fyne.CanvasObject{&h.line, h.ring.object()} }
func (h *handle) measure() fyne.Size           { return fyne.NewSize(1, 1) }

func (h *handle) paint() {
	h.line.FillColor = theme.Color(theme.ColorAccent)
	h.line.Hidden = !h.hovered
	h.ring.show(h.ringed())
}

func (h *handle) arrange(size fyne.Size) {
	place(&h.line, (size.Width-1)/2-1, 0, 3, size.Height)
	h.ring.around(0, 0, size.Width, size.Height)
}
