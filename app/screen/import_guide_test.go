package screen

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/vault/importer"
)

func heldBack(site, user string) importer.Row {
	return importer.Row{ID: "row " + site + user, Site: site, Username: user, Reason: importer.ReasonAppBound}
}

// chrome is a profile of which one password can be read, and three are kept.
func chrome(name string) *profile {
	p := newProfile(name, stored("a.example", "anna", "x"), heldBack("b.example", "anna"), heldBack("b.example", "work"), heldBack("c.example", "anna"))
	p.info.ID, p.info.Browser = "chrome/"+name, "Google Chrome"
	return p
}

const exportOfChrome = "name,url,username,password,note\na.example,https://a.example/,anna,x,\nb.example,https://b.example/login,anna,kept1,\n" +
	"b.example,https://b.example/login,work,kept2,\nc.example,https://c.example/,anna,kept3,\n"

// guideDesk is at the guide to what the first profile's browser keeps, after the first look.
func guideDesk(t *testing.T, profiles ...*profile) (*desk, *Vault, *Import) {
	d, v, i := importDesk(t, profiles...)
	d.downloads = filepath.Join(t.TempDir(), "Downloads")
	if err := os.Mkdir(d.downloads, 0o700); err != nil {
		t.Fatal(err)
	}
	d.stage(i, ImportChoose)
	i.Continue()
	s := d.stage(i, ImportDone)
	if len(s.Guides) != len(profiles) {
		t.Fatalf("%d guides for %d profiles", len(s.Guides), len(profiles))
	}
	checkWords(t, "offer", s.Guides[0].Title, s.Guides[0].Body, s.Guides[0].Button)
	i.Guide(s.Guides[0].ID)
	d.looked(i)
	return d, v, i
}

// looked waits for the end of a look.
func (d *desk) looked(i *Import) {
	d.t.Helper()
	d.until("the end of the look", func() bool { return i.guide == nil || !i.guide.looking })
}

// lookAgain lets the time go by until the guide looks, as often as that.
func (d *desk) lookAgain(i *Import, times int) {
	d.t.Helper()
	for range times {
		d.clock.Advance(d.queue, lookEvery)
		d.looked(i)
	}
}

func (d *desk) download(name, content string) (path string) {
	d.t.Helper()
	path = filepath.Join(d.downloads, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		d.t.Fatal(err)
	}
	return path
}

// reportLines are the rows of the report.
func reportLines(s ImportState) (lines []string) {
	for _, r := range s.Rows {
		lines = append(lines, r.Title+" "+r.User+": "+r.Detail)
	}
	return lines
}

func TestGuideBringsWhatTheBrowserKeeps(t *testing.T) {
	d, v, i := guideDesk(t, chrome("Default"))
	s := d.stage(i, ImportGuide)
	if s.Title != "Export from Google Chrome" || !strings.Contains(s.Body, "3 of your passwords") || s.Guide.Address != "chrome://password-manager/settings" || s.Guide.Blind || !i.Stays() {
		t.Errorf("%+v", s)
	}
	checkWords(t, "guide", append(s.Guide.Steps, s.Guide.Copy, s.Guide.Waiting, s.File)...)
	if strings.Contains(s.Guide.Steps[0], "Default") {
		t.Error("a profile is named where there is but one")
	}
	d.until("what could be read", func() bool { return d.titles(v) == "a.example" })
	path := d.download("Chrome Passwords.csv", exportOfChrome)
	d.lookAgain(i, 1)
	if s := i.State(); s.Page != ImportGuide || s.Busy {
		t.Fatalf("a file is taken at its first sight: %+v", s)
	}
	d.lookAgain(i, 1)
	s = d.stage(i, ImportPreview)
	if s.Title != "From Google Chrome · Default" || s.Continue != "Import 3 entries" || v.State().Rows.Len() != 1 {
		t.Errorf("%+v", s)
	}
	i.Continue()
	s = d.stage(i, ImportDone)
	want := []string{"b.example anna: Imported", "b.example work: Imported", "c.example anna: Imported", "a.example anna: Imported"}
	if lines := reportLines(s); !slices.Equal(sorted(lines), sorted(want)) {
		t.Errorf("%q", lines)
	}
	if s.Body != "4 of 4 passwords are in your vault now." || len(s.Guides) != 0 || len(s.Deletions) != 1 || s.Deletions[0].Path != path || s.Title != "Import finished" {
		t.Errorf("%+v", s)
	}
	d.until("items", func() bool { return d.titles(v) == "a.example, b.example, b.example, c.example" })
	i.DeleteFile(path)
	d.until("deleted", func() bool { return i.State().Deletions[0].Button == "" })
	if _, err := os.Lstat(path); !os.IsNotExist(err) || i.State().Deletions[0].Text != "Chrome Passwords.csv was deleted." {
		t.Errorf("%v, %+v", err, i.State().Deletions)
	}
	i.Undo()
	d.until("undone", func() bool { return v.State().Rows.Len() == 0 && !i.State().Busy })
	if s := i.State(); len(s.Guides)+len(s.Deletions) != 0 {
		t.Errorf("after an undo there is nothing to export: %+v", s)
	}
}

