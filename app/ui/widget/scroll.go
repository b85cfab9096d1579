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

// Reveal scrolls until an object within the content can be seen, as a field with an error.
func (s *ScrollArea) Reveal(o fyne.CanvasObject) {
	driver := fyne.CurrentApp().Driver()
	y := driver.AbsolutePositionForObject(o).Y - driver.AbsolutePositionForObject(s.content).Y
	top, height := s.scroll.Offset.Y, s.scroll.Size().Height
	const margin = 16
	switch {
	case y < top:
		s.scroll.ScrollToOffset(fyne.NewPos(0, max(y-margin, 0)))
	case y+o.Size().Height > top+height:
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
