package format

import (
	"errors"
	"io"
	"os"

	"github.com/coffer-vault/coffer/vault/importer"
)

// Input is an exported file that somebody has chosen. An archive stays on the disk and is read where it is, however large; every other file
// is read into memory. Both are there until Close.
type Input struct {
	content []byte   // nil for an archive
	begin   []byte   // of an archive
	archive *os.File // nil for what is in memory
	size    int64
}

// OpenInput opens a file, or the end of a pipe. Errors: ErrUnknownFormat for a folder, importer.ErrTooLarge, the system's.
func OpenInput(path string) (*Input, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	in, err := newInput(f)
	if err != nil || in.archive == nil {
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		in.Close()
		return nil, err
	}
	return in, nil
}

func newInput(f *os.File) (*Input, error) {
	in := &Input{}
	info, err := f.Stat()
	if err != nil {
		return in, err
	}
	if info.IsDir() {
		return in, ErrUnknownFormat
	}
	if !info.Mode().IsRegular() { // the end of a pipe
		in.content, err = readCapped(f)
		return in, err
	}
	begin := make([]byte, 64)
	n, err := f.ReadAt(begin, 0)
	if err != nil && err != io.EOF {
		return in, err
	}
	if isArchive(begin[:n]) {
		in.begin, in.archive, in.size = begin[:n], f, info.Size()
		return in, nil
	}
	if info.Size() > MaxFile {
		return in, importer.ErrTooLarge
	}
	in.content, err = readCapped(f)
	return in, err
}

// Source is Open for the file. It reads from it until Close.
func (in *Input) Source() (importer.Source, error) {
	if in.archive != nil {
		return openArchive(in.begin, in.archive, in.size)
	}
	return Open(in.content)
}

// Table is ReadTable for the file.
func (in *Input) Table() (*Table, error) {
	if in.archive != nil {
		return nil, ErrUnknownFormat
	}
	return ReadTable(in.content)
}

// Close clears what was read of the file.
func (in *Input) Close() {
	clear(in.content)
	if in.archive != nil {
		in.archive.Close()
	}
}