func sorted(lines []string) []string { return slices.Sorted(slices.Values(lines)) }

// What the file lacks stays kept, and its guide is still there; what it has besides is counted too.
func TestGuideOfAnotherProfilesFile(t *testing.T) {
	d, _, i := guideDesk(t, chrome("Default"), chrome("Work"))
	if s := i.State(); !strings.Contains(s.Guide.Steps[0], "Default") {
		t.Errorf("there are two profiles, and none is named: %q", s.Guide.Steps[0])
	}
	path := d.download("x.csv", "name,url,username,password\nb.example,https://b.example,anna,kept1\nz.example,https://z.example,anna,other\n")
	d.lookAgain(i, 2)
	d.stage(i, ImportPreview)
	i.Continue()
	s := d.stage(i, ImportDone)
	if len(s.Guides) != 2 || !strings.Contains(s.Guides[0].Title, "keeps 2 passwords") || !strings.Contains(s.Guides[1].Title, "keeps 3 passwords") || len(s.Rows) != 9 {
		t.Errorf("%+v, %q", s.Guides, reportLines(s))
	}
	// The other profile has one of its passwords in the vault by now: its file still accounts for every row.
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	i.Guide("chrome/Work")
	d.looked(i)
	d.download("y.csv", exportOfChrome)
	d.lookAgain(i, 2)
	d.stage(i, ImportPreview)
	i.Continue()
	s = d.stage(i, ImportDone)
	if len(s.Guides) != 1 || s.Guides[0].ID != "chrome/Default" || len(s.Rows) != 9 || len(s.Deletions) != 2 {
		t.Errorf("%+v, %+v, %q", s.Guides, s.Deletions, reportLines(s))
	}
	i.DeleteFile(path) // it was deleted by hand
	d.until("seen", func() bool { return i.State().Deletions[0].Button == "" && i.State().Problem.IsZero() })
}

// All that the file holds may be there already: it is taken in all the same, to account for the rows, and can be deleted.
func TestGuideOfWhatIsThereAlready(t *testing.T) {
	d, v, i := guideDesk(t, chrome("Default"), chrome("Work"))
	for n, browser := range []string{"Default", "Work"} {
		if n > 0 {
			i.Guide("chrome/" + browser)
			d.looked(i)
		}
		d.download(browser+".csv", exportOfChrome)
		d.lookAgain(i, 2)
		s := d.stage(i, ImportPreview)
		if want := []string{"Import 3 entries", "Continue"}[n]; s.Continue != want {
			t.Errorf("%s: %q", browser, s.Continue)
		}
		i.Continue()
		if s = d.stage(i, ImportDone); len(s.Guides) != 1-n || len(s.Deletions) != n+1 || i.Stays() {
			t.Fatalf("%s: %+v, %+v", browser, s.Guides, s.Deletions)
		}
	}
	d.until("nothing twice", func() bool { return v.State().Rows.Len() == 4 })
}

// A file that was declined is not shown again, unless it changes. Nothing is looked for once the page is left.
func TestGuideTakesNoForAnAnswer(t *testing.T) {
	d, _, i := guideDesk(t, chrome("Default"))
	d.download("x.csv", exportOfChrome)
	d.lookAgain(i, 2)
	d.stage(i, ImportPreview)
	i.Skip()
	d.lookAgain(i, 3)
	d.stage(i, ImportGuide)
	d.download("x.csv", exportOfChrome+"d,https://d.example/,anna,kept4,\n")
	d.lookAgain(i, 2)
	d.stage(i, ImportPreview)
	i.Skip()
	i.Skip()
	if s := i.State(); s.Page != ImportDone || len(s.Guides) != 1 || i.Stays() {
		t.Fatalf("%+v", s)
	}
	d.download("y.csv", exportOfChrome)
	d.clock.Advance(d.queue, 3*lookEvery)
	d.queue.Drain()
	if s := i.State(); s.Page != ImportDone || i.guide != nil {
		t.Errorf("it looks on: %+v", s)
	}
}

// The file can be chosen by hand, wherever it is; and what is found in that very moment is not lost.
func TestGuideTakesAFileByHand(t *testing.T) {
	d, _, i := guideDesk(t, chrome("Default"))
	d.picks = []string{exported(t, "no export", "hello")}
	i.ChooseFile()
	if s := d.stage(i, ImportGuide); s.Problem.IsZero() {
		t.Error("anything is taken")
	}
	d.download("found.csv", exportOfChrome)
	d.lookAgain(i, 1)
	d.clock.Advance(d.queue, lookEvery)
	path := exported(t, "elsewhere.csv", exportOfChrome)
	i.Drop([]string{path})
	d.stage(i, ImportPreview)
	name := i.file.name
	i.Skip()
	d.lookAgain(i, 3)
	s := d.stage(i, ImportPreview)
	if both := []string{name, i.file.name}; !slices.Contains(both, "found.csv") {
		t.Errorf("%q, %+v", both, s)
	}
}

