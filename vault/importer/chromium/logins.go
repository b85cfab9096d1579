package chromium

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/internal/sqlite"
	"github.com/coffer-vault/coffer/vault/importer"
)

// login is a row of the table "logins", still encrypted.
type login struct {
	id                               int64
	originURL, signonRealm           string
	username                         string
	usernameElement, passwordElement string
	password                         []byte
	federationURL                    string
	scheme, blacklisted              int64
	created, modified, lastUsed      int64 // µs since 1601
}

// loginColumns are the columns read, in the order that scanLogin expects. The table grew over the years: what an older browser
// lacks reads as NULL, but without the first three it is no table of logins.
var loginColumns = []string{
	"origin_url", "username_value", "password_value",
	"id", "signon_realm", "username_element", "password_element", "federation_url", "scheme", "blacklisted_by_user",
	"date_created", "date_password_modified", "date_last_used",
}

const requiredColumns = 3

func countLogins(ctx context.Context, env importer.Environment, file string) (n int, err error) {
	db, err := env.OpenDatabase(ctx, file)
	if err != nil {
		return 0, err
	}
	defer db.Close()
	if _, err := selectLogins(ctx, db); err != nil {
		return 0, err
	}
	rows, err := db.QueryContext(ctx, `SELECT 1 FROM logins`) // count() is a function, and those are off in an image
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for rows.Next() {
		n++
	}
	return n, rows.Err()
}

// readFile yields the rows of one login file. more is false when the reader wants no more of them.
func (p *profile) readFile(ctx context.Context, file string, keys *keyring, yield func(importer.Row, error) bool) (more bool, err error) {
	db, err := p.env.OpenDatabase(ctx, file)
	if err != nil {
		return true, err
	}
	defer db.Close()
	notes, notesErr := readNotes(ctx, db) // damaged notes do not keep the passwords back
	query, err := selectLogins(ctx, db)
	if err != nil {
		return true, malformed(ctx, err)
	}
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return true, malformed(ctx, err)
	}
	defer rows.Close()
	for rows.Next() {
		values, err := scan(rows, len(loginColumns))
		if err != nil {
			return true, malformed(ctx, err)
		}
		l := newLogin(values)
		for _, row := range p.decode(ctx, l, notes[l.id], keys) {
			if !yield(row, nil) {
				return false, nil
			}
		}
	}
	return true, malformed(ctx, errors.Join(rows.Err(), notesErr))
}

// malformed classes what goes wrong while an image in memory is read: unless the caller gave up, it is damage.
func malformed(ctx context.Context, err error) error {
	if err == nil || ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("%w: %w", importer.ErrMalformed, err)
}

func selectLogins(ctx context.Context, db *sql.DB) (query string, err error) {
	present, err := sqlite.Columns(ctx, db, "logins")
	if err != nil {
		return "", err
	}
	selected := make([]string, len(loginColumns))
	for i, column := range loginColumns {
		selected[i] = column
		if slices.Contains(present, column) {
			continue
		}
		if i < requiredColumns {
			return "", fmt.Errorf("no column %q", column)
		}
		selected[i] = "NULL"
	}
	return "SELECT " + strings.Join(selected, ", ") + " FROM logins", nil
}

