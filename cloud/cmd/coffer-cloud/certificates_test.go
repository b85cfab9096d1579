package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// pair is a certificate for host in files, signed by itself.
type pair struct{ chain, key string }

func newPair(t *testing.T, host string, end time.Time) (pair, *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host}, NotBefore: end.AddDate(0, 0, -90), NotAfter: end,
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	p := pair{pemFile(t, "CERTIFICATE", der), pemFile(t, "PRIVATE KEY", key)}
	pool := x509.NewCertPool()
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool.AddCert(parsed)
	return p, pool
}

func pemFile(t *testing.T, kind string, der []byte) string {
	t.Helper()
	return write(t, "file.pem", string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})))
}

// replace renames a copy over a file, as those programs do that renew certificates.
func replace(t *testing.T, path, by string) {
	t.Helper()
	data, err := os.ReadFile(by)
	if err != nil {
		t.Fatal(err)
	}
	next := path + ".next"
	if err := os.WriteFile(next, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(next, path); err != nil {
		t.Fatal(err)
	}
}

func TestCertificateIsRenewed(t *testing.T) {
	old, _ := newPair(t, "a.example", time.Now().Add(time.Hour))
	next, _ := newPair(t, "a.example", time.Now().Add(90*24*time.Hour))
	var log bytes.Buffer
	now := time.Now()
	c, err := openCertificates(old.chain, old.key, func() time.Time { return now }, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	current := func() string {
		got, err := c.get(nil)
		if err != nil {
			t.Fatal(err)
		}
		return string(got.Certificate[0])
	}
	first := current()
	// Half of the pair is there: the old one serves on. The whole pair is taken without a restart.
	replace(t, old.chain, next.chain)
	if now = now.Add(certificateInterval); current() != first || !strings.Contains(log.String(), "not renewed") {
		t.Errorf("with half of a pair: log %s", &log)
	}
	replace(t, old.key, next.key)
	if current() != first {
		t.Error("the files are read for every connection")
	}
	if now = now.Add(certificateInterval); current() == first {
		t.Error("the new pair is not used")
	}
	second := current()
	// Files that are gone take nothing away.
	os.Remove(old.key)
	if now = now.Add(certificateInterval); current() != second || c.reload() == nil {
		t.Error("a missing key")
	}
	// A clock that was set back does not put the next look off.
	replace(t, old.key, next.key)
	if now = now.Add(-1000 * time.Hour); current() != second || c.looked != now {
		t.Error("not looked at after the clock was set back")
	}
}

func TestServeWithCertificate(t *testing.T) {
	old, oldPool := newPair(t, "api.example.org", time.Now().Add(time.Hour))
	next, nextPool := newPair(t, "api.example.org", time.Now().Add(time.Hour))
	m := newServiceManager(t)
	p := m.start("serve", "--data", t.TempDir(), "--domain", "example.org", "--tls-cert", old.chain, "--tls-key", old.key, "--listen", "127.0.0.1:0",
		"--smtp", "smtp://127.0.0.1:1?starttls=never", "--linger", "0s")
	healthy := func(pool *x509.CertPool) error {
		resp, err := trusting(&tls.Config{RootCAs: pool, ServerName: "api.example.org"}).Get("https://" + p.ready["listen"] + "/healthz")
		if err == nil {
			resp.Body.Close()
		}
		return err
	}
	if err := healthy(oldPool); err != nil {
		t.Fatal(err)
	}
	replace(t, old.chain, next.chain)
	replace(t, old.key, next.key)
	if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	m.await("RELOADING=1")
	m.await("READY=1")
	if err := healthy(nextPool); err != nil {
		t.Errorf("after SIGHUP: %v", err)
	}
	if err := p.signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
}

// A server does not start with a certificate that nobody would believe, and says which file is wrong.
func TestUnusableCertificate(t *testing.T) {
	one, _ := newPair(t, "a.example", time.Now().Add(time.Hour))
	other, _ := newPair(t, "a.example", time.Now().Add(time.Hour))
	missing := filepath.Join(t.TempDir(), "missing.pem")
	for _, c := range []pair{{one.chain, other.key}, {missing, one.key}, {one.chain, missing}, {one.key, one.chain}} {
		out, err := itself(t, "serve", "--dev", "--data", t.TempDir(), "--tls-cert", c.chain, "--tls-key", c.key).CombinedOutput()
		if err == nil || !strings.Contains(string(out), "certificate") || !strings.Contains(string(out), ".pem") {
			t.Errorf("%v: %v, %s", c, err, out)
		}
	}
}

// A stranger cannot make the server ask for other names until the authority refuses.
func TestACMEAsksForOurNamesAlone(t *testing.T) {
	ca := write(t, "ca.pem", "no certificate")
	if _, err := newACME(options{acme: letsEncrypt, acmeCA: ca}, nil); err == nil {
		t.Error("a CA file without a certificate was taken")
	}
	manager, err := newACME(options{acme: letsEncrypt, data: t.TempDir()}, []string{"api.example.org"})
	if err != nil {
		t.Fatal(err)
	}
	if manager.HostPolicy(t.Context(), "api.example.org") != nil || manager.HostPolicy(t.Context(), "evil.example") == nil {
		t.Error("names")
	}
}

// A disk that does not answer holds up the one connection that looks at the files, and no other.
func TestCertificateWhileAnotherLooks(t *testing.T) {
	files, _ := newPair(t, "a.example", time.Now().Add(time.Hour))
	stuck, release := make(chan bool), make(chan bool)
	now := time.Now()
	c, err := openCertificates(files.chain, files.key, func() time.Time { return now }, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	c.now = func() time.Time {
		stuck <- true
		<-release
		return now
	}
	looked := make(chan error)
	go func() { _, err := c.get(nil); looked <- err }()
	<-stuck
	answered := make(chan *tls.Certificate, 1)
	go func() { got, _ := c.get(nil); answered <- got }()
	select {
	case got := <-answered:
		if got == nil {
			t.Error("no certificate")
		}
	case <-time.After(10 * time.Second):
		t.Error("a connection waits for another one's look at the files")
	}
	close(release)
	if err := <-looked; err != nil {
		t.Error(err)
	}
}
