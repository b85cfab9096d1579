//go:build system && linux

// Package cluster runs the server as several processes behind HAProxy, on PostgreSQL with a standby, and ends parts of it the hard way
// while real clients write. What a client was told is saved has to be there afterwards. All is started from Debian's packages.
package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/cloud/mail"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/internal/testpg"
)

// programs is a folder with coffer-cloud.
var programs string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	if os.Getenv(asClients) != "" {
		fmt.Fprintln(os.Stderr, "clients:", beClients())
		return 1
	}
	testkit.LowerKDFCost()
	dir, err := os.MkdirTemp("", "cluster")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	programs = dir
	if out, err := exec.Command("go", "build", "-o", dir, "../../cloud/cmd/coffer-cloud").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build: %v: %s", err, out)
		return 1
	}
	return m.Run()
}

// daemon is a program that a test has started.
type daemon struct {
	t       *testing.T
	name    string
	command *exec.Cmd
	mu      sync.Mutex
	output  bytes.Buffer
}

func (d *daemon) Write(b []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.output.Write(b)
}

// launch starts a program that is ended with the test. What it said is told where the test fails.
func launch(t *testing.T, name string, command *exec.Cmd) *daemon {
	t.Helper()
	d := &daemon{t: t, name: name, command: command}
	command.Stdout, command.Stderr = d, d
	command.WaitDelay = time.Second // what it has started writes to the same place
	if err := command.Start(); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	t.Cleanup(func() {
		d.kill()
		if t.Failed() {
			text := d.output.String()
			t.Logf("%s said: %s", name, text[max(0, len(text)-3000):])
		}
	})
	return d
}

// kill ends it at once.
func (d *daemon) kill() {
	if d.command.ProcessState == nil {
		d.command.Process.Kill()
		d.command.Wait()
	}
}

// ports are free on loopback, for a moment at least.
func ports(t *testing.T, n int) (free []string) {
	t.Helper()
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		_, port, _ := net.SplitHostPort(l.Addr().String())
		free = append(free, port)
	}
	return free
}

// site is a server of several processes behind HAProxy.
type site struct {
	t         *testing.T
	url       string
	sink      *mail.Sink
	typed     sync.Map          // codes that were
	transport http.RoundTripper // nil for the default
	secret    string            // file of the server's secret
	addresses []string          // of the processes
	processes []*daemon
}

func newSite(t *testing.T, database string, processes int) *site {
	t.Helper()
	sink, err := mail.NewSink("", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sink.Close() })
	all := ports(t, processes+1)
	s := &site{t: t, url: "http://127.0.0.1:" + all[0], sink: sink}
	s.secret = filepath.Join(t.TempDir(), "server.secret")
	for i, port := range all[1:] {
		s.addresses = append(s.addresses, "127.0.0.1:"+port)
		s.processes = append(s.processes, launch(t, fmt.Sprintf("coffer-cloud %d", i), exec.Command(filepath.Join(programs, "coffer-cloud"), "serve",
			"--dev", "--data", t.TempDir(), "--database", database, "--server-secret-file", s.secret, "--listen", s.addresses[i], "--origin", s.url,
			"--behind-proxy", "--smtp", "smtp://"+sink.Addr()+"?starttls=never", "--log-level", "warn")))
		// The first one makes the secret.
		s.wait("http://" + s.addresses[i])
	}
	launch(t, "haproxy", exec.Command("/usr/sbin/haproxy", "-db", "-f", s.proxyFile(all[0])))
	s.wait(s.url)
	return s
}

