package format

import (
	"errors"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault/importer"
)

// withKeyFile opens a database of testdata/keyfiles, which KeePassXC made with the key file.
func withKeyFile(t *testing.T, database, keyFile, password string) importer.Readout {
	t.Helper()
	source, err := Open(readFile(t, "testdata/keyfiles/"+database))
	if err != nil || !TakesKeyFile(source) {
		t.Fatal(err)
	}
	if keyFile != "" {
		if source, err = WithKeyFile(source, readFile(t, "testdata/keyfiles/"+keyFile)); err != nil {
			t.Fatal(err)
		}
	}
	return importer.Read(t.Context(), source, secret.FromString(password))
}

func TestKeyFiles(t *testing.T) {
	for _, name := range []string{"raw.key", "hex.key", "v1.key", "v2.keyx", "any.jpg"} {
		if r := withKeyFile(t, name+".kdbx", name, ""); r.Err != nil || len(r.Rows) != 1 || r.Rows[0].Record.Username != "ann" {
			t.Errorf("%s: %d rows, %v", name, len(r.Rows), r.Err)
		}
	}
	for name, c := range map[string]struct {
		keyFile, password string
		want              error
	}{
		"both":             {"v2.keyx", databasePassword, nil},
		"neither":          {"", "", importer.ErrPrimaryPasswordNeeded},
		"key file alone":   {"v2.keyx", "", importer.ErrPrimaryPasswordNeeded},
		"password alone":   {"", databasePassword, importer.ErrWrongPrimaryPassword},
		"another key file": {"any.jpg", databasePassword, importer.ErrWrongPrimaryPassword},
		"another password": {"v2.keyx", "wrong", importer.ErrWrongPrimaryPassword},
	} {
		if r := withKeyFile(t, "both.kdbx", c.keyFile, c.password); !errors.Is(r.Err, c.want) {
			t.Errorf("%s: %v, want %v", name, r.Err, c.want)
		}
	}
	if plain, err := Open(sample(t, "keepass.xml")); err != nil || TakesKeyFile(plain) {
		t.Errorf("an export without a lock takes a key file: %v", err)
	}
}

func TestDamagedKeyFiles(t *testing.T) {
	xml := string(readFile(t, "testdata/keyfiles/v2.keyx"))
	v1 := string(readFile(t, "testdata/keyfiles/v1.key"))
	for name, content := range map[string]string{
		"a digit":   strings.Replace(xml, "00010203", "00010204", 1),
		"the hash":  strings.Replace(xml, `Hash="6`, `Hash="7`, 1),
		"no hash":   strings.Replace(xml, `Hash="630DCD29"`, `Hash="x"`, 1),
		"too short": strings.Replace(xml, "00010203", "", 1),
		"no digits": strings.Replace(xml, "00010203", "0001020x", 1),
		"no base64": strings.Replace(v1, "<Data>", "<Data>!", 1),
	} {
		if key, err := keyOf([]byte(content)); !errors.Is(err, ErrKeyFile) {
			t.Errorf("%s: %x, %v", name, key, err)
		}
	}
	// What is nearly a key file is any file.
	for _, content := range []string{"", strings.Repeat("0", 63), strings.Repeat("g", 64), "<KeyFile>", "<html></html>", strings.Repeat("x", 33)} {
		if key, err := keyOf([]byte(content)); err != nil || len(key) != kdbxKeySize || string(key) == content {
			t.Errorf("%q: %x, %v", content, key, err)
		}
	}
}

func FuzzKeyFile(f *testing.F) {
	for _, name := range []string{"raw.key", "hex.key", "v1.key", "v2.keyx", "any.jpg"} {
		f.Add(readFile(f, "testdata/keyfiles/"+name))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		if key, err := keyOf(content); (err == nil) != (len(key) > 0) {
			t.Fatalf("%x, %v", key, err)
		}
	})
}
