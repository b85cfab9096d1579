package sqlite

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
)

// usualPageSize is SQLite's, for a file whose header does not say another.
const usualPageSize = 4096

// The pages of a b-tree that have rows, sqlite.org/fileformat2.html section 1.6. A table without row ids is kept like an index, which has
// some in the pages that lead to its leaves.
const (
	innerOfIndex = 0x02
	leafOfIndex  = 0x0a
	leafOfTable  = 0x0d
)

// maxRow bounds what is believed of a row's length, in bytes: an object has three envelopes of at most 1 MiB.
const maxRow = 8 << 20

// Remains reads the rows of a damaged database without SQLite, page by page: those of every page that is as it should be, of whichever
// table, whatever became of the header, of other pages and of the schema. Values are nil, int64, float64, string or []byte, and belong to
// the caller. A row is yielded again where the write-ahead log has it, too: what is newer comes later. Neither the pages nor the log's
// checksums are proof of anything; the caller has to know a row that is right.
//
// Errors: those of opening and reading the files, and yield's.
func Remains(path string, yield func(columns []any) error) error {
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("read what remains: %w", err)
	}
	defer file.Close()
	r := remains{file: file, newest: map[uint32]int64{}, yield: yield}
	log, err := os.Open(path + "-wal")
	switch {
	case err == nil:
		defer log.Close()
		r.log = log
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("read what remains: %w", err)
	}
	if err := r.measure(); err != nil {
		return fmt.Errorf("read what remains: %w", err)
	}
	return r.read()
}

type remains struct {
	file, log *os.File
	pageSize  int
	pages     uint32
	newest    map[uint32]int64 // where in the log the newest content of a page begins, as far as the log was read
	yield     func([]any) error
}

// measure takes the size of the pages from the header, or from the log's.
func (r *remains) measure() error {
	header := make([]byte, headerSize)
	if _, err := r.file.ReadAt(header, 0); err != nil && err != io.EOF {
		return err
	}
	r.pageSize = usualPageSize
	if stored := int(binary.BigEndian.Uint16(header[16:])); bytes.HasPrefix(header, []byte(headerMagic)) && isPageSize(stored) {
		r.pageSize = stored
	}
	info, err := r.file.Stat()
	if err != nil {
		return err
	}
	r.pages = uint32(min((info.Size()+int64(r.pageSize)-1)/int64(r.pageSize), math.MaxInt32))
	return nil
}

func isPageSize(n int) bool { return n >= minPageSize && n <= maxPageSize && n&(n-1) == 0 }

func (r *remains) read() error {
	if err := r.readFile(); err != nil || r.log == nil {
		return err
	}
	if err := r.readLog(); err != nil || len(r.newest) == 0 {
		return err
	}
	// A row of the file may go on in pages that only the log has, so all is read as it is with the log; then what is newest once more.
	if err := r.readFile(); err != nil {
		return err
	}
	for page := range r.newest {
		if err := r.readPage(page); err != nil {
			return err
		}
	}
	return nil
}

// readFile yields the rows of the pages that the log has no newer content of, as far as it was read.
func (r *remains) readFile() error {
	for page := uint32(1); page <= r.pages; page++ {
		if _, newer := r.newest[page]; newer {
			continue
		}
		if err := r.readPage(page); err != nil {
			return err
		}
	}
	return nil
}

// readLog yields the rows of each page in the log as it came, up to the last commit. The checksums, each of which covers all before it, are
// passed over: behind one that is wrong SQLite reads nothing more.
func (r *remains) readLog() error {
	stride := int64(walFrameHeaderSize + r.pageSize)
	committed, err := r.lastCommit(stride)
	for at := int64(walHeaderSize); err == nil && at < committed; at += stride {
		var header [walFrameHeaderSize]byte
		if _, err = r.log.ReadAt(header[:], at); err != nil {
			break
		}
		if page := binary.BigEndian.Uint32(header[:]); r.inUse(header[:]) && page > 0 {
			r.newest[page] = at + walFrameHeaderSize
			err = r.readPage(page)
		}
	}
	return err
}

// inUse tells whether a frame is of the log in use, and not left over from before: the first one is.
func (r *remains) inUse(header []byte) bool {
	var first [walFrameHeaderSize]byte
	_, err := r.log.ReadAt(first[:], walHeaderSize)
	return err == nil && bytes.Equal(first[8:16], header[8:16])
}

// lastCommit is where in the log the last frame that ends a transaction ends.
func (r *remains) lastCommit(stride int64) (end int64, err error) {
	for at := int64(walHeaderSize); ; at += stride {
		var header [walFrameHeaderSize]byte
		if _, err := r.log.ReadAt(header[:], at); err == io.EOF {
			return end, nil
		} else if err != nil {
			return 0, err
		}
		if r.inUse(header[:]) && binary.BigEndian.Uint32(header[4:]) > 0 {
			end = at + stride
		}
	}
}

