package format

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/chacha20"
	"golang.org/x/crypto/salsa20/salsa" //lint:ignore SA1019 the stream goes on from value to value, which salsa20 alone cannot
	"golang.org/x/crypto/twofish"       //lint:ignore SA1019 KeePass offers it, and what is sealed with it has to be opened

	"github.com/coffer-vault/coffer/vault/importer/internal/argon2d"
)

// The ciphers and key derivations, by their UUIDs.
const (
	cipherAES      = "31c1f2e6bf714350be5805216afc5aff"
	cipherTwofish  = "ad68f29f576f4bb9a36ad47af965346c"
	cipherChaCha20 = "d6038a2b8b6f4cb5a524339a31dbb59a"

	kdfAES3     = "c9d9f39a628a4460bf740d08c18a4fea"
	kdfAES4     = "7c02bb8279a74ac0927d114a00648238"
	kdfArgon2d  = "ef636ddf8c29444b91f7a9a403e30a0c"
	kdfArgon2id = "9e298b1956db4773b23dfc3ec6f0a1e6"

	kdbxKeySize = 32
)

// The most that a file may cost: several times what the programs propose, and some seconds at most.
const (
	maxAESRounds    = 200_000_000
	maxKDBXMemory   = 1 << 20 // KiB
	maxKDBXWork     = 1 << 24 // KiB times passes
	maxKDBXParallel = 64
)

var errPadding = errors.New("wrong padding")

// transform makes the key of the password's hash slow to guess.
func (k *kdbx) transform(composite []byte) ([]byte, error) {
	if k.major == 3 {
		rounds := k.fields[kdbxTransformRounds]
		if len(rounds) != 8 {
			return nil, errShort
		}
		return transformAES(composite, k.fields[kdbxTransformSeed], binary.LittleEndian.Uint64(rounds))
	}
	number := func(name string) uint64 {
		switch value := k.kdf[name]; len(value) {
		case 4:
			return uint64(binary.LittleEndian.Uint32(value))
		case 8:
			return binary.LittleEndian.Uint64(value)
		}
		return 0
	}
	kind := hex.EncodeToString(k.kdf["$UUID"])
	if kind == kdfAES3 || kind == kdfAES4 {
		return transformAES(composite, k.kdf["S"], number("R"))
	}
	memory, passes, lanes := number("M")/1024, number("I"), number("P")
	if memory == 0 || passes == 0 || lanes == 0 || memory > maxKDBXMemory || lanes > maxKDBXParallel || passes > maxKDBXWork/memory {
		return nil, errKDBXCost
	}
	switch {
	case kind == kdfArgon2d && number("V") == 0x13:
		p := argon2d.Params{Time: uint32(passes), Memory: uint32(memory), Threads: uint32(lanes), Secret: k.kdf["K"], Data: k.kdf["A"]}
		return argon2d.Key(composite, k.kdf["S"], p, kdbxKeySize), nil
	case kind == kdfArgon2id && number("V") == 0x13:
		return argon2.IDKey(composite, k.kdf["S"], uint32(passes), uint32(memory), uint8(lanes), kdbxKeySize), nil
	}
	return nil, errKDBX
}

// transformAES encrypts the two halves of the key again and again.
func transformAES(key, seed []byte, rounds uint64) ([]byte, error) {
	if rounds > maxAESRounds {
		return nil, errKDBXCost
	}
	if len(seed) != kdbxKeySize {
		return nil, errShort
	}
	block, err := aes.NewCipher(seed)
	if err != nil {
		return nil, err
	}
	var halves [2 * aes.BlockSize]byte
	copy(halves[:], key)
	for range rounds {
		block.Encrypt(halves[:aes.BlockSize], halves[:aes.BlockSize])
		block.Encrypt(halves[aes.BlockSize:], halves[aes.BlockSize:])
	}
	sum := sha256.Sum256(halves[:])
	return sum[:], nil
}

// decrypter undoes the cipher of the header.
func (k *kdbx) decrypter(key []byte, sealed io.Reader) (io.Reader, error) {
	iv := k.fields[kdbxIV]
	switch hex.EncodeToString(k.fields[kdbxCipher]) {
	case cipherAES:
		block, err := aes.NewCipher(key)
		if err != nil {
			return nil, err
		}
		return newCBCReader(block, iv, sealed)
	case cipherTwofish:
		block, err := twofish.NewCipher(key)
		if err != nil {
			return nil, err
		}
		return newCBCReader(block, iv, sealed)
	case cipherChaCha20:
		stream, err := chacha20.NewUnauthenticatedCipher(key, iv)
		if err != nil {
			return nil, err
		}
		return &cipher.StreamReader{S: stream, R: sealed}, nil
	}
	return nil, errKDBX
}

// dictionary reads the parameters of the key derivation: a version, then entries of type, name and value, and a zero. What is cut off is
// not in it.
func dictionary(data []byte) map[string][]byte {
	r, values := &byteReader{data: data}, map[string][]byte{}
	r.take(2)
	for {
		kind := r.take(1)
		if r.err != nil || kind[0] == 0 {
			return values
		}
		name := r.take(int(r.uint32()))
		value := r.take(int(r.uint32()))
		if r.err != nil {
			return values
		}
		values[string(name)] = value
	}
}

// salsaStream is Salsa20 as a stream: the package can only begin at a block.
type salsaStream struct {
	key     [32]byte
	counter [16]byte
	blocks  uint64
	left    []byte // of the present block
}

func newSalsa(key [32]byte) *salsaStream {
	s := &salsaStream{key: key}
	copy(s.counter[:], []byte{0xe8, 0x30, 0x09, 0x4b, 0x97, 0x20, 0x5d, 0x2a}) // KeePass's nonce, the same always
	return s
}

// XORKeyStream implements cipher.Stream.
func (s *salsaStream) XORKeyStream(dst, src []byte) {
	for i := range src {
		if len(s.left) == 0 {
			s.left = make([]byte, 64)
			binary.LittleEndian.PutUint64(s.counter[8:], s.blocks)
			salsa.XORKeyStream(s.left, s.left, &s.counter, &s.key)
			s.blocks++
		}
		dst[i] = src[i] ^ s.left[0]
		s.left = s.left[1:]
	}
}
