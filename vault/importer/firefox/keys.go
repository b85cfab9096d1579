package firefox

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"database/sql"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"

	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/internal/sqlite"
	"github.com/coffer-vault/coffer/vault/importer"
	"github.com/coffer-vault/coffer/vault/importer/internal/cbc"
)

var (
	oidPBES2      = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}
	oidPBKDF2     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 12}
	oidHMACSHA256 = asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 9}
	oidPBESHA3DES = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 5, 1, 3} // until Firefox 71
)

const (
	passwordCheck = "password-check" // what metaData holds under the primary password
	mirrorLabel   = "as-logins-key"
	// Firefox writes 1 or 10,000; more than this would be an attempt to keep us busy.
	maxIterations = 1_000_000
)

// keys are the secret keys of key4.db.
type keys struct {
	byID   map[string][]secret.Bytes // by CKA_ID
	mirror secret.Bytes              // of logins.db; empty if that was never used
}

func (k *keys) wipe() {
	for _, list := range k.byID {
		for _, key := range list {
			key.Wipe()
		}
	}
	k.mirror.Wipe()
}

// openKeys checks the primary password and decrypts the keys.
// Errors: importer.ErrPrimaryPasswordNeeded, importer.ErrWrongPrimaryPassword, importer.ErrMalformed.
func (p *profile) openKeys(ctx context.Context, primaryPassword secret.Bytes) (*keys, error) {
	db, err := p.env.OpenDatabase(ctx, p.file(keysName))
	if err != nil {
		return nil, err
	}
	defer db.Close()
	salt, check, err := readCheck(ctx, db)
	if err != nil {
		return nil, err
	}
	passwordHash := hashPassword(salt, primaryPassword)
	defer passwordHash.Wipe()
	plain, err := openPBE(check, passwordHash)
	switch {
	case err != nil && !errors.Is(err, errWrongKey):
		return nil, err
	case err == nil && string(plain) == passwordCheck:
		return readKeys(ctx, db, passwordHash)
	case primaryPassword.IsZero():
		return nil, importer.ErrPrimaryPasswordNeeded
	}
	return nil, importer.ErrWrongPrimaryPassword
}

func readCheck(ctx context.Context, db *sql.DB) (salt, check []byte, err error) {
	if err := requireColumns(ctx, db, "metaData", "id", "item1", "item2"); err != nil {
		return nil, nil, err
	}
	err = db.QueryRowContext(ctx, `SELECT item1, item2 FROM metaData WHERE id = 'password'`).Scan(&salt, &check)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: metaData: %w", importer.ErrMalformed, err)
	}
	return salt, check, nil
}

// readKeys decrypts every object that has a value. One that does not open is left out: its rows will say so.
func readKeys(ctx context.Context, db *sql.DB, passwordHash secret.Bytes) (*keys, error) {
	// Attributes are columns, named by their number in PKCS #11: a3 CKA_LABEL, a11 CKA_VALUE, a102 CKA_ID.
	if err := requireColumns(ctx, db, "nssPrivate", "a3", "a11", "a102"); err != nil {
		return nil, err
	}
	rows, err := db.QueryContext(ctx, `SELECT a3, a11, a102 FROM nssPrivate WHERE a11 IS NOT NULL`)
	if err != nil {
		return nil, fmt.Errorf("%w: nssPrivate: %w", importer.ErrMalformed, err)
	}
	defer rows.Close()
	k := &keys{byID: map[string][]secret.Bytes{}}
	for rows.Next() {
		var label, value, id []byte
		if err := rows.Scan(&label, &value, &id); err != nil {
			return nil, fmt.Errorf("%w: nssPrivate: %w", importer.ErrMalformed, err)
		}
		key, err := openPBE(value, passwordHash)
		switch {
		case err != nil:
		case string(label) == mirrorLabel:
			k.mirror = secret.New(key)
		default:
			k.byID[string(id)] = append(k.byID[string(id)], secret.New(key))
		}
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("%w: nssPrivate: %w", importer.ErrMalformed, err)
	}
	return k, nil
}

func requireColumns(ctx context.Context, db *sql.DB, table string, columns ...string) error {
	present, err := sqlite.Columns(ctx, db, table)
	if err != nil {
		return fmt.Errorf("%w: %w", importer.ErrMalformed, err)
	}
	for _, column := range columns {
		if !slices.Contains(present, column) {
			return fmt.Errorf("%w: %s has no column %q", importer.ErrMalformed, table, column)
		}
	}
	return nil
}

// hashPassword is the first step of every key: SHA-1, or with the longer salt of newer databases SHA-384, of salt and password.
func hashPassword(salt []byte, password secret.Bytes) secret.Bytes {
	input := slices.Concat(salt, password.Reveal())
	defer clear(input)
	if len(salt) == sha512.Size384 {
		sum := sha512.Sum384(input)
		return secret.New(sum[:])
	}
	sum := sha1.Sum(input)
	return secret.New(sum[:])
}

