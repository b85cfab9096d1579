//go:build system && linux

package cluster

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/cloud/mail"
	"github.com/coffer-vault/coffer/cloud/store/sqlite"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/signing"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/sync/chain"
)

const (
	// idleStreams are devices that listen to one process, and maxIdleMemory what it may have resident for all of them and itself.
	idleStreams   = 10_000
	maxIdleMemory = 300 << 20
)

// 10,000 devices listen, each on a connection of its own with the client of the app, and one change reaches them all.
func TestIdleStreams(t *testing.T) {
	for _, c := range []struct {
		name     string
		protocol string // of TLS; "" is plain HTTP, as behind a proxy
	}{
		{"TLS", "http/1.1"},
		{"behind a proxy", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newLoaded(t, c.protocol)
			devices := s.devices()
			before, begin := s.processorTime(), time.Now()
			clients := s.listen(devices)
			took := time.Since(begin)
			cost := (s.processorTime() - before) / idleStreams
			resident, peak := s.memory()
			for range 3 {
				saved := s.change()
				s.t.Logf("one change is on %d devices after %v", idleStreams, clients.heard().Sub(saved).Round(time.Millisecond))
			}
			after, _ := s.memory()
			t.Logf("%d streams opened in %v, %v of the server's processor time each: %d MB resident, at most %d MB until then; %d MB after the events",
				idleStreams, took.Round(time.Second), cost.Round(10*time.Microsecond), resident>>20, peak>>20, after>>20)
			if max(resident, after) > maxIdleMemory {
				t.Errorf("more than %d MB", maxIdleMemory>>20)
			}
		})
	}
}

// loaded is one process of the server on SQLite, with an account that has many devices.
type loaded struct {
	t        *testing.T
	url      string
	data     string
	args     []string
	protocol string
	pool     []byte // PEM of the certificate
	process  *daemon
	user     *session.Unlocked
	account  id.ID
}

func newLoaded(t *testing.T, protocol string) *loaded {
	t.Helper()
	sink, err := mail.NewSink("", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sink.Close() })
	s := &loaded{t: t, protocol: protocol, data: t.TempDir()}
	address, scheme := "127.0.0.1:"+ports(t, 1)[0], "http"
	s.args = []string{"serve", "--dev", "--data", s.data, "--listen", address, "--log-level", "error", "--smtp", "smtp://" + sink.Addr() + "?starttls=never"}
	if protocol != "" {
		scheme = "https"
		chain, key := s.certificate()
		s.args = append(s.args, "--tls-cert", chain, "--tls-key", key)
	}
	s.url = scheme + "://" + address
	s.args = append(s.args, "--origin", s.url)
	s.start()
	site := &site{t: t, url: s.url, sink: sink}
	s.user = site.signUp(testpc.New(t, "PC", func(c *session.Config) { c.Transport = s.transport("127.0.0.1") }), "ada@example.org")
	s.account = s.user.Account().ID
	return s
}

func (s *loaded) start() {
	s.t.Helper()
	s.process = launch(s.t, "coffer-cloud", exec.Command(filepath.Join(programs, "coffer-cloud"), s.args...))
	(&site{t: s.t, transport: s.transport("127.0.0.1")}).wait(s.url)
}

// certificate makes one for the loopback address, in files.
func (s *loaded) certificate() (chain, key string) {
	s.t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		s.t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "loopback"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		s.t.Fatal(err)
	}
	bare, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		s.t.Fatal(err)
	}
	write := func(name, kind string, der []byte) string {
		path := filepath.Join(s.data, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			s.t.Fatal(err)
		}
		return path
	}
	s.pool = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return write("chain.pem", "CERTIFICATE", der), write("key.pem", "PRIVATE KEY", bare)
}

func (s *loaded) transport(from string) *http.Transport { return transport(s.protocol, s.pool, from) }

// transport connects from an address of loopback.
func transport(protocol string, trusted []byte, from string) *http.Transport {
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}, KeepAlive: -1}
	t := &http.Transport{DialContext: dialer.DialContext, ReadBufferSize: 1 << 10, WriteBufferSize: 1 << 10}
	if protocol != "" {
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM(trusted)
		t.TLSClientConfig = &tls.Config{RootCAs: pool, NextProtos: []string{protocol}}
	}
	return t
}

// listener is a device with a session.
type listener struct {
	Device id.ID
	Seed   [32]byte
	Token  []byte
}

// orders are what the process of the clients is told.
type orders struct {
	URL, Protocol string
	Trusted       []byte
	Account       id.ID
	Listeners     []listener
}

