package screen

import "github.com/coffer-vault/coffer/vault/importer/format"

// ImportPage is one stage of an import.
type ImportPage int

// The stages of an import, in order.
const (
	ImportSearching ImportPage = iota
	ImportNothing              // no browser holds passwords
	ImportChoose
	ImportPassword // of a file that is protected
	ImportMapping  // of the columns of a table that no program is known for
	ImportPreview  // what an import of the file would do; nothing is changed yet
	ImportRunning
	ImportDone
	ImportGuide // to what a browser keeps to itself; it is opened from the report and leads back to it
)

// ImportState is the import from browsers or a file: what was found, progress, and a report that accounts for every row.
type ImportState struct {
	Page        ImportPage
	Title, Body string
	Browsers    []BrowserRow
	Progress    Progress
	Report      ImportReport
	Rows        []ImportRow // all of them, in the order of the groups
	Primary     PrimaryPassword
	KeyFile     KeyFile
	Columns     []ImportColumn // of a table to be mapped
	Targets     []string       // what a column may hold
	Problem     Message

	Continue    string // label of the main button: "Import 512 passwords", "Done"; empty if there is none
	CanContinue bool
	Skip        string // label of the other one: "Not now", "Stop"; empty if there is none
	Undo        string // "Undo the import"; empty if there is nothing to undo
	File        string // "Choose a file…"; empty where none is taken
	Deletions   []FileDeletion
	Guides      []GuideOffer
	Guide       ExportGuide
	Busy        bool
}

// FileDeletion is a file that was imported and that anybody can read. Import.DeleteFile takes its path.
type FileDeletion struct {
	Path   string
	Text   string // why it should be deleted, or that it was
	Button string // "Delete the file"; empty once it is gone
}

// BrowserRow is a browser profile that holds passwords.
type BrowserRow struct {
	ID     string
	Label  string // "Google Chrome · Work"
	Count  string // "214 passwords"
	Ticked bool
}

// PrimaryPassword asks for the primary password of Firefox. It is zero where none is needed.
type PrimaryPassword struct {
	Label  string
	Button string
}

// KeyFile asks for the key file of a database of KeePass. It is zero where none is taken.
type KeyFile struct {
	Label  string // which one was chosen, or that there may be one
	Button string
}

func (i *Import) view() ImportState {
	s := ImportState{Page: i.page, Problem: i.problem, Busy: i.busy}
	switch i.page {
	case ImportSearching:
		s.Title, s.Skip = i.text("screen.import.searching"), i.text("screen.import.notNow")
		if i.reading != "" || i.file != nil {
			s.Title, s.Skip = i.text("screen.import.file.reading"), ""
		}
	case ImportNothing:
		s.Title, s.Body = i.text("screen.import.nothing"), i.text("screen.import.nothingBody")
		s.Continue, s.CanContinue = i.text("screen.continue"), true
	case ImportChoose:
		i.viewChoice(&s)
	case ImportPassword:
		i.viewLocked(&s)
	case ImportMapping:
		i.viewMapping(&s)
	case ImportPreview:
		i.viewPreview(&s)
	case ImportRunning:
		i.viewProgress(&s)
	case ImportDone:
		i.viewReport(&s)
	case ImportGuide:
		i.viewGuide(&s)
	}
	if i.takesFile() && i.page != ImportGuide {
		s.File = i.text("screen.import.file.choose")
		if i.page == ImportNothing {
			s.Body, s.Continue, s.Skip = i.text("screen.import.file.nothingBody"), "", i.text("screen.close")
			if i.managed {
				s.Title = i.text("screen.import.file.only")
			}
		}
	}
	return s
}

// viewLocked asks for what opens a file.
func (i *Import) viewLocked(s *ImportState) {
	body := "screen.import.file.passwordBody"
	if format.TakesKeyFile(i.file.source) {
		body = "screen.import.file.keyBody"
		s.KeyFile = KeyFile{Label: i.text("screen.import.file.keyNone"), Button: i.text("screen.import.file.key")}
		if i.file.keyFile != "" {
			s.KeyFile.Label = i.text("screen.import.file.keyChosen", "name", i.file.keyFile)
		}
	}
	s.Title, s.Body = i.text("screen.import.file.password"), i.text(body, "name", i.file.name, "program", i.file.source.Info().Browser)
	s.Primary = PrimaryPassword{Label: i.text("screen.import.file.passwordLabel")}
	s.Continue, s.CanContinue, s.Skip = i.text("screen.import.file.open"), true, i.text("screen.back")
}

