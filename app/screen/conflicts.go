package screen

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault"
)

// ConflictsState shows, for every field that two devices changed, both values side by side.
type ConflictsState struct {
	Title   string // of the item or folder
	Body    string
	Fields  []ConflictRow
	Settled []SettledRow
	Decided string // how many were decided already, here and elsewhere: "1 of 3 decided"; empty where another device did it all
	Done    string // label of the way back, or on; empty where there is none
	Loading bool
	Busy    bool
	Problem Message
}

// ConflictRow is one field with its two values. Choose and KeepBoth take its ID.
type ConflictRow struct {
	ID    string
	Label string
	Kept  ConflictSide // what the item has now
	Other ConflictSide // what was typed elsewhere
	Both  string       // label of the button that keeps both
}

// ConflictSide is one of two values. The value of a secret is not in it: ask Conflicts.Secret while Revealed is true.
type ConflictSide struct {
	ID       string
	Label    string // "In your vault", "The other value"
	Who      string // "Laptop · 20 September 2026, 00:50"; empty where nobody knows
	Value    string
	Empty    bool
	Secret   bool
	Revealed bool
	Choose   string // label of the button
}

// SettledRow is a field that was decided. Undo takes its ID.
type SettledRow struct {
	ID     string
	Label  string
	Choice string // "The other value is used."
	Undo   string // label of the button
}

// Conflicts lets the person choose between two values that two devices typed, or keep both.
type Conflicts struct {
	model[ConflictsState]
	config   ConflictsConfig
	item     vault.Item
	loading  bool
	revealed revealer

	settled []settled
	seen    map[string]vault.Field // what was to be decided since the screen was opened, by its ID
	busy    bool
	problem Message
	changes atomic.Int64 // of the item in the vault, so far
	cancel  func()       // the reading that is under way
	release func()       // ends the subscription
}

// ConflictsConfig says what is decided and what follows. The functions are called on the UI goroutine.
type ConflictsConfig struct {
	Vault   *vault.Vault
	Item    id.ID                   // an item or a folder
	Devices func() map[id.ID]string // the names of the account's devices
	Here    id.ID                   // this device
	Next    func() bool             // whether Done leads on to another item that is undecided yet; nil where it leads back to the item
	Done    func()
}

// settled is a choice that can be undone.
type settled struct {
	id       string
	conflict vault.Past
	before   secret.Bytes // the field's value until then
	choice   string       // key of the sentence
}

func (s *settled) clone() settled {
	c := *s
	c.before, c.conflict.Value = s.before.Clone(), s.conflict.Value.Clone()
	return c
}

func (s *settled) wipe() {
	s.before.Wipe()
	s.conflict.Value.Wipe()
}

const (
	keptSide  = "kept/"
	otherSide = "other/"
)

// NewConflicts opens the item and shows it.
func NewConflicts(env *Env, config ConflictsConfig) *Conflicts {
	c := &Conflicts{config: config, seen: map[string]vault.Field{}}
	c.begin(env, c.view)
	c.revealed.begin(c.run, c.changed)
	c.release = config.Vault.Subscribe(func(change vault.Change) {
		if change.All || slices.Contains(change.Objects, config.Item) {
			c.changes.Add(1)
			env.Post(c.reload)
		}
	})
	c.reload()
	return c
}

// Leave wipes both sides.
func (c *Conflicts) Leave() {
	c.release()
	c.model.Leave()
	c.item.Wipe()
	for i := range c.settled {
		c.settled[i].wipe()
	}
}

// Done leads back to the item, or on to the next one.
func (c *Conflicts) Done() { c.config.Done() }

// reload reads the item again, after it has changed. What is shown stays until then.
func (c *Conflicts) reload() {
	if c.busy || c.run.Stopped() {
		return // what is under way reads it, or again
	}
	c.loading = true
	c.read(func(context.Context) error { return nil }, func() {}, func() {})
}

