package screen

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/assets"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/sync/engine"
	"github.com/coffer-vault/coffer/vault"
)

// FilesCard is the files of an item.
type FilesCard struct {
	Shown   bool // false until they are known, and for items that have none and can get none
	First   bool // they are what the item is about: before its other cards
	Title   string
	Rows    []FileRow
	Problem Message // why they cannot be listed

	Attach string // label of the button; empty where nothing can be attached
	Hint   string // "Up to 100 MB each. You can drop files here too."
	Empty  string // in place of rows, of an item that is about its files
}

// FileRow is one file.
type FileRow struct {
	ID       string
	Icon     assets.IconName
	Name     string
	Status   string // "2.4 MB", "2.4 MB · In the cloud", "Uploading · 45%"
	Tone     Tone
	Moving   bool // a bar shows Fraction
	Fraction float64
	Actions  []FileAction // buttons
	Menu     []FileAction // behind the "…"; a rename needs a name: Detail.RenameFile
}

// FileAction is something that can be done with a file.
type FileAction struct {
	ID    string // one of the constants
	Icon  assets.IconName
	Label string // "Save as…"
	Tip   string // "Save contract.pdf as…"
}

// What can be done with a file.
const (
	FileSave     = "save"
	FileDownload = "download"
	FileRetry    = "retry"
	FileCancel   = "cancel"
	FileRename   = "rename"
	FileRemove   = "remove"
)

var fileActionIcons = map[string]assets.IconName{
	FileSave: assets.IconSave, FileDownload: assets.IconDownload, FileRetry: assets.IconRotateCcw, FileCancel: assets.IconX,
	FileRename: assets.IconPencil, FileRemove: assets.IconTrash2,
}

// itemFiles are the files of an item as they were last read.
type itemFiles struct {
	read             bool
	present, removed []vault.Attachment
}

func (f *itemFiles) find(row string) (vault.Attachment, bool) {
	i := slices.IndexFunc(f.present, func(a vault.Attachment) bool { return a.ID.String() == row })
	if i < 0 {
		return vault.Attachment{}, false
	}
	return f.present[i], true
}

// named is the name of a file that the item has, or had.
func (f *itemFiles) named(attachment id.ID) (string, bool) {
	for _, a := range slices.Concat(f.present, f.removed) {
		if a.ID == attachment {
			return a.Name, true
		}
	}
	return "", false
}

// waiting reports whether the server lacks one of the files.
func (f *itemFiles) waiting() bool {
	return slices.ContainsFunc(f.present, func(a vault.Attachment) bool { return a.Waiting })
}

// concerns reports whether one of the objects is the item, or a file of it, also one that was not here when they were listed.
func (d *Detail) concerns(objects []id.ID) bool {
	return slices.ContainsFunc(objects, func(o id.ID) bool {
		_, listed := d.files.named(o)
		return o == d.id || listed || slices.Contains(d.item.Attachments, o)
	})
}

// filesSynced lists the files again where the server may have been without one.
func (d *Detail) filesSynced() {
	if d.listing || d.files.waiting() {
		d.reloadFiles()
	}
}

// reloadFiles lists the files again. What is shown stays until then.
func (d *Detail) reloadFiles() {
	from := d.config.files
	if from == nil {
		return
	}
	if d.cancelFiles != nil {
		d.cancelFiles()
	}
	d.listing = true
	d.cancelFiles = Run(d.run, func(ctx context.Context) (itemFiles, error) { return listFiles(ctx, from.from, d.id) }, func(f itemFiles, err error) {
		d.listing = false
		if err == nil {
			d.files = f
		}
		d.filesProblem = explain(d.env.Words, err)
		d.changed()
	})
}

func listFiles(ctx context.Context, from attachments, item id.ID) (f itemFiles, err error) {
	f.read = true
	if f.present, err = from.Attachments(ctx, item); err != nil {
		return itemFiles{}, err
	}
	f.removed, err = from.RemovedAttachments(ctx, item)
	return f, err
}

