//go:build cgo && unix

package crash

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault"
)

// person works with an account that is open on a computer.
type person struct {
	m        *session.Manager
	u        *session.Unlocked
	random   *rand.Rand
	name     string // in everything that is typed
	home     string // where files go that are taken out of the vault
	values   int
	password string
	batch    id.ID    // the last import, while nothing has touched it
	imported []string // keys of what it made
	terse    bool     // no long notes, small imports
}

// act is one thing that a person does, and what the profile has then.
type act struct {
	What     string
	Changes  contents // by key the text afterwards; "" for what is gone
	Password string   // the master password afterwards; "" for the same

	do func(context.Context) error
}

// deeds are what a person may do, and how often. A deed that is not possible yet is a new item instead.
var deeds = []struct {
	name   string
	weight int
	make   func(*person) act
}{
	{"new item", 10, (*person).create},
	{"edit", 20, (*person).edit},
	{"arrange", 10, (*person).arrange},
	{"delete", 4, (*person).remove},
	{"empty trash", 3, (*person).emptyTrash},
	{"folder", 6, (*person).folder},
	{"import", 5, (*person).importSome},
	{"undo import", 3, (*person).undoImport},
	{"sync", 20, (*person).sync},
	{"lock", 8, (*person).lock},
	{"backup", 5, (*person).backUp},
	{"settings", 4, (*person).settings},
	{"password", 2, (*person).newPassword},
	{"secret key", 1, (*person).newSecretKey},
	{"rotate", 1, (*person).rotate},
	{"attach", 0, (*person).attach}, // those without a weight are for TestFailingDisk
	{"save attachment", 0, (*person).saveAttachment},
	{"export", 0, (*person).export},
	{"kit", 0, (*person).kit},
}

// next draws what the person does; name, if it is not "", says what.
func (p *person) next(name string) act {
	total := 0
	for _, d := range deeds {
		if d.name == name {
			return d.make(p)
		}
		total += d.weight
	}
	at := p.random.IntN(total)
	for _, d := range deeds {
		if at -= d.weight; at < 0 {
			return d.make(p)
		}
	}
	panic("weights")
}

// newValue makes a value up that nobody has typed before.
func (p *person) newValue(kind string) string {
	p.values++
	return fmt.Sprintf("%s %s %d", kind, p.name, p.values)
}

func typed(text string) secret.Bytes { return secret.FromString(text) }

func (p *person) save(what string, it vault.Item) act {
	return act{What: what, Changes: contents{it.ID.String(): spell(&it)}, do: func(ctx context.Context) error {
		_, err := p.u.Vault().Save(ctx, it)
		return err
	}}
}

// newItem is an item of any kind with some of its fields, now and then a long note that takes pages of the file.
func (p *person) newItem() vault.Item {
	kinds := vault.Kinds()
	spec := kinds[p.random.IntN(len(kinds))]
	it := vault.Item{ID: id.New(), Kind: spec.Kind, Title: p.newValue("title"), Tags: []string{p.newValue("tag")}}
	for range 1 + p.random.IntN(3) {
		f := spec.Fields[p.random.IntN(len(spec.Fields))]
		it.Set(f.Key, typed(p.newValue(string(f.Key))))
	}
	if p.random.IntN(4) == 0 && !p.terse {
		it.Set(vault.Notes, typed(strings.Repeat(p.newValue("note"), 1+p.random.IntN(2000))))
	}
	return it
}

func (p *person) create() act { return p.save("new item", p.newItem()) }

// pick opens an item that a filter chooses; false if there is none.
func (p *person) pick(f vault.Filter) (vault.Item, bool) {
	shown := p.u.Vault().Query(f)
	if len(shown) == 0 {
		return vault.Item{}, false
	}
	it, err := p.u.Vault().Get(context.Background(), shown[p.random.IntN(len(shown))].ID)
	return it, err == nil
}

func (p *person) edit() act {
	it, ok := p.pick(vault.Filter{})
	if !ok {
		return p.create()
	}
	switch p.random.IntN(5) {
	case 0:
		it.Title = p.newValue("title")
	case 1:
		it.Tags = append(it.Tags, p.newValue("tag"))
	case 2:
		it.Websites = []string{p.newValue("site"), p.newValue("site")}
	case 3:
		it.Custom = append(it.Custom, vault.CustomField{ID: id.New(), Label: p.newValue("label"), Type: vault.Concealed, Value: typed(p.newValue("custom"))})
	default:
		spec, _ := vault.SpecOf(it.Kind)
		it.Set(spec.Fields[0].Key, typed(p.newValue("first")))
	}
	return p.save("edit", it)
}

// changed is an act on one item that is no edit of its values.
func (p *person) changed(what string, it vault.Item, do func(context.Context, *vault.Vault) error) act {
	return act{What: what, Changes: contents{it.ID.String(): spell(&it)}, do: func(ctx context.Context) error { return do(ctx, p.u.Vault()) }}
}

func (p *person) arrange() act {
	if it, ok := p.pick(vault.Filter{Trash: true}); ok && p.random.IntN(3) == 0 {
		it.TrashedAt = 0
		return p.changed("restore", it, func(ctx context.Context, v *vault.Vault) error { return v.Restore(ctx, it.ID) })
	}
	it, ok := p.pick(vault.Filter{})
	if !ok {
		return p.create()
	}
	switch p.random.IntN(4) {
	case 0:
		it.Favorite = !it.Favorite
		return p.changed("favorite", it, func(ctx context.Context, v *vault.Vault) error { return v.SetFavorite(ctx, it.Favorite, it.ID) })
	case 1:
		it.ArchivedAt = 1
		return p.changed("archive", it, func(ctx context.Context, v *vault.Vault) error { return v.Archive(ctx, true, it.ID) })
	case 2:
		it.Folder = p.anyFolder()
		return p.changed("move", it, func(ctx context.Context, v *vault.Vault) error { return v.Move(ctx, it.Folder, it.ID) })
	}
	it.TrashedAt = 1
	return p.changed("trash", it, func(ctx context.Context, v *vault.Vault) error { return v.Trash(ctx, it.ID) })
}

