package screen

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/assets"
	"github.com/coffer-vault/coffer/vault/exporter"
)

// Export writes the vault into a file for other programs: the format, the master password, the place, and then a report of what the
// format has no place for.
type Export struct {
	Sheet
	config ExportConfig

	spec     exporter.Spec
	path     string
	report   exporter.Report
	stop     func()
	stopping bool
}

// ExportConfig is what the sheet about exports works with.
type ExportConfig struct {
	Unlocked *session.Unlocked
	Close    func()
}

// namesShown is how many items a row of the report names.
const namesShown = 3

// NewExport offers the formats.
func NewExport(env *Env, config ExportConfig) *Export {
	e := &Export{config: config}
	e.start(env, "export", config.Close)
	e.home()
	return e
}

// Leave gives up: what is being written ends now, and nothing of it stays.
func (e *Export) Leave() {
	if e.stop != nil {
		e.stop()
	}
	e.Sheet.Leave()
}

func (e *Export) home() {
	e.show(sheetPage{name: "home", rows: e.formats, open: func(format string) {
		if spec, ok := exporter.SpecOf(exporter.Format(format)); ok {
			e.spec = spec
			e.format()
		}
	}})
}

func (e *Export) formats() (rows []SheetRow) {
	for _, spec := range exporter.Specs() {
		row := SheetRow{ID: string(spec.Format), Icon: assets.IconFileText, Title: e.ofFormat(spec, "name"), Detail: e.ofFormat(spec, "detail")}
		if spec.Sealed {
			row.Icon = assets.IconLock
		}
		row.Open = row.Title
		rows = append(rows, row)
	}
	return rows
}

// ofFormat is a text about a format.
func (e *Export) ofFormat(spec exporter.Spec, what string) string {
	return e.text("screen.export.format." + string(spec.Format) + "." + what)
}

// format says who reads the file and what it leaves out, and asks for the master password: whoever sits at an unlocked PC cannot carry the
// vault away.
func (e *Export) format() {
	page := sheetPage{
		name: "plain", args: []any{"name", e.ofFormat(e.spec, "name"), "about", e.ofFormat(e.spec, "about")},
		fields: []SheetField{e.passwordField()}, back: e.home, submit: e.prove,
	}
	if e.spec.Sealed {
		page.name, page.chooses = "sealed", true
		page.fields = append(page.fields,
			SheetField{ID: fieldNew, Label: e.text("screen.export.password"), Kind: FieldPassword},
			SheetField{ID: fieldRepeat, Label: e.text("screen.export.repeat"), Kind: FieldPassword})
	} else {
		page.danger, page.rows = true, e.warning
	}
	e.show(page)
}

// warning stands over the fields of a format that anybody can read.
func (e *Export) warning() []SheetRow {
	return []SheetRow{{
		Icon: assets.IconTriangleAlert, Tone: ToneWarning, Title: e.text("screen.export.warning"), Detail: e.text("screen.export.warningDetail"),
	}}
}

// prove checks the password, and asks where the file shall go.
func (e *Export) prove() {
	master := e.password(fieldPassword)
	e.do(func(ctx context.Context) error {
		defer master.Wipe()
		return e.config.Unlocked.CheckPassword(ctx, master)
	}, func() {
		e.changed()
		e.env.SaveAs(e.fileName(), func(path string, replace bool) {
			if !e.run.Stopped() {
				e.write(path, replace)
			}
		})
	})
}

// fileName names the day, so that one export does not offer to replace the one before.
func (e *Export) fileName() string {
	return "Coffer " + e.env.Clock.Now().Format("2006-01-02") + e.spec.Extension
}

func (e *Export) write(path string, replace bool) {
	e.path, e.stopping = path, false
	o := exporter.Options{Format: e.spec.Format, Password: e.password(fieldNew), Replace: replace}
	e.progress = &Progress{}
	e.show(sheetPage{name: "running", args: []any{"path", path}, wait: true, back: e.cancelWriting})
	report := e.run.progress(func(done, total int) {
		e.progress = &Progress{Done: done, Total: total, Text: e.text("screen.export.progress", "done", done, "total", total)}
		e.changed()
	})
	// Stopping still hears how it ended: the file may have been finished before.
	stopping, stop := context.WithCancel(context.Background())
	e.stop = stop
	Run(e.run, func(ctx context.Context) (exporter.Report, error) {
		defer o.Password.Wipe()
		defer context.AfterFunc(ctx, stop)()
		return e.config.Unlocked.Export(stopping, path, o, report)
	}, e.written)
}

func (e *Export) cancelWriting() {
	e.stopping = true
	e.stop()
}

func (e *Export) written(report exporter.Report, err error) {
	e.stop()
	e.progress = nil
	switch {
	case err == nil:
		e.report = report
		e.done()
	case e.stopping && errors.Is(err, context.Canceled):
		e.format()
	default:
		e.format()
		e.fail(err)
	}
}

// done is the report. A file that anybody can read is not forgotten there.
func (e *Export) done() {
	page := sheetPage{name: "donePlain", args: []any{"path", e.path}, rows: e.results, submit: e.showFolder}
	if e.spec.Sealed {
		page.name = "doneSealed"
	}
	e.show(page)
}

func (e *Export) showFolder() {
	Run(e.run, func(context.Context) (struct{}, error) { return struct{}{}, e.env.ShowFile(e.path) }, func(_ struct{}, err error) {
		if err != nil {
			e.fail(err)
		}
	})
}

func (e *Export) results() []SheetRow {
	there := e.env.Words.Count("screen.vault.count", e.report.Items)
	if e.report.Files > 0 {
		there += "  ·  " + e.env.Words.Count("screen.files.count", e.report.Files)
	}
	rows := []SheetRow{{ID: "there", Icon: assets.IconCircleCheck, Tone: ToneGood, Title: e.text("screen.export.there"), Detail: there}}
	for _, l := range e.report.Lost {
		row := SheetRow{ID: string(l.Part), Icon: assets.IconInfo, Title: e.lossTitle(l.Part), Detail: e.lossDetail(l)}
		if gone(l.Part) {
			row.Icon, row.Tone = assets.IconTriangleAlert, ToneWarning
		}
		rows = append(rows, row)
	}
	return rows
}

// lossTitle says what is missing, or in which way something is there.
func (e *Export) lossTitle(p exporter.Part) string {
	what := e.text("screen.export.part." + string(p))
	switch p {
	case exporter.PartUnreadable, exporter.PartItems, exporter.PartTrash, exporter.PartKind, exporter.PartBytes:
		return what // a sentence of its own
	}
	return e.text("screen.export.lost", "what", what)
}

// gone tells whether people would miss a part that is not in the file.
func gone(p exporter.Part) bool {
	switch p {
	case exporter.PartUnreadable, exporter.PartItems, exporter.PartNewer, exporter.PartFiles, exporter.PartAbsent, exporter.PartOTP, exporter.PartCustom:
		return true
	}
	return false
}

// lossDetail is how many, and of which items.
func (e *Export) lossDetail(l exporter.Loss) string {
	detail := fmt.Sprint(l.Count)
	var names []string
	for _, title := range l.Titles[:min(len(l.Titles), namesShown)] {
		names = append(names, titleOf(e.env.Words, title))
	}
	if len(names) > 0 {
		detail += "  ·  " + strings.Join(names, ", ")
	}
	if more := len(l.Titles) - len(names); more > 0 {
		detail += " " + e.text("screen.export.more", "n", more)
	}
	return detail
}
