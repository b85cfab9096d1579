package sim

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/vault"
)

func (w *world) clock() time.Time { return w.now }

// expect fails the history for an error that is not one of the allowed; no answer is one where the network let the device down.
func (w *world) expect(d *device, what string, err error, allowed ...error) {
	if err == nil || d.dead != nil {
		return
	}
	w.note("  %s %s: %v", d.name, what, err)
	if d.link.troubled || d.link.down {
		allowed = append(allowed, session.ErrOffline, session.ErrChangeWaits)
	}
	for _, a := range allowed {
		if errors.Is(err, a) {
			return
		}
	}
	w.fail("error", fmt.Errorf("%s %s: %w", d.name, what, err))
}

// sync brings a device in step, and notes what it learns of its own state.
func (w *world) sync(d *device) error {
	before := w.model.atTheServer() // what others send from here on it may hear of or not
	err := d.u.Sync(w.ctx)
	if d.dead != nil {
		return err
	}
	switch {
	case errors.Is(err, session.ErrSignedOut):
		w.note("  %s is signed out", d.name)
		d.lock() // the next unlock proves again
		return err
	case errors.Is(err, session.ErrDeviceRevoked) && d.removed:
		w.note("  %s finds itself removed", d.name)
		w.comeBack(d)
		return err
	}
	w.expect(d, "syncs", err, session.ErrKeysChanged, session.ErrChangeLost)
	if err == nil && w.pending(d) == 0 {
		w.model.synced(d, before)
	}
	return err
}

func (w *world) pending(d *device) int {
	edits, err := d.u.Vault().Pending(w.ctx, 1000, 1<<20)
	if err != nil {
		w.fail("pending", err)
	}
	return len(edits)
}

// save is a person's edit: before is what is on the screen, nil for a new item, and change what is typed.
func (w *world) save(d *device, before *vault.Item, after vault.Item) {
	w.model.touch(d, after.ID)
	saved, err := d.u.Vault().Save(w.ctx, after)
	if err != nil {
		w.fail("save", fmt.Errorf("%s: %w", d.name, err))
		return
	}
	saved.Wipe()
	after.ID = saved.ID
	w.done(d, func() {
		w.model.edited(d, before, &after)
		d.last = after.ID
	})
}

// done notes what an edit has done. One that was killed half-way was not done: its transaction is not on the disk, and nobody was told
// that it is.
func (w *world) done(d *device, note func()) {
	if d.dead == nil {
		note()
	}
}

// create makes a new item of a kind with one to three fields.
func (w *world) create(d *device, kind vault.Kind) {
	it := vault.Item{Kind: kind, Title: w.newValue("title")}
	spec, _ := vault.SpecOf(kind)
	for range 1 + w.random.IntN(3) {
		f := spec.Fields[w.random.IntN(len(spec.Fields))]
		it.Set(f.Key, typed(w.newValue(string(f.Key))))
	}
	w.note("  %s makes a %s %q", d.name, kind, it.Title)
	w.save(d, nil, it)
}

func (w *world) makeFolder(d *device) {
	name := w.newValue("folder")
	f, err := d.u.Vault().SaveFolder(w.ctx, vault.Folder{Name: name, Parent: w.anyFolder(d)})
	if err != nil {
		w.fail("save folder", err)
		return
	}
	w.note("  %s makes folder %q", d.name, name)
	w.done(d, func() { w.model.edited(d, nil, &vault.Item{ID: f.ID, Title: name}) })
}

// anyFolder is a folder, or none.
func (w *world) anyFolder(d *device) id.ID {
	folders := d.u.Vault().Folders()
	if len(folders) == 0 || w.random.IntN(4) == 0 {
		return id.ID{}
	}
	return folders[w.random.IntN(len(folders))].ID
}

// pick chooses an item that the device shows; false if there is none.
func (w *world) pick(d *device, f vault.Filter) (vault.Item, bool) {
	shown := d.u.Vault().Query(f)
	if len(shown) == 0 {
		return vault.Item{}, false
	}
	it, err := d.u.Vault().Get(w.ctx, shown[w.random.IntN(len(shown))].ID)
	if err != nil {
		w.fail("open item", fmt.Errorf("%s: %w", d.name, err))
		return it, false
	}
	return it, true
}

