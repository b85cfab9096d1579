package screen

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/coffer-vault/coffer/assets"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/vault"
)

// marked says which rows of the list are selected together. It is never changed: another one takes its place, and does so whenever the
// list has other rows. A flag for each row costs a person with 100,000 selected nothing; a set of their ids would be felt at every key.
type marked struct {
	rows []bool
	n    int // how many are
}

func (m *marked) has(row int) bool { return m != nil && row < len(m.rows) && m.rows[row] }

func (m *marked) count() int {
	if m == nil {
		return 0
	}
	return m.n
}

// only is the row that is selected alone; -1 if none is, or several are.
func (m *marked) only() int {
	if m.count() != 1 {
		return -1
	}
	return slices.Index(m.rows, true)
}

// with is m with a row more, or less.
func (m *marked) with(row int, on bool) *marked {
	next := &marked{slices.Clone(m.rows), m.n}
	if next.rows[row] != on {
		next.rows[row] = on
		next.n += map[bool]int{true: 1, false: -1}[on]
	}
	return next
}

// markRange selects the rows from one to another one, both with it, of so many.
func markRange(from, to, rows int) *marked {
	m := &marked{make([]bool, rows), to - from + 1}
	for i := from; i <= to; i++ {
		m.rows[i] = true
	}
	return m
}

// carry is the same selection in a list with other rows: nothing is selected that cannot be seen.
func (m *marked) carry(before, after []*vault.Summary) *marked {
	items := make(map[id.ID]struct{}, m.n)
	for i, s := range before {
		if m.has(i) {
			items[s.ID] = struct{}{}
		}
	}
	next := &marked{rows: make([]bool, len(after))}
	for i, s := range after {
		if _, in := items[s.ID]; in {
			next.rows[i] = true
			next.n++
		}
	}
	return next
}

// SelectionState is what the right pane shows while several items are selected.
type SelectionState struct {
	Title   string // "12 items selected"
	Detail  string // "9 logins, 3 notes"
	Hint    string // how to go back to one
	Actions []Choice
	Busy    bool // something is being done to them
}

// facts are what the actions on several items depend on; they are gathered once for every selection and every list. None is known yet
// where they are zero.
type facts struct {
	kinds    map[vault.Kind]int
	tags     map[string]int
	favorite int
	archived int
}

// Toggle adds a row to the selection, or takes it out: Ctrl with a press, or Space.
func (v *Vault) Toggle(index int) {
	v.several(index, func() *marked {
		v.anchor = v.rows[index].ID
		now := v.together()
		return now.with(index, !now.has(index) || now.n == 1)
	})
}

// Extend selects the rows from the one that was last selected by itself to another one: Shift with a press or an arrow.
func (v *Vault) Extend(index int) {
	v.several(index, func() *marked {
		from := v.indexOf(v.anchor)
		if from < 0 || v.marked == nil { // the one that is shown may have been opened otherwise than by its row
			from = max(v.indexOf(v.selected), 0)
			v.anchor = v.rows[from].ID
		}
		return markRange(min(from, index), max(from, index), len(v.rows))
	})
}

// MoveCursor goes to another row and leaves the selection as it is: Ctrl with an arrow.
func (v *Vault) MoveCursor(index int) {
	if !v.takesSeveral() || index < 0 || index >= len(v.rows) {
		return
	}
	if v.marked == nil {
		v.mark(v.together())
	}
	v.selected = v.rows[index].ID
	v.changed()
}

// SelectAll selects every row.
func (v *Vault) SelectAll() {
	if at := max(v.indexOf(v.selected), 0); len(v.rows) > 0 {
		v.several(at, func() *marked { return markRange(0, len(v.rows)-1, len(v.rows)) })
	}
}

// ClearSelection goes back to the one item that the cursor is on.
func (v *Vault) ClearSelection() {
	if v.marked != nil {
		v.single(v.selected)
		v.changed()
	}
}

// several replaces the selection, once nothing typed would be lost by it. The cursor goes to index.
func (v *Vault) several(index int, choose func() *marked) {
	if !v.takesSeveral() || index < 0 || index >= len(v.rows) {
		return
	}
	item := v.rows[index].ID
	v.leavePane(func() {
		if index >= len(v.rows) || v.rows[index].ID != item {
			return // the list has changed while something was asked
		}
		next := choose()
		if only := next.only(); only >= 0 {
			v.single(v.rows[only].ID)
		} else {
			v.selected = item
			v.closePane()
			v.mark(next)
		}
		v.changed()
	})
}

// takesSeveral tells whether the list lets several rows be selected. What is to be decided is decided one by one.
func (v *Vault) takesSeveral() bool { return v.place.Kind != PlaceConflicts && len(v.rows) > 0 }

// together is the selection row by row, also where it is one item or none.
func (v *Vault) together() *marked {
	if v.marked != nil {
		return v.marked
	}
	if at := v.indexOf(v.selected); at >= 0 {
		return markRange(at, at, len(v.rows))
	}
	return &marked{rows: make([]bool, len(v.rows))}
}

// gatherAtOnce is up to how many selected items are looked at before anything else happens; of more, another goroutine does it.
const gatherAtOnce = 2000

