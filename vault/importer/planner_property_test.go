package importer

import (
	"context"
	"slices"
	"strconv"
	"testing"

	"github.com/coffer-vault/coffer/crypto/secret"
	"pgregory.net/rapid"
)

// Few values for everything, so that keys, passwords and dates collide in every way.
func drawRecords(t *rapid.T, label string) []*Record {
	record := rapid.Custom(func(t *rapid.T) *Record {
		word := func(label string, words ...string) string { return rapid.SampledFrom(words).Draw(t, label) }
		r := login("", word("url", "https://a.example/", "https://a.example/x", "https://b.example", "", "http://c.example"),
			word("user", "", "ann"), word("password", "", "p", "q", "r"), rapid.IntRange(0, 3).Draw(t, "changed"))
		if r.URLs[0] == "" {
			r.URLs = nil
		}
		if rapid.Bool().Draw(t, "second address") {
			r.URLs = append(r.URLs, "https://b.example/")
		}
		r.Notes, r.Source = word("notes", "", "", "note", "note two", "other"), word("source", "firefox", "chrome")
		r.TOTP = secret.FromString(word("totp", "", "", "A", "B"))
		if rapid.Bool().Draw(t, "history") {
			r.History = []OldPassword{{Password: secret.FromString(word("old", "p", "s")), Changed: day(1)}}
		}
		r.Folder, r.Favorite, r.Archived = word("folder", "", "Work", "Work/Web"), rapid.Bool().Draw(t, "favorite"), rapid.Bool().Draw(t, "archived")
		if tag := word("tag", "", "x", "y"); tag != "" {
			r.Tags = []string{tag}
		}
		if name := word("file", "", "", "scan", "key"); name != "" {
			file := NewFile(name, []byte(word("content", "1", "2")))
			if err := file.read(context.Background()); err != nil {
				t.Fatal(err)
			}
			r.Files = []File{file}
		}
		r.Realm = word("realm", "", "", "area")
		r.Kind = Kind(word("kind", "login", "login", "login", "note"))
		return r
	})
	records := rapid.SliceOfN(record, 0, 8).Draw(t, label)
	for i, r := range records {
		if rapid.Bool().Draw(t, "has id") { // unique within a source, but what it names may change between imports
			r.SourceID = strconv.Itoa(i)
		}
	}
	return records
}

func TestPlanProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := NewDigester()
		vault := applyPlan(NewPlan("1", drawRecords(t, "before"), nil, d), nil, d)
		records := drawRecords(t, "records")
		plan := NewPlan("2", records, vault, d)

		shuffled, shuffledVault := rapid.Permutation(records).Draw(t, "order"), rapid.Permutation(vault).Draw(t, "vault order")
		if other := NewPlan("2", shuffled, shuffledVault, d); !slices.Equal(describe(plan), describe(other)) {
			t.Fatalf("the order matters:\n%q\n%q", describe(plan), describe(other))
		}

		after := applyPlan(plan, vault, d)
		again := NewPlan("3", records, after, d)
		if len(again.Creations)+len(again.Updates) != 0 {
			t.Fatalf("not idempotent:\n first %q\nsecond %q", describe(plan), describe(again))
		}
		checkNothingLost(t, d, vault, after)
		for _, record := range records {
			checkHeld(t, d, record, after)
			if again.Outcomes[record] != AlreadyThere {
				t.Fatalf("second import: %s", again.Outcomes[record])
			}
		}
	})
}

// checkNothingLost: every item still has its addresses, its note and, now or in its history, its passwords.
func checkNothingLost(t *rapid.T, d *Digester, before, after []Existing) {
	for i, was := range before {
		is := after[i]
		passwords := append(slices.Clone(is.History), is.Password)
		for _, password := range append(slices.Clone(was.History), was.Password) {
			if (password != Digest{}) && !slices.Contains(passwords, password) {
				t.Fatalf("item %s lost a password", was.ID)
			}
		}
		if len(is.URLs) < len(was.URLs) || len(is.Notes) < len(was.Notes) || len(is.Fields) < len(was.Fields) || len(is.Files) < len(was.Files) || is.PasswordChanged.Before(was.PasswordChanged) {
			t.Fatalf("item %s shrank: %+v, was %+v", was.ID, is, was)
		}
	}
}

// checkHeld: some item of the same login has the record's password and TOTP secret.
func checkHeld(t *rapid.T, d *Digester, record *Record, items []Existing) {
	password, totp := d.Secret(record.Password), d.Secret(record.TOTP)
	field := d.Field(Field{Name: "TOTP", Value: record.TOTP})
	for _, item := range items {
		shares := slices.ContainsFunc(keysOf(record), func(k key) bool {
			return slices.Contains(addressKeys(item.Kind, item.URLs, item.Username), k) || k == titleKey(item.Kind, item.Title, item.Username)
		}) || slices.Contains(item.Refs, record.Ref())
		hasPassword := password == Digest{} || item.Password == password || slices.Contains(item.History, password)
		hasTOTP := totp == Digest{} || item.TOTP == totp || slices.Contains(item.Fields, field)
		hasFiles := !slices.ContainsFunc(record.Files, func(f File) bool { return !slices.Contains(item.Files, d.File(f.Name, f.sum)) })
		if shares && hasPassword && hasTOTP && hasFiles {
			return
		}
	}
	t.Fatalf("a %s record of %v was lost", record.Kind, record.URLs)
}
