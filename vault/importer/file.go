package importer

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strings"
)

// The most that is attached: what the vault takes of one file, and what one source may unpack to on the disk.
const (
	MaxFile     = 100 << 20 // bytes
	MaxAllFiles = 1 << 30   // bytes, beside maxRatio times the archive that they are in
	maxRatio    = 8
	maxFiles    = 10_000
	maxFileName = 1024 // bytes
)

// Room is how many bytes the files in an archive of a size may unpack to: whatever it holds that is not packed more tightly than files are.
func Room(archive int64) int64 { return MaxAllFiles + maxRatio*max(archive, 0) }

// File is a file that is attached to an entry. Its content is not wiped: Go's archives and decoders leave copies in any case.
type File struct {
	Name string
	Size int64  // bytes
	Ref  string // what the archive calls it that the entry is in; empty if the entry holds the file itself
	// Open reads it from its beginning. It may be called again while the source's data is there. Nil if the file is not in the export.
	Open func() (io.ReadCloser, error)

	sum [sha256.Size]byte // of the content
}

// NewFile is a file whose content is in memory.
func NewFile(name string, content []byte) File {
	return File{Name: name, Size: int64(len(content)), Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil }}
}

// Sum is the SHA-256 of the content, once Read has read it.
func (f File) Sum() [sha256.Size]byte { return f.sum }

// errFileSize is told of a file with more or fewer bytes than it says.
var errFileSize = errors.New("another size")

// read reads the file to its end once, so that what cannot be attached is known before anything is written.
func (f *File) read(ctx context.Context) error {
	r, err := f.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	hash := sha256.New()
	n, err := io.Copy(hash, io.LimitReader(stoppable{ctx, r}, f.Size+1))
	if err == nil && n != f.Size {
		err = fmt.Errorf("%w: %d bytes", errFileSize, n)
	}
	hash.Sum(f.sum[:0])
	return err
}

// stoppable is a reader that ends with its context.
type stoppable struct {
	ctx context.Context
	r   io.Reader
}

func (s stoppable) Read(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	return s.r.Read(p)
}

// room is what the files of one source may still take.
type room struct {
	files int
	bytes int64
}

// fit keeps the files of a record that can be attached; the report names the others.
func (r *room) fit(ctx context.Context, record *Record) {
	var fitting []File
	for _, f := range record.Files {
		f.Name = strings.ToValidUTF8(f.Name, "\uFFFD")
		if f.Name == "" {
			f.Name = "file"
		}
		unfit := f.Size < 0 || f.Size > min(MaxFile, r.bytes) || r.files <= 0 || len(f.Name) > maxFileName || f.Open == nil
		if unfit || f.read(ctx) != nil {
			record.LeftOut = append(record.LeftOut, LeftOut{PartFile, f.Name})
			continue
		}
		r.files, r.bytes = r.files-1, r.bytes-f.Size
		fitting = append(fitting, f)
	}
	record.Files = fitting
}

func compareFiles(a, b File) int {
	return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Size, b.Size), bytes.Compare(a.sum[:], b.sum[:]))
}

// File returns the digest of a file's name and content, of which sum is the SHA-256.
func (d *Digester) File(name string, sum [sha256.Size]byte) Digest {
	return d.sum([]byte(name), sum[:])
}

// files is what a plan attaches.
func (p *Plan) files() (count int, bytes int64) {
	add := func(files []File) {
		count += len(files)
		for _, f := range files {
			bytes += f.Size
		}
	}
	for i := range p.Creations {
		add(p.Creations[i].Record.Files)
	}
	for i := range p.Updates {
		add(p.Updates[i].Files)
	}
	return count, bytes
}