func (d *Detail) filesCard(canEdit bool) FilesCard {
	if d.config.files == nil || !d.files.read && d.filesProblem.IsZero() {
		return FilesCard{}
	}
	document := d.item.Kind == vault.Document
	card := FilesCard{First: document, Title: d.text("screen.files.title"), Problem: d.filesProblem}
	for _, a := range d.files.present {
		card.Rows = append(card.Rows, d.fileRow(a, canEdit))
	}
	for _, j := range d.config.files.attaching() {
		if j.item == d.id {
			card.Rows = append(card.Rows, d.attachingRow(j))
		}
	}
	if canEdit {
		card.Attach = d.text("screen.files.attach")
		card.Hint = d.text("screen.files.hint", "limit", fileSize(d.env.Words, vault.MaxAttachment))
	}
	if len(card.Rows) == 0 && document {
		card.Empty = d.text("screen.files.none")
	}
	card.Shown = canEdit || document || len(card.Rows) > 0 || !card.Problem.IsZero()
	return card
}

func (d *Detail) fileRow(a vault.Attachment, canEdit bool) FileRow {
	row := FileRow{ID: a.ID.String(), Icon: fileIcon(a.Name), Name: a.Name, Status: fileSize(d.env.Words, a.Size)}
	t, moving := d.config.files.transfer(a.ID)
	switch {
	case d.config.files.saving(a.ID):
		d.note(&row, "saving")
		row.Actions = d.fileActions(&row, FileCancel)
	case moving:
		d.onItsWay(&row, t, a)
	case !a.Whole():
		d.note(&row, "cloud")
		row.Actions = d.fileActions(&row, FileDownload)
	case a.Waiting:
		d.note(&row, "waitsUp")
		row.Actions = d.fileActions(&row, FileSave)
	default:
		row.Actions = d.fileActions(&row, FileSave)
	}
	if canEdit {
		row.Menu = d.fileActions(&row, FileRename, FileRemove)
	}
	return row
}

// note adds how a file stands to its size.
func (d *Detail) note(row *FileRow, key string) {
	row.Status += "  ·  " + d.text("screen.files.state."+key)
}

// onItsWay is a file that is uploaded or downloaded, or was and could not be.
func (d *Detail) onItsWay(row *FileRow, t session.Transfer, a vault.Attachment) {
	direction, first := "Down", FileCancel
	if t.Up {
		direction, first = "Up", FileSave
	}
	row.Actions = d.fileActions(row, first)
	switch t.State {
	case engine.TransferWaiting:
		d.note(row, "waits"+direction)
	case engine.TransferRunning:
		row.Moving, row.Fraction = true, fraction(t.Done, t.Total)
		row.Status = d.text("screen.files.state.moving"+direction, "percent", percent(int(t.Done), int(t.Total)), "size", fileSize(d.env.Words, a.Size))
	case engine.TransferQuota:
		d.failed(row, d.text("screen.files.state.quota"))
	case engine.TransferIncomplete:
		d.failed(row, d.text("screen.files.state.incomplete"))
	default:
		d.failed(row, explain(d.env.Words, t.Err).What)
	}
	if t.State > engine.TransferRunning && a.Whole() {
		row.Actions = d.fileActions(row, FileRetry, FileSave)
	} else if t.State > engine.TransferRunning {
		row.Actions = d.fileActions(row, FileRetry)
	}
}

func (d *Detail) failed(row *FileRow, why string) {
	row.Tone = ToneError
	row.Status += "  ·  " + why
}

func (d *Detail) attachingRow(j *fileJob) FileRow {
	row := FileRow{ID: j.row(), Icon: fileIcon(j.name), Name: j.name}
	row.Actions = d.fileActions(&row, FileCancel)
	if !j.running {
		row.Status = fileSize(d.env.Words, j.size)
		d.note(&row, "waitsTurn")
		return row
	}
	done := j.done.Load()
	row.Moving, row.Fraction = true, fraction(done, j.size)
	row.Status = d.text("screen.files.state.attaching", "percent", percent(int(done), int(j.size)), "size", fileSize(d.env.Words, j.size))
	return row
}

// row is the ID of the row of a file that is being attached.
func (j *fileJob) row() string { return "job/" + strconv.Itoa(j.number) }

func fraction(done, total int64) float64 {
	return Progress{Done: int(done), Total: int(total)}.Fraction()
}

func (d *Detail) fileActions(row *FileRow, actions ...string) []FileAction {
	offered := make([]FileAction, len(actions))
	for i, action := range actions {
		offered[i] = FileAction{ID: action, Icon: fileActionIcons[action],
			Label: d.text("screen.files.action." + action), Tip: d.text("screen.files.tip."+action, "name", row.Name)}
	}
	return offered
}

