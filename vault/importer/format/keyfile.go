package format

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"strings"

	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault/importer"
)

// ErrKeyFile is returned for a key file that says itself that it is damaged.
var ErrKeyFile = errors.New("the key file is damaged")

// TakesKeyFile tells whether a source may be locked with a key file, instead of a password or beside one.
func TakesKeyFile(source importer.Source) bool {
	f, ok := source.(*file)
	return ok && f.withKey != nil
}

// WithKeyFile is a source that is opened with a key file and, unless that is all it takes, a password. The content stays the caller's.
// Errors: ErrKeyFile.
func WithKeyFile(source importer.Source, content []byte) (importer.Source, error) {
	f, ok := source.(*file)
	if !ok || f.withKey == nil {
		return source, nil
	}
	key, err := keyOf(content)
	if err != nil {
		return nil, err
	}
	return f.withKey(secret.New(key)), nil
}

// keyOf is the key in a key file, as KeePass 2 finds it: in XML of version 1 or 2, as 32 bytes, as 64 hexadecimal digits; of any other
// file it is the SHA-256.
func keyOf(content []byte) ([]byte, error) {
	if key, isXML, err := keyInXML(content); isXML {
		return key, err
	}
	if len(content) == kdbxKeySize {
		return bytes.Clone(content), nil
	}
	if key, err := hex.DecodeString(string(content)); err == nil && len(key) == kdbxKeySize {
		return key, nil
	}
	sum := sha256.Sum256(content)
	return sum[:], nil
}

// keyFileXML is a key file of version 1 (base64) or 2 (hexadecimal digits with the first bytes of their SHA-256).
type keyFileXML struct {
	XMLName xml.Name `xml:"KeyFile"`
	Version string   `xml:"Meta>Version"`
	Data    struct {
		Hash string `xml:"Hash,attr"`
		Text string `xml:",chardata"`
	} `xml:"Key>Data"`
}

// keyInXML reads a key file in XML. What is another document is none: then the whole file is hashed.
func keyInXML(content []byte) (key []byte, isXML bool, err error) {
	var f keyFileXML
	if xml.Unmarshal(bytes.TrimPrefix(content, []byte("\ufeff")), &f) != nil || f.Data.Text == "" {
		return nil, false, nil
	}
	text := strings.Join(strings.Fields(f.Data.Text), "")
	if !strings.HasPrefix(f.Version, "2") {
		if key, err = base64.StdEncoding.DecodeString(text); err != nil || len(key) == 0 {
			return nil, true, fmt.Errorf("%w: no base64", ErrKeyFile)
		}
		return key, true, nil
	}
	if key, err = hex.DecodeString(text); err != nil || len(key) != kdbxKeySize {
		return nil, true, fmt.Errorf("%w: not %d bytes", ErrKeyFile, kdbxKeySize)
	}
	sum := sha256.Sum256(key)
	if hash, err := hex.DecodeString(f.Data.Hash); f.Data.Hash != "" && (err != nil || len(hash) == 0 || !bytes.HasPrefix(sum[:], hash)) {
		return nil, true, fmt.Errorf("%w: its hash is another", ErrKeyFile)
	}
	return key, true, nil
}
