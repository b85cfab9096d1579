package vault_test

import (
	"slices"
	"testing"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault"
)

func get(t testing.TB, d *device, item id.ID) vault.Item {
	t.Helper()
	it, err := d.Get(ctx, item)
	check(t, err)
	return it
}

func ignored(t testing.TB, d *device, item id.ID) []vault.Finding {
	t.Helper()
	it := get(t, d, item)
	return it.Ignored
}

func TestIgnoreEndsWithThePassword(t *testing.T) {
	both := []vault.Finding{vault.FindingWeak, vault.FindingInsecure}
	stays := []vault.Finding{vault.FindingInsecure}
	edited := func(change func(*vault.Item)) func(*device, id.ID) error {
		return func(d *device, item id.ID) error {
			it, err := d.Get(ctx, item)
			if err == nil {
				change(&it)
				_, err = d.Save(ctx, it)
			}
			return err
		}
	}
	for name, c := range map[string]struct {
		do   func(*device, id.ID) error
		want []vault.Finding
	}{
		"another title":    {edited(func(it *vault.Item) { it.Title = "x" }), both},
		"another password": {edited(func(it *vault.Item) { it.Set(vault.Password, secret.FromString("other")) }), stays},
		"an import": {func(d *device, item id.ID) error {
			it := get(t, d, item)
			it.Set(vault.Password, secret.FromString("imported"))
			_, err := d.Batch(ctx, []vault.Item{it}, nil, nil)
			return err
		}, stays},
		"an earlier password": {func(d *device, item id.ID) error {
			it := get(t, d, item)
			return d.RestoreBefore(ctx, item, it.Edits()[0])
		}, stays},
		"a problem again": {func(d *device, item id.ID) error { return d.Ignore(ctx, vault.FindingWeak, false, item) }, stays},
		"said twice":      {func(d *device, item id.ID) error { return d.Ignore(ctx, vault.FindingInsecure, true, item) }, both},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDevice(t, 1)
			it := d.save(t, login("Bank", "first"))
			it.Set(vault.Password, secret.FromString("second"))
			it = d.save(t, it)
			for _, f := range both {
				check(t, d.Ignore(ctx, f, true, it.ID))
			}
			check(t, c.do(d, it.ID))
			if got := ignored(t, d, it.ID); !slices.Equal(got, c.want) {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}

// What one device said of the old password must not hide that the one typed on another is weak.
func TestIgnoreMergesWithAnotherPassword(t *testing.T) {
	weak, reused, code := vault.FindingWeak, vault.FindingReused, vault.FindingNoCode
	for name, c := range map[string]struct {
		headPassword, localPassword string
		base, head, local, want     []vault.Finding
	}{
		"both say something":     {"p", "p", nil, []vault.Finding{weak}, []vault.Finding{code}, []vault.Finding{weak, code}},
		"one takes it back":      {"p", "p", []vault.Finding{weak, code}, []vault.Finding{code}, []vault.Finding{weak, code}, []vault.Finding{code}},
		"elsewhere a new one":    {"new", "p", nil, nil, []vault.Finding{weak, code}, []vault.Finding{code}},
		"here a new one":         {"p", "new", nil, []vault.Finding{weak, code}, nil, []vault.Finding{code}},
		"said of the new one":    {"new", "p", []vault.Finding{weak}, []vault.Finding{reused}, []vault.Finding{weak}, []vault.Finding{reused}},
		"new ones on both sides": {"new", "newer", nil, []vault.Finding{reused}, []vault.Finding{weak}, []vault.Finding{reused}},
	} {
		version := func(password string, said []vault.Finding) *vault.Item {
			it := login("Bank", password)
			it.Ignored = said
			return &it
		}
		merged := vault.Merge(version("p", c.base), version(c.headPassword, c.head), version(c.localPassword, c.local), id.ID{1})
		if !slices.Equal(merged.Ignored, c.want) {
			t.Errorf("%s: %v, want %v", name, merged.Ignored, c.want)
		}
	}
}

func TestPasswordSince(t *testing.T) {
	past := func(field vault.Field, at int64, conflict bool) vault.Past {
		return vault.Past{Field: field, Time: at, Conflict: conflict}
	}
	password := vault.ValueField(vault.Password)
	for name, c := range map[string]struct {
		item vault.Item
		want int64
	}{
		"dated":           {vault.Item{CreatedAt: 1, PasswordSetAt: 5, History: []vault.Past{past(password, 9, false)}}, 5},
		"never replaced":  {vault.Item{CreatedAt: 1, UpdatedAt: 7, History: []vault.Past{past(vault.FieldTitle, 7, false)}}, 1},
		"replaced twice":  {vault.Item{CreatedAt: 1, History: []vault.Past{past(password, 4, false), past(password, 3, false)}}, 4},
		"still undecided": {vault.Item{CreatedAt: 1, History: []vault.Past{past(password, 4, true)}}, 1},
	} {
		if got := c.item.PasswordSince(); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}
