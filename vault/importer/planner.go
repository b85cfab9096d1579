package importer

import (
	"bytes"
	"cmp"
	"slices"
	"time"

	"golang.org/x/text/unicode/norm"
)

// NewPlan decides what becomes of each record, given what the vault holds. It has no side effects, and the order of records
// and items does not matter.
//
// Two logins are the same if they share an Origin and the exact user name (NFC). Then
//   - same password, or one of them has none: addresses are united, a note that differs is appended;
//   - another password: the one that was set later wins, the other goes into the history;
//   - no date tells which is later: both are kept, the new one flagged. Nothing is ever overwritten silently.
//
// A login without an address is identified by its title, a record of another kind by everything in it.
func NewPlan(batch string, records []*Record, existing []Existing, digester *Digester) Plan {
	p := &planner{digester: digester, byKey: map[key][]*entry{}, byRef: map[Ref]*entry{}, homes: map[*Record]*entry{}}
	existing = slices.SortedFunc(slices.Values(existing), func(a, b Existing) int { return cmp.Compare(a.ID, b.ID) })
	for i := range existing {
		p.addExisting(&existing[i])
	}
	// The latest password comes first: it makes the item, older ones go into its history.
	outcomes := p.placeAll(slices.SortedStableFunc(slices.Values(records), compareRecords))
	return p.plan(batch, outcomes)
}

// placeAll places every record, and again until nothing changes any more: an address added by a late record can make its
// item the home of an earlier one. So planning again after the plan was applied changes nothing.
// It ends because items only grow; the bound is for the case that this is wrong.
func (p *planner) placeAll(records []*Record) map[*Record]Outcome {
	const maxPasses = 100
	outcomes := make(map[*Record]Outcome, len(records))
	for pass, changed := 0, true; changed && pass < maxPasses; pass++ {
		changed = false
		for _, record := range records {
			outcome, home := p.place(record)
			home.arrange(record)
			p.homes[record] = home
			changed = changed || outcome != AlreadyThere
			if present, placed := outcomes[record]; !placed || present == AlreadyThere {
				outcomes[record] = outcome
			}
		}
	}
	return outcomes
}

// planner is the state of the vault as it will be once the records so far are imported.
type planner struct {
	digester *Digester
	entries  []*entry // existing items first, then new ones, in the order of their creation
	byKey    map[key][]*entry
	byRef    map[Ref]*entry
	homes    map[*Record]*entry // where the records so far went
}

// key identifies a login for the user: one account of one site.
type key struct {
	kind     Kind
	origin   string // or a title, after a NUL byte, which no origin has
	username string
}

// keysOf returns the keys to find the item of a record by: its addresses, or its title if it has none.
func keysOf(record *Record) []key {
	keys := addressKeys(record.Kind, record.URLs, record.Username)
	if len(keys) == 0 {
		keys = append(keys, titleKey(record.Kind, record.Title, record.Username))
	}
	return keys
}

func addressKeys(kind Kind, urls []string, username string) (keys []key) {
	for _, address := range urls {
		if origin := Origin(address); origin != "" {
			keys = append(keys, key{kind, origin, norm.NFC.String(username)})
		}
	}
	return keys
}

func titleKey(kind Kind, title, username string) key {
	return key{kind, "\x00" + title, norm.NFC.String(username)}
}

func (p *planner) addExisting(item *Existing) {
	e := &entry{
		kind: item.Kind, title: item.Title, urls: slices.Clone(item.URLs), username: item.Username, notes: item.Notes,
		password: item.Password, changed: likely(item.PasswordChanged), history: slices.Clone(item.History),
		totp: item.TOTP, fields: slices.Clone(item.Fields), files: slices.Clone(item.Files), added: Update{ItemID: item.ID}, arranged: arranged{folder: item.Folder, tags: item.Tags},
	}
	p.entries = append(p.entries, e)
	p.index(e)
	for _, ref := range item.Refs {
		if ref != (Ref{}) {
			p.byRef[ref] = e
		}
	}
}

// likely is when a password was chosen, as far as that can be: what is from before there were browsers that keep passwords was chosen
// while a clock was wrong, and says nothing of which password is the latest.
func likely(changed time.Time) time.Time {
	if changed.Year() < 2000 {
		return time.Time{}
	}
	return changed
}