// A file that was replaced since it was read is another one: it is not deleted.
func TestOnlyTheFileThatWasReadIsDeleted(t *testing.T) {
	d, _, i := guideDesk(t, chrome("Default"))
	path := d.download("x.csv", exportOfChrome)
	d.lookAgain(i, 2)
	d.stage(i, ImportPreview)
	i.Continue()
	d.stage(i, ImportDone)
	d.download("x.csv", "something else that was saved here")
	i.DeleteFile(path)
	s := d.stage(i, ImportDone)
	if s.Problem.What != "The file has changed since it was imported." || s.Deletions[0].Button == "" {
		t.Errorf("%+v", s.Problem)
	}
	if _, err := os.Stat(path); err != nil {
		t.Error("another file was deleted")
	}
}

func TestGuideWithoutAFolder(t *testing.T) {
	d, _, i := guideDesk(t, chrome("Default"))
	i.Skip()
	d.noFolder = errForTest
	i.Guide("chrome/Default")
	d.looked(i)
	if s := i.State(); !s.Guide.Blind || s.File == "" {
		t.Errorf("%+v", s.Guide)
	}
	checkWords(t, "blind", i.State().Guide.Waiting)
	d.noFolder = nil
	d.lookAgain(i, 1)
	if s := i.State(); s.Guide.Blind {
		t.Errorf("it stays blind: %+v", s.Guide)
	}
	i.watched(i.guide, sighting{unread: "x.csv"}, nil)
	if s := i.State(); !s.Guide.Blind || !strings.HasPrefix(s.Guide.Waiting, "x.csv") {
		t.Errorf("%+v", s.Guide)
	}
}

func TestAddressOfTheExportIsCopied(t *testing.T) {
	d, _, i := guideDesk(t, chrome("Default"))
	i.CopyAddress()
	d.until("copied", func() bool { return i.State().Guide.Copy == "Copied" })
	if got := d.clipboard.holds(); got != "chrome://password-manager/settings" || len(d.opened) != 0 {
		t.Errorf("%q", got)
	}
	d.clipboard.err = errForTest
	i.CopyAddress()
	d.until("refused", func() bool { return !i.State().Problem.IsZero() && i.State().Guide.Copy == "Copy" })
}

// Firefox has no such guide, and rows that the system's key store keeps back are in no export either.
func TestWhatHasNoGuide(t *testing.T) {
	firefox := newProfile("default", importer.Row{ID: "1", Site: "f.example", Reason: importer.ReasonNewerScheme})
	firefox.info.ID = "firefox/default"
	locked := newProfile("Default", importer.Row{ID: "1", Site: "l.example", Reason: importer.ReasonKeyUnavailable})
	locked.info.ID = "chrome/Default"
	d, _, i := importDesk(t, firefox, locked)
	d.stage(i, ImportChoose)
	i.Continue()
	if s := d.stage(i, ImportDone); len(s.Guides) != 0 {
		t.Errorf("%+v", s.Guides)
	}
	i.Guide("chrome/Default")
	if i.State().Page != ImportDone {
		t.Error("a guide that is not offered opens")
	}
}

// The report is put into words by a worker: to show it again costs the UI goroutine the same for few rows and for many.
func TestReportCostsTheUIGoroutineNothing(t *testing.T) {
	allocations := map[int]float64{}
	for _, rows := range []int{10, 5_000} {
		i := &Import{page: ImportDone, results: []ended{{}}}
		env, _ := newEnv(t)
		i.begin(env, i.view)
		report := importer.SourceReport{Info: importer.Info{ID: "chrome/Default"}, Counts: map[importer.Outcome]int{importer.Protected: rows}}
		for n := range rows {
			report.Rows = append(report.Rows, importer.RowReport{Site: fmt.Sprint(n), Outcome: importer.Protected, Reason: importer.ReasonAppBound})
		}
		i.results[0].Report.Sources = []importer.SourceReport{report}
		i.told = tell(i.words(), i.results)
		if s := i.view(); len(s.Rows) != rows || len(s.Guides) != 1 {
			t.Fatalf("%d rows, %d guides", len(s.Rows), len(s.Guides))
		}
		allocations[rows] = testing.AllocsPerRun(10, func() { i.view() })
	}
	if allocations[5_000] > allocations[10]+20 {
		t.Errorf("allocations by rows: %v", allocations)
	}
}
