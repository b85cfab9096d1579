package sim

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/vault"
)

// model is what the people at the devices know: every value that was typed, what each replaced, and which ones somebody who saw them
// gave up. It knows nothing of how the vault works.
type model struct {
	w      *world
	typed  []*write
	newest map[string]*write // by value
	// deleted are items that somebody deleted for good; an edit elsewhere may bring them back as they were there.
	deleted map[id.ID]bool
	// reused are fields into which an old value was put again: there a value does not tell which edit it comes from.
	reused  map[string]bool
	files   []*file
	touches []*touch
	gone    []deletion
}

// touch is one change of an item at a device, also of what nobody types, and whether or not its device was killed over it.
type touch struct {
	item id.ID
	sent bool
	// known are the devices that have it.
	known map[*device]bool
}

// deletion is an item that somebody deleted for good on a device that had every change of it.
type deletion struct {
	item   id.ID
	title  string
	device *device
	synced bool
}

// touch notes that an item is about to be changed. Where it had been deleted, it may come back now.
func (m *model) touch(d *device, item id.ID) {
	m.touches = append(m.touches, &touch{item: item, known: map[*device]bool{d: true}})
	m.gone = slices.DeleteFunc(m.gone, func(g deletion) bool { return g.item == item })
}

// knows tells whether a device has every change of an item.
func (m *model) knows(d *device, item id.ID) bool {
	return !slices.ContainsFunc(m.touches, func(t *touch) bool { return t.item == item && !t.known[d] })
}

// write is a value typed into a field, or a field emptied (value "").
type write struct {
	value  string
	device *device
	item   id.ID
	field  string
	// replaced are the writes that the person saw in the field, or chose between.
	replaced []*write
	// given is why nobody misses the value: somebody saw it and deleted the item. What is replaced is kept in the history.
	given  string
	synced bool // the device has said that everything is at the server
	unsent bool // the device was ended before it could send it
}

func newModel(w *world) *model {
	return &model{w: w, newest: map[string]*write{}, deleted: map[id.ID]bool{}, reused: map[string]bool{}}
}

// content is an item as a flat table of what can be typed into it. Elements of sets have an entry each.
type content map[string]string

func contentOf(it *vault.Item) content {
	c := content{}
	c.put(string(vault.FieldTitle), it.Title)
	for key, value := range it.Values {
		c.put(string(vault.ValueField(key)), string(value.Reveal()))
	}
	for _, f := range it.Custom {
		c.put(string(vault.CustomValue(f.ID)), string(f.Value.Reveal()))
		c.put(string(vault.CustomLabel(f.ID)), f.Label)
	}
	for _, website := range it.Websites {
		c.put("website "+website, website)
	}
	for _, tag := range it.Tags {
		c.put("tag "+tag, tag)
	}
	return c
}

func (c content) put(field, value string) {
	if value != "" {
		c[field] = value
	}
}

// edited notes a save of a person who saw before and left after; before is nil for a new item.
func (m *model) edited(d *device, before, after *vault.Item) {
	old, now := content{}, contentOf(after)
	if before != nil {
		old = contentOf(before)
	}
	for _, field := range sortedKeys(old, now) {
		if old[field] == now[field] {
			continue
		}
		w := &write{value: now[field], device: d, item: after.ID, field: field}
		if replaced := m.newest[old[field]]; old[field] != "" && replaced != nil {
			w.replaced = append(w.replaced, replaced)
		}
		m.add(w)
	}
}

// typedOn tells whether a value was typed on a device.
func (m *model) typedOn(d *device, value string) bool {
	w := m.newest[value]
	return w != nil && w.device == d
}

func (m *model) add(w *write) {
	m.typed = append(m.typed, w)
	if w.value != "" {
		m.newest[w.value] = w
	}
}

// again notes that a person put an old value into a field.
func (m *model) again(it *vault.Item, field vault.Field) {
	m.reused[it.ID.String()+string(field)] = true
}

// gave notes that a person deleted an item, seeing all that is in it.
func (m *model) gave(d *device, it *vault.Item, why string) {
	m.deleted[it.ID] = true
	if m.knows(d, it.ID) {
		m.gone = append(m.gone, deletion{item: it.ID, title: it.Title, device: d})
	}
	for _, value := range contentOf(it) {
		m.give(value, why)
	}
	for _, past := range it.History {
		for _, value := range pastValues(past) {
			m.give(value, why)
		}
	}
}

