package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/crypto/id"
)

// withAccount is the folder of a server that has one account, as far as its row goes.
func withAccount(t *testing.T) (data string, account id.ID) {
	t.Helper()
	data, account = t.TempDir(), id.New()
	start(t, "serve", "--dev", "--data", data).signal(syscall.SIGTERM)
	key := make([]byte, 32)
	inDatabase(t, data, `INSERT INTO accounts (account_id, email, lookup_tag, generation, profile, login_key, recovery_key, sealed_account, sealed_recovery,
		sealed_identity, created) VALUES ($1, 'ada@example.org', $1, 1, 'P2', $2, $2, $2, $2, $2, 1800000000000)`, account[:], key)
	return data, account
}

func TestExportThenErase(t *testing.T) {
	data, account := withAccount(t)
	out, err := tell(t, "admin", "export", "--data", data, "--email", "Ada@example.org")
	var held cloud.Held
	if err != nil || json.Unmarshal([]byte(out), &held) != nil || held.Account.Email != "ada@example.org" || held.Account.ID != account.String() {
		t.Fatalf("%s, %v", out, err)
	}
	// Nothing goes without a yes.
	if _, err := tell(t, "admin", "erase-account", "--data", data, "--account", account.String()); !errors.As(err, new(usage)) || !strings.Contains(err.Error(), "--yes") {
		t.Errorf("without a yes: %v", err)
	}
	if _, err := tell(t, "admin", "export", "--data", data, "--account", account.String()); err != nil {
		t.Fatal(err)
	}
	if out, err := tell(t, "admin", "erase-account", "--data", data, "--account", account.String(), "--yes"); err != nil || !strings.Contains(out, "erased") {
		t.Fatalf("%s, %v", out, err)
	}
	for _, command := range []string{"export", "erase-account"} {
		if _, err := tell(t, "admin", command, "--data", data, "--email", "ada@example.org"); err == nil || !strings.Contains(err.Error(), "no such account") {
			t.Errorf("%s after: %v", command, err)
		}
	}
}

func TestAccountCommandsRefuse(t *testing.T) {
	data, account := withAccount(t)
	for _, args := range [][]string{
		{"--data", data}, {"--data", data, "--email", "a@b.example", "--account", account.String()}, {"--data", data, "--account", "nonsense"},
		{"--data", data, "--email", "nonsense"}, {"--data", data, "--email", "a@b.example", "surplus"}, {"--email", "ada@example.org"},
	} {
		if out, err := tell(t, append([]string{"admin", "export"}, args...)...); err == nil {
			t.Errorf("%q: %s", args, out)
		}
	}
	// A wrong folder does not become a server's by being looked at.
	empty := t.TempDir()
	for _, args := range [][]string{{"admin", "export", "--email", "a@b.example"}, {"verify-log"}} {
		if _, err := tell(t, append(args, "--data", empty)...); err == nil {
			t.Errorf("%q found a server in an empty folder", args)
		}
	}
	if left, err := os.ReadDir(empty); err != nil || len(left) > 0 {
		t.Errorf("made %v, %v", left, err)
	}
}

// A command of another version beside a server leaves the schema as it is.
func TestOtherSchemaIsLeftAlone(t *testing.T) {
	data, account := withAccount(t)
	inDatabase(t, data, `DELETE FROM goose_db_version WHERE version_id = (SELECT MAX(version_id) FROM goose_db_version)`)
	for _, args := range [][]string{{"verify-log"}, {"admin", "export", "--account", account.String()}, {"admin", "computers", "--org", account.String()}} {
		if _, err := tell(t, append(args, "--data", data)...); !errors.As(err, new(otherSchema)) || !strings.Contains(err.Error(), "migrate first") {
			t.Errorf("%q: %v", args, err)
		}
	}
	states, details, _ := examined(t, "--data", data, "--dev")
	if states["database"] != warning || !strings.Contains(details["database"], "schema") {
		t.Errorf("doctor: %q: %s", states["database"], details["database"])
	}
}

func TestVerifyLogCommand(t *testing.T) {
	data := t.TempDir()
	start(t, "serve", "--dev", "--data", data).signal(syscall.SIGTERM)
	if out, err := tell(t, "verify-log", "--data", data); err != nil || !strings.Contains(out, "0 accounts") || !strings.Contains(out, "0 findings") {
		t.Errorf("%s, %v", out, err)
	}
	// An account without a log was put there by hand.
	forged, account := withAccount(t)
	out, err := tell(t, "verify-log", "--data", forged)
	if !errors.Is(err, exitCode(codeFailed)) || !strings.Contains(out, "account_log account="+account.String()) {
		t.Errorf("%s, %v", out, err)
	}
	out, err = tell(t, "verify-log", "--json", "--data", forged)
	var first cloud.Finding
	line, _, _ := strings.Cut(out, "\n")
	if !errors.Is(err, exitCode(codeFailed)) || json.Unmarshal([]byte(line), &first) != nil || first.Problem == "" || !strings.Contains(out, `"findings":1`) {
		t.Errorf("%s, %v", out, err)
	}
	if _, err := os.Stat(filepath.Join(forged, "cloud.db")); err != nil {
		t.Error(err)
	}
}
