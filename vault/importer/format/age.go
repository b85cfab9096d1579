package format

import (
	"archive/tar"
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
func openAge(r io.ReaderAt, size int64) (importer.Source, error) {
	read := func(password secret.Bytes) (iter.Seq[importer.Row], error) {
		if password.IsZero() {
			return nil, importer.ErrPrimaryPasswordNeeded
		}
		items, files, err := unseal(r, size, password)
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
	return &file{info: importer.Info{ID: "age", Browser: "Coffer", Count: -1, Size: size}, read: read}, nil
}

// unseal decrypts the archive as far as its items are concerned, which have to be in memory. Files stay where they are, sealed.
func unseal(r io.ReaderAt, size int64, password secret.Bytes) (items []byte, files *bundle, err error) {
	identity, err := age.NewScryptIdentity(string(password.Reveal()))
	if err != nil {
		return nil, nil, importer.ErrWrongPrimaryPassword
	}
	identity.SetMaxWorkFactor(maxAgeWork)
	plain, length, err := age.DecryptReaderAt(r, size, identity)
	var none *age.NoIdentityMatchError
	if errors.As(err, &none) {
		return nil, nil, importer.ErrWrongPrimaryPassword
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%w: age", importer.ErrMalformed)
	}
	return readTar(plain, length)
}

// readTar finds the items and the files of an archive, whose reader leaps over what it is not asked for.
func readTar(plain io.ReaderAt, length int64) (items []byte, files *bundle, err error) {
	whole := io.NewSectionReader(plain, 0, length)
	archive := tar.NewReader(whole)
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
		case strings.HasSuffix(entry.Name, ".cxf.json") && items == nil:
			if items, err = readCapped(archive); errors.Is(err, importer.ErrTooLarge) {
				return nil, nil, err
			}
			if err != nil {
				return nil, nil, fmt.Errorf("%w: tar", importer.ErrMalformed)
			}
		case len(files.files) >= maxZipEntries || entry.Typeflag != tar.TypeReg:
		default:
			at, err := whole.Seek(0, io.SeekCurrent)
			if err != nil {
				return nil, nil, err
			}
			files.add(importer.File{Name: entry.Name, Size: entry.Size, Open: func() (io.ReadCloser, error) {
				return io.NopCloser(io.NewSectionReader(plain, at, entry.Size)), nil
			}})
		}
	}
}
