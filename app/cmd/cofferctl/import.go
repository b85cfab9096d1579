package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault"
	"github.com/coffer-vault/coffer/vault/importer"
	"github.com/coffer-vault/coffer/vault/importer/format"
	"github.com/coffer-vault/coffer/vault/importer/intake"
)

// importCommand imports files, or without any the passwords of this user's browsers; with --undo it takes an import back.
func (p *program) importCommand(ctx context.Context, args []string) error {
	var a access
	preview, undo := false, ""
	files, err := p.flags("import", args, func(f *flag.FlagSet) {
		a.define(f)
		f.BoolVar(&preview, "preview", false, "")
		f.StringVar(&undo, "undo", "", "")
	})
	if err != nil {
		return err
	}
	if undo != "" && (preview || len(files) > 0) {
		return fmt.Errorf("%w: --undo goes with nothing else", errUsage)
	}
	// Files are looked at before a password is asked for.
	sources, wipe, err := openFiles(files)
	if err != nil {
		return err
	}
	defer wipe()
	u, err := p.unlock(ctx, a)
	if err != nil {
		return err
	}
	defer u.Lock()
	switch {
	case undo != "":
		return p.undoImport(ctx, u, undo)
	case len(files) == 0 && preview:
		return p.previewBrowsers(ctx, u)
	case len(files) == 0:
		return p.importBrowsers(ctx, u)
	case preview:
		return p.previewFiles(ctx, u, sources)
	}
	return p.importFiles(ctx, u, sources)
}

// openFiles reads exported files. They are plaintext: wipe clears what was read of them.
func openFiles(names []string) (sources []importer.Source, wipe func(), err error) {
	var contents [][]byte
	wipe = func() {
		for _, content := range contents {
			clear(content)
		}
	}
	for _, name := range names {
		content, err := readFile(name)
		contents = append(contents, content)
		if err == nil {
			var source importer.Source
			source, err = format.Open(content)
			sources = append(sources, source)
		}
		if err != nil {
			wipe()
			return nil, nil, &fileError{name, err}
		}
	}
	return sources, wipe, nil
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
func (p *program) importFiles(ctx context.Context, u *session.Unlocked, sources []importer.Source) error {
	password, err := p.filePassword(ctx, sources)
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

func (p *program) previewFiles(ctx context.Context, u *session.Unlocked, sources []importer.Source) error {
	password, err := p.filePassword(ctx, sources)
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

// filePassword asks for the password of encrypted files, if there is one among them.
func (p *program) filePassword(ctx context.Context, sources []importer.Source) (secret.Bytes, error) {
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
	Outcome importer.Outcome `json:"outcome"`
	Reason  importer.Reason  `json:"reason,omitempty"`
}

func toReport(batch id.ID, report importer.Report) importReport {
	r := importReport{Counts: map[importer.Outcome]int{}, Sources: []sourceReport{}}
	if !batch.IsZero() {
		r.Batch = batch.String()
	}
	for _, s := range report.Sources {
		source := sourceReport{ID: s.Info.ID, Name: s.Info.Browser, Profile: s.Info.Profile, Stored: s.Info.Count, Counts: s.Counts}
		if s.Err != nil {
			source.Error = sentence(s.Err)
		}
		for _, row := range s.Rows {
			source.Rows = append(source.Rows, rowReport{row.ID, row.Site, row.Outcome, row.Reason})
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
		if r.Batch != "" {
			fmt.Fprintf(p.stdout, "cofferctl import --undo %s takes it back.\n", r.Batch)
		}
	})
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
	}
	if s.Error != "" {
		fmt.Fprintf(p.stdout, "  not read to the end: %s\n", s.Error)
	}
}
