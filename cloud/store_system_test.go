//go:build system && linux

package cloud_test

import (
	"log/slog"
	"os"
	"testing"

	"github.com/coffer-vault/coffer/cloud/store/postgres"
	"github.com/coffer-vault/coffer/cloud/store/sqlstore"
	"github.com/coffer-vault/coffer/internal/testpg"
)

// TestMain runs the tests of the domain on PostgreSQL.
func TestMain(m *testing.M) {
	openStore = func(t testing.TB, hook sqlstore.Hook) (store, string, error) {
		s, err := postgres.Open(t.Context(), testpg.Shared.Database(t), hook, slog.New(slog.DiscardHandler))
		return s, "", err
	}
	os.Exit(testpg.With(m.Run))
}
