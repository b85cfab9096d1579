//go:build unix

package api_test

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/internal/sqlite"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/sync/chain"
	"github.com/coffer-vault/coffer/sync/wire"
)

// What a server costs as its accounts grow: make bench-cloud. COFFER_ACCOUNTS has their numbers, "100 1000" if it is not set, COFFER_ROUNDS
// how often all is measured at each.

const (
	// Items of an account, and bytes of each envelope.
	accountItems = 300
	itemBytes    = 512
	// writers is how many devices of as many accounts send at once.
	writers = 16
	// firstSyncItems is what a new device loads, and firstSyncs how often it does.
	firstSyncItems = 10_000
	firstSyncs     = 3
)

// engine is a database whose server is measured.
type engine struct {
	server *testkit.Server
	// bare is the database without the server, on the same disk, and create its table for bareCommit.
	bare   *sql.DB
	create string
	filler
	// size is what the database has on the disk, in bytes; processor what it took of the processors outside of this process.
	size      func(testing.TB) int64
	processor func(testing.TB) time.Duration
}

func BenchmarkCapacity(b *testing.B) {
	ctx := context.Background()
	bare, err := sqlite.Open(ctx, filepath.Join(b.TempDir(), "bare.db"), sqlite.Options{Immediate: true})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { bare.Close() })
	bare.SetMaxOpenConns(1)
	s := testkit.Cloud(b)
	measureCapacity(b, engine{
		server: s, bare: bare, create: `CREATE TABLE envelopes (object_id BLOB PRIMARY KEY, envelope BLOB)`, filler: sqliteFiller(s.Database()),
		size: func(t testing.TB) int64 {
			info, err := os.Stat(s.Database())
			if err != nil {
				t.Fatal(err)
			}
			return info.Size()
		},
		processor: func(testing.TB) time.Duration { return 0 },
	})
}

func measureCapacity(b *testing.B, e engine) {
	numbers := strings.Fields(cmp.Or(os.Getenv("COFFER_ACCOUNTS"), "100 1000"))
	rounds, err := strconv.Atoi(cmp.Or(os.Getenv("COFFER_ROUNDS"), "1"))
	if err != nil {
		b.Fatal(err)
	}
	if _, err := e.bare.Exec(e.create); err != nil {
		b.Fatal(err)
	}
	c := e.begin(b)
	for _, number := range numbers {
		n, err := strconv.Atoi(number)
		if err != nil {
			b.Fatal(err)
		}
		e.server.Stop()
		begin := time.Now()
		e.fill(b, c.template, n)
		c.tellSize(b, n, time.Since(begin))
		e.server.Restart()
		for round := range rounds {
			b.Run(fmt.Sprintf("accounts=%s/round=%d", number, round+1), c.measure)
		}
	}
}

// tellSize reports what is on the disk, and how long it took to get there.
func (c *crowd) tellSize(b *testing.B, accounts int, filling time.Duration) {
	bytes := float64(c.size(b))
	b.Run(fmt.Sprintf("accounts=%d/filled", accounts), func(b *testing.B) {
		b.ReportMetric(0, "ns/op") // nothing is done here
		b.ReportMetric(bytes/1e6, "MB")
		b.ReportMetric(bytes/float64(accounts)/1e3, "kB/account")
		b.ReportMetric(filling.Seconds(), "fill-s")
	})
}

// crowd is those who are measured, and one who is only copied: what the others do between must not be in the copies.
type crowd struct {
	engine
	users           []*user
	large, template *user
	// Commits a second that the database and the store alone had in this round.
	bareRate, storeRate float64
}

func (e engine) begin(b *testing.B) *crowd {
	c := &crowd{engine: e, template: signUp(b, e.server, "template@example.org"), large: signUp(b, e.server, "large@example.org")}
	for i := range writers {
		c.users = append(c.users, signUp(b, e.server, fmt.Sprintf("user%d@example.org", i)))
	}
	for _, u := range append(c.users, c.template) {
		u.first.push(u.first.put(itemBytes, ids(accountItems)...)).ok(b)
	}
	for range firstSyncItems / wire.MaxChanges {
		c.large.first.push(c.large.first.put(itemBytes, ids(wire.MaxChanges)...)).ok(b)
	}
	return c
}

func (c *crowd) measure(b *testing.B) {
	for _, u := range append(c.users, c.large) {
		u.t, u.first.t = b, b
		u.first.session = *u.first.proved().Session // to fill took longer than a token lives
	}
	first := c.users[0].first
	c.bareRate = c.repeated(b, "bare", func(b *testing.B) { c.bareCommit(b) })
	c.repeated(b, "poll", func(b *testing.B) { first.call("GET", first.vaultPath("/head"), nil, nil).ok(b) })
	c.repeated(b, "signin", func(*testing.B) { first.session = *first.proved().Session })
	// A commit without HTTP, JSON and the request's signature: what the database's transaction takes.
	c.storeRate = c.repeated(b, "transaction", first.pushInside)
	c.repeated(b, "commit", func(b *testing.B) { first.push(first.put(itemBytes, first.some())).ok(b) })
	b.Run(fmt.Sprintf("commit/writers=%d", writers), c.commitTogether)
	b.Run("firstsync", c.firstSync)
}

