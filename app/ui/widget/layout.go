package widget

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
)

// The toolkit's layouts all take their gaps from one theme size. These take them from the caller, in steps of the grid.

// Column stacks objects with a gap; each gets the full width. What is wrapped in Grow shares the height left over.
func Column(gap float32, objects ...fyne.CanvasObject) *fyne.Container {
	return container.New(columnLayout{gap}, objects...)
}

// Row lines objects up with a gap, in the vertical middle. What is wrapped in Grow shares the width left over.
func Row(gap float32, objects ...fyne.CanvasObject) *fyne.Container {
	return container.New(rowLayout{gap: gap}, objects...)
}

// TopRow is Row with the objects at the top.
func TopRow(gap float32, objects ...fyne.CanvasObject) *fyne.Container {
	return container.New(rowLayout{gap: gap, top: true}, objects...)
}

// Grow lets an object take what space is left in its Row or Column.
func Grow(o fyne.CanvasObject) *fyne.Container { return container.New(growLayout{}, o) }

// Spacer is empty space that grows.
func Spacer() *fyne.Container { return container.New(growLayout{}) }

// Stack lays objects over each other, each as large as the whole.
func Stack(objects ...fyne.CanvasObject) *fyne.Container {
	return container.New(padLayout{}, objects...)
}

// Pad keeps a distance around objects, which lie over each other.
func Pad(o fyne.CanvasObject, top, right, bottom, left float32) *fyne.Container {
	return container.New(padLayout{top, right, bottom, left}, o)
}

// Inset is Pad with the same distance on every side.
func Inset(o fyne.CanvasObject, distance float32) *fyne.Container {
	return Pad(o, distance, distance, distance, distance)
}

// Center puts an object of its smallest size into the middle.
func Center(o fyne.CanvasObject) *fyne.Container { return container.New(centerLayout{}, o) }

// Width gives an object a fixed width.
func Width(width float32, o fyne.CanvasObject) *fyne.Container {
	return container.New(widthLayout{width: width}, o)
}

// MaxWidth bounds the width of an object, which stands in the middle of a wider space.
func MaxWidth(width float32, o fyne.CanvasObject) *fyne.Container {
	return container.New(widthLayout{width: width, flexible: true}, o)
}

// Wrap stands side at the end of the line of main, or below it where main would have less than the given width. There the label of a button
// without a surface begins where main does.
func Wrap(gap, least float32, main, side fyne.CanvasObject) *fyne.Container {
	return container.New(&wrapLayout{gap: gap, least: least}, main, side)
}

type wrapLayout struct {
	gap, least float32
	below      bool
}

func (l *wrapLayout) MinSize(objects []fyne.CanvasObject) fyne.Size {
	main, side := objects[0].MinSize(), objects[1].MinSize()
	size := main.Max(side)
	if l.below {
		size.Height = main.Height + l.gap + side.Height
	}
	return size
}

func (l *wrapLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	main, side := objects[0], objects[1]
	least := side.MinSize()
	free := size.Width - least.Width - l.gap
	if l.below = free < l.least; l.below {
		height := heightFor(main, size.Width)
		place(main, 0, 0, size.Width, height)
		place(side, -labelInset(side), height+l.gap, least.Width, least.Height)
		return
	}
	height := heightFor(main, free)
	place(main, 0, middle(size.Height, height), free, height)
	place(side, free+l.gap, middle(size.Height, least.Height), least.Width, least.Height)
}

type growLayout struct{}

func (growLayout) MinSize(objects []fyne.CanvasObject) fyne.Size { return largest(objects) }

func (growLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) { cover(objects, size) }

func grows(o fyne.CanvasObject) bool {
	c, ok := o.(*fyne.Container)
	if !ok {
		return false
	}
	_, ok = c.Layout.(growLayout)
	return ok
}

// largest is the smallest size that holds each of the objects.
func largest(objects []fyne.CanvasObject) fyne.Size {
	var size fyne.Size
	for _, o := range objects {
		if o.Visible() {
			size = size.Max(o.MinSize())
		}
	}
	return size
}

