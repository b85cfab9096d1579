// Package audit is the security check of an unlocked vault: it opens one item after the other, in the background, and remembers what is
// to be said of each.
//
//	vault.Change ──▶ Changed ──▶ due ──Work──▶ Get, look, wipe ──▶ records ──▶ Of, Result
//
// What a reviewer can check:
//
//   - The whole vault and a single edit take the same way: the first is only a longer list of what is due.
//   - Of a password nothing is remembered but 64 bits of an HMAC under a key that is random for each Auditor and wiped by Close. They
//     tell equal passwords, and are worth nothing without the key. By accident two of 100,000 are equal once in a billion vaults.
//   - One item is open at a time, so memory does not grow with the vault but for some 100 bytes an item.
package audit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault"
)

// Source is the unlocked vault. Get returns vault.ErrClosed once it is locked.
type Source interface {
	Get(ctx context.Context, item id.ID) (vault.Item, error)
	Query(vault.Filter) []*vault.Summary
}

// Leaks knows which passwords were found in breaches. Times answers from memory, at once, and borrows the item.
type Leaks interface {
	Times(it *vault.Item) int
}

// NoLeaks knows of none.
type NoLeaks struct{}

// Times is always 0.
func (NoLeaks) Times(*vault.Item) int { return 0 }

// Auditor keeps the findings of one vault up to date. Its methods may be called by several goroutines at once.
type Auditor struct {
	vault Source
	leaks Leaks
	now   func() time.Time
	key   secret.Bytes // of the HMAC; read in Work alone, wiped when none runs any more

	working sync.Mutex // one Work at a time

	mu      sync.RWMutex
	closed  bool
	due     map[id.ID]bool
	looking bool // at an item that is not due any more
	done    int  // since nothing was due
	records map[id.ID]record
	groups  map[mark]group
	result  Result
}

// record is what is remembered of an item. Whether its password is used twice is a matter of its group.
type record struct {
	mark           mark // 0: it has no password
	site           mark
	times          uint32 // in breaches
	since          int64
	found, ignored Findings
}

// group is the items with one password.
type group struct {
	items  []id.ID
	spread bool // over more than one site
}

// Entry is what is to be said of an item.
type Entry struct {
	Findings Findings  // but for those that are ignored
	Ignored  Findings  // found, and called no problem
	Since    time.Time // when the password was set, as far as known; zero without one
	Breaches int       // how often the password was found
}

// New returns an Auditor that has nothing to do yet.
func New(v Source, leaks Leaks, now func() time.Time) *Auditor {
	return &Auditor{
		vault: v, leaks: leaks, now: now, key: secret.Random(32),
		due: make(map[id.ID]bool), records: make(map[id.ID]record), groups: make(map[mark]group),
	}
}

// Close forgets everything, once a Work that runs has ended: cancel its context first.
func (a *Auditor) Close() {
	a.mu.Lock()
	a.closed = true
	a.due, a.records, a.groups, a.result = nil, nil, nil, Result{}
	a.mu.Unlock()
	a.working.Lock()
	defer a.working.Unlock()
	a.key.Wipe()
}

// Changed notes which items are to be examined again.
func (a *Auditor) Changed(c vault.Change) {
	objects := slices.Clip(c.Objects)
	if c.All {
		for _, s := range a.vault.Query(vault.Filter{}) {
			if examined(s.Kind) {
				objects = append(objects, s.ID)
			}
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return
	}
	for _, object := range objects {
		a.due[object] = true
	}
	if c.All { // what is gone or put away has to be forgotten
		for item := range a.records {
			a.due[item] = true
		}
	}
	a.result.Left = a.left()
}

// left is how many items are not examined yet.
func (a *Auditor) left() int {
	if a.looking {
		return len(a.due) + 1
	}
	return len(a.due)
}

// Work tells how far it is after so many items, and about so often in all.
const tellEach, tellTimes = 250, 40

// Work examines what is due, and what becomes due meanwhile, and calls tell as it goes on and at the end. What is left when it fails is
// examined by the next Work. Errors: the context's, vault.ErrClosed, and those of the store.
func (a *Auditor) Work(ctx context.Context, tell func()) error {
	a.working.Lock()
	defer a.working.Unlock()
	each := max(tellEach, a.Result().Left/tellTimes)
	for n := 1; ; n++ {
		item, ok := a.next()
		if !ok {
			break
		}
		if err := a.examine(ctx, item); err != nil {
			a.again(item)
			return fmt.Errorf("check item: %w", err)
		}
		if n%each == 0 {
			a.count()
			tell()
		}
	}
	a.count()
	tell()
	return nil
}

// next takes an item off the list before it is read: an edit from then on puts it there again.
func (a *Auditor) next() (id.ID, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for item := range a.due {
		delete(a.due, item)
		a.looking = true
		a.done++
		return item, true
	}
	a.done = 0
	return id.ID{}, false
}

func (a *Auditor) again(item id.ID) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.looking = false
	if !a.closed {
		a.due[item] = true
		a.done--
	}
}

