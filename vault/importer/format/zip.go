package format

import (
	"archive/zip"
	"fmt"
	"io"
	"iter"
	"math"
	"path"
	"strings"

	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault/importer"
)

// maxZipEntries is the most files that an archive may have; their sizes together are at most MaxFile.
const maxZipEntries = 10_000

// maxZipList is the most bytes of an archive that are read for the list of its files.
const maxZipList = 16 << 20

var zipSignature = []byte("PK\x03\x04")

// openZip opens an archive: 1PUX has export.data, Proton Pass and Bitwarden data.json, Dashlane one CSV a kind.
func openZip(r io.ReaderAt, size int64) (importer.Source, error) {
	list := &cappedReaderAt{r: r, left: maxZipList}
	archive, err := zip.NewReader(list, size)
	list.left = math.MaxInt64 // what follows is capped file by file
	if err != nil || len(archive.File) > maxZipEntries {
		return nil, fmt.Errorf("%w: zip", importer.ErrMalformed)
	}
	left := int64(MaxFile)
	var tables []importer.Source
	for _, entry := range archive.File {
		base := strings.ToLower(path.Base(entry.Name))
		isJSON := base == "export.data" || base == "data.json" || strings.HasSuffix(base, ".cxf.json")
		columns, isTable := dashlaneTables[base]
		if !isJSON && !isTable {
			continue
		}
		content, err := unzip(entry, &left)
		if err != nil {
			return nil, err
		}
		if isJSON {
			return withFiles(content, archive, size)
		}
		if source := openTable(content, &columns); source != nil {
			tables = append(tables, source)
		}
	}
	if len(tables) == 0 {
		return nil, ErrUnknownFormat
	}
	return joinSources(tables), nil
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
