package screen

// ImportPage is one stage of an import.
type ImportPage int

// The stages of an import, in order.
const (
	ImportSearching ImportPage = iota
	ImportNothing              // no browser holds passwords
	ImportChoose
	ImportRunning
	ImportDone
)

// ImportState is the import of passwords from browsers: what was found, progress, and a report that accounts for every row.
type ImportState struct {
	Page        ImportPage
	Title, Body string
	Browsers    []BrowserRow
	Progress    Progress
	Report      ImportReport
	Primary     PrimaryPassword
	Problem     Message

	Continue    string // label of the main button: "Import 512 passwords", "Done"; empty if there is none
	CanContinue bool
	Skip        string // label of the other one: "Not now", "Stop"; empty if there is none
	Undo        string // "Undo the import"; empty if there is nothing to undo
	Busy        bool
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

func (i *Import) view() ImportState {
	s := ImportState{Page: i.page, Problem: i.problem, Busy: i.busy}
	switch i.page {
	case ImportSearching:
		s.Title, s.Skip = i.text("screen.import.searching"), i.text("screen.import.notNow")
	case ImportNothing:
		s.Title, s.Body = i.text("screen.import.nothing"), i.text("screen.import.nothingBody")
		s.Continue, s.CanContinue = i.text("screen.continue"), true
	case ImportChoose:
		i.viewChoice(&s)
	case ImportRunning:
		i.viewProgress(&s)
	case ImportDone:
		i.viewReport(&s)
	}
	return s
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
	s.Progress = i.progress
	switch {
	case i.busy:
		s.Progress.Text, s.Skip = i.text("screen.import.stopping"), ""
	case i.progress.Total == 0:
		s.Progress.Text = i.text("screen.import.reading")
	default:
		s.Progress.Text = i.env.Words.Count("screen.import.progress", i.progress.Total, "done", i.progress.Done)
	}
}

func (i *Import) viewReport(s *ImportState) {
	s.Title, s.Continue, s.CanContinue = i.text("screen.import.done"), i.text("screen.import.finish"), !i.busy
	if i.undone {
		s.Title, s.Body = i.text("screen.import.undone"), i.text("screen.import.undoneBody")
		return
	}
	s.Report = reportView(i.env.Words, i.report())
	s.Body = s.Report.Summary
	for _, result := range i.results {
		if !result.Batch.IsZero() {
			s.Undo = i.text("screen.import.undo")
		}
	}
	if len(i.closed()) > 0 {
		s.Primary = PrimaryPassword{Label: i.text("screen.import.primary"), Button: i.text("screen.import.primaryGo")}
	}
}
