package exporter

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault"
)

// rich is a vault with everything that an item can have.
func rich(t *testing.T) *vault.Vault {
	t.Helper()
	v := newVault(t)
	work, err := v.SaveFolder(t.Context(), vault.Folder{Name: "Work"})
	check(t, err)
	clients, err := v.SaveFolder(t.Context(), vault.Folder{Name: "Clients", Parent: work.ID})
	check(t, err)
	shop := item(vault.Login, "Shop", "username", "ann", "password", "first", "totp", "JBSWY3DPEHPK3PXP", "notes", "two\nlines")
	shop.Websites, shop.Tags, shop.Folder, shop.Favorite = []string{"https://shop.example/login", "https://shop.test"}, []string{"a", "b"}, clients.ID, true
	shop.Custom = []vault.CustomField{custom("Question", vault.Text, "Which?"), custom("Answer", vault.Concealed, "this")}
	shop.Ignored = []vault.Finding{vault.FindingNoCode}
	shop = saved(t, v, shop)
	shop.Set(vault.Password, secret.FromString(" second \"quoted\", with comma "))
	shop.ArchivedAt = start.UnixMilli()
	shop = saved(t, v, shop)
	_, err = v.Attach(t.Context(), shop.ID, "scan.pdf", strings.NewReader("scanned"), 7, nil)
	check(t, err)
	saved(t, v, item(vault.Note, "A note", "notes", "text"))
	gone := saved(t, v, item(vault.Login, "Old", "password", "old"))
	check(t, v.Trash(t.Context(), gone.ID))
	return v
}

func TestReportNamesWhatIsMissing(t *testing.T) {
	v := rich(t)
	for _, c := range []struct {
		format Format
		items  int
		want   []string
	}{
		{CSV, 1, []string{
			"items 1 (A note)", "trash 1 (Old)", "files 1 (Shop)", "totp 1 (Shop)", "custom-fields 2 (Shop)", "history 2 (Shop)", "tags 2 (Shop)",
			"folders 2 (Work, Work/Clients)", "favorite 1 (Shop)", "archive 1 (Shop)", "findings 1 (Shop)", "dates 1 (Shop)",
		}},
		{Bitwarden, 2, []string{
			"trash 1 (Old)", "files 1 (Shop)", "history 1 (Shop)", "tags 2 (Shop)", "archive 1 (Shop)", "findings 1 (Shop)",
		}},
	} {
		_, report := written(t, v, Options{Format: c.format})
		if report.Items != c.items || report.Format != c.format {
			t.Errorf("%s: %d items", c.format, report.Items)
		}
		if got, want := lost(report), strings.Join(c.want, "\n"); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", c.format, got, want)
		}
	}
}

// Every part of the model is either in the table of amounts, or counted where the export meets it.
func TestEveryPartThatIsOmittedIsCounted(t *testing.T) {
	elsewhere := []Part{PartTrash, PartFolders}
	for _, s := range Specs() {
		for _, p := range s.Omits {
			if amounts[p] == nil && !slices.Contains(elsewhere, p) {
				t.Errorf("%s omits %s, and nothing counts it", s.Format, p)
			}
			if !slices.Contains(parts, p) {
				t.Errorf("%s: the report does not know %s", s.Format, p)
			}
		}
	}
}

func TestItemThatDoesNotOpenIsNamed(t *testing.T) {
	l := losses{}
	l.add(PartUnreadable, 1, "")
	l.add(PartHistory, 2, "a")
	l.add(PartHistory, 1, "a")
	l.add(PartHistory, 1, "b")
	l.add(PartTags, 0, "c")
	if got := lost(Report{Lost: l.list()}); got != "unreadable 1 ()\nhistory 4 (a, b)" {
		t.Error(got)
	}
}

func TestBytesThatAreNoText(t *testing.T) {
	v := newVault(t)
	saved(t, v, item(vault.Login, "Odd", "username", "ann", "password", "\xff\xfe"))
	file, report := written(t, v, Options{Format: CSV})
	if !strings.Contains(string(file), ",ann,//4=,") || !strings.Contains(lost(report), "bytes 1 (Odd)") {
		t.Errorf("%s %s", file, lost(report))
	}
}

