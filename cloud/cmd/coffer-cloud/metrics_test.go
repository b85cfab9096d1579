package main

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/crypto/id"
)

func fetch(t *testing.T, url string) (int, string) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

// The metrics say what happened and to nobody in particular: ids in paths make no series of their own.
func TestMetrics(t *testing.T) {
	p := start(t, "serve", "--dev", "--data", t.TempDir(), "--metrics-listen", "127.0.0.1:0")
	askForCode(t, p)
	for range 3 {
		get(t, p.ready["api"]+"/v1/vaults/"+id.New().String()+"/head", http.StatusUnauthorized)
		get(t, p.ready["api"]+"/"+id.New().String(), http.StatusNotFound)
	}
	_, text := fetch(t, p.ready["metrics"])
	for _, want := range []string{
		`coffer_http_requests_total{class="2xx",route="POST /v1/signup/start"} 1`, `route="other"} 3`, `coffer_http_requests_total{class="4xx",route="GET /v1/vaults/{`,
		`coffer_outbox_oldest_seconds `, `coffer_event_streams 0`, `coffer_build_info{version=`, `coffer_store_transaction_seconds_count{kind="update"}`, `go_goroutines`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is missing", want)
		}
	}
	for _, secret := range []string{"example.org", "ada@", `127.0.0.1`} {
		if strings.Contains(text, secret) {
			t.Errorf("the metrics have %q", secret)
		}
	}
	base := strings.TrimSuffix(p.ready["metrics"], "/metrics")
	get(t, base+"/debug/pprof/", http.StatusNotFound)
	get(t, base+"/readyz", http.StatusNoContent)
	// What the world may reach has none of it.
	get(t, p.ready["api"]+"/metrics", http.StatusNotFound)
	get(t, p.ready["api"]+"/debug/pprof/", http.StatusNotFound)
	if err := p.signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
}

func TestProfilesOnDemand(t *testing.T) {
	p := start(t, "serve", "--dev", "--data", t.TempDir(), "--metrics-listen", "127.0.0.1:0", "--pprof")
	get(t, strings.TrimSuffix(p.ready["metrics"], "/metrics")+"/debug/pprof/goroutine", http.StatusOK)
	get(t, strings.TrimSuffix(p.ready["metrics"], "/metrics")+"/debug/pprof/heap", http.StatusOK)
}

// The dashboard and the alerts ask for nothing that the server does not say.
func TestDashboardNamesWhatThereIs(t *testing.T) {
	certificate, _ := newPair(t, "api.example.org", time.Now().Add(time.Hour))
	p := start(t, "serve", "--dev", "--data", t.TempDir(), "--metrics-listen", "127.0.0.1:0", "--tls-cert", certificate.chain, "--tls-key", certificate.key)
	// A series of requests begins with the first one. It is a short answer, which leaves the server when everything is done for it; a long
	// one leaves in parts before it is counted.
	config := &tls.Config{InsecureSkipVerify: true}
	if resp, err := trusting(config).Get(p.ready["api"] + "/v1/me"); err != nil {
		t.Fatal(err)
	} else {
		resp.Body.Close()
	}
	_, text := fetch(t, p.ready["metrics"])
	for _, file := range []string{"grafana.json", "alerts.yml"} {
		data, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "admin", file))
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(file, ".json") && !json.Valid(data) {
			t.Errorf("%s is no JSON", file)
		}
		names := regexp.MustCompile(`\b(coffer|process)_[a-z_]+`).FindAllString(string(data), -1)
		if len(names) < 7 {
			t.Errorf("%s names %d metrics", file, len(names))
		}
		for _, name := range names {
			if !strings.Contains(text, name) {
				t.Errorf("%s asks for %s", file, name)
			}
		}
	}
}

// With --trace the log has a line for each request and one for each of its transactions, of which neither names anybody; without it none.
// A client does not say what trace it belongs to.
func TestTraces(t *testing.T) {
	const theirs = "4bf92f3577b34da6a3ce929d0e0e4736"
	for _, args := range [][]string{{}, {"--trace"}, {"--trace", "--behind-proxy"}} {
		cmd := itself(t, append([]string{"serve", "--dev", "--data", t.TempDir()}, args...)...)
		var log bytes.Buffer
		cmd.Stderr = &log
		p := started(t, cmd)
		askForCode(t, p)
		r, err := http.NewRequest("GET", p.ready["api"]+"/v1/me", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Traceparent", "00-"+theirs+"-00f067aa0ba902b7-01")
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if err := p.signal(syscall.SIGTERM); err != nil {
			t.Error(err)
		}
		var spans []map[string]any
		for line := range strings.Lines(log.String()) {
			var span map[string]any
			if err := json.Unmarshal([]byte(line), &span); err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			if span["msg"] == "span" {
				spans = append(spans, span)
			}
		}
		request, parts := spanOf(spans, "POST /v1/signup/start"), 0
		for _, span := range spans {
			if request != nil && span["parent"] == request["span"] && span["trace"] == request["trace"] {
				parts++
			}
		}
		if on := len(args) > 0; (len(spans) > 0) != on || (parts > 0) != on {
			t.Errorf("%v: %d spans, %d of them of the request: %s", args, len(spans), parts, &log)
		}
		if proxy := len(args) > 1; strings.Contains(log.String(), theirs) != proxy || strings.Contains(log.String(), "ada@") {
			t.Errorf("%v: %s", args, &log)
		}
	}
}

func spanOf(spans []map[string]any, name string) map[string]any {
	for _, span := range spans {
		if span["name"] == name {
			return span
		}
	}
	return nil
}
