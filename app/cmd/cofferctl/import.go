package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault"
	"github.com/coffer-vault/coffer/vault/importer"
	"github.com/coffer-vault/coffer/vault/importer/chromium"
	"github.com/coffer-vault/coffer/vault/importer/firefox"
	"github.com/coffer-vault/coffer/vault/importer/format"
	"github.com/coffer-vault/coffer/vault/importer/intake"
	"github.com/coffer-vault/coffer/vault/importer/keystore"
)

// importOptions are the flags of import.
type importOptions struct {
	access
	preview        bool
	undo           string
	sourcePassword string // file with the password that protects what is imported
	keyFile        string // that opens a database of KeePass
	columns        string // what the columns of a table hold
}

// importCommand imports files and browser profiles, or without any the passwords of this user's browsers; with --undo it takes an import
// back. A preview of files needs no account; with --account it tells what they would change there.
func (p *program) importCommand(ctx context.Context, args []string) error {
	var o importOptions
	paths, err := p.flags("import", args, func(f *flag.FlagSet) {
		o.define(f)
		f.BoolVar(&o.preview, "preview", false, "")
		f.StringVar(&o.undo, "undo", "", "")
		f.StringVar(&o.sourcePassword, "source-password-file", "", "")
		f.StringVar(&o.keyFile, "key-file", "", "")
		f.StringVar(&o.columns, "map", "", "")
	})
	if err != nil {
		return err
	}
	if o.undo != "" && (o.preview || len(paths) > 0) {
		return fmt.Errorf("%w: --undo goes with nothing else", errUsage)
	}
	// What is to be imported is looked at before a password is asked for.
	open := openExport
	if o.columns != "" {
		m, err := parseMapping(o.columns)
		if err != nil {
			return err
		}
		open = m.open
	}
	sources, wipe, err := p.openPaths(ctx, paths, open)
	if err != nil {
		return err
	}
	defer wipe()
	if o.keyFile != "" {
		if err := useKeyFile(sources, o.keyFile); err != nil {
			return err
		}
	}
	if o.preview && len(paths) > 0 && o.email == "" {
		return p.draft(ctx, sources, cmp.Or(o.sourcePassword, o.passwordFile))
	}
	u, err := p.unlock(ctx, o.access)
	if err != nil {
		return err
	}
	defer u.Lock()
	switch {
	case o.undo != "":
		return p.undoImport(ctx, u, o.undo)
	case len(paths) == 0 && o.preview:
		return p.previewBrowsers(ctx, u)
	case len(paths) == 0:
		return p.importBrowsers(ctx, u)
	case o.preview:
		return p.previewFiles(ctx, u, sources, o.sourcePassword)
	}
	return p.importFiles(ctx, u, sources, o.sourcePassword)
}

// openPaths opens exported files and folders of browsers. Files are plaintext: wipe closes them, and clears what was read of them.
func (p *program) openPaths(ctx context.Context, names []string, open func(*format.Input) (importer.Source, error)) (sources []importer.Source, wipe func(), err error) {
	var inputs []*format.Input
	wipe = func() {
		for _, input := range inputs {
			input.Close()
		}
	}
	for _, name := range names {
		if info, err := os.Stat(name); err == nil && info.IsDir() {
			found, err := p.openFolder(ctx, name)
			if err != nil {
				wipe()
				return nil, nil, &fileError{name, err}
			}
			sources = append(sources, found...)
			continue
		}
		input, err := format.OpenInput(name)
		if err == nil {
			inputs = append(inputs, input)
			var source importer.Source
			source, err = open(input)
			sources = append(sources, source)
		}
		if err != nil {
			wipe()
			return nil, nil, &fileError{name, err}
		}
	}
	return sources, wipe, nil
}

// openExport finds out what an export is.
func openExport(input *format.Input) (importer.Source, error) {
	source, err := input.Source()
	if errors.Is(err, format.ErrUnknownTable) {
		err = unknownTable(input)
	}
	return source, err
}

// useKeyFile has the databases among the sources open with a key file.
func useKeyFile(sources []importer.Source, name string) error {
	if !slices.ContainsFunc(sources, format.TakesKeyFile) {
		return fmt.Errorf("%w: --key-file is for a database of KeePass (KDBX)", errUsage)
	}
	content, err := readFile(name)
	defer clear(content)
	for i := range sources {
		if err == nil {
			sources[i], err = format.WithKeyFile(sources[i], content)
		}
	}
	if err != nil {
		return &fileError{name, err}
	}
	return nil
}

// errNoProfile is told of a folder that is no browser's.
var errNoProfile = errors.New("no browser keeps passwords in this folder: name a profile of Firefox or of a browser made from Chromium")

