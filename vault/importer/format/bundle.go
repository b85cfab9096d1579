package format

import (
	"archive/zip"
	"io"
	"iter"
	"path"
	"slices"
	"strings"

	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault/importer"
)

// bundle is the files beside the entries of an archive. Entries name theirs by a reference; Bitwarden's archives have a folder an entry.
type bundle struct {
	files  []importer.File // by their path in the archive
	byRef  map[string]int
	byItem map[string][]int // by the id of the entry that the folder is named after
}

// folders of an archive that hold attached files.
var bundleFolders = []string{"files", "attachments", "documents"}

// isBundled tells whether a path in an archive is that of an attached file.
func isBundled(name string) bool {
	way := strings.Split(path.Dir(name), "/")
	return !strings.HasSuffix(name, "/") && slices.ContainsFunc(way, func(dir string) bool { return slices.Contains(bundleFolders, dir) })
}

// add notes a file under what entries may call it: its name, the id before its name, or the folder that it is in.
func (b *bundle) add(f importer.File) {
	if b.byRef == nil {
		b.byRef, b.byItem = map[string]int{}, map[string][]int{}
	}
	n := len(b.files)
	b.files = append(b.files, f)
	base, dir := path.Base(f.Name), path.Dir(f.Name)
	id, _, _ := strings.Cut(base, "__")
	for _, ref := range []string{f.Name, base, id, protonID(base), path.Base(dir)} {
		if _, taken := b.byRef[ref]; !taken && !slices.Contains(bundleFolders, ref) {
			b.byRef[ref] = n
		}
	}
	if path.Base(path.Dir(dir)) == "attachments" {
		b.byItem[path.Base(dir)] = append(b.byItem[path.Base(dir)], n)
	}
}

// protonID is the id before the name of a file of Proton Pass; the whole name if it has none.
func protonID(base string) string {
	const size = 16
	if len(base) > size+1 && base[size] == '-' {
		return base[:size]
	}
	return base
}

// attach gives a record its files, and notes which are taken.
func (b *bundle) attach(record *importer.Record, taken []bool) {
	for i := range record.Files {
		f := &record.Files[i]
		if n, found := b.byRef[f.Ref]; found && f.Open == nil {
			f.Open, f.Size, taken[n] = b.files[n].Open, b.files[n].Size, true
			if base := path.Base(b.files[n].Name); f.Name == f.Ref && protonID(base) == f.Ref {
				f.Name = strings.TrimPrefix(base, f.Ref+"-") // the entry does not say what it is called
			}
		}
	}
	for _, n := range b.byItem[record.SourceID] {
		if !taken[n] {
			f := b.files[n]
			f.Name, taken[n] = path.Base(f.Name), true
			record.Files = append(record.Files, f)
		}
	}
}

// rows is the rows of the entries with their files, and behind them the files that belong to none.
func (b *bundle) rows(rows iter.Seq[importer.Row]) iter.Seq[importer.Row] {
	return func(yield func(importer.Row) bool) {
		taken := make([]bool, len(b.files))
		for row := range rows {
			if row.Record != nil {
				b.attach(row.Record, taken)
			}
			if !yield(row) {
				return
			}
		}
		for n, f := range b.files {
			if !taken[n] && !yield(importer.Row{ID: f.Name, Site: path.Base(f.Name), Reason: importer.ReasonFile}) {
				return
			}
		}
	}
}

// withFiles is the source in an archive of zip, with the files beside it.
func withFiles(content []byte, archive *zip.Reader, size int64) (importer.Source, error) {
	inner, err := openText(content)
	if err != nil {
		return nil, err
	}
	var b bundle
	for _, entry := range archive.File {
		if isBundled(entry.Name) {
			unpacked := int64(min(entry.UncompressedSize64, importer.MaxFile+1)) // what is larger is not attached
			b.add(importer.File{Name: entry.Name, Size: unpacked, Open: func() (io.ReadCloser, error) { return entry.Open() }})
		}
	}
	main := inner.(*file)
	info := main.info
	info.Size = size
	return &file{info: info, read: func(password secret.Bytes) (iter.Seq[importer.Row], error) {
		rows, err := main.read(password)
		if err != nil {
			return nil, err
		}
		return b.rows(rows), nil
	}}, nil
}

// nameFile adds a file of which the entry says what it is called in the archive.
func nameFile(record *importer.Record, name, ref string) {
	record.Files = append(record.Files, importer.File{Name: name, Ref: ref})
}