func (i *Import) viewPreview(s *ImportState) {
	from := i.file.source.Info()
	if i.guide != nil && from.ID == exportFormat {
		from = i.guide.profile.info // the browsers' files look alike
	}
	s.Title = i.text("screen.import.file.preview", "program", sourceLabel(from))
	p := i.file.preview
	s.Report, s.Rows = p.view, p.rows
	s.Body = i.env.Words.Count("screen.import.file.previewBody", p.total, "name", i.file.name)
	if p.files > 0 {
		s.Body += " " + i.env.Words.Count("screen.import.file.previewFiles", p.files, "size", fileSize(i.env.Words, p.fileBytes))
	}
	s.Continue, s.CanContinue = i.env.Words.Count("screen.import.file.start", p.news), !i.busy
	if p.news == 0 {
		s.Body, s.Continue = i.text("screen.import.file.nothingNew", "name", i.file.name), i.text("screen.import.finish")
		if i.guide != nil {
			s.Continue = i.text("screen.continue")
		}
	}
	s.Skip = i.text("screen.back")
}

func (i *Import) viewChoice(s *ImportState) {
	s.Title, s.Body = i.text("screen.import.choose"), i.text("screen.import.chooseBody")
	for _, b := range i.found {
		row := BrowserRow{ID: b.info.ID, Label: sourceLabel(b.info), Ticked: i.ticked[b.info.ID]}
		if b.info.Count >= 0 {
			row.Count = i.env.Words.Count("screen.import.count", b.info.Count)
		}
		s.Browsers = append(s.Browsers, row)
	}
	chosen, rows := i.chosen()
	s.Continue, s.CanContinue = i.env.Words.Count("screen.import.start", rows), len(chosen) > 0
	s.Skip = i.text("screen.import.notNow")
}

func (i *Import) viewProgress(s *ImportState) {
	s.Title, s.Body, s.Skip = i.text("screen.import.running"), i.text("screen.import.runningBody"), i.text("screen.import.stop")
	const perItem = 4 << 10 // bytes, which an item takes the time of
	s.Progress = Progress{
		Done: int(i.progress.Bytes) + perItem*i.progress.Items, Total: int(i.progress.AllBytes) + perItem*i.progress.AllItems,
	}
	switch {
	case i.busy:
		s.Progress.Text, s.Skip = i.text("screen.import.stopping"), ""
	case i.progress.AllItems == 0:
		s.Progress.Text = i.text("screen.import.reading")
	case i.progress.Items == 0:
		s.Progress.Text = i.text("screen.import.progressFiles", "done", fileSize(i.env.Words, i.progress.Bytes), "all", fileSize(i.env.Words, i.progress.AllBytes))
	default:
		s.Progress.Text = i.env.Words.Count("screen.import.progress", i.progress.AllItems, "done", i.progress.Items)
	}
}

func (i *Import) viewReport(s *ImportState) {
	s.Title, s.Continue, s.CanContinue = i.text("screen.import.done"), i.text("screen.import.finish"), !i.busy
	if i.undone {
		s.Title, s.Body = i.text("screen.import.undone"), i.text("screen.import.undoneBody")
		return
	}
	s.Report, s.Rows = i.told.view, i.told.rows
	i.viewGuides(s)
	i.viewDeletions(s)
	s.Body = s.Report.Summary
	for _, result := range i.results {
		if !result.Batch.IsZero() {
			s.Undo = i.text("screen.import.undo")
		}
	}
	if i.file == nil && len(i.closed()) > 0 {
		s.Primary = PrimaryPassword{Label: i.text("screen.import.primary"), Button: i.text("screen.import.primaryGo")}
	}
}

// viewDeletions offers to delete the files, but for those with a password of their own: they may be kept as they are.
func (i *Import) viewDeletions(s *ImportState) {
	for _, f := range i.plain {
		deletion := FileDeletion{Path: f.path, Text: i.text("screen.import.file.deleted", "name", f.name)}
		if !f.deleted {
			deletion.Text, deletion.Button = i.text("screen.import.file.deleteBody", "name", f.name), i.text("screen.import.file.delete")
		}
		s.Deletions = append(s.Deletions, deletion)
	}
}
