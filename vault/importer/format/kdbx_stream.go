package format

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"errors"
	"io"
	"sync"

	"github.com/coffer-vault/coffer/vault/importer"
)

// plain is what a database holds, verified, decrypted and unpacked as it is read: of version 4 the inner header and the XML, of version 3 the
// XML. A wrong key is importer.ErrWrongPrimaryPassword at once.
func (k *kdbx) plain(key []byte) (io.Reader, error) {
	master := k.seedKey(key)
	defer clear(master)
	body := io.Reader(bufio.NewReaderSize(io.NewSectionReader(k.body, 0, k.body.Size()), 1<<16))
	var err error
	if k.major == 4 {
		if body, err = k.authenticated(body, key); err == nil {
			body, err = k.decrypter(master, body)
		}
	} else if body, err = k.decrypter(master, body); err == nil {
		body, err = k.begun(body)
	}
	if err != nil {
		return nil, err
	}
	if flags := k.fields[kdbxCompression]; len(flags) == 4 && flags[0] != 0 {
		if body, err = gzip.NewReader(body); err != nil {
			return nil, err
		}
	}
	return &cappedReader{r: body, left: importer.Room(k.body.Size()) + MaxFile}, nil
}

// begun checks what version 3 begins with, and returns what its hashed blocks hold.
func (k *kdbx) begun(r io.Reader) (io.Reader, error) {
	want := k.fields[kdbxStartBytes]
	start := make([]byte, sha256.Size)
	_, err := io.ReadFull(r, start)
	if errors.Is(err, errPadding) || err == nil && !bytes.Equal(start, want) {
		return nil, importer.ErrWrongPrimaryPassword
	}
	if err != nil {
		return nil, shortened(err)
	}
	return &blockReader{r: r, head: 4 + sha256.Size, check: func(_ uint64, head, _, part []byte) bool {
		sum := sha256.Sum256(part)
		return len(part) == 0 || bytes.Equal(head[4:], sum[:])
	}}, nil
}

// authenticated checks the header of version 4, and returns what its authenticated blocks hold.
func (k *kdbx) authenticated(r io.Reader, key []byte) (io.Reader, error) {
	start := make([]byte, 2*sha256.Size)
	if _, err := io.ReadFull(r, start); err != nil {
		return nil, shortened(err)
	}
	if sha256.Sum256(k.header) != [sha256.Size]byte(start[:sha256.Size]) {
		return nil, errKDBXBlocks
	}
	sum := sha512.New()
	sum.Write(k.fields[kdbxMasterSeed])
	sum.Write(key)
	sum.Write([]byte{1})
	blocks := sum.Sum(nil)
	if !hmac.Equal(start[sha256.Size:], blockMAC(blocks, ^uint64(0), k.header)) {
		return nil, importer.ErrWrongPrimaryPassword
	}
	return &blockReader{r: r, head: sha256.Size, check: func(number uint64, mac, size, part []byte) bool {
		return hmac.Equal(mac, blockMAC(blocks, number, binary.LittleEndian.AppendUint64(nil, number), size, part))
	}}, nil
}

// blockReader joins blocks that begin with what proves them, and their size. Nothing of a block is given out before it is checked.
type blockReader struct {
	r      io.Reader
	head   int // bytes before the size
	check  func(number uint64, head, size, part []byte) bool
	number uint64
	block  bytes.Buffer
	part   []byte // of the block, not read yet
	err    error
}

func (b *blockReader) Read(p []byte) (int, error) {
	for len(b.part) == 0 {
		if b.err == nil {
			b.err = b.next()
		}
		if b.err != nil {
			return 0, b.err
		}
	}
	n := copy(p, b.part)
	b.part = b.part[n:]
	return n, nil
}

// next reads a block; io.EOF after the last, which is empty.
func (b *blockReader) next() error {
	head := make([]byte, b.head+4)
	if _, err := io.ReadFull(b.r, head); err != nil {
		return shortened(err)
	}
	size := head[b.head:]
	length := int64(binary.LittleEndian.Uint32(size))
	if length > MaxFile {
		return importer.ErrTooLarge
	}
	b.block.Reset()
	if _, err := io.CopyN(&b.block, b.r, length); err != nil { // it grows as there is something to read
		return shortened(err)
	}
	if !b.check(b.number, head[:b.head], size, b.block.Bytes()) {
		return errKDBXBlocks
	}
	if length == 0 {
		return io.EOF
	}
	b.number++
	b.part = b.block.Bytes()
	return nil
}

// shortened is the error of a file that ends where more has to be.
func shortened(err error) error {
	if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) {
		return errShort
	}
	return err
}

// cbcReader decrypts blocks as they are read, and takes the padding off the last.
type cbcReader struct {
	r     io.Reader
	mode  cipher.BlockMode
	buf   []byte
	plain []byte // decrypted, not read yet
	held  []byte // the last block so far, whose end may be padding
	err   error
}

func newCBCReader(block cipher.Block, iv []byte, r io.Reader) (io.Reader, error) {
	if len(iv) != block.BlockSize() {
		return nil, errKDBX
	}
	return &cbcReader{r: r, mode: cipher.NewCBCDecrypter(block, iv), buf: make([]byte, 1<<15)}, nil
}

