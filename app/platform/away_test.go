package platform

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestClockJumpIsASleep(t *testing.T) {
	for _, c := range []struct {
		name string
		late time.Duration
		want int
	}{
		{"on time", 0, 0},
		{"a busy computer", clockJump, 0},
		{"asleep", clockJump + time.Second, 1},
		{"asleep for a week", 7 * 24 * time.Hour, 1},
		{"the clock was set back", -time.Hour, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
				ticks, slept := make(chan time.Time), 0
				go watchTicks(t.Context(), ticks, func() time.Time { return now }, func(a Away) {
					if a != Sleep {
						t.Errorf("told %q", a)
					}
					slept++
				})
				synctest.Wait()
				for _, late := range []time.Duration{0, c.late, 0} {
					now = now.Add(clockPeriod + late)
					ticks <- now
					synctest.Wait()
				}
				if slept != c.want {
					t.Errorf("told %d times, want %d", slept, c.want)
				}
			})
		})
	}
}
