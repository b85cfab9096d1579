package exporter

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"io"
	"math"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/chacha20"

	"github.com/coffer-vault/coffer/crypto/secret"
)

// kdbxCost is that of Argon2id: about as much as an unlock of Coffer, and as much memory as a phone has for it.
type kdbxCost struct {
	memoryKiB, times uint32
	threads          uint8
}

var kdbxFullCost = kdbxCost{memoryKiB: 64 << 10, times: 10, threads: 2}

// startKDBX derives the keys of a new database, writes its header, and returns its blocks with the stream that encrypts what goes into
// them.
func startKDBX(w io.Writer, password secret.Bytes) (*kdbxBlocks, *chacha20.Cipher, error) {
	cost := kdbxFullCost
	if lowered.Load() {
		cost = kdbxCost{memoryKiB: 64, times: 1, threads: 1}
	}
	seed, salt, nonce := random(32), random(32), random(chacha20.NonceSize)
	once := sha256.Sum256(password.Reveal())
	composite := sha256.Sum256(once[:])
	transformed := argon2.IDKey(composite[:], salt, cost.times, cost.memoryKiB, cost.threads, 32)
	key := sha256.Sum256(bytes.Join([][]byte{seed, transformed}, nil))
	macKey := sha512.Sum512(bytes.Join([][]byte{seed, transformed, {1}}, nil))
	stream, err := chacha20.NewUnauthenticatedCipher(key[:], nonce)
	for _, used := range [][]byte{once[:], composite[:], transformed, key[:]} {
		clear(used)
	}
	if err != nil {
		return nil, nil, err
	}
	header := kdbxHeader(seed, salt, nonce, cost)
	sum := sha256.Sum256(header)
	b := &kdbxBlocks{w: w, key: macKey}
	_, err = w.Write(bytes.Join([][]byte{header, sum[:], b.mac(math.MaxUint64, header)}, nil))
	return b, stream, err
}

func kdbxHeader(seed, salt, nonce []byte, cost kdbxCost) []byte {
	var h bytes.Buffer
	h.Write(fromHex(kdbxSignature))
	kdbxField(&h, kdbxCipher, fromHex(kdbxIDChaCha20))
	kdbxField(&h, kdbxCompression, make([]byte, 4)) // none
	kdbxField(&h, kdbxMasterSeed, seed)
	kdbxField(&h, kdbxNonce, nonce)
	kdbxField(&h, kdbxKDF, argon2Parameters(salt, cost))
	kdbxField(&h, kdbxEnd, []byte("\r\n\r\n"))
	return h.Bytes()
}

// argon2Parameters is the dictionary that names the key derivation.
func argon2Parameters(salt []byte, cost kdbxCost) []byte {
	d := []byte{0, 1} // version of the dictionary
	add := func(kind byte, name string, value []byte) {
		d = append(d, kind)
		d = append(binary.LittleEndian.AppendUint32(d, uint32(len(name))), name...)
		d = append(binary.LittleEndian.AppendUint32(d, uint32(len(value))), value...)
	}
	const u32, u64, blob = 4, 5, 0x42
	add(blob, "$UUID", fromHex(kdbxIDArgon2id))
	add(blob, "S", salt)
	add(u32, "P", binary.LittleEndian.AppendUint32(nil, uint32(cost.threads)))
	add(u64, "M", binary.LittleEndian.AppendUint64(nil, uint64(cost.memoryKiB)<<10))
	add(u64, "I", binary.LittleEndian.AppendUint64(nil, uint64(cost.times)))
	add(u32, "V", binary.LittleEndian.AppendUint32(nil, argon2.Version))
	return append(d, 0)
}

// kdbxBlockSize is how much goes into one block.
const kdbxBlockSize = 1 << 20

// kdbxBlocks writes blocks, each behind the HMAC of its number, size and content.
type kdbxBlocks struct {
	w      io.Writer
	key    [sha512.Size]byte
	number uint64
	block  []byte
}

// Write implements io.Writer.
func (b *kdbxBlocks) Write(data []byte) (int, error) {
	written := len(data)
	for len(data) > 0 {
		n := min(len(data), kdbxBlockSize-len(b.block))
		b.block, data = append(b.block, data[:n]...), data[n:]
		if len(b.block) == kdbxBlockSize {
			if err := b.flush(); err != nil {
				return 0, err
			}
		}
	}
	return written, nil
}

// end writes what is left, and the empty block that is the end.
func (b *kdbxBlocks) end() error {
	if len(b.block) > 0 {
		if err := b.flush(); err != nil {
			return err
		}
	}
	return b.flush()
}

func (b *kdbxBlocks) flush() error {
	sized := append(binary.LittleEndian.AppendUint32(nil, uint32(len(b.block))), b.block...)
	mac := b.mac(b.number, append(binary.LittleEndian.AppendUint64(nil, b.number), sized...))
	b.number, b.block = b.number+1, b.block[:0]
	_, err := b.w.Write(append(mac, sized...))
	return err
}

func (b *kdbxBlocks) mac(number uint64, data []byte) []byte {
	key := sha512.Sum512(append(binary.LittleEndian.AppendUint64(nil, number), b.key[:]...))
	h := hmac.New(sha256.New, key[:])
	h.Write(data)
	return h.Sum(nil)
}

// streamWriter encrypts what passes.
type streamWriter struct {
	stream *chacha20.Cipher
	w      io.Writer
}

// Write implements io.Writer; data stays as it is.
func (s *streamWriter) Write(data []byte) (int, error) {
	sealed := make([]byte, len(data))
	s.stream.XORKeyStream(sealed, data)
	return s.w.Write(sealed)
}
