package exporter

import (
	"context"
	"errors"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/internal/kdbx"
	"github.com/coffer-vault/coffer/vault"
)

// KeePass is a database of KeePass 2 in the version 4.0 of its format (keepass.info/help/kb/kdbx_4.html), which KeePassXC and the apps
// for phones open. It is sealed with ChaCha20 under a password of its own, stretched with Argon2id.
const KeePass Format = "kdbx"

var keePassSpec = Spec{
	Format: KeePass, Extension: ".kdbx", Sealed: true, Omits: []Part{PartFavorite, PartArchive, PartFindings}, open: newKeePass,
}

// keePassCost is about as much as an unlock of Coffer, and as much memory as a phone has for it.
var keePassCost = kdbx.Cost{MemoryKiB: 64 << 10, Time: 10, Threads: 2}

// keePassEncoder writes files as it meets them, into the inner header. The XML has to wait in memory: it comes behind them.
type keePassEncoder struct {
	export *export
	file   *kdbx.Writer
	xml    *keePassXML
	next   int // folder that is to be opened next
	bin    id.ID
	open   int // groups that are open, that of the root not counted
	files  int
}

func newKeePass(x *export) (encoder, error) {
	cost := keePassCost
	if lowered.Load() {
		cost = kdbx.Cost{MemoryKiB: 64, Time: 1, Threads: 1}
	}
	file, err := kdbx.NewWriter(x.out, x.options.Password.Reveal(), cost)
	if err != nil {
		return nil, err
	}
	protect, err := file.Protect()
	if err != nil {
		return nil, err
	}
	k := &keePassEncoder{export: x, file: file, bin: id.New(), xml: newKeePassXML(protect)}
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
			err = k.file.BinaryHeader(f.Size)
		}
		if err == nil {
			err = k.export.vault.ReadAttachment(ctx, f.ID, k.file, nil)
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
	if err := k.file.Field(kdbx.InnerEnd, nil); err != nil {
		return err
	}
	if _, err := k.file.Write(k.xml.out.Bytes()); err != nil {
		return err
	}
	return k.file.Close()
}

func (k *keePassEncoder) wipe() {
	clear(k.xml.out.Bytes())
	k.file.Wipe()
}
