package screen

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/coffer-vault/coffer/assets"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/vault"
	"github.com/coffer-vault/coffer/vault/search"
)

// PaletteState is what was typed into the palette and where it leads. No secret is in it.
type PaletteState struct {
	Hint     string // while nothing is typed
	Typed    string
	Of       string // the item whose actions are listed; empty for everything
	Rows     []PaletteRow
	Selected int // -1 for none
	Empty    string
	Foot     string // what the keys do
}

// PaletteRow is something to do, or an item.
type PaletteRow struct {
	ID      string
	Icon    assets.IconName
	Title   string
	Detail  string
	Heading string // of a group that begins here
	Action  Action // whose key does the same
	Item    bool
	Login   bool // has the letter of its name in place of the icon
}

// PaletteCommand is something to do that applies now.
type PaletteCommand struct {
	ID     string
	Icon   assets.IconName
	Label  string
	Action Action // whose key does the same; empty if none does
	Run    func()
}

// PaletteConfig says what the palette finds and where it leads. Its functions are called on the UI goroutine.
type PaletteConfig struct {
	Vault    *vault.Vault
	Commands []PaletteCommand
	Recent   []string                           // IDs of rows that were chosen before, the latest first
	Close    func()                             // gives up
	Chosen   func(row string, run func())       // closes, and then runs what was chosen
	OnItem   func(item id.ID, action Action)    // carries out one of itemActions, or opens the item for ActionList
	Folder   func(folder id.ID) (path string)   // empty for none
	Label    func(action Action) (label string) // of an action on an item
}

// Palette finds commands and items by what is typed.
type Palette struct {
	model[PaletteState]
	config  PaletteConfig
	docs    []search.Doc // of the commands
	typed   string
	of      *vault.Summary
	rows    []choice
	at      int
	asking  asking
	waiting []func() // what keys asked for before the list was up to date with what was typed
}

// choice is a row with what it does.
type choice struct {
	PaletteRow
	run  func()
	item *vault.Summary
	rank int
}

// How many items the palette looks at and how many rows it shows.
const (
	paletteItems  = 40
	paletteRows   = 50
	paletteRecent = 6
)

const itemRowPrefix = "item/"

// NewPalette shows what was used before, and everything that can be done.
func NewPalette(env *Env, config PaletteConfig) *Palette {
	p := &Palette{config: config}
	for _, c := range config.Commands {
		p.docs = append(p.docs, search.NewDoc(search.Texts{Title: c.Label}))
	}
	p.begin(env, p.view)
	p.rows = p.atFirst()
	return p
}

func (p *Palette) view() PaletteState {
	s := PaletteState{Hint: p.text("screen.palette.hint"), Typed: p.typed, Selected: p.at, Foot: p.text("screen.palette.foot")}
	if p.of != nil {
		s.Of, s.Hint, s.Foot = titleOf(p.env.Words, p.of.Title), p.text("screen.palette.hintOf"), p.text("screen.palette.footOf")
	}
	for _, row := range p.rows {
		s.Rows = append(s.Rows, row.PaletteRow)
	}
	if len(s.Rows) == 0 {
		s.Selected, s.Empty = -1, p.text("screen.palette.empty")
	}
	return s
}

// SetText takes what is typed.
func (p *Palette) SetText(typed string) {
	p.typed, p.waiting = typed, nil
	p.find()
}

// Move goes to another row, around the ends where it is one away.
func (p *Palette) Move(by int) { p.whenFound(func() { p.move(by) }) }

func (p *Palette) move(by int) {
	n := len(p.rows)
	switch {
	case n == 0:
		return
	case by == 1 || by == -1:
		p.at = (p.at + by + n) % n
	default:
		p.at = min(max(p.at+by, 0), n-1)
	}
	p.changed()
}

// Choose does what the selected row says.
func (p *Palette) Choose() { p.whenFound(func() { p.ChooseRow(p.at) }) }

// whenFound calls f with the rows that belong to what was typed: now, or as soon as they are there.
func (p *Palette) whenFound(f func()) {
	if p.asking.running {
		p.waiting = append(p.waiting, f)
		return
	}
	f()
}

