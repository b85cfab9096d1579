package screen

import (
	"testing"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/internal/testpc"
)

const someItem = "00112233445566778899aabbccddeeff"

func TestParseLink(t *testing.T) {
	for address, want := range map[string]LinkTarget{
		"coffer://open": LinkOpen, "coffer://settings/": LinkSettings, "coffer://devices": LinkDevices, "coffer://generator": LinkGenerator,
		"coffer://security": LinkSecurity, "coffer://item/" + someItem: LinkItem, "coffer://item/" + someItem + "/": LinkItem,
	} {
		link, err := ParseLink(address)
		if err != nil || link.To != want || link.To == LinkItem && link.Item.String() != someItem {
			t.Errorf("%s: %+v, %v", address, link, err)
		}
	}
	for _, address := range []string{
		"", "coffer:", "coffer://", "coffer:///open", "coffer:open", "COFFER://open", "http://open", "coffer://open//", "coffer://open?x=1", "coffer://open#x",
		"coffer://anna@open", "coffer://open:80", "coffer://%6fpen", "coffer://lock", "coffer://delete/" + someItem, "coffer://item", "coffer://item/",
		"coffer://item/0", "coffer://item/" + someItem + "0", "coffer://item/" + someItem + "/edit", "coffer://item/00112233445566778899AABBCCDDEEFF",
		"coffer://item/00000000000000000000000000000000", "coffer://item/../settings", " coffer://open", "coffer://open\n", "coffer://open\x00",
	} {
		if link, err := ParseLink(address); err == nil {
			t.Errorf("%q leads to %+v", address, link)
		}
	}
}

func FuzzParseLink(f *testing.F) {
	for _, seed := range []string{"coffer://open", "coffer://settings/", "coffer://item/" + someItem, "coffer://item/" + someItem + "?x", "coffer://%6fpen", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, address string) {
		link, err := ParseLink(address)
		if err != nil {
			if link != (Link{}) {
				t.Errorf("%q is refused and leads to %+v", address, link)
			}
			return
		}
		if written := link.String(); written != address && written+"/" != address {
			t.Errorf("%q is another spelling of %q", address, written)
		}
	})
}

func TestLinkLeadsToItsItem(t *testing.T) {
	d, v, _ := openDesk(t)
	d.add("GitHub", "anna", "octo")
	d.add("Bank", "anna", "money")
	item := v.State().Rows.At(d.row(v, "GitHub")).ID
	v.Go(Place{Kind: PlaceFavorites})
	follow := func(l Link) {
		d.shell.Follow(l)
		d.queue.Drain()
	}
	follow(Link{LinkItem, item})
	d.until("GitHub", func() bool { return v.Detail() != nil && v.Detail().State().Title == "GitHub" })
	if d.shell.State().Shows != 1 || v.place.Kind != PlaceAll {
		t.Errorf("shown %d times, at %+v", d.shell.State().Shows, v.place)
	}
	follow(Link{LinkItem, id.New()})
	if v.State().Problem.IsZero() {
		t.Error("an item that is not there, and nothing is said")
	}
	for link, dialog := range map[LinkTarget]Dialog{LinkSettings: DialogSettings, LinkGenerator: DialogGenerator, LinkDevices: DialogSheet} {
		v.closeDialogs()
		follow(Link{To: link})
		if v.dialog() != dialog {
			t.Errorf("%s leads to dialog %d", link, v.dialog())
		}
		follow(Link{To: LinkSecurity}) // what lies over the window stays
		if v.place.Kind == PlaceSecurity || v.dialog() != dialog {
			t.Errorf("a link takes the person out of what %s opened", link)
		}
	}
	v.closeDialogs()

	// Locked, it waits for the master password, and for nothing else.
	d.shell.Lock()
	follow(Link{LinkItem, item})
	if d.shell.State().Page != PageUnlock {
		t.Fatal("a link opens what is locked")
	}
	v = d.unlock()
	d.until("GitHub", func() bool { return v.Detail() != nil && v.Detail().State().Title == "GitHub" })
	if d.shell.link != nil {
		t.Error("it is followed again with the next unlock")
	}
}

// What is being typed is not lost to a link.
func TestLinkAsksBeforeAnEditIsLeft(t *testing.T) {
	d, v, _ := openDesk(t)
	saved := testpc.Save(t, d.shell.unlocked, testpc.Login("GitHub", "anna", "octo"))
	v.New("login")
	v.Editor().SetText("title", "half typed")
	d.shell.Follow(Link{LinkItem, saved.ID})
	d.queue.Drain()
	if v.Editor() == nil {
		t.Error("a link has thrown away what was being typed")
	}
}
