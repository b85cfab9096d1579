package format

import (
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
	body   *io.SectionReader // what follows it
	kdf    map[string][]byte // version 4: the parameters of the key derivation
}

// maxKDBXHeader is the most that is read in search of the header's end. Programs write some hundred bytes.
const maxKDBXHeader = 1 << 20

// openKDBX reads the header of a database of KeePass 2, versions 3.1 and 4.
func openKDBX(r io.ReaderAt, size int64) (importer.Source, error) {
	begin := make([]byte, min(size, maxKDBXHeader))
	if _, err := r.ReadAt(begin, 0); err != nil && err != io.EOF {
		return nil, err
	}
	k, err := readKDBX(begin)
	if errors.Is(err, errKDBX) {
		return nil, ErrUnknownFormat // of the time before KeePass 2.20
	}
	if err != nil {
		return nil, fmt.Errorf("%w: KDBX: %w", importer.ErrMalformed, err)
	}
	at := int64(len(k.header))
	k.body = io.NewSectionReader(r, at, size-at)
	return k.source(secret.Bytes{}), nil
}

func (k *kdbx) source(keyFile secret.Bytes) importer.Source {
	return &file{
		info:    importer.Info{ID: "keepass", Browser: "KeePass", Count: -1, Size: int64(len(k.header)) + k.body.Size()},
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
	k.header = data[:len(data)-len(r.data)]
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
	files     []*attachment // version 4: attached files, by their number
}

// open decrypts the database. Of its files it notes where they are.
func (k *kdbx) open(password, keyFile secret.Bytes) (*kdbxContent, error) {
	composite := compositeKey(password, keyFile)
	defer clear(composite)
	key, err := k.transform(composite)
	if err != nil {
		return nil, err
	}
	plain, err := k.plain(key)
	if err != nil {
		return nil, err
	}
	if k.major == 4 {
		return readInner(plain, &kdbxFiles{kdbx: k, key: key})
	}
	defer clear(key)
	xml, err := readCapped(plain)
	if err != nil {
		return nil, err
	}
	id := k.fields[kdbxStreamID]
	if len(id) != 4 {
		return nil, errKDBX
	}
	stream, err := protectedStream(binary.LittleEndian.Uint32(id), k.fields[kdbxStreamKey])
	return &kdbxContent{xml: xml, protected: stream}, err
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
