package session

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/coffer-vault/coffer/crypto/canonical"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault"
)

// localGenerated is the name of the generator's history: sealed by this device for itself (docs/adr/0013).
const localGenerated = "generated"

// MaxGenerated is how many generated values are kept; the oldest go first.
const MaxGenerated = 100

// Generated is a value that the generator made and a person used.
type Generated struct {
	ID    id.ID
	Value secret.Bytes
	Time  int64 // when it was used, in Unix milliseconds
	Item  id.ID // the item that it was made for; zero where nobody knows
}

// keptGenerated is how it is kept.
type keptGenerated struct {
	ID    id.ID  `cbor:"1,keyasint"`
	Value []byte `cbor:"2,keyasint"`
	Time  int64  `cbor:"3,keyasint"`
	Item  id.ID  `cbor:"4,keyasint"`
}

// Generated returns what was generated on this PC, the newest last. The caller wipes it. Errors: ErrLocked, vault.ErrTampered.
func (u *Unlocked) Generated(ctx context.Context) ([]Generated, error) {
	if !u.begin() {
		return nil, ErrLocked
	}
	defer u.work.Done()
	u.keys.RLock() // what is read was sealed with these keys
	defer u.keys.RUnlock()
	sealed, _, err := u.store.Local(ctx, localGenerated)
	if err != nil {
		return nil, fmt.Errorf("read generated passwords: %w", err)
	}
	return u.unsealGenerated(sealed)
}

// KeepGenerated adds values to what was generated; one that is kept already is replaced. They stay the caller's. It returns when they
// are on the disk. Errors: ErrLocked, vault.ErrTampered, those of the store.
func (u *Unlocked) KeepGenerated(ctx context.Context, values ...Generated) error {
	return u.editGenerated(ctx, func(all []Generated) []Generated {
		for _, value := range values {
			all = append(slices.DeleteFunc(all, func(g Generated) bool { return g.ID == value.ID }), value)
		}
		slices.SortStableFunc(all, func(a, b Generated) int { return cmp.Compare(a.Time, b.Time) })
		return all[max(len(all)-MaxGenerated, 0):]
	})
}

// GeneratedFor says which item values were used for. Those that are not kept any more are no error. Errors as of KeepGenerated.
func (u *Unlocked) GeneratedFor(ctx context.Context, item id.ID, values ...id.ID) error {
	return u.editGenerated(ctx, func(all []Generated) []Generated {
		for i := range all {
			if slices.Contains(values, all[i].ID) {
				all[i].Item = item
			}
		}
		return all
	})
}

// DropGenerated removes values. Errors as of KeepGenerated.
func (u *Unlocked) DropGenerated(ctx context.Context, values ...id.ID) error {
	return u.editGenerated(ctx, func(all []Generated) []Generated {
		return slices.DeleteFunc(all, func(g Generated) bool { return slices.Contains(values, g.ID) })
	})
}

// editGenerated reads, changes and writes in one transaction, since another program may do the same.
func (u *Unlocked) editGenerated(ctx context.Context, edit func([]Generated) []Generated) error {
	if !u.begin() {
		return ErrLocked
	}
	defer u.work.Done()
	u.keys.RLock()
	defer u.keys.RUnlock()
	err := u.store.EditLocal(ctx, localGenerated, func(sealed []byte) ([]byte, error) {
		all, err := u.unsealGenerated(sealed)
		if err != nil {
			return nil, err
		}
		read := slices.Clone(all)
		defer WipeGenerated(read)
		return u.sealGenerated(edit(all))
	})
	if err != nil {
		return fmt.Errorf("keep generated passwords: %w", err)
	}
	return nil
}

// sealGenerated returns nil for nothing.
func (u *Unlocked) sealGenerated(all []Generated) ([]byte, error) {
	if len(all) == 0 {
		return nil, nil
	}
	kept := make([]keptGenerated, len(all))
	for i, g := range all {
		kept[i] = keptGenerated{ID: g.ID, Value: g.Value.Reveal(), Time: g.Time, Item: g.Item}
	}
	plain, err := canonical.Marshal(kept)
	if err != nil {
		return nil, err
	}
	defer clear(plain)
	return u.own.seal(localGenerated, plain)
}

func (u *Unlocked) unsealGenerated(sealed []byte) ([]Generated, error) {
	if sealed == nil {
		return nil, nil
	}
	plain, err := u.own.unseal(localGenerated, sealed)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", vault.ErrTampered, err)
	}
	defer plain.Wipe()
	var kept []keptGenerated
	if err := canonical.Unmarshal(plain.Reveal(), &kept); err != nil {
		return nil, fmt.Errorf("%w: %w", vault.ErrTampered, err)
	}
	all := make([]Generated, len(kept))
	for i, k := range kept {
		all[i] = Generated{ID: k.ID, Value: secret.New(k.Value), Time: k.Time, Item: k.Item}
	}
	return all, nil
}

// WipeGenerated clears values that nobody needs any more.
func WipeGenerated(values []Generated) {
	for _, g := range values {
		g.Value.Wipe()
	}
}
