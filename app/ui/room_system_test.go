//go:build system

package ui

import (
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
)

// checkRoom reports texts of the catalog that are cut off, and what stands out of the window.
func (a *album) checkRoom(where string) {
	a.Helper()
	for _, shape := range []shape{least, usual} {
		a.stretch(shape)
		a.checkSides(where)
		label := ""
		a.walk(func(o fyne.CanvasObject) {
			if part, ok := o.(fyne.Accessible); ok {
				label = part.AccessibilityLabel()
			}
			if line, ok := o.(*canvas.Text); ok && isCut(line, label) {
				a.Errorf("%s, %v wide: %q of %q is cut off: %.0f of %.0f", where, shape.size.Width, line.Text, label, line.Size().Width, line.MinSize().Width)
			}
		})
	}
}

// isCut reports whether a line is longer than its room, or ends in an ellipsis though its label has a text of the catalog that
// begins so: what people have typed may be shortened.
func isCut(line *canvas.Text, label string) bool {
	if line.Text == "" || line.Size().Width <= 0 {
		return false
	}
	start, shortened := strings.CutSuffix(line.Text, "…")
	start = strings.TrimRight(start, "\u00a0 ")
	if !shortened || strings.Contains(label, line.Text) {
		return line.MinSize().Width > line.Size().Width+1
	}
	return slices.ContainsFunc(catalogTexts(), func(text string) bool { return strings.HasPrefix(text, start) && strings.Contains(label, text) })
}

// catalogTexts are the texts of the language that the desks speak.
func catalogTexts() []string {
	if language == nil {
		return nil
	}
	return language.forms
}
