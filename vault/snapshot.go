package vault

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/keys"
	"github.com/coffer-vault/coffer/crypto/secret"
)

// The index is kept sealed in the store, so that an unlock need not open every object (docs/adr/0011). It has 256 segments by the
// first byte of the ids. The store forgets a segment in the transaction that changes an object of its; this file writes it again
// later, and holds what an unlock took from there against the objects.

// segments is a set of segments.
type segments [256]bool

// others are the segments that are not in the set.
func (s *segments) others() []byte {
	var others []byte
	for n, in := range s {
		if !in {
			others = append(others, byte(n))
		}
	}
	return others
}

func (s *segments) any() bool { return *s != segments{} }

// indexKey is the key of the sealed index, under the newest epoch's vault key: what an earlier one sealed is not read.
func (v *Vault) indexKey() (key secret.Bytes, epoch uint32) {
	k := v.keys.Load()
	return keys.IndexKey(k.all[k.newest], v.cfg.Vault, v.cfg.Device, k.newest), k.newest
}

func (v *Vault) segmentRef(epoch uint32, n uint8, part int) keys.SegmentRef {
	return keys.SegmentRef{Account: v.cfg.Account, Vault: v.cfg.Vault, Device: v.cfg.Device, Epoch: epoch, Segment: n, Part: uint32(part)}
}

// readSnapshot opens the segments of the store, on all processors. One that does not open is as none: its objects are opened.
func (v *Vault) readSnapshot(ctx context.Context, r Reader) (entries []*entry, taken segments, err error) {
	if !v.cfg.Snapshot {
		return nil, taken, nil
	}
	key, epoch := v.indexKey()
	defer key.Wipe()
	var mu sync.Mutex
	produce := func(yield func(Segment) error) error { return r.Segments(v.cfg.Vault, yield) }
	err = inParallel(ctx, 1, produce, func(chunk []Segment) {
		for _, s := range chunk {
			opened, ok := v.openSegment(key, epoch, s)
			if !ok {
				continue
			}
			mu.Lock()
			entries, taken[s.Number] = append(entries, opened...), true
			mu.Unlock()
		}
	})
	if errors.Is(err, ErrCorrupt) {
		return nil, segments{}, nil // where the objects are damaged too, they say so themselves
	}
	return entries, taken, err
}

func (v *Vault) openSegment(key secret.Bytes, epoch uint32, s Segment) ([]*entry, bool) {
	if SegmentHash(s.Parts) != s.Hash {
		return nil, false
	}
	var all []*entry
	for part, sealed := range s.Parts {
		plaintext, err := keys.OpenSegment(key, v.segmentRef(epoch, s.Number, part), sealed)
		if err != nil {
			return nil, false
		}
		entries, ok := decodePart(plaintext)
		clear(plaintext)
		if !ok {
			return nil, false
		}
		for i := range entries {
			if entries[i].ID[0] != s.Number {
				return nil, false
			}
			all = append(all, &entries[i])
		}
	}
	return all, true
}

// How much is written at once. A save that comes in between waits for one group; a lock for all of the last ones.
const (
	groupBytes = 512 << 10
	lastBytes  = 8 << 20
)

// unwritten are segments as they are to be written, with the state of the store that they show.
type unwritten struct {
	changed uint64
	which   segments
	entries [256][]*entry
}

// collectUnwritten is called with mu held.
func (v *Vault) collectUnwritten() (u unwritten) {
	if !v.cfg.Snapshot || v.index == nil || !v.unwritten.any() {
		return u
	}
	u.changed, u.which = v.changed, v.unwritten
	for n, in := range u.which {
		if in {
			u.entries[n] = slices.Collect(maps.Values(v.index.objects[n]))
		}
	}
	return u
}

// errMoved says that the vault changed while its index was written.
var errMoved = errors.New("the vault changed meanwhile")

// writeSnapshot writes the segments that changed since they were written.
func (v *Vault) writeSnapshot(ctx context.Context) error {
	leave, err := v.begin()
	if err != nil {
		return err
	}
	defer leave()
	v.mu.RLock()
	u := v.collectUnwritten()
	v.mu.RUnlock()
	return v.write(ctx, &u, math.MaxInt)
}

