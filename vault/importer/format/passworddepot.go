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

// openPasswordDepot opens an export of Password Depot as XML: groups of items, and what is in the recycle bin beside them.
func openPasswordDepot(data []byte) (importer.Source, error) {
	document, err := parseXML(data, nil)
	if err != nil {
		return nil, err
	}
	root := document.child("PASSWORDFILE")
	if root.name == "" {
		return nil, fmt.Errorf("%w: XML", importer.ErrMalformed)
	}
	rows := func(yield func(importer.Row) bool) {
		n := 0
		_ = root.child("PASSWORDS").depotGroup("", false, &n, yield) && root.child("RECYCLEBIN").depotGroup("", true, &n, yield)
	}
	return newFile(importer.Info{ID: "passworddepot", Browser: "Password Depot"}, rows), nil
}

func isPasswordDepot(data []byte) bool {
	return bytes.Contains(data[:min(len(data), 4096)], []byte("<PASSWORDFILE"))
}

// depotGroup yields the items of a group and of those in it.
func (e *element) depotGroup(path string, deleted bool, n *int, yield func(importer.Row) bool) bool {
	for _, c := range e.children {
		switch c.name {
		case "GROUP":
			name := strings.ReplaceAll(c.attr("NAME"), "/", "∕") // a slash is between groups
			if !c.depotGroup(importer.CleanFolder(path+"/"+name), deleted, n, yield) {
				return false
			}
		case "ITEM":
			if *n++; !yield(c.depotItem(path, deleted, strconv.Itoa(*n))) {
				return false
			}
		}
	}
	return true
}

// depotKinds are the kinds of items by their numbers; all others are logins.
var depotKinds = map[string]importer.Kind{
	"1": importer.Card, "2": importer.SoftwareLicence, "3": importer.Identity, "4": importer.Note, "5": importer.BankAccount,
}

// depotIgnored says nothing worth keeping: how an item looks, and how the program uses it.
var depotIgnored = []string{
	"TYPE", "IMPORTANCE", "LASTACCESSED", "TEMPLATE", "AUTOCOMPLETE", "USAGECOUNT", "FINGERPRINT", "IMAGEINDEX", "IMAGECUSTOM", "WNDTITLE", "OWNERNAME",
	"PARAMSTR", "WARNMSG", "WARNLVL", "WARNVERIFY", "SERVERRQRD", "SECRET", "ISTEMPLATE", "INFOTEMPLATE", "USETABS", "ISLINK", "MACROS", "BROWSER",
	"AUTOCOMPLETEMETHOD", "MODIFYTIME", "LOGIN", "PASS_MODIFY", "FOREGROUND", "BACKGROUND",
}

// depotFields are the vault's names for the fields of cards and accounts.
var depotFields = map[string]string{
	"IDS_CardNumber": "number", "IDS_CardHolder": "cardholder", "IDS_CardExpires": "expires", "IDS_CardCode": "cvv", "IDS_CardPIN": "pin",
	"IDS_ECIBAN": "iban", "IDS_ECBIC": "bic", "IDS_ECBankName": "bank", "IDS_ECAccountNumber": "account-number",
}

func (e *element) depotItem(folder string, deleted bool, number string) importer.Row {
	fingerprint, title := e.child("FINGERPRINT").text, e.child("DESCRIPTION").text
	id := cmp.Or(fingerprint, number)
	if deleted {
		return importer.Row{ID: id, Site: title, Reason: importer.ReasonDeleted}
	}
	record := &importer.Record{
		Kind: depotKinds[e.child("TYPE").text], Title: title, Folder: folder, Source: "passworddepot", SourceID: fingerprint,
		Created: depotTime(e.child("CREATED").text), Modified: depotTime(e.child("LASTMODIFIED").text),
	}
	for _, c := range e.children {
		switch value := c.text; c.name {
		case "DESCRIPTION", "CREATED", "LASTMODIFIED":
		case "USERNAME":
			record.Username = value
		case "PASSWORD":
			setPassword(record, value)
		case "URL":
			record.URLs = append(record.URLs, addresses(value)...)
		case "URLS":
			for _, u := range c.children {
				record.URLs = append(record.URLs, addresses(u.text)...)
			}
		case "COMMENT":
			record.Notes = value
		case "CATEGORY", "TAGS":
			record.Tags = append(record.Tags, list(value, ";,")...)
		case "FAVORITE":
			record.Favorite = value == "1"
		case "CUSTOMFIELDS":
			for _, f := range c.children {
				addDepotField(record, f)
			}
		case "HITEMS", "ATTACHMENTS":
			if len(c.children) > 0 {
				leaveOut(record, map[string]importer.Part{"HITEMS": importer.PartHistory, "ATTACHMENTS": importer.PartFile}[c.name], c.name)
			}
		default:
			if !slices.Contains(depotIgnored, c.name) && value != "00.00.0000" {
				addField(record, c.name, strings.TrimSpace(value), isSecretName(c.name))
			}
		}
	}
	return finish(id, record)
}

func addDepotField(record *importer.Record, f *element) {
	name, value := f.child("NAME").text, f.child("VALUE").text
	switch ours := depotFields[name]; {
	case strings.EqualFold(name, "totp"):
		setTOTP(record, value)
	case ours == "expires":
		addField(record, ours, month(value), false)
	case ours != "":
		addField(record, ours, value, isHiddenKey(ours))
	default:
		addField(record, strings.TrimPrefix(name, "IDS_"), value, f.child("VISIBLE").text == "0" || isSecretName(name))
	}
}

// depotTime is a time as Germans write it.
func depotTime(text string) time.Time {
	for _, layout := range []string{"02.01.2006 15:04:05", "02.01.2006"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t
		}
	}
	return time.Time{}
}
