package format

import (
	"bytes"
	"compress/gzip"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/chacha20"

	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault/importer"
)

// sealing is how a test seals a database.
type sealing struct {
	major   uint16
	aes     bool   // else ChaCha20
	packed  bool   // with gzip
	gzipped bool   // the content is packed already
	more    []byte // fields of the header, as they are, before the others
	block   int    // bytes of a block
	content []byte // of version 4 the inner header and the XML, of version 3 the XML
}

// field of a header in the form of a version.
func (s sealing) field(kind byte, value []byte) []byte {
	field := []byte{kind}
	if s.major == 3 {
		field = binary.LittleEndian.AppendUint16(field, uint16(len(value)))
	} else {
		field = binary.LittleEndian.AppendUint32(field, uint32(len(value)))
	}
	return append(field, value...)
}

func (s sealing) header() []byte {
	id, flags := cipherChaCha20, byte(0)
	if s.aes {
		id = cipherAES
	}
	if s.packed || s.gzipped {
		flags = 1
	}
	kind, _ := hex.DecodeString(id)
	data := binary.LittleEndian.AppendUint32(slices.Clone(kdbxSignature), uint32(s.major)<<16)
	data = slices.Concat(data, s.more, s.field(kdbxCipher, kind), s.field(kdbxCompression, []byte{flags, 0, 0, 0}), s.field(kdbxMasterSeed, make([]byte, 32)))
	data = append(data, s.field(kdbxIV, s.iv())...)
	if s.major == 3 {
		data = append(data, s.field(kdbxTransformSeed, make([]byte, 32))...)
		data = append(data, s.field(kdbxTransformRounds, make([]byte, 8))...)
		data = append(data, s.field(kdbxStreamKey, []byte("stream"))...)
		data = append(data, s.field(kdbxStartBytes, make([]byte, 32))...)
		data = append(data, s.field(kdbxStreamID, []byte{2, 0, 0, 0})...)
	} else {
		kdf, _ := hex.DecodeString(kdfAES4)
		all := costly(map[string][]byte{"$UUID": kdf, "S": make([]byte, 32), "R": make([]byte, 8)})
		dictionary := all[len(kdbxSignature)+9 : len(all)-5]
		data = append(data, s.field(kdbxKDF, dictionary)...)
	}
	return append(data, s.field(kdbxEnd, nil)...)
}

func (s sealing) iv() []byte {
	if s.aes {
		return make([]byte, aes.BlockSize)
	}
	return make([]byte, chacha20.NonceSize)
}

// seal makes the database, under databasePassword.
func (s sealing) seal(t testing.TB) []byte {
	t.Helper()
	header, plain := s.header(), s.content
	if s.packed {
		var packed bytes.Buffer
		z, _ := gzip.NewWriterLevel(&packed, gzip.HuffmanOnly) // what packs well makes slow fuzzing
		z.Write(plain)
		z.Close()
		plain = packed.Bytes()
	}
	k, err := readKDBX(header)
	if err != nil || len(k.header) != len(header) {
		t.Skip("one of the fields that were added ends the header")
	}
	key, err := k.transform(compositeKey(secret.FromString(databasePassword), secret.Bytes{}))
	if err != nil {
		t.Fatal(err)
	}
	master := k.seedKey(key)
	if s.major == 3 {
		plain = append(make([]byte, 32), s.blocks(plain, func(_ uint64, part []byte) []byte {
			sum := sha256.Sum256(part)
			if len(part) == 0 {
				sum = [32]byte{}
			}
			return append(make([]byte, 4), sum[:]...)
		})...)
		return append(header, s.encrypt(t, master, plain)...)
	}
	sum := sha512.Sum512(slices.Concat(make([]byte, 32), key, []byte{1}))
	hash := sha256.Sum256(header)
	return slices.Concat(header, hash[:], blockMAC(sum[:], ^uint64(0), header), s.blocks(s.encrypt(t, master, plain), func(number uint64, part []byte) []byte {
		size := binary.LittleEndian.AppendUint32(nil, uint32(len(part)))
		return blockMAC(sum[:], number, binary.LittleEndian.AppendUint64(nil, number), size, part)
	}))
}

// blocks cuts data into blocks, each with its proof and size, and an empty one at the end.
func (s sealing) blocks(data []byte, proof func(number uint64, part []byte) []byte) (all []byte) {
	for number := uint64(0); ; number++ {
		part := data[:min(len(data), s.block)]
		data = data[len(part):]
		all = append(all, proof(number, part)...)
		all = append(binary.LittleEndian.AppendUint32(all, uint32(len(part))), part...)
		if len(part) == 0 {
			return all
		}
	}
}

