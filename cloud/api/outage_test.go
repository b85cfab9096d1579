//go:build cgo && unix

package api_test

import (
	"context"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/cloud/store/sqlite"
	"github.com/coffer-vault/coffer/cloud/store/sqlstore"
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

// stall is a disk that stands still while it is on, below one folder: a flush does not end before release.
type stall struct {
	dir     string
	on      atomic.Bool
	reached chan struct{}
	release chan struct{}
}

func (s *stall) watch(step testdisk.Step) error {
	if step.Op == testdisk.Sync && filepath.Dir(step.Path) == s.dir && s.on.Load() {
		select {
		case s.reached <- struct{}{}:
		default:
		}
		<-s.release
	}
	return nil
}

// A disk that is slow, or stands still: a commit is acknowledged when it is on the disk and not before. Reading goes on. Who wants to
// write behind it waits, and is told with a code of the protocol when that takes too long; the very same request is taken afterwards.
func TestDiskStandsStill(t *testing.T) {
	for name, c := range map[string]struct {
		try  time.Duration
		want wire.Code
	}{
		"longer than a transaction may take": {300 * time.Millisecond, wire.CodeUnavailable},
		"for a while":                        {time.Minute, ""},
	} {
		t.Run(name, func(t *testing.T) {
			disk := &stall{reached: make(chan struct{}, 1), release: make(chan struct{})}
			stop, err := testdisk.Watch(disk.watch) // before the database is opened
			if err != nil {
				t.Fatal(err)
			}
			defer stop()
			s := testkit.CloudWith(t, func(s *testkit.Server) {
				s.Open = func(ctx context.Context, hook sqlstore.Hook) (testkit.Store, error) {
					return sqlite.OpenTimed(ctx, s.Database(), hook, c.try)
				}
			})
			disk.dir = filepath.Dir(s.Database())
			first, second := signUp(t, s, "ada@example.org").first, signUp(t, s, "bob@example.org").first
			s.HoldMail = true // or the outbox is the one that waits for the disk
			s.Restart()
			closeIdle()
			behindTheDisk(t, disk, first, second, c.want)
			s.HoldMail = false
			s.Restart()
			closeIdle()
			for _, d := range []*device{first, second} {
				wantAll(t, d.user, slices.Collect(maps.Keys(d.pull())))
			}
		})
	}
}

// behindTheDisk has one device write to a disk that stands still, and another one behind it.
func behindTheDisk(t *testing.T, disk *stall, first, second *device, want wire.Code) {
	t.Helper()
	one, other := id.New(), id.New()
	in := second.signed(second.put(64, other))
	writes := first.inSession("POST", first.vaultPath("/commits"), first.signed(first.put(64, one)))
	disk.on.Store(true)
	wrote := later(t, writes)
	select {
	case <-disk.reached:
	case code := <-wrote:
		t.Fatalf("answered %q without the disk", code)
	}
	waited := later(t, second.inSession("POST", second.vaultPath("/commits"), in))
	second.call("GET", second.vaultPath("/head"), nil, nil).ok(t)
	wantReady(t, first.server)
	if want != "" {
		wantSoon(t, waited, want)
	}
	select {
	case code := <-wrote:
		t.Errorf("answered %q before the disk was done", code)
	default:
	}
	disk.on.Store(false)
	close(disk.release)
	if want != "" { // the same again
		waited = later(t, second.inSession("POST", second.vaultPath("/commits"), in))
	}
	wantSoon(t, wrote, "")
	wantSoon(t, waited, "")
	if first.pull()[one] == nil || second.pull()[other] == nil {
		t.Error("a commit was acknowledged and is lost")
	}
}

// later sends a request meanwhile.
func later(t *testing.T, req *http.Request) chan wire.Code {
	answer := make(chan wire.Code, 1)
	go func() { answer <- answerTo(t, req) }()
	return answer
}

func wantSoon(t *testing.T, answer chan wire.Code, want wire.Code) {
	t.Helper()
	select {
	case got := <-answer:
		if got != want {
			t.Errorf("answered %q, want %q", got, want)
		}
	case <-time.After(15 * time.Second): // with a minute of a transaction's time nobody would get an answer
		t.Errorf("no answer, want %q", want)
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
