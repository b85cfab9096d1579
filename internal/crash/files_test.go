//go:build cgo && unix

package crash

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/internal/atomicfile"
	"github.com/coffer-vault/coffer/vault"
	"github.com/coffer-vault/coffer/vault/exporter"
)

// What a person does with files, on a disk that goes wrong. Nothing of it changes an item's text, so each act looks at its own outcome.

// errHalf is never clear: what was under way is there in part.
var errHalf = errors.New("half of it is there")

// attach adds a file of two chunks to an item; after an error the item has the files that it had.
func (p *person) attach() act {
	it, ok := p.pick(vault.Filter{})
	if !ok {
		return p.create()
	}
	content := bytes.Repeat([]byte(p.newValue("file")), 1<<16)
	before, lookErr := p.attached(it.ID)
	return act{What: "attach", do: func(ctx context.Context) error {
		_, err := p.u.Attach(ctx, it.ID, "file", bytes.NewReader(content), int64(len(content)))
		if err != nil {
			return err
		}
		after, err := p.attached(it.ID)
		if lookErr != nil || err != nil || len(after) != len(before)+1 {
			return nil // it cannot be read on this disk; the next act looks again
		}
		var read bytes.Buffer
		if err := p.u.Vault().ReadAttachment(ctx, after[len(before)].ID, &read, nil); err == nil && !bytes.Equal(read.Bytes(), content) {
			return errHalf
		}
		return nil
	}}
}

func (p *person) attached(item id.ID) ([]vault.Attachment, error) {
	return p.u.Vault().Attachments(context.Background(), item)
}

// writing is an act that gives path another content, which whole recognises: after an error it has what it had, or all of the new one where
// only the flush of the folder has failed.
func (p *person) writing(what, name string, whole func([]byte) bool, write func(ctx context.Context, path string) error) act {
	path := filepath.Join(p.home, name)
	return act{What: what, do: func(ctx context.Context) error {
		before, _ := os.ReadFile(path)
		err := write(ctx, path)
		after, _ := os.ReadFile(path)
		if !whole(after) && (err == nil || !bytes.Equal(before, after)) {
			return fmt.Errorf("%s: %w", what, errHalf)
		}
		return err
	}}
}

func (p *person) export() act {
	return p.writing("export", "export.json", json.Valid, func(ctx context.Context, path string) error {
		_, err := p.u.Export(ctx, path, exporter.Options{Format: exporter.Bitwarden, Replace: true}, nil)
		return err
	})
}

// saveAttachment takes a file of an item out of the vault.
func (p *person) saveAttachment() act {
	for _, s := range p.u.Vault().Query(vault.Filter{}) {
		files, err := p.attached(s.ID)
		if err != nil || len(files) == 0 {
			continue
		}
		whole := func(content []byte) bool { return int64(len(content)) == files[0].Size }
		return p.writing("save attachment", "attachment", whole, func(ctx context.Context, path string) error {
			return p.u.SaveAttachment(ctx, files[0].ID, path)
		})
	}
	return p.attach()
}

// kit saves the emergency kit as the app does: the file, and that it is safe.
func (p *person) kit() act {
	content := []byte(p.newValue("kit"))
	whole := func(after []byte) bool { return bytes.Equal(after, content) }
	return p.writing("kit", "kit.pdf", whole, func(ctx context.Context, path string) error {
		err := atomicfile.NewDrafts(filepath.Join(p.home, "drafts")).WriteFrom(path, bytes.NewReader(content), true)
		if err == nil {
			err = p.u.KitSaved(ctx)
		}
		return err
	})
}
