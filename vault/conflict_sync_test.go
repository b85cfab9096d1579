package vault_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault"
)

// pair is two devices that have the same items and folders, and then no network.
type pair struct {
	one, two *device
	server   *server
	item     id.ID // in folder a
	a, b, in id.ID // folders; in is in a
}

func newPair(t *testing.T) *pair {
	t.Helper()
	p := &pair{one: newDevice(t, 1), two: newDevice(t, 2), server: newServer()}
	p.a, p.b = p.one.folder(t, "A", id.ID{}), p.one.folder(t, "B", id.ID{})
	p.in = p.one.folder(t, "In", p.a)
	it := login("Example", "old")
	it.Folder = p.a
	p.item = p.one.save(t, it).ID
	p.two.now = time.Date(1970, 1, 1, 0, 0, 7, 0, time.UTC) // its clock is wrong by half a century
	p.one.sync(t, p.server)
	p.two.sync(t, p.server)
	return p
}

// meet brings both devices to rest; who syncs first is the caller's.
func (p *pair) meet(t *testing.T, first, second *device) {
	t.Helper()
	for range 2 {
		first.sync(t, p.server)
		second.sync(t, p.server)
	}
	if one, two := first.all(t), second.all(t); one != two {
		t.Fatalf("devices differ\none %s\ntwo %s", one, two)
	}
}

// all tells what both devices must agree on: all that is to be seen, the tree, and the bytes of what they hold.
func (d *device) all(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	b.WriteString(d.tree() + "\n" + d.describe(t))
	var rows []string
	check(t, d.store.View(ctx, func(r vault.Reader) error {
		return r.Objects(vaultID, func(o vault.Object) error {
			if o.Pending != nil {
				return fmt.Errorf("object %s is still pending", o.ID)
			}
			rows = append(rows, fmt.Sprintf("%s %d %d %x", o.ID, o.Base.Revision, o.Base.State, o.Base.Hash))
			return nil
		})
	}))
	slices.Sort(rows)
	return b.String() + strings.Join(rows, "\n")
}

func (d *device) renameFolder(t *testing.T, folder id.ID, name string) {
	t.Helper()
	for _, f := range d.Folders() {
		if f.ID == folder {
			f.Name = name
			_, err := d.SaveFolder(ctx, f)
			check(t, err)
		}
	}
}

func (d *device) password(t *testing.T, item id.ID, password string) {
	t.Helper()
	it := d.get(t, item)
	it.Set(vault.Password, secret.FromString(password))
	d.save(t, it)
}

