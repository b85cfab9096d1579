package format

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"path"
	"strings"

	"filippo.io/age"

	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault/importer"
)

var ageSignature = []byte("age-encryption.org/v1\n")

// maxAgeWork is the most that the key derivation of an archive may cost: 2^22 is four times what age chooses on a fast computer.
const maxAgeWork = 22

// openAge opens an archive of Coffer, encrypted with age under a password: a tar with the items as CXF, and the attached files.
func openAge(data []byte) (importer.Source, error) {
	read := func(password secret.Bytes) (iter.Seq[importer.Row], error) {
		if password.IsZero() {
			return nil, importer.ErrPrimaryPasswordNeeded
		}
		items, files, err := unseal(data, password)
		if err != nil {
			return nil, err
		}
		inner, err := openText(items)
		if err != nil {
			return nil, err
		}
		rows, err := inner.(*file).read(secret.Bytes{})
		if err != nil {
			return nil, err
		}
		return joinRows(rows, files), nil
	}
	return &file{info: importer.Info{ID: "age", Browser: "Coffer", Count: -1}, read: read}, nil
}

// unseal decrypts the archive. Attached files are not kept, but named.
func unseal(data []byte, password secret.Bytes) (items []byte, files []importer.Row, err error) {
	identity, err := age.NewScryptIdentity(string(password.Reveal()))
	if err != nil {
		return nil, nil, importer.ErrWrongPrimaryPassword
	}
	identity.SetMaxWorkFactor(maxAgeWork)
	plain, err := age.Decrypt(bytes.NewReader(data), identity)
	var none *age.NoIdentityMatchError
	if errors.As(err, &none) {
		return nil, nil, importer.ErrWrongPrimaryPassword
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%w: age", importer.ErrMalformed)
	}
	archive := tar.NewReader(plain)
	for {
		entry, err := archive.Next()
		switch {
		case err == io.EOF && items == nil:
			return nil, nil, ErrUnknownFormat
		case err == io.EOF:
			return items, files, nil
		case err != nil:
			return nil, nil, fmt.Errorf("%w: tar", importer.ErrMalformed)
		case strings.HasSuffix(entry.Name, ".cxf.json"):
			if items, err = io.ReadAll(io.LimitReader(archive, MaxFile)); err != nil {
				return nil, nil, fmt.Errorf("%w: tar", importer.ErrMalformed)
			}
		case len(files) < maxZipEntries:
			files = append(files, importer.Row{ID: entry.Name, Site: path.Base(entry.Name), Reason: importer.ReasonFile})
		}
	}
}
