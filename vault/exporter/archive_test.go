package exporter

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault"
)

func TestMain(m *testing.M) {
	LowerCostForTests()
	os.Exit(m.Run())
}

// opened are the files of an archive, as age and tar give them.
func opened(t *testing.T, file []byte, password string) map[string]string {
	t.Helper()
	identity, err := age.NewScryptIdentity(password)
	check(t, err)
	plain, err := age.Decrypt(bytes.NewReader(file), identity)
	check(t, err)
	files := map[string]string{}
	for r := tar.NewReader(plain); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		check(t, err)
		content, err := io.ReadAll(r)
		check(t, err)
		if h.Mode != 0o600 || !filepath.IsLocal(h.Name) {
			t.Errorf("%s has the mode %o", h.Name, h.Mode)
		}
		files[h.Name] = string(content)
	}
}

var sealedOptions = Options{Format: Archive, Password: secret.FromString("pass of the file"), Now: start}

func TestArchiveHoldsEverything(t *testing.T) {
	v := ofEveryKind(t)
	file, report := written(t, v, sealedOptions)
	if got := lost(report); got != "" || report.Files != 1 {
		t.Errorf("%d files, lost %s", report.Files, got)
	}
	for _, plain := range []string{"s3cret", "scanned", "Shop", "credentials"} {
		if bytes.Contains(file, []byte(plain)) {
			t.Errorf("%q can be read", plain)
		}
	}
	files := opened(t, file, "pass of the file")
	items, paths := readCXF(t, []byte(files[archiveItems]))
	got := map[string]string{}
	for i := range items {
		got[items[i].ID.String()] = everything(&items[i], paths[items[i].Folder])
		for _, a := range items[i].Attachments {
			name := "files/" + cxfID(a) + "/scan.pdf"
			if files[name] != "scanned" {
				t.Errorf("%s: %q", name, files[name])
			}
			// SHA-256 of the content, for whoever takes it over.
			hash := sha256.Sum256([]byte("scanned"))
			if want := `"name":"scan.pdf","decryptedSize":7,"integrityHash":"` + b64(hash[:]) + `"`; !strings.Contains(files[archiveItems], want) {
				t.Errorf("no %s in %s", want, files[archiveItems])
			}
		}
	}
	compare(t, got, whole(t, v))
}

func TestArchiveNeedsItsPassword(t *testing.T) {
	v := rich(t)
	if _, err := Write(t.Context(), v, Options{Format: Archive}, io.Discard, nil); !errors.Is(err, ErrPassword) {
		t.Error(err)
	}
	file, _ := written(t, v, sealedOptions)
	identity, err := age.NewScryptIdentity("another")
	check(t, err)
	if _, err := age.Decrypt(bytes.NewReader(file), identity); err == nil {
		t.Error("another password opens it")
	}
}

// A file that is not whole on this PC is named, and keeps nothing else out.
func TestArchiveWithoutAnAbsentFile(t *testing.T) {
	v, shop := rich(t), id.ID{}
	check(t, v.Each(t.Context(), func(it *vault.Item) error {
		if len(it.Attachments) > 0 {
			shop = it.ID
		}
		return nil
	}))
	files, err := v.Attachments(t.Context(), shop)
	check(t, err)
	_, err = v.Attach(t.Context(), shop, "other.txt", strings.NewReader("here"), 4, nil)
	check(t, err)
	check(t, chunksOf[v].Remove(files[0].ID))
	file, report := written(t, v, sealedOptions)
	if got := lost(report); got != "absent-files 1 (Shop)" || report.Files != 1 {
		t.Errorf("%d files, lost %s", report.Files, got)
	}
	if got := opened(t, file, "pass of the file"); len(got) != 2 {
		t.Errorf("%d files", len(got))
	}
}
