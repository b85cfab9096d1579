package widget

import (
	"fmt"

	"fyne.io/fyne/v2"
)

// What assistive technology is told. The toolkit asks a widget for one text and one of four roles, so the text says what eyes get: the
// name, what is chosen, the state. It never has what is typed into a field, a secret or a code: the toolkit copies it to memory that
// nobody wipes, and the system hands it to every program that asks. docs/accessibility.md says how much of it reaches a person today.

// SetName names a control whose label stands elsewhere.
func (c *control) SetName(name string) { c.name = name }

// told is the text of a control: its labels, and that it cannot be used.
func (c *control) told(labels ...string) string {
	if c.disabled {
		labels = append(labels, word(c.self, "widget.unavailable"))
	}
	return joinLabels(labels...)
}

// onOff is the word for what is on or off.
func onOff(o fyne.CanvasObject, on bool) string {
	if on {
		return word(o, "widget.on")
	}
	return word(o, "widget.off")
}

// chosen is the word for what is selected, "" for what is not.
func chosen(o fyne.CanvasObject, on bool) string {
	if on {
		return word(o, "widget.selected")
	}
	return ""
}

// placeIn says the which of how many something is.
func placeIn(o fyne.CanvasObject, index, count int) string {
	return word(o, "widget.place", "at", index+1, "count", count)
}

// percent is how much of something is done.
func percent(part float32) string { return fmt.Sprintf("%.0f\u00a0%%", 100*part) }

// labelOf is what an object is called, a container by what is in it; "" for one that has nothing to say.
func labelOf(o fyne.CanvasObject) string {
	switch o := o.(type) {
	case *fyne.Container:
		labels := make([]string, len(o.Objects))
		for i, part := range o.Objects {
			labels[i] = labelOf(part)
		}
		return joinLabels(labels...)
	case fyne.Accessible:
		return o.AccessibilityLabel()
	}
	return ""
}

// named is a widget that shows a value under a label of its surroundings.
type named interface{ SetName(name string) }

// A grouping holds others, or is there for the eyes alone: it has nothing to say of itself.
type grouping struct{}

var _ fyne.Accessible = grouping{}

// AccessibilityLabel implements fyne.Accessible.
func (grouping) AccessibilityLabel() string { return "" }

// AccessibilityRole implements fyne.Accessible.
func (grouping) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleContainer }

// A saying tells something and cannot be operated.
type saying struct{}

// AccessibilityRole implements fyne.Accessible.
func (saying) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleText }

// joinLabels makes one label of several, leaving out what is empty.
func joinLabels(labels ...string) string {
	joined := ""
	for _, label := range labels {
		if label == "" {
			continue
		}
		if joined != "" {
			joined += ", "
		}
		joined += label
	}
	return joined
}