// writeLastSnapshot writes what changed last before the vault was closed.
func (v *Vault) writeLastSnapshot(u unwritten) {
	// An unlock opens the objects of what is not written.
	_ = v.write(context.Background(), &u, lastBytes)
}

// write seals and writes segments, at most limit bytes and one group more. No edit waits for the sealing.
func (v *Vault) write(ctx context.Context, u *unwritten, limit int) error {
	if !u.which.any() {
		return nil
	}
	key, epoch := v.indexKey()
	defer key.Wipe()
	var group []Segment
	size, total := 0, 0
	for n, in := range u.which {
		if !in || total > limit {
			continue
		}
		s, bytes, err := v.sealSegment(key, epoch, uint8(n), u.entries[n])
		if err != nil {
			return err
		}
		group, size, total = append(group, s), size+bytes, total+bytes
		if size > groupBytes {
			if err := v.writeGroup(ctx, u.changed, group); err != nil {
				return err
			}
			group, size = nil, 0
		}
	}
	return v.writeGroup(ctx, u.changed, group)
}

// sealSegment seals one segment. What is too large for the index has none: its objects are opened at every unlock.
func (v *Vault) sealSegment(key secret.Bytes, epoch uint32, n uint8, entries []*entry) (Segment, int, error) {
	s, size := Segment{Number: n, Hash: SegmentHash(nil)}, 0
	if len(entries) == 0 {
		return s, 0, nil // that it is empty is under the integrity record
	}
	parts, err := encodeSegment(entries)
	if errors.Is(err, errLargeEntry) {
		return Segment{Number: n}, 0, nil
	}
	defer wipeParts(parts)
	for i, part := range parts {
		sealed, err := keys.SealSegment(key, v.segmentRef(epoch, n, i), part)
		if err != nil {
			return s, 0, fmt.Errorf("seal index: %w", err)
		}
		s.Parts, size = append(s.Parts, sealed), size+len(sealed)
	}
	s.Hash = SegmentHash(s.Parts)
	return s, size, nil
}

