//go:build system

package intake

import (
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault"
	"github.com/coffer-vault/coffer/vault/exporter"
	"github.com/coffer-vault/coffer/vault/importer"
	"github.com/coffer-vault/coffer/vault/importer/format"
)

// What an import of large archives may take of memory, whatever they hold: a file alone is larger.
const largeMemory = 64 << 20

// TestLargeArchives exports a vault with 400 MB in files of 100 MB, which do not get smaller, and brings all of it back.
func TestLargeArchives(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	const count = 4 // more than was ever held in memory
	from := newVault(t, &now)
	var sums [][sha256.Size]byte
	source := records{}
	for i := range count {
		sum := sha256.New()
		_, err := io.Copy(sum, random(i))
		if err != nil {
			t.Fatal(err)
		}
		sums = append(sums, [sha256.Size]byte(sum.Sum(nil)))
		source = append(source, importer.Record{
			Kind: importer.Login, Title: fmt.Sprintf("Login %02d", i), URLs: []string{fmt.Sprintf("https://s%d.example", i)}, Password: secret.FromString("pw"),
			Files: []importer.File{{Name: "large.bin", Size: importer.MaxFile, Open: func() (io.ReadCloser, error) { return io.NopCloser(random(i)), nil }}},
		})
	}
	for i := range source { // one by one: together they are more than a source of nothing but memory may have
		if r := imported(t, from, []importer.Source{source[i : i+1]}); r.Report.Files != 1 {
			t.Fatal("a file was not attached")
		}
	}
	exporter.LowerCostForTests()
	password := secret.FromString("of the file")
	for _, kind := range []exporter.Format{exporter.Archive, exporter.KeePass} {
		path := filepath.Join(t.TempDir(), "export")
		file, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		before, begun := taken(), time.Now()
		if _, err := exporter.Write(t.Context(), from, exporter.Options{Format: kind, Password: password, Now: now}, file, nil); err != nil {
			t.Fatal(err)
		}
		size, _ := file.Seek(0, io.SeekCurrent)
		file.Close()
		t.Logf("%s: %d bytes exported in %v, %d MiB more memory", kind, size, time.Since(begun).Round(time.Millisecond), (taken()-before)>>20)

		to := newVault(t, &now)
		in, err := format.OpenInput(path)
		if err != nil {
			t.Fatal(err)
		}
		opened, err := in.Source()
		if err != nil {
			t.Fatal(err)
		}
		before, begun = taken(), time.Now()
		result, err := Import(t.Context(), to, []importer.Source{opened}, password, nil)
		if err != nil || result.Report.Files != count || outcomes(result.Report) != fmt.Sprintf("imported %d", count) {
			t.Fatalf("%s: %v, %s, %d files", kind, err, outcomes(result.Report), result.Report.Files)
		}
		grown := taken() - before
		t.Logf("%s: imported in %v, %d MiB more memory", kind, time.Since(begun).Round(time.Millisecond), grown>>20)
		if grown > largeMemory {
			t.Errorf("%s: %d MiB more memory", kind, grown>>20)
		}
		in.Close()
		for i, s := range to.Query(vault.Filter{}) {
			if got := sumOf(t, to, s); got != sums[i] {
				t.Errorf("%s: the file of %s came back as another", kind, s.Title)
			}
		}
		os.Remove(path)
	}
}

// random is the content of a file that cannot be packed.
func random(seed int) io.Reader {
	return io.LimitReader(rand.NewChaCha8([32]byte{byte(seed)}), importer.MaxFile)
}

func sumOf(t *testing.T, v *vault.Vault, s *vault.Summary) [sha256.Size]byte {
	t.Helper()
	attached, err := v.Attachments(t.Context(), s.ID)
	if err != nil || len(attached) != 1 {
		t.Fatal(len(attached), err)
	}
	sum := sha256.New()
	if err := v.ReadAttachment(t.Context(), attached[0].ID, sum, nil); err != nil {
		t.Fatal(err)
	}
	return [sha256.Size]byte(sum.Sum(nil))
}

// taken is how much memory Go has taken from the system so far; it never gets less.
func taken() int64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapSys)
}
