package screen

import "github.com/coffer-vault/coffer/crypto/id"

// PlaceKind is what the sidebar leads to.
type PlaceKind int

// The kinds of places.
const (
	PlaceAll PlaceKind = iota
	PlaceFavorites
	PlaceSecurity
	PlaceType
	PlaceFolder
	PlaceTag
	PlaceTrash
)

// Place is a line of the sidebar and what the list shows for it. Type is set for PlaceType, Folder for PlaceFolder and
// Tag for PlaceTag alone.
type Place struct {
	Kind   PlaceKind
	Type   string
	Folder id.ID
	Tag    string
}
