package screen

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault/importer"
	"github.com/coffer-vault/coffer/vault/importer/format"
)

// importFile is an exported file that a person has chosen. What is in it is recognised, never asked for.
type importFile struct {
	path, name string
	source     importer.Source
	table      *importTable // of no known program; nil for what is recognised
	preview    importer.Report
	deleted    bool
	protected  bool   // by a password of its own, or a key file
	keyFile    string // name of the key file that was chosen; empty for none

	// What a worker reads while it holds the lock; both are secrets.
	lock     sync.Mutex
	input    *format.Input
	password secret.Bytes // that protects the file, if one does
	closed   bool
}

// close clears what was read, once no worker reads it any more.
func (f *importFile) close() {
	go func() {
		f.lock.Lock()
		defer f.lock.Unlock()
		f.release()
	}()
}

// release closes the file and clears what was read of it. The caller holds the lock.
func (f *importFile) release() {
	if !f.closed {
		f.input.Close()
	}
	f.password.Wipe()
	f.closed = true
}

// with calls a worker's function while the file's content is there.
func (f *importFile) with(work func(password secret.Bytes) error) error {
	f.lock.Lock()
	defer f.lock.Unlock()
	if f.closed {
		return context.Canceled
	}
	return work(f.password)
}

// openImportFile opens a file and finds out its format.
func openImportFile(path string) (*importFile, error) {
	input, err := format.OpenInput(path)
	if err != nil {
		return nil, err
	}
	f := &importFile{path: path, name: nameOf(path), input: input}
	f.source, err = input.Source()
	if errors.Is(err, format.ErrUnknownTable) {
		err = f.openTable()
	}
	if err != nil {
		input.Close()
		return nil, err
	}
	return f, nil
}

// openFile opens a file. Of a table with the header of an earlier one the columns hold what was said then.
func (i *Import) openFile(path string) (*importFile, error) {
	f, err := openImportFile(path)
	if err == nil && f.table != nil {
		if targets := i.config.Unlocked.TableMapping(f.table.Header); targets != nil {
			f.table.targets = targets
		}
	}
	return f, err
}

func (f *importFile) openTable() error {
	table, err := f.input.Table()
	if err == nil {
		f.table = &importTable{table, table.Guess()}
	}
	return err
}

func nameOf(path string) string { return strings.ToValidUTF8(filepath.Base(path), "\uFFFD") }

// readKeyFile reads no more than a key file can have.
func readKeyFile(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, errors.Join(err, format.ErrUnknownFormat)
	}
	content, err := io.ReadAll(io.LimitReader(file, format.MaxFile+1))
	if err != nil {
		clear(content)
		return nil, err
	}
	return content, nil
}

// ChooseFile asks for an exported file.
func (i *Import) ChooseFile() {
	if !i.takesFile() {
		return
	}
	i.env.PickFiles(FileRequest{format.MaxArchive, i.text("screen.import.file.only")}, func(paths []string) { i.Drop(paths) })
}

// takesFile tells whether a file may be chosen now.
func (i *Import) takesFile() bool {
	return !i.config.First && (i.page == ImportChoose || i.page == ImportNothing)
}

// Drop takes the first of the files that were chosen or dropped: to import it, or, while a database of KeePass is to be opened, as its key
// file.
func (i *Import) Drop(paths []string) {
	if i.page == ImportPassword {
		i.useKeyFile(paths)
		return
	}
	if i.run.Stopped() || !i.takesFile() || len(paths) == 0 {
		return
	}
	before := i.page
	i.page, i.problem, i.reading = ImportSearching, Message{}, filepath.Base(paths[0])
	RunOwned(i.run, func(context.Context) (*importFile, error) { return i.openFile(paths[0]) }, func(f *importFile, err error) {
		i.reading = ""
		if err != nil {
			i.page, i.problem = before, explain(i.env.Words, err)
			i.changed()
			return
		}
		i.file, i.before = f, before
		if f.table == nil {
			i.look()
			return
		}
		i.page = ImportMapping
		i.changed()
	}, (*importFile).close)
	i.changed()
}

// look finds out what an import of the file would do. A file that is protected is asked about with its password.
func (i *Import) look() {
	f := i.file
	i.busy, i.problem = true, Message{}
	Run(i.run, func(ctx context.Context) (report importer.Report, err error) {
		err = f.with(func(password secret.Bytes) error {
			report, err = i.config.Unlocked.PreviewImport(ctx, []importer.Source{f.source}, password)
			return err
		})
		return report, err
	}, i.looked)
	i.changed()
}

