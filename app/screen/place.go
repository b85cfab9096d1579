package screen

import (
	"maps"
	"slices"

	"github.com/coffer-vault/coffer/assets"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/vault"
)

// PlaceKind is what a line of the sidebar leads to.
type PlaceKind int

// The kinds of places.
const (
	PlaceAll PlaceKind = iota
	PlaceFavorites
	PlaceConflicts
	PlaceKindOf // items of one kind
	PlaceFolder
	PlaceTag
	PlaceArchive
	PlaceTrash
	PlaceSecurity // what the security check found
)

// Place is a line of the sidebar and what the list shows for it. Type is set for PlaceKindOf, Folder for PlaceFolder and Tag
// for PlaceTag alone.
type Place struct {
	Kind   PlaceKind
	Type   vault.Kind
	Folder id.ID
	Tag    string
	// Finding is what a PlaceSecurity is about alone; empty: every problem.
	Finding vault.Finding
}

func (p Place) filter(text string, sort vault.Sort) vault.Filter {
	return vault.Filter{
		Text: text, Sort: sort, Kind: p.Type, Folder: p.Folder, Tag: p.Tag,
		Favorite: p.Kind == PlaceFavorites, Conflicts: p.Kind == PlaceConflicts, Archive: p.Kind == PlaceArchive, Trash: p.Kind == PlaceTrash,
	}
}

// NavSection is a group of the sidebar; the first and the last one have no title.
type NavSection struct {
	Title  string
	Add    string // tooltip of the plus that makes a new folder; empty if there is none
	Places []NavRow
}

// NavRow is one line of the sidebar.
type NavRow struct {
	Place    Place
	Icon     assets.IconName
	Label    string
	Depth    int // how many folders a folder is in
	Count    string
	Selected bool
}

// alwaysShown are the kinds that the sidebar shows before there are items of them.
var alwaysShown = []vault.Kind{vault.Login, vault.Note, vault.Card, vault.Identity}

// navigation builds the sidebar. Conflicts, tags and most kinds are shown only where there are some.
func (v *Vault) navigation() []NavSection {
	top := NavSection{Places: []NavRow{
		v.navRow(Place{Kind: PlaceAll}, assets.IconLayoutGrid, v.text("screen.vault.all"), v.counts.All),
		v.navRow(Place{Kind: PlaceFavorites}, assets.IconStar, v.text("screen.vault.favorites"), v.counts.Favorites),
		v.securityRow(),
	}}
	if v.counts.Conflicts > 0 || v.place.Kind == PlaceConflicts {
		top.Places = append(top.Places, v.navRow(Place{Kind: PlaceConflicts}, assets.IconGitCompareArrows, v.text("screen.vault.conflicts"), v.counts.Conflicts))
	}
	kinds := NavSection{Title: v.text("screen.vault.types")}
	for _, spec := range vault.Kinds() {
		place := Place{Kind: PlaceKindOf, Type: spec.Kind}
		if v.counts.Kinds[spec.Kind] == 0 && v.place != place && !slices.Contains(alwaysShown, spec.Kind) {
			continue
		}
		kinds.Places = append(kinds.Places, v.navRow(place, kindIcon(spec.Kind), kindText(v.env.Words, spec.Kind, "plural"), v.counts.Kinds[spec.Kind]))
	}
	folders := NavSection{Title: v.text("screen.vault.folders"), Add: v.text("screen.vault.newFolder")}
	for _, f := range v.folders {
		place := Place{Kind: PlaceFolder, Folder: f.ID}
		row := v.navRow(place, assets.IconFolder, f.Name, v.counts.Folders[f.ID])
		row.Depth = f.Depth
		folders.Places = append(folders.Places, row)
	}
	sections := []NavSection{top, kinds, folders}
	if tags := v.tagRows(); len(tags) > 0 {
		sections = append(sections, NavSection{Title: v.text("screen.vault.tags"), Places: tags})
	}
	return append(sections, NavSection{Places: []NavRow{
		v.navRow(Place{Kind: PlaceArchive}, assets.IconArchive, v.text("screen.vault.archive"), v.counts.Archive),
		v.navRow(Place{Kind: PlaceTrash}, assets.IconTrash2, v.text("screen.vault.trash"), v.counts.Trash),
	}})
}

func (v *Vault) tagRows() []NavRow {
	var rows []NavRow
	for _, tag := range slices.Sorted(maps.Keys(v.counts.Tags)) {
		rows = append(rows, v.navRow(Place{Kind: PlaceTag, Tag: tag}, assets.IconTag, tag, v.counts.Tags[tag]))
	}
	return rows
}

func (v *Vault) navRow(place Place, icon assets.IconName, label string, count int) NavRow {
	return NavRow{Place: place, Icon: icon, Label: label, Count: v.text("screen.number", "n", count), Selected: place == v.place}
}

// placeIcon is the sign of a place that holds items of all states: of one kind, in a folder or with a tag.
func placeIcon(place Place) assets.IconName {
	switch place.Kind {
	case PlaceKindOf:
		return kindIcon(place.Type)
	case PlaceTag:
		return assets.IconTag
	}
	return assets.IconFolder
}

// securityRow is the line of the security check, whatever of it is shown.
func (v *Vault) securityRow() NavRow {
	return NavRow{Place: Place{Kind: PlaceSecurity}, Icon: assets.IconShieldCheck, Label: v.text("screen.security.title"), Count: v.security.countText(),
		Selected: v.place.Kind == PlaceSecurity}
}

// headingOf is the title of the list: what the sidebar calls the place.
func headingOf(sections []NavSection) string {
	for _, section := range sections {
		for _, row := range section.Places {
			if row.Selected {
				return row.Label
			}
		}
	}
	return "" // for moments: of a folder that another device has deleted
}
