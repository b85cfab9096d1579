package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
)

// certificateInterval is how often the files of a certificate are looked at. Whoever renews it need not tell the server.
const certificateInterval = 10 * time.Second

// certificates are a chain and a key in files that may be replaced at any time.
type certificates struct {
	chain, key string
	now        func() time.Time
	log        *slog.Logger

	current atomic.Pointer[tls.Certificate]

	mu     sync.Mutex // of who reads the files: no handshake waits for a disk that another one waits for
	stamp  [2]stamp
	looked time.Time
}

type stamp struct {
	modified time.Time
	size     int64
}

// openCertificates reads the files. Errors name them: a service that cannot be trusted does not start.
func openCertificates(chain, key string, now func() time.Time, log *slog.Logger) (*certificates, error) {
	c := &certificates{chain: chain, key: key, now: now, log: log}
	return c, c.reload()
}

// reload reads the files now. With an error the certificate before stays in use.
func (c *certificates) reload() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.read()
}

func (c *certificates) read() error {
	stamps, err := c.stamps()
	if err != nil {
		return fmt.Errorf("certificate: %w", err)
	}
	// Remembered also if they are no pair: while only one of them has been replaced, the next change is waited for.
	c.looked, c.stamp = c.now(), stamps
	pair, err := tls.LoadX509KeyPair(c.chain, c.key)
	if err != nil {
		return fmt.Errorf("certificate %s with key %s: %w", c.chain, c.key, err)
	}
	c.current.Store(&pair)
	return nil
}

func (c *certificates) stamps() (all [2]stamp, err error) {
	for i, path := range []string{c.chain, c.key} {
		info, err := os.Stat(path)
		if err != nil {
			return all, err
		}
		all[i] = stamp{info.ModTime(), info.Size()}
	}
	return all, nil
}

// get is a tls.Config.GetCertificate.
func (c *certificates) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	if c.mu.TryLock() {
		c.look()
		c.mu.Unlock()
	}
	return c.current.Load(), nil
}

// look reads the files if they are others than they were, now and then.
func (c *certificates) look() {
	now := c.now()
	if now.Sub(c.looked) < certificateInterval && !now.Before(c.looked) {
		return
	}
	c.looked = now
	if stamps, err := c.stamps(); err != nil || stamps != c.stamp {
		if err := c.read(); err != nil {
			c.log.Error("certificate not renewed", "err", err)
		}
	}
}

// end is when the chain's first certificate ends, in Unix seconds.
func (c *certificates) end() float64 {
	return float64(c.current.Load().Leaf.NotAfter.Unix())
}

// secure returns how the server speaks TLS, nil if it speaks plain HTTP, and what answers the authority's challenges.
func (s *service) secure(hosts []string) (config *tls.Config, challenges func(http.Handler) http.Handler, err error) {
	challenges = func(next http.Handler) http.Handler { return next }
	switch {
	case s.certificate != "":
		if s.certificates, err = openCertificates(s.certificate, s.key, time.Now, s.log); err != nil {
			return nil, nil, err
		}
		s.reloads = append(s.reloads, s.certificates.reload)
		return &tls.Config{GetCertificate: s.certificates.get, MinVersion: tls.VersionTLS12}, challenges, nil
	case s.acme != "":
		manager, err := newACME(s.options, hosts)
		if err != nil {
			return nil, nil, err
		}
		config := manager.TLSConfig()
		config.MinVersion = tls.VersionTLS12
		return config, manager.HTTPHandler, nil
	}
	return nil, challenges, nil
}

// newACME gets certificates for hosts alone: for other names a stranger could make us ask until the authority refuses.
func newACME(o options, hosts []string) (*autocert.Manager, error) {
	client := &acme.Client{DirectoryURL: o.acme}
	if o.acmeCA != "" {
		pem, err := readSmall(o.acmeCA, maxConfigFile)
		if err != nil {
			return nil, fmt.Errorf("--acme-ca: %w", err)
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(pem) {
			return nil, errors.New("--acme-ca: the file has no certificate in PEM")
		}
		transport := http.DefaultTransport.(*http.Transport).Clone()
		transport.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
		client.HTTPClient = &http.Client{Transport: transport}
	}
	return &autocert.Manager{
		Prompt: autocert.AcceptTOS, Cache: autocert.DirCache(filepath.Join(o.data, "acme")), HostPolicy: autocert.HostWhitelist(hosts...),
		Email: o.acmeEmail, Client: client,
	}, nil
}