// repeated measures one thing after the other, and returns how many there were in a second. Of a commit it also reports how many that are
// of what database and store had alone.
func (c *crowd) repeated(b *testing.B, name string, do func(*testing.B)) (rate float64) {
	b.Run(name, func(b *testing.B) {
		before := c.processorTime(b)
		for b.Loop() {
			do(b)
		}
		rate = c.perSecond(b, b.N, before)
		if name == "commit" {
			c.compare(b, rate)
		}
	})
	return rate
}

// compare reports commits over HTTP in percent of those of the bare database and of the store's own.
func (c *crowd) compare(b *testing.B, rate float64) {
	if c.bareRate > 0 { // else they were not asked for
		b.ReportMetric(100*rate/c.bareRate, "%-of-bare")
	}
	if c.storeRate > 0 {
		b.ReportMetric(100*rate/c.storeRate, "%-of-store")
	}
}

// bareCommit is what the disk and the database allow: one row of an envelope's size, made durable.
func (c *crowd) bareCommit(b *testing.B) {
	sealed := randomBytes(itemBytes)
	if _, err := c.bare.Exec(`INSERT INTO envelopes VALUES ($1, $2)`, sealed[:16], sealed); err != nil {
		b.Fatal(err)
	}
}

// firstSync loads what a new device does: all rows of the state and their envelopes.
func (c *crowd) firstSync(b *testing.B) {
	d := c.large.first
	d.t = b
	before := c.processorTime(b)
	begin := time.Now()
	for range firstSyncs {
		if n := d.loadAll(); n != firstSyncItems {
			b.Fatalf("%d envelopes", n)
		}
	}
	took := time.Since(begin)
	c.perSecond(b, firstSyncs, before)
	b.ReportMetric(float64(took.Nanoseconds())/firstSyncs, "ns/op")
	b.ReportMetric(firstSyncs/took.Seconds(), "ops/s")
}

// loadAll asks for all pages of the state with their envelopes, and counts the envelopes.
func (d *device) loadAll() (envelopes int) {
	for cursor := ""; ; {
		var page wire.Objects
		d.call("GET", d.vaultPath("/objects?after="+cursor), nil, &page).ok(d.t)
		var names []string
		for _, r := range page.Rows {
			names = append(names, r.ObjectID)
		}
		for part := range slices.Chunk(names, wire.PageObjects) {
			var got wire.Fetched
			d.call("POST", d.vaultPath("/objects/fetch"), wire.Fetch{ObjectIDs: part}, &got).ok(d.t)
			envelopes += len(got.Envelopes)
		}
		if cursor = page.Next; cursor == "" {
			return envelopes
		}
	}
}

// pushInside makes a commit of one change by a call of the domain.
func (d *device) pushInside(b *testing.B) {
	draft := d.put(itemBytes, d.some())
	in := d.signed(draft)
	p := cloud.Push{Signed: chain.Signed{Commit: in.Commit, Changes: in.Changes, Signature: in.Signature}}
	for i, e := range in.Envelopes {
		p.Envelopes = append(p.Envelopes, cloud.Envelope{Object: draft.changes[i].Object, Revision: e.Revision, Sealed: e.Envelope})
	}
	caller := cloud.Caller{Account: d.account, Device: d.id, Key: d.key.Public(), Status: cloud.DeviceListed}
	if _, err := d.server.Cloud.Vaults.Push(b.Context(), caller, d.vault, p); err != nil {
		b.Fatal(err)
	}
	d.accept(in, draft.changes)
}

// commitTogether has every account's device send one change after the other.
func (c *crowd) commitTogether(b *testing.B) {
	before := c.processorTime(b)
	var wait sync.WaitGroup
	for i, u := range c.users {
		wait.Go(func() {
			for range (b.N + i) / len(c.users) {
				u.first.push(u.first.put(itemBytes, u.first.some())).ok(b)
			}
		})
	}
	wait.Wait()
	c.compare(b, c.perSecond(b, b.N, before))
}

// perSecond reports how many operations there were in a second, and what each took of the processors, client, server and database
// together: on a machine that has other work too, only this can be compared.
func (c *crowd) perSecond(b *testing.B, n int, before time.Duration) (rate float64) {
	rate = float64(n) / b.Elapsed().Seconds()
	b.ReportMetric(rate, "ops/s")
	b.ReportMetric(float64((c.processorTime(b)-before).Microseconds())/float64(n), "cpu-µs/op")
	return rate
}

// processorTime is what this process and the database have taken of the processors.
func (c *crowd) processorTime(b *testing.B) time.Duration {
	b.Helper()
	var r unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &r); err != nil {
		b.Fatal(err)
	}
	return time.Duration(r.Utime.Nano()+r.Stime.Nano()) + c.processor(b)
}

// some is an object of the vault, always the same.
func (d *device) some() (object id.ID) {
	d.tree.Rows(func(r chain.Row) bool {
		object = r.Object
		return false
	})
	return object
}
