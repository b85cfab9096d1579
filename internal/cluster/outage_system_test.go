//go:build system && linux

package cluster

import (
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/internal/testpg"
	"github.com/coffer-vault/coffer/sync/remote"
	"github.com/coffer-vault/coffer/sync/wire"
)

// disk is what PostgreSQL does on a disk without room: the statement fails with its code.
const (
	fillDisk = `CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
		$$BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END$$;
		CREATE TRIGGER full_disk BEFORE INSERT ON commits FOR EACH ROW EXECUTE FUNCTION full_disk()`
	emptyDisk = `DROP TRIGGER full_disk ON commits; DROP FUNCTION full_disk()`
)

// A database that fails while clients write: they get a code of the protocol in a time that has an end, /readyz says what a load balancer
// has to know, and when it is over what could not be sent is sent. Everything that was acknowledged is there.
func TestDatabaseFails(t *testing.T) {
	for name, c := range map[string]struct {
		begin, end func(*testpg.Cluster) error
		ready      bool
		most       time.Duration // that an answer takes: what the server waits, with room for a busy machine
	}{
		"gone":         {(*testpg.Cluster).Kill, (*testpg.Cluster).Start, false, 40 * time.Second},
		"stands still": {(*testpg.Cluster).Stop, (*testpg.Cluster).Continue, false, 59 * time.Second},
		"disk full": {
			func(c *testpg.Cluster) error { return c.SQL("coffer", fillDisk) }, func(c *testpg.Cluster) error { return c.SQL("coffer", emptyDisk) },
			true, 20 * time.Second,
		},
	} {
		t.Run(name, func(t *testing.T) {
			cluster := newCluster(t)
			if err := cluster.SQL("postgres", "CREATE DATABASE coffer"); err != nil {
				t.Fatal(err)
			}
			s := newSite(t, cluster.URL("coffer"), 1)
			u := s.signUp(testpc.New(t, "PC", s.direct), "ada@example.org")
			for range 10 {
				testpc.Save(t, u, testpc.Login("Before", "ada", "secret"))
				testpc.Sync(t, u)
			}
			if err := c.begin(cluster); err != nil {
				t.Fatal(err)
			}
			testpc.Save(t, u, testpc.Login("Meanwhile", "ada", "secret"))
			began := time.Now()
			err := u.Sync(t.Context())
			if took := time.Since(began); !remote.IsCode(err, wire.CodeUnavailable) || took > c.most {
				t.Errorf("a sync ends after %v with %v", took, err)
			}
			if status := s.readiness(); (status == http.StatusNoContent) != c.ready {
				t.Errorf("/readyz answers %d", status)
			}
			if err := c.end(cluster); err != nil {
				t.Fatal(err)
			}
			s.wait("http://" + s.addresses[0])
			testpc.Sync(t, u)
			other := s.signIn(testpc.New(t, "New PC", s.direct), "ada@example.org", u.SecretKey())
			testpc.Sync(t, other)
			if n := len(testpc.Contents(t, other)); n != 11 {
				t.Errorf("%d items are there, want 11", n)
			}
		})
	}
}

// A database that answers, and slowly: clients go on, each answer takes longer. One that is slower than the server has patience for has it
// give up on commits that the database goes on with, so that nobody knows of a write whether it was made; the client asks again, and neither
// loses nor doubles it. Checks of load balancers do not take a server out for being slow, and when it is over all is as fast as before.
func TestDatabaseSlow(t *testing.T) {
	cluster := newCluster(t)
	if err := cluster.SQL("postgres", "CREATE DATABASE coffer"); err != nil {
		t.Fatal(err)
	}
	s := newSite(t, cluster.URL("coffer"), 2)
	w := s.writers(4)
	w.more(5)
	for _, phase := range []struct {
		runs, rests time.Duration
		until       func(int)
	}{
		{30 * time.Millisecond, 300 * time.Millisecond, w.more},
		{10 * time.Millisecond, 3 * time.Second, w.more},
		{10 * time.Millisecond, 21 * time.Second, w.slip},
	} {
		end := cluster.Slow(t, phase.runs, phase.rests)
		phase.until(2)
		if status := s.readiness(); phase.rests < 5*time.Second && status != http.StatusNoContent {
			t.Errorf("%v in %v: /readyz answers %d", phase.runs, phase.rests, status)
		}
		if err := end(); err != nil {
			t.Fatal(err)
		}
	}
	w.more(10)
	w.verify("a slow database, then one too slow")
}

// direct has a client speak to the first process, past the proxy.
func (s *site) direct(c *session.Config) { c.Transport = through{s.addresses[0]} }

// readiness is what the first process answers to a load balancer.
func (s *site) readiness() int {
	s.t.Helper()
	client := &http.Client{Timeout: 30 * time.Second}
	answer, err := client.Get("http://" + s.addresses[0] + "/readyz")
	if err != nil {
		s.t.Fatal(err)
	}
	answer.Body.Close()
	return answer.StatusCode
}

// While a newer version has already changed the schema, a process of the version before goes on; one that is started then says why it does
// not, and leaves the database as it is.
func TestTwoVersionsAtOnce(t *testing.T) {
	cluster := newCluster(t)
	if err := cluster.SQL("postgres", "CREATE DATABASE coffer"); err != nil {
		t.Fatal(err)
	}
	s := newSite(t, cluster.URL("coffer"), 1)
	u := s.signUp(testpc.New(t, "PC", s.direct), "ada@example.org")
	// What docs/adr/0027-one-sql-for-two-engines.md lets a migration do.
	if err := cluster.SQL("coffer", `ALTER TABLE accounts ADD COLUMN later TEXT NOT NULL DEFAULT ''; ALTER TABLE commits ADD COLUMN later BIGINT NOT NULL DEFAULT 0;
		CREATE TABLE later (x BIGINT); INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, true)`); err != nil {
		t.Fatal(err)
	}
	testpc.Save(t, u, testpc.Login("Meanwhile", "ada", "secret"))
	testpc.Sync(t, u)
	other := s.signIn(testpc.New(t, "New PC", s.direct), "ada@example.org", u.SecretKey())
	testpc.Sync(t, other)
	if n := len(testpc.Contents(t, other)); n != 1 {
		t.Errorf("%d items are there, want 1", n)
	}
	out, err := exec.Command(filepath.Join(programs, "coffer-cloud"), "serve", "--dev", "--data", t.TempDir(), "--database", cluster.URL("coffer"),
		"--server-secret-file", s.secret).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "written by a newer version") {
		t.Errorf("a process of the older version: %v, %s", err, out)
	}
	testpc.Sync(t, u)
}
