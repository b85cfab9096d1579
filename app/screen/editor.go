package screen

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault"
)

// Editor changes one item. It owns the item it is given and wipes it on Leave.
type Editor struct {
	model[EditorState]
	config   EditorConfig
	item     vault.Item // as typed so far
	original vault.Item
	websites []website
	typed    map[vault.Field]string // what was typed and cannot be kept as it is, such as half a date
	filled   map[vault.Field]int
	tag      string // being typed; saving adds it, as Enter does
	meters   meters
	queue    []string // paths of files that are attached when the item is saved

	checked bool // Save was tried: empty fields are now errors too
	refused int
	busy    bool
	problem Message
	ask     bool
	onLeave func() // what follows when nothing has to be kept any more
}

// EditorConfig says what to edit and what becomes of it. The functions are called on the UI goroutine, except Save.
type EditorConfig struct {
	Item     vault.Item
	Original vault.Item // what Item is an edit of: leaving asks where they differ
	New      bool
	Folders  []Choice
	Save     func(context.Context, *vault.Item) error
	Saved    func(item id.ID)
	Canceled func()
	Generate func(use func(secret.Bytes)) // opens the generator; use takes ownership
	Attach   func(item id.ID, paths []string)
	// NewFolder makes a folder, and says which one it is. Where it could not, it has said so.
	NewFolder func(name string, made func(folder id.ID))
}

// website has a number of its own: indexes shift when one is removed.
type website struct {
	number int
	text   string
}

const websitePrefix = "website/"

// passwordField is the one field whose strength is shown.
var passwordField = vault.ValueField(vault.Password)

// NewEditor takes ownership of the items.
func NewEditor(env *Env, config EditorConfig) *Editor {
	e := &Editor{config: config, item: config.Item, original: config.Original, typed: map[vault.Field]string{}, filled: map[vault.Field]int{}}
	for _, text := range config.Item.Websites {
		e.addWebsite(text)
	}
	if e.hasWebsites() && len(e.websites) == 0 {
		e.addWebsite("")
	}
	e.begin(env, e.view)
	e.meters.begin(env, e.run, e.changed)
	e.meters.measure(string(passwordField), e.bytes(passwordField), inputs(&e.item)...)
	return e
}

// Leave wipes what was typed.
func (e *Editor) Leave() {
	e.model.Leave()
	e.item.Wipe()
	e.original.Wipe()
}

func (e *Editor) hasWebsites() bool {
	spec, _ := vault.SpecOf(e.item.Kind)
	return spec.Websites || len(e.item.Websites) > 0
}

func (e *Editor) addWebsite(text string) {
	number := 0
	for _, w := range e.websites {
		number = max(number, w.number+1)
	}
	e.websites = append(slices.Clip(e.websites), website{number, text})
}

// edit makes a change, except while the item is being saved: what is on the screen then is what is kept.
func (e *Editor) edit(change func()) {
	if !e.busy {
		e.problem = Message{}
		change()
	}
	e.changed()
}

// SetText sets the name, a field that is no secret, a website or a custom field's label.
func (e *Editor) SetText(field, text string) {
	e.edit(func() {
		if number, ok := strings.CutPrefix(field, websitePrefix); ok {
			e.setWebsite(number, text)
		} else {
			e.setText(vault.Field(field), text)
		}
	})
}

func (e *Editor) setWebsite(number, text string) {
	e.websites = slices.Clone(e.websites)
	for i, w := range e.websites {
		if strconv.Itoa(w.number) == number {
			e.websites[i].text = text
		}
	}
}

func (e *Editor) setText(field vault.Field, text string) {
	kept, ok := keep(typeOf(&e.item, field), text)
	delete(e.typed, field)
	if !ok {
		// What was typed stays on the screen, the field stays as it was, and saving is refused.
		e.typed[field] = text
		return
	}
	e.put(field, secret.FromString(kept))
}

// keep turns typed text into the value that is kept; false where it is none of the type.
func keep(t vault.FieldType, text string) (kept string, ok bool) {
	if text == "" {
		return "", true
	}
	switch t {
	case vault.Month:
		return readMonth(text)
	case vault.Date:
		return readDay(text)
	}
	return text, true
}

