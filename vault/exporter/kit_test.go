package exporter

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault"
	"github.com/coffer-vault/coffer/vault/chunkdir"
	"github.com/coffer-vault/coffer/vault/importer"
	"github.com/coffer-vault/coffer/vault/importer/format"
	"github.com/coffer-vault/coffer/vault/importer/intake"
	"github.com/coffer-vault/coffer/vault/sqlite"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// newVault is an empty vault in a real file, whose clock goes on a minute with every look at it.
func newVault(t *testing.T) *vault.Vault {
	t.Helper()
	mac := func(b []byte) [32]byte {
		h := hmac.New(sha256.New, []byte("anchor"))
		h.Write(b)
		return [32]byte(h.Sum(nil))
	}
	account, vaultID, device := id.ID{0xac, 1}, id.ID{0x7a, 1}, id.ID{0xde, 1}
	path := filepath.Join(t.TempDir(), "vault.db")
	store, err := sqlite.Create(t.Context(), path, sqlite.Contents{
		Account: vault.Account{
			ID: account, Email: "ann@example.com", Origin: "https://coffer.example", Generation: 1, Profile: "P2",
			SealedAccountKey: []byte("ak"), SealedIdentity: []byte("identity"),
			Device: device, DeviceName: "laptop", SealedDeviceSeed: []byte("seed"), SealedAnchor: []byte("anchor"),
		},
		Vaults: []vault.SealedVaultKey{{Vault: vaultID, Epoch: 1, Sealed: []byte("vk")}},
	}, mac)
	check(t, err)
	t.Cleanup(func() { store.Close() })
	minutes := 0
	v, err := vault.Open(t.Context(), vault.Config{
		Store: store, Account: account, Vault: vaultID, Device: device, Epoch: 1, Key: secret.New(make([]byte, 32)), Chunks: chunkdir.New(path + ".files"),
		Now: func() time.Time { minutes++; return start.Add(time.Duration(minutes) * time.Minute) },
	}, nil)
	check(t, err)
	t.Cleanup(v.Close)
	chunksOf[v] = chunkdir.New(path + ".files")
	return v
}

// chunksOf are the folders with the chunks of vaults.
var chunksOf = map[*vault.Vault]chunkdir.Folder{}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func saved(t testing.TB, v *vault.Vault, it vault.Item) vault.Item {
	t.Helper()
	kept, err := v.Save(t.Context(), it)
	check(t, err)
	return kept
}

// item makes one of pairs of keys and values.
func item(kind vault.Kind, title string, values ...string) vault.Item {
	it := vault.Item{Kind: kind, Title: title}
	for i := 0; i < len(values); i += 2 {
		it.Set(vault.Key(values[i]), secret.FromString(values[i+1]))
	}
	return it
}

func custom(label string, kind vault.FieldType, value string) vault.CustomField {
	return vault.CustomField{ID: id.New(), Label: label, Type: kind, Value: secret.FromString(value)}
}

// written is what Write gives for a vault.
func written(t testing.TB, v *vault.Vault, o Options) ([]byte, Report) {
	t.Helper()
	var out bytes.Buffer
	report, err := Write(t.Context(), v, o, &out, nil)
	check(t, err)
	return out.Bytes(), report
}

// imported is a vault with what our own importer reads from a file.
func imported(t *testing.T, file []byte, password string) *vault.Vault {
	t.Helper()
	source, err := format.Open(file)
	check(t, err)
	v := newVault(t)
	_, err = intake.Import(t.Context(), v, []importer.Source{source}, secret.FromString(password), nil)
	check(t, err)
	return v
}

// lost is a report's losses as text.
func lost(r Report) string {
	var all []string
	for _, l := range r.Lost {
		all = append(all, fmt.Sprintf("%s %d (%s)", l.Part, l.Count, strings.Join(l.Titles, ", ")))
	}
	return strings.Join(all, "\n")
}

// contents are the items of a vault as text, by title, without what told leaves out.
func contents(t *testing.T, v *vault.Vault) map[string]string {
	t.Helper()
	paths := map[id.ID]string{}
	for _, f := range v.Folders() {
		paths[f.ID] = f.Path
	}
	all := map[string]string{}
	check(t, v.Each(t.Context(), func(it *vault.Item) error {
		if all[it.Title] != "" {
			t.Errorf("%q is there twice", it.Title)
		}
		all[it.Title] = describe(it, paths[it.Folder])
		return nil
	}))
	return all
}

// describe is an item as text: what it contains and where it is.
func describe(it *vault.Item, folder string) string {
	lines := []string{string(it.Kind), "in " + folder, fmt.Sprint("favorite ", it.Favorite), fmt.Sprintf("websites %q", it.Websites)}
	for key, value := range it.Values {
		lines = append(lines, fmt.Sprintf("%s = %q", key, value.Reveal()))
	}
	for _, c := range it.Custom {
		lines = append(lines, fmt.Sprintf("custom %s = %q %s", c.Label, c.Value.Reveal(), shown(c)))
	}
	for _, p := range it.History {
		if p.Field == vault.ValueField(vault.Password) && !p.Value.IsZero() {
			lines = append(lines, fmt.Sprintf("before %q", p.Value.Reveal()))
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// shown is how a custom field is shown: formats know no more of its type.
func shown(c vault.CustomField) vault.FieldType {
	if c.Type.Secret() {
		return vault.Concealed
	}
	return vault.Text
}

func compare(t *testing.T, got, want map[string]string) {
	t.Helper()
	for title := range want {
		if got[title] != want[title] {
			t.Errorf("%s is\n%s\nwant\n%s", title, got[title], want[title])
		}
	}
	for title := range got {
		if want[title] == "" {
			t.Errorf("%s is there too", title)
		}
	}
}
