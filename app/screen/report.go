package screen

import (
	"cmp"
	"slices"

	"github.com/coffer-vault/coffer/assets"
	"github.com/coffer-vault/coffer/vault/importer"
)

// ImportReport accounts for every row that was read.
type ImportReport struct {
	Summary string // "1,230 of 1,248 passwords are in your vault now."
	Groups  []ReportGroup
	Sources []SourceProblem
}

// ReportGroup is the rows that ended in the same way.
type ReportGroup struct {
	Tone  Tone
	Label string   // "Imported", "Already there", "Skipped: the browser was told never to save it"
	Count string   // "512"
	Next  string   // what to do about them; empty if nothing needs to be done
	Sites []string // which ones, where the person may want to act
}

// SourceProblem is a browser profile of which rows are missing.
type SourceProblem struct {
	Label   string // "Firefox · default"
	Problem Message
}

// ending is how a row ended; rows with the same ending form a group.
type ending struct {
	outcome importer.Outcome
	reason  importer.Reason
}

// group describes an ending. Sites are listed, and advice is given, where a person may want to act.
type group struct {
	ending
	key   string // screen.import.ending.<key> of the catalog
	tone  Tone
	sites bool
	next  bool // there is advice: <key>.next
}

// groups lists the endings in the order in which the report shows them: what is in the vault first.
var groups = []group{
	{ending{importer.Imported, ""}, "imported", ToneGood, false, false},
	{ending{importer.Merged, ""}, "merged", ToneGood, false, false},
	{ending{importer.AlreadyThere, ""}, "alreadyThere", ToneQuiet, false, false},
	{ending{importer.KeptBoth, ""}, "keptBoth", ToneWarning, true, true},
	{ending{importer.Protected, importer.ReasonAppBound}, "appBound", ToneWarning, true, true},
	{ending{importer.Protected, importer.ReasonPortal}, "portal", ToneWarning, true, true},
	{ending{importer.Protected, importer.ReasonNewerScheme}, "newerScheme", ToneWarning, true, true},
	{ending{importer.Protected, importer.ReasonKeyUnavailable}, "keyUnavailable", ToneWarning, true, true},
	{ending{importer.Unreadable, importer.ReasonUndecryptable}, "undecryptable", ToneWarning, true, false},
	{ending{importer.Unreadable, importer.ReasonMalformed}, "malformed", ToneWarning, true, false},
	{ending{importer.Skipped, importer.ReasonUnsupported}, "unsupported", ToneWarning, true, false},
	{ending{importer.Skipped, importer.ReasonFile}, "file", ToneWarning, true, true},
	{ending{importer.Skipped, importer.ReasonNeverSave}, "neverSave", ToneQuiet, false, false},
	{ending{importer.Skipped, importer.ReasonDeleted}, "deleted", ToneQuiet, false, false},
	{ending{importer.Skipped, importer.ReasonInternal}, "internal", ToneQuiet, false, false},
	{ending{importer.Skipped, importer.ReasonEmpty}, "empty", ToneQuiet, false, false},
}

// other is an ending that the importer has and this table lacks: counted all the same.
var other = group{key: "other", tone: ToneWarning, sites: true}

// reportWords puts a report into words: after an import or before it, of browsers or of a file.
type reportWords struct {
	*assets.Catalog
	file, preview bool
}

// ending is the key of the text about rows that ended in a way.
func (w reportWords) ending(key string) string {
	for _, c := range []struct {
		applies bool
		suffix  string
	}{{w.preview, ".preview"}, {w.file, ".inFile"}} {
		if name := "screen.import.ending." + key + c.suffix; c.applies && w.Has(name) {
			return name
		}
	}
	return "screen.import.ending." + key
}

func (g group) view(words reportWords, sites []string) ReportGroup {
	key := words.ending(g.key)
	v := ReportGroup{Tone: g.tone, Label: words.Count(key, len(sites)), Count: words.Text("screen.number", "n", len(sites))}
	if g.next {
		v.Next = words.Text("screen.import.ending." + g.key + ".next")
	}
	if g.sites {
		v.Sites = slices.Sorted(slices.Values(sites))
	}
	return v
}

