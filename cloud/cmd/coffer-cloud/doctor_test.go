package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/cloud/mail"
	ownsqlite "github.com/coffer-vault/coffer/internal/sqlite"
)

// examined runs doctor and returns the state of every check, and its details.
func examined(t *testing.T, args ...string) (states, details map[string]string, code error) {
	t.Helper()
	out, code := tell(t, append([]string{"doctor", "--json"}, args...)...)
	var said struct{ Checks []finding }
	if err := json.Unmarshal([]byte(out), &said); err != nil {
		t.Fatalf("%s: %v", out, err)
	}
	states, details = map[string]string{}, map[string]string{}
	for _, f := range said.Checks {
		if states[f.Check] != broken {
			states[f.Check], details[f.Check] = f.State, f.Detail
		}
		if (f.State == fine) != (f.Remedy == "") {
			t.Errorf("%+v: a remedy goes with what is wrong", f)
		}
	}
	return states, details, code
}

func timestampFile(t *testing.T, dir, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, "metadata", "timestamp.json"), []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestDoctorOnAGoodServer(t *testing.T) {
	data, updates := t.TempDir(), updateFolder(t)
	if err := os.Chmod(data, 0o700); err != nil {
		t.Fatal(err)
	}
	timestampFile(t, updates, fmt.Sprintf(`{"signed":{"expires":%q}}`, time.Now().Add(72*time.Hour).UTC().Format(time.RFC3339)))
	certificate, _ := newPair(t, "api.example.org", time.Now().Add(60*24*time.Hour))
	sink, err := mail.NewSink(t.TempDir(), os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	defer sink.Close()
	args := []string{
		"--data", data, "--updates", updates, "--origin", "https://api.example.org", "--smtp", "smtp://" + sink.Addr() + "?starttls=never",
		"--tls-cert", certificate.chain, "--tls-key", certificate.key, "--updates-listen", "127.0.0.1:0",
	}
	p := start(t, append([]string{"serve"}, args...)...)
	states, details, code := examined(t, args...)
	for _, check := range []string{"settings", "data", "database", "outbox", "mail", "certificate", "updates"} {
		if states[check] != fine {
			t.Errorf("%s: %s: %s", check, states[check], details[check])
		}
	}
	// The machine's own disk and clock may be what they are.
	if states["disk"] == "" || code != nil && code != exitCode(codeWarning) {
		t.Errorf("disk %q, %v", states["disk"], code)
	}
	noScratch(t, data)
	if out, _ := tell(t, append([]string{"doctor"}, args...)...); !strings.Contains(out, "ok       database") {
		t.Errorf("for people: %s", out)
	}
	if err := p.signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
}

// gone is an address of this machine on which nobody listens.
func gone(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func TestDoctorOnABadServer(t *testing.T) {
	data := t.TempDir()
	start(t, "serve", "--dev", "--data", data).signal(syscall.SIGTERM)
	rest := []string{"--origin", "https://api.example.org", "--smtp", "smtp://" + gone(t) + "?starttls=never"}
	with := func(more ...string) []string { return append(more, rest...) }
	old, _ := newPair(t, "api.example.org", time.Now().Add(-time.Hour))
	soon, _ := newPair(t, "api.example.org", time.Now().Add(10*24*time.Hour))
	other, _ := newPair(t, "api.example.net", time.Now().Add(60*24*time.Hour))
	updates := func(content string) string {
		dir := updateFolder(t)
		timestampFile(t, dir, content)
		return dir
	}
	newer, damaged, secretless := t.TempDir(), t.TempDir(), t.TempDir()
	for _, dir := range []string{newer, damaged, secretless} {
		start(t, "serve", "--dev", "--data", dir).signal(syscall.SIGTERM)
	}
	inDatabase(t, newer, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, 1)`)
	if err := os.WriteFile(filepath.Join(damaged, "cloud.db"), make([]byte, 8192), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(secretless, "server.secret")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		check, state, says string
		args               []string
	}{
		{"mail", broken, "mail server", with("--data", data)},
		{"data", broken, "no such file", with("--data", filepath.Join(data, "nothing"))},
		{"database", warning, "none yet", with("--data", t.TempDir())},
		{"database", broken, "newer version", with("--data", newer)},
		{"database", broken, "cannot be", with("--data", damaged)},
		{"secret", broken, "missing", with("--data", secretless)},
		{"certificate", broken, "ended", with("--data", data, "--tls-cert", old.chain, "--tls-key", old.key)},
		{"certificate", warning, "9 days left", with("--data", data, "--tls-cert", soon.chain, "--tls-key", soon.key)},
		{"certificate", broken, "is not for", with("--data", data, "--domain", "example.org", "--tls-cert", other.chain, "--tls-key", other.key)},
		{"certificate", broken, "no such file", with("--data", data, "--tls-cert", "/nonexistent", "--tls-key", other.key)},
		{"certificate", warning, "none for", with("--data", data, "--domain", "example.org", "--acme", "letsencrypt")},
		{"updates", broken, "no timestamp", with("--data", data, "--updates", t.TempDir())},
		{"updates", broken, "cannot be read", with("--data", data, "--updates", updates("{}"))},
		{"updates", broken, "ended", with("--data", data, "--updates", updates(`{"signed":{"expires":"2020-01-01T00:00:00Z"}}`))},
	} {
		states, details, code := examined(t, c.args...)
		if states[c.check] != c.state || !strings.Contains(details[c.check], c.says) {
			t.Errorf("%q: %s is %q: %s", c.args, c.check, states[c.check], details[c.check])
		}
		if code != exitCode(codeFailed) { // the mail server is gone in all of them
			t.Errorf("%q: ended with %v", c.args, code)
		}
	}
	if _, err := tell(t, "doctor"); !errors.As(err, new(problems)) {
		t.Errorf("without settings: %v", err)
	}
}

// inDatabase runs a statement on a server's database.
func inDatabase(t *testing.T, data, statement string, args ...any) {
	t.Helper()
	db, err := ownsqlite.Open(t.Context(), filepath.Join(data, "cloud.db"), ownsqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(statement, args...); err != nil {
		t.Fatal(err)
	}
}

func TestDiskAndClock(t *testing.T) {
	d := &doctor{}
	d.space(t.TempDir())
	d.clock()
	for _, f := range d.findings {
		if f.State == "" || f.Detail == "" {
			t.Errorf("%+v", f)
		}
	}
}