// mark selects several rows.
func (v *Vault) mark(m *marked) {
	v.marked, v.facts = m, facts{}
	rows := v.rows
	if m.n <= gatherAtOnce {
		v.facts = gather(rows, m)
		return
	}
	Run(v.run, func(context.Context) (facts, error) { return gather(rows, m), nil }, func(f facts, _ error) {
		if v.marked == m {
			v.facts = f
			v.changed()
		}
	})
}

// single selects one item alone, and shows it.
func (v *Vault) single(item id.ID) {
	v.marked, v.facts, v.anchor, v.selected = nil, facts{}, item, item
	if v.detail == nil || v.detail.id != item {
		v.open(item)
	}
}

// prune goes on with what the new list still shows of the selection, and reports whether that is several items.
func (v *Vault) prune(left *marked, f facts) bool {
	if v.marked == nil {
		return false
	}
	if left.n > 1 {
		v.marked, v.facts = left, f
		return true
	}
	v.marked, v.facts = nil, facts{}
	if only := left.only(); only >= 0 {
		v.single(v.rows[only].ID)
	}
	return false
}

// gather looks at the selected items once.
func gather(rows []*vault.Summary, m *marked) facts {
	f := facts{kinds: map[vault.Kind]int{}, tags: map[string]int{}}
	for i, s := range rows {
		if !m.has(i) {
			continue
		}
		f.kinds[s.Kind]++
		for _, tag := range s.Tags {
			f.tags[tag]++
		}
		if s.Favorite {
			f.favorite++
		}
		if s.ArchivedAt != 0 {
			f.archived++
		}
	}
	return f
}

// selection is the pane for several items.
func (v *Vault) selection() SelectionState {
	if v.marked.count() < 2 {
		return SelectionState{}
	}
	s := SelectionState{Title: v.env.Words.Count("screen.selection.title", v.marked.n), Detail: v.kindsText(), Hint: v.text("screen.selection.hint"), Busy: v.stopWork != nil}
	for _, action := range []Action{ActionFavorite, ActionMove, ActionTag, ActionUntag, ActionArchive, ActionRestore, ActionTrash} {
		if c, _ := commandOf(action); c.when(v) {
			s.Actions = append(s.Actions, Choice{ID: string(action), Icon: c.icon, Label: v.labelOf(action)})
		}
	}
	return s
}

// kindsText counts the kinds, in the order of the sidebar.
func (v *Vault) kindsText() string {
	var parts []string
	other := 0
	for kind, n := range v.facts.kinds {
		if !known(kind) {
			other += n
		}
	}
	for _, spec := range vault.Kinds() {
		if n := v.facts.kinds[spec.Kind]; n > 0 {
			parts = append(parts, v.text("screen.selection.kind", "kind", kindText(v.env.Words, spec.Kind, "plural"), "n", n))
		}
	}
	if other > 0 {
		parts = append(parts, v.text("screen.selection.kind", "kind", kindText(v.env.Words, "", "plural"), "n", other))
	}
	return strings.Join(parts, "  ·  ")
}

// labelOf says what an action does to what is selected now.
func (v *Vault) labelOf(action Action) string {
	key := "screen.action." + string(action)
	favorite, archived := v.allAre()
	switch {
	case action == ActionFavorite && favorite:
		key = "ui.removeFavorite"
	case action == ActionFavorite:
		key = "ui.addFavorite"
	case action == ActionArchive && archived:
		key = "ui.unarchive"
	case action == ActionTrash && v.inTrash():
		key = "ui.deleteForever"
	}
	return v.text(key)
}

// allAre tells whether all selected items are favorites, and whether all are archived.
func (v *Vault) allAre() (favorite, archived bool) {
	if v.marked != nil {
		return v.facts.favorite == v.marked.n, v.facts.archived == v.marked.n
	}
	s, ok := v.chosen()
	return ok && s.Favorite, ok && s.ArchivedAt != 0
}

// tagsNow are the tags of the selected items with how many have them, and how many items there are.
func (v *Vault) tagsNow() (tags map[string]int, of int) {
	if v.marked != nil {
		return v.facts.tags, v.marked.n
	}
	s, ok := v.chosen()
	if !ok {
		return nil, 0
	}
	tags = map[string]int{}
	for _, tag := range s.Tags {
		tags[tag] = 1
	}
	return tags, 1
}

func (v *Vault) canUntag() bool {
	tags, _ := v.tagsNow()
	return v.canArrange() && len(tags) > 0
}

// TagsToAdd are the tags of the vault that not all selected items have; TagsToRemove those that some of them have.
func (v *Vault) TagsToAdd() []Choice {
	tags, of := v.tagsNow()
	return tagChoices(v.counts.Tags, func(tag string) bool { return tags[tag] < of })
}

// TagsToRemove are the tags that some of the selected items have.
func (v *Vault) TagsToRemove() []Choice {
	tags, _ := v.tagsNow()
	return tagChoices(tags, func(string) bool { return true })
}

func tagChoices(tags map[string]int, wanted func(string) bool) (choices []Choice) {
	for _, tag := range slices.Sorted(maps.Keys(tags)) {
		if wanted(tag) {
			choices = append(choices, Choice{ID: tag, Icon: assets.IconTag, Label: tag})
		}
	}
	return choices
}
