package ui

import (
	"fyne.io/fyne/v2"

	"github.com/coffer-vault/coffer/app/screen"
	"github.com/coffer-vault/coffer/app/ui/theme"
	"github.com/coffer-vault/coffer/app/ui/widget"
	"github.com/coffer-vault/coffer/assets"
)

// generatorMore is what a site demands of passwords: out of sight until it is asked for.
type generatorMore struct {
	w     *Window
	model *screen.Generator
	box   *fyne.Container

	open    *widget.Button
	inner   *fyne.Container
	own     *fyne.Container // what a person chooses; a site's rules stand in its place
	least   []*numberRow
	lines   *fyne.Container
	toggles *toggleFlow
	symbols *widget.Entry
	rules   *widget.Entry
	site    *widget.Paragraph
}

func newGeneratorMore(w *Window, model *screen.Generator) *generatorMore {
	m := &generatorMore{w: w, model: model, lines: widget.Column(10), site: widget.NewParagraph("", theme.Secondary)}
	m.open = widget.NewButton("", assets.IconChevronRight, widget.Ghost, model.ToggleMore)
	m.toggles = newToggleFlow(model.SetToggle)
	m.symbols = widget.NewEntry(w.text("ui.generator.symbols"))
	m.symbols.OnChanged = model.SetSymbols
	m.rules = widget.NewEntry(w.text("ui.generator.rules"))
	m.rules.SetPlaceholder(w.text("ui.generator.rules.placeholder"))
	m.rules.OnChanged = model.SetRules
	m.own = widget.Column(gap, m.lines, m.toggles.box, m.symbols)
	m.inner = widget.Column(gap, m.own, m.rules, m.site)
	m.box = widget.Column(10, flushLeft(m.open), m.inner)
	return m
}

func (m *generatorMore) render(s screen.GeneratorMore) {
	m.box.Hidden, m.inner.Hidden = !s.Shown, !s.Open
	if !s.Shown {
		return
	}
	label(m.open, s.Label)
	m.open.SetIcon(map[bool]assets.IconName{false: assets.IconChevronRight, true: assets.IconChevronDown}[s.Open])
	m.own.Hidden = s.Site != ""
	if len(m.least) != len(s.Least) {
		m.least, m.lines.Objects = nil, nil
		for _, l := range s.Least {
			row := newNumberRow(l, func(n int) { m.model.SetLeast(l.ID, n) })
			m.least = append(m.least, row)
			m.lines.Add(row.box)
		}
	}
	for i, l := range s.Least {
		m.least[i].set(l)
	}
	m.toggles.set(s.Toggles)
	m.symbols.SetPlaceholder(s.Usual)
	refill(m.symbols, s.Symbols)
	refill(m.rules, s.Rules)
	m.rules.SetError(s.Problem)
	m.rules.SetHint("")
	if s.Problem == "" && s.Site == "" {
		m.rules.SetHint(m.w.text("ui.generator.rules.hint"))
	}
	m.site.SetText(s.Site)
	m.site.Hidden = s.Site == ""
}

// refill shows a text that is not in the entry already.
func refill(e *widget.Entry, text string) {
	if e.Text() != text {
		e.SetText(text)
	}
}
