package vault

import (
	"context"
	"errors"
	"io"

	"github.com/coffer-vault/coffer/crypto/id"
)

// Edits that wait for the server are here alone. An unlock sets damaged synced versions aside, and the next sync fetches them; of a damaged
// edit it shows what it was made from, and leaves the rest to a person: this file.

// damagedEdit tells whether an object has an edit whose bytes changed in the store.
func (o *Object) damagedEdit() bool {
	return o.Pending != nil && o.Pending.State == Live && EnvelopeHash(o.Pending.Envelope) != o.Pending.Hash
}

// DamagedEdits lists the objects with an edit that was damaged in the store. Errors: ErrClosed, the context's, and the Store's.
func (v *Vault) DamagedEdits(ctx context.Context) (damaged []id.ID, err error) {
	err = v.view(ctx, func(r Reader) error {
		return r.PendingObjects(v.cfg.Vault, func(o Object) error {
			if o.damagedEdit() {
				damaged = append(damaged, o.ID)
			}
			return ctx.Err()
		})
	})
	return damaged, wrap("check edits", err)
}

// MendedEdits says what became of damaged edits.
type MendedEdits struct {
	Restored int // from the push in flight, or a copy of the file
	SetAside int // kept in the file, out of the way; what they were made from is shown again
}

// MendEdits puts damaged edits right, in one transaction: from the push in flight or a copy of the file, where these have the very edit;
// else it is set aside. Errors as of DamagedEdits.
func (v *Vault) MendEdits(ctx context.Context, copies ...Store) (done MendedEdits, err error) {
	damaged, err := v.DamagedEdits(ctx)
	if err != nil || len(damaged) == 0 {
		return done, err
	}
	err = v.update(ctx, func(e *editing) error {
		for _, object := range damaged {
			o, found, err := e.tx.Object(e.cfg.Vault, object)
			if err != nil {
				return err
			}
			if !found || !o.damagedEdit() {
				continue
			}
			if err := e.mendEdit(ctx, o, copies, &done); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return MendedEdits{}, wrap("mend edits", err)
	}
	return done, nil
}

func (e *editing) mendEdit(ctx context.Context, o Object, copies []Store, done *MendedEdits) error {
	envelope, err := e.copyOf(ctx, o.ID, o.Pending.Hash, copies)
	if err != nil {
		return err
	}
	if envelope != nil {
		done.Restored++
		o.Pending.Envelope = envelope
		return e.put(o, e.loadObject(o).entry)
	}
	done.SetAside++
	if err := e.tx.SetAside(e.cfg.Vault, o.ID, *o.Pending); err != nil {
		return err
	}
	o.Pending = nil
	if o.Base.Revision == 0 {
		e.changes[o.ID] = nil
		return e.tx.Remove(e.cfg.Vault, o.ID)
	}
	if err := e.put(o, e.loadObject(o).entry); err != nil {
		return err
	}
	return e.setAside([]id.ID{o.ID}) // what it was made from may be damaged too
}

// copyOf looks for an envelope with a hash; nil where nobody has it. A copy that cannot be read has it not.
func (e *editing) copyOf(ctx context.Context, object id.ID, hash [32]byte, copies []Store) (envelope []byte, err error) {
	is := func(v *Version) bool {
		return v != nil && v.Envelope != nil && v.Hash == hash && EnvelopeHash(v.Envelope) == hash
	}
	if sent, _, err := e.tx.Sent(e.cfg.Vault, object); err != nil || is(&sent) {
		return sent.Envelope, err
	}
	for _, store := range copies {
		_ = store.View(ctx, func(r Reader) error {
			o, _, err := r.Object(e.cfg.Vault, object)
			for _, v := range []*Version{&o.Base, o.Pending, o.Ancestor} {
				if err == nil && is(v) {
					envelope = v.Envelope
				}
			}
			return err
		})
		if envelope != nil {
			break
		}
	}
	return envelope, ctx.Err()
}

// BrokenAttachments lists the files that the server does not have and that are not whole here: chunks are missing, or do not open. Errors as
// of AllAttachments.
func (v *Vault) BrokenAttachments(ctx context.Context) (broken []Attachment, err error) {
	all, err := v.AllAttachments(ctx)
	if err != nil {
		return nil, err
	}
	for _, a := range all {
		if !a.Waiting {
			continue // the server has it
		}
		switch err := v.ReadAttachment(ctx, a.ID, io.Discard, nil); {
		case errors.Is(err, ErrMissing):
			broken = append(broken, a)
		case err != nil:
			return nil, wrap("check attachments", err)
		}
	}
	return broken, nil
}
