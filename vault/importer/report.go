package importer

import "slices"

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

	// Of the record; empty if there is none.
	Kind     Kind
	Username string
	LeftOut  []LeftOut // what of it did not come along
}

// Report says what applying the plan does with each row of the readouts it was made from.
func (p Plan) Report(readouts []Readout) Report {
	report := Report{Batch: p.Batch}
	report.Files, report.FileBytes = p.files()
	for _, readout := range readouts {
		source := SourceReport{Info: readout.Info, Err: readout.Err, Counts: map[Outcome]int{}}
		for _, row := range readout.Rows {
			line := RowReport{ID: row.ID, Site: row.Site, Outcome: row.Reason.Outcome(), Reason: row.Reason}
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
