package screen

import (
	"path/filepath"
	"slices"
	"strconv"

	"github.com/coffer-vault/coffer/vault"
)

// Queue is the files that are attached when the item is saved.
type Queue struct {
	Attach string   // label of the button; empty where files cannot be attached
	Files  []Choice // ID for Editor.Unqueue
	Hint   string
	First  bool // the item is about its files: before its fields
}

func (e *Editor) filesQueue() Queue {
	if e.config.Attach == nil {
		return Queue{}
	}
	q := Queue{Attach: e.text("screen.files.attach"), First: e.item.Kind == vault.Document && e.config.New}
	for i, path := range e.queue {
		name := filepath.Base(path)
		q.Files = append(q.Files, Choice{ID: strconv.Itoa(i), Icon: fileIcon(name), Label: name})
	}
	if q.First || len(q.Files) > 0 {
		q.Hint = e.text("screen.files.onSave")
	}
	return q
}

// Attach asks for files that are attached when the item is saved.
func (e *Editor) Attach() { e.env.PickFiles(FileRequest{Max: vault.MaxAttachment}, e.Queue) }

// Queue notes files that are attached when the item is saved.
func (e *Editor) Queue(paths []string) {
	if e.run.Stopped() || e.config.Attach == nil {
		return
	}
	e.edit(func() {
		for _, path := range paths {
			if !slices.Contains(e.queue, path) {
				e.queue = append(slices.Clip(e.queue), path)
			}
		}
	})
}

// Unqueue takes a file of State.Files back.
func (e *Editor) Unqueue(file string) {
	e.edit(func() {
		if i, err := strconv.Atoi(file); err == nil && i >= 0 && i < len(e.queue) {
			e.queue = slices.Delete(slices.Clone(e.queue), i, i+1)
		}
	})
}
