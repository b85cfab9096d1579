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

// isCut reports whether a line is longer than its room, or ends in an ellipsis though the label that it shows, or begins, is a text of
// the catalog: what people have typed may be shortened.
func isCut(line *canvas.Text, label string) bool {
	if line.Text == "" || line.Size().Width <= 0 {
		return false
	}
	start, shortened := strings.CutSuffix(line.Text, "…")
	if !shortened || strings.Contains(label, line.Text) || !strings.HasPrefix(label, strings.TrimRight(start, "\u00a0 ")) {
		return line.MinSize().Width > line.Size().Width+1
	}
	return slices.Contains(catalogTexts(), label)
}

// catalogTexts are the texts of the language that the desks speak.
func catalogTexts() []string {
	if language == nil {
		return nil
	}
	return language.forms
}
