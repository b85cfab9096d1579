package sim

import (
	"errors"
	"fmt"
	"slices"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/internal/sqlite"
	"github.com/coffer-vault/coffer/sync/chain"
	"github.com/coffer-vault/coffer/vault"
)

// maxRounds bounds how often everybody may sync until nothing is left to do.
const maxRounds = 15

// settle heals the network, lets every device sync until nothing moves, and looks at what is left.
func (w *world) settle() {
	w.server.fuse = 0
	w.net.changes++ // nobody was brought in step yet
	w.net.climate = weather{}
	for _, d := range w.devices {
		d.link.down, d.link.troubled = false, false
		d.both(func() {
			if d.editor != nil && d.open() {
				w.saveEditor(d)
			}
		})
		if w.together && w.random.IntN(2) == 0 {
			d.beside(d.lock)
		}
	}
	w.net.arrive(len(w.net.flying))
	w.finishRecoveries()
	for range maxRounds {
		if w.round() || w.failure != nil {
			w.judgeEnd()
			return
		}
	}
	w.fail("restless", fmt.Errorf("not in step after %d rounds", maxRounds))
}

// finishRecoveries has people go on with recoveries that rest: nobody else may know the Secret Key that one of them has brought.
func (w *world) finishRecoveries() {
	for _, d := range w.devices {
		if len(d.manager.PendingRecoveries()) > 0 {
			d.both(d.lock)
			w.goOn(d)
		}
	}
}

// round has every program sync once, and tells whether all are in step then.
func (w *world) round() bool {
	w.programs(w.bring)
	rest := true
	// Of a change of the account that one of them has just made, those before it have not heard.
	w.programs(func(d *device) { rest = rest && d.brought == w.net.changes && w.inStep(d) })
	return rest
}

// programs does something in each program that is to be in step at the end: the app on every device, and what is open beside it.
func (w *world) programs(do func(*device)) {
	for _, d := range w.devices {
		if do(d); d.other.u != nil {
			d.beside(func() { do(d) })
		}
	}
}

// bring syncs once, with whatever that asks of a person, unless nothing can have come of it since the last time.
func (w *world) bring(d *device) {
	if d.brought == w.net.changes && w.inStep(d) {
		return
	}
	defer func() { d.brought = w.net.changes }()
	if d.open() && errors.Is(w.sync(d), session.ErrKeysChanged) {
		w.adopt(d)
	}
	if d.u != nil && d.u.Status().State == session.Synced {
		w.carry(d)
	}
}

// inStep tells whether a device has what the server has, and nothing that waits. One that was ended needs no more.
func (w *world) inStep(d *device) bool {
	if d.account.IsZero() {
		return true
	}
	if d.u == nil {
		return false
	}
	status := d.u.Status()
	if status.State != session.Synced {
		return errors.Is(status.Err, session.ErrDeviceRevoked)
	}
	pin, err := d.u.Vault().Pin(w.ctx)
	if err != nil {
		w.fail("pin", err)
	}
	return pin.Hash == w.serverHead().Hash && w.pending(d) == 0 && w.filesAtRest(d) && !status.Notices.Changing
}

func (w *world) serverHead() chain.Head {
	head, _, err := w.server.cloud.Vaults.Head(w.ctx, cloud.Caller{Account: w.account}, w.vault)
	if err != nil {
		w.fail("server", err)
	}
	return head
}

func (w *world) serverState() serverState {
	state, err := w.server.state(w.account, w.vault)
	if err != nil {
		w.fail("server", err)
	}
	return state
}

// split tells the devices that are in the account at the end from those that were ended.
func (w *world) split() (live, removed []*device) {
	for _, d := range w.devices {
		switch {
		case d.u == nil:
		case errors.Is(d.u.Status().Err, session.ErrDeviceRevoked):
			removed = append(removed, d)
		default:
			live = append(live, d)
		}
	}
	return live, removed
}

// judgeEnd is the oracle, once everything has come to rest.
func (w *world) judgeEnd() {
	live, removed := w.split()
	if len(live) == 0 {
		w.fail("devices", errors.New("no device is left"))
		return
	}
	state := w.serverState()
	if state.claimed != state.rows {
		w.fail("root", errors.New("the server's rows do not give the root of its head"))
	}
	first := w.model.held(live[0].u)
	w.programs(func(d *device) {
		if slices.Contains(live, d) {
			w.judgeProgram(d, state, live[0], first)
		}
	})
	w.note("at rest: %d devices, %d items, %d commits, root %x", len(live), len(first.items), state.head.Seq, state.rows[:4])
	w.judgeNewcomer(live[0], first)
	w.judgeValues(first, removed)
	w.judgeConflicts(first)
	w.judgeNewest(first)
	w.judgeDeleted(first, live)
	w.judgeFiles(live, removed)
}

// judgeProgram looks at one program on a device, which has to show what the first device has.
func (w *world) judgeProgram(d *device, state serverState, one *device, first holdings) {
	if !d.focus() {
		w.fail("rekeyed", fmt.Errorf("the keys of %s changed at rest", d.name))
		return
	}
	held := first
	if d.u != first.u {
		held = w.model.held(d.u)
		w.judgeSame(one, first, d, held)
	}
	w.judgeState(d, state)
	w.judgeIndex(d, held)
}

func (w *world) judgeState(d *device, state serverState) {
	if err := d.u.Verify(w.ctx); err != nil {
		w.fail("verify", fmt.Errorf("%s: %w", d.name, err))
	}
	pin, err := d.u.Vault().Pin(w.ctx)
	if err != nil || chain.Hash(pin.Root) != state.rows || pin.Seq != state.head.Seq {
		w.fail("root", fmt.Errorf("%s is at %d, the server at %d, %w", d.name, pin.Seq, state.head.Seq, err))
	}
	if sent, err := w.inFlight(d); sent || err != nil {
		w.fail("outbox", fmt.Errorf("%s has a push in flight: %v, %w", d.name, sent, err))
	}
}

