package screen

import (
	"context"
	"errors"
	"slices"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault"
	"github.com/coffer-vault/coffer/vault/importer"
)

// browser is a place with passwords that was found. Info is asked for once, off the UI goroutine: it may read files.
type browser struct {
	source importer.Source
	info   importer.Info
}

// Import brings the passwords of the browsers on this PC into the vault, or what is in an exported file.
type Import struct {
	model[ImportState]
	config ImportConfig

	page     ImportPage
	found    []browser
	ticked   map[string]bool
	progress vault.BatchProgress
	stop     func()
	results  []ended
	told     told
	undone   bool
	managed  bool // browsers are off limits on this PC

	file    *importFile   // that is taken in; nil while it is about browsers
	before  ImportPage    // where it was chosen
	reading string        // name of the file that is read
	plain   []*importFile // that were imported, and are not protected
	guide   *guide        // that is shown; nil for none

	busy    bool // stopping, undoing, or reading what a primary password opened
	problem Message
}

// ImportConfig says for which account passwords are imported.
type ImportConfig struct {
	Unlocked *session.Unlocked
	First    bool   // the account is new: what the person decides is kept, and no other device asks again
	Starts   bool   // it begins by itself, with every browser that is found; it can be stopped, and undone
	Done     func() // the person has seen enough
	File     string // begins with this one, as if it had been dropped; empty for none
}

// NewImport begins to search at once.
func NewImport(env *Env, config ImportConfig) *Import {
	i := &Import{config: config, ticked: map[string]bool{}}
	i.begin(env, i.view)
	Run(i.run, i.search, i.show)
	return i
}

// search works off the UI goroutine.
func (i *Import) search(ctx context.Context) ([]browser, error) {
	sources, err := i.config.Unlocked.FindBrowsers(ctx)
	var found []browser
	for _, source := range sources {
		found = append(found, browser{source, source.Info()})
	}
	return found, err
}

func (i *Import) show(found []browser, err error) {
	i.found, i.problem, i.page = found, explain(i.env.Words, err), ImportChoose
	if i.managed = errors.Is(err, session.ErrPolicy); i.managed {
		i.problem = Message{What: i.text("screen.import.managed"), Tone: ToneQuiet}
	}
	if len(found) == 0 {
		i.page = ImportNothing
	}
	for _, b := range found {
		i.ticked[b.info.ID] = true
	}
	if chosen, _ := i.chosen(); i.config.Starts && err == nil && len(chosen) > 0 {
		i.start(chosen)
		return
	}
	if i.config.File != "" {
		i.Drop([]string{i.config.File})
	}
	i.changed()
}

// Tick chooses whether a browser profile is imported.
func (i *Import) Tick(browser string, yes bool) {
	i.ticked[browser] = yes
	i.changed()
}

func (i *Import) chosen() (sources []importer.Source, rows int) {
	for _, b := range i.found {
		if i.ticked[b.info.ID] {
			sources = append(sources, b.source)
			rows += max(b.info.Count, 0)
		}
	}
	return sources, rows
}

// Continue starts the import, and after it leads on.
func (i *Import) Continue() {
	switch i.page {
	case ImportChoose:
		if chosen, _ := i.chosen(); len(chosen) > 0 {
			i.start(chosen)
		}
	case ImportNothing:
		i.decline()
	case ImportMapping:
		i.useTable()
	case ImportPreview:
		if i.file.preview.news > 0 || i.guide != nil { // a guide's file accounts for rows of its browser in any case
			i.start([]importer.Source{i.file.source})
		} else {
			i.config.Done()
		}
	case ImportDone:
		i.config.Done()
	}
}

func (i *Import) start(chosen []importer.Source) {
	i.page, i.problem, i.progress = ImportRunning, Message{}, vault.BatchProgress{}
	report := reports(i.run, func(at vault.BatchProgress) {
		i.progress = at
		i.changed()
	})
	write := i.writer()
	// Stopping cancels the work and still hears how it ended: the transaction may have been faster.
	stopping, stop := context.WithCancel(context.Background())
	i.stop = stop
	bring := i.bringer(func(context.Context) (session.ImportResult, error) { return write(stopping, chosen, report) })
	Run(i.run, func(ctx context.Context) (brought, error) {
		defer context.AfterFunc(ctx, stop)()
		return bring(ctx)
	}, i.imported)
	i.changed()
}

