//go:build system && linux

package main

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/internal/testpg"
)

const adminDocs = "../../../docs/admin/"

// asked are the expressions of the dashboard and of the alerts, by what they are for.
func asked(t *testing.T) map[string]string {
	t.Helper()
	data, err := os.ReadFile(adminDocs + "grafana.json")
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(data, &dashboard); err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, panel := range dashboard.Panels {
		for i, target := range panel.Targets {
			all[fmt.Sprint(panel.Title, " ", i)] = strings.ReplaceAll(target.Expr, "$instance", ".*")
		}
	}
	rules, err := os.ReadFile(adminDocs + "alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	for _, rule := range regexp.MustCompile(`alert: (\w+)\n\s+expr: (.*)\n`).FindAllStringSubmatch(string(rules), -1) {
		all[rule[1]] = rule[2]
	}
	return all
}

// prometheus is Debian's, and looks at one server every second. It returns its address.
func prometheus(t *testing.T, metrics string) string {
	t.Helper()
	dir, target := t.TempDir(), strings.TrimSuffix(strings.TrimPrefix(metrics, "http://"), "/metrics")
	rules, err := filepath.Abs(adminDocs + "alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(dir, "prometheus.yml")
	text := fmt.Sprintf("global: {scrape_interval: 1s, evaluation_interval: 1s}\nrule_files: [%s]\nscrape_configs: [{job_name: coffer-cloud, static_configs: [{targets: ['%s']}]}]\n", rules, target)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close() // Prometheus does not say which port it took
	cmd := exec.CommandContext(t.Context(), "prometheus", "--config.file="+config, "--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+address)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	return "http://" + address
}

// value asks for an expression. It has a result, or said why not.
func value(at, expression string) (result []any, problem string) {
	resp, err := http.Get(at + "/api/v1/query?query=" + url.QueryEscape(expression))
	if err != nil {
		return nil, err.Error()
	}
	defer resp.Body.Close()
	var said struct {
		Status, Error string
		Data          struct{ Result []any }
	}
	if err := json.NewDecoder(resp.Body).Decode(&said); err != nil {
		return nil, err.Error()
	}
	return said.Data.Result, said.Error
}

// Prometheus itself takes the rules and the metrics, and finds something for every expression of the dashboard; for those of the alerts
// nothing, on a server that is well.
func TestPrometheusUnderstands(t *testing.T) {
	certificate, _ := newPair(t, "api.example.org", time.Now().Add(90*24*time.Hour))
	p := start(t, "serve", "--dev", "--data", t.TempDir(), "--metrics-listen", "127.0.0.1:0", "--tls-cert", certificate.chain, "--tls-key", certificate.key)
	client := trusting(&tls.Config{InsecureSkipVerify: true})
	ask := func() {
		if resp, err := client.Get(p.ready["api"] + "/v1/me"); err == nil {
			resp.Body.Close()
		}
	}
	ask()
	_, text := fetch(t, p.ready["metrics"])
	check := exec.Command("promtool", "check", "metrics")
	check.Stdin = strings.NewReader(text)
	if out, err := check.CombinedOutput(); err != nil {
		t.Errorf("promtool check metrics: %v\n%s", err, out)
	}
	if out, err := exec.Command("promtool", "check", "rules", adminDocs+"alerts.yml").CombinedOutput(); err != nil {
		t.Errorf("promtool check rules: %v\n%s", err, out)
	}
	at := prometheus(t, p.ready["metrics"])
	for name, expression := range asked(t) {
		alert, failing := strings.HasPrefix(name, "Coffer") && !strings.Contains(name, " "), strings.Contains(expression, `class="5xx"`)
		err := testpg.Wait(func() error {
			ask() // rates are of what goes on
			result, problem := value(at, expression)
			if problem != "" || !failing && alert == (len(result) > 0) {
				return fmt.Errorf("%v, %s", result, problem)
			}
			return nil
		})
		if err != nil {
			t.Errorf("%s: %s: %v", name, expression, err)
		}
	}
}
