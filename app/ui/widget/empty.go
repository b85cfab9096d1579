package widget

import (
	"fyne.io/fyne/v2"

	"github.com/coffer-vault/coffer/app/ui/theme"
	"github.com/coffer-vault/coffer/assets"
)

// EmptyState fills a pane that has nothing to show: a sign, what is the matter, a sentence, and the next step. action
// may be nil.
func EmptyState(icon assets.IconName, title, sentence string, action fyne.CanvasObject) fyne.CanvasObject {
	const disc, width = 56, 280
	sign := Stack(
		Center(Width(disc, Stack(NewSurface(theme.ColorAccentSoft, theme.ColorNone, disc/2), NewIcon(icon, theme.ColorAccentText, 24), spaceOf(disc)))),
	)
	column := Column(theme.Grid,
		sign, Pad(NewText(title, theme.PaneTitle).Aligned(fyne.TextAlignCenter).Shortened(), 10, 0, 0, 0),
		NewParagraph(sentence, theme.Body.In(theme.ColorMuted)).Aligned(fyne.TextAlignCenter),
	)
	if action != nil {
		column.Add(Pad(Center(action), 3*theme.Grid, 0, 0, 0))
	}
	return Column(0, Spacer(), MaxWidth(width, column), Spacer())
}

// spaceOf is nothing of a certain height.
func spaceOf(height float32) fyne.CanvasObject { return Pad(Spacer(), height, 0, 0, 0) }