// ChooseRow does what a row says.
func (p *Palette) ChooseRow(index int) {
	if index < 0 || index >= len(p.rows) {
		return
	}
	row := p.rows[index]
	p.config.Chosen(row.ID, row.run)
}

// More lists the actions of the selected item, and reports whether that may be one.
func (p *Palette) More() bool {
	if p.of != nil || !p.asking.running && p.selected() == nil {
		return false
	}
	p.whenFound(func() {
		if item := p.selected(); item != nil {
			p.of, p.typed = item, ""
			p.find()
		}
	})
	return true
}

// selected is the item in the selected row; nil for a command.
func (p *Palette) selected() *vault.Summary {
	if p.at >= len(p.rows) {
		return nil
	}
	return p.rows[p.at].item
}

// Less goes back from an item's actions to everything, and reports whether it did.
func (p *Palette) Less() bool {
	if p.of == nil {
		return false
	}
	p.of, p.typed = nil, ""
	p.find()
	return true
}

// Back goes back to everything, and from there closes the palette.
func (p *Palette) Back() {
	if !p.Less() {
		p.config.Close()
	}
}

// Do carries out an action that has a key on the selected item.
func (p *Palette) Do(action Action) {
	p.whenFound(func() {
		item := p.of
		if item == nil {
			item = p.selected()
		}
		if item != nil && slices.Contains(p.actionsOf(item), action) {
			p.config.Chosen(itemRowPrefix+item.ID.String(), func() { p.config.OnItem(item.ID, action) })
		}
	})
}

// find brings the rows up to date. Items are looked for off the UI goroutine; what was typed last counts.
func (p *Palette) find() {
	switch {
	case p.of != nil:
		p.show(p.matching(p.itemChoices(p.of)))
	case strings.TrimSpace(p.typed) == "":
		p.show(p.atFirst())
	default:
		p.ask()
	}
}

func (p *Palette) ask() {
	if !p.asking.begin() {
		return
	}
	typed := p.typed
	Run(p.run, func(context.Context) ([]*vault.Summary, error) {
		found := p.config.Vault.Query(vault.Filter{Text: typed})
		return found[:min(len(found), paletteItems)], nil
	}, func(items []*vault.Summary, _ error) {
		if again := p.asking.end(); again || p.typed != typed {
			p.find()
			return
		}
		p.show(p.found(items))
	})
}

func (p *Palette) show(rows []choice) {
	p.rows, p.at = rows[:min(len(rows), paletteRows)], 0
	p.changed()
	if p.asking.running {
		return
	}
	waiting := p.waiting
	p.waiting = nil
	for _, f := range waiting {
		f()
	}
}

// atFirst is what was used before, then all commands.
func (p *Palette) atFirst() []choice {
	var rows []choice
	commands := p.commandChoices()
	for _, recent := range p.config.Recent {
		if i := slices.IndexFunc(commands, func(c choice) bool { return c.ID == recent }); i >= 0 {
			rows = append(rows, commands[i])
		} else if row, ok := p.itemOf(recent); ok {
			rows = append(rows, row)
		}
		if len(rows) == paletteRecent {
			break
		}
	}
	rows = headed(rows, p.text("screen.palette.recent"))
	rest := slices.DeleteFunc(commands, func(c choice) bool { return slices.ContainsFunc(rows, func(r choice) bool { return r.ID == c.ID }) })
	return append(rows, headed(rest, p.text("screen.palette.commands"))...)
}

func headed(rows []choice, heading string) []choice {
	if len(rows) > 0 {
		rows[0].Heading = heading
	}
	return rows
}

func (p *Palette) itemOf(row string) (choice, bool) {
	hex, ok := strings.CutPrefix(row, itemRowPrefix)
	item, err := id.Parse(hex)
	if !ok || err != nil {
		return choice{}, false
	}
	s, ok := p.config.Vault.Summary(item)
	if !ok || s.TrashedAt != 0 {
		return choice{}, false
	}
	return p.itemChoice(s), true
}

func (p *Palette) commandChoices() []choice {
	rows := make([]choice, len(p.config.Commands))
	for i, c := range p.config.Commands {
		rows[i] = choice{PaletteRow: PaletteRow{ID: c.ID, Icon: c.Icon, Title: c.Label, Action: c.Action}, run: c.Run}
	}
	return rows
}

