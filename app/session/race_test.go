package session_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/internal/testpc"
)

// before calls its function once, before a request whose path ends in the text.
type before struct {
	path string
	do   func()
}

func (b *before) RoundTrip(r *http.Request) (*http.Response, error) {
	if do := b.do; do != nil && strings.HasSuffix(r.URL.Path, b.path) {
		b.do = nil
		do()
	}
	return http.DefaultTransport.RoundTrip(r)
}

// Between the two questions of a new device, for the log and for its place in it, another device takes that place. Nobody has to try again.
func TestANewDeviceEntersTheLogAfterAnother(t *testing.T) {
	p := newPair(t, nil)
	race := &before{path: "/account/log"}
	s, err := testpc.New(t, "PC C", func(c *session.Config) { c.Transport, c.Driven = race, true }).
		BeginSignIn(t.Context(), p.server.URL, email, testpc.Typed(testpc.Password), p.a.SecretKey())
	if err == nil {
		err = s.Verify(t.Context(), p.server.LastCode(t, email))
	}
	if err != nil {
		t.Fatal(err)
	}
	race.do = func() {
		devices, err := p.b.Devices(t.Context())
		if err == nil {
			err = p.b.RenameDevice(t.Context(), devices[0].ID, "another name")
		}
		if err != nil {
			t.Error(err)
		}
	}
	u, err := s.Finish(t.Context(), nil)
	if err != nil || race.do != nil {
		t.Fatalf("finish: %v, came between: %v", err, race.do == nil)
	}
	defer u.Lock()
	if devices, err := u.Devices(t.Context()); err != nil || len(devices) != 3 {
		t.Errorf("%d devices, %v", len(devices), err)
	}
}

// Between the two questions of a pull, for the log and for the commits, another device enters something in the log and pushes. The
// server is honest, and must not be called anything else.
func TestTheLogGrowsInTheMiddleOfAPull(t *testing.T) {
	race := &before{path: "/changes"}
	p := newPair(t, func(c *session.Config) { c.Transport, c.Driven = race, true })
	race.do = func() {
		devices, err := p.b.Devices(t.Context())
		if err == nil {
			err = p.b.RenameDevice(t.Context(), devices[0].ID, "another name")
		}
		if err != nil {
			t.Error(err)
		}
		testpc.Save(t, p.b, testpc.Login("quick", "b", "8"))
		testpc.Sync(t, p.b)
	}
	testpc.Sync(t, p.a)
	if race.do != nil {
		t.Fatal("nothing came between")
	}
	converge(t, p.a, p.b)
}

// Between the two questions of a device whose session has ended, for the log and for a new session, another device changes the keys. The
// proof is refused, and the user is told why: not that the sign-in was refused, and not for as long as the vault stays unlocked.
func TestTheKeysChangeBeforeAProof(t *testing.T) {
	for name, c := range map[string]struct {
		change func(p *pair) session.Change
		want   error
	}{
		"another password":       {func(*pair) session.Change { return session.Change{NewPassword: testpc.Typed(newPassword)} }, session.ErrKeysChanged},
		"this device is removed": {func(p *pair) session.Change { return session.Change{Remove: []id.ID{p.a.DeviceID()}} }, session.ErrDeviceRevoked},
	} {
		t.Run(name, func(t *testing.T) {
			race := &before{path: "/signin/prove"}
			p := newPair(t, func(c *session.Config) { c.Transport, c.Driven = race, true })
			p.server.Clock.Advance(longAway)
			testpc.Sync(t, p.b) // proves, before anything comes between
			race.do = func() {
				change := c.change(p)
				change.Password = testpc.Typed(testpc.Password)
				if err := p.b.Change(t.Context(), change); err != nil {
					t.Error(err)
				}
			}
			for range 2 {
				if err := p.a.Sync(t.Context()); !errors.Is(err, c.want) {
					t.Errorf("%v, want %v", err, c.want)
				}
			}
			if race.do != nil {
				t.Error("nothing came between")
			}
		})
	}
}
