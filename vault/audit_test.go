package vault_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault"
)

func TestEach(t *testing.T) {
	d := newDevice(t, 1)
	_, err := d.Batch(ctx, manyLogins(300), nil)
	check(t, err)
	check(t, d.Mark(ctx, "m"))
	_, err = d.SaveFolder(ctx, vault.Folder{Name: "f"})
	check(t, err)
	check(t, d.Trash(ctx, d.Query(vault.Filter{})[0].ID))
	seen := map[id.ID]bool{}
	var kept vault.Item
	check(t, d.Each(ctx, func(it *vault.Item) error {
		seen[it.ID] = true
		kept = *it
		return nil
	}))
	if len(seen) != 300 || !kept.Value(vault.Password).IsZero() {
		t.Errorf("%d items; the last one is wiped: %t", len(seen), kept.Value(vault.Password).IsZero())
	}
	failure := errors.New("failure")
	calls := 0
	err = d.Each(ctx, func(*vault.Item) error { calls++; return failure })
	if !errors.Is(err, failure) || calls != 1 {
		t.Errorf("%v after %d calls", err, calls)
	}
	stopped, cancel := context.WithCancel(ctx)
	cancel()
	if err := d.Each(stopped, func(*vault.Item) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestCloseWaitsForWhatIsRunning(t *testing.T) {
	d := newDevice(t, 1)
	d.save(t, login("Example", "secret"))
	var closed atomic.Bool
	err := d.Each(ctx, func(it *vault.Item) error {
		go func() {
			d.Close()
			closed.Store(true)
		}()
		for i := 0; i < 1000 || d.Query(vault.Filter{}) != nil; i++ {
			runtime.Gosched()
		}
		if closed.Load() || text(*it, vault.Password) != "secret" {
			t.Error("closed under a running call")
		}
		return ctx.Err()
	})
	if err != nil && !errors.Is(err, vault.ErrClosed) {
		t.Error(err)
	}
	d.Close() // waits for the other
}

func TestAudit(t *testing.T) {
	d := newDevice(t, 1)
	save := func(title, password string, change ...func(*vault.Item)) id.ID {
		it := login(title, password)
		for _, c := range change {
			c(&it)
		}
		return d.save(t, it).ID
	}
	weak := save("Weak", "weak")
	reused := []id.ID{save("One", "same"), save("Two", "same")}
	slices.SortFunc(reused, func(a, b id.ID) int { return slices.Compare(a[:], b[:]) })
	imported := func(title, password string, change func(*vault.Item)) id.ID {
		it := login(title, password)
		change(&it)
		_, err := d.Batch(ctx, []vault.Item{it}, nil)
		check(t, err)
		return d.Query(vault.Filter{Text: title})[0].ID
	}
	old := []id.ID{
		imported("Old", "p1", func(it *vault.Item) { it.PasswordSetAt = 1 }),
		imported("Undated", "p4", func(it *vault.Item) { it.CreatedAt = 1 }),
	}
	slices.SortFunc(old, func(a, b id.ID) int { return slices.Compare(a[:], b[:]) })
	imported("Renewed", "p2", func(it *vault.Item) {
		it.CreatedAt = 1
		it.History = []vault.Past{{Field: vault.ValueField(vault.Password), Time: firstTime.UnixMilli()}}
	})
	imported("Dated", "p5", func(it *vault.Item) { it.CreatedAt, it.PasswordSetAt = 1, firstTime.UnixMilli() })
	safe := save("Withcode", "p3", func(it *vault.Item) { it.Set(vault.OTP, secret.FromString("GEZDGNBV")) })
	trashed := save("Trashed", "weak")
	check(t, d.Trash(ctx, trashed))
	save("No password", "")
	got, err := d.Audit(ctx, func(password secret.Bytes, known ...string) bool {
		if len(known) != 3 || known[1] != "ann" {
			t.Errorf("known: %q", known)
		}
		return string(password.Reveal()) == "weak"
	})
	check(t, err)
	if !slices.Equal(got.Weak, []id.ID{weak}) || !slices.Equal(got.Old, old) || len(got.Reused) != 1 || !slices.Equal(got.Reused[0], reused) {
		t.Errorf("%+v", got)
	}
	if len(got.NoOTP) != 7 || slices.Contains(got.NoOTP, safe) {
		t.Errorf("without code: %v", got.NoOTP)
	}
}
