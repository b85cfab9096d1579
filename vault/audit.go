package vault

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"slices"
	"time"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
)

// oldAfter is the age from which a password counts as old.
const oldAfter = 2 * 365 * 24 * time.Hour

// Audit is what a security check found among the logins that are not in the trash.
type Audit struct {
	Weak   []id.ID
	Reused [][]id.ID // groups of logins with one password
	Old    []id.ID   // not changed for two years, by the clocks of the devices
	NoOTP  []id.ID   // with a website and without one-time codes
}

// Audit opens all items to check their passwords. weak judges one, given what an attacker knows of the login: title, user name,
// hosts. Errors as for Each.
func (v *Vault) Audit(ctx context.Context, weak func(password secret.Bytes, known ...string) bool) (Audit, error) {
	a := auditing{now: v.nowMillis(), weak: weak, groups: make(map[[32]byte][]id.ID), key: secret.Random(32)}
	defer a.key.Wipe()
	if err := v.Each(ctx, a.visit); err != nil {
		return Audit{}, err
	}
	for _, group := range a.groups {
		if len(group) > 1 {
			slices.SortFunc(group, compareIDs)
			a.found.Reused = append(a.found.Reused, group)
		}
	}
	slices.SortFunc(a.found.Reused, func(x, y []id.ID) int { return compareIDs(x[0], y[0]) })
	for _, list := range [][]id.ID{a.found.Weak, a.found.Old, a.found.NoOTP} {
		slices.SortFunc(list, compareIDs)
	}
	return a.found, nil
}

func compareIDs(a, b id.ID) int { return slices.Compare(a[:], b[:]) }

type auditing struct {
	now    int64
	weak   func(secret.Bytes, ...string) bool
	key    secret.Bytes
	groups map[[32]byte][]id.ID // by a keyed hash, so that no password outlives its item
	found  Audit
}

func (a *auditing) visit(it *Item) error {
	password := it.Value(Password)
	if it.Kind != Login || it.TrashedAt != 0 || password.IsZero() {
		return nil
	}
	known := append([]string{it.Title, string(it.Value(Username).Reveal())}, hosts(it.Websites)...)
	if a.weak(password, known...) {
		a.found.Weak = append(a.found.Weak, it.ID)
	}
	if a.now-it.passwordSince() > oldAfter.Milliseconds() {
		a.found.Old = append(a.found.Old, it.ID)
	}
	if len(it.Websites) > 0 && it.Value(OTP).IsZero() {
		a.found.NoOTP = append(a.found.NoOTP, it.ID)
	}
	mac := hmac.New(sha256.New, a.key.Reveal())
	mac.Write(password.Reveal())
	group := [32]byte(mac.Sum(nil))
	a.groups[group] = append(a.groups[group], it.ID)
	return nil
}

// passwordSince is when the password was set, as far as known: at the latest it was when the last one was replaced, else when the
// item was made.
func (it *Item) passwordSince() int64 {
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
