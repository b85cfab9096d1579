//go:build unix

package api_test

import (
	"context"
	"crypto/rand"
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
)

// What a server costs as its accounts grow: make bench-cloud. COFFER_ACCOUNTS has their numbers, "100 1000" if it is not set.

// Items of an account, and bytes of each envelope.
const (
	accountItems = 300
	itemBytes    = 512
)

// writers is how many devices of as many accounts send at once.
const writers = 16

func BenchmarkCapacity(b *testing.B) {
	numbers := strings.Fields(os.Getenv("COFFER_ACCOUNTS"))
	if len(numbers) == 0 {
		numbers = []string{"100", "1000"}
	}
	b.Run("bare/commit", bareCommit)
	s := testkit.Cloud(b)
	var users []*user
	for i := range writers {
		u := signUp(b, s, fmt.Sprintf("user%d@example.org", i))
		u.first.push(u.first.put(itemBytes, ids(accountItems)...)).ok(b)
		users = append(users, u)
	}
	for _, number := range numbers {
		n, err := strconv.Atoi(number)
		if err != nil {
			b.Fatal(err)
		}
		s.Stop()
		begin := time.Now()
		fill(b, s.Database(), users[0], n)
		if info, err := os.Stat(s.Database()); err == nil {
			b.Logf("%d accounts with %d items each after %v: %d MB", n, accountItems, time.Since(begin).Round(time.Second), info.Size()>>20)
		}
		s.Restart()
		b.Run("accounts="+number, func(b *testing.B) { capacity(b, users) })
	}
}

func capacity(b *testing.B, users []*user) {
	for _, u := range users {
		u.t = b
		u.first.t = b
		u.first.session = *u.first.proved().Session // to fill took longer than a token lives
	}
	first := users[0].first
	for _, c := range []struct {
		name string
		do   func()
	}{
		{"poll", func() { first.call("GET", first.vaultPath("/head"), nil, nil).ok(b) }},
		{"signin", func() { first.session = *first.proved().Session }},
		{"commit", func() { first.push(first.put(itemBytes, first.some())).ok(b) }},
		// The same without HTTP, JSON and the request's signature: what the database's transaction takes.
		{"transaction", func() { first.pushInside(b) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			before := processorTime(b)
			for b.Loop() {
				c.do()
			}
			perSecond(b, before)
		})
	}
	b.Run(fmt.Sprintf("commit/writers=%d", writers), func(b *testing.B) { commitTogether(b, users) })
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
func commitTogether(b *testing.B, users []*user) {
	before := processorTime(b)
	var wait sync.WaitGroup
	for i, u := range users {
		wait.Go(func() {
			for range (b.N + i) / len(users) {
				u.first.push(u.first.put(itemBytes, u.first.some())).ok(b)
			}
		})
	}
	wait.Wait()
	perSecond(b, before)
}

// perSecond reports how many operations there were in a second, and what each took of the processors, client and server together: on a
// machine that has other work too, only this can be compared.
func perSecond(b *testing.B, before time.Duration) {
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "ops/s")
	b.ReportMetric(float64((processorTime(b)-before).Microseconds())/float64(b.N), "cpu-µs/op")
}

// processorTime is what this process has taken of the processors.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var r unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &r); err != nil {
		b.Fatal(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// some is an object of the vault, always the same.
func (d *device) some() (object id.ID) {
	d.tree.Rows(func(r chain.Row) bool {
		object = r.Object
		return false
	})
	return object
}

// bareCommit is what the disk and SQLite allow: one row of an envelope's size, made durable.
func bareCommit(b *testing.B) {
	ctx := context.Background()
	db, err := sqlite.Open(ctx, filepath.Join(b.TempDir(), "bare.db"), sqlite.Options{Immediate: true})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(ctx, `CREATE TABLE envelopes (object_id BLOB PRIMARY KEY, envelope BLOB)`); err != nil {
		b.Fatal(err)
	}
	sealed := make([]byte, itemBytes)
	before := processorTime(b)
	for b.Loop() {
		rand.Read(sealed)
		if _, err := db.ExecContext(ctx, `INSERT INTO envelopes VALUES ($1, $2)`, sealed[:16], sealed); err != nil {
			b.Fatal(err)
		}
	}
	perSecond(b, before)
}

// fill copies an account's rows under new ids until there are n accounts. Nobody signs in to the copies: they are in the way. Ids are random, as
// a client's are, and those who measure lie between them. The copies are written in the order of their vaults' ids, each table in its own: every
// row goes to the end of what is there, and the page that it belongs to is at hand. Without that, 10,000 accounts took hours.
func fill(b *testing.B, path string, template *user, n int) {
	b.Helper()
	ctx := context.Background()
	db, err := sqlite.Open(ctx, path, sqlite.Options{Immediate: true})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1) // the table of copies is this connection's
	run := func(statement string, args ...any) {
		b.Helper()
		if _, err := db.ExecContext(ctx, statement, args...); err != nil {
			b.Fatalf("%s: %v", statement, err)
		}
	}
	run(`CREATE TEMPORARY TABLE made AS WITH RECURSIVE n(i) AS (SELECT COUNT(*) FROM accounts UNION ALL SELECT i + 1 FROM n WHERE i + 1 < $1)
		SELECT i, randomblob(16) AS account, randomblob(16) AS vault, randomblob(32) AS tag FROM n`, n)
	// What a power cut leaves of a benchmark is of no use: neither log nor flush, and nothing is zeroed.
	for _, pragma := range []string{"journal_mode=OFF", "synchronous=OFF", "foreign_keys=OFF", "secure_delete=OFF", "cache_size=-262144", "locking_mode=EXCLUSIVE"} {
		run("PRAGMA " + pragma)
	}
	for _, table := range []string{
		"accounts", "account_log", "devices", "vaults", "sealed_vaults", "commits", "objects", "tree_leaves", "tree_nodes", "envelopes",
	} {
		names, values := copied(b, db, table)
		where, order := "vault_id IN (SELECT vault_id FROM vaults WHERE account_id = $1)", "vault"
		if slices.Contains(names, "account_id") {
			where, order = "account_id = $1", "account"
		}
		run(`DROP TABLE IF EXISTS copies`)
		run(`CREATE TEMPORARY TABLE copies AS SELECT * FROM made ORDER BY ` + order)
		run(fmt.Sprintf(`INSERT INTO %s (%s) SELECT %s FROM copies AS copy CROSS JOIN %s AS old WHERE %s`,
			table, strings.Join(names, ", "), strings.Join(values, ", "), table, where), template.account[:])
	}
	run("PRAGMA locking_mode=NORMAL")
	run("PRAGMA journal_mode=WAL")
}

// copied lists a table's columns, and what a copied row has in them.
func copied(b *testing.B, db *sql.DB, table string) (names, values []string) {
	b.Helper()
	rows, err := db.Query(`SELECT name FROM pragma_table_info($1)`, table)
	if err != nil {
		b.Fatal(err)
	}
	defer rows.Close()
	changed := map[string]string{
		"account_id": "copy.account", "vault_id": "copy.vault", "email": "'copy' || copy.i || '@example.org'", "lookup_tag": "copy.tag", "recovery_tag": "NULL",
	}
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			b.Fatal(err)
		}
		value, ok := changed[name]
		if !ok {
			value = "old." + name
		}
		names, values = append(names, name), append(values, value)
	}
	return names, values
}
