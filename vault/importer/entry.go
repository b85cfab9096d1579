package importer

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/coffer-vault/coffer/crypto/secret"
)

// entry is an item as it will be after the records so far, together with what they add to it.
type entry struct {
	kind     Kind
	title    string
	urls     []string
	username string
	notes    string
	password Digest // zero: the item has none
	changed  time.Time
	history  []Digest
	totp     Digest
	fields   []Digest
	files    []Digest
	arranged

	record   *Record      // what a new item is made from; nil for an existing one
	current  secret.Bytes // the password, if it comes from a record
	conflict bool
	added    Update
	touched  bool // added holds something
}

// arranged is how an item is arranged, which says nothing of what is in it.
type arranged struct {
	folder             string
	tags               []string
	favorite, archived bool
}

// arrange gives a new item the arrangement of one more record of the same login. That of an existing item is the user's.
func (e *entry) arrange(record *Record) {
	if e.record == nil {
		return
	}
	if e.folder == "" {
		e.folder = record.Folder
	}
	for _, tag := range record.Tags {
		if !slices.Contains(e.tags, tag) {
			e.tags = append(e.tags, tag)
		}
	}
	e.favorite, e.archived = e.favorite || record.Favorite, e.archived && record.Archived
}

// leftOut is what of a record's title and arrangement the item does not have. A title that only repeats the site says nothing.
func (e *entry) leftOut(record *Record) (left []LeftOut) {
	if record.Title != e.title && record.Title != "" && (len(record.URLs) == 0 || record.Title != Site(record.URLs[0])) {
		left = append(left, LeftOut{PartTitle, record.Title})
	}
	if folder := CleanFolder(record.Folder); folder != "" && folder != CleanFolder(e.folder) {
		left = append(left, LeftOut{PartFolder, folder})
	}
	for _, tag := range record.Tags {
		if !slices.Contains(e.tags, tag) {
			left = append(left, LeftOut{PartTag, tag})
		}
	}
	return left
}

// MaxFolder bounds a folder's path, in bytes. The names in a file may be of a megabyte each, and a path has as many as the file says.
const MaxFolder = 4 << 10

// CleanFolder is a folder's path without slashes at its ends, or two for one, and without what is beyond MaxFolder.
func CleanFolder(path string) string {
	names := slices.DeleteFunc(strings.Split(path, "/"), func(name string) bool { return name == "" })
	clean := strings.Join(names, "/")
	if len(clean) > MaxFolder {
		clean = strings.Trim(strings.ToValidUTF8(clean[:MaxFolder], ""), "/")
	}
	return clean
}

func (e *entry) hasPassword() bool { return e.password != Digest{} }

// everHadPassword is true also of an item whose password was removed, which an import must not undo.
func (e *entry) everHadPassword() bool { return e.hasPassword() || len(e.history) > 0 }

// missing is what a record of the same login has and the item lacks, the password apart. Of two dates for one password the
// later counts: it was still chosen then. An item without a date stays without: a date found for one of its passwords
// would now decide against others that were kept because there was none.
func (p *planner) missing(e *entry, record *Record) (missing Update, none bool) {
	for _, address := range record.URLs {
		if !containsAddress(e.urls, address) && !containsAddress(missing.URLs, address) {
			missing.URLs = append(missing.URLs, address)
		}
	}
	if !strings.Contains(e.notes, record.Notes) {
		missing.Notes = record.Notes
	}
	fields := record.fields()
	switch totp := p.digester.Secret(record.TOTP); {
	case totp == Digest{} || totp == e.totp:
	case e.totp == Digest{}:
		missing.TOTP = record.TOTP
	default: // an item has room for one; the other is kept as a field
		fields = append(slices.Clone(fields), Field{Name: "TOTP", Value: record.TOTP, Hidden: true})
	}
	missing.Fields = p.unknownFields(e, fields)
	missing.History = p.unknownPasswords(e, record.History)
	missing.Files = p.unknownFiles(e, record.Files)
	if p.digester.Secret(record.Password) == e.password && !e.changed.IsZero() && record.PasswordChanged.After(e.changed) {
		missing.PasswordChanged = record.PasswordChanged
	}
	none = len(missing.URLs)+len(missing.Notes)+missing.TOTP.Len()+len(missing.Fields)+len(missing.History)+len(missing.Files) == 0
	return missing, none && missing.PasswordChanged.IsZero()
}

func (p *planner) unknownFields(e *entry, fields []Field) (unknown []Field) {
	known := slices.Clone(e.fields)
	for _, field := range fields {
		if digest := p.digester.Field(field); !slices.Contains(known, digest) {
			known, unknown = append(known, digest), append(unknown, field)
		}
	}
	return unknown
}

