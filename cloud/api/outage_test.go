//go:build cgo && unix

package api_test

import (
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/internal/testdisk"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/sync/wire"
)

// outage is a disk that fails in one way while it is on, below one folder.
type outage struct {
	dir  string
	fail testdisk.Watcher
	on   atomic.Bool
	met  atomic.Bool
}

func (o *outage) watch(s testdisk.Step) error {
	if !o.on.Load() || filepath.Dir(s.Path) != o.dir {
		return nil
	}
	err := o.fail(s)
	if err != nil {
		o.met.Store(true)
	}
	return err
}

// failing makes steps of some kinds fail.
func failing(err error, ops ...testdisk.Op) testdisk.Watcher {
	return func(s testdisk.Step) error {
		for _, op := range ops {
			if s.Op == op {
				return err
			}
		}
		return nil
	}
}

// A disk that is full or broken: who writes is told with a code of the protocol and without the cause, the process goes on, and when the
// disk is well again the very same request is taken. Everything that was acknowledged before is there, once, in a chain that verifies.
func TestDiskOutage(t *testing.T) {
	for name, fail := range map[string]testdisk.Watcher{
		"full":           failing(testdisk.ErrFull, testdisk.Write, testdisk.Shared),
		"does not write": failing(testdisk.ErrBroken, testdisk.Write),
		"writes half": func(s testdisk.Step) error {
			return map[testdisk.Op]error{testdisk.Write: testdisk.ErrHalf, testdisk.Torn: testdisk.ErrBroken}[s.Op]
		},
		"does not flush": failing(testdisk.ErrBroken, testdisk.Sync),
		"does neither":   failing(testdisk.ErrBroken, testdisk.Write, testdisk.Sync),
	} {
		t.Run(name, func(t *testing.T) {
			o := &outage{fail: fail}
			stop, err := testdisk.Watch(o.watch) // before the database is opened
			if err != nil {
				t.Fatal(err)
			}
			defer stop()
			s := testkit.Cloud(t)
			o.dir = filepath.Dir(s.Database())
			d := signUp(t, s, "ada@example.org").first
			kept := ids(20)
			for _, object := range kept {
				d.push(d.put(64, object)).ok(t)
			}
			next := id.New()
			c := d.put(64, next)
			in := d.signed(c)
			o.on.Store(true)
			for range 3 {
				r := d.call("POST", d.vaultPath("/commits"), in, nil)
				r.want(t, 500, wire.CodeUnavailable)
				for _, cause := range []string{"disk", "sqlite", "I/O", s.Database()} {
					if strings.Contains(string(r.body), cause) {
						t.Errorf("the answer tells the cause: %s", r.body)
					}
				}
			}
			wantReady(t, s)
			o.on.Store(false)
			if !o.met.Load() {
				t.Fatal("nothing failed")
			}
			d.call("POST", d.vaultPath("/commits"), in, nil).ok(t)
			d.accept(in, c.changes)
			d.push(d.put(64, id.New())).ok(t)
			wantAll(t, d.user, append(kept, next))
			s.Restart()
			closeIdle()
			wantAll(t, d.user, append(kept, next))
		})
	}
}

// wantReady asks what a load balancer asks.
func wantReady(t *testing.T, s *testkit.Server) {
	t.Helper()
	answer, err := http.Get(s.URL + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusNoContent {
		t.Errorf("/readyz answers %d", answer.StatusCode)
	}
}

// wantAll looks for objects with a new device, which verifies the whole chain.
func wantAll(t *testing.T, u *user, objects []id.ID) {
	t.Helper()
	d := u.verified("Another")
	there := d.pull()
	for i, object := range objects {
		if there[object] == nil {
			t.Errorf("object %d of %d was acknowledged and is lost", i, len(objects))
		}
	}
}

// A clock that jumps by hours, either way, refuses requests with the server's time, which clients take over; nothing is lost, and when it
// is right again the session goes on.
func TestClockJumps(t *testing.T) {
	for name, jump := range map[string]time.Duration{"a day ahead": 24 * time.Hour, "a day back": -24 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			s := testkit.Cloud(t)
			d := signUp(t, s, "ada@example.org").first
			object := id.New()
			d.push(d.put(64, object)).ok(t)
			late := d.request("GET", d.vaultPath("/head"), d.session.AccessToken, nil)
			s.Clock.Advance(jump)
			wantReady(t, s)
			r := send(t, late, nil)
			if r.want(t, 401, wire.CodeClockSkew); r.err.ServerTime != 0 && abs(r.err.ServerTime-s.Clock.Now().UnixMilli()) > time.Minute.Milliseconds() {
				t.Errorf("the server's time is %d", r.err.ServerTime)
			}
			s.Clock.Advance(-jump)
			d.push(d.put(64, id.New())).ok(t)
			wantAll(t, d.user, []id.ID{object})
		})
	}
}

func abs(n int64) int64 { return max(n, -n) }
