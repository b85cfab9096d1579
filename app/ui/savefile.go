package ui

import (
	"context"
	"errors"
	"io/fs"
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
	d := &saveDialog{w: w, content: content, done: done, entry: widget.NewEntry(w.text("ui.save.where"))}
	d.entry.SetText(filepath.Join(w.Files.Folder, name))
	d.entry.OnChanged = func(string) { d.existing = "" }
	d.save = widget.NewButton(w.text("screen.editor.save"), assets.NoIcon, widget.Primary, d.write)
	d.modal = widget.NewModal(w.text("ui.save.title"), widget.Column(gap, d.entry),
		widget.NewButton(w.text("screen.cancel"), assets.NoIcon, widget.Secondary, d.cancel), d.save).Wide(520)
	d.modal.OnDismiss = func() { done("", nil) }
	d.modal.First = d.entry.Input()
	w.root.ShowModal(d.modal)
}

type saveDialog struct {
	w        *Window
	modal    *widget.Modal
	entry    *widget.Entry
	save     *widget.Button
	content  secret.Bytes
	done     func(path string, err error)
	existing string // the file that a second Save replaces
}

func (d *saveDialog) cancel() {
	d.modal.Close()
	d.done("", nil)
}

func (d *saveDialog) write() {
	path := d.entry.Text()
	if !filepath.IsAbs(path) {
		path = filepath.Join(d.w.Files.Folder, path)
	}
	replace := path == d.existing
	d.save.SetBusy(true)
	screen.Run(d.w.run, func(context.Context) (struct{}, error) {
		return struct{}{}, d.w.Files.Write(path, d.content.Reveal(), replace)
	}, func(_ struct{}, err error) {
		d.save.SetBusy(false)
		if errors.Is(err, fs.ErrExist) {
			d.existing = path
			d.entry.SetError(d.w.text("ui.save.exists"))
			d.modal.Refresh()
			return
		}
		d.modal.Close()
		d.done(path, err)
	})
}
