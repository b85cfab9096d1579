//go:build system

package windows

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/internal/testkit"
)

// TestReports installs with a token and does nothing more: the computer is in its organization's list, on the server that the token
// names, before anybody has ever started Coffer, and after an update with its new version. Of a token that is damaged the log tells.
func TestReports(t *testing.T) {
	t.Parallel()
	folder := standIns(t)
	older, update := pack(t, folder, version), pack(t, nextReporter(t), newer)
	const host = "api.coffer.example"
	server := testkit.CloudWith(t, func(s *testkit.Server) { s.URL = "https://" + host })
	organization := id.New()
	token, _, err := server.Cloud.Computers.MakeToken(t.Context(), organization, "coffer.example", "Bakery Miller", "de", 30)
	must(t, err)
	pc := newComputer(t, updateRoot(t))
	pc.reach(t, host, server.Addr)

	pc.install(t, 0, "/i "+windowsPath(older)+" ALLUSERS=1 ENROLL="+token)
	first := reported(t, server, organization, version)
	if strings.Join(first.Problems, " ") != "disk-space" && len(first.Problems) > 0 || !strings.HasPrefix(first.System, "windows 10.") {
		t.Errorf("reported %+v", first)
	}
	checkReporter(t, pc)
	server.Clock.Advance(time.Minute) // it takes no two reports in one
	pc.install(t, 0, "/i "+windowsPath(update)+" ALLUSERS=1")
	if second := reported(t, server, organization, newer); second.ID != first.ID {
		t.Errorf("after the update it is another computer: %+v, %+v", first, second)
	}
	checkReporter(t, pc)
	if profiles := pc.files(t, "users/*/AppData/Local/Coffer"); len(profiles) > 0 {
		t.Errorf("somebody has started Coffer: %v", profiles)
	}
	pc.run(t, `reg.exe add HKLM\Software\Coffer /v Enroll /d CE1.damaged /f`)
	restartService(t, pc)
	eventually(t, "the updater to say that the token is damaged", func() bool {
		log, err := os.ReadFile(filepath.Join(pc.drive, "ProgramData", "CofferUpdater", "updater.log"))
		must(t, err)
		return strings.Contains(string(log), "the enrolment token is damaged")
	})
	pc.install(t, 0, "/x "+productCode(t, update))
	checkGone(t, pc)
}

// nextReporter are the same programs but for the reporter, which says that it is the newer version.
func nextReporter(t *testing.T) string {
	t.Helper()
	return once(t, "next-reporter", func(folder string) {
		link(t, standIns(t), folder, "Coffer.exe", "cofferctl.exe", "CofferUpdater.exe")
		buildFor(t, filepath.Join(folder, "CofferHealth.exe"), "../../app/cmd/cofferhealth", stamped(newer)...)
	})
}

// reported waits until the organization's one computer says that it has a version.
func reported(t *testing.T, server *testkit.Server, organization id.ID, version string) (found cloud.Computer) {
	t.Helper()
	eventually(t, "a report of "+version, func() bool {
		all, err := server.Cloud.Computers.List(t.Context(), organization)
		must(t, err)
		if len(all) > 1 {
			t.Fatalf("%d computers: %+v", len(all), all)
		}
		if len(all) == 1 {
			found = all[0]
		}
		return found.Version == version
	})
	return found
}

// checkReporter looks at how Windows is told to run it: as somebody who may do nothing.
func checkReporter(t *testing.T, pc *computer) {
	t.Helper()
	eventually(t, "the reporter to be RUNNING", func() bool { _, out := pc.run(t, "sc.exe query CofferHealth"); return strings.Contains(out, "RUNNING") })
	got := values(pc.registry(t, `HKLM\System\CurrentControlSet\Services\CofferHealth`))
	for name, want := range map[string]string{
		"ImagePath": `C:\Program Files\Coffer\CofferHealth.exe --service`, "Start": "0x2", "Type": "0x10", "ObjectName": `NT AUTHORITY\LocalService`,
	} {
		if strings.ReplaceAll(got[name], `"`, "") != want {
			t.Errorf("%s is %q, want %q", name, got[name], want)
		}
	}
}

// reach lets the computer reach a host over HTTPS, through a proxy and with an authority of its own, as in a company: behind it is the
// server that listens at an address of this machine.
func (c *computer) reach(t *testing.T, host, server string) {
	t.Helper()
	authority, certificate := certificates(t, host)
	behind := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: server})
	front := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Host = host
		behind.ServeHTTP(w, r)
	}))
	front.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
	front.StartTLS()
	t.Cleanup(func() { front.CloseClientConnections(); front.Close() })
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect || r.Host != host+":443" {
			http.Error(w, "not for this proxy", http.StatusForbidden)
			return
		}
		tunnel(t, w, front.Listener.Addr().String())
	}))
	t.Cleanup(proxy.Close)
	must(t, os.WriteFile(filepath.Join(c.drive, "authority.der"), authority, 0o644))
	buildFor(t, filepath.Join(c.drive, "trust.exe"), "./testdata/trust")
	if code, out := c.run(t, `C:\trust.exe C:\authority.der`); code != 0 {
		t.Fatalf("trust: %d: %s", code, out)
	}
	c.mustRun(t, "wine", "reg", "add", environmentKey, "/v", "HTTPS_PROXY", "/d", proxy.URL, "/f")
	c.turnOff() // services get the environment that there is at the next start
	c.startDriver(t)
}

// tunnel connects a client of a proxy.
func tunnel(t *testing.T, w http.ResponseWriter, address string) {
	server, err := net.Dial("tcp", address)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	w.WriteHeader(http.StatusOK)
	client, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		t.Error(err)
		server.Close()
		return
	}
	go func() {
		defer server.Close()
		io.Copy(server, buffered)
	}()
	go func() {
		defer client.Close()
		io.Copy(client, server)
	}()
}

// certificates are an authority (DER) and one for a host that it has signed.
func certificates(t *testing.T, host string) (authority []byte, certificate tls.Certificate) {
	t.Helper()
	sign := func(template, parent *x509.Certificate, of, by *ecdsa.PrivateKey) []byte {
		template.SerialNumber, template.NotBefore, template.NotAfter = big.NewInt(time.Now().UnixNano()), time.Now().Add(-time.Hour), time.Now().AddDate(0, 1, 0)
		der, err := x509.CreateCertificate(rand.Reader, template, parent, &of.PublicKey, by)
		must(t, err)
		return der
	}
	key := func() *ecdsa.PrivateKey {
		made, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		must(t, err)
		return made
	}
	top, own := key(), key()
	ca := &x509.Certificate{
		Subject: pkix.Name{CommonName: "Authority of the test"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	authority = sign(ca, ca, top, top)
	leaf := sign(&x509.Certificate{
		Subject: pkix.Name{CommonName: host}, DNSNames: []string{host}, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, ca, own, top)
	return authority, tls.Certificate{Certificate: [][]byte{leaf, authority}, PrivateKey: own}
}
