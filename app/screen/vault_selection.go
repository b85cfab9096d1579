package screen

import (
	"maps"
	"slices"
	"strings"

	"github.com/coffer-vault/coffer/assets"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/vault"
)

// marked are the items that are selected together. It is never changed: another one takes its place.
type marked map[id.ID]struct{}

func (m marked) has(item id.ID) bool {
	_, in := m[item]
	return in
}

// SelectionState is what the right pane shows while several items are selected.
type SelectionState struct {
	Title   string // "12 items selected"
	Detail  string // "9 logins, 3 notes"
	Hint    string // how to go back to one
	Actions []Choice
	Busy    bool // something is being done to them
}

// facts are what the actions on several items depend on; they are gathered once for every selection and every list.
type facts struct {
	kinds    map[vault.Kind]int
	tags     map[string]int
	favorite int
	archived int
}

// Toggle adds a row to the selection, or takes it out: Ctrl with a press, or Space.
func (v *Vault) Toggle(index int) {
	v.several(index, func(item id.ID) marked {
		next := maps.Clone(v.together())
		if next.has(item) && len(next) > 1 {
			delete(next, item)
		} else {
			next[item] = struct{}{}
		}
		v.anchor = item
		return next
	})
}

// Extend selects the rows from the one that was last selected by itself to another one: Shift with a press or an arrow.
func (v *Vault) Extend(index int) {
	v.several(index, func(item id.ID) marked {
		from := v.indexOf(v.anchor)
		if from < 0 {
			from = max(v.indexOf(v.selected), 0)
			v.anchor = v.rows[from].ID
		}
		return markedOf(v.rows[min(from, index) : max(from, index)+1])
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
		v.several(at, func(id.ID) marked { return markedOf(v.rows) })
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
func (v *Vault) several(index int, choose func(item id.ID) marked) {
	if !v.takesSeveral() || index < 0 || index >= len(v.rows) {
		return
	}
	item := v.rows[index].ID
	v.leavePane(func() {
		next := choose(item)
		if len(next) > 1 {
			v.selected = item
			v.closePane()
			v.mark(next)
		}
		for only := range next {
			if len(next) == 1 {
				v.single(only)
			}
		}
		v.changed()
	})
}

// takesSeveral tells whether the list lets several rows be selected. What is to be decided is decided one by one.
func (v *Vault) takesSeveral() bool { return v.place.Kind != PlaceConflicts && len(v.rows) > 0 }

// together is the selection as a set, also where it is one item or none.
func (v *Vault) together() marked {
	switch {
	case v.marked != nil:
		return v.marked
	case v.indexOf(v.selected) < 0:
		return marked{}
	}
	return marked{v.selected: {}}
}

func markedOf(rows []*vault.Summary) marked {
	m := make(marked, len(rows))
	for _, s := range rows {
		m[s.ID] = struct{}{}
	}
	return m
}

func (v *Vault) mark(m marked) {
	v.marked = m
	v.gather()
}

// single selects one item alone, and shows it.
func (v *Vault) single(item id.ID) {
	v.marked, v.facts, v.anchor, v.selected = nil, facts{}, item, item
	if v.detail == nil || v.detail.id != item {
		v.open(item)
	}
}

// prune takes from the selection what the list no longer shows: nothing that cannot be seen is changed. It reports whether there is a
// selection still.
func (v *Vault) prune() bool {
	if v.marked == nil {
		return false
	}
	left := v.marked
	if n := v.shown(left); n < len(left) {
		left = make(marked, n)
		for _, s := range v.rows {
			if v.marked.has(s.ID) {
				left[s.ID] = struct{}{}
			}
		}
	}
	if len(left) > 1 {
		v.mark(left)
		return true
	}
	v.marked, v.facts = nil, facts{}
	for only := range left {
		v.single(only)
	}
	return false
}

// shown counts the rows that are among some items.
func (v *Vault) shown(items marked) (n int) {
	for _, s := range v.rows {
		if items.has(s.ID) {
			n++
		}
	}
	return n
}

// gather looks at the selected items once.
func (v *Vault) gather() {
	f := facts{kinds: map[vault.Kind]int{}, tags: map[string]int{}}
	all := len(v.marked) == len(v.rows) // which are looked up by the hundred thousand else
	for _, s := range v.rows {
		if !all && !v.marked.has(s.ID) {
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
	v.facts = f
}

// selection is the pane for several items.
func (v *Vault) selection() SelectionState {
	if len(v.marked) < 2 {
		return SelectionState{}
	}
	s := SelectionState{Title: v.env.Words.Count("screen.selection.title", len(v.marked)), Detail: v.kindsText(), Hint: v.text("screen.selection.hint"), Busy: v.stopWork != nil}
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
		return v.facts.favorite == len(v.marked), v.facts.archived == len(v.marked)
	}
	s, ok := v.chosen()
	return ok && s.Favorite, ok && s.ArchivedAt != 0
}

// tagsNow are the tags of the selected items with how many have them, and how many items there are.
func (v *Vault) tagsNow() (tags map[string]int, of int) {
	if v.marked != nil {
		return v.facts.tags, len(v.marked)
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
