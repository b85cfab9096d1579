package screen

import (
	"strings"

	"github.com/coffer-vault/coffer/vault"
)

// keptPlaces are the places that may be remembered outside of a vault, with their names there. Folders and tags are what somebody typed,
// and stay in the vault.
var keptPlaces = map[PlaceKind]string{PlaceAll: "all", PlaceFavorites: "favorites", PlaceArchive: "archive", PlaceTrash: "trash"}

// placeOfKind begins the name of the place that lists the items of one kind.
const placeOfKind = "kind:"

// Kept names a place for a file that is not sealed; what may not be in one is all items.
func (p Place) Kept() string {
	p = p.general()
	if p.Kind == PlaceKindOf {
		return placeOfKind + string(p.Type)
	}
	return keptPlaces[p.Kind]
}

// ParsePlace is the place of a name; what is none is all items.
func ParsePlace(kept string) Place {
	if kind, ok := strings.CutPrefix(kept, placeOfKind); ok {
		if _, known := vault.SpecOf(vault.Kind(kind)); known {
			return Place{Kind: PlaceKindOf, Type: vault.Kind(kind)}
		}
	}
	for kind, name := range keptPlaces {
		if name == kept {
			return Place{Kind: kind}
		}
	}
	return Place{}
}

// general is a place that every vault has; all items for one that is of one vault.
func (p Place) general() Place {
	if _, ok := keptPlaces[p.Kind]; ok || p.Kind == PlaceKindOf {
		return p
	}
	return Place{}
}
