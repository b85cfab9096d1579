package main

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// ask asks the server at address for a path of a host name.
func ask(t *testing.T, client *http.Client, address, host, path string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "GET", address+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = host
	resp, err := client.Do(req)
	if err != nil {
		t.Fatalf("%s%s: %v", host, path, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header.Get("Location") + string(body)
}

func updateFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "metadata"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "metadata", "timestamp.json"), []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestFiveNames(t *testing.T) {
	p := start(t, "serve", "--data", t.TempDir(), "--domain", "Example.org", "--behind-proxy", "--smtp", "smtp://127.0.0.1:1?starttls=never",
		"--linger", "0s", "--listen", "127.0.0.1:0", "--listen-http", "127.0.0.1:0", "--updates", updateFolder(t))
	if p.ready["api"] != "https://api.example.org" {
		t.Errorf("origin %s", p.ready["api"])
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	const timestamp = "/metadata/timestamp.json"
	for _, c := range []struct {
		host, path string
		status     int
		has        string
	}{
		{"api.example.org", "/openapi.json", 200, "openapi"}, {"API.EXAMPLE.ORG.:443", "/healthz", 204, ""}, {"api.example.org", timestamp, 404, "not_found"},
		{"portal.example.org", "/", 200, "organizations"}, {"portal.example.org", "/openapi.json", 404, ""}, {"app.example.org", "/", 200, "browser"},
		{"app-updates.example.org", timestamp, 200, "{}"}, {"app-updates2.example.org", timestamp, 200, "{}"}, {"app-updates.example.org", "/openapi.json", 404, ""},
		{"example.org", "/", 421, ""}, {"127.0.0.1", "/healthz", 204, ""}, {"127.0.0.1", "/readyz", 204, ""}, {"api.example.org.evil.example", "/", 421, ""},
	} {
		status, body := ask(t, client, "http://"+p.ready["listen"], c.host, c.path)
		if status != c.status || !strings.Contains(body, c.has) {
			t.Errorf("%s%s: %d %.80s", c.host, c.path, status, body)
		}
	}
	for host, want := range map[string]int{"portal.example.org": 301, "evil.example": 400} {
		status, body := ask(t, client, "http://"+p.ready["http"], host, "/x?y=1")
		if status != want || status == 301 && !strings.HasPrefix(body, "https://portal.example.org/x?y=1") {
			t.Errorf("plain %s: %d %.80s", host, status, body)
		}
	}
	if err := p.signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
}

// A target in absolute form has no path where a scheme without // is before it; joined to the name it would be the name of another host.
func TestRedirectStaysAtTheName(t *testing.T) {
	names := newRouter(options{roles: allRoles}, "example.org", http.NotFoundHandler(), nil, http.NotFoundHandler())
	for target, want := range map[string]string{
		"/x?y=1": "https://api.example.org/x?y=1", "//evil.example/": "https://api.example.org//evil.example/",
		"http://api.example.org/x": "https://api.example.org/x", "x:.evil.example/": "", "x:@evil.example/": "",
	} {
		req, err := http.ReadRequest(bufio.NewReader(strings.NewReader("GET " + target + " HTTP/1.1\r\nHost: api.example.org\r\n\r\n")))
		if err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		names.toHTTPS(w, req)
		if got := w.Header().Get("Location"); got != want {
			t.Errorf("%s leads to %q, want %q", target, got, want)
		}
	}
}

// A process with some of the roles answers for their names alone, and without a database needs none.
func TestSomeRoles(t *testing.T) {
	p := start(t, "serve", "--domain", "example.org", "--behind-proxy", "--listen", "127.0.0.1:0", "--roles", "app")
	for host, want := range map[string]int{"app.example.org": 200, "portal.example.org": 421, "api.example.org": 421} {
		if status, _ := ask(t, http.DefaultClient, "http://"+p.ready["listen"], host, "/"); status != want {
			t.Errorf("%s: %d, want %d", host, status, want)
		}
	}
	if status, _ := ask(t, http.DefaultClient, "http://"+p.ready["listen"], "x", "/readyz"); status != http.StatusNoContent {
		t.Errorf("readyz: %d", status)
	}
}

// In development every name answers below localhost on the one address that there is.
func TestNamesInDevelopment(t *testing.T) {
	p := start(t, "serve", "--dev", "--data", t.TempDir(), "--updates", updateFolder(t))
	for host, path := range map[string]string{"portal.localhost": "/", "app.localhost": "/", "app-updates.localhost": "/metadata/timestamp.json", "anything": "/openapi.json"} {
		if status, _ := ask(t, http.DefaultClient, p.ready["api"], host, path); status != 200 {
			t.Errorf("%s: %d", host, status)
		}
	}
	if err := p.signal(os.Interrupt); err != nil {
		t.Error(err)
	}
}

func TestPortInUse(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, flag := range []string{"--listen", "--listen-http", "--updates-listen"} {
		out, err := itself(t, "serve", "--dev", "--data", t.TempDir(), "--updates", t.TempDir(), flag, taken.Addr().String()).CombinedOutput()
		if err == nil || !strings.Contains(string(out), "address already in use") {
			t.Errorf("%s: %v, %s", flag, err, out)
		}
	}
}

func TestSamePlace(t *testing.T) {
	for _, c := range []struct {
		have, want string
		same       bool
	}{
		{"127.0.0.1:80", "127.0.0.1:80", true}, {"127.0.0.1:81", "127.0.0.1:0", true},
		{"127.0.0.1:80", "127.0.0.1:81", false}, {"127.0.0.1:80", ":80", false}, {"[::]:80", ":80", true}, {"0.0.0.0:80", "0.0.0.0:80", true},
		{"0.0.0.0:80", "127.0.0.1:80", false}, {"127.0.0.1:80", "nonsense", false},
	} {
		have, err := net.ResolveTCPAddr("tcp", c.have)
		if err != nil {
			t.Fatal(err)
		}
		if samePlace(have, c.want) != c.same {
			t.Errorf("%s for %s: %v", c.have, c.want, !c.same)
		}
	}
}

// trusting is a client that trusts one certificate alone.
func trusting(config *tls.Config) *http.Client {
	return &http.Client{Transport: &http.Transport{TLSClientConfig: config, DisableKeepAlives: true}}
}

// Pages that are for browsers tell them to come by HTTPS alone; whoever tries the server out on a plain port is not told so.
func TestPagesComeByHTTPSAlone(t *testing.T) {
	for name, c := range map[string]struct {
		o    options
		tls  *tls.ConnectionState
		told bool
	}{
		"HTTPS":          {options{}, &tls.ConnectionState{}, true},
		"behind a proxy": {options{behindProxy: true}, nil, true},
		"plain":          {options{}, nil, false},
		"development":    {options{dev: true}, &tls.ConnectionState{}, false},
	} {
		c.o.roles = []string{rolePortal, roleApp}
		hosts := newRouter(c.o, "example.org", nil, nil, http.NotFoundHandler())
		for _, host := range hosts.names() {
			req, answer := httptest.NewRequest("GET", "http://"+host+"/", nil), httptest.NewRecorder()
			req.TLS = c.tls
			hosts.ServeHTTP(answer, req)
			if told := strings.HasPrefix(answer.Header().Get("Strict-Transport-Security"), "max-age=31536000"); told != c.told || answer.Code != 200 {
				t.Errorf("%s: %s answers %d, told %v", name, host, answer.Code, told)
			}
		}
		if len(hosts.names()) != 2 {
			t.Errorf("%v", hosts.names())
		}
	}
}
