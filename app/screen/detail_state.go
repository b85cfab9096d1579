package screen

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/coffer-vault/coffer/assets"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/vault"
)

// DetailState is one item as it is read.
type DetailState struct {
	ID       id.ID
	Icon     assets.IconName
	Title    string
	Kind     string // "Login"
	Folder   string // empty if it is in none
	Tags     []string
	Favorite bool
	Trashed  bool
	Loading  bool
	CanEdit  bool    // false for what a newer version wrote, what is in the trash, and what does not open
	Problem  Message // why it is not shown
	Back     string  // label of the way back to the security check; empty if it was not opened there

	Banners []Banner
	Cards   []Card
	Files   FilesCard
	Footer  string // "Edited 20 September 2026, 00:50 · 3 earlier passwords"

	HistoryLabel string // "3 earlier versions"; empty if there are none
	History      []HistoryEdit
	HistoryOpen  bool
	Removed      RemovedFiles
}

// BannerKind says what the button of a banner does.
type BannerKind int

// The banners.
const (
	BannerWeak     BannerKind = iota // change the password
	BannerConflict                   // choose
	BannerTrashed                    // restore
	BannerArchived                   // take out
	BannerReadOnly                   // nothing
	BannerBreached                   // change the password
	BannerReused                     // change the password
	BannerOld                        // change the password
	BannerInsecure                   // edit
	BannerExpired                    // edit
	BannerNoCode                     // edit
	BannerClock                      // nothing
)

// Banner is a warning above the cards.
type Banner struct {
	Kind        BannerKind
	Tone        Tone
	Title, Body string
	Action      string // label of the button; empty if there is none
	// Of what the security check found. Detail.Ignore takes Finding, and the opposite of Ignored.
	Finding vault.Finding
	Ignored bool
	Ignore  string // label of its button; empty if there is none
}

// Card is a group of rows.
type Card struct {
	Rows []DetailRow
}

// RowType says how a row is drawn.
type RowType int

// The types of rows.
const (
	RowText RowType = iota
	RowSecret
	RowCode // one-time code with countdown
	RowLink
	RowNote // several lines
)

// DetailRow is one value of the item. The value of a secret is not in it: ask Detail.Secret while Revealed is true.
type DetailRow struct {
	ID       string
	Type     RowType
	Label    string
	Value    string
	Revealed bool
	Meter    Meter
	Code     CodeView

	CopyTip, RevealTip, OpenTip string // tooltips; empty if there is no such button
}

// CodeView is a one-time code that runs out.
type CodeView struct {
	Text     string  // "492 057"
	Valid    bool    // false: what is kept is no key, and Text says so
	Left     float64 // of its period, 0 to 1
	LeftText string  // "18 s"
}

// HistoryEdit is a change of the item: what it replaced.
type HistoryEdit struct {
	Edit    int    // for RestoreVersion
	When    string // "Until 20 September 2026, 00:50"
	Restore string // label of the button that brings the item as it was back; empty if it cannot be changed
	Rows    []HistoryRow
}

// HistoryRow is what a field had before an edit.
type HistoryRow struct {
	ID       string
	Label    string // "Password"
	Secret   bool
	Empty    bool   // it had no value, and Value says so
	Story    bool   // Value tells what happened instead of what was there, as for files
	Value    string // of what is not secret
	Revealed bool

	place int // among the others of the edit
}

func (d *Detail) view() DetailState {
	s := DetailState{ID: d.id, Loading: d.loading, Problem: d.problem}
	if !d.loaded {
		return s
	}
	it := &d.item
	s.Icon, s.Title, s.Kind = kindIcon(it.Kind), titleOf(d.env.Words, it.Title), kindText(d.env.Words, it.Kind, "name")
	s.Folder, s.Tags, s.Favorite, s.Trashed = d.config.FolderName(it.Folder), it.Tags, it.Favorite, it.TrashedAt != 0
	s.CanEdit = !s.Trashed && !d.readOnly()
	if d.config.Back != nil {
		s.Back = d.text("screen.security.title")
	}
	s.Banners, s.Cards, s.Footer = d.banners(), d.cards(), d.footer()
	s.Files = d.filesCard(s.CanEdit)
	if n := len(d.item.Edits()); n > 0 {
		s.HistoryLabel, s.HistoryOpen = d.env.Words.Count("screen.detail.earlier", n), d.historyOpen
	}
	if d.historyOpen {
		s.History = d.history(s.CanEdit)
		s.Removed = d.removedFiles(s.CanEdit)
	}
	return s
}

