package screen

import (
	"context"
	"strconv"
	"time"

	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault"
)

// ConflictsState shows, for every field that two devices changed, both values side by side.
type ConflictsState struct {
	Title   string // of the item
	Body    string
	Fields  []ConflictRow
	Settled string // how many were chosen already: "1 of 3 chosen"
	Undo    string // label of the button; empty if nothing can be undone
	Done    string // label of the way back
	Busy    bool
	Problem Message
}

// ConflictRow is one field with its two values. Choose takes its ID.
type ConflictRow struct {
	ID    string
	Label string
	Kept  ConflictSide // what the item has now
	Other ConflictSide // what was typed elsewhere
}

// ConflictSide is one of two values. The value of a secret is not in it: ask Conflicts.Secret while Revealed is true.
type ConflictSide struct {
	ID       string
	Label    string // "In your vault", "Typed on 20 September 2026, 00:50"
	Value    string
	Empty    bool
	Secret   bool
	Revealed bool
	Choose   string // label of the button
}

// Conflicts lets the person choose between two values that two devices typed.
type Conflicts struct {
	model[ConflictsState]
	vault    *vault.Vault
	item     vault.Item
	done     func()
	revealed revealer

	total   int
	settled []settled
	busy    bool
	problem Message
}

// settled is a choice that can be undone.
type settled struct {
	conflict vault.Past
	before   secret.Bytes // the field's value until then
}

const (
	keptSide  = "kept/"
	otherSide = "other/"
)

// NewConflicts takes ownership of the item. done leads back to it.
func NewConflicts(env *Env, v *vault.Vault, item vault.Item, done func()) *Conflicts {
	c := &Conflicts{vault: v, item: item, done: done, total: len(item.Conflicts())}
	c.begin(env, c.view)
	c.revealed.begin(c.run, c.changed)
	return c
}

// Leave wipes both sides.
func (c *Conflicts) Leave() {
	c.model.Leave()
	c.item.Wipe()
	for _, s := range c.settled {
		s.before.Wipe()
		s.conflict.Value.Wipe()
	}
}

// Done leads back to the item.
func (c *Conflicts) Done() { c.done() }

func (c *Conflicts) view() ConflictsState {
	s := ConflictsState{Title: titleOf(c.env.Words, c.item.Title), Body: c.text("screen.conflicts.body"), Busy: c.busy, Problem: c.problem,
		Settled: c.env.Words.Count("screen.conflicts.settled", c.total, "done", len(c.settled)), Done: c.text("screen.conflicts.done")}
	for i, conflict := range c.item.Conflicts() {
		s.Fields = append(s.Fields, c.row(i, conflict))
	}
	if len(c.settled) > 0 && !c.busy {
		s.Undo = c.text("screen.vault.undo")
	}
	return s
}

func (c *Conflicts) row(i int, conflict vault.Past) ConflictRow {
	index := strconv.Itoa(i)
	typed := time.UnixMilli(conflict.Time).Local()
	return ConflictRow{
		ID: index, Label: labelOf(c.env.Words, &c.item, conflict.Field),
		Kept:  c.side(keptSide+index, c.text("screen.conflicts.kept"), conflict.Field),
		Other: c.side(otherSide+index, c.text("screen.conflicts.other", "time", c.env.Words.DateTime(typed)), conflict.Field),
	}
}

func (c *Conflicts) side(name, label string, field vault.Field) ConflictSide {
	value := c.bytes(name)
	side := ConflictSide{ID: name, Label: label, Empty: value.IsZero(), Secret: typeOf(&c.item, field).Secret(),
		Revealed: c.revealed.shown(name), Choose: c.text("screen.conflicts.choose")}
	if side.Empty {
		side.Value, side.Secret = c.text("screen.conflicts.empty"), false
	} else if !side.Secret {
		side.Value = string(value.Reveal())
	}
	return side
}

// bytes lends the value of a side.
func (c *Conflicts) bytes(side string) secret.Bytes {
	for i, conflict := range c.item.Conflicts() {
		switch side {
		case keptSide + strconv.Itoa(i):
			return valueOf(&c.item, conflict.Field)
		case otherSide + strconv.Itoa(i):
			return conflict.Value
		}
	}
	return secret.Bytes{}
}

// Reveal shows a secret for a while, or hides it again.
func (c *Conflicts) Reveal(side string) { c.revealed.toggle(side) }

// Secret is a copy of a revealed secret, for the view to draw and wipe; nothing while it is hidden.
func (c *Conflicts) Secret(side string) secret.Bytes {
	if !c.revealed.shown(side) {
		return secret.Bytes{}
	}
	return c.bytes(side).Clone()
}

// Choose settles a field: with the value typed elsewhere, or with the one that the item has. The one that is not chosen goes into
// the history.
func (c *Conflicts) Choose(row string, other bool) {
	open := c.item.Conflicts()
	i, err := strconv.Atoi(row)
	if err != nil || i < 0 || i >= len(open) || c.busy {
		return
	}
	conflict := open[i]
	conflict.Value = conflict.Value.Clone()
	choice := settled{conflict, valueOf(&c.item, conflict.Field).Clone()}
	c.work(func(ctx context.Context) error {
		return c.vault.ResolveConflict(ctx, c.item.ID, conflict, other)
	}, func() { c.settled = append(c.settled, choice) })
}

// Undo makes the last choice a question again.
func (c *Conflicts) Undo() {
	if len(c.settled) == 0 || c.busy {
		return
	}
	last := c.settled[len(c.settled)-1]
	item := c.item.Clone()
	c.work(func(ctx context.Context) error {
		defer item.Wipe()
		reopen(&item, last)
		saved, err := c.vault.Save(ctx, item)
		saved.Wipe()
		return err
	}, func() { c.settled = c.settled[:len(c.settled)-1] })
}

// reopen gives the field the value it had, and asks about the other one again.
func reopen(item *vault.Item, choice settled) {
	setValue(item, choice.conflict.Field, choice.before.Clone())
	for i := range item.History {
		p := &item.History[i]
		if p.Field == choice.conflict.Field && p.Time == choice.conflict.Time && p.Device == choice.conflict.Device && p.Value.Equal(choice.conflict.Value) {
			p.Conflict = true
			return
		}
	}
}

// work changes the vault and reads the item again.
func (c *Conflicts) work(change func(context.Context) error, done func()) {
	c.busy, c.problem = true, Message{}
	item := c.item.ID
	RunOwned(c.run, func(ctx context.Context) (vault.Item, error) {
		if err := change(ctx); err != nil {
			return vault.Item{}, err
		}
		return c.vault.Get(ctx, item)
	}, func(it vault.Item, err error) {
		c.busy, c.problem = false, explain(c.env.Words, err)
		if err == nil {
			c.revealed.hideAll()
			c.item.Wipe()
			c.item = it
			done()
		}
		c.changed()
	}, func(it vault.Item) { it.Wipe() })
	c.changed()
}
