package engine_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/sync/chain"
	"github.com/coffer-vault/coffer/sync/engine"
	"github.com/coffer-vault/coffer/sync/wire"
	"github.com/coffer-vault/coffer/vault"
)

// line is a device's way to the server: it counts, is cut, and lets things happen on the way.
type line struct {
	*device
	requests int
	carried  int // envelopes
	cutAt    int // the request from which on it is cut; 0: never
	before   func(request int)
	lie      func(*wire.Fetched)
}

func (l *line) pass() error {
	l.requests++
	if l.before != nil {
		l.before(l.requests)
	}
	if l.cutAt > 0 && l.requests >= l.cutAt {
		return errLost
	}
	return nil
}

func (l *line) Head(ctx context.Context, v id.ID) (wire.HeadCommit, error) {
	if err := l.pass(); err != nil {
		return wire.HeadCommit{}, err
	}
	return l.device.Head(ctx, v)
}

func (l *line) Changes(ctx context.Context, v id.ID, since uint64) (wire.Changes, error) {
	if err := l.pass(); err != nil {
		return wire.Changes{}, err
	}
	return l.device.Changes(ctx, v, since)
}

func (l *line) Objects(ctx context.Context, v id.ID, after string) (wire.Objects, error) {
	if err := l.pass(); err != nil {
		return wire.Objects{}, err
	}
	return l.device.Objects(ctx, v, after)
}

func (l *line) Fetch(ctx context.Context, v id.ID, objects []id.ID) (wire.Fetched, error) {
	if err := l.pass(); err != nil {
		return wire.Fetched{}, err
	}
	out, err := l.device.Fetch(ctx, v, objects)
	l.carried += len(out.Envelopes)
	if l.lie != nil {
		l.lie(&out)
	}
	return out, err
}

// smallPage is how many envelopes are fetched at once in these tests.
const smallPage = 2

// loading is a vault with some items, some of them deleted, and a device that has nothing of it.
type loading struct {
	*life
	author, fresh *device
	line          *line
}

func newLoading(t *rapid.T, dir string, items int) *loading {
	l := newLife(t, dir, 2)
	g := &loading{life: l, author: l.devices[0], fresh: l.devices[1]}
	for range items {
		l.save(g.author, vault.Item{Kind: vault.Login, Title: fmt.Sprintf("item %04d", len(l.typed))})
	}
	g.author.sync(t)
	g.delete(g.author, g.item(0))
	g.author.sync(t)
	g.restart()
	return g
}

// item is the author's n-th.
func (g *loading) item(n int) vault.Item {
	it, err := g.author.vault.Get(g.t.Context(), g.author.vault.Query(vault.Filter{})[n].ID)
	if err != nil {
		g.t.Fatal(err)
	}
	return it
}

// restart kills the fresh device and starts it again: what is not on the disk is gone.
func (g *loading) restart() {
	g.line = &line{device: g.fresh}
	g.fresh.remote = g.line
	g.fresh.restart(g.t)
	g.fresh.engine.SetPage(smallPage)
}

func (g *loading) load() error {
	_, err := g.fresh.engine.Sync(g.t.Context(), nil)
	return err
}

// staged are the objects whose envelopes wait in the file.
func (g *loading) staged() (rows []vault.Row) {
	err := g.fresh.vault.Staged(g.t.Context(), func(r vault.Row) error {
		rows = append(rows, r)
		return nil
	})
	if err != nil {
		g.t.Fatal(err)
	}
	return rows
}

// finished checks that the fresh device has what the author has, and that nothing is left of the loading.
func (g *loading) finished() {
	g.t.Helper()
	want, _ := g.author.everything(g.t)
	if got, _ := g.fresh.everything(g.t); got != want {
		g.t.Fatalf("devices differ:\n%s\n%s", want, got)
	}
	g.fresh.restart(g.t)
	if got, _ := g.fresh.everything(g.t); got != want {
		g.t.Fatalf("after a restart:\n%s\n%s", want, got)
	}
	if left := g.staged(); len(left) > 0 {
		g.t.Fatalf("%d rows are still staged", len(left))
	}
}

// once runs a test that draws nothing once.
func once(t *testing.T, test func(*rapid.T, string)) {
	dir := t.TempDir()
	done := false
	rapid.Check(t, func(t *rapid.T) {
		if !done {
			done = true
			test(t, dir)
		}
	})
}

