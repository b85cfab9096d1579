package importer

import (
	"context"
	"fmt"
	"hash/crc32"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/crypto/secret"
)

func day(n int) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.Date(2024, 1, n, 0, 0, 0, 0, time.UTC)
}

func login(id, url, username, password string, changed int) *Record {
	return &Record{
		Kind: Login, Title: Site(url), URLs: []string{url}, Username: username, Password: secret.FromString(password),
		PasswordChanged: day(changed), Source: "test", SourceID: id,
	}
}

func with(record *Record, change func(*Record)) *Record {
	change(record)
	return record
}

// applyPlan is what a vault does with a plan, on the planner's own view of it.
func applyPlan(plan Plan, existing []Existing, d *Digester) []Existing {
	existing = slices.Clone(existing)
	for _, update := range plan.Updates {
		i := slices.IndexFunc(existing, func(e Existing) bool { return e.ID == update.ItemID })
		existing[i] = applyUpdate(update, existing[i], d)
	}
	for _, creation := range plan.Creations {
		r := creation.Record
		item := Existing{
			ID: fmt.Sprintf("%08x", crc32.ChecksumIEEE([]byte(plan.Batch+r.Title))) + fmt.Sprint(len(existing)), Kind: r.Kind, Title: r.Title, URLs: r.URLs, Username: r.Username,
			Notes: r.Notes, Password: d.Secret(r.Password), PasswordChanged: r.PasswordChanged, TOTP: d.Secret(r.TOTP), Refs: creation.Refs,
			Folder: r.Folder, Tags: r.Tags,
		}
		for _, field := range r.fields() {
			item.Fields = append(item.Fields, d.Field(field))
		}
		for _, file := range r.Files {
			item.Files = append(item.Files, d.File(file.Name, file.sum))
		}
		for _, old := range r.History {
			item.History = append(item.History, d.Secret(old.Password))
		}
		existing = append(existing, item)
	}
	return existing
}

func applyUpdate(update Update, item Existing, d *Digester) Existing {
	item.URLs = append(slices.Clone(item.URLs), update.URLs...)
	item.Notes = JoinNotes(item.Notes, update.Notes)
	item.Refs = append(slices.Clone(item.Refs), update.Refs...)
	item.History = slices.Clone(item.History)
	if !update.Password.IsZero() {
		if (item.Password != Digest{}) {
			item.History = append(item.History, item.Password)
		}
		item.Password = d.Secret(update.Password)
	}
	if !update.PasswordChanged.IsZero() {
		item.PasswordChanged = update.PasswordChanged
	}
	if !update.TOTP.IsZero() {
		item.TOTP = d.Secret(update.TOTP)
	}
	for _, field := range update.Fields {
		item.Fields = append(slices.Clone(item.Fields), d.Field(field))
	}
	for _, file := range update.Files {
		item.Files = append(slices.Clone(item.Files), d.File(file.Name, file.sum))
	}
	for _, old := range update.History {
		item.History = append(item.History, d.Secret(old.Password))
	}
	return item
}

// arrangement is how a record is arranged; empty if it is not.
func arrangement(r *Record) (text string) {
	if r.Folder != "" || len(r.Tags) > 0 || r.Favorite || r.Archived {
		text = fmt.Sprintf(" in %q tags %q favorite %v archived %v", r.Folder, r.Tags, r.Favorite, r.Archived)
	}
	return text
}

// describe prints a plan's effect with its test passwords, to compare with what a case expects.
func describe(plan Plan) (lines []string) {
	for _, c := range plan.Creations {
		lines = append(lines, fmt.Sprintf("create %v %s=%s changed %d history %s notes %q refs %d conflict %v%s%s",
			c.Record.URLs, c.Record.Username, c.Record.Password.Reveal(), dayOf(c.Record.PasswordChanged), old(c.Record.History), c.Record.Notes, len(c.Refs), c.Conflict, attached(c.Record.Files),
			arrangement(&c.Record)))
	}
	for _, u := range plan.Updates {
		lines = append(lines, fmt.Sprintf("update %s urls %v password %q changed %d history %s notes %q%s",
			u.ItemID, u.URLs, u.Password.Reveal(), dayOf(u.PasswordChanged), old(u.History), u.Notes, attached(u.Files)))
	}
	return lines
}

