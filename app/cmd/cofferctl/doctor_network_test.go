package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"
)

// authority signs certificates for 127.0.0.1: a public one, or somebody on the way.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T, name string) authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name, Organization: []string{"Nosy Ltd"}},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(10 * 365 * 24 * time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return authority{cert, key}
}

func (a authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

// serve runs a server with a certificate of the authority, in the public logs or not.
func (a authority) serve(t *testing.T, inLogs bool, handler http.HandlerFunc) (origin string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	if inLogs {
		template.ExtraExtensions = []pkix.Extension{{Id: timestamps, Value: []byte{4, 0}}}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(handler)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.URL
}

// quietNetwork is one without proxies whose clock is right, and that knows these authorities.
func quietNetwork(roots *x509.CertPool) *network {
	return &network{proxy: http.ProxyURL(nil), roots: roots, public: "127.0.0.1", now: time.Now}
}

func noContent(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }

// told is one finding of a network.
func told(t *testing.T, findings []finding, check string) finding {
	t.Helper()
	for _, f := range findings {
		if strings.HasPrefix(f.Check, check) {
			return f
		}
	}
	t.Fatalf("nothing about %q in %+v", check, findings)
	return finding{}
}

func TestDoctorNamesWhoReadsAlong(t *testing.T) {
	proxy, public := newAuthority(t, "Proxy Root"), newAuthority(t, "Public Root")
	for name, c := range map[string]struct {
		from       authority
		inLogs     bool
		known      authority
		own        bool // somebody else's server
		host, calm bool
		names      string
	}{
		"a public authority":              {public, true, public, false, true, true, "none seen"},
		"a proxy that nobody knows":       {proxy, false, public, false, false, false, `"Proxy Root (Nosy Ltd)"`},
		"one that somebody made known":    {proxy, false, proxy, false, true, false, `"Proxy Root (Nosy Ltd)"`},
		"one that copies the logs' marks": {proxy, true, public, false, false, false, `"Proxy Root (Nosy Ltd)"`},
		"a cloud with its own authority":  {proxy, false, proxy, true, true, true, `"Proxy Root (Nosy Ltd)"`},
		"the same, read along":            {proxy, false, public, true, false, false, `"Proxy Root (Nosy Ltd)"`},
	} {
		t.Run(name, func(t *testing.T) {
			requests := make(chan struct{}, 4)
			origin := c.from.serve(t, c.inLogs, func(w http.ResponseWriter, r *http.Request) {
				requests <- struct{}{}
				noContent(w, r)
			})
			n := quietNetwork(c.known.pool())
			if c.own {
				n.public = "coffer.example"
			}
			findings := n.check(t.Context(), []string{origin})
			host, inspection := told(t, findings, "host"), told(t, findings, "TLS inspection")
			if host.OK != c.host || !c.host && !strings.Contains(host.Detail, c.names) {
				t.Errorf("%+v", host)
			}
			if inspection.OK != c.calm || !strings.Contains(inspection.Detail, c.names) {
				t.Errorf("%+v", inspection)
			}
			if (len(requests) > 0) != c.host {
				t.Errorf("%d requests were sent to a host that is %v", len(requests), c.host)
			}
		})
	}
}

func TestDoctorSeesAWrongClock(t *testing.T) {
	public := newAuthority(t, "Public Root")
	origin := public.serve(t, true, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", time.Now().UTC().Format(http.TimeFormat))
		noContent(w, r)
	})
	for off, want := range map[time.Duration]struct {
		ok         bool
		host, says string
	}{
		0:                         {true, "reachable", "within"},
		time.Minute:               {true, "reachable", "within 1m"},
		-10 * time.Minute:         {false, "reachable", "differ by"},
		3 * 365 * 24 * time.Hour:  {false, "its certificate holds from", "date and time of this PC"},
		-3 * 365 * 24 * time.Hour: {false, "its certificate holds from", "date and time of this PC"},
	} {
		n := quietNetwork(public.pool())
		n.now = func() time.Time { return time.Now().Add(off) }
		findings := n.check(t.Context(), []string{origin})
		clock, host := told(t, findings, "clock"), told(t, findings, "host")
		if clock.OK != want.ok || !strings.Contains(clock.Detail, want.says) || !strings.Contains(host.Detail, want.host) {
			t.Errorf("%v off: %+v, %+v", off, clock, host)
		}
	}
}

// One host whose own clock is wrong says nothing about this PC's.
func TestDoctorBelievesTheNearestClock(t *testing.T) {
	public := newAuthority(t, "Public Root")
	wrong := public.serve(t, true, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat))
		noContent(w, r)
	})
	right := public.serve(t, true, noContent)
	for _, origins := range [][]string{{wrong, right}, {right, wrong}} {
		if f := told(t, quietNetwork(public.pool()).check(t.Context(), origins), "clock"); !f.OK {
			t.Errorf("%+v", f)
		}
	}
}

