package format

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault/importer"
)

// isPasswordSafe tells an export of Password Safe (pwsafe.org) by its outermost element.
func isPasswordSafe(data []byte) bool {
	return bytes.Contains(data[:min(len(data), 4096)], []byte("<passwordsafe"))
}

// openPasswordSafe opens an export of Password Safe as XML, of the versions 3 and 4 of the program's data.
func openPasswordSafe(data []byte) (importer.Source, error) {
	document, err := parseXML(data, nil)
	if err != nil {
		return nil, err
	}
	root := document.child("passwordsafe")
	if root.name == "" {
		return nil, fmt.Errorf("%w: XML", importer.ErrMalformed)
	}
	return newFile(importer.Info{ID: "pwsafe", Browser: "Password Safe"}, root.safeRows), nil
}

func (e *element) safeRows(yield func(importer.Row) bool) {
	delimiter, n := e.attr("delimiter"), 0
	for _, c := range e.children {
		if c.name != "entry" {
			continue
		}
		if n++; !yield(c.safeEntry(delimiter, strconv.Itoa(n))) {
			return
		}
	}
}

// safeBookkeeping is what an entry says of how the program is to treat it, and when it was used.
var safeBookkeeping = []string{
	"dca", "shiftdca", "atime", "atimex", "xtime_interval", "entrypassword_policy", "PasswordPolicy", "PasswordPolicyName", "symbols", "protected", "kbshortcut", "entrykbshortcut",
}

// safeEntry is an entry. Levels of its group have dots between them, and lines of its notes the delimiter that the file names.
func (e *element) safeEntry(delimiter, number string) importer.Row {
	id := cmp.Or(strings.TrimSpace(e.child("uuid").text), number)
	record := &importer.Record{Source: "pwsafe", SourceID: strings.TrimSpace(e.child("uuid").text)}
	for _, c := range e.children {
		switch text := c.text; c.name {
		case "title":
			record.Title = text
		case "username":
			record.Username = text
		case "password":
			setPassword(record, text)
		case "group":
			record.Folder = safeGroup(text)
		case "url":
			record.URLs = append(record.URLs, addresses(text)...)
		case "notes":
			if record.Notes = text; delimiter != "" {
				record.Notes = strings.ReplaceAll(text, delimiter, "\n")
			}
		case "twofactorkey":
			setTOTP(record, text)
		case "ctime", "ctimex":
			record.Created = c.safeTime()
		case "rmtime", "rmtimex":
			record.Modified = c.safeTime()
		case "pmtime", "pmtimex":
			record.PasswordChanged = c.safeTime()
		case "xtime", "xtimex":
			if at := c.safeTime(); !at.IsZero() {
				addField(record, "Expires", at.Format(time.DateOnly), false)
			}
		case "pwhistory":
			c.addSafeHistory(record)
		case "uuid":
		default:
			if !slices.Contains(safeBookkeeping, c.name) {
				addField(record, c.name, strings.TrimSpace(c.text), isSecretName(c.name))
			}
		}
	}
	return finish(id, record)
}

// safeGroup is a group as a folder; a dot that belongs to a name has a backslash before it.
func safeGroup(group string) string {
	const dot = "\x00"
	path := strings.NewReplacer(`\.`, dot, "/", "∕").Replace(group)
	return strings.ReplaceAll(strings.ReplaceAll(path, ".", "/"), dot, ".")
}

// safeTime is a time as text, in older versions as a date and a time of the day.
func (e *element) safeTime() time.Time {
	if at := moment(e.text); !at.IsZero() {
		return at
	}
	return moment(e.child("date").text + " " + e.child("time").text)
}

// addSafeHistory adds the passwords before, the oldest first.
func (e *element) addSafeHistory(record *importer.Record) {
	for _, entry := range e.child("history_entries").children {
		old := entry.child("oldpassword").text
		if old == "" {
			continue
		}
		changed := entry.child("changedx")
		if changed.name == "" {
			changed = entry.child("changed")
		}
		record.History = append(record.History, importer.OldPassword{Password: secret.FromString(old), Changed: changed.safeTime()})
	}
}