// devices adds devices with sessions to the account. The server is stopped for it.
func (s *loaded) devices() (all []listener) {
	s.t.Helper()
	s.process.end()
	store, err := sqlite.Open(s.t.Context(), filepath.Join(s.data, "cloud.db"), nil)
	if err != nil {
		s.t.Fatal(err)
	}
	defer store.Close()
	now := time.Now()
	err = store.Update(s.t.Context(), func(tx cloud.Tx) error {
		for n := range idleStreams {
			l := listener{Device: id.New(), Token: make([]byte, 32)}
			rand.Read(l.Seed[:])
			rand.Read(l.Token)
			hash, family := sha256.Sum256(l.Token), sha256.Sum256(l.Seed[:])
			if err := tx.InsertDevice(cloud.Device{
				Account: s.account, ID: l.Device, Key: signing.FromOwn(l.Seed).Public(), Receive: chain.ReceiveKey{}, Name: "PC", Platform: "linux",
				Status: cloud.DeviceListed, Created: now.UnixMilli(), LastSeen: now.UnixMilli(),
			}); err != nil {
				return err
			}
			if err := tx.InsertSession(cloud.Session{
				ID: strconv.Itoa(n), Account: s.account, Device: l.Device, AccessHash: hash[:], AccessExpires: now.Add(10 * time.Minute).UnixMilli(),
				FamilyHash: family[:], RefreshHash: family[:], PreviousHash: []byte{}, RefreshExpires: now.Add(time.Hour).UnixMilli(),
			}); err != nil {
				return err
			}
			all = append(all, l)
		}
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.start()
	return all
}

// clients are a process with the client of every device.
type clients struct {
	t   *testing.T
	out *bufio.Scanner
}

// listen starts the clients and returns when the server has told each that it is heard.
func (s *loaded) listen(devices []listener) *clients {
	s.t.Helper()
	data, err := json.Marshal(orders{URL: s.url, Protocol: s.protocol, Trusted: s.pool, Account: s.account, Listeners: devices})
	if err != nil {
		s.t.Fatal(err)
	}
	command := exec.CommandContext(s.t.Context(), os.Args[0])
	command.Env = append(os.Environ(), asClients+"=1")
	command.Stdin, command.Stderr = bytes.NewReader(data), os.Stderr
	out, err := command.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { command.Process.Kill(); command.Wait() })
	c := &clients{t: s.t, out: bufio.NewScanner(out)}
	c.line()
	return c
}

// line is when the clients have said the next thing, Unix nanoseconds on this machine's clock.
func (c *clients) line() time.Time {
	c.t.Helper()
	if !c.out.Scan() {
		c.t.Fatalf("the clients have ended: %v", c.out.Err())
	}
	at, err := strconv.ParseInt(c.out.Text(), 10, 64)
	if err != nil {
		c.t.Fatalf("the clients say %q", c.out.Text())
	}
	return time.Unix(0, at)
}

// heard is when the last device had its event.
func (c *clients) heard() time.Time { return c.line() }

// change saves an item and returns when the server has acknowledged it.
func (s *loaded) change() time.Time {
	s.t.Helper()
	testpc.Save(s.t, s.user, testpc.Login("News", "ada", "secret"))
	testpc.Sync(s.t, s.user)
	return time.Now()
}

// memory is what the server has resident, and had at most.
func (s *loaded) memory() (now, peak int64) {
	s.t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.process.command.Process.Pid))
	if err != nil {
		s.t.Fatal(err)
	}
	value := func(name string) (kb int64) {
		_, rest, _ := strings.Cut(string(status), name+":")
		if _, err := fmt.Sscan(rest, &kb); err != nil {
			s.t.Fatal(err)
		}
		return kb << 10
	}
	return value("VmRSS"), value("VmHWM")
}

// processorTime is what the server has taken of the processors since it started.
func (s *loaded) processorTime() time.Duration {
	s.t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.process.command.Process.Pid))
	if err != nil {
		s.t.Fatal(err)
	}
	// Behind the name in brackets; user and system time are fields 14 and 15, in hundredths of a second (proc(5)).
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	var total time.Duration
	for _, field := range fields[11:13] {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			s.t.Fatal(err)
		}
		total += time.Duration(n) * 10 * time.Millisecond
	}
	return total
}

// end asks the program to stop and waits for it; one that does not is killed, which fails the test.
func (d *daemon) end() {
	d.t.Helper()
	d.command.Process.Signal(syscall.SIGTERM)
	defer time.AfterFunc(time.Minute, func() { d.command.Process.Kill() }).Stop()
	if err := d.command.Wait(); err != nil {
		d.t.Fatalf("%s: %v", d.name, err)
	}
}
