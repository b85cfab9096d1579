package ui

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"github.com/coffer-vault/coffer/app/screen"
	"github.com/coffer-vault/coffer/app/ui/theme"
	"github.com/coffer-vault/coffer/app/ui/widget"
	"github.com/coffer-vault/coffer/assets"
	"github.com/coffer-vault/coffer/vault"
)

// securityView is the overview of the security check: the figure, a tile for each kind of finding, and the look-up of breaches.
type securityView struct {
	w     *Window
	model *screen.Security
	box   *fyne.Container

	gauge          *widget.Gauge
	headline, body *widget.Paragraph
	progressBox    *fyne.Container
	progress       *widget.Progress
	progressText   *widget.Text
	problem        *notice
	again          *widget.Button
	problems       *fyne.Container
	advice         *notice
	hintsFor       *widget.Text
	hints          *fyne.Container
	tiles          map[vault.Finding]*widget.Tile
	shape          []vault.Finding
	breach         *breachCard
}

// The measures of the overview.
const (
	gaugeSide = 96
	tileGap   = 10
	tileLeast = 132
)

func newSecurityView(w *Window, model *screen.Security) *securityView {
	v := &securityView{w: w, model: model, gauge: widget.NewGauge(gaugeSide), tiles: map[vault.Finding]*widget.Tile{}, problem: newNotice(0), advice: newNotice(0),
		headline: widget.NewParagraph("", theme.PageTitle), body: widget.NewParagraph("", theme.Body.In(theme.ColorMuted)), progress: widget.NewProgress(),
		progressText: widget.NewText("", theme.Secondary).Shortened(), hintsFor: widget.NewText("", theme.Strong.Of(theme.SemiBold)).Shortened(),
		problems: widget.Tiles(tileGap, tileLeast), hints: widget.Tiles(tileGap, tileLeast)}
	v.again = widget.NewButton("", assets.IconRotateCcw, widget.Secondary, model.Again)
	v.breach = newBreachCard(w, model)
	v.progressBox = widget.Pad(widget.Column(6, v.progress, v.progressText), 10, 0, 0, 0)
	figure := widget.Row(22, v.gauge, widget.Grow(widget.Column(4, v.headline, v.body, v.progressBox)))
	column := widget.Column(gap, figure, v.problem.box, widget.Row(0, v.again, widget.Spacer()), v.problems, v.advice.box,
		widget.Pad(v.hintsFor, 6, 0, 0, 0), v.hints, v.breach.box)
	v.box = widget.Stack(widget.NewScrollArea(widget.MaxWidth(detailWidth, widget.Pad(column, 26, 30, 24, 30))))
	model.OnChange(v.render)
	v.render(model.State())
	return v
}

func (v *securityView) render(s screen.SecurityState) {
	v.gauge.Set(s.Share, s.ShareText, inkOf(s.Tone), v.w.text("ui.security.ring", "share", s.ShareText))
	v.gauge.Hidden = s.ShareText == ""
	v.headline.SetText(s.Headline)
	v.body.SetText(s.Body)
	v.body.Hidden = s.Body == ""
	v.progressBox.Hidden = s.Progress.Total == 0
	v.progress.Set(s.Progress.Fraction())
	v.progressText.SetText(s.Progress.Text)
	v.problem.set(s.Problem)
	label(v.again, s.Again)
	v.renderTiles(s)
	v.advice.set(s.Advice)
	v.hintsFor.SetText(s.HintsFor)
	v.hintsFor.Hidden = s.HintsFor == ""
	v.breach.render(s.Breach)
	v.w.relayout()
}

// renderTiles keeps the tiles that are there, and the keyboard with them.
func (v *securityView) renderTiles(s screen.SecurityState) {
	var shape []vault.Finding
	for _, t := range slices.Concat(s.Problems, s.Hints) {
		shape = append(shape, t.Finding)
		if v.tiles[t.Finding] == nil {
			v.tiles[t.Finding] = widget.NewTile(func() { v.model.Choose(t.Finding) })
		}
		v.tiles[t.Finding].Set(t.Icon, inkOf(t.Tone), t.Count, t.Label, t.Selected)
	}
	if slices.Equal(shape, v.shape) {
		return
	}
	v.shape = shape
	fill := func(box *fyne.Container, tiles []screen.FindingTile) {
		box.Objects = nil
		for _, t := range tiles {
			box.Add(v.tiles[t.Finding])
		}
	}
	fill(v.problems, s.Problems)
	fill(v.hints, s.Hints)
}

// breachCard switches the look-up on and off, says what leaves the computer, and names the server.
type breachCard struct {
	box    *fyne.Container
	on     *widget.Switch
	body   *widget.Paragraph
	status *widget.Paragraph
	server *widget.Entry
}

func newBreachCard(w *Window, model *screen.Security) *breachCard {
	s := model.State().Breach
	b := &breachCard{body: widget.NewParagraph("", theme.Secondary), status: widget.NewParagraph("", theme.Secondary), server: widget.NewEntry(w.text("screen.security.breach.server"))}
	b.on = widget.NewSwitch(s.Label, s.On, model.SetBreaches)
	b.server.OnChanged = model.SetServer
	b.server.OnSubmitted = func(string) { model.KeepServer() }
	b.server.SetPlaceholder("https://api.pwnedpasswords.com")
	b.server.With(widget.NewIconButton(assets.IconCheck, w.text("screen.action.save"), model.KeepServer))
	b.box = widget.Column(0, widget.NewCard(
		widget.CardRow(widget.Column(6, narrow(b.on), b.body, b.status)),
		widget.CardRow(b.server),
	))
	return b
}

// narrow lets an object be as narrow as its place: it shortens its text.
func narrow(o fyne.CanvasObject) fyne.CanvasObject { return container.New(narrowLayout{}, o) }

type narrowLayout struct{}

func (narrowLayout) MinSize(objects []fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(0, objects[0].MinSize().Height)
}

func (narrowLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	objects[0].Move(fyne.NewPos(0, 0))
	objects[0].Resize(size)
}

func (b *breachCard) render(s screen.BreachCard) {
	b.on.SetOn(s.On)
	b.body.SetText(s.Body)
	b.status.SetText(s.Status)
	b.status.SetRole(theme.Secondary.In(inkOf(s.Tone)))
	b.status.Hidden = s.Status == ""
	if b.server.Text() != s.Server {
		b.server.SetText(s.Server)
	}
	hint(b.server, s.Hint)
}
