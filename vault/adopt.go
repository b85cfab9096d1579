package vault

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/coffer-vault/coffer/crypto/id"
)

// Adoption is another verified state of the vault than the one that was followed so far: the server went back or forked and the user
// goes on from there, or this file cannot be believed (docs/protocol.md §6, docs/adr/0005). What was here and differs becomes
// pending edits.
type Adoption struct {
	// Rows are the whole state table. The envelope may be left out of a row that is the one which the vault has.
	Rows []RemoteRow
	Pin  Pin // the zero Pin for an empty vault
	Log  []LogEntry
	// Common is the last commit that both histories have, and Passed are the adopted one's after it.
	Common uint64
	Passed []Passed
	// Ours and Theirs are the objects that were changed after Common, here and there. Nil: not known, any may have been.
	Ours, Theirs map[id.ID]bool
	// Arrived is the push in flight if its very commit is in the adopted history: only its answer was lost.
	Arrived id.ID
	// Outside says that the file was changed outside: what it calls synced means nothing, and only pending edits are kept.
	Outside bool
}

// Adopted says what an adoption did.
type Adopted struct {
	Kept      []id.ID // objects whose local content became an edit of the adopted state
	Conflicts []id.ID // of those, the ones where the user has to choose
	Forked    []id.ID // new items: local content that could not be merged with what does not open here
	SetAside  int     // local versions that do not open; they are kept in the file
}

// Adopt replaces the vault's synced state, in one transaction or not at all. Nothing that was typed here is dropped: what differs is
// pending afterwards, merged with the adopted state, and what does not open is set aside.
// Errors: ErrMissing for a row that differs and has no envelope, ErrClosed, the context's, and the Store's.
func (v *Vault) Adopt(ctx context.Context, a Adoption) (result Adopted, err error) {
	ctx, cancel := v.untilClosed(ctx)
	defer cancel()
	opened, err := v.openRows(ctx, slices.DeleteFunc(slices.Clone(a.Rows), func(r RemoteRow) bool { return r.Envelope == nil }))
	if err == nil {
		err = v.update(ctx, func(e *editing) error {
			adopting := &adopting{pulling: pulling{editing: e, opened: opened, moves: true}, Adoption: a}
			err := adopting.apply()
			result = adopting.report()
			return err
		})
	}
	if err != nil {
		return Adopted{}, fmt.Errorf("adopt state: %w", cause(ctx, err))
	}
	return result, nil
}

// adopting is the transaction of an adoption.
type adopting struct {
	pulling
	Adoption
	aside int
}

func (a *adopting) report() Adopted {
	return Adopted{Kept: a.result.Merged, Conflicts: a.result.Conflicts, Forked: a.result.Forked, SetAside: a.aside}
}

func (a *adopting) apply() error {
	if err := a.settleOutbox(); err != nil {
		return err
	}
	rows := make(map[id.ID]*RemoteRow, len(a.Rows))
	for i := range a.Rows {
		rows[a.Rows[i].Object] = &a.Rows[i]
	}
	different, err := a.different(rows)
	if err != nil {
		return err
	}
	for _, o := range different {
		if err := a.place(o, rows[o.ID]); err != nil {
			return fmt.Errorf("object %s: %w", o.ID, err)
		}
	}
	if err := a.tx.AppendLog(a.Log); err != nil {
		return err
	}
	if err := a.tx.ForgetPassed(a.cfg.Vault, a.Common); err != nil {
		return err
	}
	return a.move(a.Pin, a.Passed)
}

// settleOutbox acknowledges the push in flight, or gives it up. An edit that was made after it was sent is then one of what was sent, and
// replaces it.
func (a *adopting) settleOutbox() error {
	entry, found, err := a.tx.Outbox(a.cfg.Vault)
	if err != nil || !found {
		return err
	}
	if entry.Op == a.Arrived && !a.Outside {
		return a.acknowledge(entry.Op)
	}
	return a.dropOutbox()
}

// different returns the objects of the vault that are not as the rows say, new ones included.
func (a *adopting) different(rows map[id.ID]*RemoteRow) ([]Object, error) {
	var different []Object
	here := make(map[id.ID]bool, len(rows))
	err := a.tx.Objects(a.cfg.Vault, func(o Object) error {
		here[o.ID] = true
		row := rows[o.ID]
		edited := len(a.keys.Load().former) > 0 && o.Pending != nil
		if row == nil || !row.is(o.Base) || (o.Base.Envelope == nil && row.Envelope != nil) || edited {
			different = append(different, o)
		}
		return nil
	})
	for object := range rows {
		if !here[object] {
			different = append(different, Object{ID: object})
		}
	}
	return different, err
}

// is tells whether a version is the one that the row names.
func (r *RemoteRow) is(v Version) bool {
	return r.Revision == v.Revision && r.State == v.State && r.Hash == v.Hash
}

