package session_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/internal/policy"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/vault/exporter"
	"github.com/coffer-vault/coffer/vault/importer"
)

func TestPolicyHoldsAndTheUsersChoicesAreKept(t *testing.T) {
	free := testpc.New(t, "PC", nil)
	chosen := free.Settings()
	chosen.LockAfter, chosen.Server = time.Hour, "https://api.mine.example"
	if err := free.SaveSettings(chosen); err != nil {
		t.Fatal(err)
	}
	managed := free.Copy(t, nil, func(c *session.Config) {
		c.Policy = policy.Policy{AutoLockCeiling: 15 * time.Minute, BrowserImport: policy.No, Server: "org.example"}
	})
	held := managed.Settings()
	if held.LockAfter != 15*time.Minute || held.ImportBrowsers || held.Server != "https://api.org.example" {
		t.Fatalf("holds: %+v", held)
	}
	// The dialog writes all that it shows.
	held.Theme = "dark"
	if err := managed.SaveSettings(held); err != nil {
		t.Fatal(err)
	}
	chosen.Theme = "dark"
	if got := managed.Copy(t, nil, func(c *session.Config) { c.Policy = policy.Policy{} }).Settings(); got != chosen {
		t.Errorf("without the policy: %+v, want %+v", got, chosen)
	}
	// What the policy leaves to the user is the user's.
	held.LockAfter = 5 * time.Minute
	if err := managed.SaveSettings(held); err != nil {
		t.Fatal(err)
	}
	if got := managed.Settings().LockAfter; got != 5*time.Minute {
		t.Errorf("below the ceiling: %v", got)
	}
}

func TestPolicyThatAllowsChangesNothing(t *testing.T) {
	pc := testpc.New(t, "PC", func(c *session.Config) {
		c.Policy = policy.Policy{AutoLockCeiling: 24 * time.Hour, BrowserImport: policy.Yes, ExportAllowed: policy.Yes}
	})
	if got := pc.Settings(); got != session.DefaultSettings() {
		t.Errorf("%+v", got)
	}
}

func TestPolicyForbidsBrowsersAndExports(t *testing.T) {
	pc := testpc.New(t, "PC", func(c *session.Config) {
		c.Policy = policy.Policy{BrowserImport: policy.No, ExportAllowed: policy.No}
		c.Browsers = func(context.Context) []importer.Source {
			t.Error("browsers were looked for")
			return nil
		}
	})
	u := pc.SignUp(t, testkit.Cloud(t), "anna@example.com")
	if _, err := u.FindBrowsers(t.Context()); !errors.Is(err, session.ErrPolicy) {
		t.Errorf("browsers: %v", err)
	}
	path := filepath.Join(t.TempDir(), "vault.csv")
	_, err := u.Export(t.Context(), path, exporter.Options{Format: exporter.CSV}, nil)
	if _, there := os.Lstat(path); !errors.Is(err, session.ErrPolicy) || there == nil {
		t.Errorf("export: %v, and the file is there: %v", err, there == nil)
	}
	if !strings.Contains(err.Error(), "administrator") {
		t.Errorf("cofferctl would say %q", err)
	}
}