// retype changes some of an item as people do: a field typed anew, emptied, a tag or website more or less, a field of one's own.
func (w *world) retype(it *vault.Item) {
	for range 1 + w.random.IntN(2) {
		switch at := w.random.IntN(20); {
		case at < 3:
			it.Title = w.newValue("title")
		case at < 12:
			w.retypeField(it)
		case at < 14:
			it.Tags = w.retypeSet(it.Tags, "tag")
		case at < 16:
			it.Websites = w.retypeSet(it.Websites, "site")
		default:
			w.retypeCustom(it)
		}
	}
}

func (w *world) retypeField(it *vault.Item) {
	spec, known := vault.SpecOf(it.Kind)
	if !known {
		it.Title = w.newValue("title")
		return
	}
	f := spec.Fields[w.random.IntN(min(3, len(spec.Fields)))] // the first ones, so that devices meet
	value := typed(w.newValue(string(f.Key)))
	if w.random.IntN(10) == 0 {
		value = typed("")
	}
	it.Set(f.Key, value)
}

func (w *world) retypeSet(set []string, kind string) []string {
	if len(set) > 0 && w.random.IntN(3) == 0 {
		at := w.random.IntN(len(set))
		return append(append([]string(nil), set[:at]...), set[at+1:]...)
	}
	return append(append([]string(nil), set...), w.newValue(kind))
}

func (w *world) retypeCustom(it *vault.Item) {
	if len(it.Custom) == 0 || w.random.IntN(4) == 0 {
		types := []vault.FieldType{vault.Text, vault.Concealed}
		it.Custom = append(it.Custom, vault.CustomField{
			ID: id.New(), Label: w.newValue("label"), Type: types[w.random.IntN(2)], Value: typed(w.newValue("custom")),
		})
		return
	}
	at := w.random.IntN(len(it.Custom))
	switch f := &it.Custom[at]; w.random.IntN(4) {
	case 0:
		f.Label = w.newValue("label")
	case 1:
		it.Custom = append(it.Custom[:at:at], it.Custom[at+1:]...)
	default:
		f.Value = typed(w.newValue("custom"))
	}
}

// edit opens an item, types and saves it.
func (w *world) edit(d *device) {
	before, ok := w.pick(d, vault.Filter{})
	if !ok {
		w.create(d, vault.Login)
		return
	}
	w.editThis(d, before)
}

func (w *world) editThis(d *device, before vault.Item) {
	after := before.Clone()
	w.retype(&after)
	w.note("  %s edits %s: %s", d.name, before.Title, difference(&before, &after))
	w.save(d, &before, after)
}

// regret is an edit that arrives at the server, whose answer does not come back, and which is taken back meanwhile: for the device it is
// its own, and not one that another device has made.
func (w *world) regret(d *device) {
	w.edit(d)
	d.link.deaf = true
	w.sync(d)
	d.link.deaf = false
	if d.u == nil || d.dead != nil {
		return
	}
	w.takeBack(d)
	if w.random.IntN(2) == 0 {
		d.lock()
	}
}

// takeBack has a person regret his last edit here, which may be on its way: he empties what he typed, or deletes the item.
func (w *world) takeBack(d *device) {
	it, err := d.u.Vault().Get(w.ctx, d.last)
	if err != nil {
		w.edit(d)
		return
	}
	if w.random.IntN(3) == 0 {
		w.deleteItem(d, it)
		return
	}
	after := it.Clone()
	for key := range it.Values {
		if w.model.typedOn(d, string(it.Values[key].Reveal())) {
			after.Set(key, typed(""))
		}
	}
	foreign := func(element string) bool { return !w.model.typedOn(d, element) }
	after.Tags, after.Websites = keepOf(it.Tags, foreign), keepOf(it.Websites, foreign)
	w.note("  %s takes back from %s: %s", d.name, it.Title, difference(&it, &after))
	w.save(d, &it, after)
}

func keepOf(set []string, stays func(string) bool) (kept []string) {
	for _, element := range set {
		if stays(element) {
			kept = append(kept, element)
		}
	}
	return kept
}