// inFlight looks into the file for a push that was not settled.
func (w *world) inFlight(d *device) (sent bool, err error) {
	db, err := sqlite.Open(w.ctx, d.paths().Account(d.account), sqlite.Options{ReadOnly: true})
	if err != nil {
		return false, err
	}
	err = db.QueryRowContext(w.ctx, `SELECT EXISTS (SELECT 1 FROM outbox)`).Scan(&sent)
	return sent, errors.Join(err, db.Close())
}

func (w *world) judgeSame(a *device, first holdings, b *device, second holdings) {
	for _, object := range both(first.text, second.text) {
		if first.text[object] != second.text[object] {
			w.fail("diverged", fmt.Errorf("%s has\n%s\n%s has\n%s", a.name, first.text[object], b.name, second.text[object]))
			return
		}
	}
}

// judgeNewcomer has a new device read the whole account, in some histories: it believes nothing that does not verify from the start.
func (w *world) judgeNewcomer(from *device, everywhere holdings) {
	for _, d := range w.devices {
		if !d.account.IsZero() || w.random.IntN(4) > 0 {
			continue
		}
		w.join(d, from)
		if d.u == nil {
			w.fail("newcomer", fmt.Errorf("%s could not join", d.name))
			return
		}
		w.judgeSame(from, everywhere, d, w.model.held(d.u))
		w.judgeState(d, w.serverState())
	}
}

func both(a, b map[id.ID]string) []id.ID {
	var all []id.ID
	for object := range a {
		all = append(all, object)
	}
	for object := range b {
		all = append(all, object)
	}
	slices.SortFunc(all, func(a, b id.ID) int { return slices.Compare(a[:], b[:]) })
	return slices.Compact(all)
}

// judgeIndex compares what lists show with what is stored.
func (w *world) judgeIndex(d *device, held holdings) {
	shown := map[id.ID]bool{}
	for _, f := range []vault.Filter{{}, {Archive: true}, {Trash: true}} {
		for _, s := range d.u.Vault().Query(f) {
			it, ok := held.items[s.ID]
			shown[s.ID] = true
			if s.Unreadable || !ok || it.Title != s.Title || it.TrashedAt != s.TrashedAt || len(it.Conflicts()) > 0 != s.Conflict {
				w.fail("index", fmt.Errorf("%s lists %q, unreadable %v, which is not what it has", d.name, s.Title, s.Unreadable))
			}
		}
	}
	for _, f := range d.u.Vault().Folders() {
		shown[f.ID] = true
	}
	if len(shown) != len(held.items) {
		w.fail("index", fmt.Errorf("%s lists %d of %d items", d.name, len(shown), len(held.items)))
	}
}

// judgeValues demands every value that nobody gave up. What a device typed and had not sent when it was ended has to be on its disk.
func (w *world) judgeValues(everywhere holdings, removed []*device) {
	own := map[*device]holdings{}
	for _, d := range removed {
		own[d] = w.model.held(d.u)
	}
	for _, t := range w.model.typed {
		held, ended := own[t.device]
		t.unsent = ended && !t.synced && (t.value == "" || !everywhere.values[t.value])
		switch {
		case t.value == "" || t.given != "" || everywhere.values[t.value] || t.unsent && held.values[t.value]:
		default:
			w.fail("lost", fmt.Errorf("%s, typed on %s into %s of %s, is nowhere", t.value, t.device.name, t.field, t.item))
		}
	}
}

// judgeConflicts refuses questions that nobody has a reason to ask: of two values of which one replaced the other knowingly.
func (w *world) judgeConflicts(everywhere holdings) {
	for object, it := range everywhere.items {
		now := contentOf(&it)
		for _, p := range it.Conflicts() {
			other, present := w.model.newest[string(p.Value.Reveal())], w.model.newest[now[string(p.Field)]]
			// After a deletion there is no common version: whatever differs is asked.
			if other == nil || present == nil || w.model.deleted[object] || w.model.reused[object.String()+string(p.Field)] {
				continue
			}
			if other == present || present.knows(other) || other.knows(present) {
				w.fail("false conflict", fmt.Errorf("%s of %s: %q against %q", p.Field, it.Title, other.value, present.value))
			}
		}
	}
}

// knows tells whether who typed w had seen the other, or one that came after it.
func (w *write) knows(other *write) bool {
	return slices.ContainsFunc(w.replaced, func(r *write) bool { return r == other || r.knows(other) })
}

// judgeNewest demands that no field shows a value that somebody has replaced knowingly: a stale edit must not win over a newer one.
func (w *world) judgeNewest(everywhere holdings) {
	for _, t := range w.model.typed {
		it, there := everywhere.items[t.item]
		present := w.model.newest[contentOf(&it)[t.field]]
		// What was deleted comes back as it was at the device that had edited it.
		if !there || present == nil || t.unsent || w.model.deleted[t.item] || w.model.reused[t.item.String()+t.field] {
			continue
		}
		if t.knows(present) && !w.model.removed(t) {
			w.fail("stale", fmt.Errorf("%s of %s is %q, which %q had replaced on %s", t.field, it.Title, present.value, t.value, t.device.name))
		}
	}
}

// judgeDeleted demands that an item stays away that somebody deleted who had every change of it.
func (w *world) judgeDeleted(everywhere holdings, live []*device) {
	for _, g := range w.model.gone {
		if _, back := everywhere.items[g.item]; back && (g.synced || slices.Contains(live, g.device)) {
			w.fail("back", fmt.Errorf("%s, which was deleted on %s, is there", g.title, g.device.name))
		}
	}
}
