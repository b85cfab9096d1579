package format

import (
	"bytes"
	"compress/gzip"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"

	"golang.org/x/crypto/chacha20"

	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault/importer"
)

// kdbxSignature begins the databases of KeePass 2 and the programs that write the same format.
var kdbxSignature = []byte{0x03, 0xd9, 0xa2, 0x9a, 0x67, 0xfb, 0x4b, 0xb5}

// Fields of the header. Version 4 has the last of them in an inner header, and its KDF's parameters in one of their own.
const (
	kdbxEnd             = 0
	kdbxCipher          = 2
	kdbxCompression     = 3
	kdbxMasterSeed      = 4
	kdbxTransformSeed   = 5
	kdbxTransformRounds = 6
	kdbxIV              = 7
	kdbxStreamKey       = 8
	kdbxStartBytes      = 9
	kdbxStreamID        = 10
	kdbxKDF             = 11

	innerStreamID  = 1
	innerStreamKey = 2
	innerBinary    = 3 // a byte of flags, then an attached file
)

// kdbx is a database that is still sealed.
type kdbx struct {
	major  uint16
	header []byte            // as it is in the file
	fields map[byte][]byte   // of the header
	body   []byte            // what follows it
	kdf    map[string][]byte // version 4: the parameters of the key derivation
}

// openKDBX reads the header of a database of KeePass 2, versions 3.1 and 4.
func openKDBX(data []byte) (importer.Source, error) {
	k, err := readKDBX(data)
	if err != nil {
		return nil, fmt.Errorf("%w: KDBX: %w", importer.ErrMalformed, err)
	}
	return k.source(secret.Bytes{}), nil
}

func (k *kdbx) source(keyFile secret.Bytes) importer.Source {
	return &file{
		info:    importer.Info{ID: "keepass", Browser: "KeePass", Count: -1},
		read:    func(password secret.Bytes) (iter.Seq[importer.Row], error) { return k.unlock(password, keyFile) },
		withKey: k.source,
	}
}

var (
	errShort      = errors.New("cut off")
	errKDBX       = errors.New("another version or cipher")
	errKDBXCost   = errors.New("the key derivation asks for too much")
	errKDBXBlocks = errors.New("a block was changed")
)

func readKDBX(data []byte) (*kdbx, error) {
	r := &byteReader{data: data[len(kdbxSignature):]}
	version := r.uint32()
	k := &kdbx{major: uint16(version >> 16), fields: map[byte][]byte{}}
	if k.major != 3 && k.major != 4 {
		return nil, errKDBX
	}
	for r.err == nil {
		id := r.take(1)
		if r.err != nil {
			return nil, r.err
		}
		value := r.take(k.length(r))
		if id[0] == kdbxEnd {
			break
		}
		k.fields[id[0]] = value
	}
	if r.err != nil {
		return nil, r.err
	}
	k.header, k.body = data[:len(data)-len(r.data)], r.data
	if k.major == 4 {
		k.kdf = dictionary(k.fields[kdbxKDF])
	}
	return k, nil
}

// length of a field: two bytes in version 3, four in version 4.
func (k *kdbx) length(r *byteReader) int {
	if k.major == 3 {
		return int(r.uint16())
	}
	return int(r.uint32())
}

// unlock opens the database with its password, the key of its key file, or both. A security key is not asked for: what needs one does
// not open.
func (k *kdbx) unlock(password, keyFile secret.Bytes) (iter.Seq[importer.Row], error) {
	if password.IsZero() && keyFile.IsZero() {
		return nil, importer.ErrPrimaryPasswordNeeded
	}
	content, err := k.open(password, keyFile)
	if errors.Is(err, importer.ErrWrongPrimaryPassword) && password.IsZero() {
		return nil, importer.ErrPrimaryPasswordNeeded // beside the key file
	}
	if errors.Is(err, importer.ErrWrongPrimaryPassword) || errors.Is(err, importer.ErrTooLarge) {
		return nil, err
	}
	if err != nil {
		return nil, fmt.Errorf("%w: KDBX: %w", importer.ErrMalformed, err)
	}
	defer clear(content.xml)
	root, err := parseKeePass(content.xml, content.protected)
	if err != nil {
		return nil, err
	}
	root.findFiles(content.files)
	return root.rows, nil
}