func (m *model) give(value, why string) {
	if w := m.newest[value]; value != "" && w != nil && w.given == "" {
		w.given = why
	}
}

// removed tells whether a person took away the custom field that the value was typed into. An edit elsewhere may bring the field back as
// it was there.
func (m *model) removed(t *write) bool {
	return strings.HasPrefix(t.field, "custom/") && slices.ContainsFunc(m.typed, func(w *write) bool {
		return w.item == t.item && w.field == t.field && w.value == ""
	})
}

// atTheServer are the changes that some device has sent.
func (m *model) atTheServer() map[*touch]bool {
	sent := map[*touch]bool{}
	for _, t := range m.touches {
		sent[t] = t.sent
	}
	return sent
}

// synced notes that a device has said that it is in step with the server, as it was when the sync began or later.
func (m *model) synced(d *device, before map[*touch]bool) {
	for _, t := range m.touches {
		t.sent = t.sent || t.known[d]
		t.known[d] = t.known[d] || before[t]
	}
	for i, g := range m.gone {
		m.gone[i].synced = g.synced || g.device == d
	}
	for _, w := range m.typed {
		if w.device == d {
			w.synced = true
		}
	}
}

// checkOwn demands that a device has everything that was typed on it.
func (m *model) checkOwn(d *device) {
	held := m.held(d.u)
	for _, w := range m.typed {
		if w.device == d && w.value != "" && w.given == "" && !held.values[w.value] {
			m.w.fail("lost", fmt.Errorf("%s was typed on %s into %s of %s and is not there", w.value, d.name, w.field, w.item))
		}
	}
	m.checkOwnFiles(d)
}

// holdings is everything that a device shows.
type holdings struct {
	u      *session.Unlocked
	values map[string]bool // in fields, histories and sets
	items  map[id.ID]vault.Item
	text   map[id.ID]string // each item in one spelling
}

func (m *model) held(u *session.Unlocked) holdings {
	h := holdings{u: u, values: map[string]bool{}, items: map[id.ID]vault.Item{}, text: map[id.ID]string{}}
	v := u.Vault()
	err := v.Each(m.w.ctx, func(it *vault.Item) error {
		h.add(it.Clone())
		return nil
	})
	if err != nil {
		m.w.fail("read", err)
	}
	for _, f := range v.Folders() {
		it, err := v.Get(m.w.ctx, f.ID)
		if err != nil {
			m.w.fail("read", err)
		}
		h.add(it)
	}
	return h
}

func (h *holdings) add(it vault.Item) {
	h.items[it.ID] = it
	for _, value := range contentOf(&it) {
		h.values[value] = true
	}
	for _, past := range it.History {
		for _, value := range pastValues(past) {
			h.values[value] = true
		}
	}
	h.text[it.ID] = spell(&it)
}

// pastValues are the values of a history entry: a list was one of lines.
func pastValues(p vault.Past) []string { return strings.Split(string(p.Value.Reveal()), "\n") }

// spell writes all of an item down, the history in an order of its own.
func spell(it *vault.Item) string {
	var lines []string
	for field, value := range contentOf(it) {
		lines = append(lines, field+" = "+value)
	}
	for _, p := range it.History {
		lines = append(lines, fmt.Sprintf("past %s = %s at %d by %s, open %v", p.Field, p.Value.Reveal(), p.Time, p.Device, p.Conflict))
	}
	sort.Strings(lines)
	lines = append(lines, fmt.Sprintf("kind %s, folder %s, favorite %v, archived %d, trashed %d, updated %d, password set %d, order %q %q %q",
		it.Kind, it.Folder, it.Favorite, it.ArchivedAt, it.TrashedAt, it.UpdatedAt, it.PasswordSetAt, it.Websites, it.Tags, it.Attachments))
	return strings.Join(lines, "\n")
}

func sortedKeys(maps ...content) []string {
	var all []string
	for _, m := range maps {
		for key := range m {
			all = append(all, key)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
