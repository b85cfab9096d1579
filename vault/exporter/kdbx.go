package exporter

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha512"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"

	"golang.org/x/crypto/chacha20"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/vault"
)

// KeePass is a database of KeePass 2 in the version 4.0 of its format (keepass.info/help/kb/kdbx_4.html), which KeePassXC and the apps
// for phones open. It is sealed with ChaCha20 under a password of its own, stretched with Argon2id.
const KeePass Format = "kdbx"

var keePassSpec = Spec{
	Format: KeePass, Extension: ".kdbx", Sealed: true, Omits: []Part{PartFavorite, PartArchive, PartFindings}, open: newKeePass,
}

// Fields of the outer and the inner header, and identifiers in them.
const (
	kdbxEnd         = 0
	kdbxCipher      = 2
	kdbxCompression = 3
	kdbxMasterSeed  = 4
	kdbxNonce       = 7
	kdbxKDF         = 11

	kdbxInnerStream = 1
	kdbxInnerKey    = 2
	kdbxInnerBinary = 3

	kdbxStreamChaCha20 = 3

	kdbxSignature  = "03d9a29a67fb4bb500000400" // and version 4.0
	kdbxIDChaCha20 = "d6038a2b8b6f4cb5a524339a31dbb59a"
	kdbxIDArgon2id = "9e298b1956db4773b23dfc3ec6f0a1e6"
)

// keePassEncoder writes files as it meets them, into the inner header. The XML has to wait in memory: it comes behind them.
type keePassEncoder struct {
	export *export
	blocks *kdbxBlocks
	sealed io.Writer // what is encrypted
	xml    *keePassXML
	next   int // folder that is to be opened next
	bin    id.ID
	open   int // groups that are open, that of the root not counted
	files  int
}

func newKeePass(x *export) (encoder, error) {
	blocks, stream, err := startKDBX(x.out, x.options.Password)
	if err != nil {
		return nil, err
	}
	k := &keePassEncoder{export: x, blocks: blocks, sealed: &streamWriter{stream, blocks}, bin: id.New()}
	innerKey := random(64)
	defer clear(innerKey)
	split := sha512.Sum512(innerKey)
	defer clear(split[:])
	protect, err := chacha20.NewUnauthenticatedCipher(split[:32], split[32:44])
	if err != nil {
		return nil, err
	}
	var inner bytes.Buffer
	kdbxField(&inner, kdbxInnerStream, binary.LittleEndian.AppendUint32(nil, kdbxStreamChaCha20))
	kdbxField(&inner, kdbxInnerKey, innerKey)
	defer clear(inner.Bytes())
	if _, err := k.sealed.Write(inner.Bytes()); err != nil {
		return nil, err
	}
	k.xml = newKeePassXML(protect)
	k.xml.start(k.bin)
	return k, nil
}

func (k *keePassEncoder) add(ctx context.Context, e *entry) error {
	k.enter(e)
	refs, err := k.addFiles(ctx, e)
	if err != nil {
		return err
	}
	k.xml.entry(e, refs)
	return nil
}

// enter opens the groups up to that of an item. Items come folder by folder, as the tree is read, and those in the trash last.
func (k *keePassEncoder) enter(e *entry) {
	if e.TrashedAt != 0 {
		if k.bin != (id.ID{}) {
			k.openGroups(len(k.export.folders))
			k.closeGroups(0)
			k.xml.group(k.bin, "Recycle Bin")
			k.open, k.bin = 1, id.ID{}
		}
		return
	}
	for i, f := range k.export.folders {
		if f.ID == e.Folder {
			k.openGroups(i + 1)
		}
	}
}

// openGroups opens those up to a place in the list of folders, and closes what they are not in.
func (k *keePassEncoder) openGroups(end int) {
	for ; k.next < end; k.next++ {
		f := k.export.folders[k.next]
		k.closeGroups(f.Depth)
		k.xml.group(f.ID, f.Name)
		k.open++
	}
}

func (k *keePassEncoder) closeGroups(depth int) {
	for ; k.open > depth; k.open-- {
		k.xml.endGroup()
	}
}

// keePassFile is a file of an entry: its name, and its place among all.
type keePassFile struct {
	name string
	ref  int
}

func (k *keePassEncoder) addFiles(ctx context.Context, e *entry) (refs []keePassFile, err error) {
	for _, f := range e.files {
		_, err := k.export.hash(ctx, f)
		if errors.Is(err, vault.ErrMissing) {
			e.lose(PartAbsent, 1)
			continue
		}
		if err == nil {
			// One byte of flags, and the file.
			head := binary.LittleEndian.AppendUint32([]byte{kdbxInnerBinary}, uint32(f.Size+1))
			_, err = k.sealed.Write(append(head, 0))
		}
		if err == nil {
			err = k.export.vault.ReadAttachment(ctx, f.ID, k.sealed, nil)
		}
		if err != nil {
			return nil, err
		}
		refs = append(refs, keePassFile{f.Name, k.files})
		k.files++
		k.export.files++
	}
	return refs, nil
}

func (k *keePassEncoder) finish() error {
	if k.bin != (id.ID{}) {
		k.openGroups(len(k.export.folders))
	}
	k.closeGroups(0)
	k.xml.end()
	var end bytes.Buffer
	kdbxField(&end, kdbxEnd, nil)
	if _, err := k.sealed.Write(end.Bytes()); err != nil {
		return err
	}
	if _, err := k.sealed.Write(k.xml.out.Bytes()); err != nil {
		return err
	}
	return k.blocks.end()
}

func (k *keePassEncoder) wipe() {
	clear(k.xml.out.Bytes())
	clear(k.blocks.key[:])
}

// kdbxField writes type, length and value of a header's field.
func kdbxField(w *bytes.Buffer, kind byte, value []byte) {
	w.WriteByte(kind)
	w.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(value))))
	w.Write(value)
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
