package session

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

// A server's word about how long to wait is followed within bounds.
func TestPauseAfter(t *testing.T) {
	busy := func(d time.Duration) error { return fmt.Errorf("sync: %w", &SlowDownError{RetryAfter: d}) }
	for _, c := range []struct {
		err         error
		least, most time.Duration
	}{
		{errors.New("no network"), firstRetry / 2, firstRetry},
		{busy(0), firstRetry / 2, firstRetry},
		{busy(-time.Hour), firstRetry / 2, firstRetry},
		{busy(45 * time.Second), 45 * time.Second, 45 * time.Second},
		{busy(1 << 62), idleInterval, idleInterval},
	} {
		if got := pauseAfter(c.err, firstRetry); got < c.least || got > c.most {
			t.Errorf("after %v: %v, want %v to %v", c.err, got, c.least, c.most)
		}
	}
}
