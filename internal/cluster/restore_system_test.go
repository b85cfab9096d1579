//go:build system && linux

package cluster

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/internal/testpg"
	"github.com/coffer-vault/coffer/sync/engine"
)

// archive is a repository of pgBackRest for one cluster, with the configuration of docs/admin/scale.md.
type archive struct {
	t       *testing.T
	file    string
	cluster *testpg.Cluster
}

// newArchive starts a cluster that sends its log there, and keeps nothing else of it.
func newArchive(t *testing.T) *archive {
	t.Helper()
	dir, err := testpg.Folder()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	guide, err := os.ReadFile("../../docs/admin/scale.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(guide), "## Backup with pgBackRest")
	_, section, _ = strings.Cut(section, "```\n")
	text, section, _ := strings.Cut(section, "```\n")
	_, command, _ := strings.Cut(section, "archive_command = '")
	command, _, found := strings.Cut(command, "'")
	if !found {
		t.Fatal("the guide has no archive_command")
	}
	a := &archive{t: t, file: filepath.Join(dir, "pgbackrest.conf")}
	command = strings.Replace(command, "pgbackrest ", "pgbackrest --config="+a.file+" ", 1)
	a.cluster = newCluster(t, "archive_mode=on", "archive_command="+command)
	for from, to := range map[string]string{
		"/var/lib/pgbackrest": dir + "/repo", "/var/lib/postgresql/15/main": a.data(), "cipher-pass=…": "cipher-pass=opensesame",
		"[global]\n": "[global]\nlog-path=" + dir + "\nlock-path=" + dir + "\nspool-path=" + dir + "\n",
	} {
		if !strings.Contains(text, from) {
			t.Fatalf("the guide's configuration has no %q", from)
		}
		text = strings.ReplaceAll(text, from, to)
	}
	text += "pg1-socket-path=" + a.cluster.Dir + "\npg1-user=coffer\npg1-database=postgres\n"
	if err := os.WriteFile(a.file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	a.do("stanza-create")
	return a
}

func (a *archive) data() string { return filepath.Join(a.cluster.Dir, "data") }

func (a *archive) do(args ...string) {
	a.t.Helper()
	c, err := testpg.Command("/usr/bin/pgbackrest", append([]string{"--config=" + a.file, "--stanza=coffer", "--log-level-console=warn"}, args...)...)
	if err != nil {
		a.t.Fatal(err)
	}
	if out, err := c.CombinedOutput(); err != nil {
		a.t.Fatalf("pgbackrest %q: %v: %s", args, err, out)
	}
}

// restore loses the cluster, its log that was not sent included, and makes it anew.
func (a *archive) restore(args ...string) {
	a.t.Helper()
	if err := a.cluster.Kill(); err != nil {
		a.t.Fatal(err)
	}
	if err := os.RemoveAll(a.data()); err != nil {
		a.t.Fatal(err)
	}
	c, err := testpg.Command("/bin/mkdir", "-m", "700", a.data())
	if err == nil {
		err = c.Run()
	}
	if err != nil {
		a.t.Fatal(err)
	}
	a.do(append([]string{"restore"}, args...)...)
	if err := a.cluster.Start(); err != nil {
		a.t.Fatal(err)
	}
}

// operator runs a command of coffer-cloud beside the server. Warnings are of the machine that the test runs on.
func (s *site) operator(database string, args ...string) {
	s.t.Helper()
	const warnings = 3
	args = append(args, "--data", s.t.TempDir(), "--database", database, "--server-secret-file", s.secret)
	c := exec.Command(filepath.Join(programs, "coffer-cloud"), args...)
	if out, err := c.CombinedOutput(); err != nil && c.ProcessState.ExitCode() != warnings {
		s.t.Errorf("%s: %v: %s", args[0], err, out)
	}
}

// TestRestoreFromPgBackRest loses the database and its disk. What was archived is there again, on a server that every chain of verifies; one
// that is put back to an earlier moment is noticed by the client that had seen more.
func TestRestoreFromPgBackRest(t *testing.T) {
	a := newArchive(t)
	if err := a.cluster.SQL("postgres", "CREATE DATABASE coffer"); err != nil {
		t.Fatal(err)
	}
	database := a.cluster.URL("coffer")
	s := newSite(t, database, 1)
	u := s.signUp(testpc.New(t, "PC", s.direct), "ada@example.org")
	save := func(title string) {
		t.Helper()
		testpc.Save(t, u, testpc.Login(title, "ada", "secret"))
		testpc.Sync(t, u)
	}
	there := func(want int) {
		t.Helper()
		s.wait("http://" + s.addresses[0])
		other := s.signIn(testpc.New(t, "New PC", s.direct), "ada@example.org", u.SecretKey())
		testpc.Sync(t, other)
		if n := len(testpc.Contents(t, other)); n != want {
			t.Errorf("%d items are there, want %d", n, want)
		}
	}
	save("In the full backup")
	a.do("backup", "--type=full")
	save("In the differential backup")
	a.do("backup", "--type=diff")
	save("In the archived log")
	if err := a.cluster.SQL("coffer", "SELECT pg_create_restore_point('before')"); err != nil {
		t.Fatal(err)
	}
	save("After the moment")
	a.do("check") // the log up to here is archived

	a.restore("--type=default")
	there(4)
	testpc.Sync(t, u)
	s.operator(database, "verify-log")
	s.operator(database, "doctor", "--dev")

	a.restore("--type=name", "--target=before", "--target-action=promote")
	s.wait("http://" + s.addresses[0])
	s.operator(database, "verify-log")
	var violation *engine.Violation
	if err := u.Sync(t.Context()); !errors.As(err, &violation) {
		t.Errorf("a server that went back in time was not noticed: %v", err)
	}
}
