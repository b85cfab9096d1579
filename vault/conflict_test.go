package vault_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault"
)

// quarrel has both devices change a folder's name, and every part of an item that they can quarrel about.
func quarrel(t *testing.T) (p *pair, custom id.ID) {
	t.Helper()
	p = newPair(t)
	it := p.one.get(t, p.item)
	custom = id.New()
	it.Custom = []vault.CustomField{{ID: custom, Label: "PIN", Type: vault.Concealed, Value: secret.FromString("0000")}}
	p.one.save(t, it)
	p.meet(t, p.one, p.two)
	for d, name := range map[*device]string{p.one: "first", p.two: "second"} {
		it := d.get(t, p.item)
		it.Title = name + " title"
		it.Set(vault.Password, secret.FromString(name+" password"))
		it.Set(vault.Notes, secret.FromString(name+" notes"))
		it.Custom[0].Label, it.Custom[0].Value = name+" label", secret.FromString(name+" value")
		d.save(t, it)
		d.renameFolder(t, p.a, name+" folder")
	}
	p.meet(t, p.one, p.two)
	return p, custom
}

func openOf(t *testing.T, d *device, object id.ID, field vault.Field) vault.Past {
	t.Helper()
	it := d.get(t, object)
	for _, c := range it.Conflicts() {
		if c.Field == field {
			return c
		}
	}
	t.Fatalf("no conflict about %s", field)
	return vault.Past{}
}

func TestUndecidedListsItemsArchiveAndFolders(t *testing.T) {
	p, _ := quarrel(t)
	titles := func(text string) string {
		var all []string
		for _, s := range p.two.Undecided(text, vault.SortTitle) {
			all = append(all, fmt.Sprint(s.Title, " ", s.IsFolder()))
		}
		return strings.Join(all, ", ")
	}
	if got := titles(""); got != "first title false, first folder true" || p.two.Counts().Conflicts != 2 {
		t.Errorf("%s; %d", got, p.two.Counts().Conflicts)
	}
	if got := titles("Folder"); got != "first title false, first folder true" { // the item is in it
		t.Errorf("search: %s", got)
	}
	check(t, p.two.Archive(ctx, true, p.item))
	if got := titles("title"); got != "first title false" || p.two.Counts().Conflicts != 2 {
		t.Errorf("archived: %s; %d", got, p.two.Counts().Conflicts)
	}
	check(t, p.two.Trash(ctx, p.item))
	if got := titles(""); got != "first folder true" || p.two.Counts().Conflicts != 1 {
		t.Errorf("in the trash: %s; %d", got, p.two.Counts().Conflicts)
	}
}

// The present value is the first device's, although the second one's edit is later in the history.
func TestTypedAtNamesTheDeviceOfThePresentValue(t *testing.T) {
	p, _ := quarrel(t)
	it := p.two.get(t, p.item)
	at, device, known := it.TypedAt(vault.ValueField(vault.Password))
	if !known || device != p.one.id || at < p.one.now.UnixMilli() || at > p.one.now.UnixMilli()+5 {
		t.Errorf("%d, %s, %t", at, device, known)
	}
	p.two.password(t, p.item, "typed after all")
	it = p.two.get(t, p.item)
	if _, device, _ := it.TypedAt(vault.ValueField(vault.Password)); device != p.two.id {
		t.Errorf("edited since, and it says %s", device)
	}
	if _, _, known := it.TypedAt(vault.ValueField(vault.Username)); known {
		t.Error("a field that was never edited has a date")
	}
}

