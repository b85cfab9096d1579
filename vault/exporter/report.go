package exporter

import (
	"cmp"
	"slices"
)

// Part is what a format may have no place for.
type Part string

// The parts, the most important first.
const (
	PartUnreadable Part = "unreadable"    // items that do not open on this PC
	PartItems      Part = "items"         // whole items, of a kind that the format does not know
	PartTrash      Part = "trash"         // items in the trash
	PartNewer      Part = "newer"         // items with parts that only a newer version of the program knows
	PartFiles      Part = "files"         // attached files
	PartAbsent     Part = "absent-files"  // attached files that are not on this PC
	PartOTP        Part = "totp"          // one-time codes
	PartCustom     Part = "custom-fields" // custom fields
	PartKind       Part = "kind"          // items that became notes with fields: all of their content is there
	PartWebsites   Part = "websites"
	PartHistory    Part = "history" // earlier values
	PartBytes      Part = "bytes"   // values that are no text, written as base64
	PartTags       Part = "tags"
	PartFolders    Part = "folders"
	PartFavorite   Part = "favorite" // the mark
	PartArchive    Part = "archive"  // the mark; the items are there
	PartFindings   Part = "findings" // findings of the security check that the user has called no problem
	PartDates      Part = "dates"    // when an item was made and changed
)

// parts in the order of a report.
var parts = []Part{
	PartUnreadable, PartItems, PartTrash, PartNewer, PartFiles, PartAbsent, PartOTP, PartCustom, PartKind, PartWebsites, PartHistory, PartBytes,
	PartTags, PartFolders, PartFavorite, PartArchive, PartFindings, PartDates,
}

// Parts returns every part, in the order of a report.
func Parts() []Part { return slices.Clone(parts) }

// Report says what became of an export.
type Report struct {
	Format Format
	Items  int    // that are in the file
	Files  int    // attached ones that are in the file
	Lost   []Loss // what is not in it, the most important first
}

// Loss is something that is not in the file as it is in the vault.
type Loss struct {
	Part  Part
	Count int // of the parts, over all items
	// Titles are those of the items that lack it, in the order of the file; of PartFolders the paths. An item that does not open has none.
	Titles []string
}

// losses gathers what has no place.
type losses map[Part]*Loss

func (l losses) add(part Part, count int, title string) {
	if count == 0 {
		return
	}
	if l[part] == nil {
		l[part] = &Loss{Part: part}
	}
	loss := l[part]
	loss.Count += count
	// One item may lose the same in several places.
	if n := len(loss.Titles); title != "" && (n == 0 || loss.Titles[n-1] != title) {
		loss.Titles = append(loss.Titles, title)
	}
}

func (l losses) list() []Loss {
	var all []Loss
	for _, loss := range l {
		all = append(all, *loss)
	}
	slices.SortFunc(all, func(a, b Loss) int {
		return cmp.Compare(slices.Index(parts, a.Part), slices.Index(parts, b.Part))
	})
	return all
}