// What two devices do to one item or one folder at the same time. The outcome is the same whoever syncs first, unless said otherwise,
// and nothing that was typed is gone.
func TestWhatTwoDevicesDoAtOnce(t *testing.T) {
	type act = func(*testing.T, *pair, *device)
	edit := func(password string) act {
		return func(t *testing.T, p *pair, d *device) { d.password(t, p.item, password) }
	}
	archive := func(t *testing.T, p *pair, d *device) { check(t, d.Archive(ctx, true, p.item)) }
	trash := func(t *testing.T, p *pair, d *device) { check(t, d.Trash(ctx, p.item)) }
	remove := func(t *testing.T, p *pair, d *device) { check(t, d.DeleteForever(ctx, p.item)) }
	favorite := func(t *testing.T, p *pair, d *device) { check(t, d.SetFavorite(ctx, true, p.item)) }
	moveItem := func(t *testing.T, p *pair, d *device) { check(t, d.Move(ctx, p.b, p.item)) }
	rename := func(name string) act { return func(t *testing.T, p *pair, d *device) { d.renameFolder(t, p.a, name) } }
	dropFolder := func(t *testing.T, p *pair, d *device) { check(t, d.DeleteFolder(ctx, p.a)) }
	into := func(from, to func(*pair) id.ID) act {
		return func(t *testing.T, p *pair, d *device) { d.move(t, from(p), to(p)) }
	}
	a, b, in, top := func(p *pair) id.ID { return p.a }, func(p *pair) id.ID { return p.b }, func(p *pair) id.ID { return p.in },
		func(*pair) id.ID { return id.ID{} }
	const there = "A >A/In B"
	for name, c := range map[string]struct {
		one, two act
		tree     string
		item     string   // where it is, and its password
		asks     int      // open questions of items
		holds    []string // what has to be somewhere
	}{
		"archive, edit":               {archive, edit("new"), there, "archive new", 0, []string{"old"}},
		"archive, archive":            {archive, archive, there, "archive old", 0, nil},
		"trash, edit":                 {trash, edit("new"), there, "list new", 0, []string{"old"}},
		"trash, trash":                {trash, trash, there, "trash old", 0, nil},
		"trash, archive":              {trash, archive, there, "trash old", 0, nil},
		"delete, edit":                {remove, edit("new"), there, "list new", 0, []string{"old"}},
		"delete, favorite":            {remove, favorite, there, "gone", 0, nil},
		"delete, move":                {remove, moveItem, there, "gone", 0, nil},
		"delete, trash":               {remove, trash, there, "gone", 0, nil},
		"delete, delete":              {remove, remove, there, "gone", 0, nil},
		"edit, edit":                  {edit("first"), edit("second"), there, "", 1, []string{"old", "first", "second"}},
		"move, edit":                  {moveItem, edit("new"), there, "list new", 0, []string{"old"}},
		"folder renamed, deleted":     {rename("Renamed"), dropFolder, "B Renamed >Renamed/In", "list old", 0, nil},
		"folder renamed alike":        {rename("Same"), rename("Same"), "B Same >Same/In", "list old", 0, nil},
		"folder moved, deleted":       {into(a, b), dropFolder, "B In", "list old", 0, nil},
		"folder moved, renamed":       {into(a, b), rename("New"), "B >B/New >>B/New/In", "list old", 0, nil},
		"moved into, folder deleted":  {moveItem, func(t *testing.T, p *pair, d *device) { check(t, d.DeleteFolder(ctx, p.b)) }, "A >A/In", "list old", 0, nil},
		"folder made in, deleted":     {func(t *testing.T, p *pair, d *device) { d.folder(t, "New", p.a) }, dropFolder, "B In New", "list old", 0, nil},
		"into each other":             {into(a, b), into(b, a), "A >A/In B", "list old", 0, nil},
		"into each other's child":     {into(a, b), into(b, in), "A B In", "list old", 0, nil},
		"the child out, parent in it": {into(in, top), into(a, b), "B >B/A In", "list old", 0, nil},
	} {
		for _, oneFirst := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, one first %t", name, oneFirst), func(t *testing.T) {
				t.Parallel()
				p := newPair(t)
				c.one(t, p, p.one)
				c.two(t, p, p.two)
				first, second := p.one, p.two
				if !oneFirst {
					first, second = second, first
				}
				p.meet(t, first, second)
				if got := p.one.tree(); got != c.tree {
					t.Errorf("folders %q, want %q", got, c.tree)
				}
				if got := p.one.where(t, p.item); c.item != "" && got != c.item {
					t.Errorf("the item: %q, want %q", got, c.item)
				}
				if got := p.one.Counts().Conflicts; got != c.asks {
					t.Errorf("%d questions, want %d", got, c.asks)
				}
				for _, typed := range c.holds {
					if !strings.Contains(p.one.describe(t), fmt.Sprintf("%q", typed)) {
						t.Errorf("%q is lost", typed)
					}
				}
			})
		}
	}
}

// where tells in which list an item is, and its password.
func (d *device) where(t *testing.T, item id.ID) string {
	for name, f := range map[string]vault.Filter{"list": {}, "archive": {Archive: true}, "trash": {Trash: true}} {
		for _, s := range d.Query(f) {
			if s.ID == item {
				return name + " " + text(d.get(t, item), vault.Password)
			}
		}
	}
	return "gone"
}

// Who takes an item out of the trash wants it, whatever the other device empties.
func TestRestoredBeatsDeleted(t *testing.T) {
	for _, restoredFirst := range []bool{true, false} {
		p := newPair(t)
		check(t, p.one.Trash(ctx, p.item))
		p.meet(t, p.one, p.two)
		check(t, p.one.Restore(ctx, p.item))
		_, err := p.two.EmptyTrash(ctx)
		check(t, err)
		if restoredFirst {
			p.meet(t, p.one, p.two)
		} else {
			p.meet(t, p.two, p.one)
		}
		if got := p.one.where(t, p.item); got != "list old" {
			t.Errorf("restored first %t: %s", restoredFirst, got)
		}
	}
}

// Two devices import the same rows of one browser, each for itself. Both have all of it, twice: nobody can tell that two logins of one
// name are one, and to take one for the other could lose a password.
func TestTwoImportsOfTheSame(t *testing.T) {
	p := newPair(t)
	imported := func(password string) vault.Item {
		it := login("Shop", password)
		it.Origin = vault.Origin{Source: "chrome/Default", SourceID: "row 1"}
		return it
	}
	for d, password := range map[*device]string{p.one: "older", p.two: "newer"} {
		it := imported(password)
		_, err := d.Batch(ctx, []vault.Item{it}, nil, nil)
		check(t, err)
	}
	p.meet(t, p.one, p.two)
	if found := p.one.Query(vault.Filter{Text: "shop"}); len(found) != 2 || p.one.Counts().Conflicts != 0 {
		t.Errorf("%d items, %d questions", len(found), p.one.Counts().Conflicts)
	}
	for _, password := range []string{"older", "newer"} {
		if !strings.Contains(p.two.describe(t), fmt.Sprintf("%q", password)) {
			t.Errorf("%q is lost", password)
		}
	}
}