func attached(files []File) (text string) {
	for _, f := range files {
		text += " file " + f.Name
	}
	return text
}

func dayOf(t time.Time) int {
	if t.IsZero() {
		return 0
	}
	return t.Day()
}

func old(history []OldPassword) (passwords []string) {
	for _, h := range history {
		passwords = append(passwords, string(h.Password.Reveal()))
	}
	return passwords
}

func in1970(existing []Existing) []Existing {
	existing[0].PasswordChanged = time.Unix(60, 0).UTC()
	return existing
}

func TestMergeRules(t *testing.T) {
	d := NewDigester()
	item := func(password string, changed int) []Existing {
		return []Existing{{
			ID: "i", Kind: Login, URLs: []string{"https://a.example/login"}, Username: "ann", Notes: "mine",
			Password: d.Secret(secret.FromString(password)), PasswordChanged: day(changed),
		}}
	}
	a, b := "https://a.example/", "https://b.example/"
	for name, c := range map[string]struct {
		existing []Existing
		records  []*Record
		outcomes []Outcome
		want     []string
	}{
		"new": {nil, []*Record{login("1", a, "ann", "p", 3)}, []Outcome{Imported},
			[]string{`create [https://a.example/] ann=p changed 3 history [] notes "" refs 1 conflict false`}},
		"other user, other scheme, other port": {item("p", 1),
			[]*Record{login("1", a, "Ann", "p", 1), login("2", "http://a.example/", "ann", "p", 1), login("3", "https://a.example:444/", "ann", "p", 1)},
			[]Outcome{Imported, Imported, Imported}, []string{
				`create [https://a.example/] Ann=p changed 1 history [] notes "" refs 1 conflict false`,
				`create [http://a.example/] ann=p changed 1 history [] notes "" refs 1 conflict false`,
				`create [https://a.example:444/] ann=p changed 1 history [] notes "" refs 1 conflict false`,
			}},
		"same": {item("p", 3), []*Record{login("1", a, "ann", "p", 2)}, []Outcome{AlreadyThere}, nil},
		"same, later date": {item("p", 3), []*Record{login("1", a, "ann", "p", 4)}, []Outcome{Merged},
			[]string{`update i urls [] password "" changed 4 history [] notes ""`}},
		"same, other address and note": {item("p", 3),
			[]*Record{with(login("1", "https://A.example:443/reset/", "ann", "p", 2), func(r *Record) { r.Notes = "theirs" })},
			[]Outcome{Merged}, []string{`update i urls [https://A.example:443/reset/] password "" changed 0 history [] notes "theirs"`}},
		"later password": {item("p", 3), []*Record{login("1", a, "ann", "q", 4)}, []Outcome{Merged},
			[]string{`update i urls [] password "q" changed 4 history [] notes ""`}},
		"earlier password": {item("p", 3), []*Record{login("1", a, "ann", "q", 2)}, []Outcome{Merged},
			[]string{`update i urls [] password "" changed 0 history [q] notes ""`}},
		"no date in the record": {item("p", 3), []*Record{login("1", a, "ann", "q", 0)}, []Outcome{KeptBoth},
			[]string{`create [https://a.example/] ann=q changed 0 history [] notes "" refs 1 conflict true`}},
		"no date in the item": {item("p", 0), []*Record{login("1", a, "ann", "q", 4)}, []Outcome{KeptBoth},
			[]string{`create [https://a.example/] ann=q changed 4 history [] notes "" refs 1 conflict true`}},
		"clock in 1970 where the item was typed": {in1970(item("p", 3)), []*Record{login("1", a, "ann", "q", 4)}, []Outcome{KeptBoth},
			[]string{`create [https://a.example/] ann=q changed 4 history [] notes "" refs 1 conflict true`}},
		"clock in 1970 in the browser": {item("p", 3),
			[]*Record{with(login("1", a, "ann", "q", 0), func(r *Record) { r.PasswordChanged = time.Unix(60, 0).UTC() })}, []Outcome{KeptBoth},
			[]string{`create [https://a.example/] ann=q changed 1 history [] notes "" refs 1 conflict true`}},
		"same date": {item("p", 4), []*Record{login("1", a, "ann", "q", 4)}, []Outcome{KeptBoth},
			[]string{`create [https://a.example/] ann=q changed 4 history [] notes "" refs 1 conflict true`}},
		"two profiles": {nil, []*Record{login("1", a, "ann", "old", 2), login("2", a, "ann", "new", 5), login("3", a, "ann", "old", 1)},
			[]Outcome{Merged, Imported, AlreadyThere},
			[]string{`create [https://a.example/] ann=new changed 5 history [old] notes "" refs 2 conflict false`}},
		"item has no password": {item("", 9), []*Record{login("1", a, "ann", "p", 4)}, []Outcome{Merged},
			[]string{`update i urls [] password "p" changed 0 history [] notes ""`}},
		"record has no password": {item("p", 0), []*Record{with(login("1", a, "ann", "", 4), func(r *Record) { r.Notes = "signs in with b.example" })},
			[]Outcome{Merged}, []string{`update i urls [] password "" changed 0 history [] notes "signs in with b.example"`}},
		"user name in other normal form": {nil, []*Record{login("1", a, "jo\u0308rg", "p", 1), login("2", a, "jörg", "p", 1)},
			[]Outcome{Imported, AlreadyThere}, []string{"create [https://a.example/] jo\u0308rg=p changed 1 history [] notes \"\" refs 1 conflict false"}},
		"one login, several addresses": {nil, []*Record{with(login("1", a, "ann", "p", 2), func(r *Record) { r.URLs = []string{a, b} }), login("2", b, "ann", "p", 1)},
			[]Outcome{Imported, AlreadyThere}, []string{`create [https://a.example/ https://b.example/] ann=p changed 2 history [] notes "" refs 1 conflict false`}},
	} {
		plan := NewPlan("b", c.records, c.existing, d)
		if got := describe(plan); !slices.Equal(got, c.want) {
			t.Errorf("%s:\n got %q\nwant %q", name, got, c.want)
		}
		for i, record := range c.records {
			if got := plan.Outcomes[record]; got != c.outcomes[i] {
				t.Errorf("%s: record %d: %s, want %s", name, i+1, got, c.outcomes[i])
			}
		}
	}
}

