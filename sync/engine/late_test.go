package engine_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/sync/wire"
	"github.com/coffer-vault/coffer/vault"
)

// slow keeps pushes on their way instead of delivering them.
type slow struct {
	*device
	flying []wire.Push
	answer error // to what does not fly; nil: it arrives
	keeps  bool
}

func (s *slow) Push(ctx context.Context, v id.ID, in wire.Push) (wire.Pushed, error) {
	switch {
	case s.keeps:
		s.flying = append(s.flying, in)
		return wire.Pushed{}, errLost
	case s.answer != nil:
		return wire.Pushed{}, s.answer
	}
	return s.device.Push(ctx, v, in)
}

func (s *slow) sync(rt *rapid.T) error {
	_, err := s.engine.Sync(rt.Context(), nil)
	return err
}

func newSlow(rt *rapid.T, l *life) *slow {
	s := &slow{device: l.devices[0], keeps: true}
	s.remote = s
	s.restart(rt)
	return s
}

// only is the one item of a device.
func (l *life) only(d *device) (it vault.Item, found bool) {
	all := d.vault.Query(vault.Filter{})
	if len(all) == 0 {
		return it, false
	}
	it, err := d.vault.Get(l.t.Context(), all[0].ID)
	if err != nil || len(all) > 1 {
		l.t.Fatal(len(all), err)
	}
	return it, true
}

// A push gets no answer, what it brings is taken back, and another try gets none either; then any of what was sent arrives, first or
// last. What was taken back stays away: it is this device's own older edit, and not somebody else's.
func TestAPushThatArrivesLate(t *testing.T) {
	take := map[string]func(*life, *device, vault.Item){
		"tag": func(l *life, d *device, it vault.Item) {
			it.Tags = nil
			l.save(d, it)
		},
		"item": (*life).delete,
	}
	for name, takeBack := range take {
		for arrives := range 3 { // beyond what was sent: none does
			t.Run(name, func(t *testing.T) {
				once(t, func(rt *rapid.T, dir string) {
					l := newLife(rt, dir, 2)
					s := newSlow(rt, l)
					l.save(s.device, vault.Item{Kind: vault.Login, Title: "item", Tags: []string{"regretted"}})
					for range 2 {
						if err := s.sync(rt); !errors.Is(err, errLost) {
							rt.Fatal(err)
						}
						if it, found := l.only(s.device); found && len(it.Tags) > 0 {
							takeBack(l, s.device, it)
						}
					}
					s.keeps = false
					if arrives < len(s.flying) {
						if _, err := l.world.Push(rt.Context(), l.world.vault, s.flying[arrives]); err != nil {
							rt.Fatal(err)
						}
					}
					l.settle()
					it, found := l.only(l.devices[1])
					if slices.Contains(it.Tags, "regretted") || len(it.Conflicts()) > 0 || found == (name == "item") {
						rt.Fatalf("found %v: %v, %d conflicts", found, it.Tags, len(it.Conflicts()))
					}
				})
			})
		}
	}
}

// What the server has refused for what is in it is not sent for ever: with what was taken out of it since, it may be taken.
func TestARefusedPushIsOver(t *testing.T) {
	once(t, func(rt *rapid.T, dir string) {
		l := newLife(rt, dir, 2)
		s := newSlow(rt, l)
		l.save(s.device, vault.Item{Kind: vault.Login, Title: "too much"})
		if err := s.sync(rt); !errors.Is(err, errLost) {
			rt.Fatal(err)
		}
		s.keeps, s.answer = false, &wire.Error{Code: wire.CodeQuotaExceeded}
		var refused *wire.Error
		if err := s.sync(rt); !errors.As(err, &refused) || refused.Code != wire.CodeQuotaExceeded {
			rt.Fatal(err)
		}
		it, _ := l.only(s.device)
		it.Title = "less"
		l.save(s.device, it)
		s.answer = nil
		l.settle()
		if n := len(l.world.commits); n != 1 {
			rt.Fatalf("%d commits", n)
		}
		if it, _ := l.only(l.devices[1]); it.Title != "less" {
			rt.Fatalf("%q", it.Title)
		}
	})
}