func (s *site) wait(url string) {
	s.t.Helper()
	// A server that listens already and never serves is one that is not ready.
	client := &http.Client{Transport: s.transport, Timeout: 10 * time.Second}
	err := testpg.Wait(func() error {
		answer, err := client.Get(url + "/readyz")
		if err != nil {
			return err
		}
		answer.Body.Close()
		if answer.StatusCode != http.StatusNoContent {
			return fmt.Errorf("%s is not ready: %d", url, answer.StatusCode)
		}
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// proxyFile is the configuration of docs/admin/scale.md, with quick checks.
func (s *site) proxyFile(port string) string {
	text := `defaults
    mode http
    option http-no-delay
    option redispatch
    retries 3
    timeout connect 2s
    timeout client 2m
    timeout server 2m
frontend api
    bind 127.0.0.1:` + port + `
    option forwardfor
    stick-table type ipv6 size 100k expire 1m store conn_cur
    tcp-request connection track-sc0 src
    tcp-request connection reject if { sc0_conn_cur gt 4096 }
    default_backend processes
backend processes
    balance roundrobin
    option httpchk GET /readyz
    default-server check inter 200ms fall 2 rise 1
`
	for i, address := range s.addresses {
		text += fmt.Sprintf("    server p%d %s\n", i, address)
	}
	path := filepath.Join(s.t.TempDir(), "haproxy.cfg")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return path
}

var codePattern = regexp.MustCompile(`\b[0-9A-Z]{4}-[0-9A-Z]{4}\b`)

// code waits for a mail with a code to an address that was not typed yet, and returns the newest.
func (s *site) code(email string) string {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
	defer cancel()
	m, err := s.sink.Wait(ctx, func(m mail.Received) bool {
		code := codePattern.FindString(m.Text)
		_, typed := s.typed.Load(code)
		return m.To == email && code != "" && !typed
	})
	if err != nil {
		s.t.Fatalf("mail: %v", err)
	}
	code := codePattern.FindString(m.Text)
	s.typed.Store(code, true)
	return code
}

func (s *site) signUp(pc *testpc.PC, email string) *session.Unlocked {
	s.t.Helper()
	ctx := s.t.Context()
	up, err := pc.BeginSignUp(ctx, s.url, email)
	if err == nil {
		err = up.Verify(ctx, s.code(email))
	}
	if err != nil {
		s.t.Fatal(err)
	}
	u, err := up.Finish(ctx, testpc.Typed(testpc.Password))
	if err != nil {
		s.t.Fatal(err)
	}
	return u
}

// signIn brings another computer into the account.
func (s *site) signIn(pc *testpc.PC, email, secretKey string) *session.Unlocked {
	s.t.Helper()
	ctx := s.t.Context()
	in, err := pc.BeginSignIn(ctx, s.url, email, testpc.Typed(testpc.Password), secretKey)
	if err == nil {
		err = in.Verify(ctx, s.code(email))
	}
	if err != nil {
		s.t.Fatal(err)
	}
	u, err := in.Finish(ctx, nil)
	if err == nil {
		err = u.ConfirmEnrolment(ctx)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return u
}

// through sends all requests of a client to one process, past the proxy.
type through struct{ address string }

func (p through) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.URL.Host = p.address
	return http.DefaultTransport.RoundTrip(r)
}

// writer is a client that saves one item after the other.
type writer struct {
	email string
	u     *session.Unlocked

	mu    sync.Mutex
	saved []id.ID     // what the server has acknowledged
	at    []time.Time // and when
	slips int         // syncs that failed and were tried again
}

// write saves and syncs until ctx ends.
func (w *writer) write(ctx context.Context) error {
	for n := 0; ctx.Err() == nil; n++ {
		item, err := w.u.Vault().Save(ctx, testpc.Login(fmt.Sprintf("Item %d", n), "ada", "secret"))
		if err != nil {
			return err
		}
		for w.u.Sync(ctx) != nil {
			if ctx.Err() != nil {
				return nil
			}
			w.mu.Lock()
			w.slips++
			w.mu.Unlock()
			time.Sleep(10 * time.Millisecond)
		}
		w.mu.Lock()
		w.saved, w.at = append(w.saved, item.ID), append(w.at, time.Now())
		w.mu.Unlock()
	}
	return nil
}

// outage is the longest time from an acknowledgement to the next.
func (w *writer) outage() (longest time.Duration) {
	for i := 1; i < len(w.at); i++ {
		longest = max(longest, w.at[i].Sub(w.at[i-1]))
	}
	return longest
}

// writers are clients of accounts of their own that write until they are stopped.
type writers struct {
	s    *site
	all  []*writer
	stop func()
}

func (s *site) writers(n int) *writers {
	s.t.Helper()
	ctx, cancel := context.WithCancel(s.t.Context())
	var running sync.WaitGroup
	all := &writers{s: s, stop: func() { cancel(); running.Wait() }}
	for i := range n {
		w := &writer{email: fmt.Sprintf("writer%d@example.org", i)}
		w.u = s.signUp(testpc.New(s.t, "PC", nil), w.email)
		all.all = append(all.all, w)
	}
	for _, w := range all.all {
		running.Go(func() {
			if err := w.write(ctx); err != nil && !errors.Is(err, context.Canceled) {
				s.t.Errorf("%s: %v", w.email, err)
			}
		})
	}
	s.t.Cleanup(all.stop)
	return all
}

// more waits until every writer has had n more items acknowledged.
func (w *writers) more(n int) {
	w.s.t.Helper()
	w.wait(n, "items acknowledged", func(one *writer) int { return len(one.saved) })
}

// slip waits until every writer has had n more syncs fail.
func (w *writers) slip(n int) {
	w.s.t.Helper()
	w.wait(n, "syncs failed", func(one *writer) int { return one.slips })
}

func (w *writers) wait(n int, of string, count func(*writer) int) {
	w.s.t.Helper()
	now := func(one *writer) int {
		one.mu.Lock()
		defer one.mu.Unlock()
		return count(one)
	}
	var goal []int
	for _, one := range w.all {
		goal = append(goal, now(one)+n)
	}
	err := testpg.Wait(func() error {
		for i, one := range w.all {
			if now(one) < goal[i] {
				return fmt.Errorf("%s: %d of %d %s", one.email, now(one), goal[i], of)
			}
		}
		return nil
	})
	if err != nil {
		w.s.t.Fatal(err)
	}
}

// verify ends the writers and looks with a new computer of each account for every item that was acknowledged. Its client verifies the
// whole chain, and says so where the server went back.
func (w *writers) verify(what string) {
	w.s.t.Helper()
	w.stop()
	total, slips := 0, 0
	var longest []string
	for _, one := range w.all {
		u := w.s.signIn(testpc.New(w.s.t, "New PC", nil), one.email, one.u.SecretKey())
		testpc.Sync(w.s.t, u)
		there := testpc.Contents(w.s.t, u)
		for i, item := range one.saved {
			if there[item] == "" {
				w.s.t.Errorf("%s: item %d of %d was acknowledged and is lost", one.email, i, len(one.saved))
			}
		}
		testpc.Sync(w.s.t, one.u)
		total, slips = total+len(one.saved), slips+one.slips
		longest = append(longest, one.outage().Round(time.Millisecond).String())
	}
	slices.Sort(longest)
	w.s.t.Logf("%s: %d items acknowledged, none lost; longest time without an acknowledgement, by client: %s; %d syncs failed and were tried again",
		what, total, strings.Join(longest, ", "), slips)
}