var errWrongKey = errors.New("the key does not fit")

// openPBE decrypts SEQUENCE { algorithm, ciphertext } under the hashed password (PKCS #5).
// Errors: errWrongKey; importer.ErrMalformed for anything but the two schemes that NSS has written.
func openPBE(der []byte, passwordHash secret.Bytes) ([]byte, error) {
	var sealed struct {
		Algorithm algorithm
		Data      []byte
	}
	if !unmarshalDER(der, &sealed) {
		return nil, fmt.Errorf("%w: encrypted value", importer.ErrMalformed)
	}
	var block cipher.Block
	var iv []byte
	var err error
	switch parameters := sealed.Algorithm.Parameters.FullBytes; {
	case sealed.Algorithm.OID.Equal(oidPBES2):
		block, iv, err = pbes2(parameters, passwordHash)
	case sealed.Algorithm.OID.Equal(oidPBESHA3DES):
		block, iv, err = pbeTripleDES(parameters, passwordHash)
	default:
		err = fmt.Errorf("%w: encryption scheme %s", importer.ErrMalformed, sealed.Algorithm.OID)
	}
	if err != nil {
		return nil, err
	}
	plain, ok := cbc.Open(block, iv, sealed.Data)
	if !ok {
		return nil, errWrongKey
	}
	return plain, nil
}

// pbes2 is PBKDF2 with HMAC-SHA-256 and AES-256-CBC (RFC 8018, 6.2).
func pbes2(parameters []byte, passwordHash secret.Bytes) (cipher.Block, []byte, error) {
	var scheme struct{ Derivation, Encryption algorithm }
	var derivation struct {
		Salt       []byte
		Iterations int
		KeySize    int       `asn1:"optional"`
		PRF        algorithm `asn1:"optional"`
	}
	if !unmarshalDER(parameters, &scheme) || !unmarshalDER(scheme.Derivation.Parameters.FullBytes, &derivation) {
		return nil, nil, fmt.Errorf("%w: PBES2 parameters", importer.ErrMalformed)
	}
	if !scheme.Derivation.OID.Equal(oidPBKDF2) || !derivation.PRF.OID.Equal(oidHMACSHA256) || !scheme.Encryption.OID.Equal(oidAES256) {
		return nil, nil, fmt.Errorf("%w: PBES2 algorithms", importer.ErrMalformed)
	}
	if derivation.Iterations < 1 || derivation.Iterations > maxIterations {
		return nil, nil, fmt.Errorf("%w: %d iterations", importer.ErrMalformed, derivation.Iterations)
	}
	key, err := pbkdf2.Key(sha256.New, string(passwordHash.Reveal()), derivation.Salt, derivation.Iterations, sha256.Size)
	if err != nil {
		return nil, nil, err
	}
	defer clear(key)
	block, err := aes.NewCipher(key)
	return block, initialVector(scheme.Encryption.Parameters), err
}

// initialVector undoes a quirk of NSS: it writes 14 random bytes as an OCTET STRING and takes the whole encoding, 04 0e and
// the bytes, for the 16 bytes of the IV.
func initialVector(octets asn1.RawValue) []byte {
	if len(octets.FullBytes) == aes.BlockSize {
		return octets.FullBytes
	}
	return octets.Bytes
}

// pbeTripleDES is the scheme of the first key4.db, which is not that of PKCS #12 in spite of its name: PBKDF1 with SHA-1,
// extended to 40 bytes with HMAC (nsspkcs5_PBKDF1Extended in NSS's lowpbe.c). NSS wrote it with one iteration only.
func pbeTripleDES(parameters []byte, passwordHash secret.Bytes) (cipher.Block, []byte, error) {
	var p struct {
		Salt       []byte
		Iterations int
	}
	if !unmarshalDER(parameters, &p) || p.Iterations != 1 || len(p.Salt) > sha1.Size {
		return nil, nil, fmt.Errorf("%w: PBE parameters", importer.ErrMalformed)
	}
	paddedSalt := make([]byte, sha1.Size)
	copy(paddedSalt, p.Salt)
	hash := sha1.Sum(slices.Concat(passwordHash.Reveal(), p.Salt))
	mac := func(parts ...[]byte) []byte {
		h := hmac.New(sha1.New, hash[:])
		for _, part := range parts {
			h.Write(part)
		}
		return h.Sum(nil)
	}
	derived := slices.Concat(mac(paddedSalt, p.Salt), mac(mac(paddedSalt), p.Salt))
	defer clear(derived)
	const keySize = 24
	block, err := des.NewTripleDESCipher(derived[:keySize])
	iv := slices.Clone(derived[len(derived)-des.BlockSize:])
	return block, iv, err
}
