package format

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/coffer-vault/coffer/vault/importer"
)

// isSafeInCloud tells an export of SafeInCloud by its outermost element with cards or labels.
func isSafeInCloud(data []byte) bool {
	head := data[:min(len(data), 4096)]
	return bytes.Contains(head, []byte("<database")) && (bytes.Contains(head, []byte("<card ")) || bytes.Contains(head, []byte("<label ")))
}

// openSafeInCloud opens an export of SafeInCloud as XML: cards with typed fields, and labels by their numbers.
func openSafeInCloud(data []byte) (importer.Source, error) {
	document, err := parseXML(data, nil)
	if err != nil {
		return nil, err
	}
	root := document.child("database")
	if root.name == "" {
		return nil, fmt.Errorf("%w: XML", importer.ErrMalformed)
	}
	return newFile(importer.Info{ID: "safeincloud", Browser: "SafeInCloud"}, root.safeInCloudRows), nil
}

func (e *element) safeInCloudRows(yield func(importer.Row) bool) {
	labels := map[string]string{}
	for _, c := range e.children {
		if c.name == "label" {
			labels[c.attr("id")] = c.attr("name")
		}
	}
	for n, c := range e.children {
		if c.name == "card" && !yield(c.card(labels, strconv.Itoa(n+1))) {
			return
		}
	}
}

// card is an entry. Templates are no entries, and the first of several labels is the folder.
func (e *element) card(labels map[string]string, number string) importer.Row {
	id := cmp.Or(e.attr("id"), number)
	switch {
	case e.attr("template") == "true":
		return importer.Row{ID: id, Site: e.attr("title"), Reason: importer.ReasonEmpty}
	case e.attr("deleted") == "true":
		return importer.Row{ID: id, Site: e.attr("title"), Reason: importer.ReasonDeleted}
	}
	record := &importer.Record{
		Title: e.attr("title"), Favorite: e.attr("star") == "true", Archived: e.attr("archived") == "true", Source: "safeincloud", SourceID: e.attr("id"),
		Modified: since1970(e.attr("time_stamp"), time.UnixMilli), Kind: e.cardKind(),
	}
	for _, c := range e.children {
		switch name := c.attr("name"); c.name {
		case "field":
			c.cardField(record)
		case "notes":
			record.Notes = importer.JoinNotes(record.Notes, c.text)
		case "label_id":
			if label := labels[c.text]; record.Folder == "" {
				record.Folder = label
			} else if label != "" {
				record.Tags = append(record.Tags, label)
			}
		case "file":
			addBase64(record, name, strings.Join(strings.Fields(c.text), ""))
		case "image":
			addBase64(record, "image", strings.Join(strings.Fields(c.text), ""))
		case "custom_icon", "icon":
		default:
			addField(record, c.name, strings.TrimSpace(c.text), false)
		}
	}
	return finish(id, record)
}

// cardKind is told by the types of the fields: only notes say what they are.
func (e *element) cardKind() importer.Kind {
	has := map[string]bool{}
	for _, c := range e.children {
		has[c.attr("type")] = has[c.attr("type")] || c.name == "field" && c.text != ""
	}
	switch {
	case has["number"] && has["expiry"] && e.isPaper():
		return importer.Document
	case has["number"] && has["expiry"]:
		return importer.Card
	case e.attr("type") == "note", !has["login"] && !has["password"] && !has["website"] && !has["one_time_password"]:
		return importer.Note
	}
	return importer.Login
}

// isPaper tells a passport or a licence, which has a number and an end as a card of a bank has: that one has a field for a code as well.
func (e *element) isPaper() bool {
	return !slices.ContainsFunc(e.children, func(c *element) bool { return c.attr("type") == "pin" || strings.HasPrefix(c.attr("autofill"), "cc-") })
}

// cardField adds a field by its type; two of one type are kept both.
func (e *element) cardField(record *importer.Record) {
	name, kind, value := e.attr("name"), e.attr("type"), e.text
	isCard := record.Kind == importer.Card
	switch {
	case value == "":
	case record.Kind == importer.Document && kind == "number":
		addField(record, "document-number", value, true)
	case record.Kind == importer.Document && kind == "expiry":
		addField(record, "valid-until", day(value), false)
	case isCard && strings.EqualFold(name, "Owner"):
		addField(record, "cardholder", value, false)
	case isCard && kind == "number":
		addField(record, "number", value, true)
	case isCard && kind == "expiry":
		addField(record, "expires", month(value), false)
	case isCard && kind == "pin" && strings.EqualFold(name, "CVV"):
		addField(record, "cvv", value, true)
	case isCard && kind == "pin":
		addField(record, "pin", value, true)
	case kind == "login" && record.Username == "":
		record.Username = value
	case kind == "password" && record.Password.IsZero():
		setPassword(record, value)
	case kind == "website":
		record.URLs = append(record.URLs, addresses(value)...)
	case kind == "one_time_password":
		setTOTP(record, value)
	default:
		addField(record, name, value, kind == "password" || kind == "secret" || kind == "pin")
	}
}