func cover(objects []fyne.CanvasObject, size fyne.Size) {
	for _, o := range objects {
		o.Move(fyne.NewPos(0, 0))
		o.Resize(size)
	}
}

func visible(objects []fyne.CanvasObject) []fyne.CanvasObject {
	shown := make([]fyne.CanvasObject, 0, len(objects))
	for _, o := range objects {
		if o.Visible() {
			shown = append(shown, o)
		}
	}
	return shown
}

type columnLayout struct{ gap float32 }

func (l columnLayout) MinSize(objects []fyne.CanvasObject) fyne.Size {
	var size fyne.Size
	shown := visible(objects)
	for _, o := range shown {
		least := o.MinSize()
		size = fyne.NewSize(max(size.Width, least.Width), size.Height+least.Height)
	}
	return size.AddWidthHeight(0, l.gap*float32(max(len(shown)-1, 0)))
}

func (l columnLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	shown := visible(objects)
	free := size.Height - l.gap*float32(max(len(shown)-1, 0))
	growing := 0
	for _, o := range shown {
		if grows(o) {
			growing++
		} else {
			free -= heightFor(o, size.Width)
		}
	}
	y := float32(0)
	for _, o := range shown {
		height := o.MinSize().Height
		if grows(o) {
			height = max(free/float32(growing), 0)
		}
		o.Move(fyne.NewPos(0, round(y)))
		o.Resize(fyne.NewSize(size.Width, height))
		y += height + l.gap
	}
}

// heightFor gives an object its width and returns the height it then wants: running text breaks its lines only when it
// knows its width.
func heightFor(o fyne.CanvasObject, width float32) float32 {
	o.Resize(fyne.NewSize(width, o.MinSize().Height))
	return o.MinSize().Height
}

type rowLayout struct {
	gap float32
	top bool
}

func (l rowLayout) MinSize(objects []fyne.CanvasObject) fyne.Size {
	var size fyne.Size
	shown := visible(objects)
	for _, o := range shown {
		least := o.MinSize()
		size = fyne.NewSize(size.Width+least.Width, max(size.Height, least.Height))
	}
	return size.AddWidthHeight(l.gap*float32(max(len(shown)-1, 0)), 0)
}

func (l rowLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	shown := visible(objects)
	free := size.Width - l.gap*float32(max(len(shown)-1, 0))
	growing := 0
	for _, o := range shown {
		if grows(o) {
			growing++
		} else {
			free -= o.MinSize().Width
		}
	}
	x := float32(0)
	for _, o := range shown {
		width := o.MinSize().Width
		if grows(o) {
			width = max(free/float32(growing), 0)
		}
		height := min(heightFor(o, width), size.Height)
		y := middle(size.Height, height)
		if l.top {
			y = 0
		}
		place(o, x, y, width, height)
		x += width + l.gap
	}
}

type padLayout struct{ top, right, bottom, left float32 }

func (l padLayout) MinSize(objects []fyne.CanvasObject) fyne.Size {
	return largest(objects).AddWidthHeight(l.left+l.right, l.top+l.bottom)
}

func (l padLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	for _, o := range objects {
		o.Move(fyne.NewPos(l.left, l.top))
		o.Resize(size.SubtractWidthHeight(l.left+l.right, l.top+l.bottom))
	}
}

type centerLayout struct{}

func (centerLayout) MinSize(objects []fyne.CanvasObject) fyne.Size { return largest(objects) }

func (centerLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	for _, o := range objects {
		least := o.MinSize()
		place(o, (size.Width-least.Width)/2, (size.Height-least.Height)/2, least.Width, least.Height)
	}
}

type widthLayout struct {
	width    float32
	flexible bool // the width is only the largest
}

func (l widthLayout) MinSize(objects []fyne.CanvasObject) fyne.Size {
	if l.flexible {
		return largest(objects)
	}
	for _, o := range objects {
		heightFor(o, l.width)
	}
	return fyne.NewSize(l.width, largest(objects).Height)
}

func (l widthLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	width := min(l.width, size.Width)
	for _, o := range objects {
		o.Resize(fyne.NewSize(width, size.Height))
		o.Move(fyne.NewPos(round((size.Width-width)/2), 0))
	}
}
