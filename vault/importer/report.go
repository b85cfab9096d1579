package importer

import (
	"errors"
	"maps"
	"slices"

	"golang.org/x/text/unicode/norm"
)

// Report accounts for every row of an import.
type Report struct {
	Batch     string
	Sources   []SourceReport
	Files     int   // that are attached
	FileBytes int64 // of all of them
}

// SourceReport is what became of the rows of one source.
type SourceReport struct {
	Info   Info
	Err    error // why rows are missing; nil if all are accounted for
	Counts map[Outcome]int
	Rows   []RowReport
}

// RowReport is what became of one row. Reason is set if the row gave no record.
type RowReport struct {
	ID      string
	Site    string
	Outcome Outcome
	Reason  Reason

	Username string // empty where it is not known

	// Of the record; empty if there is none.
	Kind    Kind
	LeftOut []LeftOut // what of it did not come along
}

// Completed is the report once the rows that a program kept to itself have come in a file that it exported: each row of the file takes the
// place of one that was kept, the one of the same site and user name. A row of the file that has brought nothing new to one that could be
// read is that one. What has no such counterpart is counted beside the others. Neither report is changed.
func (s SourceReport) Completed(file SourceReport) SourceReport {
	type login struct{ site, username string }
	of := func(row RowReport) login { return login{row.Site, norm.NFC.String(row.Username)} }
	kept, read := map[login][]int{}, map[login]int{}
	for i, row := range s.Rows {
		switch {
		case row.Reason.Exported():
			kept[of(row)] = append(kept[of(row)], i)
		case row.Reason == "":
			read[of(row)]++
		}
	}
	s.Rows, s.Counts, s.Err = slices.Clone(s.Rows), maps.Clone(s.Counts), errors.Join(s.Err, file.Err)
	for _, row := range file.Rows {
		if row.Outcome == AlreadyThere && read[of(row)] > 0 {
			read[of(row)]--
			continue
		}
		s.Counts[row.Outcome]++
		places := kept[of(row)]
		if row.Reason != "" || len(places) == 0 {
			s.Rows = append(s.Rows, row)
			continue
		}
		s.Counts[s.Rows[places[0]].Outcome]--
		s.Rows[places[0]], kept[of(row)] = row, places[1:]
	}
	return s
}

// Report says what applying the plan does with each row of the readouts it was made from.
func (p Plan) Report(readouts []Readout) Report {
	report := Report{Batch: p.Batch}
	report.Files, report.FileBytes = p.files()
	for _, readout := range readouts {
		source := SourceReport{Info: readout.Info, Err: readout.Err, Counts: map[Outcome]int{}}
		for _, row := range readout.Rows {
			line := RowReport{ID: row.ID, Site: row.Site, Outcome: row.Reason.Outcome(), Reason: row.Reason, Username: row.Username}
			if row.Record != nil {
				line.Kind, line.Username, line.Outcome = row.Record.Kind, row.Record.Username, p.Outcomes[row.Record]
				line.LeftOut = slices.Concat(row.Record.LeftOut, p.LeftOut[row.Record])
			}
			source.Counts[line.Outcome]++
			source.Rows = append(source.Rows, line)
		}
		report.Sources = append(report.Sources, source)
	}
	return report
}

// Count is the number of rows of all sources with that outcome.
func (r Report) Count(outcome Outcome) (n int) {
	for _, source := range r.Sources {
		n += source.Counts[outcome]
	}
	return n
}