// kdbxContent is what is in a database.
type kdbxContent struct {
	xml       []byte
	protected cipher.Stream // under which protected values are encrypted once more
	files     [][]byte      // version 4: attached files, by their number
}

// open decrypts the database.
func (k *kdbx) open(password, keyFile secret.Bytes) (*kdbxContent, error) {
	composite := compositeKey(password, keyFile)
	defer clear(composite)
	key, err := k.transform(composite)
	if err != nil {
		return nil, err
	}
	defer clear(key)
	if k.major == 3 {
		return k.open3(key)
	}
	return k.open4(key)
}

// compositeKey is the hash of all that a database is locked with: of the hash of the password, and of the key in the key file.
func compositeKey(password, keyFile secret.Bytes) []byte {
	sum := sha256.New()
	if !password.IsZero() {
		once := sha256.Sum256(password.Reveal())
		sum.Write(once[:])
		clear(once[:])
	}
	sum.Write(keyFile.Reveal())
	return sum.Sum(nil)
}

// seedKey is the hash of the master seed, the derived key and what else is given.
func (k *kdbx) seedKey(key []byte) []byte {
	sum := sha256.New()
	sum.Write(k.fields[kdbxMasterSeed])
	sum.Write(key)
	return sum.Sum(nil)
}

func (k *kdbx) open3(key []byte) (*kdbxContent, error) {
	master := k.seedKey(key)
	defer clear(master)
	sealed, err := k.decrypt(master, k.body)
	start := k.fields[kdbxStartBytes]
	// A wrong key gives a wrong padding, or other bytes at the beginning.
	if errors.Is(err, errPadding) || err == nil && (len(start) != 32 || !bytes.HasPrefix(sealed, start)) {
		return nil, importer.ErrWrongPrimaryPassword
	}
	if err != nil {
		return nil, err
	}
	defer clear(sealed)
	content, err := hashedBlocks(sealed[len(start):])
	if err != nil {
		return nil, err
	}
	if content, err = k.unzip(content); err != nil {
		return nil, err
	}
	id := k.fields[kdbxStreamID]
	if len(id) != 4 {
		return nil, errKDBX
	}
	stream, err := protectedStream(binary.LittleEndian.Uint32(id), k.fields[kdbxStreamKey])
	return &kdbxContent{xml: content, protected: stream}, err
}

// hashedBlocks joins the blocks of version 3: number, SHA-256, size, content.
func hashedBlocks(data []byte) (content []byte, err error) {
	r := &byteReader{data: data}
	for {
		r.uint32()
		hash, part := r.take(sha256.Size), r.take(int(r.uint32()))
		if r.err != nil {
			return nil, r.err
		}
		if len(part) == 0 {
			return content, nil
		}
		if sha256.Sum256(part) != [sha256.Size]byte(hash) {
			return nil, errKDBXBlocks
		}
		content = append(content, part...)
	}
}

func (k *kdbx) open4(key []byte) (*kdbxContent, error) {
	r := &byteReader{data: k.body}
	hash, mac := r.take(sha256.Size), r.take(sha256.Size)
	if r.err != nil {
		return nil, r.err
	}
	if sha256.Sum256(k.header) != [sha256.Size]byte(hash) {
		return nil, errKDBXBlocks
	}
	macKey := sha512.New()
	macKey.Write(k.fields[kdbxMasterSeed])
	macKey.Write(key)
	macKey.Write([]byte{1})
	blocks := macKey.Sum(nil)
	defer clear(blocks)
	if !hmac.Equal(mac, blockMAC(blocks, ^uint64(0), k.header)) {
		return nil, importer.ErrWrongPrimaryPassword
	}
	sealed, err := authenticatedBlocks(r, blocks)
	if err != nil {
		return nil, err
	}
	master := k.seedKey(key)
	defer clear(master)
	content, err := k.decrypt(master, sealed)
	if err != nil {
		return nil, err
	}
	if content, err = k.unzip(content); err != nil {
		return nil, err
	}
	return innerHeader(content)
}

