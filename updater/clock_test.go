package updater

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// The first thing that a wrong clock meets is the hosts' certificate: it is not silence then, but information that is not valid now.
func TestACertificateThatIsNotValidByThisClock(t *testing.T) {
	w := newWorld(t)
	host := httptest.NewUnstartedServer(w.hosts[0])
	host.Config.ErrorLog = log.New(io.Discard, "", 0)
	host.StartTLS()
	defer host.Close()
	known := x509.NewCertPool()
	known.AddCert(host.Certificate())
	for at, want := range map[time.Time]error{
		time.Date(1969, 12, 31, 16, 0, 0, 0, time.UTC): ErrExpired, time.Date(2100, 6, 1, 0, 0, 0, 0, time.UTC): ErrExpired, w.now(): nil,
	} {
		cfg := w.config("1.0.0")
		cfg.Mirrors = []string{host.URL}
		c := w.client(cfg)
		c.http.Transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: known, Time: func() time.Time { return at }}}
		if got := c.Check(t.Context()); want != nil {
			wantRefused(t, got, want)
		} else {
			wantUpToDate(t, got)
		}
		c.http.CloseIdleConnections()
	}
}
