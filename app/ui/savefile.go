package ui

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/coffer-vault/coffer/app/screen"
	"github.com/coffer-vault/coffer/app/ui/widget"
	"github.com/coffer-vault/coffer/assets"
	"github.com/coffer-vault/coffer/crypto/secret"
)

// Files is where files of the person are written. Its functions wait for the disk and are not called on the UI goroutine. Without replace
// a file that exists is an fs.ErrExist.
type Files struct {
	Folder string // where people keep their documents
	// Write makes a file that only its owner can read.
	Write func(path string, content []byte, replace bool) error
	// Ready finds out, before the work of writing one begins, whether there can be a file at a path.
	Ready func(path string, replace bool) error
}

// SaveFile is screen.Env.SaveFile: it asks where a file shall go, writes it there, and says where that was. An empty path means that
// the person thought better of it. The toolkit's own dialog cannot be used without a pointer.
func (w *Window) SaveFile(name string, content secret.Bytes, done func(path string)) {
	w.askWhere(name, &saveDialog{
		accept: func(path string, replace bool) error { return w.Files.Write(path, content.Reveal(), replace) },
		done:   func(path string, _ bool) { done(path) },
	})
}

// SaveAs is screen.Env.SaveAs: it asks where a file shall go that takes a while to write.
func (w *Window) SaveAs(name string, done func(path string, replace bool)) {
	w.askWhere(name, &saveDialog{accept: w.Files.Ready, done: func(path string, replace bool) {
		if path != "" {
			done(path, replace)
		}
	}})
}

// askWhere offers the usual folder, or the place that was typed for this name last: the work that followed may have failed.
func (w *Window) askWhere(name string, d *saveDialog) {
	place := filepath.Join(w.Files.Folder, name)
	if w.placed.name == name {
		place = w.placed.path
	}
	d.w, d.name, d.entry = w, name, widget.NewEntry(w.text("ui.save.where"))
	d.entry.SetText(place)
	d.entry.OnChanged = func(string) {
		d.existing = ""
		d.complain("")
	}
	d.save = widget.NewButton(w.text("screen.editor.save"), assets.NoIcon, widget.Primary, d.write)
	d.modal = widget.NewModal(w.text("ui.save.title"), widget.Column(gap, d.entry),
		widget.NewButton(w.text("screen.cancel"), assets.NoIcon, widget.Secondary, d.cancel), d.save).Wide(520)
	d.modal.OnDismiss = func() { d.done("", false) }
	d.modal.First = d.entry.Input()
	w.root.ShowModal(d.modal)
}

// saveDialog asks for a path, and again until there is a file or the person thinks better of it. Where there is a file already, only a
// second Save goes on.
type saveDialog struct {
	w        *Window
	modal    *widget.Modal
	name     string // that was offered
	entry    *widget.Entry
	problem  string
	save     *widget.Button
	existing string                                // the file that a second Save replaces
	accept   func(path string, replace bool) error // off the UI goroutine; fs.ErrExist asks once more
	done     func(path string, replace bool)       // an empty path: the person thought better of it
}

// placed is where a person wanted a file of a name.
type placed struct{ name, path string }

func (d *saveDialog) cancel() {
	d.modal.Close()
	d.done("", false)
}

func (d *saveDialog) write() {
	path := d.entry.Text()
	if !filepath.IsAbs(path) {
		path = filepath.Join(d.w.Files.Folder, path)
	}
	existing := d.existing
	d.save.SetBusy(true)
	screen.Run(d.w.run, func(context.Context) (string, error) {
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			path = filepath.Join(path, d.name)
		}
		return path, d.accept(path, path == existing)
	}, func(path string, err error) {
		d.save.SetBusy(false)
		if err != nil {
			d.refuse(path, err)
			return
		}
		d.w.placed = placed{d.name, path}
		d.modal.Close()
		d.done(path, path == existing)
	})
}

// refuse says why there is no file, and leaves what was typed as it is.
func (d *saveDialog) refuse(path string, err error) {
	switch {
	case errors.Is(err, fs.ErrExist):
		d.existing = path
		d.complain(d.w.text("ui.save.exists"))
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		d.complain(d.w.text("ui.save.noFolder"))
	default:
		m := d.w.Env.Explain(err)
		d.complain(m.What + " " + m.Next)
	}
	d.entry.Focus()
}

func (d *saveDialog) complain(problem string) {
	if problem != d.problem {
		d.problem = problem
		d.entry.SetError(problem)
		d.modal.Refresh()
	}
}
