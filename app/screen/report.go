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

func (g group) view(words *assets.Catalog, sites []string) ReportGroup {
	key := "screen.import.ending." + g.key
	v := ReportGroup{Tone: g.tone, Label: words.Text(key), Count: words.Text("screen.number", "n", len(sites))}
	if g.next {
		v.Next = words.Text(key + ".next")
	}
	if g.sites {
		v.Sites = slices.Sorted(slices.Values(sites))
	}
	return v
}

// reportView puts a report into words. The groups hold every row once.
func reportView(words *assets.Catalog, report importer.Report) ImportReport {
	sites, total := collect(report)
	kept := report.Count(importer.Imported) + report.Count(importer.Merged) + report.Count(importer.AlreadyThere) + report.Count(importer.KeptBoth)
	view := ImportReport{Summary: words.Count("screen.import.summary", total, "kept", kept)}
	for _, g := range groups {
		if rows := sites[g.ending]; len(rows) > 0 {
			view.Groups = append(view.Groups, g.view(words, rows))
		}
		delete(sites, g.ending)
	}
	for _, e := range leftOver(sites) {
		view.Groups = append(view.Groups, other.view(words, sites[e]))
	}
	for _, source := range report.Sources {
		if source.Err != nil {
			view.Sources = append(view.Sources, SourceProblem{Label: sourceLabel(source.Info), Problem: explain(words, source.Err)})
		}
	}
	return view
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