func TestDoctorSaysAtWhichStepAHostFails(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	noDNS := quietNetwork(nil)
	noDNS.resolver = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("no network") }}
	broken := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }))
	t.Cleanup(broken.Close)
	for origin, c := range map[string]struct {
		n    *network
		says string
	}{
		"https://" + closed.Addr().String(): {quietNetwork(nil), "the connection is refused"},
		"https://api.coffer.example":        {noDNS, "DNS does not answer"},
		broken.URL:                          {quietNetwork(nil), "answers 502"},
		"https://a b":                       {quietNetwork(nil), "no address"},
	} {
		f := told(t, c.n.check(t.Context(), []string{origin}), "host")
		if f.OK || !strings.Contains(f.Detail, c.says) || strings.Contains(f.Detail, "/healthz") {
			t.Errorf("%s: %+v", origin, f)
		}
	}
	n := quietNetwork(nil)
	for err, says := range map[error]string{
		&net.DNSError{Err: "no such host", IsNotFound: true}:            "DNS has no address",
		&url.Error{Op: "Get", URL: "https://x", Err: timeoutError{}}:    "no answer in 10s",
		&url.Error{Op: "Get", URL: "https://x/healthz", Err: errForNet}: "odd",
	} {
		if got := n.trouble(fmt.Errorf("visit: %w", err)); !strings.Contains(got, says) || strings.Contains(got, "healthz") {
			t.Errorf("%v: %s", err, got)
		}
	}
}

var errForNet = errors.New("odd")

type timeoutError struct{}

func (timeoutError) Error() string   { return "timeout" }
func (timeoutError) Timeout() bool   { return true }
func (timeoutError) Temporary() bool { return true }

// A portal of the network that redirects to its own page is not followed.
func TestDoctorFollowsNoRedirect(t *testing.T) {
	asked := make(chan string, 4)
	portal := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.URL.Path
		http.Redirect(w, r, "/login", http.StatusFound)
	}))
	t.Cleanup(portal.Close)
	if f := told(t, quietNetwork(nil).check(t.Context(), []string{portal.URL}), "host"); f.OK || !strings.Contains(f.Detail, "302 Found") {
		t.Errorf("%+v", f)
	}
	if len(asked) != 1 || <-asked != "/healthz" {
		t.Error("the redirect was followed")
	}
}

// What a network puts in the place of the answer counts for none.
func TestDoctorTellsCofferFromWhatIsInItsPlace(t *testing.T) {
	for code, ok := range map[int]bool{204: true, 404: true, 200: false, 401: false, 403: false, 451: false, 503: false} {
		host := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }))
		f := told(t, quietNetwork(nil).check(t.Context(), []string{host.URL}), "host")
		host.Close()
		if f.OK != ok || !ok && !strings.Contains(f.Detail, strconv.Itoa(code)) {
			t.Errorf("%d: %+v", code, f)
		}
	}
}

// A technician would look for the fault at the host, where nothing is wrong.
func TestDoctorNamesTheProxyThatFails(t *testing.T) {
	refuses := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusForbidden) }))
	defer refuses.Close()
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	for of, want := range map[string]string{
		closed.URL:                    " itself is not: the connection is refused",
		refuses.URL:                   " answers: Forbidden",
		"http://nowhere.invalid:3128": " itself is not: DNS ",
	} {
		address, err := url.Parse(of)
		if err != nil {
			t.Fatal(err)
		}
		n := quietNetwork(nil)
		n.proxy = http.ProxyURL(address)
		f := told(t, n.check(t.Context(), []string{"https://api.coffer.example"}), "host api.coffer.example")
		if f.OK || !strings.Contains(f.Detail, "not reachable: the proxy "+address.Host+want) {
			t.Errorf("%s: %+v", of, f)
		}
	}
}

func TestDoctorNamesTheProxy(t *testing.T) {
	var asked string
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = r.URL.Host
		noContent(w, r)
	}))
	defer proxy.Close()
	address, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	address.User = url.UserPassword("anna", "hunter2")
	n := quietNetwork(nil)
	n.proxy = http.ProxyURL(address)
	findings := n.check(t.Context(), []string{"http://api.coffer.example"})
	f := told(t, findings, "proxy")
	if !f.OK || !strings.Contains(f.Detail, address.Host) || strings.Contains(f.Detail, "hunter2") || asked != "api.coffer.example" {
		t.Errorf("%+v, the proxy was asked for %q", f, asked)
	}
	n.proxy = func(*http.Request) (*url.URL, error) {
		return nil, errors.New("invalid proxy address http://anna:hunter2@")
	}
	if f := n.checkProxy([]string{"http://x"}); f.OK || strings.Contains(f.Detail, "hunter2") {
		t.Errorf("%+v", f)
	}
	n.proxy, n.system = http.ProxyURL(nil), "proxy:3128"
	if f := n.checkProxy([]string{"http://x"}); !strings.Contains(f.Detail, "HTTPS_PROXY") {
		t.Errorf("%+v", f)
	}
}
