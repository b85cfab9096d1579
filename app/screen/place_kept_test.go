package screen

import (
	"testing"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/vault"
)

// What is kept outside of the vault names nothing that somebody typed.
func TestPlaceKept(t *testing.T) {
	for _, c := range []struct {
		place Place
		kept  string
	}{
		{Place{}, "all"}, {Place{Kind: PlaceFavorites}, "favorites"}, {Place{Kind: PlaceArchive}, "archive"}, {Place{Kind: PlaceKindOf, Type: vault.Card}, "kind:card"},
	} {
		if got := c.place.Kept(); got != c.kept || ParsePlace(got) != c.place {
			t.Errorf("%+v is kept as %q, which is %+v", c.place, got, ParsePlace(got))
		}
	}
	for _, private := range []Place{{Kind: PlaceTag, Tag: "mistress"}, {Kind: PlaceFolder, Folder: id.New()}, {Kind: PlaceConflicts}} {
		if got := private.Kept(); got != "all" {
			t.Errorf("%+v is kept as %q", private, got)
		}
	}
	for _, nonsense := range []string{"", "kind:", "kind:nonsense", "tag:mistress", "All"} {
		if got := ParsePlace(nonsense); got != (Place{}) {
			t.Errorf("%q is %+v", nonsense, got)
		}
	}
}

func TestListShowsWhatItShowedLast(t *testing.T) {
	d, v, _ := openDesk(t)
	v.Go(Place{Kind: PlaceFavorites})
	d.shell.Lock()
	v = d.unlock()
	if v.place.Kind != PlaceFavorites || d.shell.Place().Kept() != "favorites" {
		t.Errorf("it shows %+v", v.place)
	}
	v.Go(Place{Kind: PlaceTag, Tag: "of this vault"})
	d.shell.Lock()
	if v = d.unlock(); v.place != (Place{}) {
		t.Errorf("it shows %+v", v.place)
	}
}
