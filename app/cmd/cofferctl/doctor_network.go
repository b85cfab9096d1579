package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/coffer-vault/coffer/internal/buildinfo"
)

// network is how this PC reaches servers.
type network struct {
	proxy    func(*http.Request) (*url.URL, error)
	system   string         // proxy of the system's settings, which Coffer does not follow
	resolver *net.Resolver  // nil: the system's
	roots    *x509.CertPool // nil: the system's
	public   string         // domain whose hosts have certificates by a public authority; empty for none
	now      func() time.Time
}

func usualNetwork() *network {
	return &network{proxy: http.ProxyFromEnvironment, system: systemProxy(), public: buildinfo.Domain, now: time.Now}
}

// visit is what came of asking one host.
type visit struct {
	finding
	chain []*x509.Certificate // as it was sent, the host's own first
	known bool                // whether the system vouches for the chain
	own   bool                // whether somebody else runs the host, and may have an authority of his own
	clock time.Duration       // how far this PC's clock is ahead of the host's
	timed bool                // whether the host told its time
}

// check asks every host, all at once, and then says what shows in the whole of it.
func (n *network) check(ctx context.Context, origins []string) []finding {
	visits := make([]visit, len(origins))
	var all sync.WaitGroup
	for i, origin := range origins {
		all.Go(func() { visits[i] = n.visit(ctx, origin) })
	}
	all.Wait()
	findings := []finding{n.checkProxy(origins)}
	for _, v := range visits {
		findings = append(findings, v.finding)
	}
	return append(findings, checkInspection(visits), n.checkClock(visits))
}

// visit asks a host for anything, as Coffer would.
func (n *network) visit(ctx context.Context, origin string) visit {
	ctx, cancel := context.WithTimeout(ctx, hostPatience)
	defer cancel()
	u, err := url.Parse(origin)
	if err != nil {
		return visit{finding: finding{"host " + origin, false, "no address"}}
	}
	v := visit{finding: finding{"host " + u.Host, false, ""}, own: n.public == "" || !strings.HasSuffix(u.Hostname(), n.public)}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, origin+"/healthz", nil)
	if err != nil {
		v.Detail = err.Error()
		return v
	}
	transport := &http.Transport{Proxy: n.proxy, TLSClientConfig: n.tls(&v), DialContext: (&net.Dialer{Resolver: n.resolver}).DialContext, DisableKeepAlives: true}
	resp, err := (&http.Client{Transport: transport, CheckRedirect: stay}).Do(req)
	if err != nil {
		v.Detail = "not reachable: " + n.through(req, len(v.chain) > 0, err)
		return v
	}
	resp.Body.Close()
	v.OK, v.Detail = judge(resp)
	// RFC 9110 §6.6.1
	if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		v.clock, v.timed = n.now().Sub(date), true
	}
	return v
}

// judge tells whether the host itself answers: 204, or 404 where it has nothing but files, as an update host. A network's page of sign-in or
// of what it blocks comes with a redirect, a refusal, or as if it were what was asked for.
func judge(resp *http.Response) (ok bool, says string) {
	switch code := resp.StatusCode; {
	case code == http.StatusNoContent || code == http.StatusNotFound:
		return true, "reachable"
	case code >= http.StatusInternalServerError || code == http.StatusProxyAuthRequired:
		return false, "answers " + resp.Status
	}
	return false, "not Coffer answers, but something on the way, as a network's sign-in page or a filter does: " + resp.Status
}

// stay: where a redirect leads to is not what was asked about. It would be a portal of the network, often.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// tls verifies as ever, and keeps what was sent also if that fails: who is in between has signed it. Nothing but GET /healthz is sent,
// and that only after the verification.
func (n *network) tls(v *visit) *tls.Config {
	return &tls.Config{
		InsecureSkipVerify: true, // VerifyConnection does it
		VerifyConnection: func(s tls.ConnectionState) error {
			v.chain = s.PeerCertificates
			options := x509.VerifyOptions{Roots: n.roots, DNSName: s.ServerName, CurrentTime: n.now(), Intermediates: x509.NewCertPool()}
			for _, c := range s.PeerCertificates[1:] {
				options.Intermediates.AddCert(c)
			}
			_, err := s.PeerCertificates[0].Verify(options)
			v.known = err == nil
			return err
		},
	}
}

// through says of a request that failed whether it is the proxy that is in trouble, which is asked to reach the host. met tells that a
// host was met behind it.
func (n *network) through(req *http.Request, met bool, err error) string {
	proxy, proxyErr := n.proxy(req)
	if proxy == nil || proxyErr != nil || met || isTimeout(err) {
		return n.trouble(err)
	}
	var step *net.OpError
	if errors.As(err, &step) && step.Op == "proxyconnect" {
		return fmt.Sprintf("the proxy %s itself is not: %s", proxy.Host, n.trouble(step.Err))
	}
	return fmt.Sprintf("the proxy %s answers: %s", proxy.Host, n.trouble(err))
}

