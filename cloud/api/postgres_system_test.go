//go:build system && linux

package api_test

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"testing"

	"github.com/coffer-vault/coffer/cloud/store/postgres"
	"github.com/coffer-vault/coffer/cloud/store/sqlstore"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpg"
)

// The tests of this package on PostgreSQL are those on SQLite, but for what is about SQLite's file (docs/adr/0027):
//
//	go test -tags=x11,system ./cloud/api -postgres
var postgresToo = flag.Bool("postgres", false, "servers keep their data in PostgreSQL")

func TestMain(m *testing.M) {
	flag.Parse()
	if !*postgresToo {
		testkit.Main(m)
	}
	testkit.LowerKDFCost()
	os.Exit(testkit.InMemory(func() int { return testpg.With(func() int { return withPostgres(m) }) }))
}

// withPostgres gives each server a database of its own, in one cluster. They are copies of one that has the schema, which takes half
// of the time.
func withPostgres(m *testing.M) int {
	const schema = "schema"
	log := slog.New(slog.DiscardHandler)
	err := testpg.Shared.SQL("postgres", "CREATE DATABASE "+schema)
	if err == nil {
		var first *postgres.Store
		if first, err = postgres.Open(context.Background(), testpg.Shared.URL(schema), nil, log); err == nil {
			err = first.Close()
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	testkit.Data = func(t testing.TB, _ string) (string, func(context.Context, sqlstore.Hook) (testkit.Store, error)) {
		url := testpg.Shared.Copy(t, schema)
		return url, func(ctx context.Context, hook sqlstore.Hook) (testkit.Store, error) {
			return postgres.Open(ctx, url, hook, log)
		}
	}
	return m.Run()
}
