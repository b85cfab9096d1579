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
	PlaceTrash
)

// Place is a line of the sidebar and what the list shows for it. Type is set for PlaceKindOf, Folder for PlaceFolder and Tag
// for PlaceTag alone.
type Place struct {
	Kind   PlaceKind
	Type   vault.Kind
	Folder id.ID
	Tag    string
}

func (p Place) filter(text string, sort vault.Sort) vault.Filter {
	return vault.Filter{
		Text: text, Sort: sort, Kind: p.Type, Folder: p.Folder, Tag: p.Tag,
		Favorite: p.Kind == PlaceFavorites, Conflicts: p.Kind == PlaceConflicts, Trash: p.Kind == PlaceTrash,
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
	Count    string
	Selected bool
}

// navigation builds the sidebar. Conflicts and tags are shown only where there are some.
func (v *Vault) navigation() []NavSection {
	top := NavSection{Places: []NavRow{
		v.navRow(Place{Kind: PlaceAll}, assets.IconLayoutGrid, v.text("screen.vault.all"), v.counts.All),
		v.navRow(Place{Kind: PlaceFavorites}, assets.IconStar, v.text("screen.vault.favorites"), v.counts.Favorites),
	}}
	if v.counts.Conflicts > 0 || v.place.Kind == PlaceConflicts {
		top.Places = append(top.Places, v.navRow(Place{Kind: PlaceConflicts}, assets.IconGitCompareArrows, v.text("screen.vault.conflicts"), v.counts.Conflicts))
	}
	kinds := NavSection{Title: v.text("screen.vault.types")}
	for _, spec := range vault.Kinds() {
		place := Place{Kind: PlaceKindOf, Type: spec.Kind}
		kinds.Places = append(kinds.Places, v.navRow(place, kindIcon(spec.Kind), kindText(v.env.Words, spec.Kind, "plural"), v.counts.Kinds[spec.Kind]))
	}
	folders := NavSection{Title: v.text("screen.vault.folders"), Add: v.text("screen.vault.newFolder")}
	for _, f := range v.folders {
		place := Place{Kind: PlaceFolder, Folder: f.ID}
		folders.Places = append(folders.Places, v.navRow(place, assets.IconFolder, f.Name, v.counts.Folders[f.ID]))
	}
	sections := []NavSection{top, kinds, folders}
	if tags := v.tagRows(); len(tags) > 0 {
		sections = append(sections, NavSection{Title: v.text("screen.vault.tags"), Places: tags})
	}
	trash := v.navRow(Place{Kind: PlaceTrash}, assets.IconTrash2, v.text("screen.vault.trash"), v.counts.Trash)
	return append(sections, NavSection{Places: []NavRow{trash}})
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
