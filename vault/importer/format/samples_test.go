package format

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault/importer"
)

// sample is an export as its program writes it. A folder is the content of an archive.
func sample(t testing.TB, name string) []byte {
	t.Helper()
	name = filepath.Join("testdata/samples", name)
	if info, err := os.Stat(name); err != nil || !info.IsDir() {
		return readFile(t, name)
	}
	var archive bytes.Buffer
	w := zip.NewWriter(&archive)
	if err := w.AddFS(os.DirFS(name)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return archive.Bytes()
}

func samples(t testing.TB) (names []string) {
	t.Helper()
	entries, err := os.ReadDir("testdata/samples")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

const databasePassword = "kp-pass"

// whole is a source with every row and all that is in it.
func whole(t testing.TB, name string) string {
	t.Helper()
	source, err := Open(sample(t, name))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	readout := importer.Read(context.Background(), source, secret.FromString(databasePassword))
	lines := []string{fmt.Sprintf("%s · %s %s: %d, %v", source.Info().ID, source.Info().Browser, source.Info().Profile, source.Info().Count, readout.Err)}
	for _, row := range readout.Rows {
		line := describe(row)
		if row.Record != nil {
			line += more(row.Record)
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n") + "\n"
}

// more is what describe leaves out.
func more(r *importer.Record) (text string) {
	if len(r.Tags) > 0 {
		text += fmt.Sprintf(" tags %q", r.Tags)
	}
	for _, flag := range []struct {
		set  bool
		name string
	}{{r.Favorite, "favorite"}, {r.Archived, "archived"}} {
		if flag.set {
			text += " " + flag.name
		}
	}
	for _, date := range []struct {
		at   time.Time
		name string
	}{{r.Created, "created"}, {r.Modified, "modified"}, {r.PasswordChanged, "password"}} {
		if !date.at.IsZero() {
			text += " " + date.name + " " + date.at.Format(time.DateOnly)
		}
	}
	for _, old := range r.History {
		text += fmt.Sprintf(" before %q", old.Password.Reveal())
		if !old.Replaced.IsZero() {
			text += " until " + old.Replaced.Format(time.DateOnly)
		}
	}
	for _, f := range r.Files {
		text += fmt.Sprintf(" file %q %d %x", f.Name, f.Size, f.Sum())
	}
	for _, left := range r.LeftOut {
		text += fmt.Sprintf(" left out %s %q", left.What, left.Name)
	}
	return text
}

// Every format gives exactly these items. With COFFER_UPDATE the expectations are written anew; what changed is then to be read.
func TestSamples(t *testing.T) {
	for _, name := range samples(t) {
		t.Run(name, func(t *testing.T) {
			got, golden := whole(t, name), filepath.Join("testdata/golden", name+".txt")
			if os.Getenv("COFFER_UPDATE") != "" {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if want := string(readFile(t, golden)); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			if again := whole(t, name); again != got {
				t.Errorf("read twice it is\n%s", again)
			}
		})
	}
	goldens, err := fs.Glob(os.DirFS("testdata/golden"), "*.txt")
	if err != nil || len(goldens) != len(samples(t)) {
		t.Errorf("%d expectations for %d samples, %v", len(goldens), len(samples(t)), err)
	}
}
