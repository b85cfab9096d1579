package format

import (
	"fmt"
	"slices"
	"strings"

	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault/importer"
)

// ErrUnknownTable is ErrUnknownFormat for a table whose columns a person can say: ReadTable reads it.
var ErrUnknownTable = fmt.Errorf("%w: a table with columns of unknown names", ErrUnknownFormat)

// Target is what a column of a table holds.
type Target string

// The targets of columns.
const (
	ToTitle    Target = "title"
	ToUsername Target = "username"
	ToPassword Target = "password"
	ToURL      Target = "url"
	ToNotes    Target = "notes"
	ToTOTP     Target = "totp"
	ToFolder   Target = "folder"
	ToTags     Target = "tags"
	ToField    Target = "field"   // a field with the name of the column
	ToNothing  Target = "nothing" // left out, because a person said so
)

// Targets are all, in the order in which they are offered.
var Targets = []Target{ToTitle, ToUsername, ToPassword, ToURL, ToNotes, ToTOTP, ToFolder, ToTags, ToField, ToNothing}

// tableSample is how many rows of a table are shown to whoever says what its columns hold.
const tableSample = 3

// Table is a table of a program that is not known.
type Table struct {
	Header []string
	Sample [][]string // the first rows, each as long as the header
	data   []byte
	comma  rune
}

// ReadTable reads the header and the first rows of a table with commas, semicolons or tabs. The data stays the caller's.
// Errors: ErrUnknownFormat for what is no table of two columns and a row at least.
func ReadTable(data []byte) (*Table, error) {
	data = withoutSeparatorLine(withUsualLines(asUTF8(data)))
	var best *Table
	for _, comma := range separators {
		t := &Table{data: data, comma: comma}
		reader := newReaderOf(data, comma)
		header, err := reader.Read()
		if err != nil || len(header) < 2 || best != nil && len(header) <= len(best.Header) {
			continue
		}
		for _, name := range header {
			t.Header = append(t.Header, strings.ToValidUTF8(strings.TrimSpace(name), "\uFFFD"))
		}
		for len(t.Sample) < tableSample {
			cells, err := reader.Read()
			if err != nil || len(cells) != len(header) {
				break
			}
			t.Sample = append(t.Sample, cells)
		}
		if len(t.Sample) > 0 {
			best = t
		}
	}
	if best == nil {
		return nil, ErrUnknownFormat
	}
	return best, nil
}

// columnNames are the names that columns have in tables of seven languages, by what they hold, the plainest first.
var columnNames = map[Target][]string{
	ToTitle: {
		"title", "name", "nickname", "account", "site name", "entry", "entry name", "item name", "secret name", "password name", "display name", "label",
		"titel", "bezeichnung", "titre", "nom", "título", "nombre", "titolo", "nome", "naam", "タイトル", "名前",
	},
	ToUsername: {
		"username", "user name", "user", "login", "login name", "login username", "user id", "userid", "username value", "account name", "email", "e-mail",
		"email address", "mail", "benutzername", "benutzer", "anmeldename", "nutzername", "e-mail-adresse", "identifiant", "utilisateur",
		"nom d'utilisateur", "adresse e-mail", "usuario", "nombre de usuario", "correo electrónico", "utente", "nome utente", "gebruikersnaam",
		"gebruiker", "ユーザー名", "ユーザ名", "ユーザー", "メール",
	},
	ToPassword: {
		"password", "pass", "pwd", "login password", "password value", "secret", "passwort", "kennwort", "mot de passe", "contraseña", "clave",
		"wachtwoord", "パスワード",
	},
	ToURL: {
		"url", "website", "web site", "website url", "website address", "web address", "site", "site url", "uri", "link", "login url", "login urls", "login uri",
		"origin url", "hostname", "domain", "web page", "webmail", "web", "address", "webseite", "internetseite", "internetadresse", "adresse", "site web", "sitio web",
		"dirección", "sito", "sito web", "indirizzo", "webadres", "サイト",
	},
	ToNotes: {
		"notes", "note", "comments", "comment", "extra", "description", "memo", "message", "remarks", "additional info", "notizen", "notiz", "bemerkung", "bemerkungen",
		"kommentar", "kommentare", "beschreibung", "informationen", "remarque", "remarques", "commentaire", "commentaires", "notas", "nota", "comentario",
		"comentarios", "commento", "commenti", "notities", "notitie", "opmerking", "opmerkingen", "メモ", "備考",
	},
	ToTOTP: {
		"totp", "otp", "otpauth", "2fa", "authenticator key", "one-time code", "one-time password", "totp key", "totp secret", "login totp", "two-factor",
		"2fa secret", "twofa secret", "one-time passwort",
	},
	ToFolder: {
		"folder", "folder name", "folder path", "group", "group name", "category", "grouping", "password list", "tree path", "ordner", "gruppe",
		"kategorie", "dossier", "groupe", "catégorie", "carpeta", "grupo", "categoría", "cartella", "gruppo", "categoria", "map", "groep", "categorie",
		"フォルダー", "グループ",
	},
	ToTags: {"tags", "labels", "tag", "schlagwörter", "étiquettes", "etiquetas", "etichette", "タグ"},
}