// conflictID names a conflict for as long as it is open. No value is in it: it may stay in memory.
func conflictID(p vault.Past) string { return fmt.Sprintf("%s@%d@%s", p.Field, p.Time, p.Device) }

func (c *Conflicts) view() ConflictsState {
	if c.item.ID.IsZero() {
		return ConflictsState{Loading: c.loading, Problem: c.problem, Done: c.doneLabel()}
	}
	open := c.item.Conflicts()
	s := ConflictsState{Title: titleOf(c.env.Words, c.item.Title), Body: c.text("screen.conflicts.body"), Loading: c.loading, Busy: c.busy, Problem: c.problem,
		Decided: c.decided(open), Done: c.doneLabel()}
	for _, conflict := range open {
		s.Fields = append(s.Fields, c.row(conflict))
	}
	for _, done := range c.settled {
		s.Settled = append(s.Settled, SettledRow{
			ID: done.id, Label: labelOf(c.env.Words, &c.item, done.conflict.Field), Choice: c.text("screen.conflicts.chosen." + done.choice), Undo: c.text("screen.vault.undo"),
		})
	}
	switch {
	case len(open) > 0 || c.loading:
	case len(c.settled) > 0:
		s.Body = c.text("screen.conflicts.allDecided")
	default:
		s.Body, s.Decided = c.text("screen.conflicts.elsewhere"), ""
	}
	return s
}

// decided says how many were decided, and how many of them not here.
func (c *Conflicts) decided(open []vault.Past) string {
	elsewhere := 0
	for name, field := range c.seen {
		// A value that was typed again takes the place of the one that waited: its field waits still.
		waits := slices.ContainsFunc(open, func(p vault.Past) bool { return p.Field == field })
		if !waits && !slices.ContainsFunc(c.settled, func(s settled) bool { return s.id == name }) {
			elsewhere++
		}
	}
	done := len(c.settled) + elsewhere
	decided := c.env.Words.Count("screen.conflicts.decided", len(open)+done, "done", done)
	if elsewhere == 0 {
		return decided
	}
	return c.text("screen.conflicts.decidedElsewhere", "decided", decided, "n", elsewhere)
}

func (c *Conflicts) doneLabel() string {
	switch {
	case c.config.Next == nil:
		return c.text("screen.conflicts.done")
	case c.config.Next():
		return c.text("screen.conflicts.next")
	case len(c.item.Conflicts()) == 0:
		return c.text("screen.close")
	}
	return "" // it is the only one, and waits
}

func (c *Conflicts) row(conflict vault.Past) ConflictRow {
	name := conflictID(conflict)
	kept := c.side(keptSide+name, c.text("screen.conflicts.kept"), conflict.Field)
	if at, device, known := c.item.TypedAt(conflict.Field); known {
		kept.Who = c.who(at, device)
	}
	other := c.side(otherSide+name, c.text("screen.conflicts.other"), conflict.Field)
	other.Who = c.who(conflict.Time, conflict.Device)
	return ConflictRow{ID: name, Label: labelOf(c.env.Words, &c.item, conflict.Field), Kept: kept, Other: other, Both: c.text("screen.conflicts.both")}
}

