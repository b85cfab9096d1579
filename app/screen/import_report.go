package screen

import (
	"context"
	"errors"
	"slices"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/vault/importer"
)

// ended is an import that was written.
type ended struct {
	session.ImportResult
	completes string // the ID of the profile whose browser exported what was read; empty for none
}

// told is the report of all that was imported, in words. It is made off the UI goroutine: there may be tens of thousands of rows.
type told struct {
	view   ImportReport
	rows   []ImportRow
	closed []string // the IDs of the sources that wait for a primary password
	kept   []keptProfile
}

// brought is an import, and the report with it.
type brought struct {
	ended
	told
}

// bringer makes the function that imports, on a worker, and then puts into words what was imported until now.
func (i *Import) bringer(write func(context.Context) (session.ImportResult, error)) func(context.Context) (brought, error) {
	words, before, completes := i.words(), slices.Clone(i.results), ""
	if i.guide != nil {
		completes = i.guide.profile.info.ID
	}
	return func(ctx context.Context) (brought, error) {
		result, err := write(ctx)
		if err != nil {
			return brought{}, err
		}
		now := ended{result, completes}
		return brought{now, tell(words, append(before, now))}, nil
	}
}

// words are those of the report after an import, of browsers or of a file.
func (i *Import) words() reportWords {
	return reportWords{i.env.Words, i.file != nil && i.guide == nil, false}
}

func tell(words reportWords, results []ended) (t told) {
	report := join(results)
	t.view, t.rows = words.view(report)
	t.kept = keptIn(report)
	for _, source := range report.Sources {
		if waitsForPassword(source.Err) {
			t.closed = append(t.closed, source.Info.ID)
		}
	}
	return t
}

// join joins the reports: of a source that was read twice the later one counts, and what a browser exported completes that of its profile.
func join(results []ended) (joined importer.Report) {
	for _, result := range results {
		for _, source := range result.Report.Sources {
			of := source.Info.ID
			if result.completes != "" {
				of = result.completes
			}
			at := slices.IndexFunc(joined.Sources, func(s importer.SourceReport) bool { return s.Info.ID == of })
			switch {
			case at < 0:
				joined.Sources = append(joined.Sources, source)
			case result.completes != "":
				joined.Sources[at] = joined.Sources[at].Completed(source)
			default:
				joined.Sources[at] = source
			}
		}
	}
	return joined
}

func waitsForPassword(err error) bool {
	return errors.Is(err, importer.ErrPrimaryPasswordNeeded) || errors.Is(err, importer.ErrWrongPrimaryPassword)
}

// preview is what an import of a file would do, in words.
type preview struct {
	report      importer.Report
	view        ImportReport
	rows        []ImportRow
	news, total int // rows: what would come into the vault, and all
	files       int // that would be attached
	fileBytes   int64
	err         error // why rows are missing
}

func newPreview(words reportWords, report importer.Report) preview {
	p := preview{report: report, files: report.Files, fileBytes: report.FileBytes}
	p.view, p.rows = words.view(report)
	p.total = len(p.rows)
	p.news = report.Count(importer.Imported) + report.Count(importer.Merged) + report.Count(importer.KeptBoth)
	for _, source := range report.Sources {
		p.err = errors.Join(p.err, source.Err)
	}
	return p
}

// Retranslate says everything again, in another language.
func (i *Import) Retranslate() {
	after, results := i.words(), slices.Clone(i.results)
	Run(i.run, func(context.Context) (told, error) { return tell(after, results), nil }, func(t told, _ error) {
		if len(i.results) == len(results) {
			i.told = t
		}
		i.changed()
	})
	if f := i.file; i.page == ImportPreview {
		before, report := reportWords{i.env.Words, true, true}, f.preview.report
		Run(i.run, func(context.Context) (preview, error) { return newPreview(before, report), nil }, func(p preview, _ error) {
			f.preview = p
			i.changed()
		})
	}
	i.changed()
}
