package attacks

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/internal/testpc"
)

// A pairing has two clients, so that it is no course: one of them is behind the liar, and the other is honest.

// pairingPaths are what each side asks, and what is left of it that no other course garbles.
var pairingPaths = []struct {
	name  string
	run   func(*scene, *testing.T, *liar) error
	paths []string
}{
	{"new device", newDeviceThrough, []string{"/v1/pairings/start", "/v1/pairings/poll"}},
	{"approver", approverThrough, []string{"/v1/pairings", "/v1/pairings/*", "/v1/account/challenge"}},
}

// patience is how long a side waits for the other in these tests.
const patience = 3 * time.Minute

// newDeviceThrough lets a new device behind the liar in, by the honest A.
func newDeviceThrough(s *scene, t *testing.T, l *liar) error {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	s.clearRequests(t)
	n, err := testpc.New(t, "PC N", func(c *session.Config) { c.Transport = l }).BeginPairing(ctx, s.server.URL, email)
	if err != nil {
		return err
	}
	requests, err := s.a.Pairings(ctx)
	if err != nil || len(requests) != 1 {
		t.Fatalf("the honest device sees %+v, %v", requests, err)
	}
	approval, err := s.a.Answer(ctx, requests[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Answered(ctx); err != nil {
		return err
	}
	if err := approval.Revealed(ctx); err != nil {
		return err
	}
	if err := approval.Check(ctx, n.Digits()); err != nil {
		return err
	}
	if err := approval.Approve(ctx, testpc.Typed(testpc.Password)); err != nil {
		t.Fatal(err)
	}
	if err := n.Approved(ctx); err != nil {
		return err
	}
	if err := n.Confirm(approval.Digits()); err != nil {
		return err
	}
	u, err := n.Finish(ctx, testpc.Typed(testpc.Password), nil)
	if err != nil {
		return err
	}
	defer u.Lock()
	if got := testpc.Contents(t, u); !maps.Equal(got, s.after) {
		t.Errorf("the new device has %v", got)
	}
	return nil
}

// approverThrough lets an honest device in, by B behind the liar.
func approverThrough(s *scene, t *testing.T, l *liar) error {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	s.clearRequests(t)
	b := s.pcB.Copy(t, l).Unlock(t)
	defer b.Lock()
	n, err := testpc.New(t, "PC N", nil).BeginPairing(ctx, s.server.URL, email)
	if err != nil {
		t.Fatal(err)
	}
	requests, err := b.Pairings(ctx)
	if err != nil {
		return err
	} else if len(requests) != 1 {
		return fmt.Errorf("B sees %d requests", len(requests))
	}
	approval, err := b.Answer(ctx, requests[0].ID)
	if err != nil {
		return err
	}
	if err := n.Answered(ctx); err != nil {
		return err
	}
	if err := approval.Revealed(ctx); err != nil {
		return err
	}
	if err := approval.Check(ctx, n.Digits()); err != nil {
		return err
	}
	if err := approval.Approve(ctx, testpc.Typed(testpc.Password)); err != nil {
		return err
	}
	if err := n.Approved(ctx); err != nil {
		t.Fatal(err)
	}
	return n.Confirm(approval.Digits())
}

// clearRequests makes room for another request: a day and an account have a limited number.
func (s *scene) clearRequests(t *testing.T) {
	t.Helper()
	s.server.Clock.Advance(25 * time.Hour)
	requests, err := s.a.Pairings(t.Context())
	if err != nil || len(requests) > 0 {
		t.Fatalf("requests of yesterday: %+v, %v", requests, err)
	}
}

func TestGarbledPairings(t *testing.T) {
	s := newScene(t)
	for _, side := range pairingPaths {
		if err := side.run(s, t, newLiar(t, s.server)); err != nil {
			t.Fatalf("%s, without a lie: %v", side.name, err)
		}
		for seed := range uint64(garbled) {
			random := rand.New(rand.NewPCG(seed, 31))
			path := side.paths[random.IntN(len(side.paths))]
			kind := garblers[random.IntN(len(garblers))]
			t.Run(fmt.Sprintf("%s %d %s %s", side.name, seed, kind.name, path[4:]), func(t *testing.T) {
				l := newLiar(t, s.server)
				l.lie(func(p string, body []byte) []byte {
					if generic(p) == path && len(body) > 0 {
						return kind.garble(random, body)
					}
					return body
				})
				expectModest(t, l, func() { side.run(s, t, l) })
			})
		}
	}
}

func TestBottomlessPairings(t *testing.T) {
	s := newScene(t)
	for _, side := range pairingPaths {
		for _, path := range side.paths {
			for name, write := range bottomless {
				t.Run(side.name+" "+path[4:]+" "+name, func(t *testing.T) {
					l := newLiar(t, s.server)
					l.speak(onlyAt(path, write))
					expectModest(t, l, func() {
						if side.run(s, t, l) == nil {
							t.Error("it was believed")
						}
					})
				})
			}
		}
	}
}

// A server that says "not yet" for ever is given up on, and one that lists more requests than an account can have is not believed.
func TestEndlessPairings(t *testing.T) {
	s := newScene(t)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	t.Run("new device", func(t *testing.T) {
		l := newLiar(t, s.server)
		l.speak(func(w http.ResponseWriter, r *http.Request) bool {
			if !strings.HasSuffix(r.URL.Path, "/pairings/poll") {
				return false
			}
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprint(w, `{"state":"waiting"}`)
			return true
		})
		pc := testpc.New(t, "PC N", func(c *session.Config) {
			c.Transport = l
			fastForward(c)
		})
		n, err := pc.BeginPairing(t.Context(), s.server.URL, email)
		if err != nil {
			t.Fatal(err)
		}
		if err := n.Answered(ctx); !errors.Is(err, session.ErrPairingExpired) {
			t.Errorf("it waits: %v", err)
		}
		if n := len(l.requests()); n > mostRequests {
			t.Errorf("%d requests", n)
		}
	})
	t.Run("approver", func(t *testing.T) {
		pc := testpc.New(t, "PC O", fastForward)
		u := pc.SignIn(t, s.server, email, s.a.SecretKey())
		_, err := testpc.New(t, "PC P", nil).BeginPairing(t.Context(), s.server.URL, email)
		if err != nil {
			t.Fatal(err)
		}
		requests, err := u.Pairings(t.Context())
		if err != nil || len(requests) == 0 {
			t.Fatalf("%+v, %v", requests, err)
		}
		approval, err := u.Answer(t.Context(), requests[len(requests)-1].ID)
		if err != nil {
			t.Fatal(err)
		}
		if err := approval.Revealed(ctx); !errors.Is(err, session.ErrPairingExpired) {
			t.Errorf("it waits: %v", err)
		}
	})
	t.Run("many requests", func(t *testing.T) {
		l := newLiar(t, s.server)
		l.lie(onPath("/pairings", func(v any) any {
			list := v.(map[string]any)
			all, _ := list["pairings"].([]any)
			for range 4 {
				all = append(all, all[0])
			}
			list["pairings"] = all
			return list
		}))
		b := s.pcB.Copy(t, l).Unlock(t)
		defer b.Lock()
		if _, err := b.Pairings(t.Context()); !errors.Is(err, session.ErrDishonestServer) {
			t.Errorf("believed: %v", err)
		}
	})
}

// What a stranger's device is called stands on the screen of the one that lets it in: one short line, and nothing else.
func TestNamesOfStrangers(t *testing.T) {
	s := newScene(t)
	l := newLiar(t, s.server)
	b := s.pcB.Copy(t, l).Unlock(t)
	defer b.Lock()
	if _, err := testpc.New(t, "PC N", nil).BeginPairing(t.Context(), s.server.URL, email); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"", " ", strings.Repeat("x", 65), "PC\nB", "PC \u202eB", strings.Repeat("x", 1<<20)} {
		l.lie(onPath("/pairings", func(v any) any { return edit(v, field{"pairings", 0, "device", "name"}, set(name)) }))
		if got, err := b.Pairings(t.Context()); !errors.Is(err, session.ErrDishonestServer) {
			t.Errorf("%.20q: %+v, %v", name, got, err)
		}
	}
	l.lie(nil)
	if got, err := b.Pairings(t.Context()); err != nil || len(got) != 1 {
		t.Errorf("%+v, %v", got, err)
	}
}

// fastForward is a clock on which every pause between two polls is a minute long, and takes no time.
func fastForward(c *session.Config) {
	var paused atomic.Int64
	c.Now = func() time.Time { return time.Now().Add(time.Duration(paused.Load()) * time.Minute) }
	c.After = func(d time.Duration) <-chan time.Time {
		if d > time.Second {
			return time.After(d) // something else than a poll
		}
		paused.Add(1)
		over := make(chan time.Time, 1)
		over <- time.Now()
		return over
	}
}