// page reads a page as it is with the log as far as that was read; short where the file ends within it.
func (r *remains) page(number uint32) ([]byte, error) {
	file, at := r.file, (int64(number)-1)*int64(r.pageSize)
	if inLog, newer := r.newest[number]; newer {
		file, at = r.log, inLog
	}
	content := make([]byte, r.pageSize)
	n, err := file.ReadAt(content, at)
	if err == io.EOF {
		err = nil
	}
	return content[:n], err
}

// readPage yields the rows of a page. The first page has nothing but the schema.
func (r *remains) readPage(number uint32) error {
	page, err := r.page(number)
	if err != nil || number == 1 || len(page) < 12 {
		return err
	}
	header, child := 8, 0
	switch page[0] {
	case leafOfTable, leafOfIndex:
	case innerOfIndex:
		header, child = 12, 4 // the page that a cell leads to
	default:
		return nil
	}
	cells := int(binary.BigEndian.Uint16(page[3:]))
	for n := range cells {
		pointer := header + 2*n
		if pointer+2 > len(page) {
			return nil
		}
		cell := int(binary.BigEndian.Uint16(page[pointer:])) + child
		if cell >= len(page) {
			continue
		}
		record, err := r.record(page[cell:], page[0] == leafOfTable)
		if err != nil {
			return err
		}
		if columns := columnsOf(record); columns != nil {
			if err := r.yield(columns); err != nil {
				return err
			}
		}
	}
	return nil
}

// record puts a cell's payload together; nil for none.
func (r *remains) record(cell []byte, table bool) ([]byte, error) {
	size, n := varint(cell)
	if n == 0 || size == 0 || size > maxRow || size > (uint64(r.pages)+uint64(len(r.newest)))*uint64(r.pageSize) {
		return nil, nil
	}
	cell = cell[n:]
	most := (r.pageSize-12)*64/255 - 23
	if table {
		_, n := varint(cell) // its row id
		if n == 0 {
			return nil, nil
		}
		cell, most = cell[n:], r.pageSize-35
	}
	local := int(size)
	if local > most {
		least := (r.pageSize-12)*32/255 - 23
		if local = least + (int(size)-least)%(r.pageSize-4); local > most {
			local = least
		}
	}
	if local > len(cell) {
		return nil, nil
	}
	record := append(make([]byte, 0, size), cell[:local]...)
	if local == int(size) {
		return record, nil
	}
	if len(cell) < local+4 {
		return nil, nil
	}
	return r.overflow(record, int(size), binary.BigEndian.Uint32(cell[local:]))
}

// overflow adds what a row has in pages of their own. Each has four bytes that lead to the next, so that it ends.
func (r *remains) overflow(record []byte, size int, next uint32) ([]byte, error) {
	for len(record) < size {
		if next == 0 {
			return nil, nil
		}
		page, err := r.page(next)
		if err != nil {
			return nil, err
		}
		if len(page) < r.pageSize {
			return nil, nil
		}
		next = binary.BigEndian.Uint32(page)
		record = append(record, page[4:4+min(size-len(record), r.pageSize-4)]...)
	}
	return record, nil
}

// columnsOf decodes a record; nil for what is none.
func columnsOf(record []byte) []any {
	size, n := varint(record)
	if n == 0 || size > uint64(len(record)) || size < uint64(n) {
		return nil
	}
	types, values := record[n:size], record[size:]
	columns := make([]any, 0, len(types))
	for len(types) > 0 {
		kind, n := varint(types)
		if n == 0 {
			return nil
		}
		types = types[n:]
		value, length, ok := valueOf(kind, values)
		if !ok {
			return nil
		}
		columns, values = append(columns, value), values[length:]
	}
	if len(values) > 0 {
		return nil
	}
	return columns
}

// valueOf decodes the value of a serial type with which values begins.
func valueOf(kind uint64, values []byte) (value any, length int, ok bool) {
	widths := [...]int{0, 1, 2, 3, 4, 6, 8, 8, 0, 0}
	switch {
	case kind >= 12 && (kind-12)/2 <= uint64(len(values)):
		length = int(kind-12) / 2
		if kind%2 == 0 {
			return values[:length:length], length, true
		}
		return string(values[:length]), length, true
	case kind >= uint64(len(widths)) || widths[kind] > len(values):
		return nil, 0, false
	case kind == 0:
		return nil, 0, true
	case kind >= 8:
		return int64(kind - 8), 0, true
	}
	length = widths[kind]
	var bits uint64
	for _, b := range values[:length] {
		bits = bits<<8 | uint64(b)
	}
	if kind == 7 {
		return math.Float64frombits(bits), length, true
	}
	shift := 64 - 8*length
	return int64(bits<<shift) >> shift, length, true
}

// varint is SQLite's: seven bits a byte, the highest first, and all eight of a ninth. n is 0 where there is none.
func varint(b []byte) (value uint64, n int) {
	for i := range min(len(b), 9) {
		if i == 8 {
			return value<<8 | uint64(b[i]), 9
		}
		value = value<<7 | uint64(b[i]&0x7f)
		if b[i] < 0x80 {
			return value, i + 1
		}
	}
	return 0, 0
}
