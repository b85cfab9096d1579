//go:build system && linux

package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/cloud/mail"
	"github.com/coffer-vault/coffer/internal/sqlite"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/internal/testpg"
)

// Migrations of a version that does not exist yet: what docs/adr/0027-one-sql-for-two-engines.md lets one do, and the same with a
// statement that fails, or never ends, after those that did not.
const (
	laterMigration = `ALTER TABLE accounts ADD COLUMN later TEXT NOT NULL DEFAULT ''; ALTER TABLE commits ADD COLUMN later BIGINT NOT NULL DEFAULT 0;
		CREATE TABLE later (x BIGINT NOT NULL PRIMARY KEY);`
	brokenMigration  = laterMigration + ` CREATE TABLE commits (x BIGINT);`
	endlessMigration = laterMigration + ` SELECT COUNT(*) FROM (WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x FROM c) SELECT x FROM c) AS all_of_them;`
)

// versionWith builds coffer-cloud as it is, with one migration more.
func versionWith(t *testing.T, migration string) string {
	t.Helper()
	dir := t.TempDir()
	migrations, err := filepath.Abs("../../cloud/store/sqlstore/migrations")
	if err != nil {
		t.Fatal(err)
	}
	text, overlay := filepath.Join(dir, "later.sql"), filepath.Join(dir, "overlay.json")
	replace, err := json.Marshal(map[string]any{"Replace": map[string]string{filepath.Join(migrations, "90000_later.sql"): text}})
	if err != nil {
		t.Fatal(err)
	}
	for path, data := range map[string][]byte{text: []byte(migration), overlay: replace} {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	program := filepath.Join(dir, "coffer-cloud")
	if out, err := exec.Command("go", "build", "-overlay", overlay, "-o", program, "../../cloud/cmd/coffer-cloud").CombinedOutput(); err != nil {
		t.Fatalf("build: %v: %s", err, out)
	}
	return program
}

// host is where versions of the server run on one database, with the clients of a site.
type host struct {
	*site
	data    []string // arguments
	folders []string // of each process
}

func newHost(t *testing.T, database string) *host {
	t.Helper()
	sink, err := mail.NewSink("", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sink.Close() })
	h := &host{site: &site{t: t, sink: sink}}
	for _, port := range ports(t, 2) {
		h.addresses, h.folders = append(h.addresses, "127.0.0.1:"+port), append(h.folders, t.TempDir())
	}
	h.url = "http://" + h.addresses[0]
	h.data = []string{"--server-secret-file", filepath.Join(t.TempDir(), "server.secret"), "--database", database}
	return h
}

func (h *host) command(ctx context.Context, program string, process int) *exec.Cmd {
	args := append([]string{"serve", "--dev", "--data", h.folders[process], "--listen", h.addresses[process], "--origin", h.url, "--smtp",
		"smtp://" + h.sink.Addr() + "?starttls=never", "--log-level", "warn"}, h.data...)
	return exec.CommandContext(ctx, program, args...)
}

// serve starts a version and waits until it is ready.
func (h *host) serve(program string, process int) *daemon {
	h.t.Helper()
	d := launch(h.t, filepath.Base(program), h.command(h.t.Context(), program, process))
	h.wait("http://" + h.addresses[process])
	return d
}

// refuses starts a version that has to end by itself, and say why.
func (h *host) refuses(program string, process int, why string) {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.t.Context(), 30*time.Second)
	defer cancel()
	if out, err := h.command(ctx, program, process).CombinedOutput(); err == nil || !strings.Contains(string(out), why) {
		h.t.Errorf("%v, want %q: %s", err, why, out)
	}
}

// killed starts a version and kills it in the middle of its migration.
func (h *host) killed(program string, process int, migrates func() bool) {
	h.t.Helper()
	d := launch(h.t, filepath.Base(program), h.command(h.t.Context(), program, process))
	err := testpg.Wait(func() error {
		if !migrates() {
			return errors.New("no migration is under way")
		}
		return nil
	})
	if err != nil {
		h.t.Fatal(err)
	}
	d.kill()
}

// TestUpgrades is the upgrade of a server whose new version is broken at first. A migration that fails half way, or whose process is killed
// half way, leaves nothing, not even a lock: the version before starts again, and goes on where it still runs. When the new one has done its migration it serves with all that was acknowledged,
// on PostgreSQL beside the old one, which goes on; the old one does not start again, says why, and leaves the database as it is.
func TestUpgrades(t *testing.T) {
	before, broken, after := filepath.Join(programs, "coffer-cloud"), versionWith(t, brokenMigration), versionWith(t, laterMigration)
	endless := versionWith(t, endlessMigration)
	for name, c := range map[string]struct {
		database func(t *testing.T) (url string, migrates func() bool)
		shared   bool // by several processes
	}{"SQLite": {onSQLite, false}, "PostgreSQL": {onPostgres, true}} {
		t.Run(name, func(t *testing.T) {
			database, migrates := c.database(t)
			h := newHost(t, database)
			old := h.serve(before, 0)
			u := h.signUp(testpc.New(t, "PC", nil), "ada@example.org")
			save := func(device *session.Unlocked) {
				t.Helper()
				testpc.Save(t, device, testpc.Login("An item", "ada", "secret"))
				testpc.Sync(t, device)
			}
			save(u)
			next := 1
			if !c.shared {
				next = 0 // in the place of the old one
				old.end()
			}
			for _, fail := range []func(){
				func() { h.refuses(broken, next, "commits") }, func() { h.killed(endless, next, migrates) },
			} {
				fail()
				if !c.shared {
					old = h.serve(before, 0)
				}
				save(u)
				if !c.shared {
					old.end()
				}
			}
			last := h.serve(after, next)
			save(u)
			pc := testpc.New(t, "New PC", func(c *session.Config) { c.Transport = through{h.addresses[next]} })
			other := h.signIn(pc, "ada@example.org", u.SecretKey())
			save(other)
			if c.shared {
				last = old
			}
			last.end()
			h.refuses(before, 0, "written by a newer version")
			h.serve(after, 0)
			for _, device := range []*session.Unlocked{u, other} {
				testpc.Sync(t, device)
				if n := len(testpc.Contents(t, device)); n != 5 {
					t.Errorf("%d items are there, want 5", n)
				}
			}
		})
	}
}

// onSQLite returns a database in a file, and what tells whether somebody writes to it.
func onSQLite(t *testing.T) (url string, migrates func() bool) {
	path := filepath.Join(t.TempDir(), "cloud.db")
	return "sqlite:" + path, func() bool {
		db, err := sqlite.Open(t.Context(), path, sqlite.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		_, err = db.ExecContext(t.Context(), `BEGIN IMMEDIATE; ROLLBACK`)
		return err != nil
	}
}

// onPostgres returns a database of a server of its own, and what tells whether somebody changes a table that has rows.
func onPostgres(t *testing.T) (url string, migrates func() bool) {
	cluster := newCluster(t, "fsync=off")
	if err := cluster.SQL("postgres", "CREATE DATABASE coffer"); err != nil {
		t.Fatal(err)
	}
	return cluster.URL("coffer"), func() bool {
		return cluster.SQL("coffer", `BEGIN; LOCK TABLE accounts IN ACCESS SHARE MODE NOWAIT; COMMIT`) != nil
	}
}
