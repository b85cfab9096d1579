package format

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
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
		return files.rows(rows), nil
	}
	return &file{info: importer.Info{ID: "age", Browser: "Coffer", Count: -1}, read: read}, nil
}

// unseal decrypts the archive into memory. A file that there is no room for is named, and has no content.
func unseal(data []byte, password secret.Bytes) (items []byte, files *bundle, err error) {
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
	archive, left := tar.NewReader(plain), int64(MaxFile)
	files = &bundle{}
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
		case len(files.files) >= maxZipEntries || entry.Typeflag != tar.TypeReg:
		case entry.Size > min(left, importer.MaxFile):
			files.add(importer.File{Name: entry.Name})
		default:
			content, err := io.ReadAll(archive)
			if err != nil {
				return nil, nil, fmt.Errorf("%w: tar", importer.ErrMalformed)
			}
			left -= int64(len(content))
			files.add(importer.NewFile(entry.Name, content))
		}
	}
}
