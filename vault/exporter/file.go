package exporter

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/coffer-vault/coffer/internal/atomicfile"
	"github.com/coffer-vault/coffer/vault"
)

// Save is Write into a file that is for this user alone. It has its name when it is whole; after an error nothing of it is there, and after
// a kill nothing that drafts does not find again.
// Errors: fs.ErrExist for a name that is taken, unless Options.Replace; those of Write, and the system's.
func Save(ctx context.Context, v *vault.Vault, drafts atomicfile.Drafts, path string, o Options, progress func(done, total int)) (Report, error) {
	report, err := save(ctx, v, drafts, path, o, progress)
	if err != nil {
		return Report{}, fmt.Errorf("export: %w", err)
	}
	return report, nil
}

// save writes through a pipe, since encoders write and atomicfile reads.
func save(ctx context.Context, v *vault.Vault, drafts atomicfile.Drafts, path string, o Options, progress func(done, total int)) (report Report, err error) {
	r, w := io.Pipe()
	written := make(chan error, 1)
	go func() {
		var err error
		report, err = write(ctx, v, o, w, progress)
		w.CloseWithError(err)
		written <- err
	}()
	err = drafts.WriteFrom(path, r, o.Replace)
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
