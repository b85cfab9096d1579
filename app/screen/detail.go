package screen

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault"
	"github.com/coffer-vault/coffer/vault/audit"
)

const historyPrefix = "history/"

// Detail shows one item. It holds the item's secrets only while it is shown.
type Detail struct {
	model[DetailState]
	config DetailConfig
	id     id.ID

	item     vault.Item
	loaded   bool
	loading  bool
	problem  Message
	revealed revealer
	meters   meters

	files        itemFiles
	filesProblem Message
	cancelFiles  func()
	listing      bool // what comes of it may be older than what happens meanwhile

	historyOpen bool
	stopCodes   func()
	cancel      func()
}

// DetailConfig says where items come from and where the actions lead. The functions are called on the UI goroutine, except Get.
type DetailConfig struct {
	Get        func(context.Context, id.ID) (vault.Item, error)
	FolderName func(id.ID) string                   // empty for none
	Copied     func(text secret.Bytes, what string) // takes ownership
	Edit       func(item vault.Item, generate bool) // takes ownership; generate: a new password is wanted at once
	Conflicts  func(item vault.Item)                // takes ownership
	Restore    func(id.ID)
	Unarchive  func(id.ID)
	Failed     func(Message)

	RestoreVersion func(item id.ID, edit vault.Edit) // as it was before the edit

	ClockOff func() time.Duration // how far this PC's clock is known to be off; nil: not at all

	// What the security check says of an item; nil where there is none.
	Findings func(item id.ID) audit.Entry
	Twins    func(item id.ID) []string // titles of items with the same password
	Ignore   func(item id.ID, f vault.Finding, ignore bool)
	InCheck  bool   // the item is shown for what was found
	Back     func() // to the overview of the check; nil if that is not where it was opened

	files         *files // nil where items have none
	DeleteRemoved func(item id.ID, removed []vault.Attachment)
}

// NewDetail loads an item and shows it.
func NewDetail(env *Env, config DetailConfig, item id.ID) *Detail {
	d := &Detail{config: config, id: item}
	d.begin(env, d.view)
	d.meters.begin(env, d.run, d.changed)
	d.revealed.begin(d.run, d.changed)
	d.Reload()
	return d
}

// Leave wipes the item.
func (d *Detail) Leave() {
	d.model.Leave()
	d.forget()
}

func (d *Detail) forget() {
	d.item.Wipe()
	d.item, d.loaded = vault.Item{}, false
}

// Reload reads the item again, after it has changed. What is shown stays until then.
func (d *Detail) Reload() {
	if d.cancel != nil {
		d.cancel()
	}
	d.loading = true
	d.cancel = RunOwned(d.run, func(ctx context.Context) (vault.Item, error) {
		return d.config.Get(ctx, d.id)
	}, d.arrived, func(it vault.Item) { it.Wipe() })
	d.reloadFiles()
	d.changed()
}

func (d *Detail) arrived(it vault.Item, err error) {
	d.loading = false
	d.forget()
	d.problem = explain(d.env.Words, err)
	if err == nil {
		d.item, d.loaded = it, true
		d.revealed.hideAll()
		d.meters.measure(string(passwordField), it.Value(vault.Password), inputs(&it)...)
		d.tickCodes()
	}
	d.changed()
}

// tickCodes keeps one-time codes current while the item has one. It wakes the program when what is shown of them changes, and not before.
func (d *Detail) tickCodes() {
	if d.stopCodes != nil {
		d.stopCodes()
		d.stopCodes = nil
	}
	var next time.Duration
	for _, card := range d.cards() {
		for _, row := range card.Rows {
			if row.Type != RowCode {
				continue
			}
			code, err := codeAt(d.bytes(row.ID), d.env.Clock.Now())
			if after := code.untilNext(); err == nil && (next == 0 || after < next) {
				next = after
			}
		}
	}
	if next > 0 {
		d.stopCodes = d.run.After(next, func() {
			d.tickCodes()
			d.changed()
		})
	}
}

// bytes lends the value of a row.
func (d *Detail) bytes(row string) secret.Bytes {
	if website, ok := d.websiteOf(row); ok {
		return secret.FromString(website)
	}
	if past, ok := d.pastOf(row); ok {
		return past.Value
	}
	return valueOf(&d.item, vault.Field(row))
}

// websiteOf finds the website that a row shows.
func (d *Detail) websiteOf(row string) (string, bool) {
	digits, ok := strings.CutPrefix(row, websitePrefix)
	i, err := strconv.Atoi(digits)
	if !ok || err != nil || i < 0 || i >= len(d.item.Websites) {
		return "", false
	}
	return d.item.Websites[i], true
}