func TestRecordIsKnownAgainAfterItsItemWasEdited(t *testing.T) {
	d, record := NewDigester(), login("guid", "https://a.example/", "ann", "p", 2)
	items := applyPlan(NewPlan("1", []*Record{record}, nil, d), nil, d)
	items[0].URLs, items[0].Username = []string{"https://moved.example/"}, "ann@moved.example"
	plan := NewPlan("2", []*Record{login("guid", "https://a.example/", "ann", "p", 2)}, items, d)
	if len(plan.Creations) != 0 {
		t.Errorf("the edited item was imported again: %q", describe(plan))
	}
}

func TestRecordsWithoutIDsAreNotTakenForEachOther(t *testing.T) {
	d := NewDigester()
	items := []Existing{{ID: "i", Kind: Login, URLs: []string{"https://x.example"}, Password: d.Secret(secret.FromString("p")), Refs: []Ref{{}}}}
	plan := NewPlan("b", []*Record{login("", "https://a.example/", "ann", "p", 2)}, items, d)
	if len(plan.Creations) != 1 {
		t.Errorf("%q", describe(plan))
	}
}

func TestTOTPAndFieldsAreAddedNeverReplaced(t *testing.T) {
	d := NewDigester()
	record := with(login("1", "https://a.example", "ann", "p", 1), func(r *Record) {
		r.TOTP = secret.FromString("SECOND")
		r.Fields = []Field{{Name: "PIN", Value: secret.FromString("1234"), Hidden: true}}
		r.History = []OldPassword{{Password: secret.FromString("older"), Changed: day(1)}, {Password: secret.FromString("p"), Changed: day(1)}}
	})
	item := Existing{ID: "i", Kind: Login, URLs: []string{"https://a.example"}, Username: "ann", Password: d.Secret(record.Password), PasswordChanged: day(1)}

	update := NewPlan("b", []*Record{record}, []Existing{item}, d).Updates[0]
	if string(update.TOTP.Reveal()) != "SECOND" || len(update.Fields) != 1 || len(update.History) != 1 {
		t.Errorf("item without TOTP: %q, %d fields, %d old passwords", update.TOTP.Reveal(), len(update.Fields), len(update.History))
	}
	item.TOTP = d.Secret(secret.FromString("FIRST"))
	update = NewPlan("b", []*Record{record}, []Existing{item}, d).Updates[0]
	if !update.TOTP.IsZero() || len(update.Fields) != 2 || update.Fields[1].Name != "TOTP" || !update.Fields[1].Hidden {
		t.Errorf("item with TOTP: %d fields", len(update.Fields))
	}
}

