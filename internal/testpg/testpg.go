//go:build linux

// Package testpg runs PostgreSQL for tests: clusters of their own, from Debian's package postgresql-15, in temporary folders and on
// sockets in them.
package testpg

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// programs is where Debian's package has them; none but psql is in the path.
const programs = "/usr/lib/postgresql/15/bin/"

// deadline is how long a test waits for a server. It is never reached by a test that passes.
const deadline = time.Minute

// Cluster is a running server. Who asks it is the superuser "coffer", without a password.
type Cluster struct {
	Dir      string // its socket and, in data, its files
	settings []string
	process  *exec.Cmd
	output   bytes.Buffer
}

// owner is who runs servers: PostgreSQL refuses root. Debian's package makes the user.
func owner() (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	postgres, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("package postgresql-15 is missing: %w", err)
	}
	uid, errUID := strconv.ParseUint(postgres.Uid, 10, 32)
	gid, errGID := strconv.ParseUint(postgres.Gid, 10, 32)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, errors.Join(errUID, errGID)
}

// Command is a program that runs as the owner of the servers, in a process group of its own.
func Command(name string, args ...string) (*exec.Cmd, error) {
	credential, err := owner()
	if err != nil {
		return nil, err
	}
	c := exec.Command(name, args...)
	c.Dir = "/"
	c.SysProcAttr = &syscall.SysProcAttr{Credential: credential, Setpgid: true}
	return c, nil
}

// Program runs one of PostgreSQL's programs to its end.
func Program(name string, args ...string) error {
	c, err := Command(programs+name, args...)
	if err != nil {
		return err
	}
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, out)
	}
	return nil
}

// Folder makes a temporary folder that the owner of the servers can use. Its name is short, for a socket's path, and it is on the disk
// whatever the test's other files are on: the owner may not be let into their folder.
func Folder() (string, error) {
	dir, err := os.MkdirTemp("/tmp", "pg")
	if err != nil {
		return "", err
	}
	if credential, err := owner(); err != nil {
		return "", err
	} else if credential != nil {
		return dir, os.Chown(dir, int(credential.Uid), int(credential.Gid))
	}
	return dir, nil
}

// New makes a cluster and starts it with settings, such as "fsync=off".
func New(settings ...string) (*Cluster, error) {
	dir, err := Folder()
	if err != nil {
		return nil, err
	}
	c := &Cluster{Dir: dir, settings: settings}
	err = Program("initdb", "-D", c.data(), "-A", "trust", "-U", "coffer", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions")
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		return nil, errors.Join(err, c.Remove())
	}
	return c, nil
}

// Standby makes a cluster that follows c, under a name that c's setting synchronous_standby_names can have.
func (c *Cluster) Standby(name string, settings ...string) (*Cluster, error) {
	dir, err := Folder()
	if err != nil {
		return nil, err
	}
	s := &Cluster{Dir: dir, settings: settings}
	source := fmt.Sprintf("host=%s user=coffer application_name=%s", c.Dir, name)
	err = Program("pg_basebackup", "-D", s.data(), "-d", source, "-R", "-X", "stream", "--no-sync", "--checkpoint=fast")
	if err == nil {
		err = s.Start()
	}
	if err != nil {
		return nil, errors.Join(err, s.Remove())
	}
	return s, nil
}

func (c *Cluster) data() string { return filepath.Join(c.Dir, "data") }

// Start starts the server and waits until it answers.
func (c *Cluster) Start() (err error) {
	args := []string{"-D", c.data(), "-k", c.Dir, "-c", "listen_addresses=", "-c", "max_connections=200"}
	for _, setting := range c.settings {
		args = append(args, "-c", setting)
	}
	if c.process, err = Command(programs+"postgres", args...); err != nil {
		return err
	}
	c.process.Stdout, c.process.Stderr = io.Discard, &c.output
	if err := c.process.Start(); err != nil {
		return err
	}
	err = Wait(func() error { return Program("pg_isready", "-q", "-h", c.Dir) })
	if err != nil {
		return errors.Join(err, c.Kill(), errors.New(c.output.String()))
	}
	return nil
}

// Wait calls check until it is right. It is for what another program does, which nobody tells.
func Wait(check func() error) error {
	for end := time.Now().Add(deadline); ; time.Sleep(20 * time.Millisecond) {
		err := check()
		if err == nil || time.Now().After(end) {
			return err
		}
	}
}

// Promote makes a standby the primary and waits until it takes writes.
func (c *Cluster) Promote() error {
	return Program("pg_ctl", "promote", "-D", c.data(), "-w")
}

// Kill ends the server and all its processes at once, as a power cut does to a machine.
func (c *Cluster) Kill() error {
	if c.process == nil {
		return nil
	}
	err := KillTree(c.process.Process.Pid)
	c.process.Wait()
	c.process = nil
	return err
}