func (c *cbcReader) Read(p []byte) (int, error) {
	for len(c.plain) == 0 {
		if c.err != nil {
			return 0, c.err
		}
		c.fill()
	}
	n := copy(p, c.plain)
	c.plain = c.plain[n:]
	return n, nil
}

func (c *cbcReader) fill() {
	size := c.mode.BlockSize()
	at := copy(c.buf, c.held)
	n, err := io.ReadFull(c.r, c.buf[at:])
	if err != nil && err != io.EOF && !errors.Is(err, io.ErrUnexpectedEOF) {
		c.err = err
		return
	}
	if n%size != 0 {
		c.err = errPadding
		return
	}
	c.mode.CryptBlocks(c.buf[at:at+n], c.buf[at:at+n])
	whole := c.buf[:at+n]
	if err == nil {
		c.plain, c.held = whole[:len(whole)-size], bytes.Clone(whole[len(whole)-size:])
		return
	}
	if len(whole) == 0 {
		c.err = errPadding
		return
	}
	padding := int(whole[len(whole)-1])
	if padding == 0 || padding > size || !bytes.Equal(whole[len(whole)-padding:], bytes.Repeat([]byte{byte(padding)}, padding)) {
		c.err = errPadding
		return
	}
	c.plain, c.held, c.err = whole[:len(whole)-padding], nil, io.EOF
}

// cappedReader ends what unpacks to more than there is room for.
type cappedReader struct {
	r    io.Reader
	left int64
}

func (c *cappedReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	if c.left -= int64(n); c.left < 0 {
		return 0, importer.ErrTooLarge
	}
	return n, err
}

// readCapped reads what has to be in memory as a whole.
func readCapped(r io.Reader) ([]byte, error) {
	content, err := io.ReadAll(io.LimitReader(r, MaxFile+1))
	if err == nil && len(content) > MaxFile {
		err = importer.ErrTooLarge
	}
	if err != nil {
		clear(content)
		return nil, err
	}
	return content, nil
}

// maxInnerField is the most that a field of the inner header may have that is no file.
const maxInnerField = 1 << 16

// readInner reads what version 4 has before the XML, and the XML. The files stay where they are.
func readInner(r io.Reader, files *kdbxFiles) (*kdbxContent, error) {
	id, key, c, at := uint32(0), []byte(nil), &kdbxContent{}, int64(0)
	for {
		head := make([]byte, 5)
		if _, err := io.ReadFull(r, head); err != nil {
			return nil, shortened(err)
		}
		kind, size := head[0], int64(binary.LittleEndian.Uint32(head[1:]))
		at += int64(len(head))
		if kind == innerBinary {
			flags := min(size, 1) // a byte before the content
			c.files = append(c.files, files.content(at+flags, size-flags))
			if _, err := io.CopyN(io.Discard, r, size); err != nil {
				return nil, shortened(err)
			}
			at += size
			continue
		}
		if size > maxInnerField {
			return nil, errKDBX
		}
		value := make([]byte, size)
		if _, err := io.ReadFull(r, value); err != nil {
			return nil, shortened(err)
		}
		at += size
		switch kind {
		case kdbxEnd:
			xml, err := readCapped(r)
			if err != nil {
				return nil, err
			}
			c.xml = xml
			c.protected, err = protectedStream(id, key)
			return c, err
		case innerStreamID:
			if len(value) != 4 {
				return nil, errKDBX
			}
			id = binary.LittleEndian.Uint32(value)
		case innerStreamKey:
			key = value
		}
	}
}

// kdbxFiles reads the files of a database where they are. There is no way to them but through all that is before them, so the reader stays
// where it was left: files that are asked for in their order are one way.
type kdbxFiles struct {
	kdbx *kdbx
	key  []byte

	mu sync.Mutex
	r  io.Reader // that nobody uses; nil for none
	at int64     // of r
}

// content is the file of a size at a place of what is decrypted.
func (f *kdbxFiles) content(at, size int64) *attachment {
	return &attachment{size: size, open: func() (io.ReadCloser, error) { return f.open(at, size) }}
}

func (f *kdbxFiles) open(at, size int64) (io.ReadCloser, error) {
	f.mu.Lock()
	r, from := f.r, f.at
	f.r = nil
	f.mu.Unlock()
	if r == nil || from > at {
		var err error
		if r, err = f.kdbx.plain(f.key); err != nil {
			return nil, err
		}
		from = 0
	}
	if _, err := io.CopyN(io.Discard, r, at-from); err != nil {
		return nil, shortened(err)
	}
	return &kdbxFile{files: f, r: r, at: at, left: size}, nil
}

// kdbxFile is one of them that is being read.
type kdbxFile struct {
	files    *kdbxFiles
	r        io.Reader
	at, left int64
}

func (f *kdbxFile) Read(p []byte) (int, error) {
	if f.left == 0 {
		return 0, io.EOF
	}
	n, err := f.r.Read(p[:min(int64(len(p)), f.left)])
	f.at, f.left = f.at+int64(n), f.left-int64(n)
	if err == io.EOF && f.left > 0 {
		err = errShort
	}
	return n, err
}

// Close leaves the reader to who is next.
func (f *kdbxFile) Close() error {
	f.files.mu.Lock()
	defer f.files.mu.Unlock()
	f.files.r, f.files.at = f.r, f.at
	f.r, f.left = nil, 0
	return nil
}