func TestOtherKindsAreTheSameOnlyIfEqual(t *testing.T) {
	d := NewDigester()
	note := func(text string) *Record { return &Record{Kind: Note, Title: "Wi-Fi", Notes: text} }
	records := []*Record{note("one"), note("two"), note("one"), {Kind: Login, Title: "Wi-Fi", Notes: "one"}}
	plan := NewPlan("b", records, nil, d)
	if len(plan.Creations) != 3 || plan.Outcomes[records[2]] != AlreadyThere {
		t.Errorf("%q %s", describe(plan), plan.Outcomes[records[2]])
	}
	again := NewPlan("c", records, applyPlan(plan, nil, d), d)
	if len(again.Creations)+len(again.Updates) != 0 {
		t.Errorf("second import: %q", describe(again))
	}
}

func TestSuggestions(t *testing.T) {
	d := NewDigester()
	existing := []Existing{{ID: "i", Kind: Login, URLs: []string{"https://www.example.co.uk"}, Username: "ann", Password: d.Secret(secret.FromString("p"))}}
	records := []*Record{
		login("1", "https://shop.example.co.uk/", "ann", "p", 1),
		login("2", "https://other.co.uk/", "ann", "p", 1),                                               // another owner
		login("3", "https://mail.example.co.uk/", "ann", "q", 1),                                        // another password
		login("4", "http://10.0.0.1/", "ann", "p", 1), login("5", "http://10.0.0.1:81/", "ann", "p", 1), // no domain
	}
	got := NewPlan("b", records, existing, d).Suggestions
	if len(got) != 1 || got[0].Domain != "example.co.uk" || !slices.Equal(got[0].ItemIDs, []string{"i"}) || len(got[0].Creations) != 1 {
		t.Errorf("%+v", got)
	}
}

// rows is a source that holds them.
type rows []Row

func (rows) Info() Info { return Info{ID: "test"} }

func (r rows) Rows(context.Context, secret.Bytes) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		for _, row := range r {
			if !yield(row, nil) {
				return
			}
		}
	}
}

// The vault writes an import in one transaction: a record that it cannot hold would take all others with it.
func TestRecordsThatNoVaultHoldsAreRowsWithAReason(t *testing.T) {
	fields := make([]Field, 20_000)
	for _, c := range []struct {
		name   string
		change func(*Record)
		want   Reason
	}{
		{"as usual", func(*Record) {}, ""},
		{"password of bytes", func(r *Record) { r.Password = secret.FromString("\xff") }, ""},
		{"title", func(r *Record) { r.Title = "\xff" }, ReasonMalformed},
		{"address", func(r *Record) { r.URLs = append(r.URLs, "https://\xff.example") }, ReasonMalformed},
		{"user name", func(r *Record) { r.Username = "\xff" }, ReasonMalformed},
		{"realm", func(r *Record) { r.Realm = "\xff" }, ReasonMalformed},
		{"folder", func(r *Record) { r.Folder = "\xff" }, ReasonMalformed},
		{"id", func(r *Record) { r.SourceID = "\xff" }, ReasonMalformed},
		{"name of a field", func(r *Record) { r.Fields = []Field{{Name: "\xff"}} }, ReasonMalformed},
		{"endless note", func(r *Record) { r.Notes = strings.Repeat("x", 600<<10) }, ReasonUnsupported},
		{"endless password", func(r *Record) { r.Password = secret.New(make([]byte, 600<<10)) }, ReasonUnsupported},
		{"endless fields", func(r *Record) { r.Fields = fields }, ReasonUnsupported},
	} {
		read := Read(t.Context(), rows{{ID: "1", Site: "\xffsite", Record: with(login("1", "https://a.example", "ann", "p", 1), c.change)}}, secret.Bytes{})
		row := read.Rows[0]
		if row.Reason != c.want || (row.Record == nil) != (c.want != "") || row.ID != "1" || row.Site != "site" {
			t.Errorf("%s: %q, record %v, site %q", c.name, row.Reason, row.Record != nil, row.Site)
		}
	}
}

