package screen

import (
	"context"
	"slices"
	"time"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
)

// GeneratorHistory is what was generated on this PC and used.
type GeneratorHistory struct {
	Label   string // "Generator history (3)"; empty while there is nothing
	Open    bool
	Rows    []GeneratedRow // the newest first
	Removed string         // "3 removed", while that can be undone
	Problem Message
}

// GeneratedRow is something made earlier. Its value is Generator.HistorySecret.
type GeneratedRow struct {
	ID       string
	When     string // with the item that it was made for, if that is known
	Revealed bool
}

// past is the history while the generator is open. Every value in it is its own.
type past struct {
	entries  []session.Generated // the newest last
	removed  []session.Generated // what Undo brings back
	revealed revealer
	open     bool
	loading  bool // it is being read
	busy     bool // something is being written
	problem  Message
}

func (p *past) begin(run *Runner, changed func()) { p.revealed.begin(run, changed) }

// add takes ownership of the value.
func (p *past) add(kept id.ID, value secret.Bytes, time int64) {
	p.entries = append(p.entries, session.Generated{ID: kept, Value: value, Time: time})
	if len(p.entries) > session.MaxGenerated {
		p.entries[0].Value.Wipe()
		p.entries = p.entries[1:]
	}
}

// get lends a value.
func (p *past) get(kept string) secret.Bytes {
	for _, e := range p.entries {
		if e.ID.String() == kept {
			return e.Value
		}
	}
	return secret.Bytes{}
}

// remove moves entries to what can be brought back.
func (p *past) remove(ids []id.ID) {
	session.WipeGenerated(p.removed)
	p.removed = nil
	p.entries = slices.DeleteFunc(slices.Clone(p.entries), func(e session.Generated) bool {
		gone := slices.Contains(ids, e.ID)
		if gone {
			p.removed = append(p.removed, e)
		}
		return gone
	})
}

func (p *past) wipe() {
	session.WipeGenerated(p.entries)
	session.WipeGenerated(p.removed)
	p.entries, p.removed = nil, nil
}

// loadHistory reads the history; until it is there the generator has none but what is used meanwhile.
func (g *Generator) loadHistory() {
	g.past.loading = true
	RunOwned(g.run, g.config.Store.Generated, func(all []session.Generated, err error) {
		g.past.loading = false
		if g.past.problem = explain(g.env.Words, err); err == nil {
			// What was used meanwhile is in both.
			all = slices.DeleteFunc(all, func(e session.Generated) bool { return !g.past.get(e.ID.String()).IsZero() })
			g.past.entries = append(all, g.past.entries...)
		}
		g.changed()
	}, session.WipeGenerated)
}

// ToggleHistory shows or hides what was made before. Once it is hidden, what was removed is gone.
func (g *Generator) ToggleHistory() {
	g.past.open = !g.past.open
	g.past.revealed.hideAll()
	g.past.remove(nil)
	g.changed()
}

// RevealHistory shows one of them for a while, or hides it again.
func (g *Generator) RevealHistory(kept string) { g.past.revealed.toggle(kept) }

// HistorySecret is a copy of one that is revealed, for the view to draw and wipe; nothing while it is hidden.
func (g *Generator) HistorySecret(kept string) secret.Bytes {
	if !g.past.revealed.shown(kept) {
		return secret.Bytes{}
	}
	return g.past.get(kept).Clone()
}

// CopyHistory puts one of them on the clipboard.
func (g *Generator) CopyHistory(kept string) {
	if value := g.past.get(kept); !value.IsZero() {
		g.config.Copied(value.Clone())
	}
}

// RemoveHistory removes one of them; UndoHistory brings it back.
func (g *Generator) RemoveHistory(kept string) {
	for _, e := range g.past.entries {
		if e.ID.String() == kept {
			g.drop([]id.ID{e.ID})
		}
	}
}

// ClearHistory removes all of them; UndoHistory brings them back.
func (g *Generator) ClearHistory() {
	var ids []id.ID
	for _, e := range g.past.entries {
		ids = append(ids, e.ID)
	}
	g.drop(ids)
}

func (g *Generator) drop(ids []id.ID) {
	g.write(func(ctx context.Context) error { return g.config.Store.DropGenerated(ctx, ids...) }, func() {
		g.past.remove(ids)
		if slices.Contains(ids, g.kept) {
			g.kept = id.ID{} // used once more, it is history once more
		}
	})
}

// UndoHistory brings back what was removed last.
func (g *Generator) UndoHistory() {
	back := make([]session.Generated, len(g.past.removed))
	for i, e := range g.past.removed {
		e.Value = e.Value.Clone() // the generator may be left, and wiped, while it is written
		back[i] = e
	}
	g.write(func(ctx context.Context) error {
		defer session.WipeGenerated(back)
		return g.config.Store.KeepGenerated(ctx, back...)
	}, func() {
		g.past.entries = append(g.past.entries, g.past.removed...)
		slices.SortStableFunc(g.past.entries, func(a, b session.Generated) int { return time.UnixMilli(a.Time).Compare(time.UnixMilli(b.Time)) })
		g.past.removed = nil
	})
}

// write changes what is kept, one change at a time, and what is shown after that. What is removed while the history is read would be
// read once more.
func (g *Generator) write(work func(context.Context) error, done func()) {
	if g.past.busy || g.past.loading {
		return
	}
	g.past.busy = true
	Run(g.run, func(ctx context.Context) (struct{}, error) { return struct{}{}, work(ctx) }, func(_ struct{}, err error) {
		g.past.busy = false
		if g.past.problem = explain(g.env.Words, err); err == nil {
			done()
		}
		g.changed()
	})
}

func (g *Generator) historyState() GeneratorHistory {
	p := &g.past
	h := GeneratorHistory{Open: p.open, Problem: p.problem}
	if len(p.entries) > 0 {
		h.Label = g.env.Words.Count("screen.generator.history", len(p.entries))
	}
	if len(p.removed) > 0 {
		h.Removed = g.env.Words.Count("screen.generator.removed", len(p.removed))
	}
	if !p.open {
		return h
	}
	for _, e := range slices.Backward(p.entries) {
		row := GeneratedRow{ID: e.ID.String(), When: g.env.Words.DateTime(time.UnixMilli(e.Time).Local()), Revealed: p.revealed.shown(e.ID.String())}
		if name := g.nameOf(e.Item); name != "" {
			row.When = g.text("screen.generator.usedFor", "time", row.When, "item", name)
		}
		h.Rows = append(h.Rows, row)
	}
	return h
}

func (g *Generator) nameOf(item id.ID) string {
	if item.IsZero() {
		return ""
	}
	return g.config.NameOf(item)
}
