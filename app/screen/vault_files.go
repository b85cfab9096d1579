package screen

import (
	"context"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/vault"
)

func (v *Vault) fileHooks() fileHooks {
	return fileHooks{changed: v.filesChanged, reload: v.reloadFiles, do: v.do, said: v.say, failed: v.fail}
}

func (v *Vault) filesChanged() {
	v.changed()
	if v.detail != nil {
		v.detail.changed()
	}
}

func (v *Vault) reloadFiles() {
	if v.detail != nil {
		v.detail.reloadFiles()
	}
}

// Drop adds files to the item that is shown; to one that is being edited, when that is saved. Where no item is open, an export of another
// program is taken for what it is.
func (v *Vault) Drop(paths []string) {
	switch {
	case len(paths) == 0:
	case v.editor != nil:
		v.editor.Queue(paths)
	case v.detail == nil || !v.detail.loaded:
		v.dropOnNothing(paths)
	case !v.detail.takesFiles():
		v.fail(Message{Tone: ToneWarning, What: v.text("screen.files.drop.readOnly")})
	default:
		v.files.attach(v.detail.id, paths)
	}
}

// dropOnNothing imports a file that there is something to import in, and says of all others where they could have gone.
func (v *Vault) dropOnNothing(paths []string) {
	nowhere := Message{Tone: ToneWarning, What: v.text("screen.files.drop.where"), Next: v.text("screen.files.drop.whereNext")}
	if len(paths) > 1 {
		v.fail(nowhere)
		return
	}
	Run(v.run, func(context.Context) (struct{}, error) {
		f, err := openImportFile(paths[0])
		if err == nil {
			f.close()
		}
		return struct{}{}, err
	}, func(_ struct{}, err error) {
		if err != nil {
			v.fail(nowhere)
			return
		}
		v.openImport(ImportConfig{File: paths[0]})
	})
}

// deleteRemoved deletes files for ever that an item no longer has, after asking.
func (v *Vault) deleteRemoved(item id.ID, removed []vault.Attachment) {
	ids := make([]id.ID, len(removed))
	for i, a := range removed {
		ids[i] = a.ID
	}
	count := v.env.Words.Count("screen.files.count", len(removed))
	v.askBefore("deleteRemoved", func() {
		v.do(func(ctx context.Context) error { return v.files.from.DeleteRemoved(ctx, item, ids...) }, func() {
			v.say(v.text("screen.files.deleted", "count", count), nil)
			v.reloadFiles()
		})
	}, "count", count)
}

// attaching is how many files somebody has asked to attach that are not in the vault yet.
func (v *Vault) attaching() int {
	n := len(v.files.attaching())
	if v.editor != nil {
		n += len(v.editor.queue)
	}
	return n
}
