package exporter

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/coffer-vault/coffer/internal/atomicfile"
	"github.com/coffer-vault/coffer/vault"
)

// Save is Write into a file that is for this user alone. It has its name when it is whole; after an error nothing of it is there.
// Errors: fs.ErrExist for a name that is taken, unless Options.Replace; those of Write, and the system's.
func Save(ctx context.Context, v *vault.Vault, path string, o Options, progress func(done, total int)) (Report, error) {
	release := func() {}
	if !o.Replace {
		var err error
		if release, err = reserve(path); err != nil {
			return Report{}, fmt.Errorf("export: %w", err)
		}
	}
	report, err := save(ctx, v, path, o, progress)
	if err != nil {
		release()
		return Report{}, err
	}
	return report, nil
}

// reserve takes a name that nobody has, in one step, so that no file that comes in between is replaced. release gives it back.
func reserve(path string) (release func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	ours, err := f.Stat()
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, errors.Join(err, os.Remove(path))
	}
	return func() {
		if now, err := os.Lstat(path); err == nil && os.SameFile(ours, now) && now.Size() == 0 {
			_ = os.Remove(path) // it is empty
		}
	}, nil
}

// save writes through a pipe, since encoders write and atomicfile reads.
func save(ctx context.Context, v *vault.Vault, path string, o Options, progress func(done, total int)) (report Report, err error) {
	r, w := io.Pipe()
	written := make(chan error, 1)
	go func() {
		var err error
		report, err = Write(ctx, v, o, w, progress)
		w.CloseWithError(err)
		written <- err
	}()
	err = atomicfile.WriteFrom(path, r, 0o600)
	r.CloseWithError(errClosed) // the writing ends with the file
	if cause := <-written; cause != nil && !errors.Is(cause, errClosed) {
		err = cause
	}
	return report, err
}

// errClosed ends an encoder whose file cannot be written any more.
var errClosed = fs.ErrClosed

// hash reads a file to its end before anything of it is written: of one that is not whole on this PC nothing may stand in the export.
func (x *export) hash(ctx context.Context, f vault.Attachment) ([]byte, error) {
	h := sha256.New()
	err := x.vault.ReadAttachment(ctx, f.ID, h, nil)
	return h.Sum(nil), err
}
