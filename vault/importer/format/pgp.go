package format

import (
	"bytes"
	"compress/flate"
	"compress/zlib"
	"crypto/aes"
	"crypto/sha1" // of RFC 4880: it finds what was changed by accident, and the session key is secret
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"io"
	"iter"

	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault/importer"
)

// pgpMessage begins an encrypted export of Proton Pass: a message of OpenPGP (RFC 4880) under a password, with the archive in it.
var pgpMessage = []byte("-----BEGIN PGP MESSAGE-----")

// Packets of a message, and what this reader knows of each.
const (
	pgpSessionKey = 3  // version 4: AES under a password, salted and iterated
	pgpCompressed = 8  // zip and zlib
	pgpLiteral    = 11 // the content
	pgpSealed     = 18 // version 1: CFB with a SHA-1 at its end
)

// maxPGPKeys is how many passwords a message may have; each costs a derivation.
const maxPGPKeys = 4

var errPGP = errors.New("an OpenPGP message of another kind")

// pgpLock is a session key under a password.
type pgpLock struct {
	keySize int
	newHash func() hash.Hash
	salt    []byte
	count   int    // bytes that are hashed
	sealed  []byte // empty: the derived key is the session key
}

// openPGP opens an archive that is encrypted under a password. What is encrypted for somebody's key only its own program opens.
func openPGP(data []byte) (importer.Source, error) {
	message, err := unarmor(data)
	if err != nil {
		return nil, fmt.Errorf("%w: OpenPGP", importer.ErrMalformed)
	}
	locks, sealed, err := readPGP(message)
	if err != nil {
		return nil, ErrEncryptedExport
	}
	read := func(password secret.Bytes) (iter.Seq[importer.Row], error) {
		if password.IsZero() {
			return nil, importer.ErrPrimaryPasswordNeeded
		}
		for _, lock := range locks {
			if content, err := lock.open(password, sealed); err == nil {
				return innerRows(content)
			}
		}
		return nil, importer.ErrWrongPrimaryPassword
	}
	return &file{info: importer.Info{ID: "protonpass", Browser: "Proton Pass", Count: -1}, read: read}, nil
}

// innerRows are the rows of the export inside of an encrypted one.
func innerRows(content []byte) (iter.Seq[importer.Row], error) {
	if bytes.HasPrefix(content, pgpMessage) || bytes.HasPrefix(content, ageSignature) {
		return nil, ErrEncryptedExport
	}
	inner, err := Open(content)
	if err != nil {
		return nil, err
	}
	return inner.(*file).read(secret.Bytes{})
}

// unarmor is the bytes of an armored message. Its checksum, if it has one, is left to the seal inside.
func unarmor(data []byte) ([]byte, error) {
	_, data, _ = bytes.Cut(data, pgpMessage)
	data, _, _ = bytes.Cut(data, []byte("-----END PGP MESSAGE-----"))
	data = bytes.ReplaceAll(data, []byte("\r"), nil)
	if _, body, found := bytes.Cut(data, []byte("\n\n")); found {
		data = body // after the armor's headers
	}
	if at := bytes.LastIndex(data, []byte("\n=")); at >= 0 {
		data = data[:at]
	}
	return base64.StdEncoding.DecodeString(string(bytes.Join(bytes.Fields(data), nil)))
}

// readPGP reads the packets of a message: keys under passwords, and one that is sealed.
func readPGP(message []byte) (locks []*pgpLock, sealed []byte, err error) {
	for len(message) > 0 {
		tag, body, rest, err := nextPacket(message)
		if err != nil {
			return nil, nil, err
		}
		message = rest
		switch tag {
		case pgpSessionKey:
			if lock, err := readLock(body); err == nil && len(locks) < maxPGPKeys {
				locks = append(locks, lock)
			}
		case pgpSealed:
			if len(body) == 0 || body[0] != 1 || len(locks) == 0 {
				return nil, nil, errPGP
			}
			return locks, body[1:], nil
		}
	}
	return nil, nil, errPGP
}

// nextPacket takes a packet from the front: of the old form, or of the new one, which may be in parts.
func nextPacket(data []byte) (tag byte, body, rest []byte, err error) {
	r := &byteReader{data: data}
	head := r.take(1)
	switch {
	case r.err != nil || head[0]&0x80 == 0:
		return 0, nil, nil, errPGP
	case head[0]&0x40 != 0:
		body, err = newBody(r)
		return head[0] & 0x3f, body, r.data, err
	}
	size := len(r.data)
	switch head[0] & 3 {
	case 0:
		size = int(r.number(1))
	case 1:
		size = int(r.number(2))
	case 2:
		size = int(r.number(4))
	}
	body = r.take(size)
	return head[0] >> 2 & 0xf, body, r.data, r.err
}

// newBody is the body of a packet of the new form.
func newBody(r *byteReader) (body []byte, err error) {
	for {
		first := r.number(1)
		switch {
		case r.err != nil:
			return nil, r.err
		case first < 192:
			return append(body, r.take(int(first))...), r.err
		case first < 224:
			return append(body, r.take(int((first-192)<<8+r.number(1)+192))...), r.err
		case first == 255:
			return append(body, r.take(int(r.number(4)))...), r.err
		}
		body = append(body, r.take(1<<(first&0x1f))...) // a part, and more follow
	}
}

