package importer

import (
	"errors"
	"maps"
	"slices"
	"testing"
)

// Each row of an exported file accounts for one row that was kept, and whatever has no counterpart is counted as well.
func TestReportIsCompletedByAFile(t *testing.T) {
	kept := func(id, site, username string) RowReport {
		return RowReport{ID: id, Site: site, Username: username, Outcome: Protected, Reason: ReasonAppBound}
	}
	of := func(rows ...RowReport) SourceReport {
		s := SourceReport{Rows: rows, Counts: map[Outcome]int{}}
		for _, row := range rows {
			s.Counts[row.Outcome]++
		}
		return s
	}
	profile := of(
		kept("1", "a.example", "ann"), kept("2", "a.example", "ann"), kept("3", "b.example", "zo\u00eb"), kept("4", "c.example", ""),
		RowReport{ID: "5", Site: "d.example", Username: "ann", Outcome: Imported},
		RowReport{ID: "6", Site: "e.example", Username: "ann", Outcome: Protected, Reason: ReasonKeyUnavailable},
	)
	file := of(
		RowReport{ID: "x1", Site: "a.example", Username: "ann", Outcome: Imported},
		RowReport{ID: "x2", Site: "b.example", Username: "zoe\u0308", Outcome: Merged},
		RowReport{ID: "x3", Site: "b.example", Username: "other", Outcome: Imported},
		RowReport{ID: "x4", Site: "c.example", Outcome: Unreadable, Reason: ReasonMalformed},
		RowReport{ID: "x5", Site: "d.example", Username: "ann", Outcome: AlreadyThere},
		RowReport{ID: "x6", Site: "e.example", Username: "ann", Outcome: Imported},
		RowReport{ID: "x7", Site: "d.example", Username: "ann", Outcome: AlreadyThere}, // a second one, of which the profile knows nothing
		RowReport{ID: "x8", Site: "f.example", Username: "ann", Outcome: AlreadyThere},
	)
	before, counts := slices.Clone(profile.Rows), maps.Clone(profile.Counts)
	got := profile.Completed(file)
	var ids []string
	for _, row := range got.Rows {
		ids = append(ids, row.ID)
	}
	if want := []string{"x1", "2", "x2", "4", "5", "6", "x3", "x4", "x6", "x7", "x8"}; !slices.Equal(ids, want) {
		t.Errorf("rows %q, want %q", ids, want)
	}
	if want := of(got.Rows...).Counts; !maps.Equal(got.Counts, want) {
		t.Errorf("counts %v for rows that are %v", got.Counts, want)
	}
	if !slices.EqualFunc(profile.Rows, before, func(a, b RowReport) bool { return a.ID == b.ID }) || !maps.Equal(profile.Counts, counts) {
		t.Error("the report of the profile was changed")
	}
	// The file once more: the row that was left finds its place, what is there already is counted, all else is counted again.
	again := got.Completed(file)
	if len(again.Rows) != len(got.Rows)+4 || again.Rows[1].ID != "x1" {
		t.Errorf("%d rows after the second file", len(again.Rows))
	}
	file.Err = ErrInUse
	if got := profile.Completed(file); !errors.Is(got.Err, ErrInUse) {
		t.Errorf("an error of the file is lost: %v", got.Err)
	}
}