// blockMAC is the HMAC of a block under the key for its number.
func blockMAC(key []byte, number uint64, parts ...[]byte) []byte {
	sum := sha512.New()
	sum.Write(binary.LittleEndian.AppendUint64(nil, number))
	sum.Write(key)
	mac := hmac.New(sha256.New, sum.Sum(nil))
	for _, part := range parts {
		mac.Write(part)
	}
	return mac.Sum(nil)
}

// authenticatedBlocks joins the blocks of version 4: HMAC, size, content.
func authenticatedBlocks(r *byteReader, key []byte) (content []byte, err error) {
	for number := uint64(0); ; number++ {
		mac, size := r.take(sha256.Size), r.take(4)
		if r.err != nil {
			return nil, r.err
		}
		part := r.take(int(binary.LittleEndian.Uint32(size)))
		if r.err != nil {
			return nil, r.err
		}
		if !hmac.Equal(mac, blockMAC(key, number, binary.LittleEndian.AppendUint64(nil, number), size, part)) {
			return nil, errKDBXBlocks
		}
		if len(part) == 0 {
			return content, nil
		}
		content = append(content, part...)
	}
}

// innerHeader reads what version 4 has before the XML.
func innerHeader(content []byte) (*kdbxContent, error) {
	r := &byteReader{data: content}
	id, key, c := uint32(0), []byte(nil), &kdbxContent{}
	for {
		kind := r.take(1)
		value := r.take(int(r.uint32()))
		if r.err != nil {
			return nil, r.err
		}
		switch kind[0] {
		case kdbxEnd:
			stream, err := protectedStream(id, key)
			c.xml, c.protected = r.data, stream
			return c, err
		case innerStreamID:
			if len(value) != 4 {
				return nil, errKDBX
			}
			id = binary.LittleEndian.Uint32(value)
		case innerStreamKey:
			key = value
		case innerBinary:
			c.files = append(c.files, value[min(1, len(value)):])
		}
	}
}

// unzip undoes the compression, to at most MaxFile bytes.
func (k *kdbx) unzip(content []byte) ([]byte, error) {
	if flags := k.fields[kdbxCompression]; len(flags) != 4 || flags[0] == 0 {
		return content, nil
	}
	defer clear(content)
	z, err := gzip.NewReader(bytes.NewReader(content))
	if err != nil {
		return nil, err
	}
	plain, err := io.ReadAll(io.LimitReader(z, MaxFile+1))
	if err != nil {
		return nil, err
	}
	if len(plain) > MaxFile {
		return nil, importer.ErrTooLarge
	}
	return plain, nil
}

// protectedStream is the cipher of the values that are protected once more.
func protectedStream(id uint32, key []byte) (cipher.Stream, error) {
	switch id {
	case 0:
		return nil, nil
	case 2:
		return newSalsa(sha256.Sum256(key)), nil
	case 3:
		sum := sha512.Sum512(key)
		return chacha20.NewUnauthenticatedCipher(sum[:32], sum[32:44])
	}
	return nil, errKDBX
}

// byteReader takes bytes from the front. Once there are too few, everything fails.
type byteReader struct {
	data []byte
	err  error
}

func (r *byteReader) take(n int) []byte {
	if r.err != nil || n < 0 || n > len(r.data) {
		r.err = errShort
		return nil
	}
	part := r.data[:n]
	r.data = r.data[n:]
	return part
}

func (r *byteReader) uint32() uint32 {
	if b := r.take(4); r.err == nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (r *byteReader) uint16() uint16 {
	if b := r.take(2); r.err == nil {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}