// pastOf finds the earlier value that a row shows.
func (d *Detail) pastOf(row string) (vault.Past, bool) {
	digits, ok := strings.CutPrefix(row, historyPrefix)
	i, err := strconv.Atoi(digits)
	if !ok || err != nil || i < 0 || i >= len(d.item.History) {
		return vault.Past{}, false
	}
	return d.item.History[i], true
}

// Reveal shows a secret for a while, or hides it again.
func (d *Detail) Reveal(row string) {
	if !d.bytes(row).IsZero() {
		d.revealed.toggle(row)
	}
}

// Secret is a copy of a revealed secret, for the view to draw and wipe; nothing while it is hidden.
func (d *Detail) Secret(row string) secret.Bytes {
	if !d.revealed.shown(row) {
		return secret.Bytes{}
	}
	return d.bytes(row).Clone()
}

// Copy puts the value of a row on the clipboard; of a one-time code, the code.
func (d *Detail) Copy(row string) {
	value := d.bytes(row).Clone()
	if typeOf(&d.item, vault.Field(row)) == vault.TOTP {
		code, err := codeAt(value, d.env.Clock.Now())
		value.Wipe()
		if err != nil {
			return
		}
		value = secret.FromString(code.text)
	}
	if !value.IsZero() {
		d.config.Copied(value, d.labelOf(row))
	}
}

func (d *Detail) labelOf(row string) string {
	if _, ok := d.websiteOf(row); ok {
		return d.text("screen.field.website")
	}
	if past, ok := d.pastOf(row); ok {
		return labelOf(d.env.Words, &d.item, past.Field)
	}
	return labelOf(d.env.Words, &d.item, vault.Field(row))
}

// CopyUser, CopyPassword and CopyCode copy what their shortcuts name; without such a value nothing happens.
func (d *Detail) CopyUser() { d.Copy(string(vault.ValueField(vault.Username))) }

// CopyPassword copies the password.
func (d *Detail) CopyPassword() { d.Copy(string(passwordField)) }

// CopyCode copies the one-time code of this moment.
func (d *Detail) CopyCode() { d.Copy(string(vault.ValueField(vault.OTP))) }

// RevealPassword shows or hides the password.
func (d *Detail) RevealPassword() { d.Reveal(string(passwordField)) }

// OpenSite opens the first website that a browser can open.
func (d *Detail) OpenSite() {
	if i := d.firstSite(); i >= 0 {
		d.Open(websitePrefix + strconv.Itoa(i))
	}
}

// firstSite is the number of that website; -1 if there is none.
func (d *Detail) firstSite() int {
	return slices.IndexFunc(d.item.Websites, func(website string) bool {
		_, ok := webAddress(website)
		return ok
	})
}

// Open opens a website in the browser.
func (d *Detail) Open(row string) {
	address, ok := webAddress(string(d.bytes(row).Reveal()))
	if !ok {
		return
	}
	Run(d.run, func(context.Context) (struct{}, error) { return struct{}{}, d.env.OpenURL(address) }, func(_ struct{}, err error) {
		if err != nil {
			d.config.Failed(explain(d.env.Words, err))
		}
	})
}

// ToggleHistory shows or hides the earlier values.
func (d *Detail) ToggleHistory() {
	d.historyOpen = !d.historyOpen
	d.changed()
}

// RestoreVersion makes the item what it was before an edit of State.History.
func (d *Detail) RestoreVersion(edit int) {
	if edits := d.item.Edits(); d.loaded && d.State().CanEdit && edit >= 0 && edit < len(edits) {
		d.config.RestoreVersion(d.id, edits[edit])
	}
}

// Edit opens the editor.
func (d *Detail) Edit() { d.edit(false) }

func (d *Detail) edit(generate bool) {
	if d.loaded && d.State().CanEdit {
		d.config.Edit(d.item.Clone(), generate)
	}
}

// Act does what the button of a banner says.
func (d *Detail) Act(banner BannerKind) {
	switch banner {
	case BannerWeak, BannerBreached, BannerReused, BannerOld:
		d.changePassword()
	case BannerInsecure, BannerExpired, BannerNoCode:
		d.Edit()
	case BannerTrashed:
		d.config.Restore(d.id)
	case BannerArchived:
		d.config.Unarchive(d.id)
	case BannerConflict:
		if d.loaded && !d.readOnly() {
			d.config.Conflicts(d.item.Clone())
		}
	}
}
