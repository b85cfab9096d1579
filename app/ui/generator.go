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
	page  *fyne.Container // all but the history

	kinds       *widget.Segmented
	shown       *secretView
	made        int
	meter       *meter
	problem     *notice
	length      *numberRow
	toggles     *toggleFlow
	words       *fyne.Container
	language    *widget.Select
	marks       *widget.Select
	more        *generatorMore
	past        *widget.Button
	pastBox     *fyne.Container
	history     *generatorHistory
	cancel, use *widget.Button
}

func newGeneratorView(w *Window, model *screen.Generator) *generatorView {
	s := model.State()
	v := &generatorView{w: w, model: model, meter: newMeter(), problem: newNotice(0)}
	names, selected := labels(s.Kinds)
	v.kinds = widget.NewSegmented(names, selected, func(i int) { model.SetKind(model.State().Kinds[i].ID) })
	v.kinds.SetName(w.text("screen.generator.title"))
	v.shown = newSecret(func(string) secret.Bytes { return model.Secret() }, "")
	v.length = newNumberRow(s.Length, model.SetLength)
	v.toggles = newToggleFlow(model.SetToggle)
	v.language = widget.NewSelect(w.text("ui.generator.language"), nil, -1, func(i int) { model.SetLanguage(model.State().Languages[i].ID) })
	v.marks = widget.NewSelect(w.text("ui.mark"), nil, -1, func(i int) { model.SetMark(model.State().Marks[i].ID) })
	v.words = pair(0.5, 300, v.language, v.marks)
	v.more = newGeneratorMore(w, model)
	v.past = widget.NewButton("", assets.IconHistory, widget.Ghost, model.ToggleHistory)
	v.history = newGeneratorHistory(w, model)
	v.use = widget.NewButton(s.Use, assets.NoIcon, widget.Primary, model.Use)
	v.cancel = widget.NewButton("", assets.NoIcon, widget.Secondary, v.back)
	v.modal = widget.NewModal("", v.body(), v.cancel, v.use)
	v.modal.OnDismiss, v.modal.First, v.modal.OnKey = model.Cancel, v.use, v.key
	model.OnChange(v.render)
	v.render(s)
	return v
}

func (v *generatorView) body() fyne.CanvasObject {
	v.pastBox = flushLeft(v.past)
	again := widget.NewIconButton(assets.IconRefreshCw, v.w.text("screen.generator.again")+" (R)", v.model.Again)
	copying := widget.NewIconButton(assets.IconCopy, v.w.text("screen.generator.copy"), v.model.Copy)
	box := widget.Stack(widget.NewSurface(theme.ColorInput, theme.ColorButtonLine, theme.RadiusMenu),
		widget.Pad(widget.Row(2, widget.Grow(v.shown.widget), again, copying), 7, 8, 7, 14))
	v.meter.box.Objects = []fyne.CanvasObject{widget.Grow(widget.Column(6, v.meter.bar, v.meter.word))}
	v.page = widget.Column(gap, v.kinds, box, v.meter.box, v.problem.box, v.length.box, v.toggles.box, v.words, v.more.box, v.pastBox)
	return widget.Column(0, v.page, v.history.box)
}

// flushLeft lets a button without a surface begin at the edge.
func flushLeft(b *widget.Button) *fyne.Container {
	return widget.Pad(widget.Row(0, b, widget.Spacer()), 0, 0, 0, ghostInset)
}

// back leaves the history, or the generator.
func (v *generatorView) back() {
	if v.model.State().History.Open {
		v.model.ToggleHistory()
	} else {
		v.model.Cancel()
	}
}

// key makes another one with R, wherever nothing is typed.
func (v *generatorView) key(event *fyne.KeyEvent) bool {
	if event.Name != fyne.KeyR || v.model.State().History.Open {
		return false
	}
	v.model.Again()
	return true
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
	v.length.set(s.Length)
	v.toggles.set(s.Toggles)
	v.words.Hidden = len(s.Marks) == 0
	v.language.SetOptions(options(s.Languages, assets.NoIcon))
	v.marks.SetOptions(options(s.Marks, assets.NoIcon))
	v.more.render(s.More)
	v.renderHistory(s.History)
	v.modal.Refresh()
}

func (v *generatorView) renderHistory(h screen.GeneratorHistory) {
	label(v.past, h.Label)
	v.pastBox.Hidden = h.Label == ""
	title, leave := v.w.text("screen.generator.title"), v.w.text("screen.cancel")
	if h.Open {
		title, leave = v.w.text("screen.generator.past"), v.w.text("screen.back")
	}
	v.modal.SetTitle(title)
	label(v.cancel, leave)
	v.page.Hidden, v.use.Hidden = h.Open, h.Open
	v.modal.Default = v.use
	if h.Open {
		v.modal.Default = nil
	}
	v.history.render(h)
}

// numberRow is a slider with its name before it and its number after it.
type numberRow struct {
	box             *fyne.Container
	slider          *widget.Slider
	caption, number *widget.Text
}

func newNumberRow(l screen.LengthChoice, changed func(int)) *numberRow {
	r := &numberRow{caption: widget.NewText("", theme.Body), number: widget.NewText("", theme.Strong.Of(theme.SemiBold)).Aligned(fyne.TextAlignTrailing)}
	r.slider = widget.NewSlider(l.Label, l.Min, l.Max, l.Now, changed)
	r.box = widget.Row(14, r.caption, widget.Grow(r.slider), widget.Pad(widget.Width(24, r.number), 0, 4, 0, 0))
	return r
}

func (r *numberRow) set(l screen.LengthChoice) {
	r.caption.SetText(l.Label)
	r.slider.SetRange(l.Min, l.Max)
	r.slider.SetValue(l.Now)
	r.number.SetText(strconv.Itoa(l.Now))
}

// toggleFlow is check boxes in lines.
type toggleFlow struct {
	box     *fyne.Container
	changed func(toggle string, on bool)
	shape   []string
}

func newToggleFlow(changed func(string, bool)) *toggleFlow {
	return &toggleFlow{box: flow(18, 4), changed: changed}
}

// set keeps the boxes, and the focus in them, while there are the same.
func (f *toggleFlow) set(toggles []screen.Toggle) {
	var shape []string
	for _, t := range toggles {
		shape = append(shape, t.ID)
	}
	if !slices.Equal(shape, f.shape) {
		f.shape, f.box.Objects = shape, nil
		for _, t := range toggles {
			f.box.Add(widget.NewCheck(t.Label, t.On, func(on bool) { f.changed(t.ID, on) }))
		}
	}
	for i, t := range toggles {
		f.box.Objects[i].(*widget.Check).SetChecked(t.On)
	}
	f.box.Hidden = len(toggles) == 0
}