func (i *Import) looked(report importer.Report, err error) {
	i.busy = false
	closed := err == nil && len(report.Sources) == 1 && (errors.Is(report.Sources[0].Err, importer.ErrPrimaryPasswordNeeded) || errors.Is(report.Sources[0].Err, importer.ErrWrongPrimaryPassword))
	switch {
	case err != nil:
		i.leaveFile(explain(i.env.Words, err))
	case closed:
		if key := i.file.refusal(report.Sources[0].Err); key != "" {
			i.problem = Message{Tone: ToneError, What: i.text(key)}
		}
		i.page = ImportPassword
	case len(report.Sources) == 1 && len(report.Sources[0].Rows) == 0 && report.Sources[0].Err != nil:
		i.leaveFile(explain(i.env.Words, report.Sources[0].Err))
	default:
		i.file.preview, i.page = report, ImportPreview
	}
	i.changed()
}

// refusal is the text about why the file did not open; empty if nothing was tried yet.
func (f *importFile) refusal(err error) string {
	wrong := errors.Is(err, importer.ErrWrongPrimaryPassword)
	switch {
	case wrong && f.keyFile != "":
		return "screen.import.file.wrongKey"
	case wrong:
		return "screen.import.file.wrongPassword"
	case f.keyFile != "":
		return "screen.import.file.keyAlone"
	}
	return ""
}

// ChooseKeyFile asks for the key file of a database of KeePass.
func (i *Import) ChooseKeyFile() {
	if i.takesKeyFile() {
		i.env.PickFiles(FileRequest{format.MaxFile, strings.TrimSuffix(i.text("screen.import.file.key"), "…")}, i.useKeyFile)
	}
}

func (i *Import) takesKeyFile() bool {
	return !i.run.Stopped() && i.page == ImportPassword && !i.busy && format.TakesKeyFile(i.file.source)
}

func (i *Import) useKeyFile(paths []string) {
	if !i.takesKeyFile() || len(paths) == 0 {
		return
	}
	f := i.file
	i.busy, i.problem = true, Message{}
	Run(i.run, func(context.Context) (importer.Source, error) {
		content, err := readKeyFile(paths[0])
		if err != nil {
			return nil, err
		}
		defer clear(content)
		return format.WithKeyFile(f.source, content)
	}, func(source importer.Source, err error) {
		i.busy, i.problem = false, i.keyFileProblem(err)
		if err == nil {
			f.source, f.keyFile = source, nameOf(paths[0])
		}
		i.changed()
	})
	i.changed()
}

func (i *Import) keyFileProblem(err error) Message {
	if !errors.Is(err, format.ErrKeyFile) {
		return explain(i.env.Words, err)
	}
	return Message{
		Tone: ToneError, What: i.text("error.importKeyFile.what"), Safe: i.text("error.importKeyFile.safe"), Next: i.text("error.importKeyFile.next"),
	}
}

// leaveFile goes back to where the file was chosen.
func (i *Import) leaveFile(problem Message) {
	i.file.close()
	i.file, i.page, i.problem = nil, i.before, problem
}

// OpenProtected opens the file with its password, of which it takes ownership, and the key file that was chosen. Either may be missing.
func (i *Import) OpenProtected(password secret.Bytes) {
	if i.page != ImportPassword || i.busy || password.IsZero() && i.file.keyFile == "" {
		password.Wipe()
		return
	}
	f := i.file
	f.protected = true
	err := f.with(func(before secret.Bytes) error {
		before.Wipe()
		f.password = password
		return nil
	})
	if err != nil {
		password.Wipe()
		return
	}
	i.look()
}

// news is how many rows of the file an import would bring into the vault.
func (i *Import) news() int {
	report := i.file.preview
	return report.Count(importer.Imported) + report.Count(importer.Merged) + report.Count(importer.KeptBoth)
}

// DeleteFile deletes the file that was imported: it holds what is in it for everybody to read.
func (i *Import) DeleteFile() {
	if !i.canDelete() || i.busy {
		return
	}
	f := i.file
	i.busy, i.problem = true, Message{}
	Run(i.run, func(context.Context) (struct{}, error) {
		f.lock.Lock()
		defer f.lock.Unlock()
		f.release() // Windows deletes nothing that is open
		return struct{}{}, os.Remove(f.path)
	}, func(_ struct{}, err error) {
		i.busy, f.deleted, i.problem = false, err == nil || errors.Is(err, os.ErrNotExist), Message{}
		if !f.deleted {
			i.problem = explain(i.env.Words, err)
		}
		i.changed()
	})
	i.changed()
}

// canDelete tells whether the file is offered to be deleted: one with a password of its own may be kept as it is.
func (i *Import) canDelete() bool {
	return i.page == ImportDone && i.file != nil && !i.file.deleted && !i.file.protected && !i.undone
}

// Stays tells whether Escape goes back a step, or stops, instead of closing the dialog.
func (i *Import) Stays() bool {
	return i.page == ImportRunning || i.page == ImportPassword || i.page == ImportMapping || i.page == ImportPreview
}

// Leave ends the screen. What was read of a file is cleared.
func (i *Import) Leave() {
	if i.file != nil {
		i.file.close()
	}
	i.model.Leave()
}

// ImportRow is one row of the report, in the order of its groups.
type ImportRow struct {
	Title  string
	User   string // the user name; empty if there is none
	Detail string // how it ended, or what of it was left out
	Tone   Tone
}