// AttachFiles asks for files and adds them to the item.
func (d *Detail) AttachFiles() {
	if !d.takesFiles() {
		return
	}
	d.env.PickFiles(FileRequest{Max: vault.MaxAttachment}, func(paths []string) { d.config.files.attachLater(d.id, paths) })
}

// takesFiles reports whether files can be added.
func (d *Detail) takesFiles() bool { return d.config.files != nil && d.loaded && d.State().CanEdit }

// ActOnFile does one of the actions of a row. FileRename is RenameFile's.
func (d *Detail) ActOnFile(row, action string) {
	files := d.config.files
	if files == nil {
		return
	}
	if j := d.jobOf(row); j != nil {
		files.giveUp(j)
		return
	}
	a, ok := d.files.find(row)
	if !ok {
		return
	}
	switch action {
	case FileSave:
		files.save(d.id, a)
	case FileDownload, FileRetry:
		files.from.FetchAttachment(a.ID)
	case FileCancel:
		files.stop(a.ID)
	case FileRemove:
		if d.State().CanEdit {
			files.remove(d.id, a)
		}
	}
}

// jobOf is the file that a row shows while it is attached, nil for other rows.
func (d *Detail) jobOf(row string) *fileJob {
	for _, j := range d.config.files.attaching() {
		if row == j.row() && j.item == d.id {
			return j
		}
	}
	return nil
}

// RenameFile gives the file of a row another name; an empty one, or the same, changes nothing.
func (d *Detail) RenameFile(row, name string) {
	if a, ok := d.files.find(row); ok && d.State().CanEdit && name != "" && name != a.Name {
		d.config.files.rename(a, name)
	}
}

// RemovedFiles are the files that the history alone keeps.
type RemovedFiles struct {
	Text   string // "2 removed files are kept for the history: 14 MB"; empty if there are none
	Delete string // label of the button that deletes them for ever; empty where that cannot be
}

func (d *Detail) removedFiles(canEdit bool) (r RemovedFiles) {
	n := len(d.files.removed)
	if n == 0 {
		return r
	}
	var size int64
	for _, a := range d.files.removed {
		size += a.Size
	}
	r.Text = d.env.Words.Count("screen.files.kept", n, "size", fileSize(d.env.Words, size))
	if canEdit {
		r.Delete = d.text("screen.files.deleteRemoved")
	}
	return r
}

// DeleteRemoved deletes the files for ever that the history alone keeps, after asking.
func (d *Detail) DeleteRemoved() {
	if d.takesFiles() && len(d.files.removed) > 0 {
		d.config.DeleteRemoved(d.id, d.files.removed)
	}
}

// filesStory says which files an edit has added and removed: entry i of the history is what the item had before.
func (d *Detail) filesStory(i int) string {
	before, after := idLines(d.item.History[i].Value.Reveal()), d.item.Attachments
	for _, later := range d.item.History[i+1:] {
		if later.Field == vault.FieldAttachments && !later.Conflict {
			after = idLines(later.Value.Reveal())
			break
		}
	}
	var story []string
	tell := func(key, names string) {
		if names != "" {
			story = append(story, d.text(key, "names", names))
		}
	}
	tell("screen.files.history.added", d.namesWithout(after, before))
	tell("screen.files.history.removed", d.namesWithout(before, after))
	return strings.Join(story, "\n")
}

// namesWithout names the files that are in one list and not in the other.
func (d *Detail) namesWithout(list, other []id.ID) string {
	var names []string
	gone := 0
	for _, a := range list {
		if slices.Contains(other, a) {
			continue
		}
		if name, ok := d.files.named(a); ok {
			names = append(names, name)
		} else {
			gone++
		}
	}
	if gone > 0 {
		names = append(names, d.env.Words.Count("screen.files.history.gone", gone))
	}
	return strings.Join(names, ", ")
}

// idLines reads an id a line, as the history has the files of an item.
func idLines(value []byte) (list []id.ID) {
	for line := range strings.Lines(string(value)) {
		if each, err := id.Parse(strings.TrimSpace(line)); err == nil {
			list = append(list, each)
		}
	}
	return list
}
