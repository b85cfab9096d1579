package widget

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	stock "fyne.io/fyne/v2/widget"
)

// ScrollArea scrolls content that is higher than its place. It gives the content its own width, so that running text
// in it breaks, and the height it then wants.
type ScrollArea struct {
	stock.BaseWidget
	grouping
	content fyne.CanvasObject
	holder  *fyne.Container
	scroll  *container.Scroll
}

// NewScrollArea makes a vertical scroller.
func NewScrollArea(content fyne.CanvasObject) *ScrollArea {
	s := &ScrollArea{content: content, holder: Stack(content)}
	s.scroll = container.NewVScroll(s.holder)
	s.ExtendBaseWidget(s)
	return s
}

// Content returns what is scrolled.
func (s *ScrollArea) Content() fyne.CanvasObject { return s.content }

// SetContent replaces what is scrolled and goes to its top. What was there lets go of its secrets.
func (s *ScrollArea) SetContent(content fyne.CanvasObject) {
	if s.content != content {
		Release(s.content)
	}
	s.content = content
	s.holder.Objects = []fyne.CanvasObject{content}
	s.scroll.ScrollToTop()
	s.Refresh()
}

// ScrollToTop shows the beginning.
func (s *ScrollArea) ScrollToTop() { s.scroll.ScrollToTop() }

// page scrolls by a key that nothing in the content has a use for.
func (s *ScrollArea) page(key fyne.KeyName) {
	const line = 40
	height, offset := s.scroll.Size().Height, s.scroll.Offset.Y
	steps := map[fyne.KeyName]float32{
		fyne.KeyUp: -line, fyne.KeyDown: line, fyne.KeyPageUp: line - height, fyne.KeyPageDown: height - line,
		fyne.KeyHome: -offset, fyne.KeyEnd: s.holder.Size().Height,
	}
	if by, ok := steps[key]; ok {
		most := max(s.holder.Size().Height-height, 0)
		s.scroll.ScrollToOffset(fyne.NewPos(0, min(max(offset+by, 0), most)))
	}
}

// Reveal scrolls until an object within the content can be seen, as a field with an error.
func (s *ScrollArea) Reveal(o fyne.CanvasObject) {
	driver := fyne.CurrentApp().Driver()
	y := driver.AbsolutePositionForObject(o).Y - driver.AbsolutePositionForObject(s.content).Y
	top, height := s.scroll.Offset.Y, s.scroll.Size().Height
	const margin = 16 // more than the ring needs
	switch {
	case y-bleed < top:
		s.scroll.ScrollToOffset(fyne.NewPos(0, max(y-margin, 0)))
	case y+o.Size().Height+bleed > top+height:
		s.scroll.ScrollToOffset(fyne.NewPos(0, y+o.Size().Height-height+margin))
	}
}

// Parts implements Composite.
func (s *ScrollArea) Parts() []fyne.CanvasObject { return []fyne.CanvasObject{s.content} }

// CreateRenderer implements fyne.Widget.
func (s *ScrollArea) CreateRenderer() fyne.WidgetRenderer { return render(s) }

func (s *ScrollArea) objects() []fyne.CanvasObject { return []fyne.CanvasObject{s.scroll} }
func (s *ScrollArea) paint()                       {}

func (s *ScrollArea) measure() fyne.Size {
	return fyne.NewSize(s.content.MinSize().Width, min(s.content.MinSize().Height, 60))
}

func (s *ScrollArea) arrange(size fyne.Size) {
	height := heightFor(s.content, size.Width)
	s.holder.Resize(fyne.NewSize(size.Width, max(height, size.Height)))
	s.scroll.Resize(size)
	s.scroll.Refresh()
}

// showFocused scrolls whatever holds a part that has got the focus until it can be seen, and moves the toast off it.
func showFocused(o fyne.CanvasObject) {
	root := rootOf(o)
	if root == nil {
		return
	}
	var layer fyne.CanvasObject = root
	if top := root.canvas.Overlays().Top(); top != nil {
		layer = top
	}
	for _, area := range areasOf(layer) {
		if area.holds(o) {
			area.Reveal(o)
		}
	}
	root.settleToast(root.Size())
}

func areasOf(o fyne.CanvasObject) []*ScrollArea {
	if o == nil || !o.Visible() {
		return nil
	}
	var areas []*ScrollArea
	if area, ok := o.(*ScrollArea); ok {
		areas = append(areas, area)
	}
	for _, part := range parts(o) {
		areas = append(areas, areasOf(part)...)
	}
	return areas
}

// holds tells by the place of a part's middle whether it is within what is scrolled: the toolkit's objects do not know their parents, and a
// button without a frame begins left of what it is aligned with.
func (s *ScrollArea) holds(o fyne.CanvasObject) bool {
	driver := fyne.CurrentApp().Driver()
	at := driver.AbsolutePositionForObject(o).Subtract(driver.AbsolutePositionForObject(s.content))
	at = at.AddXY(o.Size().Width/2, o.Size().Height/2)
	size := s.content.Size()
	return at.X >= 0 && at.Y >= 0 && at.X < size.Width && at.Y < size.Height && !o.Size().IsZero()
}