func (a *Auditor) examine(ctx context.Context, item id.ID) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	it, err := a.vault.Get(ctx, item)
	switch {
	case errors.Is(err, vault.ErrNotFound), errors.Is(err, vault.ErrMissing), errors.Is(err, vault.ErrUnreadable):
		a.put(item, record{}, false)
		return nil
	case err != nil:
		return err
	}
	defer it.Wipe()
	r, counts := a.look(&it)
	a.put(item, r, counts)
	return nil
}

// put replaces what is remembered of an item, and its place among those with the same password.
func (a *Auditor) put(item id.ID, r record, counts bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.looking = false
	if a.closed {
		return
	}
	if before, known := a.records[item]; known {
		a.leave(before.mark, item)
		delete(a.records, item)
	}
	if counts {
		a.records[item] = r
		a.join(item, r)
	}
}

func (a *Auditor) join(item id.ID, r record) {
	if r.mark == 0 {
		return
	}
	g := a.groups[r.mark]
	if len(g.items) > 0 {
		g.spread = g.spread || a.records[g.items[0]].site != r.site
	}
	g.items = append(g.items, item)
	a.groups[r.mark] = g
}

func (a *Auditor) leave(m mark, item id.ID) {
	g, ok := a.groups[m]
	if !ok {
		return
	}
	g.items = slices.DeleteFunc(g.items, func(i id.ID) bool { return i == item })
	if len(g.items) == 0 {
		delete(a.groups, m)
		return
	}
	first := a.records[g.items[0]].site
	g.spread = g.spread && slices.ContainsFunc(g.items, func(i id.ID) bool { return a.records[i].site != first })
	a.groups[m] = g
}

// findings is what was found of an item, ignored or not.
func (a *Auditor) findings(r record) Findings {
	if r.mark != 0 && a.groups[r.mark].spread {
		return r.found | setOf(vault.FindingReused)
	}
	return r.found
}

// Of is what is to be said of an item; zero of one that was not examined.
func (a *Auditor) Of(item id.ID) Entry {
	a.mu.RLock()
	defer a.mu.RUnlock()
	r, ok := a.records[item]
	if !ok {
		return Entry{}
	}
	found := a.findings(r)
	e := Entry{Findings: found &^ r.ignored, Ignored: found & r.ignored, Breaches: int(r.times)}
	if r.mark != 0 {
		e.Since = time.UnixMilli(r.since)
	}
	return e
}

// Twins are the other items with the password of an item, in no order.
func (a *Auditor) Twins(item id.ID) []id.ID {
	a.mu.RLock()
	defer a.mu.RUnlock()
	r, ok := a.records[item]
	if !ok || r.mark == 0 {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(a.groups[r.mark].items), func(i id.ID) bool { return i == item })
}

// WithWeak is the entry of an item of which somebody else has just found out whether its password is weak.
func (e Entry) WithWeak(weak bool, it *vault.Item) Entry {
	of := setOf(vault.FindingWeak)
	e.Findings, e.Ignored = e.Findings&^of, e.Ignored&^of
	switch {
	case !weak:
	case slices.Contains(it.Ignored, vault.FindingWeak):
		e.Ignored |= of
	default:
		e.Findings |= of
	}
	return e
}
