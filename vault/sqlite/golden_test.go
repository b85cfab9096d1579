package sqlite

import (
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/vault"
)

var writeGolden = flag.Bool("golden", false, "write the golden database of the newest schema")

// TestGoldenDatabases opens a database of every schema there ever was: what users have must stay readable.
func TestGoldenDatabases(t *testing.T) {
	if *writeGolden {
		if err := os.WriteFile("testdata/schema-5.db", image(t), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	files, err := filepath.Glob("testdata/schema-*.db")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d golden databases, %v", len(files), err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "vault.db")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		checkGolden(t, path)
	}
}

func checkGolden(t *testing.T, path string) {
	ctx := context.Background()
	s := mustOpen(t, path)
	if err := s.Anchor(ctx, anchor, 3); err != nil {
		t.Fatal(err)
	}
	account, err := s.Account(ctx)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "account", account, sample().Account)
	view(t, s, func(r vault.Reader) (int, error) {
		one, _, err1 := r.Object(vaultA, id.ID{1, 1})
		equal(t, "new object", one, pending(1, "one"))
		edit := live(5, "edit")
		three, _, err2 := r.Object(vaultA, id.ID{3})
		equal(t, "edited object", three, vault.Object{ID: id.ID{3}, Base: live(4, "base"), Pending: &edit})
		pin, err3 := r.Pin(vaultA)
		equal(t, "pin", pin, vault.Pin{Seq: 1, Hash: hashOf("h"), Root: hashOf("r"), Commit: []byte("c")})
		return 0, errors.Join(err1, err2, err3)
	})
	if err := put(s, 50, 10); err != nil {
		t.Error(err)
	}
}
