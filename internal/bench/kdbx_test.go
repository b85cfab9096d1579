//go:build linux

package bench

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"math"
	"slices"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/chacha20"

	"github.com/coffer-vault/coffer/crypto/kdf"
)

// keepassxc-cli chooses the key derivation of a new database itself, and keeps that of an existing one when it saves. So it is given a
// database with our parameters. This is the format KDBX 4.0 (keepass.info/help/kb/kdbx_4.html), without compression.

const (
	kdbxCipher      = 2
	kdbxCompression = 3
	kdbxMasterSeed  = 4
	kdbxNonce       = 7
	kdbxKDF         = 11

	kdbxAES256   = "31c1f2e6bf714350be5805216afc5aff"
	kdbxArgon2id = "9e298b1956db4773b23dfc3ec6f0a1e6"
)

// writeKDBX writes a database with the first n records, whose key takes what the profile costs.
func writeKDBX(w io.Writer, n int, password string, p kdf.Profile) error {
	content, err := kdbxContent(n)
	if err != nil {
		return err
	}
	var file bytes.Buffer
	seed, salt, nonce := random(32), random(32), random(aes.BlockSize)
	file.Write([]byte{0x03, 0xd9, 0xa2, 0x9a, 0x67, 0xfb, 0x4b, 0xb5, 0, 0, 4, 0}) // signatures, version 4.0
	headerField(&file, kdbxCipher, fromHex(kdbxAES256))
	headerField(&file, kdbxCompression, make([]byte, 4))
	headerField(&file, kdbxMasterSeed, seed)
	headerField(&file, kdbxNonce, nonce)
	headerField(&file, kdbxKDF, argon2Parameters(salt, p))
	headerField(&file, 0, []byte("\r\n\r\n"))
	header := slices.Clone(file.Bytes())

	inner := sha256.Sum256([]byte(password))
	composite := sha256.Sum256(inner[:])
	transformed := argon2.IDKey(composite[:], salt, p.Time, p.MemoryKiB, p.Threads, 32)
	key := sha256.Sum256(append(slices.Clone(seed), transformed...))
	macKey := sha512.Sum512(append(append(slices.Clone(seed), transformed...), 1))

	body, err := encryptCBC(key[:], nonce, content)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(header)
	file.Write(sum[:])
	file.Write(blockMAC(macKey[:], math.MaxUint64, header))
	for i, block := range [][]byte{body, nil} {
		sized := append(binary.LittleEndian.AppendUint32(nil, uint32(len(block))), block...)
		file.Write(blockMAC(macKey[:], uint64(i), append(binary.LittleEndian.AppendUint64(nil, uint64(i)), sized...)))
		file.Write(sized)
	}
	_, err = file.WriteTo(w)
	return err
}

func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}

func fromHex(digits string) []byte {
	b, err := hex.DecodeString(digits)
	if err != nil {
		panic(err) // a constant
	}
	return b
}

// headerField writes type, length and value, as the inner header has it too.
func headerField(w *bytes.Buffer, kind byte, value []byte) {
	w.WriteByte(kind)
	w.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(value))))
	w.Write(value)
}

// argon2Parameters is the dictionary that names the key derivation.
func argon2Parameters(salt []byte, p kdf.Profile) []byte {
	d := []byte{0, 1} // version of the dictionary
	add := func(kind byte, name string, value []byte) {
		d = append(d, kind)
		d = append(binary.LittleEndian.AppendUint32(d, uint32(len(name))), name...)
		d = append(binary.LittleEndian.AppendUint32(d, uint32(len(value))), value...)
	}
	const u32, u64, blob = 4, 5, 0x42
	add(blob, "$UUID", fromHex(kdbxArgon2id))
	add(blob, "S", salt)
	add(u32, "P", binary.LittleEndian.AppendUint32(nil, uint32(p.Threads)))
	add(u64, "M", binary.LittleEndian.AppendUint64(nil, uint64(p.MemoryKiB)<<10))
	add(u64, "I", binary.LittleEndian.AppendUint64(nil, uint64(p.Time)))
	add(u32, "V", binary.LittleEndian.AppendUint32(nil, argon2.Version))
	return append(d, 0)
}

// kdbxContent is what is encrypted: the key of the stream that hides passwords (ChaCha20), and the XML.
func kdbxContent(n int) ([]byte, error) {
	streamKey := random(64)
	split := sha512.Sum512(streamKey)
	stream, err := chacha20.NewUnauthenticatedCipher(split[:32], split[32:44])
	if err != nil {
		return nil, err
	}
	var content bytes.Buffer
	headerField(&content, 1, binary.LittleEndian.AppendUint32(nil, 3))
	headerField(&content, 2, streamKey)
	headerField(&content, 0, nil)
	writeKeePassXML(&content, n, stream)
	return content.Bytes(), nil
}

func encryptCBC(key, nonce, plaintext []byte) ([]byte, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	padding := aes.BlockSize - len(plaintext)%aes.BlockSize
	plaintext = append(plaintext, bytes.Repeat([]byte{byte(padding)}, padding)...)
	cipher.NewCBCEncrypter(block, nonce).CryptBlocks(plaintext, plaintext)
	return plaintext, nil
}

func blockMAC(key []byte, number uint64, data []byte) []byte {
	blockKey := sha512.Sum512(append(binary.LittleEndian.AppendUint64(nil, number), key...))
	mac := hmac.New(sha256.New, blockKey[:])
	mac.Write(data)
	return mac.Sum(nil)
}

// perGroup keeps groups small: KeePassXC's time rises with the square of their size.
const perGroup = 1000

func writeKeePassXML(out *bytes.Buffer, n int, stream *chacha20.Cipher) {
	fmt.Fprintf(out, `<?xml version="1.0" encoding="UTF-8"?><KeePassFile><Meta/><Root><Group><UUID>%s</UUID><Name>Root</Name>`, keePassUUID())
	for first := 0; first < n; first += perGroup {
		fmt.Fprintf(out, "<Group><UUID>%s</UUID><Name>Group %d</Name>\n", keePassUUID(), first)
		for i := first; i < min(first+perGroup, n); i++ {
			writeEntry(out, recordNumber(i), stream)
		}
		out.WriteString("</Group>\n")
	}
	out.WriteString("</Group></Root></KeePassFile>")
}

// writeEntry writes a record. No text in it needs escaping.
func writeEntry(out *bytes.Buffer, r record, stream *chacha20.Cipher) {
	hidden := make([]byte, len(r.password))
	stream.XORKeyStream(hidden, []byte(r.password))
	const field = "<String><Key>%s</Key><Value>%s</Value></String>"
	fmt.Fprintf(out, "<Entry><UUID>%s</UUID>", keePassUUID())
	fmt.Fprintf(out, field+field+field, "Title", r.title, "UserName", r.user, "URL", r.url)
	fmt.Fprintf(out, `<String><Key>Password</Key><Value Protected="True">%s</Value></String>`, base64.StdEncoding.EncodeToString(hidden))
	out.WriteString("</Entry>\n")
}

func keePassUUID() string { return base64.StdEncoding.EncodeToString(random(16)) }
