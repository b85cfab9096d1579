package format

import (
	"bytes"
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault/importer"
)

func isDelinea(data []byte) bool {
	return bytes.Contains(data[:min(len(data), 4096)], []byte("<ImportFile"))
}

// openDelinea opens an export of Delinea (Thycotic) Secret Server as XML: secrets with the fields of their templates.
func openDelinea(data []byte) (importer.Source, error) {
	document, err := parseXML(data, nil)
	if err != nil {
		return nil, err
	}
	secrets := document.child("ImportFile").child("Secrets")
	if secrets.name == "" {
		return nil, fmt.Errorf("%w: XML", importer.ErrMalformed)
	}
	rows := func(yield func(importer.Row) bool) {
		n := 0
		for _, c := range secrets.children {
			if c.name != "Secret" {
				continue
			}
			if n++; !yield(finish(strconv.Itoa(n), c.delineaSecret())) {
				return
			}
		}
	}
	return newFile(importer.Info{ID: "delinea", Browser: "Delinea Secret Server"}, rows), nil
}

// delineaKnown are the parts of a secret that are read, or that say how the server treats it.
var delineaKnown = map[string]bool{
	"SecretName": true, "SecretTemplateName": true, "FolderPath": true, "SiteId": true, "SecretItems": true, "TotpKey": true,
}

func (e *element) delineaSecret() *importer.Record {
	record := &importer.Record{
		Title: e.child("SecretName").text, Folder: importer.CleanFolder(strings.ReplaceAll(e.child("FolderPath").text, `\`, "/")), Source: "delinea",
		TOTP: secret.FromString(strings.TrimSpace(e.child("TotpKey").text)),
	}
	for _, item := range e.child("SecretItems").children {
		if item.name == "SecretItem" {
			item.delineaField(record)
		}
	}
	for _, c := range e.children {
		switch {
		case c.name == "Permissions" && len(c.children) > 0:
			leaveOut(record, importer.PartField, c.name) // who else may see it
		case c.name == "TotpBackupCodes":
			addField(record, "Backup codes", strings.Join(c.texts(), "\n"), true)
		case !delineaKnown[c.name]:
			addField(record, c.name, strings.Join(c.texts(), "\n"), isSecretName(c.name))
		}
	}
	if record.Username == "" && record.Password.IsZero() && record.TOTP.IsZero() && len(record.URLs) == 0 {
		record.Kind = importer.Note
	}
	return record
}

// texts are those of an element and of all in it.
func (e *element) texts() (all []string) {
	if text := strings.TrimSpace(e.text); text != "" {
		all = append(all, text)
	}
	for _, c := range e.children {
		all = append(all, c.texts()...)
	}
	return all
}

// delineaField adds a field by its slug, which is the same in every language; older versions have the name alone.
func (e *element) delineaField(record *importer.Record) {
	name, value := e.child("FieldName").text, e.child("Value").text
	switch slug := strings.ToLower(cmp.Or(e.child("Slug").text, name)); {
	case value == "":
	case slug == "username" && record.Username == "":
		record.Username = value
	case slug == "password" && record.Password.IsZero():
		setPassword(record, value)
	case slug == "url" || slug == "resource url" || slug == "resource-url":
		record.URLs = append(record.URLs, addresses(value)...)
	case slug == "notes":
		record.Notes = importer.JoinNotes(record.Notes, value)
	default:
		addField(record, name, value, isSecretName(name))
	}
}
