// Package format reads the files that browsers and other password managers export. The format is told by the content, never
// by the file's name.
package format

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault/importer"
)

// MaxFile is the most that is held in memory of a file, in bytes: all of one that is no archive, of an archive the document in it.
const MaxFile = 256 << 20

// MaxArchive is the largest archive that is opened, in bytes.
const MaxArchive = 64 << 30

var (
	// ErrUnknownFormat is returned for a file that is no export Coffer knows.
	ErrUnknownFormat = errors.New("not a known export format")
	// ErrEncryptedExport is returned for an export that is encrypted in a way that only its own program opens.
	ErrEncryptedExport = errors.New("the export is encrypted, and only its own program opens it")
	// ErrAccountRestricted is returned for a Bitwarden export that only the account that made it can open.
	ErrAccountRestricted = errors.New("the export can be opened only by the account that made it")
)

// Open finds out the format of an exported file and returns its rows as a source. The data stays the caller's.
// Errors: ErrUnknownFormat, ErrAccountRestricted, ErrEncryptedExport, importer.ErrTooLarge, importer.ErrMalformed.
func Open(data []byte) (importer.Source, error) {
	switch {
	case isArchive(data):
		return openArchive(data, bytes.NewReader(data), int64(len(data)))
	case len(data) > MaxFile:
		return nil, fmt.Errorf("%w: %d bytes", importer.ErrTooLarge, len(data))
	}
	return openText(data)
}

// isArchive tells by the first bytes of a file whether it is of the kind that is read where it is.
func isArchive(begin []byte) bool {
	return bytes.HasPrefix(begin, zipSignature) || bytes.HasPrefix(begin, kdbxSignature) || bytes.HasPrefix(begin, ageSignature)
}

func openArchive(begin []byte, r io.ReaderAt, size int64) (importer.Source, error) {
	switch {
	case size > MaxArchive:
		return nil, fmt.Errorf("%w: %d bytes", importer.ErrTooLarge, size)
	case bytes.HasPrefix(begin, zipSignature):
		return openZip(r, size)
	case bytes.HasPrefix(begin, kdbxSignature):
		return openKDBX(r, size)
	}
	return openAge(r, size)
}

func openText(data []byte) (importer.Source, error) {
	data = asUTF8(data)
	trimmed := bytes.TrimLeft(data, " \t\r\n")
	switch {
	case isOnePIF(trimmed):
		return openOnePIF(trimmed)
	case len(trimmed) > 0 && (trimmed[0] == '{' || trimmed[0] == '['):
		return openJSON(trimmed)
	case bytes.HasPrefix(trimmed, pgpMessage):
		return openPGP(trimmed)
	case len(trimmed) > 0 && trimmed[0] == '<':
		return openXML(trimmed)
	case isKaspersky(trimmed):
		return openKaspersky(trimmed)
	}
	return openCSV(data)
}

func openXML(data []byte) (importer.Source, error) {
	switch {
	case isSafeInCloud(data):
		return openSafeInCloud(data)
	case isPasswordDepot(data):
		return openPasswordDepot(data)
	case isPasswordSafe(data):
		return openPasswordSafe(data)
	case isDelinea(data):
		return openDelinea(data)
	case isKeePass1(data):
		return openKeePass1(data)
	}
	return openKeePassXML(data)
}

// file is an importer.Source whose rows are known. The password is needed to get at them, if at all.
type file struct {
	info importer.Info
	read func(password secret.Bytes) (iter.Seq[importer.Row], error)
	// withKey is the source with the key of a key file; nil where there are none.
	withKey func(key secret.Bytes) importer.Source
}

func (f *file) Info() importer.Info { return f.info }

func (f *file) Rows(ctx context.Context, password secret.Bytes) iter.Seq2[importer.Row, error] {
	return func(yield func(importer.Row, error) bool) {
		rows, err := f.read(password)
		if err != nil {
			yield(importer.Row{}, err)
			return
		}
		for row := range rows {
			if ctx.Err() != nil {
				yield(importer.Row{}, ctx.Err())
				return
			}
			if !yield(row, nil) {
				return
			}
		}
	}
}

// isEmpty reports an entry with nothing worth keeping: a name or an address alone is nothing, both are a bookmark.
func isEmpty(r *importer.Record) bool {
	if r.Title != "" && len(r.URLs) > 0 {
		return false
	}
	return r.Username == "" && r.Password.IsZero() && r.TOTP.IsZero() && r.Notes == "" && len(r.Fields) == 0 && len(r.Files) == 0
}
