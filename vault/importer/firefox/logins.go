package firefox

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"database/sql"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/coffer-vault/coffer/vault/importer"
	"github.com/coffer-vault/coffer/vault/importer/internal/cbc"
)

var (
	oidTripleDES = asn1.ObjectIdentifier{1, 2, 840, 113549, 3, 7}                 // des-ede3-cbc, until 2025
	oidAES256    = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 42}         // aes256-CBC
	jweHeader    = base64.RawURLEncoding.EncodeToString([]byte(jweAlgorithmJSON)) // as Firefox writes it
)

const jweAlgorithmJSON = `{"alg":"dir","enc":"A256GCM"}`

// parseLogins reads logins.json.
func parseLogins(data []byte) ([]login, error) {
	var file struct {
		Logins []json.RawMessage `json:"logins"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		return nil, fmt.Errorf("%w: not a JSON object with logins", importer.ErrMalformed)
	}
	logins := make([]login, 0, len(file.Logins))
	for _, entry := range file.Logins {
		logins = append(logins, parseLogin(entry))
	}
	return logins, nil
}

func parseLogin(entry json.RawMessage) login {
	var stored struct {
		GUID                string `json:"guid"`
		Hostname            string `json:"hostname"`
		HTTPRealm           string `json:"httpRealm"`
		EncryptedUsername   string `json:"encryptedUsername"`
		EncryptedPassword   string `json:"encryptedPassword"`
		TimeCreated         int64  `json:"timeCreated"`
		TimeLastUsed        int64  `json:"timeLastUsed"`
		TimePasswordChanged int64  `json:"timePasswordChanged"`
		Deleted             bool   `json:"deleted"`
	}
	if err := json.Unmarshal(entry, &stored); err != nil {
		return login{malformed: true}
	}
	return login{
		guid: stored.GUID, origin: stored.Hostname, realm: stored.HTTPRealm, deleted: stored.Deleted,
		created: stored.TimeCreated, lastUsed: stored.TimeLastUsed, changed: stored.TimePasswordChanged,
		open: func(k *keys) (username, password []byte, reason importer.Reason) {
			if username, reason = k.openValue(stored.EncryptedUsername); reason != "" {
				return nil, nil, reason
			}
			password, reason = k.openValue(stored.EncryptedPassword)
			return username, password, reason
		},
	}
}

// algorithm is an AlgorithmIdentifier (RFC 5280, 4.1.1.2).
type algorithm struct {
	OID        asn1.ObjectIdentifier
	Parameters asn1.RawValue `asn1:"optional"`
}

// openValue decrypts one base64 value of logins.json: SEQUENCE { keyId, algorithm with IV, ciphertext }.
// The algorithm is decided for each value, since values are not encrypted anew when Firefox changes it.
func (k *keys) openValue(value string) ([]byte, importer.Reason) {
	var sealed struct {
		KeyID     []byte
		Algorithm algorithm
		Data      []byte
	}
	der, err := base64.StdEncoding.DecodeString(value)
	if err != nil || !unmarshalDER(der, &sealed) {
		return nil, importer.ReasonMalformed
	}
	var newCipher func(key []byte) (cipher.Block, error)
	var keySize int
	switch {
	case sealed.Algorithm.OID.Equal(oidAES256):
		newCipher, keySize = aes.NewCipher, 32
	case sealed.Algorithm.OID.Equal(oidTripleDES):
		newCipher, keySize = des.NewTripleDESCipher, 24
	default:
		return nil, importer.ReasonNewerScheme
	}
	reason := importer.ReasonKeyUnavailable
	for _, key := range k.byID[string(sealed.KeyID)] {
		if key.Len() != keySize {
			continue // of the other algorithm: after a change both have the same id
		}
		block, err := newCipher(key.Reveal())
		if err != nil {
			continue
		}
		if plain, ok := cbc.Open(block, sealed.Algorithm.Parameters.Bytes, sealed.Data); ok && utf8.Valid(plain) {
			return plain, ""
		}
		reason = importer.ReasonUndecryptable
	}
	return nil, reason
}

func unmarshalDER(der []byte, into any) bool {
	rest, err := asn1.Unmarshal(der, into)
	return err == nil && len(rest) == 0
}

// mirrorLogins reads logins.db: loginsL are those of this device, loginsM what the server holds unless overridden here.
func (p *profile) mirrorLogins(ctx context.Context) ([]login, error) {
	db, err := p.env.OpenDatabase(ctx, p.file(mirrorName))
	if err != nil {
		return nil, err
	}
	defer db.Close()
	logins, err := readMirrorTable(ctx, db, "loginsL", "is_deleted")
	if err != nil {
		return nil, err
	}
	onServer, err := readMirrorTable(ctx, db, "loginsM", "is_overridden")
	if err != nil {
		return nil, err
	}
	// An overridden row has one with the same guid in loginsL.
	onServer = slices.DeleteFunc(onServer, func(l login) bool { return l.deleted })
	return append(logins, onServer...), nil
}

// readMirrorTable reads one table; what the column hidden marks comes out as deleted.
func readMirrorTable(ctx context.Context, db *sql.DB, table, hidden string) (logins []login, err error) {
	columns := []string{"guid", "origin", "httpRealm", "secFields", "timeCreated", "timeLastUsed", "timePasswordChanged", hidden}
	if err := requireColumns(ctx, db, table, columns...); err != nil {
		return nil, err
	}
	rows, err := db.QueryContext(ctx, `SELECT `+strings.Join(columns, ", ")+` FROM `+table)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", importer.ErrMalformed, table, err)
	}
	defer rows.Close()
	for rows.Next() {
		var guid, origin, realm, sealed sql.NullString
		var created, lastUsed, changed, isHidden sql.NullInt64
		if err := rows.Scan(&guid, &origin, &realm, &sealed, &created, &lastUsed, &changed, &isHidden); err != nil {
			logins = append(logins, login{malformed: true})
			continue
		}
		logins = append(logins, login{
			guid: guid.String, origin: origin.String, realm: realm.String, deleted: isHidden.Int64 != 0,
			created: created.Int64, lastUsed: lastUsed.Int64, changed: changed.Int64,
			open: func(k *keys) (username, password []byte, reason importer.Reason) { return k.openJWE(sealed.String) },
		})
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", importer.ErrMalformed, table, err)
	}
	return logins, nil
}

// openJWE decrypts the fields of a row of logins.db: a compact JWE (RFC 7516) with direct encryption by A256GCM.
func (k *keys) openJWE(token string) (username, password []byte, reason importer.Reason) {
	parts := strings.Split(token, ".")
	if len(parts) != 5 {
		return nil, nil, importer.ReasonMalformed
	}
	if parts[0] != jweHeader || parts[1] != "" {
		return nil, nil, importer.ReasonNewerScheme
	}
	var decoded [3][]byte // nonce, ciphertext, tag
	for i := range decoded {
		var err error
		if decoded[i], err = base64.RawURLEncoding.DecodeString(parts[i+2]); err != nil {
			return nil, nil, importer.ReasonMalformed
		}
	}
	return k.openGCM(decoded[0], slices.Concat(decoded[1], decoded[2]), []byte(parts[0]))
}

func (k *keys) openGCM(nonce, sealed, header []byte) (username, password []byte, reason importer.Reason) {
	if k.mirror.IsZero() {
		return nil, nil, importer.ReasonKeyUnavailable
	}
	block, err := aes.NewCipher(k.mirror.Reveal())
	if err != nil {
		return nil, nil, importer.ReasonKeyUnavailable
	}
	aead, err := cipher.NewGCM(block)
	if err != nil || len(nonce) != aead.NonceSize() {
		return nil, nil, importer.ReasonMalformed
	}
	plain, err := aead.Open(nil, nonce, sealed, header)
	if err != nil {
		return nil, nil, importer.ReasonUndecryptable
	}
	defer clear(plain)
	var fields struct {
		Username string `json:"u"`
		Password string `json:"p"`
	}
	if err := json.Unmarshal(plain, &fields); err != nil {
		return nil, nil, importer.ReasonMalformed
	}
	return []byte(fields.Username), []byte(fields.Password), ""
}
