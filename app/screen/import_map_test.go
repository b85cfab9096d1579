package screen

import (
	"slices"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/vault/importer/format"
)

const mappedCSV = "Was;Benutzer;Geheim;Adresse;\nBank;ann;pw;https://bank.example;42\nPost;ann;pw2;https://post.example;\n"

func target(t format.Target) int { return slices.Index(format.Targets, t) }

// A table of no known program is asked about, column by column, and comes with what was said.
func TestUnknownTableIsAskedAbout(t *testing.T) {
	d, v, i := importFileDesk(t)
	d.picks = []string{exported(t, "liste.csv", mappedCSV)}
	i.ChooseFile()
	s := d.stage(i, ImportMapping)
	var columns []string
	for _, c := range s.Columns {
		columns = append(columns, c.Name+"="+s.Targets[c.Target]+" ("+c.Sample+")")
	}
	want := "Was=Field of this name (Bank · Post)|Benutzer=Username (ann)|Geheim=Field of this name (pw · pw2)|" +
		"Adresse=Website (https://bank.example · https://post.example)|Column 5=Field of this name (42)"
	if got := strings.Join(columns, "|"); got != want || s.Continue != "Continue" || !s.CanContinue || !i.Stays() {
		t.Errorf("%s %+v", got, s)
	}
	i.SetTarget(0, target(format.ToTitle))
	i.SetTarget(2, target(format.ToPassword))
	i.SetTarget(9, 0)
	i.SetTarget(0, len(format.Targets))
	if s = i.State(); s.Columns[2].Sample != "••••••••" || s.Columns[0].Target != target(format.ToTitle) {
		t.Errorf("%+v", s.Columns)
	}
	i.Continue()
	if s = d.stage(i, ImportPreview); s.Continue != "Import 2 entries" || s.Rows[0].User != "ann" {
		t.Errorf("%+v", s)
	}
	i.Skip()
	d.stage(i, ImportMapping) // the columns are as they were said
	i.Continue()
	d.stage(i, ImportPreview)
	i.Continue()
	if s = d.stage(i, ImportDone); len(s.Deletions) != 1 {
		t.Error("the table can be read by everybody and is not offered to be deleted")
	}
	d.until("items", func() bool { return d.titles(v) == "Bank, Post" })
}

// What was said of a table's columns is there for the next with the same header, and for no other.
func TestColumnsAreRemembered(t *testing.T) {
	d, _, i := importFileDesk(t)
	d.picks = []string{exported(t, "first.csv", mappedCSV)}
	i.ChooseFile()
	d.stage(i, ImportMapping)
	i.SetTarget(0, target(format.ToTitle))
	i.SetTarget(2, target(format.ToPassword))
	i.SetTarget(4, target(format.ToNothing))
	i.Continue()
	d.stage(i, ImportPreview)
	targets := i.file.table.targets
	for header, want := range map[string][]format.Target{
		"Was;Benutzer;Geheim;Adresse;": targets, "Was;Benutzer;Geheim;Adresse;x": nil, "Was;Benutzer;Geheim;Adresse": nil,
	} {
		if got := i.config.Unlocked.TableMapping(strings.Split(header, ";")); !slices.Equal(got, want) {
			t.Errorf("%s: %q", header, got)
		}
	}
	second, err := i.openFile(exported(t, "second.csv", "Was;Benutzer;Geheim;Adresse;\nOther;bob;pw3;https://other.example;7\n"))
	if err != nil || !slices.Equal(second.table.targets, targets) {
		t.Fatalf("%v", err)
	}
	second.close()
}

func TestATableOfNothingIsNotContinued(t *testing.T) {
	d, _, i := importFileDesk(t)
	d.picks = []string{exported(t, "t.csv", "a,b\n1,2\n")}
	i.ChooseFile()
	if s := d.stage(i, ImportMapping); s.CanContinue {
		t.Error("fields alone make no item that anybody finds")
	}
	i.Continue()
	d.stage(i, ImportMapping)
	i.Skip()
	if s := i.State(); s.Page != ImportNothing {
		t.Errorf("page %d", s.Page)
	}
}