// Every way to settle a conflict leaves both devices in agreement, without another question, with both values somewhere, and can be
// undone.
func TestSettlingAndUndoing(t *testing.T) {
	p, custom := quarrel(t)
	of := map[vault.Field]func(*vault.Item) string{
		vault.FieldTitle:                 func(it *vault.Item) string { return it.Title },
		vault.ValueField(vault.Password): func(it *vault.Item) string { return text(*it, vault.Password) },
		vault.ValueField(vault.Notes):    func(it *vault.Item) string { return text(*it, vault.Notes) },
		vault.CustomValue(custom):        func(it *vault.Item) string { return string(it.Custom[0].Value.Reveal()) },
		vault.CustomLabel(custom):        func(it *vault.Item) string { return it.Custom[0].Label },
	}
	for _, c := range []struct {
		object     id.ID
		field      vault.Field
		name, both string // the field's value where both are kept
		beside     int    // custom fields more
	}{
		{p.a, vault.FieldTitle, "folder", "first folder / second folder", 0},
		{p.item, vault.FieldTitle, "title", "first title / second title", 0},
		{p.item, vault.ValueField(vault.Password), "password", "first password", 1},
		{p.item, vault.ValueField(vault.Notes), "notes", "first notes\n\nsecond notes", 0},
		{p.item, vault.CustomValue(custom), "value", "first value", 1},
		{p.item, vault.CustomLabel(custom), "label", "first label / second label", 0},
	} {
		conflict := openOf(t, p.two, c.object, c.field)
		before := secret.FromString("first " + c.name)
		resolve := func(take bool) func() error {
			return func() error { return p.two.ResolveConflict(ctx, c.object, conflict, take) }
		}
		for _, choice := range []struct {
			name, want string
			do         func() error
			beside     int
		}{
			{"this", "first " + c.name, resolve(false), 0},
			{"the other", "second " + c.name, resolve(true), 0},
			{"both", c.both, func() error { return p.two.KeepBoth(ctx, c.object, conflict, "Other "+c.name) }, c.beside},
		} {
			t.Run(c.name+" "+choice.name, func(t *testing.T) {
				was := p.two.get(t, c.object)
				check(t, choice.do())
				p.meet(t, p.two, p.one)
				it := p.one.get(t, c.object)
				if got := of[c.field](&it); got != choice.want || len(it.Custom) != len(was.Custom)+choice.beside {
					t.Errorf("%q with %d custom fields, want %q", got, len(it.Custom), choice.want)
				}
				if len(it.Conflicts()) != len(was.Conflicts())-1 {
					t.Errorf("%d conflicts, there were %d", len(it.Conflicts()), len(was.Conflicts()))
				}
				if choice.beside > 0 {
					added := it.Custom[len(it.Custom)-1]
					if added.Label != "Other "+c.name || string(added.Value.Reveal()) != "second "+c.name || !added.Type.Secret() {
						t.Errorf("beside: %q %s", added.Label, added.Type)
					}
				}
				if err := choice.do(); !errors.Is(err, vault.ErrNotFound) {
					t.Errorf("settled twice: %v", err)
				}
				check(t, p.two.ReopenConflict(ctx, c.object, conflict, before))
				p.meet(t, p.two, p.one)
				it = p.one.get(t, c.object)
				if got := of[c.field](&it); got != "first "+c.name || len(it.Custom) != len(was.Custom) || len(it.Conflicts()) != len(was.Conflicts()) {
					t.Errorf("undone: %q, %d custom fields, %d conflicts", got, len(it.Custom), len(it.Conflicts()))
				}
				if err := p.two.ReopenConflict(ctx, c.object, conflict, before); !errors.Is(err, vault.ErrNotFound) {
					t.Errorf("undone twice: %v", err)
				}
			})
		}
	}
}

// Both devices keep both values, each in its language, before they hear of each other: one field comes of it, and no question.
func TestBothDevicesKeepBoth(t *testing.T) {
	p, custom := quarrel(t)
	for d, label := range map[*device]string{p.one: "Password (2)", p.two: "Passwort (2)"} {
		for _, f := range []vault.Field{vault.FieldTitle, vault.ValueField(vault.Password), vault.ValueField(vault.Notes), vault.CustomLabel(custom)} {
			check(t, d.KeepBoth(ctx, p.item, openOf(t, d, p.item, f), label))
		}
		check(t, d.KeepBoth(ctx, p.a, openOf(t, d, p.a, vault.FieldTitle), ""))
	}
	p.meet(t, p.one, p.two)
	it := p.one.get(t, p.item)
	if len(it.Custom) != 2 || len(it.Conflicts()) != 1 || it.Title != "first title / second title" {
		t.Errorf("%q, %d custom fields, %d conflicts", it.Title, len(it.Custom), len(it.Conflicts()))
	}
	if got := p.two.tree(); got != "B first folder / second folder >first folder / second folder/In" {
		t.Error(got)
	}
}

// What was typed after the choice is not taken back by undoing it.
func TestUndoingAChoiceKeepsLaterEdits(t *testing.T) {
	p, custom := quarrel(t)
	conflict := openOf(t, p.one, p.item, vault.CustomValue(custom))
	check(t, p.one.ResolveConflict(ctx, p.item, conflict, true))
	it := p.one.get(t, p.item)
	it.Custom[0].Value = secret.FromString("typed later")
	p.one.save(t, it)
	check(t, p.one.ReopenConflict(ctx, p.item, conflict, secret.FromString("first value")))
	if it = p.one.get(t, p.item); string(it.Custom[0].Value.Reveal()) != "typed later" || len(it.Conflicts()) != 5 {
		t.Errorf("%q, %d conflicts", it.Custom[0].Value.Reveal(), len(it.Conflicts()))
	}
}

// A custom field was removed while its conflict was open: to choose the other value brings it back as it was.
func TestTheOtherValueOfARemovedField(t *testing.T) {
	for _, both := range []bool{false, true} {
		p, custom := quarrel(t)
		conflict := openOf(t, p.one, p.item, vault.CustomValue(custom))
		it := p.one.get(t, p.item)
		it.Custom = nil
		p.one.save(t, it)
		if both {
			check(t, p.one.KeepBoth(ctx, p.item, conflict, "beside"))
		} else {
			check(t, p.one.ResolveConflict(ctx, p.item, conflict, true))
		}
		it = p.one.get(t, p.item)
		i := slices.IndexFunc(it.Custom, func(c vault.CustomField) bool { return c.ID == custom })
		if i < 0 || it.Custom[i].Label != "first label" || it.Custom[i].Type != vault.Concealed || string(it.Custom[i].Value.Reveal()) != "second value" {
			t.Errorf("both %t: %+v", both, it.Custom)
		}
	}
}
