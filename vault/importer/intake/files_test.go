package intake

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault"
	"github.com/coffer-vault/coffer/vault/exporter"
	"github.com/coffer-vault/coffer/vault/importer"
)

// withFiles is a source of logins, each with files of that content and a name by its place.
func withFiles(contents ...[]string) []importer.Source {
	var r records
	for i, files := range contents {
		record := importer.Record{Kind: importer.Login, Title: fmt.Sprint("Login ", i), URLs: []string{fmt.Sprintf("https://s%d.example", i)}, Username: "ann", Password: secret.FromString("pw")}
		for n, content := range files {
			record.Files = append(record.Files, importer.NewFile(fmt.Sprintf("f%d", n), []byte(content)))
		}
		r = append(r, record)
	}
	return []importer.Source{r}
}

// files are those of all items with their content, as text in order.
func files(t *testing.T, v *vault.Vault) string {
	t.Helper()
	var lines []string
	for _, s := range v.Query(vault.Filter{}) {
		attached, err := v.Attachments(t.Context(), s.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range attached {
			var content bytes.Buffer
			if err := v.ReadAttachment(t.Context(), a.ID, &content, nil); err != nil {
				t.Fatal(err)
			}
			lines = append(lines, fmt.Sprintf("%s/%s=%s", s.Title, a.Name, content.String()))
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, " ")
}

func TestFilesAreAttachedOnce(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	v := newVault(t, &now)
	preview, err := Preview(t.Context(), v, withFiles([]string{"a", "bb"}, nil), secret.Bytes{})
	if err != nil || preview.Files != 2 || preview.FileBytes != 3 || v.Counts().All != 0 {
		t.Fatalf("%d files, %d bytes, %v", preview.Files, preview.FileBytes, err)
	}
	imported(t, v, withFiles([]string{"a", "bb"}, nil))
	if got := files(t, v); got != "Login 0/f0=a Login 0/f1=bb" {
		t.Fatal(got)
	}
	if r := imported(t, v, withFiles([]string{"a", "bb"}, nil)); outcomes(r.Report) != "already-there 2" || r.Report.Files != 0 {
		t.Errorf("again: %s, %d files", outcomes(r.Report), r.Report.Files)
	}
	// The same name and size with another content is another file.
	r := imported(t, v, withFiles([]string{"x"}, []string{"late"}))
	if got := files(t, v); got != "Login 0/f0=a Login 0/f0=x Login 0/f1=bb Login 1/f0=late" || outcomes(r.Report) != "merged 2" || r.Report.Files != 2 {
		t.Errorf("%s; %s", got, outcomes(r.Report))
	}
	if _, err := v.UndoBatch(t.Context(), r.Batch); err != nil {
		t.Fatal(err)
	}
	if got := files(t, v); got != "Login 0/f0=a Login 0/f1=bb" || v.Counts().All != 2 {
		t.Errorf("after the undo: %s", got)
	}
}

// An entry that no vault tells from the one that is there brings its files all the same.
func TestFilesOfOtherKindsAreAddedToTheItem(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	v := newVault(t, &now)
	note := importer.Record{Kind: importer.Note, Title: "Plan", Notes: "of the house"}
	imported(t, v, []importer.Source{records{note}})
	note.Files = []importer.File{importer.NewFile("plan.pdf", []byte("walls"))}
	for _, want := range []string{"merged 1", "already-there 1"} {
		if r := imported(t, v, []importer.Source{records{note}}); outcomes(r.Report) != want {
			t.Errorf("%s, want %s", outcomes(r.Report), want)
		}
	}
	if got := files(t, v); got != "Plan/plan.pdf=walls" {
		t.Error(got)
	}
}

func TestFilesThatCannotBeAttachedAreNamed(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	v := newVault(t, &now)
	if importer.MaxFile != vault.MaxAttachment {
		t.Error("the vault takes files of another size")
	}
	broken := errors.New("damaged")
	reader := func(content string, err error) func() (io.ReadCloser, error) {
		return func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(content)), err }
	}
	source := withFiles([]string{"kept"})[0].(records)
	source[0].Files = append(source[0].Files,
		importer.File{Name: "missing"}, importer.File{Name: "broken", Size: 1, Open: reader("", broken)},
		importer.File{Name: "short", Size: 3, Open: reader("ab", nil)}, importer.File{Name: "long", Size: 1, Open: reader("ab", nil)},
		importer.File{Name: "large", Size: importer.MaxFile + 1, Open: reader("", nil)}, importer.File{Name: "negative", Size: -1, Open: reader("", nil)},
		importer.File{Name: strings.Repeat("n", 1025), Open: reader("", nil)},
	)
	r := imported(t, v, []importer.Source{source})
	var left []string
	for _, l := range r.Report.Sources[0].Rows[0].LeftOut {
		left = append(left, string(l.What)+" "+l.Name[:min(len(l.Name), 8)])
	}
	if want := "file missing, file broken, file short, file long, file large, file negative, file nnnnnnnn"; strings.Join(left, ", ") != want {
		t.Errorf("%s, want %s", strings.Join(left, ", "), want)
	}
	if got := files(t, v); got != "Login 0/f0=kept" {
		t.Error(got)
	}
}

// An import that is stopped between two chunks leaves nothing.
func TestStoppedWhileFilesAreSealed(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	v := newVault(t, &now)
	ctx, stop := context.WithCancel(t.Context())
	_, err := Import(ctx, v, withFiles([]string{strings.Repeat("x", 3<<20)}), secret.Bytes{}, func(at vault.BatchProgress) {
		if at.Bytes > 1<<20 && at.Items == 0 {
			stop()
		}
	})
	size, sizeErr := v.FilesSize()
	if !errors.Is(err, context.Canceled) || v.Counts().All != 0 || size != 0 || sizeErr != nil {
		t.Errorf("%v, %d items, %d bytes, %v", err, v.Counts().All, size, sizeErr)
	}
}

// What Coffer archives and what KeePass keeps comes back with its files.
func TestOwnArchivesBringTheirFiles(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	from := newVault(t, &now)
	imported(t, from, withFiles([]string{"a", strings.Repeat("b", 1<<20)}, []string{"c"}))
	exporter.LowerCostForTests()
	for _, format := range []exporter.Format{exporter.Archive, exporter.KeePass} {
		to, password := newVault(t, &now), secret.FromString("of the file")
		var file bytes.Buffer
		if _, err := exporter.Write(t.Context(), from, exporter.Options{Format: format, Password: password, Now: now}, &file, nil); err != nil {
			t.Fatal(err)
		}
		r, err := Import(t.Context(), to, open(t, file.String()), password, nil)
		if err != nil || files(t, to) != files(t, from) || outcomes(r.Report) != "imported 2" {
			t.Errorf("%s: %v, %s", format, err, outcomes(r.Report))
		}
		if r, err := Import(t.Context(), from, open(t, file.String()), password, nil); err != nil || outcomes(r.Report) != "already-there 2" {
			t.Errorf("%s, into the vault that it is from: %v, %s", format, err, outcomes(r.Report))
		}
	}
}