// newEntry is what a record alone would make. It is not part of the state yet.
func (p *planner) newEntry(record *Record) *entry {
	e := &entry{
		kind: record.Kind, title: record.Title, urls: slices.Clone(record.URLs), username: record.Username, notes: record.Notes,
		password: p.digester.Secret(record.Password), changed: likely(record.PasswordChanged),
		totp: p.digester.Secret(record.TOTP), record: record, current: record.Password,
		arranged: arranged{folder: record.Folder, tags: slices.Clone(record.Tags), favorite: record.Favorite, archived: record.Archived},
	}
	for _, field := range record.fields() {
		e.fields = append(e.fields, p.digester.Field(field))
	}
	for _, old := range record.History {
		e.history = append(e.history, p.digester.Secret(old.Password))
	}
	for _, file := range record.Files {
		e.files = append(e.files, p.digester.File(file.Name, file.sum))
	}
	return e
}

func (p *planner) create(e *entry) (Outcome, *entry) {
	p.entries = append(p.entries, e)
	p.index(e)
	p.addRef(e, e.record)
	if e.conflict {
		return KeptBoth, e
	}
	return Imported, e
}

func (p *planner) index(e *entry) {
	for _, k := range append(addressKeys(e.kind, e.urls, e.username), titleKey(e.kind, e.title, e.username)) {
		if !slices.Contains(p.byKey[k], e) {
			p.byKey[k] = append(p.byKey[k], e)
		}
	}
}

func (p *planner) addRef(e *entry, record *Record) {
	if ref := record.Ref(); ref != (Ref{}) && p.byRef[ref] != e {
		p.byRef[ref] = e
		e.added.Refs = append(e.added.Refs, ref)
	}
}

// candidates are the items a record may belong to: those with a key of it, then the one it went into at an earlier import,
// whose address or user name may have been changed since.
func (p *planner) candidates(record *Record) []*entry {
	var found []*entry
	for _, k := range keysOf(record) {
		for _, e := range p.byKey[k] {
			if !slices.Contains(found, e) {
				found = append(found, e)
			}
		}
	}
	if e := p.byRef[record.Ref()]; e != nil && e.kind == record.Kind && !slices.Contains(found, e) {
		found = append(found, e)
	}
	return found
}

// place finds the item for one record, or makes one.
func (p *planner) place(record *Record) (Outcome, *entry) {
	candidates, fresh := p.candidates(record), p.newEntry(record)
	switch {
	case record.Kind != Login:
		return p.placeOther(fresh, candidates)
	case len(candidates) == 0:
		return p.create(fresh)
	}
	if holder := p.holder(fresh, candidates); holder != nil {
		return AlreadyThere, holder
	}
	same := func(e *entry) bool { return e.password == fresh.password || fresh.password == Digest{} }
	if e := find(candidates, same); e != nil {
		return p.merge(e, record)
	}
	if !slices.ContainsFunc(candidates, (*entry).everHadPassword) {
		p.setPassword(candidates[0], record)
		return p.merge(candidates[0], record)
	}
	return p.placeRival(fresh, candidates)
}

// holder is an item that has all of the record already, its password in the history at least; nil if none has. A password in the
// history is not enough if the record says that it was chosen again after all others.
func (p *planner) holder(fresh *entry, candidates []*entry) *entry {
	latest := latestChanged(candidates)
	again := latest != nil && fresh.changed.After(latest.changed)
	return find(candidates, func(e *entry) bool {
		past := slices.Contains(e.history, fresh.password) && !again
		if e.password != fresh.password && fresh.hasPassword() && !past {
			return false
		}
		_, none := p.missing(e, fresh.record)
		return none
	})
}

// placeRival handles a record whose password differs from that of every candidate.
func (p *planner) placeRival(fresh *entry, candidates []*entry) (Outcome, *entry) {
	record, latest := fresh.record, latestChanged(candidates)
	comparable := latest != nil && !fresh.changed.IsZero()
	if comparable && fresh.changed.After(latest.changed) {
		p.setPassword(latest, record)
		return p.merge(latest, record)
	}
	if e := find(candidates, func(e *entry) bool { return slices.Contains(e.history, fresh.password) }); e != nil {
		return p.merge(e, record)
	}
	if comparable && fresh.changed.Before(latest.changed) {
		p.addHistory(latest, OldPassword{Password: record.Password, Changed: record.PasswordChanged})
		return p.merge(latest, record)
	}
	fresh.conflict = true
	return p.create(fresh)
}

