package sqlite

import (
	"bytes"
	"errors"
	"fmt"
)

// MaxImageSize is the largest image OpenImage accepts, in bytes. A browser's password store is far below 10 MiB.
const MaxImageSize = 256 << 20

// ErrImageTooLarge is returned for an image above MaxImageSize.
var ErrImageTooLarge = errors.New("sqlite: database image too large")

var errNotADatabase = errors.New("sqlite: not a database")

// The file header, sqlite.org/fileformat.html section 1.3.
const (
	headerMagic       = "SQLite format 3\x00"
	headerSize        = 100
	writeVersionAt    = 18
	readVersionAt     = 19
	rollbackJournal   = 1
	writeAheadLogging = 2
)

// prepareImage checks the header and returns a copy marked as not using a write-ahead log: a database in memory cannot
// have one, and SQLite refuses to open it otherwise.
func prepareImage(image []byte) ([]byte, error) {
	if len(image) > MaxImageSize {
		return nil, fmt.Errorf("%w: %d bytes", ErrImageTooLarge, len(image))
	}
	if len(image) < headerSize || !bytes.HasPrefix(image, []byte(headerMagic)) {
		return nil, errNotADatabase
	}
	image = bytes.Clone(image)
	if image[readVersionAt] == writeAheadLogging {
		image[writeVersionAt], image[readVersionAt] = rollbackJournal, rollbackJournal
	}
	return image, nil
}
