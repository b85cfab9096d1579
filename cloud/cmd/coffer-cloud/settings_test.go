package main

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/cloud"
)

// around is a program with an environment of its own.
func around(env map[string]string) (program, *bytes.Buffer) {
	var out bytes.Buffer
	return program{out: &out, errs: &out, env: func(name string) (string, bool) {
		value, ok := env[name]
		return value, ok
	}}, &out
}

func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestArgumentBeforeEnvironmentBeforeFile(t *testing.T) {
	config := write(t, "cloud.conf", "# our server\n\ndata = d\nquota = 1\nmail-from=file@example.org\nlinger = 1s\ndev = true\n")
	p, _ := around(map[string]string{"COFFER_CLOUD_CONFIG": config, "COFFER_CLOUD_QUOTA": "2", "COFFER_CLOUD_MAIL_FROM": "env@example.org"})
	o, _, err := configure(p, "serve", []string{"--quota", "3"}, needServer, nil)
	if err != nil {
		t.Fatal(err)
	}
	if o.quota != 3 || o.mailFrom != "env@example.org" || o.linger.String() != "1s" || !o.dev || o.data != "d" {
		t.Errorf("options %+v", o)
	}
	if o, _, err = configure(p, "serve", []string{"--dev=false", "--smtp", "smtp://m.example", "--origin", "https://a.example"}, needServer, nil); err != nil || o.dev {
		t.Errorf("dev=false after a file that says true: %v, %v", o.dev, err)
	}
}

func TestDefaults(t *testing.T) {
	p, _ := around(nil)
	o, _, err := configure(p, "serve", []string{"--data", "d", "--dev"}, needServer, nil)
	if err != nil || o.quota<<20 != cloud.DefaultQuota || len(o.updatesListen) != 2 || !slices.Equal(o.roles, allRoles) || o.listenOn() != "127.0.0.1:0" {
		t.Errorf("options %+v, %v", o, err)
	}
}

// One start tells everything that is wrong, where it was found, and what to do; and never the value, which may be a secret.
func TestAllProblemsAtOnce(t *testing.T) {
	config := write(t, "cloud.conf", "quota = canary\nnonsense = canary\nno setting canary\nlinger = 1s\nlinger = 2s\n")
	p, _ := around(map[string]string{
		"COFFER_CLOUD_ROLES": "api,canary", "COFFER_CLOUD_DATABASE": "postgres://u:canary@h/d", "COFFER_CLOUD_SMTP": "smtp://u:canary@h",
	})
	_, _, err := configure(p, "serve", []string{"--config", config, "--metrics-listen", "0.0.0.0:9090", "--dev=canary"}, needServer, nil)
	var wrong problems
	if !errors.As(err, &wrong) {
		t.Fatal(err)
	}
	text := err.Error()
	for _, want := range []string{
		"cloud.conf line 1 quota: ", "cloud.conf line 2: there is no setting", "cloud.conf line 3: no setting", "cloud.conf line 5: linger is set twice",
		"COFFER_CLOUD_ROLES: ", "COFFER_CLOUD_DATABASE: has a password in it", "COFFER_CLOUD_SMTP: has a password in it",
		"--metrics-listen: no loopback address", "--dev: neither true nor false", "--data: is not given",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in %s", want, text)
		}
	}
	if shown := strings.ReplaceAll(text, `"canary"`, ""); strings.Contains(shown, "canary") {
		t.Errorf("a value is told: %s", text)
	}
}

func TestRefusedSettings(t *testing.T) {
	service := []string{"--data", "d", "--smtp", "smtp://m.example"}
	for _, args := range [][]string{
		{},
		{"--data", "d"},
		{"--data", "d", "--origin", "https://api.example.org"},
		{"--data", "d", "--dev", "--tls-cert", "c.pem"},
		{"--data", "d", "--dev", "--smtp-password-file", "/nonexistent"},
		{"--data", "d", "--dev", "--config", "/nonexistent"},
		{"--data", "d", "--dev", "--config", t.TempDir()},
		{"--data", "d", "--dev", "--quota", "0"},
		{"--data", "d", "--dev", "--quota", "9223372036854775807"},
		{"--data", "d", "--dev", "--listen", "8080"},
		{"--data", "d", "--dev", "--listen", "127.0.0.1:99999"},
		{"--data", "d", "--dev", "--linger", "1h"},
		{"--data", "d", "--dev", "--linger", "-1s"},
		{"--data", "d", "--dev", "--log-level", "loud"},
		{"--data", "d", "--dev", "--pprof"},
		{"--data", "d", "--dev", "--database", "mysql://h/d"},
		{"--data", "d", "--dev", "--origin", "https://a.example/path"},
		{"--data", "d", "--dev", "--domain", "https://example.org"},
		{"--data", "d", "--dev", "--metrics-listen", "10.0.0.1:9090"},
		append(service, "--origin", "https://a.example", "--roles", "api"), // and who sends the mails?
		append(service, "--domain", "example.org"),                         // no certificate
		append(service, "--acme", "letsencrypt", "--origin", "https://a.example"),
		append(service, "--domain", "example.org", "--acme", "http://plain.example/dir"),
		append(service, "--domain", "example.org", "--acme", "letsencrypt", "--behind-proxy"),
		append(service, "--origin", "https://a.example", "--mail-from", "nobody"),
	} {
		p, _ := around(nil)
		var wrong problems
		if _, _, err := configure(p, "serve", args, needServer, nil); !errors.As(err, &wrong) {
			t.Errorf("%q: %v", args, err)
		}
	}
	for _, args := range [][]string{
		append(service, "--domain", "Example.org.", "--acme", "letsencrypt"),
		append(service, "--domain", "example.org", "--behind-proxy"),
		append(service, "--domain", "example.org", "--tls-cert", "c", "--tls-key", "k"),
		{"--roles", "portal,app,updates", "--domain", "example.org", "--behind-proxy"}, // needs no data
	} {
		p, _ := around(nil)
		if _, _, err := configure(p, "serve", args, needServer, nil); err != nil {
			t.Errorf("%q: %v", args, err)
		}
	}
}