// SetSecret sets a secret field and takes ownership of the value.
func (e *Editor) SetSecret(field string, value secret.Bytes) {
	if e.busy {
		value.Wipe()
	}
	e.edit(func() {
		e.put(vault.Field(field), value)
		if field == string(passwordField) {
			e.meters.measure(field, value, inputs(&e.item)...)
		}
	})
}

// Secret is a copy of a secret field as it is now, for the view to show and wipe.
func (e *Editor) Secret(field string) secret.Bytes { return e.bytes(vault.Field(field)).Clone() }

func (e *Editor) bytes(field vault.Field) secret.Bytes { return valueOf(&e.item, field) }

// put writes a value into the item, which takes ownership; the one before is wiped.
func (e *Editor) put(field vault.Field, value secret.Bytes) {
	valueOf(&e.item, field).Wipe()
	setValue(&e.item, field, value)
}

// Generate opens the generator and puts what it gives into the field.
func (e *Editor) Generate(field string) {
	e.config.Generate(func(value secret.Bytes) {
		if e.run.Stopped() {
			value.Wipe()
			return
		}
		e.filled[vault.Field(field)]++
		e.SetSecret(field, value)
	})
}

// AddWebsite adds an empty line.
func (e *Editor) AddWebsite() { e.edit(func() { e.addWebsite("") }) }

// AddField adds an empty custom field of the type, one of State.AddField.
func (e *Editor) AddField(fieldType string) {
	e.edit(func() {
		e.item.Custom = append(slices.Clip(e.item.Custom), vault.CustomField{ID: id.New(), Type: vault.FieldType(fieldType)})
	})
}

// Remove removes a website or a custom field.
func (e *Editor) Remove(field string) {
	e.edit(func() {
		e.websites = slices.DeleteFunc(slices.Clone(e.websites), func(w website) bool { return w.field() == field })
		e.item.Custom = slices.DeleteFunc(slices.Clone(e.item.Custom), func(c vault.CustomField) bool {
			return string(vault.CustomValue(c.ID)) == field
		})
		delete(e.typed, vault.Field(field))
	})
}

func (w website) field() string { return websitePrefix + strconv.Itoa(w.number) }

// AddTag adds a tag; one that the item has already changes nothing.
func (e *Editor) AddTag(tag string) { e.edit(func() { e.addTag(tag) }) }

func (e *Editor) addTag(tag string) {
	e.tag = ""
	if tag = strings.TrimSpace(tag); tag != "" && !slices.Contains(e.item.Tags, tag) {
		e.item.Tags = append(slices.Clip(e.item.Tags), tag)
	}
}

// SetTag takes what is typed of a further tag.
func (e *Editor) SetTag(text string) { e.edit(func() { e.tag = text }) }

// RemoveTag removes a tag.
func (e *Editor) RemoveTag(tag string) {
	e.edit(func() {
		e.item.Tags = slices.DeleteFunc(slices.Clone(e.item.Tags), func(t string) bool { return t == tag })
	})
}

// SetFolder moves the item to a folder, one of State.Folders.
func (e *Editor) SetFolder(choice string) {
	e.edit(func() { e.item.Folder, _ = id.Parse(choice) }) // "" is no folder
}

// NewFolder moves the item to a folder that it makes, or to the one that has the name already. The folder stays when the item is not saved.
func (e *Editor) NewFolder(name string) {
	name = strings.TrimSpace(name)
	if at := slices.IndexFunc(e.config.Folders, func(c Choice) bool { return c.Label == name }); at >= 0 {
		e.SetFolder(e.config.Folders[at].ID)
		return
	}
	e.config.NewFolder(name, func(folder id.ID) {
		if !e.run.Stopped() {
			e.config.Folders = append(slices.Clip(e.config.Folders), Choice{ID: folder.String(), Label: name})
			e.SetFolder(folder.String())
		}
	})
}

// Save keeps the item. If that fails, everything typed stays where it is.
func (e *Editor) Save() {
	e.checked = true
	if e.busy {
		return
	}
	if !e.valid() {
		e.refused++
		e.changed()
		return
	}
	if !e.edited() && !e.config.New {
		e.saved(e.item.ID, nil) // there are only files to attach, or nothing
		return
	}
	e.busy, e.problem = true, Message{}
	e.complete()
	item := e.item.Clone()
	Run(e.run, func(ctx context.Context) (id.ID, error) {
		defer item.Wipe()
		err := e.config.Save(ctx, &item)
		return item.ID, err
	}, e.saved)
	e.changed()
}