// view is the groups, and every row with how it ended; what was left out of rows is a group more.
func (w reportWords) view(report importer.Report) (ImportReport, []ImportRow) {
	view := w.groups(report)
	view.Groups = append(view.Groups, w.leftOut(report)...)
	sorted, total := map[ending][]ImportRow{}, 0
	for _, source := range report.Sources {
		for _, row := range source.Rows {
			g := groupOf(ending{row.Outcome, row.Reason})
			sorted[g.ending] = append(sorted[g.ending], w.row(g, row))
			total++
		}
	}
	rows := make([]ImportRow, 0, total)
	for _, g := range slices.Concat(groups, []group{other}) {
		detail := w.Count(w.ending(g.key), 1)
		for _, row := range sorted[g.ending] {
			row.Detail = detail + row.Detail
			rows = append(rows, row)
		}
	}
	return view, rows
}

func groupOf(e ending) group {
	if i := slices.IndexFunc(groups, func(g group) bool { return g.ending == e }); i >= 0 {
		return groups[i]
	}
	return other
}

// row is a row with what of it was left out; how its group ended is to be put before that.
func (w reportWords) row(g group, row importer.RowReport) ImportRow {
	r := ImportRow{Title: row.Site, User: row.Username, Tone: g.tone}
	if r.Title == "" {
		r.Title = w.Text("screen.import.row", "n", row.ID)
	}
	for _, left := range row.LeftOut {
		r.Detail += " · " + w.Text("screen.import.leftOut."+string(left.What)) + ": " + left.Name
		r.Tone = ToneWarning
	}
	return r
}

// parts of entries that may be left out, in the order of the report.
var parts = []importer.Part{importer.PartFile, importer.PartHistory, importer.PartLink, importer.PartField, importer.PartTitle, importer.PartFolder, importer.PartTag}

func (w reportWords) leftOut(report importer.Report) (left []ReportGroup) {
	for _, part := range parts {
		var names []string
		for _, source := range report.Sources {
			for _, row := range source.Rows {
				for _, l := range row.LeftOut {
					if l.What == part {
						names = append(names, l.Name)
					}
				}
			}
		}
		if len(names) > 0 {
			label := w.Text("screen.import.left", "what", w.Text("screen.import.leftOut."+string(part)))
			left = append(left, ReportGroup{Tone: ToneWarning, Label: label, Count: w.Text("screen.number", "n", len(names)), Sites: slices.Sorted(slices.Values(names))})
		}
	}
	return left
}

// groups hold every row once.
func (w reportWords) groups(report importer.Report) ImportReport {
	sites, total := collect(report)
	kept := report.Count(importer.Imported) + report.Count(importer.Merged) + report.Count(importer.AlreadyThere) + report.Count(importer.KeptBoth)
	view := ImportReport{Summary: w.Count(w.summary(), total, "kept", kept)}
	for _, g := range groups {
		if rows := sites[g.ending]; len(rows) > 0 {
			view.Groups = append(view.Groups, g.view(w, rows))
		}
		delete(sites, g.ending)
	}
	for _, e := range leftOver(sites) {
		view.Groups = append(view.Groups, other.view(w, sites[e]))
	}
	for _, source := range report.Sources {
		if source.Err != nil {
			view.Sources = append(view.Sources, SourceProblem{Label: sourceLabel(source.Info), Problem: explain(w.Catalog, source.Err)})
		}
	}
	return view
}

func (w reportWords) summary() string {
	if w.file {
		return "screen.import.file.summary"
	}
	return "screen.import.summary"
}

// collect sorts the sites of all rows by how they ended.
func collect(report importer.Report) (sites map[ending][]string, total int) {
	sites = map[ending][]string{}
	for _, source := range report.Sources {
		for _, row := range source.Rows {
			e := ending{row.Outcome, row.Reason}
			sites[e] = append(sites[e], row.Site)
			total++
		}
	}
	return sites, total
}

func leftOver(sites map[ending][]string) []ending {
	var rest []ending
	for e := range sites {
		rest = append(rest, e)
	}
	slices.SortFunc(rest, func(a, b ending) int {
		return cmp.Or(cmp.Compare(a.outcome, b.outcome), cmp.Compare(a.reason, b.reason))
	})
	return rest
}

func sourceLabel(info importer.Info) string {
	if info.Profile == "" {
		return info.Browser
	}
	return info.Browser + " · " + info.Profile
}
