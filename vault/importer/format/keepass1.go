package format

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/coffer-vault/coffer/vault/importer"
)

// keePassXName is the definition that KeePassX has before its XML. It defines nothing.
var keePassXName = []byte("<!DOCTYPE KEEPASSX_DATABASE>")

// isKeePass1 tells the XML of KeePass 1, a list of entries, and that of KeePassX, groups with entries, from that of KeePass 2.
func isKeePass1(data []byte) bool {
	head := data[:min(len(data), 4096)]
	return bytes.Contains(head, []byte("<pwlist")) || bytes.Contains(head, keePassXName)
}

// openKeePass1 opens an export of KeePass 1 or KeePassX as XML.
func openKeePass1(data []byte) (importer.Source, error) {
	document, err := parseXML(bytes.Replace(data, keePassXName, nil, 1), nil)
	if err != nil {
		return nil, err
	}
	list, groups := document.child("pwlist"), document.child("database")
	if list.name == "" && groups.name == "" {
		return nil, fmt.Errorf("%w: XML", importer.ErrMalformed)
	}
	rows := func(yield func(importer.Row) bool) {
		n := 0
		list.oldEntries("", &n, yield)
		groups.oldEntries("", &n, yield)
	}
	return newFile(importer.Info{ID: "keepass", Browser: "KeePass"}, rows), nil
}

// oldEntries yields the entries in an element, and those of the groups in it.
func (e *element) oldEntries(path string, n *int, yield func(importer.Row) bool) bool {
	for _, c := range e.children {
		switch c.name {
		case "pwentry", "entry":
			if *n++; !yield(c.oldEntry(path, strconv.Itoa(*n))) {
				return false
			}
		case "group":
			name := strings.ReplaceAll(c.child("title").text, "/", "∕") // a slash is between groups
			if !c.oldEntries(importer.CleanFolder(path+"/"+name), n, yield) {
				return false
			}
		}
	}
	return true
}

// oldBookkeeping is what an entry says of its picture, and when it was used.
var oldBookkeeping = []string{"title", "uuid", "image", "icon", "lastaccesstime", "lastaccess", "attachdesc", "bindesc"}

// oldEntry is an entry. In KeePass 1 it names its group, and those that this is in with backslashes between them.
func (e *element) oldEntry(folder, number string) importer.Row {
	record := &importer.Record{Title: e.child("title").text, Folder: folder, Source: "keepass", SourceID: strings.TrimSpace(e.child("uuid").text)}
	for _, c := range e.children {
		switch text := c.text; c.name {
		case "group":
			tree := strings.NewReplacer("/", "∕", `\`, "/").Replace(c.attr("tree"))
			record.Folder = importer.CleanFolder(tree + "/" + strings.ReplaceAll(text, "/", "∕"))
		case "username":
			record.Username = text
		case "password":
			setPassword(record, text)
		case "url":
			record.URLs = addresses(text)
		case "notes", "comment":
			record.Notes = importer.JoinNotes(record.Notes, strings.ReplaceAll(text, "\r\n", "\n"))
		case "creationtime", "creation":
			record.Created = moment(text)
		case "lastmodtime", "lastmod":
			record.Modified = moment(text)
		case "expiretime", "expire":
			if at := moment(text); !at.IsZero() && c.attr("expires") != "false" {
				addField(record, "Expires", at.Format(time.DateOnly), false)
			}
		case "attachment", "bin":
			if name := e.child("attachdesc").text + e.child("bindesc").text; strings.TrimSpace(text) != "" {
				addBase64(record, name, strings.Join(strings.Fields(text), ""))
			}
		default:
			if !slices.Contains(oldBookkeeping, c.name) {
				addField(record, c.name, strings.TrimSpace(text), isSecretName(c.name))
			}
		}
	}
	id := record.SourceID
	if id == "" {
		id = number
	}
	return finish(id, record)
}
