package screen

import (
	"context"
	"fmt"
	"go/ast"
	"iter"
	"slices"
	"strconv"
	"testing"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/assets"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/vault"
	"github.com/coffer-vault/coffer/vault/importer"
)

// profile is a browser profile; the packages below importer read real ones.
type profile struct {
	info    importer.Info
	rows    func() []importer.Row
	primary string // its primary password
	fails   error  // ends every reading of it
	during  func() // called while it is read
}

func (p *profile) Info() importer.Info { return p.info }

func (p *profile) Rows(_ context.Context, primary secretText) iter.Seq2[importer.Row, error] {
	return func(yield func(importer.Row, error) bool) {
		if p.during != nil {
			p.during()
		}
		if p.primary != "" && string(primary.Reveal()) != p.primary {
			err := importer.ErrPrimaryPasswordNeeded
			if !primary.IsZero() {
				err = importer.ErrWrongPrimaryPassword
			}
			yield(importer.Row{}, err)
			return
		}
		for _, row := range p.rows() {
			if !yield(row, nil) {
				return
			}
		}
		if p.fails != nil {
			yield(importer.Row{}, p.fails)
		}
	}
}

func newProfile(name string, rows ...importer.Row) *profile {
	p := &profile{info: importer.Info{ID: name, Browser: "Chrome", Profile: name, Count: len(rows)}}
	p.rows = func() []importer.Row {
		fresh := make([]importer.Row, len(rows))
		for i, row := range rows {
			fresh[i] = row
			if row.Record != nil {
				record := *row.Record
				record.Password = record.Password.Clone() // the import wipes what it read
				fresh[i].Record = &record
			}
		}
		return fresh
	}
	return p
}

func stored(site, user, password string) importer.Row {
	return importer.Row{ID: site + user, Site: site, Record: &importer.Record{
		Kind: importer.Login, Title: site, URLs: []string{"https://" + site}, Username: user, Password: testpc.Typed(password),
		Source: "chrome", SourceID: site + user,
	}}
}

func refused(site string, reason importer.Reason) importer.Row {
	return importer.Row{ID: site, Site: site, Reason: reason}
}

// importDesk unlocks an account that has not imported yet, on a computer with browsers.
func importDesk(t *testing.T, profiles ...*profile) (*desk, *Vault, *Import) {
	t.Helper()
	server := testkit.Cloud(t)
	pc := testpc.New(t, "Anna's PC", func(c *session.Config) {
		c.Browsers = func(context.Context) (sources []importer.Source) {
			for _, p := range profiles {
				sources = append(sources, p)
			}
			return sources
		}
	})
	pc.SignUp(t, server, anna).Lock()
	d := newDesk(t, pc, server)
	v := d.unlock()
	d.until("search", func() bool { return v.Import() != nil && v.Import().State().Page != ImportSearching })
	return d, v, v.Import()
}

func (d *desk) stage(i *Import, page ImportPage) ImportState {
	d.t.Helper()
	d.until(fmt.Sprint("stage ", page), func() bool { return i.State().Page == page && !i.State().Busy })
	s := i.State()
	checkWords(d.t, fmt.Sprint("stage ", page), s.Title, s.Body, s.Continue, s.Skip, s.Undo, s.Progress.Text, s.Primary.Label, s.Primary.Button, s.Report.Summary)
	return s
}

func TestImportIsOfferedOnce(t *testing.T) {
	d, v, i := importDesk(t, newProfile("Default", stored("a.example", "anna", "x")))
	if s := d.stage(i, ImportChoose); len(s.Browsers) != 1 || !s.Browsers[0].Ticked || s.Browsers[0].Label != "Chrome · Default" || s.Browsers[0].Count != "1 password" {
		t.Errorf("%+v", s)
	}
	i.Skip()
	d.until("declined", func() bool { return v.State().Dialog == DialogNone })
	v.Lock()
	v = d.unlock()
	d.queue.Drain()
	if v.Import() != nil {
		t.Error("it is offered again after a no")
	}
	v.OpenImport()
	d.stage(v.Import(), ImportChoose)
}