// trouble says at which step it failed, and what that means.
func (n *network) trouble(err error) string {
	var (
		name    *net.DNSError
		unknown x509.UnknownAuthorityError
		invalid x509.CertificateInvalidError
	)
	switch {
	case errors.As(err, &unknown):
		return "a certificate by " + issuer(unknown.Cert) + ", whom this PC does not know"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		c := invalid.Cert
		return fmt.Sprintf("its certificate holds from %s to %s, and here it is %s",
			c.NotBefore.Format(time.DateOnly), c.NotAfter.Format(time.DateOnly), n.now().Format(time.DateOnly))
	case errors.As(err, &name) && name.IsNotFound:
		return "DNS has no address for it"
	case errors.As(err, &name):
		return "DNS does not answer"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "the connection is refused, by a firewall or since nothing listens there"
	case isTimeout(err):
		return "no answer in " + hostPatience.String() + ", as behind a firewall that drops it"
	}
	var address *url.Error
	if errors.As(err, &address) {
		err = address.Err
	}
	return err.Error()
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

// checkProxy says which way the requests take.
func (n *network) checkProxy(origins []string) finding {
	var through []string
	for _, origin := range origins {
		req, err := http.NewRequest(http.MethodGet, origin, nil)
		if err != nil {
			continue
		}
		proxy, err := n.proxy(req)
		switch {
		case err != nil:
			return finding{"proxy", false, "the environment names one that is no address"} // the error would quote a password in it
		case proxy != nil && !slices.Contains(through, proxy.Host):
			through = append(through, proxy.Host)
		}
	}
	switch {
	case len(through) > 0:
		return finding{"proxy", true, strings.Join(through, ", ") + ", by HTTPS_PROXY or HTTP_PROXY"}
	case n.system != "":
		return finding{"proxy", true, "none; Windows is set to one, which Coffer uses if HTTPS_PROXY names it"}
	}
	return finding{"proxy", true, "none"}
}

// timestamps is the extension with which public authorities prove that a certificate is in the public logs (RFC 6962 §3.3).
var timestamps = []int{1, 3, 6, 1, 4, 1, 11129, 2, 4, 2}

// checkInspection looks for somebody on the way who reads along: a proxy, a virus scanner, a private authority. Its certificates are in
// no public log, and the system knows it only if somebody has made it known.
func checkInspection(visits []visit) finding {
	f := finding{"TLS inspection", true, "none seen"}
	var issuers []string
	for _, v := range visits {
		if len(v.chain) == 0 || v.known && logged(v.chain[0]) {
			continue
		}
		f.OK = f.OK && v.known && v.own
		if name := issuer(v.chain[0]); !slices.Contains(issuers, name) {
			issuers = append(issuers, name)
		}
	}
	if !slices.ContainsFunc(visits, func(v visit) bool { return len(v.chain) > 0 }) {
		f.Detail = "no certificate was seen"
	}
	if len(issuers) > 0 {
		f.Detail = "certificates by " + strings.Join(issuers, ", ") + ", which are in no public log: the servers have an authority of their own, " +
			"or a proxy or virus scanner reads along"
	}
	if !f.OK {
		f.Detail += ". Exempt Coffer's hosts from inspection"
	}
	return f
}

func logged(c *x509.Certificate) bool {
	return slices.ContainsFunc(c.Extensions, func(e pkix.Extension) bool { return e.Id.Equal(timestamps) })
}

// issuer is who signed a certificate, by the names that it gives.
func issuer(c *x509.Certificate) string {
	if c == nil {
		return "somebody without a name"
	}
	name := c.Issuer.CommonName
	if len(c.Issuer.Organization) > 0 {
		name = strings.TrimSpace(name + " (" + c.Issuer.Organization[0] + ")")
	}
	return fmt.Sprintf("%.120q", name)
}

// checkClock compares this PC's clock with those of the hosts that told theirs, and takes the least difference: one host may be wrong.
func (n *network) checkClock(visits []visit) finding {
	var off *time.Duration
	for _, v := range visits {
		if v.timed && (off == nil || v.clock.Abs() < off.Abs()) {
			off = &v.clock
		}
	}
	switch {
	case off == nil && slices.ContainsFunc(visits, func(v visit) bool { return n.outOfTime(v.chain) }):
		return finding{"clock", false, "no host's certificate holds at " + n.now().Format(time.DateTime) + ": the date and time of this PC are wrong, or the certificate is"}
	case off == nil:
		return finding{"clock", true, "nothing to compare it with"}
	case off.Abs() > clockLimit:
		return finding{"clock", false, fmt.Sprintf("this PC's clock and the servers' differ by %s", off.Abs().Round(time.Second))}
	}
	return finding{"clock", true, "within " + (off.Abs() + time.Second).Truncate(time.Second).String() + " of the servers'"}
}

func (n *network) outOfTime(chain []*x509.Certificate) bool {
	return len(chain) > 0 && (n.now().Before(chain[0].NotBefore) || n.now().After(chain[0].NotAfter))
}
