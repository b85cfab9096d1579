//go:build system && linux

package main

import (
	"database/sql"
	"encoding/json"
	"errors"
	"strings"
	"syscall"
	"testing"

	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/internal/testpg"
)

// onPostgres is a server's data in PostgreSQL, as arguments, and its database.
func onPostgres(t *testing.T) (where []string, db *sql.DB) {
	t.Helper()
	cluster, err := testpg.New("fsync=off")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cluster.Remove() })
	address := cluster.Database(t)
	if db, err = sql.Open("pgx", address); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return []string{"--data", t.TempDir(), "--database", address}, db
}

// What an operator does beside a server is the same on PostgreSQL.
func TestCommandsOnPostgres(t *testing.T) {
	where, db := onPostgres(t)
	on := func(args ...string) (string, error) { return tell(t, append(args, where...)...) }
	if out, err := on("verify-log"); err == nil {
		t.Errorf("before the schema: %s", out)
	}
	if out, err := on("migrate"); err != nil {
		t.Fatal(out, err)
	}
	mailsComeBack(t, where...)
	if out, err := on("verify-log"); err != nil || !strings.Contains(out, "0 accounts") || !strings.Contains(out, "0 findings") {
		t.Errorf("%s, %v", out, err)
	}
	states, details, _ := examined(t, append([]string{"--dev"}, where...)...)
	for _, check := range []string{"database", "outbox"} {
		if states[check] != fine {
			t.Errorf("doctor: %s is %s: %s", check, states[check], details[check])
		}
	}
	account, key := id.New(), make([]byte, 32)
	if _, err := db.Exec(`INSERT INTO accounts (account_id, email, lookup_tag, generation, profile, login_key, recovery_key, sealed_account, sealed_recovery,
		sealed_identity, created) VALUES ($1, 'ada@example.org', $1, 1, 'P2', $2, $2, $2, $2, $2, 1800000000000)`, account[:], key); err != nil {
		t.Fatal(err)
	}
	if out, err := on("verify-log"); !errors.Is(err, exitCode(codeFailed)) || !strings.Contains(out, "account_log account="+account.String()) {
		t.Errorf("an account without a log: %s, %v", out, err)
	}
	out, err := on("admin", "export", "--email", "Ada@example.org")
	var held cloud.Held
	if err != nil || json.Unmarshal([]byte(out), &held) != nil || held.Account.ID != account.String() || len(held.Mails) != 1 {
		t.Errorf("export: %s, %v", out, err)
	}
	if out, err := on("admin", "erase-account", "--account", account.String(), "--yes"); err != nil || !strings.Contains(out, "erased") {
		t.Errorf("%s, %v", out, err)
	}
	if out, err := on("admin", "mails", "--email", "ada@example.org"); err != nil || !strings.Contains(out, "none") {
		t.Errorf("mails after the erasure: %s, %v", out, err)
	}
	if _, err := db.Exec(`DELETE FROM goose_db_version WHERE version_id = (SELECT MAX(version_id) FROM goose_db_version)`); err != nil {
		t.Fatal(err)
	}
	if _, err := on("admin", "export", "--account", account.String()); !errors.As(err, new(otherSchema)) {
		t.Errorf("another version's schema: %v", err)
	}
}

// PostgreSQL is backed up by its own tools: the commands say so, and touch nothing.
func TestBackupIsNotForPostgres(t *testing.T) {
	where, _ := onPostgres(t)
	p := start(t, append([]string{"serve", "--dev"}, where...)...)
	_, recipient := newKey(t)
	for _, args := range [][]string{{"backup", "--recipient", recipient, "--to", t.TempDir() + "/x.age"}, {"restore", "--from", "x.age", "--identity-file", "x"}} {
		if out, err := tell(t, append(args, where...)...); err == nil || !strings.Contains(out+err.Error(), "PostgreSQL") {
			t.Errorf("%s: %s, %v", args[0], out, err)
		}
	}
	if err := p.signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
}
