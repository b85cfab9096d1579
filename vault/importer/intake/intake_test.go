package intake

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"iter"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault"
	"github.com/coffer-vault/coffer/vault/chunkdir"
	"github.com/coffer-vault/coffer/vault/exporter"
	"github.com/coffer-vault/coffer/vault/importer"
	"github.com/coffer-vault/coffer/vault/importer/format"
	"github.com/coffer-vault/coffer/vault/sqlite"
)

// newVault is an empty vault in a real file. now may be moved.
func newVault(t *testing.T, now *time.Time) *vault.Vault {
	t.Helper()
	mac := func(b []byte) [32]byte {
		h := hmac.New(sha256.New, []byte("anchor"))
		h.Write(b)
		return [32]byte(h.Sum(nil))
	}
	vaultID, device, path := id.ID{0x7a, 1}, id.ID{0xde, 1}, filepath.Join(t.TempDir(), "vault.db")
	store, err := sqlite.Create(t.Context(), path, sqlite.Contents{
		Account: vault.Account{
			ID: id.ID{0xac, 1}, Email: "ann@example.com", Origin: "https://coffer.example", Generation: 1, Profile: "P2",
			SealedAccountKey: []byte("ak"), SealedIdentity: []byte("identity"),
			Device: device, DeviceName: "laptop", SealedDeviceSeed: []byte("seed"), SealedAnchor: []byte("anchor"),
		},
		Vaults: []vault.SealedVaultKey{{Vault: vaultID, Epoch: 1, Sealed: []byte("vk")}},
	}, mac)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	v, err := vault.Open(t.Context(), vault.Config{
		Store: store, Account: id.ID{0xac, 1}, Vault: vaultID, Device: device, Epoch: 1,
		Key: secret.New(make([]byte, 32)), Now: func() time.Time { return *now },
		Chunks: chunkdir.New(path + ".files"),
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Close)
	return v
}

func open(t *testing.T, content string) []importer.Source {
	t.Helper()
	source, err := format.Open([]byte(content))
	if err != nil {
		t.Fatal(err)
	}
	return []importer.Source{source}
}

func imported(t *testing.T, v *vault.Vault, sources []importer.Source) Result {
	t.Helper()
	result, err := Import(t.Context(), v, sources, secret.Bytes{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// outcomes are the counts of a report as text.
func outcomes(r importer.Report) string {
	var counts []string
	for _, o := range []importer.Outcome{importer.Imported, importer.Merged, importer.AlreadyThere, importer.KeptBoth, importer.Skipped, importer.Unreadable} {
		if n := r.Count(o); n > 0 {
			counts = append(counts, fmt.Sprintf("%s %d", o, n))
		}
	}
	return strings.Join(counts, ", ")
}

// item is the one item of a title, as text.
func item(t *testing.T, v *vault.Vault, title string) string {
	t.Helper()
	var found []string
	err := v.Each(t.Context(), func(it *vault.Item) error {
		if it.Title == title {
			found = append(found, text(v, it))
		}
		return nil
	})
	if err != nil || len(found) != 1 {
		t.Fatalf("%d items %q, %v", len(found), title, err)
	}
	return found[0]
}

func text(v *vault.Vault, it *vault.Item) string {
	lines := []string{string(it.Kind)}
	for _, f := range v.Folders() {
		if f.ID == it.Folder {
			lines[0] += " in " + f.Path
		}
	}
	for key, value := range it.Values {
		lines = append(lines, fmt.Sprintf("%s=%q", key, value.Reveal()))
	}
	for _, c := range it.Custom {
		lines = append(lines, fmt.Sprintf("[%s %s]=%q", c.Label, c.Type, c.Value.Reveal()))
	}
	for _, p := range it.History {
		if p.Value.IsZero() {
			continue // the field was empty
		}
		lines = append(lines, fmt.Sprintf("before=%q", p.Value.Reveal()))
	}
	if it.PasswordSetAt != 0 {
		lines = append(lines, "set "+time.UnixMilli(it.PasswordSetAt).UTC().Format(time.DateOnly))
	}
	slices.Sort(lines[1:])
	return strings.Join(append(lines, it.Websites...), " ")
}

const bitwarden = `{"encrypted": false,
 "folders": [{"id": "f1", "name": "Work/Clients"}],
 "items": [
  {"id": "1", "folderId": "f1", "type": 1, "name": "Shop", "favorite": true, "creationDate": "2020-01-02T00:00:00Z",
   "notes": "a\nb", "fields": [{"name": "PIN", "value": "12", "type": 1}, {"name": "Hint", "value": "x", "type": 0}],
   "passwordHistory": [{"password": "older", "lastUsedDate": "2020-06-01T00:00:00Z"}],
   "login": {"uris": [{"uri": "https://shop.example"}], "username": "ann", "password": "pw", "totp": "GEZDGNBV", "passwordRevisionDate": "2021-03-04T00:00:00Z"}},
  {"id": "2", "folderId": "f1", "type": 2, "name": "Note", "notes": "secret text"},
  {"id": "3", "type": 3, "name": "Visa", "card": {"cardholderName": "Ann", "number": "4111", "code": "123", "brand": "Visa", "expMonth": "4", "expYear": "2030"}},
  {"id": "4", "type": 3, "name": "Half", "card": {"number": "4222", "expYear": "2030"}},
  {"id": "5", "type": 4, "name": "Me", "identity": {"title": "Ms", "firstName": "Ann", "address1": "1 Road", "address2": "Flat 2", "ssn": "999", "username": "anna"}},
  {"id": "6", "type": 9, "name": "Unknown"},
  {"id": "7", "type": 5, "name": "Server", "sshKey": {"privateKey": "-----BEGIN\nx", "publicKey": "ssh-ed25519 AAAA", "keyFingerprint": "SHA256:x"}},
  {"id": "8", "type": 1, "name": "Portal", "login": {"fido2Credentials": [{"credentialId": "c", "keyValue": "MIGH", "rpId": "portal.example", "userName": "ann", "counter": 7}]}}
 ]}`

func TestEveryKindKeepsWhatItHad(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	v := newVault(t, &now)
	preview, err := Preview(t.Context(), v, open(t, bitwarden), secret.Bytes{})
	if err != nil || outcomes(preview) != "imported 7, skipped 1" || v.Counts().All != 0 || len(v.Folders()) != 0 {
		t.Fatalf("preview: %s, %v, %d items, folders %v", outcomes(preview), err, v.Counts().All, v.Folders())
	}
	first := imported(t, v, open(t, bitwarden))
	if outcomes(first.Report) != "imported 7, skipped 1" {
		t.Error(outcomes(first.Report))
	}
	for title, want := range map[string]string{
		"Shop":   `login in Work/Clients [Hint text]="x" [PIN concealed]="12" before="older" notes="a\nb" password="pw" set 2021-03-04 totp="GEZDGNBV" username="ann" https://shop.example`,
		"Note":   `note in Work/Clients notes="secret text"`,
		"Visa":   `card brand="Visa" cardholder="Ann" cvv="123" expires="2030-04" number="4111"`,
		"Half":   `card [expires text]="2030" number="4222"`,
		"Server": `ssh-key fingerprint="SHA256:x" private-key="-----BEGIN\nx" public-key="ssh-ed25519 AAAA"`,
		"Portal": `passkey [counter text]="7" credential-id="c" private-key="MIGH" rp-id="portal.example" username="ann"`,
		"Me":     `identity [title text]="Ms" [username text]="anna" first-name="Ann" national-id="999" street="1 Road\nFlat 2"`,
	} {
		if got := item(t, v, title); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	if s := v.Query(vault.Filter{Favorite: true}); len(s) != 1 || s[0].CreatedAt != time.Date(2020, 1, 2, 0, 0, 0, 0, time.UTC).UnixMilli() {
		t.Errorf("favorites %v", s)
	}
	again := imported(t, v, open(t, bitwarden))
	if outcomes(again.Report) != "already-there 7, skipped 1" || !again.Batch.IsZero() {
		t.Errorf("a second time: %s", outcomes(again.Report))
	}
	if _, err := v.UndoBatch(t.Context(), first.Batch); err != nil || v.Counts().All != 0 || len(v.Folders()) != 0 {
		t.Errorf("undone: %v, %d items, folders %v", err, v.Counts().All, v.Folders())
	}
}

// firefox is an export with one login whose password was set on a day of 2026.
func firefox(password string, day int) string {
	set := time.Date(2026, 1, day, 0, 0, 0, 0, time.UTC).UnixMilli()
	return fmt.Sprintf("url,username,password,httpRealm,formActionOrigin,guid,timeCreated,timeLastUsed,timePasswordChanged\nhttps://shop.example,ann,%s,,,{g},1,1,%d\n", password, set)
}

// The date that counts is that of the password: an edit of something else must not make an old password look new.
func TestNewerPasswordWins(t *testing.T) {
	for _, c := range []struct {
		name string
		day  int
		want string
	}{
		{"changed in the browser afterwards", 5, `login before="first" password="second" set 2026-01-05 username="ann" https://shop.example`},
		{"older in the browser", 2, `login before="second" password="first" set 2026-01-03 username="ann" https://shop.example`},
	} {
		now := time.Date(2026, 1, 3, 0, 0, 0, 0, time.UTC)
		v := newVault(t, &now)
		it := vault.Item{Kind: vault.Login, Title: "Shop", Websites: []string{"https://shop.example"}}
		it.Set(vault.Username, secret.FromString("ann"))
		it.Set(vault.Password, secret.FromString("first"))
		saved, err := v.Save(t.Context(), it)
		if err != nil {
			t.Fatal(err)
		}
		now = now.AddDate(0, 0, 7)
		saved.Tags = []string{"edited on the tenth"}
		if _, err := v.Save(t.Context(), saved); err != nil {
			t.Fatal(err)
		}
		if r := imported(t, v, open(t, firefox("second", c.day))); outcomes(r.Report) != "merged 1" {
			t.Errorf("%s: %s", c.name, outcomes(r.Report))
		}
		if got := item(t, v, "Shop"); got != c.want {
			t.Errorf("%s: %s", c.name, got)
		}
	}
}

func TestWithoutDatesBothPasswordsStay(t *testing.T) {
	now := time.Date(2026, 1, 3, 0, 0, 0, 0, time.UTC)
	v := newVault(t, &now)
	const csv = "name,url,username,password,note\nShop,https://shop.example,ann,%s,\n"
	imported(t, v, open(t, fmt.Sprintf(csv, "first")))
	if r := imported(t, v, open(t, fmt.Sprintf(csv, "second"))); outcomes(r.Report) != "kept-both 1" || v.Counts().All != 2 {
		t.Errorf("%s, %d items", outcomes(r.Report), v.Counts().All)
	}
}

func TestImportIntoTheTrashBringsTheItemBack(t *testing.T) {
	now := time.Date(2026, 1, 3, 0, 0, 0, 0, time.UTC)
	v := newVault(t, &now)
	imported(t, v, open(t, firefox("first", 1)))
	shown := v.Query(vault.Filter{})
	if err := v.Trash(t.Context(), shown[0].ID); err != nil {
		t.Fatal(err)
	}
	if r := imported(t, v, open(t, firefox("first", 1))); outcomes(r.Report) != "already-there 1" || v.Counts().Trash != 1 {
		t.Errorf("nothing new: %s, %+v", outcomes(r.Report), v.Counts())
	}
	if r := imported(t, v, open(t, firefox("second", 2))); outcomes(r.Report) != "merged 1" || v.Counts().All != 1 {
		t.Errorf("a newer password: %s, %+v", outcomes(r.Report), v.Counts())
	}
}

// Rows that cannot be read are in the report and keep nothing else out.
func TestUnreadableRows(t *testing.T) {
	now := time.Date(2026, 1, 3, 0, 0, 0, 0, time.UTC)
	v := newVault(t, &now)
	csv := "name,url,username,password,note\nShop,https://shop.example,ann,p,\n\x81,https://b.example,b,p,\nBig,https://c.example,c,p," + strings.Repeat("x", 2<<20) + "\n"
	if r := imported(t, v, open(t, csv)); outcomes(r.Report) != "imported 1, skipped 1, unreadable 1" || v.Counts().All != 1 {
		t.Errorf("%s, %d items", outcomes(r.Report), v.Counts().All)
	}
}

// records is a source of records as a format may make them.
type records []importer.Record

func (r records) Info() importer.Info { return importer.Info{ID: "test", Count: len(r)} }

func (r records) Rows(context.Context, secret.Bytes) iter.Seq2[importer.Row, error] {
	return func(yield func(importer.Row, error) bool) {
		for i, record := range r {
			record.Password, record.TOTP = record.Password.Clone(), record.TOTP.Clone()
			record.Fields = slices.Clone(record.Fields)
			for j := range record.Fields {
				record.Fields[j].Value = record.Fields[j].Value.Clone()
			}
			if !yield(importer.Row{ID: fmt.Sprint(i), Site: record.Title, Record: &record}, nil) {
				return
			}
		}
	}
}

// Whatever a format puts where, an item of every kind holds it, and is recognised when it is imported again.
func TestItemsOfEveryKindAreRecognised(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	v := newVault(t, &now)
	var source records
	for kind := range kinds {
		field := func(name, value string) importer.Field {
			return importer.Field{Name: name, Value: secret.FromString(value)}
		}
		source = append(source, importer.Record{
			Kind: kind, Title: string(kind), URLs: []string{"https://x.example/" + string(kind)}, Username: "ann", Password: secret.FromString("pw"),
			TOTP: secret.FromString("GEZDGNBV"), Notes: "note", Realm: "area", Folder: "/Work//Web/", Tags: []string{"a", "b"}, Favorite: true, Archived: true,
			Created: now.AddDate(-2, 0, 0), Modified: now.AddDate(-1, 0, 0),
			Fields: []importer.Field{
				field("notes", "no note"), field("password", "no password"), field("username", "no user"), field("totp", "no code"),
				field("number", "4111"), field("number", "4222"), field("expires", "some day"), field("valid-until", "2027-01-02"),
				field("site", "https://y.example"), field("code", "otpauth://totp/x?secret=A"),
			},
		})
	}
	if r := imported(t, v, []importer.Source{source}); outcomes(r.Report) != fmt.Sprintf("imported %d", len(kinds)) {
		t.Fatal(outcomes(r.Report))
	}
	bare := records{{Kind: importer.Login, Title: "bare", Fields: []importer.Field{{Name: "notes", Value: secret.FromString("only called so")}}}}
	imported(t, v, []importer.Source{bare})
	if r := imported(t, v, []importer.Source{bare}); outcomes(r.Report) != "already-there 1" {
		t.Errorf("a field with the name of another place: %s, %s", outcomes(r.Report), item(t, v, "bare"))
	}
	err := v.Each(t.Context(), func(it *vault.Item) error {
		if it.Title == "bare" {
			return nil
		}
		values := text(v, it)
		for _, want := range []string{"in Work/Web", `"ann"`, `"pw"`, `"GEZDGNBV"`, `notes="note"`, `"area"`, "https://x.example/", `"no note"`, `"no password"`, `"no user"`, `"no code"`, `"4111"`, `"4222"`, `"some day"`, `"2027-01-02"`} {
			if !strings.Contains(values, want) {
				t.Errorf("%s: %s is missing in %s", it.Kind, want, values)
			}
		}
		if len(it.Tags) != 2 || !it.Favorite || it.ArchivedAt == 0 || it.UpdatedAt != now.AddDate(-1, 0, 0).UnixMilli() || it.CreatedAt != now.AddDate(-2, 0, 0).UnixMilli() {
			t.Errorf("%s: tags %v, favorite %v, archived %d, dates %d %d", it.Kind, it.Tags, it.Favorite, it.ArchivedAt, it.CreatedAt, it.UpdatedAt)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if r := imported(t, v, []importer.Source{source}); outcomes(r.Report) != fmt.Sprintf("already-there %d", len(kinds)) || !r.Batch.IsZero() {
		t.Error(outcomes(r.Report))
	}
}

// The kinds of records and of items are the same, and a draft makes of them what an import does.
func TestDraftIsWhatAnImportMakes(t *testing.T) {
	for _, spec := range vault.Kinds() {
		if kinds[importer.Kind(spec.Kind)] != spec.Kind {
			t.Errorf("no record is of the kind %s", spec.Kind)
		}
	}
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	v := newVault(t, &now)
	imported(t, v, open(t, bitwarden))
	d, err := NewDraft(t.Context(), open(t, bitwarden), secret.Bytes{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Wipe()
	if outcomes(d.Report) != "imported 7, skipped 1" || len(d.Items) != 7 {
		t.Fatalf("%s, %d items", outcomes(d.Report), len(d.Items))
	}
	for _, i := range d.Items {
		kind, values, _ := strings.Cut(text(v, &i.Item), " ")
		if i.Folder != "" {
			kind += " in " + i.Folder
		}
		if got, want := kind+" "+values, item(t, v, i.Item.Title); got != want {
			t.Errorf("draft  %s\nimport %s", got, want)
		}
	}
}

// What Coffer writes as CXF comes back as it was, history of passwords and dates included.
func TestOwnExportsComeBack(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	from, to := newVault(t, &now), newVault(t, &now)
	imported(t, from, open(t, bitwarden))
	imported(t, from, open(t, firefox("first", 1)))
	imported(t, from, open(t, firefox("second", 2)))
	var file bytes.Buffer
	if _, err := exporter.Write(t.Context(), from, exporter.Options{Format: exporter.CXF, Now: now}, &file, nil); err != nil {
		t.Fatal(err)
	}
	imported(t, to, open(t, file.String()))
	want, got := all(t, from), all(t, to)
	if !slices.Equal(got, want) || len(got) < 7 {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if r := imported(t, from, open(t, file.String())); r.Report.Count(importer.Imported)+r.Report.Count(importer.Merged) != 0 {
		t.Errorf("into the vault that it is from: %s", outcomes(r.Report))
	}
}

// all is every item as text, with its arrangement and dates, in order.
func all(t *testing.T, v *vault.Vault) (lines []string) {
	t.Helper()
	err := v.Each(t.Context(), func(it *vault.Item) error {
		lines = append(lines, fmt.Sprintf("%s: %s %v %v %d %d", it.Title, text(v, it), it.Tags, it.Favorite, it.CreatedAt, it.UpdatedAt))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(lines)
	return lines
}

// A login keeps all of itself on the way through the files of Bitwarden and KeePass, the date of its password apart.
func TestOwnLoginsComeBackFromOtherFormats(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	from := newVault(t, &now)
	imported(t, from, open(t, bitwarden))
	exporter.LowerCostForTests()
	const want = `login in Work/Clients [Hint text]="x" [PIN concealed]="12" before="older" notes="a\nb" password="pw" totp="GEZDGNBV" username="ann" https://shop.example`
	for _, format := range []exporter.Format{exporter.Bitwarden, exporter.KeePass} {
		to, password := newVault(t, &now), secret.FromString("of the file")
		var file bytes.Buffer
		if _, err := exporter.Write(t.Context(), from, exporter.Options{Format: format, Password: password, Now: now}, &file, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := Import(t.Context(), to, open(t, file.String()), password, nil); err != nil {
			t.Fatal(err)
		}
		got := item(t, to, "Shop")
		if date := strings.Index(got, " set 20"); date >= 0 {
			got = got[:date] + got[date+len(" set 2021-03-04"):]
		}
		got = strings.Replace(got, "otpauth://totp/Shop?secret=", "", 1) // KeePass has no other form of it
		if got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", format, got, want)
		}
	}
}