func difference(before, after *vault.Item) string {
	old, now := contentOf(before), contentOf(after)
	var lines []string
	for _, field := range sortedKeys(old, now) {
		if old[field] != now[field] {
			lines = append(lines, fmt.Sprintf("%s %q → %q", field, old[field], now[field]))
		}
	}
	return strings.Join(lines, ", ")
}

// look leaves an item open in the editor; type and save come later, with whatever happened meanwhile.
func (w *world) look(d *device) {
	if it, ok := w.pick(d, vault.Filter{}); ok {
		w.note("  %s opens %s in the editor", d.name, it.Title)
		d.editor = &it
	}
}

func (w *world) saveEditor(d *device) {
	if d.editor == nil {
		w.edit(d)
		return
	}
	before := *d.editor
	d.editor = nil
	w.editThis(d, before)
}

// arrange does what changes no typed value: favorites, folders, trash.
func (w *world) arrange(d *device) {
	v := d.u.Vault()
	it, ok := w.pick(d, vault.Filter{})
	if !ok {
		return
	}
	w.model.touch(d, it.ID)
	var err error
	switch w.random.IntN(5) {
	case 0:
		w.note("  %s archives %s", d.name, it.Title)
		err = v.Archive(w.ctx, true, it.ID)
	case 1:
		w.note("  %s marks %s", d.name, it.Title)
		err = v.SetFavorite(w.ctx, !it.Favorite, it.ID)
	case 2:
		w.note("  %s moves %s", d.name, it.Title)
		err = v.Move(w.ctx, w.anyFolder(d), it.ID)
	default:
		w.note("  %s trashes %s", d.name, it.Title)
		err = v.Trash(w.ctx, it.ID)
	}
	if err != nil {
		w.fail("arrange", err)
	}
}

func (w *world) restore(d *device) {
	if it, ok := w.pick(d, vault.Filter{Trash: true}); ok {
		w.note("  %s restores %s", d.name, it.Title)
		w.model.touch(d, it.ID)
		if err := d.u.Vault().Restore(w.ctx, it.ID); err != nil {
			w.fail("restore", err)
		}
	}
}

// remove deletes an item for good, or all of the trash.
func (w *world) remove(d *device) {
	if w.random.IntN(2) == 0 {
		w.emptyTrash(d)
		return
	}
	it, ok := w.pick(d, vault.Filter{Trash: w.random.IntN(2) == 0})
	if !ok {
		return
	}
	w.deleteItem(d, it)
}

func (w *world) deleteItem(d *device, it vault.Item) {
	w.note("  %s deletes %s", d.name, it.Title)
	seen := w.model.seenFiles(d, it.ID)
	if err := d.u.Vault().DeleteForever(w.ctx, it.ID); err != nil {
		w.fail("delete", err)
		return
	}
	w.done(d, func() {
		w.model.gave(d, &it, "deleted")
		w.model.gaveFiles(d, &it, seen)
	})
}

func (w *world) emptyTrash(d *device) {
	held := w.model.held(d.u)
	var gone []vault.Item
	seen := map[id.ID][]vault.Attachment{}
	for _, s := range d.u.Vault().Query(vault.Filter{Trash: true}) {
		gone = append(gone, held.items[s.ID])
		seen[s.ID] = w.model.seenFiles(d, s.ID)
	}
	w.note("  %s empties the trash of %d", d.name, len(gone))
	if _, err := d.u.Vault().EmptyTrash(w.ctx); err != nil {
		w.fail("empty trash", err)
		return
	}
	w.done(d, func() {
		for _, it := range gone {
			w.model.gave(d, &it, "deleted with the trash")
			w.model.gaveFiles(d, &it, seen[it.ID])
		}
	})
}

// folders makes, renames and moves, or deletes one.
func (w *world) folders(d *device) {
	all := d.u.Vault().Folders()
	if len(all) == 0 || w.random.IntN(3) == 0 {
		w.makeFolder(d)
		return
	}
	f := all[w.random.IntN(len(all))]
	before, err := d.u.Vault().Get(w.ctx, f.ID)
	if err == nil && w.random.IntN(4) == 0 {
		w.note("  %s deletes folder %s", d.name, f.Name)
		if err = d.u.Vault().DeleteFolder(w.ctx, f.ID); err == nil {
			w.done(d, func() { w.model.gave(d, &before, "deleted") })
		}
	} else if err == nil {
		err = w.renameFolder(d, f, before)
	}
	if err != nil {
		w.fail("folder", err)
	}
}