// The line is cut at every request of a first sync, one after the other, and the device killed there: nothing is shown before all of it
// is verified, what was staged is not fetched again, and each kill costs one page at most.
func TestAKillAtEveryPageOfAFirstSync(t *testing.T) {
	once(t, func(rt *rapid.T, dir string) {
		const items = 9
		for cutAt, done := 1, false; !done; cutAt++ {
			g := newLoading(rt, dir, items)
			g.line.cutAt = cutAt
			err := g.load()
			done = err == nil
			if err != nil && !errors.Is(err, errLost) {
				rt.Fatalf("cut at %d: %v", cutAt, err)
			}
			carried := g.line.carried
			if shown := len(g.fresh.vault.Query(vault.Filter{})); !done && shown > 0 {
				rt.Fatalf("cut at %d: %d items are shown", cutAt, shown)
			}
			g.restart()
			if err := g.load(); err != nil {
				rt.Fatalf("cut at %d, then: %v", cutAt, err)
			}
			if carried += g.line.carried; carried > items-1+smallPage {
				rt.Fatalf("cut at %d: %d envelopes were carried", cutAt, carried)
			}
			g.finished()
		}
	})
}

// The same with a kill at every transaction of the file.
func TestAKillAtEveryTransactionOfAFirstSync(t *testing.T) {
	once(t, func(rt *rapid.T, dir string) {
		for at, done := 1, false; !done; at++ {
			g := newLoading(rt, dir, 7)
			g.fresh.killAt = at
			err := g.load()
			if done = err == nil; !done && !errors.Is(err, errKilled) {
				rt.Fatalf("killed at %d: %v", at, err)
			}
			g.fresh.killAt = 0
			g.restart()
			if err := g.load(); err != nil {
				rt.Fatalf("killed at %d, then: %v", at, err)
			}
			g.finished()
		}
	})
}

// While a device loads, others edit, add and delete at any moment, and it is killed again and again.
func TestAFirstSyncAmongChanges(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		g := newLoading(t, dir, rapid.IntRange(1, 12).Draw(t, "items"))
		for range rapid.IntRange(0, 3).Draw(t, "kills") {
			g.disturb()
			g.line.cutAt = rapid.IntRange(1, 20).Draw(t, "cut at")
			if err := g.load(); err != nil && !errors.Is(err, errLost) && !errors.Is(err, engine.ErrWithheld) {
				t.Fatal(err)
			}
			if rapid.Bool().Draw(t, "typed here") {
				g.save(g.fresh, vault.Item{Kind: vault.Login, Title: "here"})
			}
			g.restart()
		}
		g.disturb()
		if err := g.load(); err != nil && !errors.Is(err, engine.ErrWithheld) {
			t.Fatal(err)
		}
		g.line.before = nil
		g.settle()
		g.finished()
	})
}

// disturb lets the author change something before some of the next requests.
func (g *loading) disturb() {
	g.line.before = func(int) {
		if rapid.IntRange(0, 3).Draw(g.t, "disturbance") > 0 {
			return
		}
		all := g.author.vault.Query(vault.Filter{})
		switch n := rapid.IntRange(0, len(all)).Draw(g.t, "item"); {
		case n == len(all):
			g.save(g.author, vault.Item{Kind: vault.Login, Title: fmt.Sprintf("item %04d", len(g.typed))})
		case rapid.Bool().Draw(g.t, "delete"):
			g.delete(g.author, g.item(n))
		default:
			g.save(g.author, g.item(n))
		}
		g.author.sync(g.t)
	}
}

// An object is replaced while the pages are on their way: the sync asks for the new one in the same go.
func TestAHeadThatMovesDuringAFirstSync(t *testing.T) {
	once(t, func(rt *rapid.T, dir string) {
		for moment := 3; moment < 12; moment++ {
			g := newLoading(rt, dir, 5)
			g.line.before = func(request int) {
				if request == moment {
					for n := range g.author.vault.Query(vault.Filter{}) {
						g.save(g.author, g.item(n))
					}
					g.author.sync(rt)
				}
			}
			if err := g.load(); err != nil {
				rt.Fatalf("moved at request %d: %v", moment, err)
			}
			g.fresh.sync(rt)
			g.finished()
		}
	})
}