// columnKeys are columnNames as columnKey compares them.
var columnKeys = func() map[Target]map[string]bool {
	all := map[Target]map[string]bool{}
	for target, names := range columnNames {
		all[target] = map[string]bool{}
		for _, name := range names {
			all[target][columnKey(name)] = true
		}
	}
	return all
}()

// isColumn tells whether a column of this name holds that.
func isColumn(target Target, name string) bool { return columnKeys[target][columnKey(name)] }

// Guess says what the columns hold, by their names: each thing once, all else a field.
func (t *Table) Guess() []Target {
	targets, taken := make([]Target, len(t.Header)), map[Target]bool{}
	for i, name := range t.Header {
		targets[i] = ToField
		for _, target := range Targets {
			if !taken[target] && isColumn(target, name) {
				targets[i], taken[target] = target, true
				break
			}
		}
	}
	return targets
}

// Source is the table with what a person says of its columns, in their order.
func (t *Table) Source(targets []Target) importer.Source {
	targets = slices.Clone(targets)
	var required []string
	for i, target := range targets {
		if target == ToUsername || target == ToPassword || target == ToURL {
			required = append(required, t.Header[i])
		}
	}
	mapped := &table{required: required, id: "csv", name: "CSV", comma: t.comma, record: func(c *row) *importer.Record { return mappedRow(c, targets) }}
	return mapped.open(t.data, headerOf(t.Header))
}

// mappedRow makes a record of the cells of a row. Of two columns for one thing the second becomes a field.
func mappedRow(c *row, targets []Target) *importer.Record {
	record := &importer.Record{}
	for i, cell := range c.cells {
		if c.used[i] = true; cell != "" && i < len(targets) && !place(record, targets[i], cell) {
			addField(record, columnName(c.names[i], i), cell, targets[i] == ToPassword || targets[i] == ToTOTP || isSecretName(c.names[i]))
		}
	}
	return record
}

// place puts a value where it belongs; false where something is already.
func place(record *importer.Record, target Target, value string) bool {
	text := map[Target]*string{ToTitle: &record.Title, ToUsername: &record.Username, ToFolder: &record.Folder}[target]
	hidden := map[Target]*secret.Bytes{ToPassword: &record.Password, ToTOTP: &record.TOTP}[target]
	switch {
	case text != nil && *text == "":
		*text = value
	case hidden != nil && hidden.IsZero():
		*hidden = secret.FromString(value)
	case target == ToURL:
		record.URLs = append(record.URLs, addresses(value)...)
	case target == ToNotes:
		record.Notes = importer.JoinNotes(record.Notes, value)
	case target == ToTags:
		record.Tags = append(record.Tags, list(value, ",;")...)
	default:
		return target == ToNothing
	}
	return true
}