func TestImportReportsEveryRowAndUndoes(t *testing.T) {
	d, v, i := importDesk(t,
		newProfile("Default", stored("a.example", "anna", "x"), stored("b.example", "anna", "y"), refused("c.example", importer.ReasonAppBound), refused("d.example", importer.ReasonNeverSave)),
		newProfile("Work", stored("a.example", "anna", "x"), refused("e.example", importer.ReasonMalformed)),
		newProfile("Guest", stored("z.example", "guest", "z")))
	d.stage(i, ImportChoose)
	i.Tick("Guest", false)
	if s := i.State(); s.Continue != "Import 6 passwords" {
		t.Errorf("%q", s.Continue)
	}
	i.Continue()
	s := d.stage(i, ImportDone)
	if s.Body != "3 of 6 passwords are in your vault now." {
		t.Errorf("%q", s.Body)
	}
	rows := 0
	for _, g := range s.Report.Groups {
		checkWords(t, "report", g.Label, g.Next, g.Count)
		var n int
		if _, err := fmt.Sscan(g.Count, &n); err != nil {
			t.Error(err)
		}
		rows += n
	}
	if rows != 6 {
		t.Errorf("the report accounts for %d rows of 6: %+v", rows, s.Report.Groups)
	}
	want := []string{
		"a.example anna: Imported", "b.example anna: Imported", "a.example anna: Already in your vault", "c.example : Kept by the browser from other programs",
		"e.example : Damaged in the browser: it cannot be read", "d.example : Skipped: the browser was told never to save it",
	}
	var lines []string
	for _, r := range s.Rows {
		lines = append(lines, r.Title+" "+r.User+": "+r.Detail)
	}
	if !slices.Equal(lines, want) {
		t.Errorf("%q", lines)
	}
	d.until("items", func() bool { return d.titles(v) == "a.example, b.example" })
	i.Undo()
	d.until("undone", func() bool { return i.State().Title == "The import was undone" && v.State().Rows.Len() == 0 })
	if i.State().Undo != "" {
		t.Error("it can be undone twice")
	}
	i.Continue()
	if v.State().Dialog != DialogNone {
		t.Error("no way back to the vault")
	}
}

// A browser that writes all the time keeps only its own passwords out, and the report says what to do. Closed, it is imported.
func TestRunningBrowserIsImportedLater(t *testing.T) {
	busy := newProfile("Default", stored("b.example", "anna", "y"))
	rows := busy.rows
	busy.rows, busy.fails = func() []importer.Row { return nil }, importer.ErrInUse
	d, v, i := importDesk(t, busy, newProfile("Work", stored("a.example", "anna", "x")))
	d.stage(i, ImportChoose)
	i.Continue()
	s := d.stage(i, ImportDone)
	if len(s.Report.Sources) != 1 || s.Report.Sources[0].Label != "Chrome · Default" {
		t.Fatalf("%+v", s.Report.Sources)
	}
	d.until("the rest", func() bool { return d.titles(v) == "a.example" })
	p := s.Report.Sources[0].Problem
	if p.What != "The browser kept writing to its passwords while Coffer read them." || p.Next != "Close the browser and import again." {
		t.Errorf("%+v", p)
	}
	i.Continue()
	busy.rows, busy.fails = rows, nil
	v.OpenImport()
	i = v.Import()
	d.stage(i, ImportChoose)
	i.Continue()
	d.stage(i, ImportDone)
	d.until("all", func() bool { return d.titles(v) == "a.example, b.example" })
}