// KillTree ends a process and its children at once. PostgreSQL's are in sessions of their own, and would go on for a moment.
func KillTree(pid int) error {
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		return err
	}
	all, err := children(pid)
	for _, child := range all {
		syscall.Kill(child, syscall.SIGKILL)
	}
	return errors.Join(err, syscall.Kill(pid, syscall.SIGKILL))
}

func children(pid int) (all []int, err error) {
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	for _, stat := range stats {
		data, err := os.ReadFile(stat)
		if err != nil {
			continue // it has ended
		}
		// The name is in brackets and may have any character; state and parent follow it (proc(5)).
		var state string
		var parent int
		_, err = fmt.Sscan(string(data[bytes.LastIndexByte(data, ')')+1:]), &state, &parent)
		if child, errPID := strconv.Atoi(filepath.Base(filepath.Dir(stat))); err == nil && errPID == nil && parent == pid {
			all = append(all, child)
		}
	}
	return all, nil
}

// ProcessorTime is what the server and its processes have taken of the processors.
func (c *Cluster) ProcessorTime() (sum time.Duration, err error) {
	pids, err := children(c.process.Process.Pid)
	for _, pid := range append(pids, c.process.Process.Pid) {
		data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			continue // it has ended, and its parent has its time
		}
		// Fields 14 to 17 of proc(5): its own time and that of children that have ended, in the 100ths of a second that Linux shows.
		fields := bytes.Fields(data[bytes.LastIndexByte(data, ')')+1:])
		for _, ticks := range fields[11:15] {
			n, err := strconv.Atoi(string(ticks))
			if err != nil {
				return 0, err
			}
			sum += time.Duration(n) * 10 * time.Millisecond
		}
	}
	return sum, err
}

// Stop has the server stand still, as a disk that does not answer does, until Continue.
func (c *Cluster) Stop() error { return c.signal(syscall.SIGSTOP) }

// Continue ends a Stop.
func (c *Cluster) Continue() error { return c.signal(syscall.SIGCONT) }

// Slow has the server run for a while and stand still for a while, over and over, until end is called, as often as one likes, or the test
// has ended.
func (c *Cluster) Slow(t testing.TB, runs, rests time.Duration) (end func() error) {
	enough, ended := make(chan struct{}), make(chan error)
	go func() {
		var err error
		for {
			err = errors.Join(err, c.Stop())
			time.Sleep(rests)
			err = errors.Join(err, c.Continue())
			select {
			case <-enough:
				ended <- err
				return
			case <-time.After(runs):
			}
		}
	}()
	end = sync.OnceValue(func() error { close(enough); return <-ended })
	t.Cleanup(func() { _ = end() })
	return end
}

func (c *Cluster) signal(s syscall.Signal) error {
	pid := c.process.Process.Pid
	all, err := children(pid)
	for _, one := range append(all, pid) {
		err = errors.Join(err, syscall.Kill(one, s))
	}
	return err
}

// Remove ends the server and removes its files.
func (c *Cluster) Remove() error { return errors.Join(c.Kill(), os.RemoveAll(c.Dir)) }

// URL is the connection string of a database.
func (c *Cluster) URL(database string) string {
	return "postgres://coffer@/" + database + "?host=" + c.Dir
}

var databases atomic.Int64

// Database makes an empty database and returns its connection string.
func (c *Cluster) Database(t testing.TB) string {
	t.Helper()
	return c.Copy(t, "template1")
}

// Copy makes a database with all that another one has, to which nobody may be connected.
func (c *Cluster) Copy(t testing.TB, database string) string {
	t.Helper()
	name := "test" + strconv.FormatInt(databases.Add(1), 10)
	if err := c.SQL("postgres", "CREATE DATABASE "+name+" TEMPLATE "+database); err != nil {
		t.Fatal(err)
	}
	return c.URL(name)
}

// SQL runs statements as the superuser.
func (c *Cluster) SQL(database, statements string) error {
	return Program("psql", "-q", "-v", "ON_ERROR_STOP=1", "-d", c.URL(database), "-c", statements)
}

// Set changes a setting while the server runs.
func (c *Cluster) Set(name, value string) error {
	if err := c.SQL("postgres", fmt.Sprintf("ALTER SYSTEM SET %s = '%s'", name, value)); err != nil {
		return err
	}
	return c.SQL("postgres", "SELECT pg_reload_conf()")
}

// Shared is the cluster of Main.
var Shared *Cluster

// Main is the TestMain of packages whose tests share a cluster. It need not survive a power cut.
func Main(m *testing.M) {
	os.Exit(With(m.Run))
}

// With runs tests with a shared cluster.
func With(run func() int) int {
	var err error
	if Shared, err = New("fsync=off", "synchronous_commit=off", "full_page_writes=off"); err != nil {
		fmt.Fprintln(os.Stderr, "testpg:", err)
		return 1
	}
	defer Shared.Remove()
	return run()
}
