package widget

import (
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
		sidebar: ground(theme.ColorSidebar, sidebar), list: ground(theme.ColorList, list), detail: ground(theme.ColorDetail, detail),
		widths: [2]float32{SidebarWidth, ListWidth}, lines: [2]*Surface{Rule(), Rule()},
	}
	for i := range p.handles {
		p.handles[i] = newHandle(func(dx float32) { p.drag(i, dx) }, p.dragged)
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

// handle is the part of a divider that can be dragged.
type handle struct {
	stock.BaseWidget
	move func(dx float32)
	end  func()
	line canvas.Rectangle
}

var (
	_ fyne.Draggable     = (*handle)(nil)
	_ desktop.Cursorable = (*handle)(nil)
	_ desktop.Hoverable  = (*handle)(nil)
)

func newHandle(move func(dx float32), end func()) *handle {
	h := &handle{move: move, end: end}
	h.line.Hide()
	h.ExtendBaseWidget(h)
	return h
}

// Dragged implements fyne.Draggable.
func (h *handle) Dragged(event *fyne.DragEvent) { h.move(event.Dragged.DX) }

// DragEnd implements fyne.Draggable.
func (h *handle) DragEnd() { h.end() }

// Cursor implements desktop.Cursorable.
func (h *handle) Cursor() desktop.Cursor { return desktop.HResizeCursor }

// MouseIn implements desktop.Hoverable.
func (h *handle) MouseIn(*desktop.MouseEvent) { h.show(true) }

// MouseMoved implements desktop.Hoverable.
func (h *handle) MouseMoved(*desktop.MouseEvent) {}

// MouseOut implements desktop.Hoverable.
func (h *handle) MouseOut() { h.show(false) }

func (h *handle) show(on bool) {
	h.line.Hidden = !on
	h.Refresh()
}

// CreateRenderer implements fyne.Widget.
func (h *handle) CreateRenderer() fyne.WidgetRenderer { return render(h) }

func (h *handle) objects() []fyne.CanvasObject { return []fyne.CanvasObject{&h.line} }
func (h *handle) paint()                       { h.line.FillColor = theme.Color(theme.ColorAccent) }
func (h *handle) measure() fyne.Size           { return fyne.NewSize(1, 1) }
func (h *handle) arrange(size fyne.Size)       { place(&h.line, (size.Width-1)/2-1, 0, 3, size.Height) }
