package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/sync/engine"
	"github.com/coffer-vault/coffer/vault"
)

// errIncomplete: the server does not have all of a file.
var errIncomplete = errors.New("the server does not have all of the file; a device that has it sends it again")

// attachment is what is done with the files of one item.
type attachment struct {
	u    *session.Unlocked
	item *vault.Summary
	args []string // after the item
	to   string
	over bool // a file may be replaced
}

// attachments looks after the files of an item.
func (p *program) attachments(ctx context.Context, args []string) error {
	actions := map[string]func(context.Context, attachment) error{"list": p.listFiles, "add": p.addFiles, "save": p.saveFile, "remove": p.removeFiles}
	if len(args) == 0 || actions[args[0]] == nil {
		return fmt.Errorf("%w: list, add, save or remove", errUsage)
	}
	var a access
	var on attachment
	rest, err := p.flags("attachment "+args[0], args[1:], func(f *flag.FlagSet) {
		a.define(f)
		f.StringVar(&on.to, "to", "", "")
		f.BoolVar(&on.over, "replace", false, "")
	})
	if err != nil {
		return err
	}
	if len(rest) == 0 || (len(rest) == 1) != (args[0] == "list") {
		return fmt.Errorf("%w: name an item, by title or id, and then files", errUsage)
	}
	if on.u, err = p.unlock(ctx, a); err != nil {
		return err
	}
	defer on.u.Lock()
	if on.item, err = find(on.u.Vault(), rest[0]); err != nil {
		return err
	}
	on.args = rest[1:]
	return actions[args[0]](ctx, on)
}

type listedFile struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Size int64  `json:"size"`
	Here bool   `json:"here"`   // all of it is on this PC
	Sent bool   `json:"synced"` // the server has it
}

func toListedFile(a vault.Attachment) listedFile {
	return listedFile{a.ID.String(), a.Name, a.Size, a.Whole(), !a.Waiting}
}

func (f listedFile) state() string {
	switch {
	case !f.Sent:
		return "waits to be uploaded"
	case !f.Here:
		return "at the server"
	}
	return "here"
}

func (p *program) listFiles(ctx context.Context, on attachment) error {
	all, err := on.u.Attachments(ctx, on.item.ID)
	if err != nil {
		return err
	}
	files := []listedFile{}
	for _, a := range all {
		files = append(files, toListedFile(a))
	}
	return p.print(files, func() {
		for _, f := range files {
			fmt.Fprintf(p.stdout, "%s  %10d  %-20s  %s\n", f.ID, f.Size, f.state(), f.Name)
		}
	})
}

// addFiles attaches files, one after the other, and sends them where that is possible now.
func (p *program) addFiles(ctx context.Context, on attachment) error {
	added := []listedFile{}
	for _, path := range on.args {
		a, err := attachPath(ctx, on, path)
		if err != nil {
			return fmt.Errorf("%s: %s", path, sentence(err))
		}
		added = append(added, toListedFile(a))
	}
	sent, err := send(ctx, on.u)
	if err != nil {
		return err
	}
	for i := range added {
		added[i].Sent = sent
	}
	return p.print(added, func() {
		for _, f := range added {
			fmt.Fprintf(p.stdout, "%s  %s  %s\n", f.ID, f.state(), f.Name)
		}
	})
}

func attachPath(ctx context.Context, on attachment, path string) (vault.Attachment, error) {
	file, err := os.Open(path)
	if err != nil {
		return vault.Attachment{}, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return vault.Attachment{}, err
	}
	if !info.Mode().IsRegular() {
		return vault.Attachment{}, errors.New("not an ordinary file; pack a folder into an archive first")
	}
	return on.u.Attach(ctx, on.item.ID, filepath.Base(path), file, info.Size())
}

// send brings edits and files to the server. Without a network they wait for the next time.
func send(ctx context.Context, u *session.Unlocked) (sent bool, err error) {
	for _, step := range []func(context.Context) error{u.Sync, u.CarryFiles, u.Sync} {
		if err := step(ctx); errors.Is(err, session.ErrOffline) {
			return false, nil
		} else if err != nil {
			return false, err
		}
	}
	return true, nil
}

// saveFile writes a file to the present folder, or where --to says.
func (p *program) saveFile(ctx context.Context, on attachment) error {
	if len(on.args) != 1 {
		return fmt.Errorf("%w: one file at a time", errUsage)
	}
	a, err := findFile(ctx, on, on.args[0])
	if err != nil {
		return err
	}
	path := on.to
	if path == "" {
		path = vault.SafeFileName(a.Name)
	}
	if _, err := os.Lstat(path); err == nil && !on.over {
		return fmt.Errorf("%s: %w; --replace replaces it", path, fs.ErrExist)
	}
	if !a.Whole() {
		if err := fetch(ctx, on, a.ID); err != nil {
			return err
		}
	}
	if err := on.u.SaveAttachment(ctx, a.ID, path); err != nil {
		return err
	}
	return p.print(map[string]any{"id": a.ID.String(), "path": path, "size": a.Size}, func() { fmt.Fprintln(p.stdout, path) })
}

// fetch waits until all of a file is on this PC.
func fetch(ctx context.Context, on attachment, file id.ID) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	changed, carried := make(chan struct{}, 1), make(chan error, 1)
	defer on.u.OnTransfers(func([]session.Transfer) {
		select {
		case changed <- struct{}{}:
		default: // it is looked at anyway
		}
	})()
	on.u.FetchAttachment(file)
	go func() { carried <- on.u.CarryFiles(ctx) }()
	for over := false; ; {
		a, err := findFile(ctx, on, file.String())
		if err != nil || a.Whole() {
			return err
		}
		for _, t := range on.u.Transfers() {
			if t.Attachment == file && t.State == engine.TransferIncomplete {
				return errIncomplete
			} else if t.Attachment == file && t.State > engine.TransferRunning {
				return t.Err
			}
		}
		if over {
			return errIncomplete
		}
		select {
		case <-changed:
		case err := <-carried:
			if err != nil {
				return err
			}
			over = true
		}
	}
}

// removeFiles takes files off the item. Its history brings them back.
func (p *program) removeFiles(ctx context.Context, on attachment) error {
	removed := []listedFile{}
	for _, name := range on.args {
		a, err := findFile(ctx, on, name)
		if err != nil {
			return err
		}
		if err := on.u.Detach(ctx, on.item.ID, a.ID); err != nil {
			return err
		}
		removed = append(removed, toListedFile(a))
	}
	if _, err := send(ctx, on.u); err != nil {
		return err
	}
	return p.print(removed, func() {
		for _, f := range removed {
			fmt.Fprintf(p.stdout, "removed %s; the history of %q still has it\n", f.Name, on.item.Title)
		}
	})
}

// findFile takes the id of a file, or a name that one file of the item alone has.
func findFile(ctx context.Context, on attachment, name string) (vault.Attachment, error) {
	all, err := on.u.Attachments(ctx, on.item.ID)
	if err != nil {
		return vault.Attachment{}, err
	}
	var matches []vault.Attachment
	for _, a := range all {
		if a.ID.String() == name {
			return a, nil
		}
		if a.Name == name {
			matches = append(matches, a)
		}
	}
	switch len(matches) {
	case 0:
		return vault.Attachment{}, fmt.Errorf("%q has no file %q; cofferctl attachment list shows them", on.item.Title, name)
	case 1:
		return matches[0], nil
	}
	return vault.Attachment{}, fmt.Errorf("%d files are called %q; use the id that cofferctl attachment list shows", len(matches), name)
}
