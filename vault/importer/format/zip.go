package format

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"iter"
	"math"
	"path"
	"slices"
	"strings"

	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault/importer"
)

// maxZipEntries is the most files that an archive may have; their sizes together are at most MaxFile.
const maxZipEntries = 10_000

// maxZipList is the most bytes of an archive that are read for the list of its files.
const maxZipList = 16 << 20

var zipSignature = []byte("PK\x03\x04")

// openZip opens an archive: 1PUX has export.data, Proton Pass and Bitwarden data.json, a folder of 1PIF data.1pif, Dashlane one CSV a kind. An
// archive with a single document is what somebody has packed an export into.
func openZip(r io.ReaderAt, size int64) (importer.Source, error) {
	list := &cappedReaderAt{r: r, left: maxZipList}
	archive, err := zip.NewReader(list, size)
	list.left = math.MaxInt64 // what follows is capped file by file
	if err != nil || len(archive.File) > maxZipEntries {
		return nil, fmt.Errorf("%w: zip", importer.ErrMalformed)
	}
	left := int64(MaxFile)
	if document := documentOf(archive); document != nil {
		content, err := unzip(document, &left)
		if err != nil {
			return nil, err
		}
		if strings.HasSuffix(document.Name, ".pgp") && !bytes.HasPrefix(content, pgpMessage) {
			return nil, ErrEncryptedExport
		}
		return withFiles(content, archive, size)
	}
	return openTables(archive, &left)
}

// openTables opens the files of a Dashlane export. One that is not read has a row, too.
func openTables(archive *zip.Reader, left *int64) (importer.Source, error) {
	var tables []importer.Source
	var unread []importer.Row
	for _, entry := range archive.File {
		base := strings.ToLower(path.Base(entry.Name))
		if !isDocument(entry.Name) {
			continue
		}
		var source importer.Source
		if columns, known := dashlaneTables[base]; known {
			content, err := unzip(entry, left)
			if err != nil {
				return nil, err
			}
			source = openTable(content, &columns)
		}
		if source == nil {
			unread = append(unread, importer.Row{ID: entry.Name, Site: base, Reason: importer.ReasonUnsupported})
			continue
		}
		tables = append(tables, source)
	}
	if len(tables) == 0 {
		return nil, ErrUnknownFormat
	}
	if len(unread) > 0 {
		tables = append(tables, newFile(importer.Info{}, slices.Values(unread)))
	}
	return joinSources(tables), nil
}

// documentOf is the file in an archive that has its entries: one of a name that a program gives it, else the only document; nil if there are more.
func documentOf(archive *zip.Reader) (only *zip.File) {
	var documents []*zip.File
	for _, entry := range archive.File {
		switch base := strings.ToLower(path.Base(entry.Name)); {
		case base == "export.data" || base == "data.json" || base == "data.pgp" || base == "data.1pif" || strings.HasSuffix(base, ".cxf.json"):
			return entry
		case isDocument(entry.Name):
			documents = append(documents, entry)
		}
	}
	if len(documents) == 1 && dashlaneTables[strings.ToLower(path.Base(documents[0].Name))].id == "" {
		return documents[0]
	}
	return nil
}

// isDocument tells a file that may be an export, by its name. Attached files are none, nor what macOS packs beside each file.
func isDocument(name string) bool {
	base := strings.ToLower(path.Base(name))
	if strings.HasPrefix(base, ".") || strings.HasPrefix(name, "__MACOSX/") || isBundled(name) {
		return false
	}
	return slices.Contains([]string{".csv", ".json", ".xml", ".txt", ".1pif", ".fsk"}, path.Ext(base))
}

// cappedReaderAt ends a list of files that needs more memory than there is for it.
type cappedReaderAt struct {
	r    io.ReaderAt
	left int64
}

func (c *cappedReaderAt) ReadAt(p []byte, at int64) (int, error) {
	if c.left < int64(len(p)) {
		return 0, importer.ErrTooLarge
	}
	if c.left != math.MaxInt64 {
		c.left -= int64(len(p))
	}
	return c.r.ReadAt(p, at)
}

// unzip reads a file of an archive. One that says it is too large is not begun with; one that lies about it is cut off.
func unzip(entry *zip.File, left *int64) ([]byte, error) {
	if entry.UncompressedSize64 > uint64(*left) {
		return nil, importer.ErrTooLarge
	}
	r, err := entry.Open()
	if err != nil {
		return nil, fmt.Errorf("%w: zip", importer.ErrMalformed)
	}
	defer r.Close()
	content, err := io.ReadAll(io.LimitReader(r, *left+1))
	if err != nil {
		return nil, fmt.Errorf("%w: zip", importer.ErrMalformed)
	}
	if *left -= int64(len(content)); *left < 0 {
		clear(content)
		return nil, importer.ErrTooLarge
	}
	return content, nil
}

func openTable(content []byte, t *table) importer.Source {
	content = asUTF8(content)
	names, err := newReader(content).Read()
	if h := headerOf(names); err == nil && t.matches(h) {
		return t.open(content, h)
	}
	return nil
}

// joinSources is several tables of one program as one source.
func joinSources(tables []importer.Source) importer.Source {
	f := &file{info: tables[0].Info()}
	f.info.Count = 0
	for _, t := range tables {
		f.info.Count += t.Info().Count
	}
	f.read = func(password secret.Bytes) (iter.Seq[importer.Row], error) {
		return func(yield func(importer.Row) bool) {
			n := 0
			for _, t := range tables {
				rows, _ := t.(*file).read(password) // a table has no password, and no error
				for row := range rows {
					n++
					row.ID = fmt.Sprint(n)
					if !yield(row) {
						return
					}
				}
			}
		}, nil
	}
	return f
}
