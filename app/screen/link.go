package screen

import (
	"errors"
	"strings"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/vault"
)

// Link is what a coffer:// address leads to: a place to look at. Whoever can show a person a web page can have one opened, so that
// none does anything, carries anything that is typed or secret, or answers.
type Link struct {
	To   LinkTarget
	Item id.ID // of LinkItem
}

// LinkTarget is a kind of place that a link leads to.
type LinkTarget string

// The places.
const (
	LinkOpen      LinkTarget = "open"      // the window as it is
	LinkItem      LinkTarget = "item"      // coffer://item/ and the item's id, 32 lower-case hexadecimal digits
	LinkSettings  LinkTarget = "settings"  // the settings
	LinkDevices   LinkTarget = "devices"   // the devices, where a new one is let in
	LinkGenerator LinkTarget = "generator" // the password generator
	LinkSecurity  LinkTarget = "security"  // what the security check found
)

// ErrLink is returned for what is no link of ours.
var ErrLink = errors.New("not a link to something in Coffer")

// linkScheme begins every link. Browsers write it in small letters.
const linkScheme = "coffer://"

// ParseLink reads an address. There is one spelling of each, but for a slash at the end, which some programs add: no query, no fragment,
// no user, no port, no escapes. Errors do not quote it.
func ParseLink(address string) (Link, error) {
	path, ok := strings.CutPrefix(address, linkScheme)
	if !ok {
		return Link{}, ErrLink
	}
	path = strings.TrimSuffix(path, "/")
	if item, ok := strings.CutPrefix(path, string(LinkItem)+"/"); ok {
		parsed, err := id.Parse(item)
		if err != nil || parsed.IsZero() {
			return Link{}, ErrLink
		}
		return Link{LinkItem, parsed}, nil
	}
	switch to := LinkTarget(path); to {
	case LinkOpen, LinkSettings, LinkDevices, LinkGenerator, LinkSecurity:
		return Link{To: to}, nil
	}
	return Link{}, ErrLink
}

// String is the address of a link.
func (l Link) String() string {
	if l.To == LinkItem {
		return linkScheme + string(l.To) + "/" + l.Item.String()
	}
	return linkScheme + string(l.To)
}

// Follow shows the window and goes where a link leads, once the vault is open. Any goroutine may call it.
func (s *Shell) Follow(link Link) {
	s.env.Post(func() {
		if s.quitting {
			return
		}
		s.link = &link // of several, the last one
		s.shows++
		s.changed()
		s.goOn()
	})
}

// goOn goes where the link leads that waits, if one does.
func (s *Shell) goOn() {
	if link := s.link; link != nil && s.vault != nil {
		s.link = nil
		s.vault.follow(*link)
	}
}

// follow goes where a link leads, unless the person is at something else.
func (v *Vault) follow(link Link) {
	if v.dialog() != DialogNone || !v.ask.IsZero() {
		return
	}
	switch link.To {
	case LinkItem:
		v.leavePane(func() { v.goTo(link.Item) })
	case LinkSettings:
		v.OpenSettings()
	case LinkDevices:
		v.OpenDevices()
	case LinkGenerator:
		v.OpenGenerator()
	case LinkSecurity:
		v.Go(Place{Kind: PlaceSecurity})
	}
}

// goTo shows an item, in the list that it is in.
func (v *Vault) goTo(item id.ID) {
	summary, ok := v.vault.Summary(item)
	if !ok || summary.IsFolder() {
		v.fail(explain(v.env.Words, vault.ErrNotFound))
		return
	}
	place := Place{}
	switch {
	case summary.TrashedAt != 0:
		place.Kind = PlaceTrash
	case summary.ArchivedAt != 0:
		place.Kind = PlaceArchive
	}
	v.place, v.search, v.marked = place, "", nil
	v.config.Went(place)
	v.open(item)
	v.refresh()
	v.changed()
}
