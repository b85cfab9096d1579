//go:build system && linux

package cluster

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/coffer-vault/coffer/internal/testpg"
)

// node is a machine of the cluster: Patroni and the PostgreSQL that it looks after.
type node struct {
	name, dir, api string
	port           string
	daemon         *daemon
}

// patroniFile configures a node. ttl is how many seconds a machine may be silent before another takes over.
const patroniFile = `scope: coffer
name: %[1]s
restapi: {listen: "127.0.0.1:%[2]s", connect_address: "127.0.0.1:%[2]s"}
etcd3: {host: "127.0.0.1:%[3]s"}
bootstrap:
  dcs: {ttl: 20, loop_wait: 1, retry_timeout: 3, synchronous_mode: true, postgresql: {use_pg_rewind: true, parameters: {max_connections: 200}}}
  initdb: [{encoding: UTF8}, {locale: C.UTF-8}, {auth: trust}]
postgresql:
  listen: "127.0.0.1:%[4]s"
  connect_address: "127.0.0.1:%[4]s"
  data_dir: %[5]s/data
  bin_dir: /usr/lib/postgresql/15/bin
  pgpass: %[5]s/pgpass
  pg_hba: [local all all trust, host all all 127.0.0.1/32 trust, host replication all 127.0.0.1/32 trust]
  authentication: {superuser: {username: coffer}, replication: {username: replicator}}
  parameters: {unix_socket_directories: %[5]s}
`

func newEtcd(t *testing.T) (port string) {
	t.Helper()
	free := ports(t, 2)
	client, peer := "http://127.0.0.1:"+free[0], "http://127.0.0.1:"+free[1]
	launch(t, "etcd", exec.Command("/usr/bin/etcd", "--name", "e1", "--data-dir", filepath.Join(t.TempDir(), "etcd"),
		"--listen-client-urls", client, "--advertise-client-urls", client, "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
		"--initial-cluster", "e1="+peer, "--logger", "zap", "--log-level", "error"))
	return free[0]
}

func newNode(t *testing.T, etcd, name string) *node {
	t.Helper()
	free := ports(t, 2)
	dir, err := testpg.Folder()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	n := &node{name: name, dir: dir, api: free[0], port: free[1]}
	file := filepath.Join(dir, "patroni.yml")
	if err := os.WriteFile(file, fmt.Appendf(nil, patroniFile, name, n.api, etcd, n.port, dir), 0o644); err != nil {
		t.Fatal(err)
	}
	command, err := testpg.Command("/usr/bin/patroni", file)
	if err != nil {
		t.Fatal(err)
	}
	n.daemon = launch(t, "patroni "+name, command)
	t.Cleanup(n.kill)
	return n
}

// kill ends the machine at once: Patroni, so that it starts nothing again, and PostgreSQL.
func (n *node) kill() {
	n.daemon.kill()
	data, err := os.ReadFile(filepath.Join(n.dir, "data", "postmaster.pid"))
	if err != nil {
		return // it has none
	}
	var postmaster int
	if _, err := fmt.Sscan(string(data), &postmaster); err == nil {
		testpg.KillTree(postmaster)
	}
}

// is waits until the node answers for a role at Patroni's own address for load balancers.
func (n *node) is(t *testing.T, role string) {
	t.Helper()
	err := testpg.Wait(func() error {
		answer, err := http.Get("http://127.0.0.1:" + n.api + "/" + role)
		if err != nil {
			return err
		}
		answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			return fmt.Errorf("Patroni answers %d", answer.StatusCode)
		}
		return nil
	})
	if err != nil {
		t.Fatalf("%s is no %s: %v", n.name, role, err)
	}
}

// A machine with the primary is gone while clients write: Patroni finds out by itself, and the synchronous standby has all that was
// acknowledged.
func TestPatroni(t *testing.T) {
	etcd := newEtcd(t)
	primary := newNode(t, etcd, "n1")
	primary.is(t, "primary")
	standby := newNode(t, etcd, "n2")
	standby.is(t, "synchronous")
	if err := testpg.Program("psql", "-q", "-h", primary.dir, "-p", primary.port, "-U", "coffer", "-d", "postgres", "-c", "CREATE DATABASE coffer"); err != nil {
		t.Fatal(err)
	}
	s := newSite(t, fmt.Sprintf("postgres://coffer@/coffer?host=127.0.0.1,127.0.0.1&port=%s,%s&target_session_attrs=read-write", primary.port, standby.port), 3)
	w := s.writers(4)
	w.more(10)
	primary.kill()
	w.more(10)
	standby.is(t, "primary")
	w.verify("machine of the primary killed, Patroni and etcd")
}