// writer is how what was chosen is imported.
func (i *Import) writer() func(context.Context, []importer.Source, func(vault.BatchProgress)) (session.ImportResult, error) {
	f := i.file
	switch {
	case f != nil:
		return func(ctx context.Context, sources []importer.Source, progress func(vault.BatchProgress)) (result session.ImportResult, err error) {
			err = f.with(func(password secret.Bytes) error {
				result, err = i.config.Unlocked.Import(ctx, sources, password, progress)
				return err
			})
			return result, err
		}
	case i.config.First:
		return i.config.Unlocked.ImportBrowsers
	}
	return func(ctx context.Context, sources []importer.Source, progress func(vault.BatchProgress)) (session.ImportResult, error) {
		return i.config.Unlocked.Import(ctx, sources, secret.Bytes{}, progress)
	}
}

func (i *Import) imported(b brought, err error) {
	if i.stop != nil {
		i.stop()
	}
	i.busy, i.problem = false, explain(i.env.Words, err)
	switch {
	case err == nil:
		i.results, i.told, i.page = append(i.results, b.ended), b.told, ImportDone
		i.imports(i.file)
		if i.guide != nil {
			i.leaveGuide()
			i.file = nil
		}
	case i.page == ImportRunning && i.file != nil:
		i.page = ImportPreview
	case i.page == ImportRunning:
		i.page = ImportChoose
	}
	i.changed()
}

// Skip leaves without importing. While an import runs it stops it: an import is one transaction, so nothing of it stays.
func (i *Import) Skip() {
	switch {
	case i.page == ImportPassword || i.page == ImportMapping || i.page == ImportPreview:
		if !i.busy {
			i.back()
			i.changed()
		}
		return
	case i.page == ImportGuide:
		if !i.busy {
			i.leaveGuide()
			i.changed()
		}
		return
	case i.page != ImportRunning:
		i.decline()
		return
	}
	i.busy = true
	i.stop()
	i.changed()
}

// back goes from the preview of a mapped table to its columns, and else to where the file was chosen.
func (i *Import) back() {
	if i.page == ImportPreview && i.file.table != nil {
		i.page, i.problem = ImportMapping, Message{}
		return
	}
	i.leaveFile(Message{})
}

// decline notes, for a new account, that the person was asked.
func (i *Import) decline() {
	if !i.config.First {
		i.config.Done()
		return
	}
	Run(i.run, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, i.config.Unlocked.SkipBrowserImport(ctx)
	}, func(_ struct{}, err error) {
		if err != nil {
			i.env.Log.Warn("declined import not noted", "error", err)
		}
		i.config.Done()
	})
}

// Primary imports what Firefox protects by a primary password; it takes ownership of it.
func (i *Import) Primary(password secret.Bytes) {
	closed := i.closed()
	if len(closed) == 0 || i.busy || i.page != ImportDone || i.undone {
		password.Wipe()
		return
	}
	i.busy, i.problem = true, Message{}
	Run(i.run, i.bringer(func(ctx context.Context) (session.ImportResult, error) {
		defer password.Wipe()
		return i.config.Unlocked.Import(ctx, closed, password, nil)
	}), i.imported)
	i.changed()
}

// closed are the sources that wait for a primary password.
func (i *Import) closed() (sources []importer.Source) {
	for _, b := range i.found {
		if slices.Contains(i.told.closed, b.info.ID) {
			sources = append(sources, b.source)
		}
	}
	return sources
}

// Undo takes everything back that was imported.
func (i *Import) Undo() {
	if i.page != ImportDone || i.undone || i.busy {
		return
	}
	i.busy, i.problem = true, Message{}
	results := slices.Clone(i.results)
	Run(i.run, func(ctx context.Context) (struct{}, error) {
		for _, result := range slices.Backward(results) {
			if result.Batch.IsZero() {
				continue
			}
			// One that was undone before a later one failed is not there any more.
			if _, err := i.config.Unlocked.UndoImport(ctx, result.Batch); err != nil && !errors.Is(err, vault.ErrNotFound) {
				return struct{}{}, err
			}
		}
		return struct{}{}, nil
	}, func(_ struct{}, err error) {
		i.busy, i.undone, i.problem = false, err == nil, explain(i.env.Words, err)
		i.changed()
	})
	i.changed()
}
