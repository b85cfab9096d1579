package main

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// fakeDatabase answers after a while, or not at all.
type fakeDatabase struct {
	mu    sync.Mutex
	takes time.Duration
	err   error
	asked int
}

// is sets how it answers from now on, and returns how often it was asked until then.
func (d *fakeDatabase) is(takes time.Duration, err error) (asked int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	asked, d.takes, d.err, d.asked = d.asked, takes, err, 0
	return asked
}

func (d *fakeDatabase) ping(ctx context.Context) error {
	d.mu.Lock()
	d.asked++
	takes, err := d.takes, d.err
	d.mu.Unlock()
	select {
	case <-time.After(takes):
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// A balancer that asks every second and waits no longer is not told that a slow database is gone, and is told of one that is.
func TestReadinessOfASlowDatabase(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		database := &fakeDatabase{}
		r := &readiness{ping: database.ping, log: slog.New(slog.DiscardHandler)}
		// seconds is how many checks of a second each say yes.
		yes := func(seconds int) (n int) {
			for range seconds {
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				began := time.Now()
				if r.check(ctx) == nil {
					n++
				}
				cancel()
				time.Sleep(time.Second - time.Since(began))
			}
			return n
		}
		want := func(what string, got, least, most int) {
			t.Helper()
			if got < least || got > most {
				t.Errorf("%s: %d checks said yes, want %d to %d", what, got, least, most)
			}
		}
		want("quick", yes(10), 10, 10)
		database.is(4*time.Second, nil)
		want("slow", yes(60), 60, 60)
		if asked := database.is(time.Hour, nil); asked > 20 {
			t.Errorf("a slow database was asked %d times in a minute", asked)
		}
		want("stands still", yes(30), 1, 15)
		want("stands still for long", yes(300), 0, 0)
		database.is(0, nil)
		want("is back", yes(20), 9, 20)
		database.is(0, errors.New("gone"))
		want("gone", yes(10), 0, 0)
		database.is(0, nil)
		want("is back", yes(10), 10, 10)
		// What was said an hour ago is no answer.
		time.Sleep(time.Hour)
		database.is(time.Hour, nil)
		want("stands still since some time", yes(5), 0, 0)
		time.Sleep(readyPatience)
		synctest.Wait()
	})
}
