package screen

import (
	"cmp"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/coffer-vault/coffer/vault/importer/format"
)

// exportFormat is what the browsers made from Chromium export.
const exportFormat = "csv/chrome"

// maxExport is the largest file that is taken without being asked for, in bytes: some 300,000 passwords. A larger one is chosen by hand.
const maxExport = 32 << 20

// errFileReplaced is returned for a file that is not the one any more that was read.
var errFileReplaced = errors.New("the file has changed since it was read")

// stamp tells one content of a file from another. It is zero where there is none.
type stamp struct {
	size int64
	time time.Time
}

func stampOf(info fs.FileInfo) stamp { return stamp{info.Size(), info.ModTime()} }

func (s stamp) is(other stamp) bool { return s.size == other.size && s.time.Equal(other.time) }

// downloads waits for a file that a browser exports into a folder. One goroutine at a time may use it.
type downloads struct {
	find   func() (string, error) // the folder
	folder string

	known  map[string]stamp // by name: what was there at the first look, or was looked into since; nil before the first look
	recent map[string]stamp // what was new at the last look
}

// sighting is what one look at the folder found: nothing, as a rule.
type sighting struct {
	file   *importFile // nil for none
	unread string      // the name of a new table that cannot be read
}

func (s sighting) close() {
	if s.file != nil {
		s.file.close()
	}
}

// look finds the newest export that was not there at the first look and did not change since the last one. What is taken is not taken
// again. Errors: the file system's about the folder.
func (d *downloads) look(ctx context.Context) (found sighting, err error) {
	now, err := d.list(ctx)
	missing := errors.Is(err, fs.ErrNotExist)
	if err != nil && !missing {
		return found, err
	}
	if d.known == nil {
		d.known = now // a folder that is not there holds nothing old
		return found, err
	}
	var settled []string
	recent := map[string]stamp{}
	for name, at := range now {
		switch {
		case d.known[name].is(at):
		case d.recent[name].is(at):
			settled = append(settled, name)
		default:
			recent[name] = at // it may still be written
		}
	}
	d.recent = recent
	slices.SortFunc(settled, func(a, b string) int { return cmp.Or(now[b].time.Compare(now[a].time), strings.Compare(a, b)) })
	for i, name := range settled {
		file, unread := d.take(name, now[name])
		if unread != nil {
			found.unread, recent[name] = name, now[name]
		}
		if file != nil {
			for _, other := range settled[i+1:] {
				recent[other] = now[other] // for the next look
			}
			return sighting{file: file}, nil
		}
	}
	return found, err
}

// list is the tables of the folder: no links, no hidden files, none that is empty or huge.
func (d *downloads) list(ctx context.Context) (map[string]stamp, error) {
	tables := map[string]stamp{}
	if d.folder == "" {
		folder, err := d.find()
		if err != nil {
			return nil, err
		}
		d.folder = folder
	}
	folder, err := os.Open(d.folder)
	if err != nil {
		return tables, err
	}
	defer folder.Close()
	for {
		entries, err := folder.ReadDir(1000)
		for _, entry := range entries {
			name := entry.Name()
			if strings.HasPrefix(name, ".") || !strings.EqualFold(filepath.Ext(name), ".csv") {
				continue
			}
			// Windows lists sizes and times as they were when somebody closed the file.
			if info, err := os.Lstat(filepath.Join(d.folder, name)); err == nil && info.Mode().IsRegular() && info.Size() > 0 && info.Size() <= maxExport {
				tables[name] = stampOf(info)
			}
		}
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err == io.EOF:
			return tables, nil
		case err != nil:
			return nil, err
		}
	}
}

// take opens a file; nil if it is no export, or not the one any more that was listed. Errors: why it cannot be read.
func (d *downloads) take(name string, listed stamp) (*importFile, error) {
	path := filepath.Join(d.folder, name)
	input, err := format.OpenInput(path)
	if err != nil {
		return nil, err
	}
	info, err := os.Lstat(path)
	if err != nil || !info.Mode().IsRegular() || !stampOf(info).is(listed) {
		input.Close()
		return nil, nil
	}
	d.known[name] = listed
	source, err := input.Source()
	if err != nil || source.Info().ID != exportFormat {
		input.Close()
		return nil, nil
	}
	return &importFile{path: path, name: nameOf(path), read: listed, input: input, source: source}, nil
}

// forget has a file found again that was taken.
func (d *downloads) forget(f *importFile) { delete(d.known, filepath.Base(f.path)) }
