package vault

import (
	"context"
	"slices"

	"github.com/coffer-vault/coffer/crypto/id"
)

// Finding is what a security check may say of an item (package audit). The texts are in items, so they never change.
type Finding string

// The findings. Those up to FindingOld are about the password that an item has at the moment.
const (
	FindingBreached Finding = "breached"
	FindingWeak     Finding = "weak"
	FindingReused   Finding = "reused"
	FindingOld      Finding = "old"
	FindingNoCode   Finding = "no-code"  // a login without one-time codes
	FindingInsecure Finding = "insecure" // a website without TLS
	FindingExpired  Finding = "expired"
)

// ofPassword tells whether a finding ends with the password that it was about.
func (f Finding) ofPassword() bool {
	return f == FindingBreached || f == FindingWeak || f == FindingReused || f == FindingOld
}

// Ignore notes that a finding about items is no problem, or that it is one after all. What was said of a password ends with that
// password. Errors as for Save, and ErrNotFound.
func (v *Vault) Ignore(ctx context.Context, f Finding, ignore bool, items ...id.ID) error {
	return wrap("ignore finding", v.modify(ctx, items, func(it *Item) error {
		it.Ignored = slices.DeleteFunc(it.Ignored, func(g Finding) bool { return g == f })
		if ignore {
			it.Ignored = append(it.Ignored, f)
		}
		return nil
	}))
}

// newPassword forgets what was said of the password before.
func (it *Item) newPassword() { it.Ignored = slices.DeleteFunc(it.Ignored, Finding.ofPassword) }

// ignored merges what both sides have called no problem. What a side said of a password that did not stay says nothing of the one that
// did.
func (m *merge) ignored() []Finding {
	of := func(it *Item) []Finding {
		said := slices.Clone(it.Ignored)
		if !it.Value(Password).Equal(m.out.Value(Password)) {
			said = slices.DeleteFunc(said, Finding.ofPassword)
		}
		return said
	}
	return mergeList(of(m.base), of(m.head), of(m.local), func(f Finding) Finding { return f })
}

// PasswordSince is when the password was set, in Unix milliseconds, as far as known: at the latest it was when the last one was replaced,
// else when the item was made.
func (it *Item) PasswordSince() int64 {
	if it.PasswordSetAt != 0 {
		return it.PasswordSetAt
	}
	since := it.CreatedAt
	for _, p := range it.History {
		if p.Field == ValueField(Password) && !p.Conflict {
			since = max(since, p.Time)
		}
	}
	return since
}
