package sqlite

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// The write-ahead log, sqlite.org/fileformat2.html section 4.
const (
	walHeaderSize      = 32
	walFrameHeaderSize = 24
	walMagicLittle     = 0x377f0682 // checksums read the data as little-endian words
	walMagicBig        = 0x377f0683
	minPageSize        = 512
	maxPageSize        = 65536
)

// MergeLog returns a copy of a database image with the committed transactions of its write-ahead log (the "-wal" file)
// applied, as SQLite does when it opens both. Frames after the last commit, left over from before a checkpoint, or torn
// are ignored, as SQLite ignores them, and so is what is no log: it changes nothing. Error: ErrImageTooLarge.
func MergeLog(image, log []byte) ([]byte, error) {
	image = bytes.Clone(image)
	reader, ok := newLogReader(log)
	if !ok {
		return image, nil
	}
	committed, pages := reader.committedFrames()
	if len(committed) == 0 {
		return image, nil
	}
	if pages > MaxImageSize/reader.pageSize {
		return nil, fmt.Errorf("%w: %d pages", ErrImageTooLarge, pages)
	}
	merged := make([]byte, pages*reader.pageSize)
	copy(merged, image)
	for _, frame := range committed {
		// Pages beyond the final size were truncated by a later commit.
		if frame.page <= pages {
			copy(merged[(frame.page-1)*reader.pageSize:], frame.data)
		}
	}
	return merged, nil
}

type logFrame struct {
	page int // counted from 1
	data []byte
}

// logReader walks the frames of a log; sum is the running checksum that chains each frame to all before it.
type logReader struct {
	rest     []byte
	pageSize int
	salts    []byte
	order    binary.ByteOrder
	sum      [2]uint32
}

// newLogReader reads the header; false if SQLite would find no valid data behind it (walIndexRecover in its wal.c).
func newLogReader(log []byte) (*logReader, bool) {
	if len(log) < walHeaderSize {
		return nil, false
	}
	r := &logReader{order: binary.LittleEndian}
	switch binary.BigEndian.Uint32(log) {
	case walMagicLittle:
	case walMagicBig:
		r.order = binary.BigEndian
	default:
		return nil, false
	}
	r.pageSize = int(binary.BigEndian.Uint32(log[8:]))
	if r.pageSize < minPageSize || r.pageSize > maxPageSize || r.pageSize&(r.pageSize-1) != 0 {
		return nil, false
	}
	r.salts = log[16:24]
	r.addToSum(log[:24])
	r.rest = log[walHeaderSize:]
	return r, r.sumIs(log[24:32])
}

// committedFrames returns the frames up to the last commit, in order, and the number of pages the database then has.
func (r *logReader) committedFrames() (committed []logFrame, pages int) {
	var frames []logFrame
	for {
		frame, size, ok := r.next()
		if !ok {
			return committed, pages
		}
		frames = append(frames, frame)
		if size > 0 {
			committed, pages = frames, size
		}
	}
}

// next returns the next valid frame; size is the database's size in pages if the frame ends a transaction, else 0.
func (r *logReader) next() (frame logFrame, size int, ok bool) {
	if len(r.rest) < walFrameHeaderSize+r.pageSize {
		return logFrame{}, 0, false
	}
	header, data := r.rest[:walFrameHeaderSize], r.rest[walFrameHeaderSize:walFrameHeaderSize+r.pageSize]
	r.rest = r.rest[walFrameHeaderSize+r.pageSize:]
	r.addToSum(header[:8])
	r.addToSum(data)
	page := int(binary.BigEndian.Uint32(header))
	if page == 0 || !bytes.Equal(header[8:16], r.salts) || !r.sumIs(header[16:24]) {
		return logFrame{}, 0, false
	}
	return logFrame{page: page, data: data}, int(binary.BigEndian.Uint32(header[4:])), true
}

// addToSum adds data, a multiple of 8 bytes long, to the Fibonacci-weighted checksum.
func (r *logReader) addToSum(data []byte) {
	for ; len(data) >= 8; data = data[8:] {
		r.sum[0] += r.order.Uint32(data) + r.sum[1]
		r.sum[1] += r.order.Uint32(data[4:]) + r.sum[0]
	}
}

func (r *logReader) sumIs(stored []byte) bool {
	return binary.BigEndian.Uint32(stored) == r.sum[0] && binary.BigEndian.Uint32(stored[4:]) == r.sum[1]
}
