package ui

import (
	"strings"

	"github.com/coffer-vault/coffer/app/screen"
	"github.com/coffer-vault/coffer/app/ui/widget"
)

// paletteView draws the palette over the vault and its dialogs.
type paletteView struct {
	w        *Window
	model    *screen.Palette
	launcher *widget.Launcher
}

func newPaletteView(w *Window, model *screen.Palette) *paletteView {
	v := &paletteView{w: w, model: model, launcher: widget.NewLauncher()}
	l := v.launcher
	l.OnChanged, l.OnMove, l.OnMore, l.OnLess, l.OnBack = model.SetText, model.Move, model.More, model.Less, model.Back
	l.OnChoose = func(index int) {
		if index < 0 {
			model.Choose()
			return
		}
		model.ChooseRow(index)
	}
	model.OnChange(v.render)
	v.render(model.State())
	w.root.ShowLauncher(l)
	return v
}

func (v *paletteView) render(s screen.PaletteState) {
	v.launcher.SetTexts(s.Hint, s.Of, s.Foot, s.Empty)
	if v.launcher.Entry.Text() != s.Typed {
		v.launcher.Entry.SetText(s.Typed)
	}
	rows := make([]widget.LauncherRow, len(s.Rows))
	for i, r := range s.Rows {
		rows[i] = widget.LauncherRow{Heading: strings.ToUpper(r.Heading), Icon: r.Icon, Title: r.Title, Detail: r.Detail, Shortcut: v.w.keyOf(r.Action)}
		if r.Login {
			rows[i].Avatar = r.Title
		}
	}
	v.launcher.SetRows(rows, s.Selected)
}

// act gives a combination of keys to the item that is selected; that of the palette closes it.
func (v *paletteView) act(action screen.Action) {
	if action == screen.ActionPalette {
		v.model.Back()
		return
	}
	v.model.Do(action)
}