// titleOf never leaves a row without words.
func titleOf(words *assets.Catalog, title string) string {
	if title == "" {
		return words.Text("screen.editor.untitled")
	}
	return strings.Clone(title) // see Rows.At
}

func (d *Detail) readOnly() bool { return d.item.ReadOnly || !known(d.item.Kind) }

func (d *Detail) banners() []Banner {
	var banners []Banner
	add := func(kind BannerKind, key string, tone Tone, action bool) {
		b := Banner{Kind: kind, Tone: tone, Title: d.text("screen.detail." + key), Body: d.text("screen.detail." + key + "Body")}
		if action {
			b.Action = d.text("screen.detail." + key + "Action")
		}
		banners = append(banners, b)
	}
	if d.item.TrashedAt != 0 {
		add(BannerTrashed, "trashed", ToneQuiet, true)
	} else if d.item.ArchivedAt != 0 {
		add(BannerArchived, "archived", ToneQuiet, true)
	}
	if d.readOnly() {
		add(BannerReadOnly, "readOnly", ToneWarning, false)
	}
	if len(d.item.Conflicts()) > 0 {
		add(BannerConflict, "conflict", ToneWarning, !d.readOnly())
	}
	banners = append(banners, d.findingBanners()...)
	if d.config.ClockOff != nil && d.config.ClockOff() != 0 && d.hasCodes() {
		add(BannerClock, "wrongClock", ToneWarning, false)
	}
	return banners
}

// hasCodes tells whether the item gives one-time codes, which are wrong where the clock is.
func (d *Detail) hasCodes() bool {
	isCode := func(r DetailRow) bool { return r.Type == RowCode }
	return slices.ContainsFunc(d.cards(), func(c Card) bool { return slices.ContainsFunc(c.Rows, isCode) })
}

// cards groups the rows: fields of the kind, websites, the person's own fields, notes.
func (d *Detail) cards() []Card {
	var fields, websites, custom, notes []DetailRow
	for _, key := range shownKeys(&d.item) {
		row := d.row(vault.ValueField(key), fieldLabel(d.env.Words, d.item.Kind, key))
		if key == vault.Notes {
			notes = append(notes, row)
		} else {
			fields = append(fields, row)
		}
	}
	for i, website := range d.item.Websites {
		websites = append(websites, d.websiteRow(i, website))
	}
	for _, c := range d.item.Custom {
		if !c.Value.IsZero() {
			custom = append(custom, d.row(vault.CustomValue(c.ID), c.Label))
		}
	}
	var cards []Card
	for _, rows := range [][]DetailRow{fields, websites, custom, notes} {
		if len(rows) > 0 {
			cards = append(cards, Card{Rows: rows})
		}
	}
	return cards
}

// shownKeys are the fields that have a value: those of the kind in its order, then what a newer version added.
func shownKeys(it *vault.Item) []vault.Key {
	var keys []vault.Key
	spec, _ := vault.SpecOf(it.Kind)
	for _, f := range spec.Fields {
		if !it.Value(f.Key).IsZero() {
			keys = append(keys, f.Key)
		}
	}
	var rest []vault.Key
	for key, value := range it.Values {
		if _, listed := spec.Field(key); !listed && !value.IsZero() {
			rest = append(rest, key)
		}
	}
	slices.Sort(rest)
	return append(keys, rest...)
}