func (p *planner) unknownFiles(e *entry, files []File) (unknown []File) {
	known := slices.Clone(e.files)
	for _, file := range files {
		if digest := p.digester.File(file.Name, file.sum); !slices.Contains(known, digest) {
			known, unknown = append(known, digest), append(unknown, file)
		}
	}
	return unknown
}

func (p *planner) unknownPasswords(e *entry, passwords []OldPassword) (unknown []OldPassword) {
	known := append(slices.Clone(e.history), e.password, Digest{})
	for _, old := range passwords {
		if digest := p.digester.Secret(old.Password); !slices.Contains(known, digest) {
			known, unknown = append(known, digest), append(unknown, old)
		}
	}
	return unknown
}

// grow adds to the item what missing found.
func (p *planner) grow(e *entry, missing Update) {
	e.urls = append(e.urls, missing.URLs...)
	e.notes = JoinNotes(e.notes, missing.Notes)
	e.added.URLs = append(e.added.URLs, missing.URLs...)
	e.added.Notes = JoinNotes(e.added.Notes, missing.Notes)
	if !missing.TOTP.IsZero() {
		e.totp, e.added.TOTP = p.digester.Secret(missing.TOTP), missing.TOTP
	}
	for _, field := range missing.Fields {
		e.fields = append(e.fields, p.digester.Field(field))
	}
	e.added.Fields = append(e.added.Fields, missing.Fields...)
	for _, file := range missing.Files {
		e.files = append(e.files, p.digester.File(file.Name, file.sum))
	}
	e.added.Files = append(e.added.Files, missing.Files...)
	p.addHistory(e, missing.History...)
	e.raiseChanged(missing.PasswordChanged)
}

func (p *planner) addHistory(e *entry, passwords ...OldPassword) {
	for _, old := range passwords {
		e.history = append(e.history, p.digester.Secret(old.Password))
	}
	e.added.History = append(e.added.History, passwords...)
	e.touched = true
}

// setPassword makes the record's password the current one; the present one, if any, is history from then on.
func (p *planner) setPassword(e *entry, record *Record) {
	if e.hasPassword() {
		e.history = append(e.history, e.password)
		if !e.current.IsZero() { // else the vault knows it, the planner does not
			e.added.History = append(e.added.History, OldPassword{Password: e.current, Changed: e.changed})
		}
	}
	e.password, e.current, e.added.Password = p.digester.Secret(record.Password), record.Password, record.Password
	e.raiseChanged(record.PasswordChanged)
	e.touched = true
}

func (e *entry) raiseChanged(changed time.Time) {
	if changed.After(e.changed) {
		e.changed, e.added.PasswordChanged = changed, changed
	}
}

// creation is the new item: its first record with everything that was added since.
func (e *entry) creation() Creation {
	record, added := *e.record, e.added
	record.Folder, record.Tags, record.Favorite, record.Archived = e.folder, e.tags, e.favorite, e.archived
	record.URLs = append(slices.Clone(record.URLs), added.URLs...)
	record.Notes = JoinNotes(record.Notes, added.Notes)
	record.Fields = append(slices.Clone(record.Fields), added.Fields...)
	record.History = append(slices.Clone(record.History), added.History...)
	record.Files = append(slices.Clone(record.Files), added.Files...)
	if !added.TOTP.IsZero() {
		record.TOTP = added.TOTP
	}
	if !added.Password.IsZero() {
		record.Password = added.Password
	}
	if !added.PasswordChanged.IsZero() {
		record.PasswordChanged = added.PasswordChanged
	}
	return Creation{Record: record, Refs: added.Refs, Conflict: e.conflict}
}

// containsAddress reports whether list leads to address already: the same one but for spelling, or, for an address that
// is only an origin, any of that origin.
func containsAddress(list []string, address string) bool {
	if len(list) == 0 || slices.Contains(list, address) {
		return len(list) > 0
	}
	origin, rest := Origin(address), pathOf(address)
	return slices.ContainsFunc(list, func(present string) bool {
		if origin == "" {
			return present == address
		}
		return Origin(present) == origin && (rest == "" || pathOf(present) == rest)
	})
}

// pathOf is what follows the origin, without a closing slash.
func pathOf(address string) string {
	if !strings.Contains(address, "://") {
		address = "https://" + address
	}
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil {
		return ""
	}
	u.Scheme, u.Host, u.User = "", "", nil
	return strings.TrimSuffix(u.String(), "/")
}