func (s sealing) encrypt(t testing.TB, key, plain []byte) []byte {
	t.Helper()
	if !s.aes {
		stream, err := chacha20.NewUnauthenticatedCipher(key, s.iv())
		if err != nil {
			t.Fatal(err)
		}
		sealed := make([]byte, len(plain))
		stream.XORKeyStream(sealed, plain)
		return sealed
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	padding := aes.BlockSize - len(plain)%aes.BlockSize
	sealed := append(slices.Clone(plain), bytes.Repeat([]byte{byte(padding)}, padding)...)
	cipher.NewCBCEncrypter(block, s.iv()).CryptBlocks(sealed, sealed)
	return sealed
}

// inner is an inner header without protection of its own, with files.
func inner(files ...string) []byte {
	data := append([]byte{innerStreamID, 4, 0, 0, 0}, 0, 0, 0, 0)
	for _, f := range files {
		data = append(data, innerBinary)
		data = append(binary.LittleEndian.AppendUint32(data, uint32(len(f)+1)), 0)
		data = append(data, f...)
	}
	return append(data, kdbxEnd, 0, 0, 0, 0)
}

// with is the XML of a database whose one entry has files by their numbers.
func withRefs(refs ...string) []byte {
	xml := `<KeePassFile><Root><Group><Name>Root</Name><Entry><UUID>AAAAAAAAAAAAAAAAAAAAAA==</UUID>` +
		`<String><Key>Title</Key><Value>Shop</Value></String><String><Key>Password</Key><Value>pass</Value></String>`
	for _, ref := range refs {
		xml += `<Binary><Key>file` + ref + `</Key><Value Ref="` + ref + `"/></Binary>`
	}
	return []byte(xml + `</Entry></Group></Root></KeePassFile>`)
}

// Every way to seal a database is read the same, however its blocks lie; and files in whatever order they are asked for.
func TestSealedDatabases(t *testing.T) {
	files := []string{strings.Repeat("a", 100_000), "", strings.Repeat("c", 16), "d"}
	for _, major := range []uint16{3, 4} {
		for i := range 16 {
			s := sealing{major: major, aes: i&1 != 0, packed: i&2 != 0, block: []int{1 << 20, 1000, 64, 16}[i/4], content: withRefs()}
			if major == 4 {
				s.content = append(inner(files...), withRefs("2", "0", "3", "1", "0")...)
			}
			readout := read(t, s.seal(t), databasePassword)
			if readout.Err != nil || len(readout.Rows) != 1 || readout.Rows[0].Record == nil || string(readout.Rows[0].Record.Password.Reveal()) != "pass" {
				t.Fatalf("%+v: %v", s, readout.Err)
			}
			if major == 3 {
				continue
			}
			record := readout.Rows[0].Record
			if len(record.Files) != 5 || len(record.LeftOut) != 0 {
				t.Fatalf("%d files, left out: %v", len(record.Files), record.LeftOut)
			}
			for _, f := range slices.Backward(record.Files) {
				r, err := f.Open()
				if err != nil {
					t.Fatal(err)
				}
				got, err := io.ReadAll(r)
				if want := files[f.Name[len(f.Name)-1]-'0']; err != nil || string(got) != want || f.Size != int64(len(want)) {
					t.Errorf("%s: %d bytes, want %d, %v", f.Name, len(got), len(want), err)
				}
				r.Close()
			}
		}
	}
}

// FuzzSealedDatabase puts any header fields, inner header and XML behind the right key.
func FuzzSealedDatabase(f *testing.F) {
	f.Add(uint8(0), []byte(nil), append(inner("a file"), withRefs("0", "1")...))
	f.Add(uint8(1), []byte(nil), sample(f, "keepass.xml"))
	f.Add(uint8(6), []byte{1, 2, 0, 0, 0, 'h', 'i'}, append(inner("a", "b"), sample(f, "keepass.xml")...))
	f.Add(uint8(15), []byte{kdbxIV, 3, 0, 1, 2, 3}, []byte("<KeePassFile/>"))
	f.Fuzz(func(t *testing.T, how uint8, more, content []byte) {
		s := sealing{major: 4, aes: how&2 != 0, packed: how&4 != 0, more: more, block: 1 << (8 + how>>4), content: content}
		if how&1 != 0 {
			s.major = 3
		}
		source, err := Open(s.seal(t))
		if err != nil {
			t.Fatal(err) // its header was read when it was sealed
		}
		readout := importer.Read(t.Context(), source, secret.FromString(databasePassword))
		if errors.Is(readout.Err, importer.ErrWrongPrimaryPassword) || errors.Is(readout.Err, importer.ErrPrimaryPasswordNeeded) {
			t.Fatal("the key is right: ", readout.Err)
		}
		for _, row := range readout.Rows {
			if (row.Record == nil) == (row.Reason == "") {
				t.Fatalf("row %+v", row)
			}
		}
	})
}
