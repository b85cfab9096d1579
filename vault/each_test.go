package vault_test

import (
	"context"
	"errors"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/vault"
)

func TestEach(t *testing.T) {
	d := newDevice(t, 1)
	_, err := d.Batch(ctx, manyLogins(300), nil, nil)
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