// One envelope is another one, or does not come: everything else is there, and once it comes it is the only one that is fetched.
func TestAnEnvelopeThatIsWrongOrMissing(t *testing.T) {
	for name, lie := range map[string]func(*wire.Envelope) bool{
		"wrong":   func(e *wire.Envelope) bool { e.Envelope = append([]byte{1}, e.Envelope...); return true },
		"missing": func(*wire.Envelope) bool { return false },
	} {
		t.Run(name, func(t *testing.T) {
			once(t, func(rt *rapid.T, dir string) {
				g := newLoading(rt, dir, 6)
				victim := g.author.vault.Query(vault.Filter{})[2].ID.String()
				g.line.lie = func(f *wire.Fetched) {
					f.Envelopes = slices.DeleteFunc(f.Envelopes, func(e wire.Envelope) bool { return e.ObjectID == victim && name == "missing" })
					for i := range f.Envelopes {
						if f.Envelopes[i].ObjectID == victim {
							lie(&f.Envelopes[i])
						}
					}
				}
				if err := g.load(); !errors.Is(err, engine.ErrWithheld) {
					rt.Fatalf("got %v", err)
				}
				readable := 0
				for _, s := range g.fresh.vault.Query(vault.Filter{}) {
					if !s.Unreadable {
						readable++
					}
				}
				if readable != 4 {
					rt.Fatalf("%d items can be read, want 4", readable)
				}
				g.restart()
				if err := g.load(); err != nil || g.line.carried != 1 {
					rt.Fatalf("%v, and %d envelopes were carried", err, g.line.carried)
				}
				g.finished()
			})
		})
	}
}

// What lies in the staging table from before is used where it is what the verified table names, and dropped where it is not. What was
// changed outside Coffer shows when it is opened, and is fetched again.
func TestLeftoversOfAFirstSync(t *testing.T) {
	once(t, func(rt *rapid.T, dir string) {
		g := newLoading(rt, dir, 6)
		var live []chain.Row
		for _, s := range g.author.vault.Query(vault.Filter{}) {
			live = append(live, g.world.rows[s.ID])
		}
		good, tampered, oldRevision, unknown := remoteRow(g.world, live[0]), remoteRow(g.world, live[1]), remoteRow(g.world, live[2]), remoteRow(g.world, live[3])
		tampered.Envelope = append([]byte{1}, tampered.Envelope...)
		oldRevision.Revision++
		unknown.Object = id.New()
		if err := g.fresh.vault.Stage(rt.Context(), []vault.RemoteRow{good, tampered, oldRevision, unknown}); err != nil {
			rt.Fatal(err)
		}
		if err := g.load(); err != nil || g.line.carried != len(live)-2 {
			rt.Fatalf("%v, and %d envelopes were carried", err, g.line.carried)
		}
		g.restart() // opens everything, and sets aside what was changed
		if err := g.load(); err != nil || g.line.carried != 1 {
			rt.Fatalf("%v, and %d envelopes were carried", err, g.line.carried)
		}
		g.finished()
	})
}

// A leftover of another revision, whose object the server withholds, is not taken for the one that the table names.
func TestALeftoverThatIsNotReplaced(t *testing.T) {
	once(t, func(rt *rapid.T, dir string) {
		g := newLoading(rt, dir, 3)
		victim := g.author.vault.Query(vault.Filter{})[0].ID
		old := remoteRow(g.world, g.world.rows[victim])
		old.Revision++
		if err := g.fresh.vault.Stage(rt.Context(), []vault.RemoteRow{old}); err != nil {
			rt.Fatal(err)
		}
		g.line.lie = func(f *wire.Fetched) {
			f.Envelopes = slices.DeleteFunc(f.Envelopes, func(e wire.Envelope) bool { return e.ObjectID == victim.String() })
		}
		if err := g.load(); !errors.Is(err, engine.ErrWithheld) {
			rt.Fatalf("got %v", err)
		}
		g.restart()
		if err := g.load(); err != nil { // the rows give the root that was pinned
			rt.Fatal(err)
		}
		g.finished()
	})
}

func remoteRow(w *world, r chain.Row) vault.RemoteRow {
	return vault.RemoteRow{
		Row:      vault.Row{Object: r.Object, Revision: r.Revision, State: vault.State(r.State), Hash: r.EnvHash},
		Envelope: w.envelopes[r.Object],
	}
}

// bottomless answers without an end.
type bottomless struct {
	*device
	asked int
}

func (b *bottomless) Objects(context.Context, id.ID, string) (wire.Objects, error) {
	b.asked++
	rows := make([]wire.Row, wire.PageRows)
	for i := range rows {
		rows[i] = wire.Row{ObjectID: id.New().String(), Revision: 1, State: 2, EnvHash: make([]byte, 32)}
	}
	return wire.Objects{Rows: rows, Next: id.New().String()}, nil
}

// A state table without an end is refused at the most objects that a vault can have.
func TestAStateTableWithoutAnEnd(t *testing.T) {
	once(t, func(rt *rapid.T, dir string) {
		g := newLoading(rt, dir, 1)
		server := &bottomless{device: g.fresh}
		g.fresh.remote = server
		g.fresh.restart(rt)
		var violation *engine.Violation
		if err := g.load(); !errors.As(err, &violation) || server.asked > wire.MaxObjects/wire.PageRows+1 {
			rt.Fatalf("after %d pages: %v", server.asked, err)
		}
	})
}