func (e *Editor) saved(item id.ID, err error) {
	e.busy = false
	if err != nil {
		e.ask, e.onLeave = false, nil
		e.problem = explain(e.env.Words, err)
		e.changed()
		return
	}
	queue, leave := e.queue, e.onLeave
	e.config.Saved(item)
	if len(queue) > 0 {
		e.config.Attach(item, queue)
	}
	if leave != nil {
		leave()
	}
}

// complete fills in what a person may leave out.
func (e *Editor) complete() {
	e.addTag(e.tag)
	e.item.Websites = nil
	for _, w := range e.websites {
		if text := strings.TrimSpace(w.text); text != "" && !slices.Contains(e.item.Websites, text) {
			e.item.Websites = append(e.item.Websites, text)
		}
	}
	e.item.Title = strings.TrimSpace(e.item.Title)
	if e.item.Title == "" && len(e.item.Websites) > 0 {
		if address, ok := webAddress(e.item.Websites[0]); ok {
			e.item.Title = strings.TrimPrefix(hostOf(address), "www.")
		}
	}
}

// Cancel ends the editor; if something would be lost, it asks first. What is being saved ends it by itself, and leads nowhere else.
func (e *Editor) Cancel() {
	if e.busy {
		e.onLeave = nil
		return
	}
	e.LeaveFor(e.config.Canceled)
}

// LeaveFor calls next once nothing typed would be lost: now, when it is saved, or when the person has chosen to discard it.
func (e *Editor) LeaveFor(next func()) {
	switch {
	case e.busy:
		e.onLeave = next
	case !e.dirty():
		next()
	default:
		e.ask, e.onLeave = true, next
		e.changed()
	}
}

// Discard gives up what was typed; the answer to State.Ask.
func (e *Editor) Discard() {
	if e.ask && e.onLeave != nil {
		e.onLeave()
	}
}

// KeepEditing is the other answer to State.Ask.
func (e *Editor) KeepEditing() {
	e.ask, e.onLeave = false, nil
	e.changed()
}

// unsaved gives a copy of the item to keep when the vault is about to be locked, or false if there is nothing to keep.
func (e *Editor) unsaved() (vault.Item, bool) {
	if !e.edited() {
		return vault.Item{}, false
	}
	e.complete()
	if e.item.Title == "" {
		e.item.Title = e.text("screen.editor.untitled")
	}
	item := e.item.Clone()
	// What its field cannot keep, such as half a date, gets a field of its own: a lock does not wait for somebody to say what was meant.
	for _, field := range slices.Sorted(maps.Keys(e.typed)) {
		item.Custom = append(item.Custom, vault.CustomField{
			ID: id.New(), Label: cmp.Or(labelOf(e.env.Words, &e.item, field), item.Title), Type: vault.Text, Value: secret.FromString(e.typed[field]),
		})
	}
	return item, true
}

// hold keeps typing out while a lock saves what unsaved gave: it would be neither in that nor on the screen afterwards.
func (e *Editor) hold(saving bool) {
	e.busy, e.onLeave = saving, nil
	e.changed()
}

// dirty reports whether leaving would lose something.
func (e *Editor) dirty() bool { return len(e.queue) > 0 || e.edited() }

// edited reports whether something was typed.
func (e *Editor) edited() bool {
	return len(e.typed) > 0 || strings.TrimSpace(e.tag) != "" || !sameContent(&e.item, &e.original) || !slices.Equal(e.websiteTexts(), e.original.Websites)
}

func (e *Editor) websiteTexts() []string {
	var texts []string
	for _, w := range e.websites {
		if text := strings.TrimSpace(w.text); text != "" {
			texts = append(texts, text)
		}
	}
	return texts
}

// sameContent compares what an editor can change, except websites.
func sameContent(a, b *vault.Item) bool {
	return a.Title == b.Title && a.Folder == b.Folder && slices.Equal(a.Tags, b.Tags) && sameValues(a, b) && sameValues(b, a) &&
		slices.EqualFunc(a.Custom, b.Custom, func(x, y vault.CustomField) bool {
			return x.ID == y.ID && x.Label == y.Label && x.Type == y.Type && x.Value.Equal(y.Value)
		})
}

func sameValues(a, b *vault.Item) bool {
	for key, value := range a.Values {
		if !value.Equal(b.Values[key]) {
			return false
		}
	}
	return true
}
