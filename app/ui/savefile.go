package ui

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/coffer-vault/coffer/app/screen"
	"github.com/coffer-vault/coffer/app/ui/widget"
	"github.com/coffer-vault/coffer/assets"
	"github.com/coffer-vault/coffer/crypto/secret"
)

// Files is where files of the person are written. Its functions wait for the disk and are not called on the UI goroutine.
type Files struct {
	Folder string // where people keep their documents
	// Write makes a file that only its owner can read. Without replace a file that exists is an fs.ErrExist.
	Write func(path string, content []byte, replace bool) error
}

// SaveFile is screen.Env.SaveFile: it asks where a file shall go, writes it there, and says where that was. An empty path means that
// the person thought better of it. The toolkit's own dialog cannot be used without a pointer.
func (w *Window) SaveFile(name string, content secret.Bytes, done func(path string, err error)) {
	w.askWhere(name, &saveDialog{
		accept: func(path string, replace bool) error { return w.Files.Write(path, content.Reveal(), replace) },
		done:   func(path string, _ bool, err error) { done(path, err) },
	})
}

// SaveAs is screen.Env.SaveAs: it asks where a file shall go that takes a while to write.
func (w *Window) SaveAs(name string, done func(path string, replace bool)) {
	w.askWhere(name, &saveDialog{accept: vacant, done: func(path string, replace bool, err error) {
		if path != "" && err == nil {
			done(path, replace)
		}
	}})
}

// vacant is an fs.ErrExist where a file would be replaced that nobody wants to replace.
func vacant(path string, replace bool) error {
	if _, err := os.Lstat(path); err == nil && !replace {
		return fmt.Errorf("save as: %w", fs.ErrExist)
	}
	return nil
}

func (w *Window) askWhere(name string, d *saveDialog) {
	d.w, d.entry = w, widget.NewEntry(w.text("ui.save.where"))
	d.entry.SetText(filepath.Join(w.Files.Folder, name))
	d.entry.OnChanged = func(string) { d.existing = "" }
	d.save = widget.NewButton(w.text("screen.editor.save"), assets.NoIcon, widget.Primary, d.write)
	d.modal = widget.NewModal(w.text("ui.save.title"), widget.Column(gap, d.entry),
		widget.NewButton(w.text("screen.cancel"), assets.NoIcon, widget.Secondary, d.cancel), d.save).Wide(520)
	d.modal.OnDismiss = func() { d.done("", false, nil) }
	d.modal.First = d.entry.Input()
	w.root.ShowModal(d.modal)
}

// saveDialog asks for a path. Where there is a file already, only a second Save goes on.
type saveDialog struct {
	w        *Window
	modal    *widget.Modal
	entry    *widget.Entry
	save     *widget.Button
	existing string                                     // the file that a second Save replaces
	accept   func(path string, replace bool) error      // off the UI goroutine; fs.ErrExist asks once more
	done     func(path string, replace bool, err error) // an empty path: the person thought better of it
}

func (d *saveDialog) cancel() {
	d.modal.Close()
	d.done("", false, nil)
}

func (d *saveDialog) write() {
	path := d.entry.Text()
	if !filepath.IsAbs(path) {
		path = filepath.Join(d.w.Files.Folder, path)
	}
	replace := path == d.existing
	d.save.SetBusy(true)
	screen.Run(d.w.run, func(context.Context) (struct{}, error) { return struct{}{}, d.accept(path, replace) }, func(_ struct{}, err error) {
		d.save.SetBusy(false)
		if errors.Is(err, fs.ErrExist) {
			d.existing = path
			d.entry.SetError(d.w.text("ui.save.exists"))
			d.modal.Refresh()
			return
		}
		d.modal.Close()
		d.done(path, replace, err)
	})
}
