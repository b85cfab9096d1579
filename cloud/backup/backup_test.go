package backup

import (
	"archive/tar"
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"filippo.io/age"

	"github.com/coffer-vault/coffer/internal/sqlite"
)

// newDatabase has a child that names a parent.
func newDatabase(t *testing.T, statements ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "db")
	db, err := sqlite.Open(t.Context(), path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, s := range append([]string{`CREATE TABLE parents (id INTEGER PRIMARY KEY)`, `CREATE TABLE children (id INTEGER PRIMARY KEY, parent REFERENCES parents)`,
		`INSERT INTO parents VALUES (1)`, `INSERT INTO children VALUES (1, 1)`}, statements...) {
		if _, err := db.Exec(s); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

func newIdentity(t *testing.T) *age.X25519Identity {
	t.Helper()
	key, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func secretFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, bytes.Repeat([]byte{7}, secretSize), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestRoundTrip(t *testing.T) {
	key, database, secret := newIdentity(t), newDatabase(t), secretFile(t)
	copied := filepath.Join(t.TempDir(), "copy")
	if err := Copy(t.Context(), database, copied); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(copied); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the copy can be read by others: %v, %v", info.Mode(), err)
	}
	if err := Copy(t.Context(), database, copied); err == nil {
		t.Error("a copy was overwritten")
	}
	var out bytes.Buffer
	if err := Write(&out, []age.Recipient{key.Recipient()}, secret, copied); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if _, err := Read(t.Context(), bytes.NewReader(out.Bytes()), []age.Identity{key}, dir); err != nil {
		t.Fatal(err)
	}
	for name, from := range map[string]string{Secret: secret, Database: copied} {
		want, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s differs, %v", name, err)
		}
	}
	var nobody *age.NoIdentityMatchError
	if _, err := Read(t.Context(), bytes.NewReader(out.Bytes()), []age.Identity{newIdentity(t)}, t.TempDir()); !errors.As(err, &nobody) {
		t.Errorf("opened by another key: %v", err)
	}
	// Of every part that could be missing at the end something is missed.
	for _, n := range []int{0, 10, out.Len() / 2, out.Len() - 1} {
		if _, err := Read(t.Context(), bytes.NewReader(out.Bytes()[:n]), []age.Identity{key}, t.TempDir()); err == nil {
			t.Errorf("the first %d bytes count as a backup", n)
		}
	}
}

// Who can write to the recipient's key can make an archive; what is in it is checked all the same.
func TestForeignArchive(t *testing.T) {
	key := newIdentity(t)
	type entry struct {
		name string
		kind byte
		size int
	}
	for name, entries := range map[string][]entry{
		"empty":       nil,
		"path":        {{"../server.secret", tar.TypeReg, secretSize}},
		"link":        {{Secret, tar.TypeSymlink, 0}},
		"long":        {{Secret, tar.TypeReg, 1 << 20}},
		"order":       {{Database, tar.TypeReg, 10}},
		"half":        {{Secret, tar.TypeReg, secretSize}},
		"no database": {{Secret, tar.TypeReg, secretSize}, {Database, tar.TypeReg, 100}},
	} {
		var out bytes.Buffer
		sealed, err := age.Encrypt(&out, key.Recipient())
		if err != nil {
			t.Fatal(err)
		}
		archive := tar.NewWriter(sealed)
		for _, e := range entries {
			if err := archive.WriteHeader(&tar.Header{Name: e.name, Typeflag: e.kind, Size: int64(e.size), Linkname: "x"}); err != nil {
				t.Fatal(err)
			}
			archive.Write(make([]byte, e.size))
		}
		archive.Close()
		sealed.Close()
		if _, err := Read(t.Context(), &out, []age.Identity{key}, t.TempDir()); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

func TestCheck(t *testing.T) {
	good := newDatabase(t)
	if err := Check(t.Context(), good); err != nil {
		t.Error(err)
	}
	if err := Check(t.Context(), newDatabase(t, `PRAGMA foreign_keys = off`, `DELETE FROM parents`)); err == nil {
		t.Error("a row that names a missing one")
	}
	if err := Check(t.Context(), newDatabase(t, `CREATE INDEX i ON children (parent)`, `PRAGMA writable_schema = on`,
		`UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema WHERE name = 'parents') WHERE name = 'i'`)); err == nil {
		t.Error("an index that is none")
	}
	if err := Check(t.Context(), secretFile(t)); err == nil {
		t.Error("a file that is no database")
	}
}

func FuzzRead(f *testing.F) {
	key, err := age.GenerateX25519Identity()
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte("age-encryption.org/v1\n"))
	f.Add([]byte(""))
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := Read(t.Context(), bytes.NewReader(data), []age.Identity{key}, t.TempDir()); err == nil {
			t.Error("nonsense is a backup")
		}
	})
}