func TestSecretsAreRead(t *testing.T) {
	credentials := t.TempDir()
	for name, content := range map[string]string{"smtp-password": "from systemd\n", "database-password": "of the database\r\n", "server-secret": "x"} {
		if err := os.WriteFile(filepath.Join(credentials, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	env := map[string]string{"CREDENTIALS_DIRECTORY": credentials}
	p, _ := around(env)
	o, _, err := configure(p, "serve", []string{"--data", "d", "--dev"}, needServer, nil)
	if err != nil || o.smtpPassword != "from systemd" || o.databasePassword != "of the database" || o.secretPath() != filepath.Join(credentials, "server-secret") {
		t.Errorf("options %+v, %v", o, err)
	}
	// A file that is named is before a credential.
	env = maps.Clone(env)
	env["COFFER_CLOUD_SMTP_PASSWORD_FILE"] = write(t, "password", "correct horse\n")
	p, _ = around(env)
	if o, _, err = configure(p, "serve", []string{"--data", "d", "--dev"}, needServer, nil); err != nil || o.smtpPassword != "correct horse" {
		t.Errorf("password %q, %v", o.smtpPassword, err)
	}
}

func TestExitCodes(t *testing.T) {
	for _, c := range []struct {
		args []string
		code int
	}{
		{nil, codeUsage}, {[]string{"sing"}, codeUsage}, {[]string{"help"}, 0}, {[]string{"version"}, 0}, {[]string{"version", "x"}, codeUsage},
		{[]string{"serve"}, codeUsage}, {[]string{"serve", "-h"}, 0}, {[]string{"serve", "--nonsense"}, codeUsage},
		{[]string{"serve", "--dev", "--data", "d", "surplus"}, codeUsage}, {[]string{"admin"}, codeUsage}, {[]string{"admin", "sing"}, codeUsage},
		{[]string{"migrate"}, codeUsage}, {[]string{"migrate", "--data", "/dev/null/x"}, codeFailed},
	} {
		p, out := around(nil)
		if code := codeOf(run(context.Background(), p, c.args), p.errs); code != c.code {
			t.Errorf("%q: code %d, want %d: %s", c.args, code, c.code, out)
		}
	}
}

func FuzzConfigFile(f *testing.F) {
	f.Add("data = d\nquota = 3\n")
	f.Add("=\n#\n config = x\nquota=1\nquota=2")
	dir := f.TempDir()
	path := filepath.Join(dir, "cloud.conf")
	f.Fuzz(func(t *testing.T, content string) {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		found, _ := readConfig(given{path, "--config"})
		for name := range found {
			if !isSetting(name) || name == "config" {
				t.Errorf("%q was taken", name)
			}
		}
		apply(found)
	})
}

// The file that is installed is understood, and so is every line of it that somebody takes the # away from.
func TestExampleFile(t *testing.T) {
	data, err := os.ReadFile("cloud.conf")
	if err != nil {
		t.Fatal(err)
	}
	if _, wrong := readConfig(given{"cloud.conf", "--config"}); len(wrong) > 0 {
		t.Error(wrong)
	}
	uncommented := regexp.MustCompile(`(?m)^#([a-z])`).ReplaceAllString(string(data), "$1")
	found, wrong := readConfig(given{write(t, "cloud.conf", uncommented), "--config"})
	if len(wrong) > 0 || len(found) < 15 {
		t.Errorf("%d settings, %v", len(found), wrong)
	}
	if _, wrong := apply(found); len(wrong) > 0 {
		t.Error(wrong)
	}
}