func (d *Detail) row(field vault.Field, label string) DetailRow {
	name, t := string(field), typeOf(&d.item, field)
	row := DetailRow{ID: name, Label: label, Revealed: d.revealed.shown(name), CopyTip: d.text("screen.detail.copy", "field", label)}
	switch t {
	case vault.TOTP:
		row.Type, row.Code = RowCode, d.code(field)
	case vault.Concealed, vault.Private:
		row.Type, row.Meter = RowSecret, d.meters.of(name)
		row.RevealTip = d.text("screen.detail.reveal", "field", label)
		if row.Revealed {
			row.RevealTip = d.text("screen.detail.hide", "field", label)
		}
	case vault.Multiline:
		row.Type = RowNote
	case vault.URL:
		row.Type = RowLink
		if _, ok := webAddress(string(d.bytes(name).Reveal())); ok {
			row.OpenTip = d.text("screen.detail.open")
		}
	}
	if !t.Secret() {
		row.Value = d.display(t, string(d.bytes(name).Reveal()))
	}
	return row
}

// display writes a value as people read it.
func (d *Detail) display(t vault.FieldType, value string) string {
	switch t {
	case vault.Month:
		return showMonth(value)
	case vault.Date:
		if day, err := time.Parse(dayKept, value); err == nil {
			return d.env.Words.Date(day)
		}
	}
	return value
}

func (d *Detail) websiteRow(i int, website string) DetailRow {
	label := d.text("screen.field.website")
	row := DetailRow{ID: websitePrefix + strconv.Itoa(i), Type: RowLink, Label: label, Value: website, CopyTip: d.text("screen.detail.copy", "field", label)}
	if _, ok := webAddress(website); ok {
		row.OpenTip = d.text("screen.detail.open")
	}
	return row
}

// code is the one-time code of this moment.
func (d *Detail) code(field vault.Field) CodeView {
	code, err := codeAt(d.bytes(string(field)), d.env.Clock.Now())
	if err != nil {
		return CodeView{Text: d.text("screen.detail.badTOTP")}
	}
	left := code.shownLeft()
	return CodeView{Text: spaceCode(code.text), Valid: true, Left: float64(left) / float64(code.period),
		LeftText: d.text("screen.seconds", "n", seconds(left))}
}

func (d *Detail) footer() string {
	if d.item.UpdatedAt == 0 {
		return ""
	}
	return d.text("screen.detail.edited", "time", d.env.Words.DateTime(time.UnixMilli(d.item.UpdatedAt).Local()))
}

// history is what the edits replaced, the latest edit first.
func (d *Detail) history(canRestore bool) []HistoryEdit {
	var all []HistoryEdit
	last := len(d.item.History)
	for n, edit := range d.item.Edits() {
		shown := HistoryEdit{Edit: n, When: d.text("screen.detail.until", "time", d.env.Words.DateTime(time.UnixMilli(edit.Time).Local()))}
		if canRestore {
			shown.Restore = d.text("screen.detail.restoreVersion")
		}
		for left := len(edit.Fields); left > 0; {
			last--
			past := d.item.History[last]
			if past.Conflict {
				continue
			}
			left--
			if _, part, _ := past.Field.Custom(); part != vault.CustomTypePart {
				shown.Rows = append(shown.Rows, d.pastRow(last))
			}
		}
		slices.SortStableFunc(shown.Rows, func(a, b HistoryRow) int { return a.place - b.place })
		all = append(all, shown)
	}
	return all
}

func (d *Detail) pastRow(i int) HistoryRow {
	past := d.item.History[i]
	t := typeOf(&d.item, past.Field)
	row := HistoryRow{ID: historyPrefix + strconv.Itoa(i), Label: labelOf(d.env.Words, &d.item, past.Field), Secret: t.Secret(), Empty: past.Value.IsZero(),
		place: placeOf(&d.item, past.Field)}
	row.Revealed = d.revealed.shown(row.ID)
	switch {
	case past.Field == vault.FieldAttachments:
		row.Empty, row.Story, row.Value = false, true, d.filesStory(i)
	case row.Empty:
		row.Value, row.Secret = d.text("screen.conflicts.empty"), false
	case !row.Secret:
		row.Value = d.display(t, string(past.Value.Reveal()))
	}
	return row
}