// place puts one object on its adopted base; row is nil for one that the server does not know.
func (a *adopting) place(o Object, row *RemoteRow) error {
	if row != nil && row.is(o.Base) {
		if err := a.sealAnew(&o); err != nil {
			return err
		}
		return a.fill(o, row.version())
	}
	var head Version
	if row != nil {
		head = row.version()
	}
	if head.State == Live && head.Envelope == nil {
		return ErrMissing
	}
	before := o
	o.Base, o.Ancestor = head, nil
	ours, theirs := a.Ours == nil || a.Ours[o.ID], a.Theirs == nil || a.Theirs[o.ID]
	switch {
	case o.Pending != nil && o.Pending.State == head.State && o.Pending.Hash == head.Hash:
		return a.settle(o) // it arrived after all
	case a.Outside:
		return a.again(o, nil)
	case ours && !theirs:
		return a.carry(o, before)
	case theirs && !ours && o.Pending != nil:
		return a.merge(o, before.madeFrom())
	case theirs && !ours:
		return a.settle(o)
	}
	return a.again(o, a.synced(before))
}

// sealAnew puts an edit of an object that is the same in both histories under the adopted one's key, where it is not.
func (a *adopting) sealAnew(o *Object) error {
	if len(a.keys.Load().former) == 0 || o.Pending == nil || o.Pending.State != Live {
		return nil
	}
	it, err := a.openKept(*o, *o.Pending)
	if err != nil || it == nil {
		return err
	}
	defer it.Wipe()
	sealed, err := a.sealPlaintext(o.ID, o.Pending.Revision, it.seen.Reveal())
	if err != nil {
		return err
	}
	o.Pending = &sealed
	a.result.Merged = append(a.result.Merged, o.ID)
	return a.put(*o, a.loadObject(*o).entry)
}

// madeFrom is what the pending version was made from.
func (o *Object) madeFrom() Version {
	if o.Ancestor != nil {
		return *o.Ancestor
	}
	return o.Base
}

// synced opens what this device had verified of the object; nil if it does not open, or was deleted.
func (a *adopting) synced(before Object) *Item {
	if before.Base.State != Live {
		return nil
	}
	it, err := a.openVersion(before.ID, before.Base)
	if err != nil {
		return nil
	}
	return &it
}

// settle takes the adopted base without a pending edit. An object that the server does not know is forgotten.
func (a *adopting) settle(o Object) error {
	o.Pending = nil
	if o.Base.Revision == 0 {
		a.changes[o.ID] = nil
		return a.tx.Remove(a.cfg.Vault, o.ID)
	}
	return a.adopt(o)
}

// carry makes what is here an edit of the adopted base, which is older.
func (a *adopting) carry(o, before Object) error {
	top := before.top()
	switch {
	case top == nil:
		return a.settle(o)
	case top.State == Live:
		return a.carryLive(o, *top)
	case o.Base.State != Live:
		return a.settle(o) // deleted there too, or never there
	}
	o.Pending = &Version{Revision: o.Base.Revision + 1, State: Dead}
	return a.put(o, nil)
}

func (a *adopting) carryLive(o Object, top Version) error {
	it, err := a.openKept(o, top)
	if err != nil || it == nil {
		return errors.Join(err, a.settle(o))
	}
	defer it.Wipe()
	return a.keep(o, it, it.seen.Reveal())
}

// openKept opens a version that is to be kept; nil, and the version set aside, if it does not open.
func (a *adopting) openKept(o Object, v Version) (*Item, error) {
	it, err := a.openVersion(o.ID, v)
	switch {
	case err == nil:
		return &it, nil
	case errors.Is(err, ErrClosed):
		return nil, err
	case v.Envelope == nil:
		return nil, nil // there is nothing to keep
	}
	a.aside++
	return nil, a.tx.SetAside(a.cfg.Vault, o.ID, v)
}

// again merges what is here with an adopted base that has no known ancestor with it: both values stay. synced, which may be nil,
// is what this device had verified.
func (a *adopting) again(o Object, synced *Item) error {
	if synced != nil {
		defer synced.Wipe()
	}
	if o.Pending != nil && o.Pending.State == Dead {
		return a.settle(o) // an edit beats a delete
	}
	local := synced
	if o.Pending != nil {
		edit, err := a.openKept(o, *o.Pending)
		if err != nil {
			return err
		}
		if edit != nil {
			defer edit.Wipe()
			local = edit
		}
	}
	if local == nil {
		return a.settle(o)
	}
	return a.againLive(o, synced, local)
}

// againLive merges in two steps: what was synced here with the adopted base, and the edit of it with the outcome. Where another
// device has brought the same content there already, the first step changes nothing and the second has a base.
func (a *adopting) againLive(o Object, synced, local *Item) error {
	if o.Base.State != Live {
		return a.keep(o, local, local.seen.Reveal())
	}
	if synced == nil {
		return a.mergeLive(o, nil, local)
	}
	head, err := a.openVersion(o.ID, o.Base)
	if errors.Is(err, ErrClosed) {
		return err
	}
	if err != nil || head.ReadOnly || synced.ReadOnly || local.ReadOnly {
		return a.fork(o, local)
	}
	defer head.Wipe()
	both := Merge(nil, &head, synced, a.cfg.Device)
	defer both.Wipe()
	return a.mergeOnto(o, &head, synced, &both, local)
}