// number takes an unsigned number, the greatest byte first.
func (r *byteReader) number(size int) (n uint64) {
	for _, b := range r.take(size) {
		n = n<<8 | uint64(b)
	}
	return n
}

// readLock reads a session key under a password.
func readLock(body []byte) (*pgpLock, error) {
	const version, iterated, saltSize = 4, 3, 8
	sizes := map[byte]int{7: 16, 8: 24, 9: 32} // of AES
	hashes := map[byte]func() hash.Hash{2: sha1.New, 8: sha256.New, 9: sha512.New384, 10: sha512.New}
	if len(body) < 5+saltSize || body[0] != version || sizes[body[1]] == 0 || body[2] != iterated || hashes[body[3]] == nil {
		return nil, errPGP
	}
	coded := body[4+saltSize]
	return &pgpLock{
		keySize: sizes[body[1]], newHash: hashes[body[3]], salt: body[4 : 4+saltSize],
		count: (16 + int(coded&15)) << (coded>>4 + 6), sealed: body[5+saltSize:], // at most 65 MB
	}, nil
}

// derive is the key of a password: as many hashes as it takes bytes, each with one more zero before the salt.
func (l *pgpLock) derive(password secret.Bytes) []byte {
	salted := append(bytes.Clone(l.salt), password.Reveal()...)
	defer clear(salted)
	block := bytes.Repeat(salted, max(1, 64<<10/len(salted)))
	defer clear(block)
	var key []byte
	for zeros := 0; len(key) < l.keySize; zeros++ {
		sum := l.newHash()
		sum.Write(make([]byte, zeros))
		for left := max(l.count, len(salted)); left > 0; left -= len(block) {
			sum.Write(block[:min(left, len(block))])
		}
		key = sum.Sum(key)
	}
	return key[:l.keySize]
}

// open decrypts the message to its content.
func (l *pgpLock) open(password secret.Bytes, sealed []byte) ([]byte, error) {
	key := l.derive(password)
	defer clear(key)
	if len(l.sealed) > 0 {
		session := cfb(key, l.sealed)
		defer clear(session)
		if size := map[byte]int{7: 16, 8: 24, 9: 32}[session[0]]; size == 0 || size != len(session)-1 {
			return nil, importer.ErrWrongPrimaryPassword
		}
		key = session[1:]
	}
	plain := cfb(key, sealed)
	defer clear(plain)
	// The first block is random, and its end is there twice; at the end is a packet with the SHA-1 of all before its sum.
	const tail = 2 + sha1.Size
	body := len(plain) - tail
	if body < aes.BlockSize+2 || !bytes.Equal(plain[aes.BlockSize-2:aes.BlockSize], plain[aes.BlockSize:aes.BlockSize+2]) {
		return nil, importer.ErrWrongPrimaryPassword
	}
	sum := sha1.Sum(plain[:body+2])
	if !bytes.Equal(plain[body:body+2], []byte{0xd3, sha1.Size}) || subtle.ConstantTimeCompare(sum[:], plain[body+2:]) != 1 {
		return nil, importer.ErrWrongPrimaryPassword
	}
	return literal(plain[aes.BlockSize+2:body], 0)
}

// cfb decrypts with AES in cipher feedback mode, from a block of zeros. The standard library's is deprecated, since nothing in it notices
// a change; in a message its SHA-1 does.
func cfb(key, sealed []byte) []byte {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err) // the sizes are checked
	}
	plain, stream := make([]byte, len(sealed)), make([]byte, aes.BlockSize)
	for at := 0; at < len(sealed); at += aes.BlockSize {
		block.Encrypt(stream, stream)
		n := subtle.XORBytes(plain[at:], sealed[at:min(at+aes.BlockSize, len(sealed))], stream)
		copy(stream, sealed[at:at+n])
	}
	return plain
}

// literal is the content of a decrypted message, which may be compressed.
func literal(packets []byte, depth int) ([]byte, error) {
	tag, body, _, err := nextPacket(packets)
	if err != nil || depth > 2 || len(body) < 6 {
		return nil, errPGP
	}
	switch tag {
	case pgpLiteral:
		head := 2 + int(body[1]) + 4 // format, name, date
		if head > len(body) {
			return nil, errPGP
		}
		return bytes.Clone(body[head:]), nil
	case pgpCompressed:
		content, err := inflate(body)
		if err != nil {
			return nil, err
		}
		defer clear(content)
		return literal(content, depth+1)
	}
	return nil, errPGP
}

// inflate undoes the compression, to at most MaxFile bytes.
func inflate(body []byte) ([]byte, error) {
	var r io.Reader = bytes.NewReader(body[1:])
	switch body[0] {
	case 0:
	case 1:
		r = flate.NewReader(r)
	case 2:
		z, err := zlib.NewReader(r)
		if err != nil {
			return nil, err
		}
		r = z
	default:
		return nil, errPGP
	}
	content, err := io.ReadAll(io.LimitReader(r, MaxFile+1))
	if err == nil && len(content) > MaxFile {
		err = importer.ErrTooLarge
	}
	return content, err
}