// After a person has signed up, the import begins by itself, and can be stopped; where the system would ask for each browser, it asks first.
func TestFirstImportBeginsByItself(t *testing.T) {
	for name, asks := range map[string]bool{"Linux, Windows": false, "macOS": true} {
		t.Run(name, func(t *testing.T) {
			stop := make(chan struct{})
			p := newProfile("Default", stored("a.example", "anna", "x"), stored("b.example", "anna", "y"))
			p.during = func() { <-stop }
			pc := testpc.New(t, "Anna's PC", func(c *session.Config) {
				c.Browsers = func(context.Context) []importer.Source { return []importer.Source{p} }
			})
			server := testkit.Cloud(t)
			d := newDesk(t, pc, server)
			unlocked := pc.SignUp(t, server, anna)
			var opened *session.Unlocked
			w := NewWelcome(d.env, WelcomeConfig{Manager: pc.Manager, Import: true, Asks: asks, Opened: func(u *session.Unlocked) { opened = u }})
			w.unlocked = unlocked
			w.openImport()
			i := w.Import()
			if asks {
				d.stage(i, ImportChoose)
				i.Continue()
			}
			if s := d.stage(i, ImportRunning); s.Skip != "Stop" {
				t.Errorf("%+v", s)
			}
			i.Skip()
			close(stop)
			if s := d.stage(i, ImportChoose); s.Problem.What != "That was stopped." || len(s.Browsers) != 1 {
				t.Errorf("%+v", s)
			}
			p.during = nil
			i.Continue()
			if s := d.stage(i, ImportDone); s.Body != "2 of 2 passwords are in your vault now." || s.Undo == "" {
				t.Errorf("%+v", s)
			}
			i.Continue()
			if opened != unlocked {
				t.Error("the vault was not handed over")
			}
			unlocked.Lock()
		})
	}
}

func TestImportNeedsAChoice(t *testing.T) {
	d, _, i := importDesk(t, newProfile("Default", stored("a.example", "anna", "x")))
	d.stage(i, ImportChoose)
	i.Tick("Default", false)
	i.Continue()
	if s := i.State(); s.CanContinue || s.Page != ImportChoose {
		t.Errorf("%+v", s)
	}
}

func TestStoppedImportLeavesNothing(t *testing.T) {
	stop := make(chan struct{})
	p := newProfile("Default", stored("a.example", "anna", "x"))
	p.during = func() { <-stop }
	d, v, i := importDesk(t, p)
	d.stage(i, ImportChoose)
	i.Continue()
	if s := i.State(); s.Page != ImportRunning || s.Skip != "Stop" || s.Progress.Text != "Reading the browsers…" {
		t.Errorf("%+v", s)
	}
	i.Skip()
	if s := i.State(); s.Progress.Text != "Stopping…" || s.Skip != "" {
		t.Errorf("%+v", s)
	}
	close(stop)
	s := d.stage(i, ImportChoose)
	if s.Problem.What != "That was stopped." || v.State().Rows.Len() != 0 {
		t.Errorf("%+v, %d items", s.Problem, v.State().Rows.Len())
	}
	p.during = nil
	i.Continue()
	d.stage(i, ImportDone)
}

func TestPrimaryPasswordIsAskedForAfterwards(t *testing.T) {
	firefox := newProfile("default", stored("f.example", "anna", "x"))
	firefox.info.Browser, firefox.primary = "Firefox", "correct horse"
	d, v, i := importDesk(t, newProfile("Default", stored("a.example", "anna", "x")), firefox)
	d.stage(i, ImportChoose)
	i.Continue()
	s := d.stage(i, ImportDone)
	if s.Primary.Label == "" || len(s.Report.Sources) != 1 || s.Report.Sources[0].Label != "Firefox · default" || s.Report.Sources[0].Problem.Next == "" {
		t.Fatalf("%+v", s)
	}
	d.until("the rest", func() bool { return d.titles(v) == "a.example" })
	i.Primary(testpc.Typed("wrong"))
	if s = d.stage(i, ImportDone); s.Report.Sources[0].Problem.What != "That is not the primary password of this Firefox profile." {
		t.Errorf("%+v", s.Report.Sources)
	}
	i.Primary(testpc.Typed("correct horse"))
	if s = d.stage(i, ImportDone); s.Primary.Label != "" || len(s.Report.Sources) != 0 || s.Body != "2 of 2 passwords are in your vault now." {
		t.Errorf("%+v", s)
	}
	d.until("both", func() bool { return d.titles(v) == "a.example, f.example" })
	i.Undo()
	d.until("undone", func() bool { return v.State().Rows.Len() == 0 })
	late := testpc.Typed("x")
	i.Primary(late)
	if !late.IsZero() {
		t.Error("a password that nobody asked for is kept")
	}
}

