// Package kdbx writes the container of a KeePass 2 database in the version 4.0 of its format (keepass.info/help/kb/kdbx_4.html): header,
// key derivation with Argon2id (RFC 9106), ChaCha20 (RFC 8439), and blocks with an HMAC each. What is sealed in it, the inner header with
// the files and then the XML, is the caller's.
package kdbx

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"encoding/hex"
	"io"
	"math"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/chacha20"
)

// Fields of the outer header, and identifiers in them.
const (
	fieldEnd         = 0
	fieldCipher      = 2
	fieldCompression = 3
	fieldMasterSeed  = 4
	fieldNonce       = 7
	fieldKDF         = 11

	signature  = "03d9a29a67fb4bb500000400" // and version 4.0
	idChaCha20 = "d6038a2b8b6f4cb5a524339a31dbb59a"
	idArgon2id = "9e298b1956db4773b23dfc3ec6f0a1e6"
)

// Fields of the inner header.
const (
	InnerEnd    = 0
	innerStream = 1
	innerKey    = 2
	InnerBinary = 3

	streamChaCha20 = 3
)

// blockSize is how much goes into one block.
const blockSize = 1 << 20

// Cost is that of Argon2id.
type Cost struct {
	MemoryKiB, Time uint32
	Threads         uint8
}

// Writer seals what is written into it.
type Writer struct {
	out    io.Writer
	key    [sha512.Size]byte // of the HMACs
	stream *chacha20.Cipher
	number uint64 // of the next block
	block  []byte // sealed
}

// NewWriter derives the keys of a new database from a password, and writes its header. Errors: out's.
func NewWriter(out io.Writer, password []byte, cost Cost) (*Writer, error) {
	seed, salt, nonce := random(32), random(32), random(chacha20.NonceSize)
	once := sha256.Sum256(password)
	composite := sha256.Sum256(once[:])
	transformed := argon2.IDKey(composite[:], salt, cost.Time, cost.MemoryKiB, cost.Threads, 32)
	key := sha256.Sum256(bytes.Join([][]byte{seed, transformed}, nil))
	w := &Writer{out: out, key: sha512.Sum512(bytes.Join([][]byte{seed, transformed, {1}}, nil))}
	var err error
	w.stream, err = chacha20.NewUnauthenticatedCipher(key[:], nonce)
	for _, used := range [][]byte{once[:], composite[:], transformed, key[:]} {
		clear(used)
	}
	if err != nil {
		return nil, err
	}
	header := header(seed, salt, nonce, cost)
	sum := sha256.Sum256(header)
	_, err = out.Write(bytes.Join([][]byte{header, sum[:], w.mac(math.MaxUint64, header)}, nil))
	return w, err
}

// Protect begins the inner header, and returns the stream that hides protected values in the XML, in their order.
func (w *Writer) Protect() (*chacha20.Cipher, error) {
	key := random(64)
	defer clear(key)
	split := sha512.Sum512(key)
	defer clear(split[:])
	stream, err := chacha20.NewUnauthenticatedCipher(split[:chacha20.KeySize], split[32:44])
	if err == nil {
		err = w.Field(innerStream, binary.LittleEndian.AppendUint32(nil, streamChaCha20))
	}
	if err == nil {
		err = w.Field(innerKey, key)
	}
	return stream, err
}

// Field writes a field of the inner header, whose last one is InnerEnd.
func (w *Writer) Field(kind byte, value []byte) error {
	sized := field(nil, kind, value)
	defer clear(sized)
	_, err := w.Write(sized)
	return err
}

// BinaryHeader begins a field InnerBinary; the file of that many bytes, which are not checked, is written after it.
func (w *Writer) BinaryHeader(size int64) error {
	head := binary.LittleEndian.AppendUint32([]byte{InnerBinary}, uint32(size+1))
	_, err := w.Write(append(head, 0)) // flags: needs no protection in memory
	return err
}

// Write implements io.Writer; data stays as it is.
func (w *Writer) Write(data []byte) (int, error) {
	written := len(data)
	for len(data) > 0 {
		start, n := len(w.block), min(len(data), blockSize-len(w.block))
		w.block, data = append(w.block, data[:n]...), data[n:]
		w.stream.XORKeyStream(w.block[start:], w.block[start:])
		if len(w.block) == blockSize {
			if err := w.flush(); err != nil {
				return 0, err
			}
		}
	}
	return written, nil
}

// Close writes what is left, and the empty block that is the end. It leaves out open.
func (w *Writer) Close() error {
	if len(w.block) > 0 {
		if err := w.flush(); err != nil {
			return err
		}
	}
	return w.flush()
}

// Wipe forgets the key of the HMACs.
func (w *Writer) Wipe() { clear(w.key[:]) }

func (w *Writer) flush() error {
	sized := append(binary.LittleEndian.AppendUint32(nil, uint32(len(w.block))), w.block...)
	mac := w.mac(w.number, append(binary.LittleEndian.AppendUint64(nil, w.number), sized...))
	w.number, w.block = w.number+1, w.block[:0]
	_, err := w.out.Write(append(mac, sized...))
	return err
}

// mac is that of a block; the header counts as the last of all.
func (w *Writer) mac(number uint64, data []byte) []byte {
	key := sha512.Sum512(append(binary.LittleEndian.AppendUint64(nil, number), w.key[:]...))
	h := hmac.New(sha256.New, key[:])
	h.Write(data)
	return h.Sum(nil)
}

func header(seed, salt, nonce []byte, cost Cost) []byte {
	h := fromHex(signature)
	h = field(h, fieldCipher, fromHex(idChaCha20))
	h = field(h, fieldCompression, make([]byte, 4)) // none
	h = field(h, fieldMasterSeed, seed)
	h = field(h, fieldNonce, nonce)
	h = field(h, fieldKDF, argon2Parameters(salt, cost))
	return field(h, fieldEnd, []byte("\r\n\r\n"))
}

// argon2Parameters is the dictionary that names the key derivation.
func argon2Parameters(salt []byte, cost Cost) []byte {
	d := []byte{0, 1} // version of the dictionary
	add := func(kind byte, name string, value []byte) {
		d = field(d, kind, []byte(name))
		d = append(binary.LittleEndian.AppendUint32(d, uint32(len(value))), value...)
	}
	const u32, u64, blob = 4, 5, 0x42
	add(blob, "$UUID", fromHex(idArgon2id))
	add(blob, "S", salt)
	add(u32, "P", binary.LittleEndian.AppendUint32(nil, uint32(cost.Threads)))
	add(u64, "M", binary.LittleEndian.AppendUint64(nil, uint64(cost.MemoryKiB)<<10))
	add(u64, "I", binary.LittleEndian.AppendUint64(nil, uint64(cost.Time)))
	add(u32, "V", binary.LittleEndian.AppendUint32(nil, argon2.Version))
	return append(d, 0)
}

// field appends type, length and value.
func field(to []byte, kind byte, value []byte) []byte {
	to = binary.LittleEndian.AppendUint32(append(to, kind), uint32(len(value)))
	return append(to, value...)
}

func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b) // never fails: it crashes the program instead
	return b
}

func fromHex(digits string) []byte {
	b, err := hex.DecodeString(digits)
	if err != nil {
		panic(err) // a constant
	}
	return b
}