func (p *Palette) itemChoice(s *vault.Summary) choice {
	row := Rows{words: p.env.Words, summaries: []*vault.Summary{s}}.At(0)
	detail := row.Subtitle
	if folder := p.config.Folder(s.Folder); folder != "" {
		detail += "  ·  " + folder
	}
	return choice{
		PaletteRow: PaletteRow{ID: itemRowPrefix + s.ID.String(), Icon: row.Icon, Title: row.Title, Detail: detail, Item: true, Login: s.Kind == vault.Login},
		run:        func() { p.config.OnItem(s.ID, ActionList) }, item: s,
	}
}

// actionsOf are the actions on an item that the palette offers, as far as its summary tells that they apply.
func (p *Palette) actionsOf(s *vault.Summary) []Action {
	actions := []Action{ActionList}
	spec, _ := vault.SpecOf(s.Kind)
	if _, has := spec.Field(vault.Username); has && s.Subtitle != "" {
		actions = append(actions, ActionCopyUser)
	}
	if _, has := spec.Field(vault.Password); has {
		actions = append(actions, ActionCopyPassword)
	}
	if s.HasOTP {
		actions = append(actions, ActionCopyCode)
	}
	if len(s.Hosts) > 0 {
		actions = append(actions, ActionOpenSite)
	}
	return actions
}

func (p *Palette) itemChoices(s *vault.Summary) []choice {
	var rows []choice
	for _, action := range p.actionsOf(s) {
		c, _ := commandOf(action)
		row := PaletteRow{ID: itemRowPrefix + s.ID.String(), Icon: c.icon, Title: p.config.Label(action), Action: action}
		if action == ActionList {
			row.Icon, row.Action = kindIcon(s.Kind), ""
		}
		rows = append(rows, choice{PaletteRow: row, run: func() { p.config.OnItem(s.ID, action) }})
	}
	return rows
}

// matching are the rows whose title matches what was typed.
func (p *Palette) matching(rows []choice) []choice {
	if strings.TrimSpace(p.typed) == "" {
		return rows
	}
	query, found := search.Parse(p.typed), rows[:0]
	for _, row := range rows {
		doc := search.NewDoc(search.Texts{Title: row.Title})
		if rank, ok := rankOf(&query, &doc, true); ok {
			row.rank = rank
			found = append(found, row)
		}
	}
	slices.SortStableFunc(found, func(a, b choice) int { return cmp.Compare(a.rank, b.rank) })
	return found
}

// found puts commands and items in one order: as well as they match, and of equal ones those that were used last first, then commands.
func (p *Palette) found(items []*vault.Summary) []choice {
	query := search.Parse(p.typed)
	var rows []choice
	for i, row := range p.commandChoices() {
		var ok bool
		if row.rank, ok = rankOf(&query, &p.docs[i], true); ok {
			rows = append(rows, row)
		}
	}
	for _, s := range items {
		row := p.itemChoice(s)
		doc := search.NewDoc(search.Texts{Title: s.Title, Short: append([]string{s.Subtitle}, s.Hosts...)})
		if rank, ok := query.Rank(&doc, nil, true); ok {
			row.rank = rank
		} else {
			row.rank = search.MaxRank // the search knows more of it: tags, folders, notes
		}
		rows = append(rows, row)
	}
	slices.SortStableFunc(rows, func(a, b choice) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(p.age(a.ID), p.age(b.ID)))
	})
	return rows
}

// age is how many others were used since.
func (p *Palette) age(row string) int {
	if i := slices.Index(p.config.Recent, row); i >= 0 {
		return i
	}
	return len(p.config.Recent)
}

// rankOf is the search's rank, and behind all of those that of the first letters of the words: "cp" is "Copy password".
func rankOf(query *search.Query, doc *search.Doc, slips bool) (int, bool) {
	if rank, ok := query.Rank(doc, nil, slips); ok {
		return rank, true
	}
	if typed := query.Typed(); typed != "" && strings.HasPrefix(initials(doc.Title()), strings.ReplaceAll(typed, " ", "")) {
		return search.MaxRank, true
	}
	return 0, false
}

func initials(text string) string {
	var b strings.Builder
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		r, _ := utf8.DecodeRuneInString(word)
		b.WriteRune(r)
	}
	return b.String()
}
