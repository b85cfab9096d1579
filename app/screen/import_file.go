package screen

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
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
	read       stamp        // of the file when it was read
	preview    preview
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
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	input, err := format.OpenInput(path)
	if err != nil {
		return nil, err
	}
	f := &importFile{path: path, name: nameOf(path), read: stampOf(info), input: input}
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
	return i.page == ImportGuide && !i.busy || !i.config.First && (i.page == ImportChoose || i.page == ImportNothing)
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
	words := reportWords{i.env.Words, true, true}
	Run(i.run, func(ctx context.Context) (preview, error) {
		var report importer.Report
		err := f.with(func(password secret.Bytes) (err error) {
			report, err = i.config.Unlocked.PreviewImport(ctx, []importer.Source{f.source}, password)
			return err
		})
		return newPreview(words, report), err
	}, i.looked)
	i.changed()
}

func (i *Import) looked(p preview, err error) {
	i.busy = false
	switch {
	case err != nil:
		i.leaveFile(explain(i.env.Words, err))
	case waitsForPassword(p.err):
		if key := i.file.refusal(p.err); key != "" {
			i.problem = Message{Tone: ToneError, What: i.text(key)}
		}
		i.page = ImportPassword
	case p.total == 0 && p.err != nil:
		i.leaveFile(explain(i.env.Words, p.err))
	default:
		i.file.preview, i.page = p, ImportPreview
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

// imports notes that a file was imported; nil for browsers. What was read of it is cleared. Of two contents under one name the later one counts.
func (i *Import) imports(f *importFile) {
	if f == nil {
		return
	}
	f.close()
	i.plain = slices.DeleteFunc(i.plain, func(earlier *importFile) bool { return earlier.path == f.path })
	if !f.protected {
		i.plain = append(i.plain, f)
	}
}

// DeleteFile deletes a file that was imported: it holds what is in it for everybody to read. It takes its path.
func (i *Import) DeleteFile(path string) {
	n := slices.IndexFunc(i.plain, func(f *importFile) bool { return f.path == path && !f.deleted })
	if n < 0 || i.page != ImportDone || i.undone || i.busy {
		return
	}
	f := i.plain[n]
	i.busy, i.problem = true, Message{}
	Run(i.run, func(context.Context) (struct{}, error) { return struct{}{}, f.remove() }, func(_ struct{}, err error) {
		i.busy, f.deleted, i.problem = false, err == nil, explain(i.env.Words, err)
		i.changed()
	})
	i.changed()
}

// remove deletes the file if it is still the one that was read. One that is gone already is no error.
func (f *importFile) remove() error {
	f.lock.Lock()
	defer f.lock.Unlock()
	f.release() // Windows deletes nothing that is open
	info, err := os.Stat(f.path)
	if err == nil && !stampOf(info).is(f.read) {
		return errFileReplaced
	}
	if err == nil {
		err = os.Remove(f.path)
	}
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

// Stays tells whether Escape goes back a step, or stops, instead of closing the dialog.
func (i *Import) Stays() bool {
	return i.page == ImportRunning || i.page == ImportPassword || i.page == ImportMapping || i.page == ImportPreview || i.page == ImportGuide
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