// placeOther handles notes, cards and the like: no part of them identifies them, so only an equal one is the same.
func (p *planner) placeOther(fresh *entry, candidates []*entry) (Outcome, *entry) {
	for _, e := range candidates {
		if e.notes == fresh.notes && e.password == fresh.password && e.totp == fresh.totp && sameDigests(e.fields, fresh.fields) {
			return p.addFiles(e, fresh.record), e
		}
	}
	return p.create(fresh)
}

// addFiles adds the files of a record to an item that has all else of it.
func (p *planner) addFiles(e *entry, record *Record) Outcome {
	missing := Update{Files: p.unknownFiles(e, record.Files)}
	if len(missing.Files) == 0 {
		return AlreadyThere
	}
	p.grow(e, missing)
	p.addRef(e, record)
	return Merged
}

// sameDigests compares regardless of order, which an item need not keep.
func sameDigests(a, b []Digest) bool {
	sorted := func(list []Digest) []Digest {
		return slices.SortedFunc(slices.Values(list), func(x, y Digest) int { return bytes.Compare(x[:], y[:]) })
	}
	return slices.Equal(sorted(a), sorted(b))
}

// merge adds what a record of the same login has and the item lacks.
func (p *planner) merge(e *entry, record *Record) (Outcome, *entry) {
	missing, _ := p.missing(e, record)
	p.grow(e, missing)
	p.index(e)
	p.addRef(e, record)
	return Merged, e
}

func find(entries []*entry, match func(*entry) bool) *entry {
	if i := slices.IndexFunc(entries, match); i >= 0 {
		return entries[i]
	}
	return nil
}

// latestChanged returns the entry whose password was set last, as far as known; nil if nothing is known.
func latestChanged(entries []*entry) (latest *entry) {
	for _, e := range entries {
		if e.hasPassword() && !e.changed.IsZero() && (latest == nil || e.changed.After(latest.changed)) {
			latest = e
		}
	}
	return latest
}

// plan collects the entries into the result.
func (p *planner) plan(batch string, outcomes map[*Record]Outcome) Plan {
	plan := Plan{Batch: batch, Outcomes: outcomes, LeftOut: map[*Record][]LeftOut{}}
	created := map[*entry]int{}
	for _, e := range p.entries {
		switch {
		case e.record != nil:
			created[e] = len(plan.Creations)
			plan.Creations = append(plan.Creations, e.creation())
		case e.touched:
			plan.Updates = append(plan.Updates, e.added)
		}
	}
	for record, home := range p.homes {
		if left := home.leftOut(record); len(left) > 0 {
			plan.LeftOut[record] = left
		}
	}
	plan.Suggestions = p.suggest(created)
	return plan
}

// compareRecords orders records by their content alone: latest password first, unknown dates last.
func compareRecords(a, b *Record) int {
	return cmp.Or(
		b.PasswordChanged.Compare(a.PasswordChanged),
		bytes.Compare(a.Password.Reveal(), b.Password.Reveal()),
		cmp.Compare(a.Source, b.Source), cmp.Compare(a.SourceID, b.SourceID),
		cmp.Compare(a.Kind, b.Kind), slices.Compare(a.URLs, b.URLs), cmp.Compare(a.Username, b.Username), cmp.Compare(a.Realm, b.Realm),
		cmp.Compare(a.Title, b.Title), cmp.Compare(a.Notes, b.Notes), cmp.Compare(a.Folder, b.Folder), slices.Compare(a.Tags, b.Tags),
		bytes.Compare(a.TOTP.Reveal(), b.TOTP.Reveal()),
		b.LastUsed.Compare(a.LastUsed), b.Created.Compare(a.Created), b.Modified.Compare(a.Modified),
		slices.CompareFunc(a.Fields, b.Fields, compareFields), slices.CompareFunc(a.History, b.History, compareOld), slices.CompareFunc(a.Files, b.Files, compareFiles),
	)
}

func compareFields(a, b Field) int {
	return cmp.Or(cmp.Compare(a.Name, b.Name), bytes.Compare(a.Value.Reveal(), b.Value.Reveal()))
}

func compareOld(a, b OldPassword) int {
	return cmp.Or(a.Changed.Compare(b.Changed), bytes.Compare(a.Password.Reveal(), b.Password.Reveal()))
}