// writeGroup writes segments if the vault is still as they show it.
func (v *Vault) writeGroup(ctx context.Context, changed uint64, group []Segment) error {
	if len(group) == 0 {
		return nil
	}
	err := v.cfg.Store.Update(ctx, func(tx Tx) error {
		now, err := tx.Changed(v.cfg.Vault)
		if err != nil {
			return err
		}
		if now != changed {
			return errMoved
		}
		return tx.SetSegments(v.cfg.Vault, group)
	})
	if err != nil {
		return fmt.Errorf("write index: %w", err)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.changed == changed {
		for _, s := range group {
			v.unwritten[s.Number] = false
		}
	}
	return nil
}

// stir asks for the index to be written.
func (v *Vault) stir() {
	select {
	case v.stirred <- struct{}{}:
	default: // it is asked for already
	}
}

// sealSnapshotAgain has all of the index sealed under the newest key.
func (v *Vault) sealSnapshotAgain() {
	v.mu.Lock()
	defer v.mu.Unlock()
	for n := range v.unwritten {
		v.unwritten[n] = true
	}
	v.stir()
}

// keepSnapshot writes the index in the background, a while after each change, until the vault is closed. Where that fails, the next
// change is the time to try again: nothing depends on it.
func (v *Vault) keepSnapshot() {
	if !v.cfg.Snapshot || v.cfg.Background == 0 {
		return
	}
	go func() {
		for {
			select {
			case <-v.life.Done():
				return
			case <-v.stirred:
			}
			select {
			case <-v.life.Done():
				return
			case <-time.After(v.cfg.Background):
			}
			if err := v.writeSnapshot(v.life); errors.Is(err, errMoved) {
				v.stir()
			}
		}
	}()
}

// checkSnapshot sees to it that what was taken from the sealed index is held against the objects: what was damaged in the store since
// is to be found at every unlock.
func (v *Vault) checkSnapshot(ctx context.Context, taken segments) error {
	if !taken.any() {
		close(v.checked)
		return nil
	}
	leave, err := v.begin()
	if err != nil {
		return err
	}
	check := func(ctx context.Context) {
		defer leave()
		defer close(v.checked)
		v.checkErr = v.check(ctx, &taken)
	}
	if v.cfg.Background > 0 {
		go func() {
			v.waitIfLarge()
			check(v.life)
		}()
		return nil
	}
	check(ctx)
	return v.checkErr
}

// A check of so many objects waits a moment: what shows the list first has all processors then.
var (
	largeVault = 20_000
	aMoment    = 300 * time.Millisecond
)

func (v *Vault) waitIfLarge() {
	v.mu.RLock()
	large := v.index != nil && len(v.index.rows) >= largeVault
	v.mu.RUnlock()
	if !large {
		return
	}
	select {
	case <-v.life.Done():
	case <-time.After(aMoment):
	}
}

// Checked waits until everything that Open took from the sealed index is held against the objects. What was wrong is right then, and
// subscribers were told. Errors: the Store's, those that Open returns where there is no sealed index; ErrClosed, and the context's.
func (v *Vault) Checked(ctx context.Context) error {
	select {
	case <-v.checked:
		return v.checkErr
	case <-v.life.Done():
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (v *Vault) check(ctx context.Context, taken *segments) error {
	suspects, err := v.suspects(ctx, taken)
	for len(suspects) > 0 && err == nil {
		few := suspects[:min(len(suspects), chunkSize)]
		suspects = suspects[len(few):]
		err = v.look(ctx, few)
	}
	if errors.Is(err, ErrCorrupt) {
		v.forgetSnapshot(ctx) // so that the next unlock finds it first
	}
	if v.life.Err() != nil {
		return ErrClosed
	}
	return err
}

// suspects are the objects that are not as the index shows them, as far as they did not change meanwhile.
func (v *Vault) suspects(ctx context.Context, taken *segments) ([]id.ID, error) {
	var suspects []id.ID
	err := v.cfg.Store.View(ctx, func(r Reader) error {
		return r.Objects(v.cfg.Vault, func(o Object) error {
			if !taken[o.ID[0]] {
				return nil
			}
			if !v.shows(o) {
				suspects = append(suspects, o.ID)
			}
			return ctx.Err()
		})
	})
	return append(suspects, v.unproven()...), err
}

// unproven are the objects that are in the sealed index alone.
func (v *Vault) unproven() []id.ID {
	v.mu.RLock()
	defer v.mu.RUnlock()
	var unproven []id.ID
	if v.index == nil {
		return nil
	}
	for _, some := range v.index.objects {
		for object, e := range some {
			if e.unproven {
				unproven = append(unproven, object)
			}
		}
	}
	return unproven
}

// shows tells whether the index has what the object is.
func (v *Vault) shows(o Object) bool {
	l := v.loadObject(o)
	v.mu.RLock()
	defer v.mu.RUnlock()
	if v.index == nil {
		return true
	}
	shown := v.index.objects.of(o.ID)
	if shown != nil {
		shown.unproven = false // nobody else looks at it while the vault is only read
	}
	if l.entry == nil || shown == nil {
		return l.entry == shown
	}
	return !l.damaged && l.entry.equal(shown)
}

func (e *entry) equal(other *entry) bool {
	text, _, _ := e.doc.Parts()
	otherText, _, _ := other.doc.Parts()
	return text == otherText && sameSummary(e, other)
}

// look puts objects into the index as they are in the store.
func (v *Vault) look(ctx context.Context, objects []id.ID) error {
	changes := make(map[id.ID]*entry, len(objects))
	var all []loaded
	v.writing.Lock()
	err := v.cfg.Store.View(ctx, func(r Reader) error {
		for _, object := range objects {
			o, exists, err := r.Object(v.cfg.Vault, object)
			if err != nil {
				return err
			}
			l := loaded{object: object}
			if exists {
				l = v.loadObject(o)
			}
			all, changes[object] = append(all, l), l.entry
		}
		return nil
	})
	if err == nil {
		v.apply(changes, v.changed)
	}
	v.writing.Unlock()
	if err != nil {
		return err
	}
	v.notify(Change{Objects: objects})
	return v.setAsideDamaged(ctx, all)
}

// forgetSnapshot makes the next unlock open every object.
func (v *Vault) forgetSnapshot(ctx context.Context) {
	var none []Segment
	for n := range 256 {
		none = append(none, Segment{Number: uint8(n)})
	}
	// Where the file cannot be written either, the unlocked vault goes on saying what is wrong.
	_ = v.cfg.Store.Update(ctx, func(tx Tx) error { return tx.SetSegments(v.cfg.Vault, none) })
}