// readNotes returns the encrypted notes by the id of their login; browsers before 2022 have none.
func readNotes(ctx context.Context, db *sql.DB) (map[int64][][]byte, error) {
	present, err := sqlite.Columns(ctx, db, "password_notes")
	if err != nil || !slices.Contains(present, "parent_id") || !slices.Contains(present, "value") {
		return nil, err
	}
	rows, err := db.QueryContext(ctx, `SELECT parent_id, value FROM password_notes`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	notes := map[int64][][]byte{}
	for rows.Next() {
		values, err := scan(rows, 2)
		if err != nil {
			return notes, err
		}
		if note := values.bytes(1); len(note) > 0 {
			notes[values.integer(0)] = append(notes[values.integer(0)], note)
		}
	}
	return notes, rows.Err()
}

// decode turns a login into its rows: one, and one more for each note that cannot be read.
func (p *profile) decode(ctx context.Context, l login, notes [][]byte, keys *keyring) []importer.Row {
	row := importer.Row{ID: l.sourceID(), Site: importer.Site(l.address())}
	if l.blacklisted != 0 {
		row.Reason = importer.ReasonNeverSave
		return []importer.Row{row}
	}
	if !l.isText() {
		row.Site, row.Reason = "", importer.ReasonMalformed
		return []importer.Row{row}
	}
	password, reason := keys.open(ctx, l.password)
	if reason != "" {
		row.Reason, row.Username = reason, l.username
		return []importer.Row{row}
	}
	record := l.record(p.info.ID, row)
	record.Password = secret.New(password)
	rows := []importer.Row{row}
	for _, sealed := range notes {
		note, reason := keys.open(ctx, sealed)
		if reason != "" {
			rows = append(rows, importer.Row{ID: row.ID + "/note", Site: row.Site, Reason: reason, Username: l.username})
		}
		record.Notes = importer.JoinNotes(record.Notes, string(note))
	}
	if record.Username == "" && len(password) == 0 && record.Notes == "" {
		rows[0].Reason = importer.ReasonEmpty
	} else {
		rows[0].Record = record
	}
	return rows
}

func (l login) record(source string, row importer.Row) *importer.Record {
	record := &importer.Record{
		Kind: importer.Login, Title: row.Site, URLs: []string{l.address()}, Username: l.username, Realm: l.realm(),
		Created: chromeTime(l.created), PasswordChanged: chromeTime(l.modified), LastUsed: chromeTime(l.lastUsed),
		Source: source, SourceID: row.ID,
	}
	if l.federationURL != "" {
		record.Notes = "signs in with " + importer.Site(l.federationURL)
	}
	return record
}

// address is where the login was saved. Those of Android applications are android://<hash of the signing key>@<package>/.
func (l login) address() string {
	address := l.originURL
	if address == "" {
		address = l.signonRealm
	}
	if strings.HasPrefix(address, "android://") {
		return importer.Origin(address)
	}
	return address
}

// realm is the realm of HTTP authentication, which signon_realm holds after the origin.
func (l login) realm() string {
	const formScheme = 0
	if l.scheme == formScheme {
		return ""
	}
	_, rest, _ := strings.Cut(l.signonRealm, "://")
	_, realm, _ := strings.Cut(rest, "/")
	return realm
}

// sourceID identifies the login by what is unique in the table: the same on every device, and never that of another login,
// unlike the row's number, which begins anew when a profile does.
func (l login) sourceID() string {
	hash := sha256.New()
	for _, part := range []string{l.originURL, l.usernameElement, l.username, l.passwordElement, l.signonRealm} {
		hash.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
		hash.Write([]byte(part))
	}
	return hex.EncodeToString(hash.Sum(nil)[:16])
}

func (l login) isText() bool {
	return utf8.ValidString(l.originURL) && utf8.ValidString(l.signonRealm) && utf8.ValidString(l.username) && utf8.ValidString(l.federationURL)
}

// chromeTime converts microseconds since 1601, the epoch of Windows; 0 and what no calendar shows are unknown.
func chromeTime(micros int64) time.Time {
	const from1601To1970 = 11644473600 * 1e6
	t := time.UnixMicro(micros - from1601To1970).UTC()
	if micros <= 0 || t.Year() > 9999 {
		return time.Time{}
	}
	return t
}

func newLogin(v values) login {
	return login{
		originURL: v.text(0), username: v.text(1), password: v.bytes(2),
		id: v.integer(3), signonRealm: v.text(4), usernameElement: v.text(5), passwordElement: v.text(6),
		federationURL: v.text(7), scheme: v.integer(8), blacklisted: v.integer(9),
		created: v.integer(10), modified: v.integer(11), lastUsed: v.integer(12),
	}
}

// values is a row as SQLite stores it: any column may hold a value of any type.
type values []any

func scan(rows *sql.Rows, n int) (values, error) {
	v, targets := make(values, n), make([]any, n)
	for i := range v {
		targets[i] = &v[i]
	}
	return v, rows.Scan(targets...)
}

func (v values) text(i int) string { return string(v.bytes(i)) }

func (v values) bytes(i int) []byte {
	switch value := v[i].(type) {
	case []byte:
		return value
	case string:
		return []byte(value)
	}
	return nil
}

func (v values) integer(i int) int64 {
	n, _ := v[i].(int64)
	return n
}
