package format

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault/importer"
)

func inFile(t *testing.T, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "export")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// A file gives what its content in memory gives, and nothing any more once it is closed.
func TestInputs(t *testing.T) {
	for _, name := range []string{"kdbx4-aes.kdbx", "kdbx.kdbx", "dashlane.zip", "cxf.json", "protonpass.zip"} {
		in, err := OpenInput(inFile(t, sample(t, name)))
		if err != nil {
			t.Fatal(err)
		}
		source, err := in.Source()
		if err != nil {
			t.Fatal(err)
		}
		got, want := importer.Read(t.Context(), source, secret.FromString(databasePassword)), read(t, sample(t, name), databasePassword)
		if got.Err != nil || len(got.Rows) == 0 || len(got.Rows) != len(want.Rows) {
			t.Errorf("%s: %d rows, want %d, %v", name, len(got.Rows), len(want.Rows), got.Err)
		}
		in.Close()
		if !bytes.Equal(in.content, make([]byte, len(in.content))) {
			t.Errorf("%s: what was read is still there", name)
		}
		if source, err := in.Source(); err == nil && importer.Read(t.Context(), source, secret.FromString(databasePassword)).Err == nil {
			t.Errorf("%s: it is still read", name)
		}
	}
}

func TestInputsThatAreNone(t *testing.T) {
	sparse := inFile(t, []byte("name,url,username,password\n"))
	if err := os.Truncate(sparse, MaxFile+1); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		path string
		want error
	}{
		"a folder":                            {t.TempDir(), ErrUnknownFormat},
		"nothing":                             {filepath.Join(t.TempDir(), "none"), os.ErrNotExist},
		"a table that memory has no room for": {sparse, importer.ErrTooLarge},
	} {
		if _, err := OpenInput(c.path); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// The list of the files of an archive is read only as far as any export's goes.
func TestListOfAnArchiveIsCapped(t *testing.T) {
	c := &cappedReaderAt{r: bytes.NewReader(make([]byte, 100)), left: 10}
	part := make([]byte, 6)
	if _, err := c.ReadAt(part, 0); err != nil {
		t.Error(err)
	}
	if _, err := c.ReadAt(part, 0); !errors.Is(err, importer.ErrTooLarge) {
		t.Error(err)
	}
}