func TestReportAccountsForEveryRow(t *testing.T) {
	d := NewDigester()
	read := Readout{Info: Info{ID: "test"}, Err: ErrInUse, Rows: []Row{
		{ID: "1", Record: login("1", "https://a.example", "ann", "p", 1)}, {ID: "2", Record: login("2", "https://a.example", "ann", "p", 1)},
		{ID: "3", Reason: ReasonNeverSave}, {ID: "4", Reason: ReasonAppBound}, {ID: "5", Reason: ReasonUndecryptable},
	}}
	report := NewPlan("b", read.Records(), nil, d).Report([]Readout{read})
	var outcomes []Outcome
	for _, row := range report.Sources[0].Rows {
		outcomes = append(outcomes, row.Outcome)
	}
	if want := []Outcome{Imported, AlreadyThere, Skipped, Protected, Unreadable}; !slices.Equal(outcomes, want) {
		t.Errorf("outcomes %v, want %v", outcomes, want)
	}
	if report.Batch != "b" || report.Sources[0].Err != ErrInUse || report.Count(Protected) != 1 {
		t.Errorf("%+v", report)
	}
}

// What items are arranged by comes along with new ones. That of an item which is there already is its user's, and the report says so.
func TestArrangement(t *testing.T) {
	d := NewDigester()
	arranged := func(title, folder string, favorite, archived bool, tags ...string) *Record {
		r := login("", "https://a.example", "ann", "p", 1)
		r.Title, r.Folder, r.Tags, r.Favorite, r.Archived, r.Source, r.SourceID = title, folder, tags, favorite, archived, "x", title
		return r
	}
	first, second := arranged("one", "Work/", false, true, "a"), arranged("two", "Home", true, false, "b", "a")
	plan := NewPlan("b", []*Record{second, first}, nil, d)
	if r := plan.Creations[0].Record; arrangement(&r) != ` in "Work/" tags ["a" "b"] favorite true archived false` || r.Title != "one" {
		t.Error(r.Title, arrangement(&r))
	}
	want := []LeftOut{{PartTitle, "two"}, {PartFolder, "Home"}}
	if got := plan.LeftOut[second]; !slices.Equal(got, want) || len(plan.LeftOut[first]) != 0 {
		t.Errorf("left out %v and %v", got, plan.LeftOut[first])
	}

	items := applyPlan(plan, nil, d)
	items[0].Folder, items[0].Tags = "Elsewhere", nil
	plan = NewPlan("c", []*Record{first}, items, d)
	want = []LeftOut{{PartFolder, "Work"}, {PartTag, "a"}}
	if got := plan.LeftOut[first]; !slices.Equal(got, want) || len(plan.Updates)+len(plan.Creations) != 0 || plan.Outcomes[first] != AlreadyThere {
		t.Errorf("%v, %s, %d changes", got, plan.Outcomes[first], len(plan.Updates)+len(plan.Creations))
	}
	readout := Readout{Rows: []Row{{ID: "1", Record: first}}}
	first.LeftOut = []LeftOut{{PartFile, "plan.pdf"}}
	if got := plan.Report([]Readout{readout}).Sources[0].Rows[0]; !slices.Equal(got.LeftOut, append(first.LeftOut, want...)) || got.Kind != Login {
		t.Errorf("%+v", got)
	}
}

func TestRealmIsKeptInAnItemThatIsThere(t *testing.T) {
	d := NewDigester()
	plain, realm := login("", "https://a.example", "ann", "p", 1), login("", "https://a.example", "ann", "p", 1)
	realm.Realm = "area"
	items := applyPlan(NewPlan("b", []*Record{plain}, nil, d), nil, d)
	plan := NewPlan("c", []*Record{realm}, items, d)
	if len(plan.Updates) != 1 || len(plan.Updates[0].Fields) != 1 || plan.Updates[0].Fields[0].Name != RealmField {
		t.Fatalf("%+v", plan.Updates)
	}
	if again := NewPlan("d", []*Record{realm}, applyPlan(plan, items, d), d); again.Outcomes[realm] != AlreadyThere {
		t.Error(again.Outcomes[realm])
	}
}
