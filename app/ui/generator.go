package ui

import (
	"slices"
	"strconv"

	"fyne.io/fyne/v2"

	"github.com/coffer-vault/coffer/app/screen"
	"github.com/coffer-vault/coffer/app/ui/theme"
	"github.com/coffer-vault/coffer/app/ui/widget"
	"github.com/coffer-vault/coffer/assets"
	"github.com/coffer-vault/coffer/crypto/secret"
)

// generatorView is the dialog that makes passwords, passphrases and PINs.
type generatorView struct {
	w     *Window
	model *screen.Generator
	modal *widget.Modal

	kinds   *widget.Segmented
	shown   *secretView
	made    int
	meter   *meter
	problem *notice
	slider  *widget.Slider
	number  *widget.Text
	caption *widget.Text
	toggles *fyne.Container
	marks   *widget.Select
	shape   []string
	history *fyne.Container
	past    *widget.Button
	pastBox *fyne.Container
	rows    []generatedRow
}

// generatedRow is something made before.
type generatedRow struct {
	id     string
	secret *secretView
	eye    *widget.IconButton
}

func newGeneratorView(w *Window, model *screen.Generator) *generatorView {
	s := model.State()
	v := &generatorView{w: w, model: model, meter: newMeter(), problem: newNotice(0), toggles: flow(18, 4), history: widget.Column(0)}
	names, selected := labels(s.Kinds)
	v.kinds = widget.NewSegmented(names, selected, func(i int) { model.SetKind(s.Kinds[i].ID) })
	v.shown = newSecret(func(string) secret.Bytes { return model.Secret() }, "")
	v.number = widget.NewText("", theme.Strong.Of(theme.SemiBold)).Aligned(fyne.TextAlignTrailing)
	v.caption = widget.NewText("", theme.Body)
	v.slider = widget.NewSlider(s.Length.Label, s.Length.Min, s.Length.Max, s.Length.Now, model.SetLength)
	v.marks = widget.NewSelect(w.text("ui.mark"), nil, -1, func(i int) { model.SetMark(v.model.State().Marks[i].ID) })
	v.past = widget.NewButton("", assets.IconHistory, widget.Ghost, model.ToggleHistory)
	use := widget.NewButton(s.Use, assets.NoIcon, widget.Primary, model.Use)
	v.modal = widget.NewModal(w.text("screen.generator.title"), v.body(),
		widget.NewButton(w.text("screen.cancel"), assets.NoIcon, widget.Secondary, model.Cancel), use)
	v.modal.OnDismiss, v.modal.First = model.Cancel, use
	model.OnChange(v.render)
	v.render(s)
	return v
}

func (v *generatorView) body() fyne.CanvasObject {
	v.pastBox = widget.Column(8, widget.Pad(widget.Row(0, v.past, widget.Spacer()), 0, 0, 0, ghostInset), v.history)
	again := widget.NewIconButton(assets.IconRefreshCw, v.w.text("screen.generator.again"), v.model.Again)
	copying := widget.NewIconButton(assets.IconCopy, v.w.text("screen.generator.copy"), v.model.Copy)
	box := widget.Stack(widget.NewSurface(theme.ColorInput, theme.ColorButtonLine, theme.RadiusMenu),
		widget.Pad(widget.Row(2, widget.Grow(v.shown.widget), again, copying), 7, 8, 7, 14))
	v.meter.box.Objects = []fyne.CanvasObject{widget.Grow(widget.Column(6, v.meter.bar, v.meter.word))}
	return widget.Column(gap, v.kinds, box, v.meter.box, v.problem.box,
		widget.Row(14, v.caption, widget.Grow(v.slider), widget.Pad(widget.Width(24, v.number), 0, 4, 0, 0)),
		v.toggles, v.marks, v.pastBox)
}

func (v *generatorView) render(s screen.GeneratorState) {
	if s.Made != v.made {
		v.made = s.Made
		v.shown.show(false)
		v.shown.show(true)
	}
	_, kind := labels(s.Kinds)
	v.kinds.SetSelected(kind)
	v.meter.set(s.Meter)
	v.problem.set(s.Problem)
	v.caption.SetText(s.Length.Label)
	v.slider.SetRange(s.Length.Min, s.Length.Max)
	v.slider.SetValue(s.Length.Now)
	v.number.SetText(strconv.Itoa(s.Length.Now))
	v.renderOptions(s)
	v.renderHistory(s)
	v.modal.Refresh()
}

func (v *generatorView) renderOptions(s screen.GeneratorState) {
	v.marks.Hidden = len(s.Marks) == 0
	v.marks.SetOptions(options(s.Marks, assets.NoIcon))
	var shape []string
	for _, t := range s.Toggles {
		shape = append(shape, t.ID)
	}
	if !slices.Equal(shape, v.shape) {
		v.shape, v.toggles.Objects = shape, nil
		for _, t := range s.Toggles {
			v.toggles.Add(widget.NewCheck(t.Label, t.On, func(on bool) { v.model.SetToggle(t.ID, on) }))
		}
	}
	for i, t := range s.Toggles {
		v.toggles.Objects[i].(*widget.Check).SetChecked(t.On)
	}
	v.toggles.Hidden = len(s.Toggles) == 0
}

func (v *generatorView) renderHistory(s screen.GeneratorState) {
	label(v.past, s.HistoryLabel)
	v.pastBox.Hidden = s.HistoryLabel == ""
	if len(s.History) != len(v.rows) {
		v.rows = nil
		var rows []fyne.CanvasObject
		for _, g := range s.History {
			rows = append(rows, v.newRow(g))
		}
		v.history.Objects = nil
		if len(rows) > 0 {
			v.history.Add(widget.NewCard(rows...))
		}
	}
	for i, g := range s.History {
		key := "screen.detail.reveal"
		if g.Revealed {
			key = "screen.detail.hide"
		}
		v.rows[i].secret.show(g.Revealed)
		dressEye(v.rows[i].eye, g.Revealed, v.w.text(key, "field", v.w.text("screen.generator.password")))
	}
}

func (v *generatorView) newRow(g screen.GeneratedRow) fyne.CanvasObject {
	row := generatedRow{id: g.ID, secret: newSecret(v.model.HistorySecret, g.ID)}
	row.eye = widget.NewIconButton(assets.IconEye, "", func() { v.model.RevealHistory(g.ID) })
	v.rows = append(v.rows, row)
	return widget.FieldRow(g.When, row.secret.widget, row.eye,
		widget.NewIconButton(assets.IconCopy, v.w.text("screen.generator.copy"), func() { v.model.CopyHistory(g.ID) }))
}