func (p *person) remove() act {
	it, ok := p.pick(vault.Filter{})
	if !ok {
		return p.create()
	}
	return act{What: "delete", Changes: contents{it.ID.String(): ""}, do: func(ctx context.Context) error {
		return p.u.Vault().DeleteForever(ctx, it.ID)
	}}
}

func (p *person) emptyTrash() act {
	gone := contents{}
	for _, s := range p.u.Vault().Query(vault.Filter{Trash: true}) {
		gone[s.ID.String()] = ""
	}
	return act{What: "empty trash", Changes: gone, do: func(ctx context.Context) error {
		_, err := p.u.Vault().EmptyTrash(ctx)
		return err
	}}
}

func (p *person) anyFolder() id.ID {
	folders := p.u.Vault().Folders()
	if len(folders) == 0 {
		return id.ID{}
	}
	return folders[p.random.IntN(len(folders))].ID
}

func (p *person) folder() act {
	folders := p.u.Vault().Folders()
	if len(folders) < 3 {
		return p.save("new folder", vault.Folder{ID: id.New(), Name: p.newValue("folder"), Parent: p.anyFolder()}.Item())
	}
	f := folders[p.random.IntN(len(folders))]
	if p.random.IntN(3) == 0 {
		return act{What: "delete folder", Changes: contents{f.ID.String(): ""}, do: func(ctx context.Context) error {
			return p.u.Vault().DeleteFolder(ctx, f.ID)
		}}
	}
	it, err := p.u.Vault().Get(context.Background(), f.ID)
	if err != nil {
		return p.create()
	}
	it.Title = p.newValue("folder")
	return p.save("rename folder", it)
}

// importSome brings some items in, in a folder of their own.
func (p *person) importSome() act {
	folder := vault.Folder{ID: id.New(), Name: p.newValue("folder")}
	items := []vault.Item{folder.Item()}
	many := 5 + p.random.IntN(20)
	if p.terse {
		many = 3
	}
	for range many {
		it := p.newItem()
		it.Folder = folder.ID
		items = append(items, it)
	}
	a := act{What: "import", Changes: contents{}}
	var keys []string
	for i := range items {
		key := items[i].ID.String()
		a.Changes[key] = spell(&items[i])
		keys = append(keys, key)
	}
	a.do = func(ctx context.Context) (err error) {
		p.batch, err = p.u.Vault().Batch(ctx, items, nil, nil)
		p.imported = keys
		return err
	}
	return a
}

// undoImport takes the last import back, as long as nothing has touched it.
func (p *person) undoImport() act {
	if p.batch.IsZero() {
		return p.importSome()
	}
	a := act{What: "undo import", Changes: contents{}}
	for _, key := range p.imported {
		a.Changes[key] = ""
	}
	a.do = func(ctx context.Context) error {
		_, err := p.u.Vault().UndoBatch(ctx, p.batch)
		if err == nil {
			p.forgetImport()
		}
		return err
	}
	return a
}

func (p *person) sync() act {
	return act{What: "sync", do: func(ctx context.Context) error { return p.u.Sync(ctx) }}
}

func (p *person) lock() act {
	return act{What: "lock and unlock", do: func(ctx context.Context) error {
		p.u.Lock()
		u, err := p.m.Unlock(ctx, p.u.Account().ID, typed(p.password))
		if err == nil {
			p.u = u
		}
		return err
	}}
}

func (p *person) backUp() act {
	return act{What: "backup", do: func(ctx context.Context) error { return p.u.BackUp(ctx) }}
}

func (p *person) settings() act {
	s := p.m.Settings()
	s.LockAfter = time.Duration(1+p.random.IntN(1000)) * time.Minute
	return act{What: "settings", Changes: contents{settingsKey: spellSettings(s)}, do: func(context.Context) error { return p.m.SaveSettings(s) }}
}

// change changes the keys of the account. What was sealed before is sealed anew, so an import can not be told any more from edits.
func (p *person) change(what string, c session.Change, password string) act {
	return act{What: what, Password: password, do: func(ctx context.Context) error {
		c.Password, p.batch = typed(p.password), id.ID{}
		if password != "" {
			c.NewPassword = typed(password)
		}
		err := p.u.Change(ctx, c)
		if err == nil && password != "" {
			p.password = password
		}
		return err
	}}
}

func (p *person) newPassword() act {
	return p.change("password", session.Change{}, p.newValue("master password"))
}

func (p *person) newSecretKey() act {
	return p.change("secret key", session.Change{NewSecretKey: true}, "")
}

func (p *person) rotate() act { return p.change("rotate", session.Change{Rotate: true}, "") }

// forgetImport: what an import made was changed, and is not to be taken back as a whole any more.
func (p *person) forgetImport() { p.batch = id.ID{} }

// touches tells whether an act changes what the last import made.
func (p *person) touches(a act) bool {
	return slices.ContainsFunc(p.imported, func(key string) bool { _, touched := a.Changes[key]; return touched })
}
