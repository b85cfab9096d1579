package exporter

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"runtime"
	"time"

	"filippo.io/age"

	"github.com/coffer-vault/coffer/vault"
)

// Archive is everything, with the attached files, encrypted with age (age-encryption.org/v1) under a password: a tar of the CXF
// document, `items.cxf.json`, and of `files/<id>/<name>`. It opens without Coffer: age -d FILE | tar x
const Archive Format = "age"

var archiveSpec = Spec{Format: Archive, Extension: ".tar.age", Sealed: true, open: newArchive}

const archiveItems = "items.cxf.json"

// archiveEncoder writes files as it meets them. The document has to wait in memory: a tar says how long a file is before it comes.
type archiveEncoder struct {
	export *export
	sealed io.WriteCloser
	tar    *tar.Writer
	items  *bytes.Buffer
	cxf    *cxfEncoder
}

func newArchive(x *export) (encoder, error) {
	recipient, err := age.NewScryptRecipient(string(x.options.Password.Reveal()))
	if err != nil {
		return nil, err
	}
	if lowered.Load() {
		recipient.SetWorkFactor(2)
	}
	sealed, err := age.Encrypt(x.out, recipient)
	if err != nil {
		return nil, err
	}
	if !lowered.Load() {
		runtime.GC() // the key derivation has left 256 MiB, beside which as much again could gather before anything is collected
	}
	a := &archiveEncoder{export: x, sealed: sealed, tar: tar.NewWriter(sealed), items: new(bytes.Buffer)}
	a.cxf = newCXF(x, a.items)
	return a, a.cxf.begin()
}

// cxfFileCredential stands in the document for a file of the archive.
type cxfFileCredential struct {
	Type string    `json:"type"`
	ID   cxfB64Url `json:"id"`
	Name string    `json:"name"`
	Size int64     `json:"decryptedSize"`
	Hash cxfB64Url `json:"integrityHash"` // SHA-256
}

func (a *archiveEncoder) add(ctx context.Context, e *entry) error {
	var files []any
	for _, f := range e.files {
		hash, err := a.export.hash(ctx, f)
		if errors.Is(err, vault.ErrMissing) {
			e.lose(PartAbsent, 1)
			continue
		}
		if err == nil {
			err = a.addFile(ctx, f)
		}
		if err != nil {
			return err
		}
		files = append(files, cxfFileCredential{"file", cxfID(f.ID), f.Name, f.Size, b64(hash)})
		a.export.files++
	}
	return a.cxf.addWith(e, files)
}

func (a *archiveEncoder) addFile(ctx context.Context, f vault.Attachment) error {
	if err := a.header("files/"+cxfID(f.ID)+"/"+vault.SafeFileName(f.Name), f.Size); err != nil {
		return err
	}
	return a.export.vault.ReadAttachment(ctx, f.ID, a.tar, nil)
}

func (a *archiveEncoder) header(name string, size int64) error {
	return a.tar.WriteHeader(&tar.Header{
		Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o600, ModTime: a.export.options.Now.Truncate(time.Second), Format: tar.FormatPAX,
	})
}

func (a *archiveEncoder) finish() error {
	if err := a.cxf.finish(); err != nil {
		return err
	}
	if err := a.header(archiveItems, int64(a.items.Len())); err != nil {
		return err
	}
	if _, err := a.tar.Write(a.items.Bytes()); err != nil {
		return err
	}
	return errors.Join(a.tar.Close(), a.sealed.Close())
}

func (a *archiveEncoder) wipe() { clear(a.items.Bytes()) }
