package screen

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/updater"
	"github.com/coffer-vault/coffer/vault"
)

// Auto-lock, clipboard and codes on the way count with Go's monotonic reading: setting the clock neither locks nor keeps open.
func TestTheClockOfScreensIsMonotonic(t *testing.T) {
	if now := (SystemClock{}).Now().String(); !strings.Contains(now, " m=") {
		t.Errorf("%s has no monotonic reading", now)
	}
}

// One-time codes are wrong where the clock is: an item that has one says so, others do not.
func TestAWrongClockIsSaidWhereCodesAre(t *testing.T) {
	withCode, without := testpc.Login("Mail", "anna", "x"), testpc.Login("Shop", "anna", "x")
	withCode.Set(vault.OTP, testpc.Typed("JBSWY3DPEHPK3PXP"))
	for _, c := range []struct {
		it   vault.Item
		off  time.Duration
		want bool
	}{{withCode, time.Minute, true}, {withCode, -74 * 365 * 24 * time.Hour, true}, {withCode, 0, false}, {without, time.Minute, false}} {
		env, d := newEnv(t)
		detail := loadedWith(d, env, c.it, func(config *DetailConfig) { config.ClockOff = func() time.Duration { return c.off } })
		said := false
		for _, b := range detail.State().Banners {
			said = said || b.Kind == BannerClock && b.Title != "" && b.Body != "" && b.Action == ""
		}
		if said != c.want {
			t.Errorf("%s, off by %v: said %t", c.it.Title, c.off, said)
		}
	}
}

// A certificate that is not valid by this PC's clock is another trouble than a network that is down, and has another way out.
func TestAWrongClockIsNamed(t *testing.T) {
	env, _ := newEnv(t)
	m := explain(env.Words, fmt.Errorf("sync: %w: %w", session.ErrClock, session.ErrOffline))
	for _, err := range []error{session.ErrOffline, updater.ErrHostsUnreachable} {
		if other := explain(env.Words, err); other.What == m.What || other.Next == m.Next {
			t.Errorf("%v is said in the same words: %v", err, m)
		}
	}
	for name, text := range map[string]string{"update": explain(env.Words, updater.ErrExpired).Next, "server": m.Next} {
		if !strings.Contains(text, "date and time") {
			t.Errorf("%s: %q names no clock", name, text)
		}
	}
	if errors.Is(session.ErrOffline, session.ErrClock) {
		t.Error("every trouble of the network is one of the clock")
	}
}

// The last check lies years ahead: the clock was wrong then, or is now. Nobody can say how current the program is, and that is told.
func TestALastCheckThatLiesAhead(t *testing.T) {
	for _, c := range []struct {
		ahead time.Duration
		want  bool
	}{{0, false}, {time.Hour, false}, {74 * 365 * 24 * time.Hour, true}} {
		r := &releases{check: updater.Refused{Err: updater.ErrExpired}, verified: testTime.Add(c.ahead)}
		u, d, _ := newTestUpdate(t, r, nil)
		if s := poll(d, u); s.Warning.IsZero() == c.want {
			t.Errorf("%v ahead: %+v", c.ahead, s.Warning)
		}
	}
}