func TestImportFromTheMenuKeepsWhatIsThere(t *testing.T) {
	p := newProfile("Default", stored("a.example", "anna", "x"))
	d, v, i := importDesk(t, p)
	d.stage(i, ImportChoose)
	i.Continue()
	d.stage(i, ImportDone)
	i.Continue()
	v.OpenImport()
	again := v.Import()
	d.stage(again, ImportChoose)
	again.Continue()
	s := d.stage(again, ImportDone)
	if len(s.Report.Groups) != 1 || s.Report.Groups[0].Label != "Already in your vault" || s.Undo != "" {
		t.Errorf("%+v", s)
	}
	if items := d.shell.unlocked.Vault().Query(vault.Filter{}); len(items) != 1 {
		t.Errorf("%d items", len(items))
	}
}

// Every outcome and every reason that the importer knows has its own words, and none is lost.
func TestReportKnowsEveryEnding(t *testing.T) {
	words := english(t)
	var rows []importer.RowReport
	for _, outcome := range []importer.Outcome{importer.Imported, importer.Merged, importer.AlreadyThere, importer.KeptBoth} {
		rows = append(rows, importer.RowReport{Site: string(outcome), Outcome: outcome})
	}
	for _, reason := range reasons(t) {
		rows = append(rows, importer.RowReport{Site: string(reason), Outcome: reason.Outcome(), Reason: reason})
	}
	report := importer.Report{Sources: []importer.SourceReport{{Info: importer.Info{Browser: "Chrome"}, Counts: map[importer.Outcome]int{}, Rows: rows}}}
	view, lines := reportWords{Catalog: words}.view(report)
	if len(view.Groups) != len(rows) || len(lines) != len(rows) {
		t.Errorf("%d groups and %d lines for %d endings", len(view.Groups), len(lines), len(rows))
	}
	labels := map[string]bool{}
	for _, g := range view.Groups {
		checkWords(t, "report", g.Label, g.Next)
		labels[g.Label] = true
	}
	if labels[words.Count("screen.import.ending.other", 1)] {
		t.Error("a reason has no words of its own")
	}

	rows[0] = importer.RowReport{Site: "x", Outcome: "frozen", Reason: "of a newer version"}
	report.Sources[0].Rows = rows
	view, _ = reportWords{Catalog: words}.view(report)
	if last := view.Groups[len(view.Groups)-1]; last.Label != "Other" || last.Count != "1" || last.Sites[0] != "x" {
		t.Errorf("an unknown ending is lost: %+v", last)
	}
}

// What is said of one entry agrees with one, also in the list of many.
func TestReportAgreesInNumber(t *testing.T) {
	french, err := assets.Load("fr")
	if err != nil {
		t.Fatal(err)
	}
	row := importer.RowReport{Site: "example.com", Outcome: importer.Imported}
	for _, c := range []struct {
		rows  []importer.RowReport
		label string
	}{
		{[]importer.RowReport{row}, "Importé"},
		{[]importer.RowReport{row, row}, "Importés"},
	} {
		report := importer.Report{Sources: []importer.SourceReport{{Counts: map[importer.Outcome]int{importer.Imported: len(c.rows)}, Rows: c.rows}}}
		view, lines := reportWords{Catalog: french}.view(report)
		if view.Groups[0].Label != c.label || lines[0].Detail != "Importé" {
			t.Errorf("%d entries: group %q, line %q", len(c.rows), view.Groups[0].Label, lines[0].Detail)
		}
	}
}

// reasons reads the reasons from the importer's source, so that a new one cannot be forgotten here.
func reasons(t *testing.T) (all []importer.Reason) {
	t.Helper()
	inspect(t, "../../vault/importer/importer.go", func(n ast.Node) {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return
		}
		if kind, ok := spec.Type.(*ast.Ident); !ok || kind.Name != "Reason" {
			return
		}
		text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, importer.Reason(text))
	})
	if len(all) < 10 {
		t.Fatalf("found only %d reasons", len(all))
	}
	return all
}