func TestProgressCountsEveryItem(t *testing.T) {
	v, last := rich(t), [2]int{}
	_, err := Write(t.Context(), v, Options{Format: Bitwarden}, io.Discard, func(done, total int) { last = [2]int{done, total} })
	if err != nil || last != [2]int{3, 3} {
		t.Errorf("%v %v", last, err)
	}
}

func TestErrors(t *testing.T) {
	v := rich(t)
	if _, err := Write(t.Context(), v, Options{Format: "xls"}, io.Discard, nil); !errors.Is(err, ErrFormat) {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	// The last item is written when the context ends: the file is not finished all the same.
	_, err := Write(ctx, v, Options{Format: CSV}, io.Discard, func(done, total int) {
		if done == total {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	v.Close()
	if _, err := Save(t.Context(), v, drafts(t), filepath.Join(t.TempDir(), "f"), Options{Format: CSV}, nil); err != nil {
		t.Error("a closed vault has no items:", err)
	}
}

func TestSaveMakesAFileForThisUserAlone(t *testing.T) {
	v, path := rich(t), filepath.Join(t.TempDir(), "export.csv")
	if _, err := Save(t.Context(), v, drafts(t), path, Options{Format: CSV}, nil); err != nil {
		t.Fatal(err)
	}
	want, _ := written(t, v, Options{Format: CSV})
	got, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%q, want %q, %v", got, want, err)
	}
	if info, err := os.Stat(path); runtime.GOOS != "windows" && (err != nil || info.Mode().Perm() != 0o600) {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	only(t, path)
}

func TestSaveReplacesOnlyWhenTold(t *testing.T) {
	v, path := rich(t), filepath.Join(t.TempDir(), "export.csv")
	check(t, os.WriteFile(path, []byte("mine"), 0o600))
	if _, err := Save(t.Context(), v, drafts(t), path, Options{Format: CSV}, nil); !errors.Is(err, os.ErrExist) {
		t.Errorf("it is replaced unasked: %v", err)
	}
	if got, err := os.ReadFile(path); string(got) != "mine" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := Save(t.Context(), v, drafts(t), path, Options{Format: CSV, Replace: true}, nil); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(path); !bytes.HasPrefix(got, []byte("name,url")) {
		t.Errorf("%q, %v", got, err)
	}
}

// Whatever ends an export, nothing of it stays: neither the name nor what is written so far.
func TestNothingStaysAfterAFailure(t *testing.T) {
	for name, c := range map[string]struct {
		replace bool
		end     func(v *vault.Vault, cancel func())
		want    error
	}{
		"cancelled":            {false, func(_ *vault.Vault, cancel func()) { cancel() }, context.Canceled},
		"cancelled, replacing": {true, func(_ *vault.Vault, cancel func()) { cancel() }, context.Canceled},
		"locked":               {false, func(v *vault.Vault, _ func()) { v.Close() }, vault.ErrClosed},
	} {
		v, path := rich(t), filepath.Join(t.TempDir(), "export.json")
		if c.replace {
			check(t, os.WriteFile(path, []byte("mine"), 0o600))
		}
		ctx, cancel := context.WithCancel(t.Context())
		_, err := Save(ctx, v, drafts(t), path, Options{Format: Bitwarden, Replace: c.replace}, func(done, _ int) {
			if done == 1 { // there is something in the temporary file
				c.end(v, cancel)
			}
		})
		cancel()
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
		if c.replace {
			only(t, path)
			if got, err := os.ReadFile(path); string(got) != "mine" {
				t.Errorf("%s: %q, %v", name, got, err)
			}
		} else if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 0 {
			t.Errorf("%s: %v is left, %v", name, left, err)
		}
	}
}

func TestSaveWhereNobodyCanWrite(t *testing.T) {
	_, err := Save(t.Context(), rich(t), drafts(t), filepath.Join(t.TempDir(), "none", "f"), Options{Format: CSV, Replace: true}, nil)
	if !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

func only(t *testing.T, path string) {
	t.Helper()
	all, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(all) != 1 || all[0].Name() != filepath.Base(path) {
		t.Errorf("the folder has %v, %v", all, err)
	}
}

func TestUUID(t *testing.T) {
	if got := uuid(id.ID{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}); got != "01020304-0506-0708-090a-0b0c0d0e0f10" {
		t.Error(got)
	}
}