func (w *world) renameFolder(d *device, f vault.Folder, before vault.Item) error {
	w.model.touch(d, f.ID)
	after := before.Clone()
	after.Title = w.newValue("folder")
	w.note("  %s renames folder %s to %s", d.name, f.Name, after.Title)
	f.Name = after.Title
	if w.random.IntN(3) == 0 {
		f.Parent = w.anyFolder(d)
	}
	_, err := d.u.Vault().SaveFolder(w.ctx, f)
	if errors.Is(err, vault.ErrInvalid) {
		return nil // into itself
	}
	if err == nil {
		w.done(d, func() { w.model.edited(d, &before, &after) })
	}
	return err
}

// settleConflict chooses between two values of a field.
func (w *world) settleConflict(d *device) {
	it, ok := w.pick(d, vault.Filter{Conflicts: true})
	if !ok {
		w.edit(d)
		return
	}
	open := it.Conflicts()
	conflict, take := open[w.random.IntN(len(open))], w.random.IntN(2) == 0
	w.note("  %s settles %s of %s: takes %q: %v", d.name, conflict.Field, it.Title, conflict.Value.Reveal(), take)
	w.model.touch(d, it.ID)
	w.model.again(&it, conflict.Field)
	if err := d.u.Vault().ResolveConflict(w.ctx, it.ID, conflict, take); err != nil {
		w.fail("settle", err)
	}
}

// restoreVersion makes an item what it was before one of its edits.
func (w *world) restoreVersion(d *device) {
	it, ok := w.pick(d, vault.Filter{})
	if !ok || len(it.Edits()) == 0 {
		w.edit(d)
		return
	}
	edit := it.Edits()[w.random.IntN(len(it.Edits()))]
	was, _ := it.Before(edit)
	w.note("  %s restores %s: %s", d.name, it.Title, difference(&it, &was))
	w.model.touch(d, it.ID)
	for _, e := range it.Edits() {
		for _, field := range e.Fields {
			w.model.again(&it, field)
		}
	}
	for _, field := range sortedKeys(contentOf(&it), contentOf(&was)) {
		w.model.again(&it, vault.Field(field)) // of a list, each element
	}
	if err := d.u.Vault().RestoreBefore(w.ctx, it.ID, edit); err != nil {
		w.fail("restore version", err)
	}
}

// importSome brings items in as an import does.
func (w *world) importSome(d *device) {
	var items []vault.Item
	for range 1 + w.random.IntN(3) {
		it := vault.Item{Kind: vault.Login, Title: w.newValue("title")}
		it.Set(vault.Password, typed(w.newValue("password")))
		items = append(items, it)
	}
	batch, err := d.u.Vault().Batch(w.ctx, items, nil, nil)
	if err != nil {
		w.fail("import", err)
		return
	}
	w.note("  %s imports %d", d.name, len(items))
	w.done(d, func() {
		d.batch = batch
		for _, s := range d.u.Vault().Query(vault.Filter{}) {
			for i := range items {
				if items[i].Title == s.Title {
					items[i].ID = s.ID
					w.model.edited(d, nil, &items[i])
				}
			}
		}
	})
}

// undoImport takes the last import back; what was changed since stays.
func (w *world) undoImport(d *device) {
	if d.batch.IsZero() {
		w.importSome(d)
		return
	}
	before := w.model.held(d.u)
	if _, err := d.u.Vault().UndoBatch(w.ctx, d.batch); err != nil {
		w.fail("undo import", err)
		return
	}
	w.note("  %s takes its import back", d.name)
	w.done(d, func() {
		d.batch = id.ID{}
		after := w.model.held(d.u)
		for object, it := range before.items {
			if _, still := after.items[object]; !still {
				w.model.gave(d, &it, "import taken back")
			}
		}
	})
}