// openFolder finds the browser profiles in a folder.
func (p *program) openFolder(ctx context.Context, name string) ([]importer.Source, error) {
	folder, err := filepath.Abs(name)
	if err != nil {
		return nil, err
	}
	env, err := importer.NewEnvironment(keystore.New())
	if err != nil {
		return nil, err
	}
	folder = filepath.ToSlash(folder)
	found := append(chromium.Folder(ctx, env, folder), firefox.Folder(ctx, env, folder)...)
	if len(found) == 0 {
		return nil, errNoProfile
	}
	return found, nil
}

// readFile reads no more than an export can have.
func readFile(name string) ([]byte, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, format.MaxFile+1))
	if err != nil {
		clear(content)
		return nil, err
	}
	return content, nil
}

// fileError says which of the files it is about, in front of the sentence about what is wrong with it.
type fileError struct {
	name string
	err  error
}

func (e *fileError) Error() string { return e.name + ": " + sentence(e.err) }

func (p *program) importBrowsers(ctx context.Context, u *session.Unlocked) error {
	found, err := u.FindBrowsers(ctx)
	if err != nil {
		return err
	}
	result, err := u.ImportBrowsers(ctx, found, nil)
	if err != nil {
		return err
	}
	return p.finishImport(ctx, u, result.Batch, result.Report)
}

// importFiles asks for the password of files that have one. What could not be read at all is an error, after the report.
func (p *program) importFiles(ctx context.Context, u *session.Unlocked, sources []importer.Source, passwordFile string) error {
	password, err := p.filePassword(ctx, sources, passwordFile)
	if err != nil {
		return err
	}
	defer password.Wipe()
	result, err := intake.Import(ctx, u.Vault(), sources, password, nil)
	if err != nil {
		return err
	}
	if err := p.finishImport(ctx, u, result.Batch, result.Report); err != nil {
		return err
	}
	return unread(result.Report)
}

func (p *program) previewFiles(ctx context.Context, u *session.Unlocked, sources []importer.Source, passwordFile string) error {
	password, err := p.filePassword(ctx, sources, passwordFile)
	if err != nil {
		return err
	}
	defer password.Wipe()
	report, err := intake.Preview(ctx, u.Vault(), sources, password)
	if err != nil {
		return err
	}
	if err := p.printReport(id.ID{}, report); err != nil {
		return err
	}
	return unread(report)
}

// filePassword is the password of encrypted files and of Firefox profiles with a primary password: from a file, or asked for if there
// is one among them.
func (p *program) filePassword(ctx context.Context, sources []importer.Source, passwordFile string) (secret.Bytes, error) {
	if passwordFile != "" {
		return p.secretLine("Password of the exported file", passwordFile)
	}
	for _, source := range sources {
		for _, err := range source.Rows(ctx, secret.Bytes{}) {
			if errors.Is(err, importer.ErrPrimaryPasswordNeeded) {
				return p.question("Password of the exported file", true)
			}
			break
		}
	}
	return secret.Bytes{}, nil
}

// unread joins why sources gave no rows, or not all.
func unread(report importer.Report) error {
	var failed []error
	for _, s := range report.Sources {
		if s.Err != nil {
			failed = append(failed, &fileError{s.Info.Browser, s.Err})
		}
	}
	return errors.Join(failed...)
}

func (p *program) finishImport(ctx context.Context, u *session.Unlocked, batch id.ID, report importer.Report) error {
	p.sendImport(ctx, u)
	return p.printReport(batch, report)
}

// sendImport brings the server up to date. That can wait: what was done is safe on this PC.
func (p *program) sendImport(ctx context.Context, u *session.Unlocked) {
	if err := u.Sync(ctx); err != nil && !errors.Is(err, session.ErrOffline) {
		fmt.Fprintf(p.stderr, "cofferctl import: done on this PC, and not on the server yet: %s\n", sentence(err))
	}
}

func (p *program) undoImport(ctx context.Context, u *session.Unlocked, text string) error {
	batch, err := id.Parse(text)
	if err != nil {
		return fmt.Errorf("%w: %q is no import; its report says what it is called", errUsage, text)
	}
	done, err := u.UndoImport(ctx, batch)
	if errors.Is(err, vault.ErrNotFound) {
		return errors.New("no import of that name was made on this PC, or it was undone already")
	}
	if err != nil {
		return err
	}
	p.sendImport(ctx, u)
	return p.print(map[string]int{"removed": done.Removed, "restored": done.Restored, "kept": done.Kept}, func() {
		fmt.Fprintf(p.stdout, "removed %d, restored %d, kept %d that were changed since\n", done.Removed, done.Restored, done.Kept)
	})
}

