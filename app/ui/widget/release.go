package widget

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
)

// Composite is a widget made of other objects. Widgets that screens define implement it, so that Release finds what
// they hold.
type Composite interface{ Parts() []fyne.CanvasObject }

// Releaser is a widget with something to let go of when it leaves the screen: a secret or an animation.
type Releaser interface{ Release() }

// Release lets a whole tree of objects let go: secrets are cleared, animations stopped. Root does it to what it replaces.
func Release(o fyne.CanvasObject) {
	if o == nil {
		return
	}
	if r, ok := o.(Releaser); ok {
		r.Release()
	}
	for _, part := range parts(o) {
		Release(part)
	}
}

func parts(o fyne.CanvasObject) []fyne.CanvasObject {
	switch o := o.(type) {
	case Composite:
		return o.Parts()
	case *fyne.Container:
		return o.Objects
	case *container.Scroll:
		return []fyne.CanvasObject{o.Content}
	}
	return nil
}