// who says where a value was typed, and when that device says it was.
func (c *Conflicts) who(at int64, device id.ID) string {
	name := c.config.Devices()[device]
	switch {
	case device == c.config.Here:
		name = c.text("screen.conflicts.here")
	case name == "":
		name = c.text("screen.conflicts.someDevice")
	}
	return c.text("screen.conflicts.who", "device", name, "time", c.env.Words.DateTime(time.UnixMilli(at).Local()))
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
	for _, conflict := range c.item.Conflicts() {
		switch side {
		case keptSide + conflictID(conflict):
			return valueOf(&c.item, conflict.Field)
		case otherSide + conflictID(conflict):
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
	choice := "kept"
	if other {
		choice = "other"
	}
	c.settle(row, choice, func(ctx context.Context, conflict vault.Past) error {
		return c.config.Vault.ResolveConflict(ctx, c.config.Item, conflict, other)
	})
}

// KeepBoth settles a field with both values: names and notes are joined, anything else gets a field of its own beside the first.
func (c *Conflicts) KeepBoth(row string) {
	c.settle(row, "both", func(ctx context.Context, conflict vault.Past) error {
		label := c.text("screen.conflicts.second", "field", labelOf(c.env.Words, &c.item, conflict.Field))
		return c.config.Vault.KeepBoth(ctx, c.config.Item, conflict, label)
	})
}

func (c *Conflicts) settle(row, choice string, settle func(context.Context, vault.Past) error) {
	open := c.item.Conflicts()
	i := slices.IndexFunc(open, func(p vault.Past) bool { return conflictID(p) == row })
	if i < 0 || c.busy {
		return
	}
	conflict := open[i]
	done := settled{row, conflict, valueOf(&c.item, conflict.Field), choice}
	done = done.clone()
	c.work(func(ctx context.Context) error { return settle(ctx, done.conflict) }, func() { c.settled = append(c.settled, done) }, done.wipe)
}

// Undo makes a choice a question again.
func (c *Conflicts) Undo(row string) {
	i := slices.IndexFunc(c.settled, func(s settled) bool { return s.id == row })
	if i < 0 || c.busy {
		return
	}
	last := c.settled[i].clone() // Leave wipes the other one, perhaps while this is written
	c.work(func(ctx context.Context) error {
		return c.config.Vault.ReopenConflict(ctx, c.config.Item, last.conflict, last.before)
	}, func() {
		last.wipe()
		c.settled = slices.DeleteFunc(c.settled, func(s settled) bool {
			if s.id == row {
				s.wipe()
			}
			return s.id == row
		})
	}, last.wipe)
}

// UndoLast makes the last choice a question again.
func (c *Conflicts) UndoLast() {
	if n := len(c.settled); n > 0 {
		c.Undo(c.settled[n-1].id)
	}
}

// work changes the vault and reads the item again, then either done or drop is called. A conflict that another device has settled
// meanwhile is no failure: the item is read and shown as it is.
func (c *Conflicts) work(change func(context.Context) error, done, drop func()) {
	c.busy, c.problem = true, Message{}
	gone := false
	c.read(func(ctx context.Context) error {
		err := change(ctx)
		if gone = errors.Is(err, vault.ErrNotFound); gone {
			return nil
		}
		return err
	}, func() {
		if gone {
			drop()
			return
		}
		done()
	}, drop)
}

// read changes the vault, reads the item and shows it, unless another reading has begun meanwhile: the newest is the last to be shown.
// drop is called in place of done where that failed or came too late; any goroutine may call it.
func (c *Conflicts) read(change func(context.Context) error, done, drop func()) {
	if c.cancel != nil {
		c.cancel()
	}
	var seen int64
	c.cancel = RunOwned(c.run, func(ctx context.Context) (vault.Item, error) {
		err := change(ctx)
		var it vault.Item
		if err == nil {
			seen = c.changes.Load()
			it, err = c.config.Vault.Get(ctx, c.config.Item)
		}
		if err != nil {
			drop() // who has left hears of no failure
		}
		return it, err
	}, func(it vault.Item, err error) {
		c.busy, c.loading = false, false
		c.problem = explain(c.env.Words, err)
		if err == nil {
			c.revealed.hideAll()
			c.item.Wipe()
			c.item = it
			for _, conflict := range it.Conflicts() {
				c.seen[conflictID(conflict)] = conflict.Field
			}
			done()
			if c.changes.Load() != seen {
				c.reload() // it changed after it was read
			}
		}
		c.changed()
	}, func(it vault.Item) {
		it.Wipe()
		drop()
	})
	c.changed()
}