func (p *program) previewBrowsers(ctx context.Context, u *session.Unlocked) error {
	found, err := u.FindBrowsers(ctx)
	if err != nil {
		return err
	}
	infos := []sourceReport{}
	for _, s := range found {
		infos = append(infos, sourceReport{ID: s.Info().ID, Name: s.Info().Browser, Profile: s.Info().Profile, Stored: s.Info().Count})
	}
	return p.print(infos, func() {
		for _, i := range infos {
			fmt.Fprintf(p.stdout, "%s, %s: %d passwords\n", i.Name, i.Profile, i.Stored)
		}
	})
}

// importReport accounts for every row of an import.
type importReport struct {
	Batch   string                   `json:"batch,omitempty"` // for --undo
	Counts  map[importer.Outcome]int `json:"counts"`
	Files   int                      `json:"files"` // that are attached
	Bytes   int64                    `json:"file_bytes"`
	Sources []sourceReport           `json:"sources"`
}

type sourceReport struct {
	ID      string                   `json:"id"`
	Name    string                   `json:"name"`
	Profile string                   `json:"profile,omitempty"`
	Stored  int                      `json:"stored"` // rows that the source says it has; -1 if it does not
	Error   string                   `json:"error,omitempty"`
	Counts  map[importer.Outcome]int `json:"counts,omitempty"`
	Rows    []rowReport              `json:"rows,omitempty"`
}

type rowReport struct {
	ID      string           `json:"id"`
	Site    string           `json:"site,omitempty"`
	User    string           `json:"username,omitempty"`
	Kind    importer.Kind    `json:"kind,omitempty"`
	Outcome importer.Outcome `json:"outcome"`
	Reason  importer.Reason  `json:"reason,omitempty"`
	LeftOut []leftOut        `json:"left_out,omitempty"`
}

// leftOut is a part of a row that does not come along.
type leftOut struct {
	What importer.Part `json:"what"`
	Name string        `json:"name"`
}

func toRow(row importer.RowReport) rowReport {
	r := rowReport{ID: row.ID, Site: row.Site, User: row.Username, Kind: row.Kind, Outcome: row.Outcome, Reason: row.Reason}
	for _, left := range row.LeftOut {
		r.LeftOut = append(r.LeftOut, leftOut{left.What, left.Name})
	}
	return r
}

func toReport(batch id.ID, report importer.Report) importReport {
	r := importReport{Counts: map[importer.Outcome]int{}, Files: report.Files, Bytes: report.FileBytes, Sources: []sourceReport{}}
	if !batch.IsZero() {
		r.Batch = batch.String()
	}
	for _, s := range report.Sources {
		source := sourceReport{ID: s.Info.ID, Name: s.Info.Browser, Profile: s.Info.Profile, Stored: s.Info.Count, Counts: s.Counts}
		if s.Err != nil {
			source.Error = sentence(s.Err)
		}
		for _, row := range s.Rows {
			source.Rows = append(source.Rows, toRow(row))
		}
		for outcome, n := range s.Counts {
			r.Counts[outcome] += n
		}
		r.Sources = append(r.Sources, source)
	}
	return r
}

// outcomes in the order in which people ask for them.
var outcomes = []importer.Outcome{
	importer.Imported, importer.Merged, importer.AlreadyThere, importer.KeptBoth, importer.Skipped, importer.Protected, importer.Unreadable,
}

func (p *program) printReport(batch id.ID, report importer.Report) error {
	r := toReport(batch, report)
	return p.print(r, func() {
		for _, s := range r.Sources {
			p.printSource(s)
		}
		p.printFiles(r)
		if r.Batch != "" {
			fmt.Fprintf(p.stdout, "cofferctl import --undo %s takes it back.\n", r.Batch)
		}
	})
}

func (p *program) printFiles(r importReport) {
	if r.Files > 0 {
		fmt.Fprintf(p.stdout, "attached files: %d, %d bytes\n", r.Files, r.Bytes)
	}
}

// printSource names the rows that did not make it, with the reason.
func (p *program) printSource(s sourceReport) {
	fmt.Fprintln(p.stdout, strings.TrimSpace(s.Name+" "+s.Profile))
	for _, outcome := range outcomes {
		if s.Counts[outcome] > 0 {
			fmt.Fprintf(p.stdout, "  %-14s %d\n", outcome, s.Counts[outcome])
		}
	}
	for _, row := range s.Rows {
		if row.Reason != "" {
			fmt.Fprintf(p.stdout, "    row %s: %s, %s\n", strings.TrimSpace(row.ID+" "+row.Site), row.Outcome, row.Reason)
		}
		for _, left := range row.LeftOut {
			fmt.Fprintf(p.stdout, "    row %s: left out: %s %s\n", strings.TrimSpace(row.ID+" "+row.Site), left.What, left.Name)
		}
	}
	if s.Error != "" {
		fmt.Fprintf(p.stdout, "  not read to the end: %s\n", s.Error)
	}
}
