package screen

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault"
)

// How long a toast stays: longer where there is something to undo.
const (
	toastTime = 4 * time.Second
	undoTime  = 8 * time.Second
)

// Vault is the main window over an unlocked account.
type Vault struct {
	model[VaultState]
	config VaultConfig
	vault  *vault.Vault

	place    Place
	search   string
	sort     vault.Sort
	filter   vault.Filter // what rows were asked for
	rows     []*vault.Summary
	counts   vault.Counts
	folders  []vault.Folder
	selected id.ID         // the row that the cursor is on
	marked   *marked       // nil unless several are selected, or the cursor has left what is
	anchor   id.ID         // where a range begins
	made     id.ID         // a new item that the list is to show, wherever it is; zero for none
	facts    facts         // of marked
	places   map[id.ID]int // rows of items that were looked for, -1 for none
	loading  bool          // the first list has not arrived
	asking   asking        // queries

	detail    *Detail
	editor    *Editor
	conflicts *Conflicts
	generator *Generator
	settings  *Settings
	imports   *Import
	trouble   *Trouble
	files     files
	sheet     SheetModel
	security  *Security

	status    session.Status
	toast     Toast
	toasts    int
	undo      func() // takes back what was changed last, also when its toast is gone; nil if it cannot be
	stopWork  func() // stops what is being done to many items; nil while nothing is
	nextWork  []func()
	hideToast func()
	ask       Question
	confirm   func()
	problem   Message
	release   []func() // ends the subscriptions
	recipe    *recipe  // of the generator, until the vault is locked
	fillings  []id.ID  // what the generator put into the editor
	palette   *Palette
	recent    []string     // what the palette was used for, the latest first
	viewDoes  func(Action) // what moves the focus or opens a menu
}

// VaultConfig is what the window works with and where its ways out lead.
type VaultConfig struct {
	Unlocked    *session.Unlocked
	Accounts    []session.Account // on this PC, for the menu that switches
	Notice      string            // a toast to begin with
	ClearAfter  func() time.Duration
	Lock        func()
	SwitchTo    func(account id.ID)      // zero: an account that is not on this PC
	IsOpen      func(account id.ID) bool // another one, which rests
	LockAll     func()
	NewSettings func(u *session.Unlocked, done func()) *Settings
	// Settings are those of this PC, and ChangeSettings uses and keeps others; nil: the usual ones, which cannot be changed.
	Settings       func() session.Settings
	ChangeSettings func(values session.Settings, failed func(error))
	Deleted        func()                  // the account is no longer: it is to go from this PC too
	Forget         func()                  // the account is to go from this PC
	SignedOut      func()                  // another device has ended the session
	Reopened       func(*session.Unlocked) // the account was set up again: this one is locked, and that one open
	Place          Place                   // what the list shows first
	Went           func(Place)             // it shows another one
	News           func(string)            // what became of a change that a lock has stopped

	copier *copier
}

// NewVault shows all items.
func NewVault(env *Env, config VaultConfig) *Vault {
	v := &Vault{config: config, vault: config.Unlocked.Vault(), place: config.Place, loading: true, places: map[id.ID]int{}, recipe: newRecipe(env.Words.Code()), viewDoes: func(Action) {}}
	v.begin(env, v.view)
	v.release = []func(){
		v.files.begin(env, v.run, config.Unlocked, v.fileHooks()),
		v.vault.Subscribe(func(c vault.Change) { v.post(func() { v.vaultChanged(c) }) }),
		config.Unlocked.OnStatus(func() { v.post(v.statusChanged) }),
	}
	if v.status = config.Unlocked.Status(); v.status.Notices.SignedOut {
		v.post(v.statusChanged) // a sync was quicker than the screen
	}
	v.run.Every(time.Minute, v.changed) // "Synced 3 min ago"
	v.security = newSecurity(v)
	v.refresh()
	if config.Notice != "" {
		v.say(config.Notice, nil)
	}
	v.openConfirm()
	return v
}

// post runs f on the UI goroutine, unless the screen is left by then.
func (v *Vault) post(f func()) {
	v.env.Post(func() {
		if !v.run.Stopped() {
			f()
		}
	})
}

// Leave wipes what is shown.
func (v *Vault) Leave() {
	for _, release := range v.release {
		release()
	}
	v.model.Leave()
	v.security.Leave()
	v.closePane()
	v.closeDialogs()
	v.rows, v.places, v.folders, v.counts, v.marked, v.facts, v.undo, v.recent = nil, map[id.ID]int{}, nil, vault.Counts{}, nil, facts{}, nil, nil
}

// Trouble is the model of DialogTrouble.
func (v *Vault) Trouble() *Trouble { return v.trouble }

// Detail, Editor, Conflicts, Generator, Settings and Import are the models that State.Pane and State.Dialog name.
func (v *Vault) Detail() *Detail       { return v.detail }
func (v *Vault) Editor() *Editor       { return v.editor }
func (v *Vault) Conflicts() *Conflicts { return v.conflicts }
func (v *Vault) Generator() *Generator { return v.generator }
func (v *Vault) Settings() *Settings   { return v.settings }
func (v *Vault) Import() *Import       { return v.imports }

// Security is the model of PaneSecurity, which is there always.
func (v *Vault) Security() *Security { return v.security }

// found is what a query gives, with all that would take its time for many rows on the UI goroutine.
type found struct {
	filter  vault.Filter
	rows    []*vault.Summary
	counts  vault.Counts
	folders []vault.Folder

	of     *marked // the selection as it was when the query was asked
	marked *marked // what the rows show of it; nil where of is
	facts  facts   // of that
	places map[id.ID]int
}

// refresh asks the vault again, off the UI goroutine. However often it is called while a query runs, one more follows.
func (v *Vault) refresh() {
	if !v.asking.begin() {
		return
	}
	filter, place, check := v.place.filter(v.search, v.sort), v.place, v.security.check
	before, selection, wanted := v.rows, v.marked, []id.ID{v.selected, v.anchor}
	Run(v.run, func(context.Context) (found, error) {
		rows := v.vault.Query(filter)
		if filter.Conflicts {
			rows = v.vault.Undecided(filter.Text, filter.Sort)
		}
		if place.Kind == PlaceSecurity {
			rows = pickFindings(check, rows, place.Finding, filter.Text != "")
		}
		f := found{filter: filter, rows: rows, counts: v.vault.Counts(), folders: v.vault.Folders(), of: selection, places: placesOf(rows, wanted)}
		if selection != nil {
			f.marked = selection.carry(before, rows)
			f.facts = gather(rows, f.marked)
		}
		return f, nil
	}, func(f found, _ error) {
		// The latest wins: what was asked before, or for another selection, is not shown.
		if again := v.asking.end(); again || f.of != v.marked {
			v.refresh()
			return
		}
		v.show(f)
	})
}

// placesOf looks for items in a list.
func placesOf(rows []*vault.Summary, wanted []id.ID) map[id.ID]int {
	places := map[id.ID]int{}
	for _, item := range wanted {
		places[item] = -1
	}
	for i, s := range rows {
		if slices.Contains(wanted, s.ID) {
			places[s.ID] = i
		}
	}
	return places
}

func (v *Vault) show(f found) {
	before := v.indexOf(v.selected)
	hadSeveral := v.marked != nil
	asked := f.filter != v.filter // the person asked for another list, and not the vault changed
	searched := f.filter.Text != "" && f.filter.Text != v.filter.Text && (len(f.rows) == 0 || f.rows[0].ID != v.selected)
	renamed := !slices.Equal(v.folders, f.folders)
	v.filter, v.rows, v.counts, v.folders, v.loading, v.places = f.filter, f.rows, f.counts, f.folders, false, f.places
	if renamed && v.detail != nil {
		v.detail.changed() // it names the item's folder, and may have read the item before
	}
	if v.prune(f.marked, f.facts) {
		v.changed()
		return
	}
	if v.looksForMade() {
		return
	}
	if v.place.Kind == PlaceSecurity && v.selected.IsZero() { // the overview stays until an item is chosen
		v.changed()
		return
	}
	searched = searched && !hadSeveral
	if searched && v.editor == nil && v.conflicts == nil {
		v.selectNear(0) // the best match
	} else if v.indexOf(v.selected) < 0 && (asked || !v.exists(v.selected)) && v.editor == nil && (asked || v.conflicts == nil) {
		v.selectNear(before)
	}
	if v.conflicts != nil {
		v.conflicts.changed() // whether another one waits
	}
	v.changed()
}

// looksForMade leaves the search, or else the place, that a new item is not in, and reports whether it did: a person looks for what has
// just been typed.
func (v *Vault) looksForMade() bool {
	made := v.made
	if v.made = (id.ID{}); made.IsZero() || made != v.selected || v.indexOf(made) >= 0 || v.search == "" && v.place == (Place{}) {
		return false
	}
	if v.search != "" {
		v.search = ""
	} else {
		v.place = Place{}
		v.config.Went(v.place)
	}
	v.made = made
	v.refresh()
	v.changed()
	return true
}

// exists reports whether an item is where the list is: in the trash, in the archive or outside of both. An item that an edit has moved
// out of the list stays in the pane.
func (v *Vault) exists(item id.ID) bool {
	s, ok := v.vault.Summary(item)
	switch {
	case !ok:
		return false
	case s.TrashedAt != 0:
		return v.inTrash()
	}
	return !v.inTrash() && (s.ArchivedAt != 0) == (v.place.Kind == PlaceArchive)
}

// selectNear selects the row that took the place of one that is gone.
func (v *Vault) selectNear(index int) {
	if len(v.rows) == 0 {
		v.selected = id.ID{}
		v.closePane()
		return
	}
	v.open(v.rows[min(max(index, 0), len(v.rows)-1)].ID)
}

func (v *Vault) indexOf(item id.ID) int {
	if item.IsZero() {
		return -1
	}
	at, known := v.places[item]
	if !known {
		at = slices.IndexFunc(v.rows, func(s *vault.Summary) bool { return s.ID == item })
		v.places[item] = at
	}
	return at
}

func (v *Vault) vaultChanged(c vault.Change) {
	v.refresh()
	switch {
	case v.detail == nil:
	case c.All || v.detail.concerns(c.Objects):
		v.detail.Reload()
	case v.detail.listing:
		v.detail.reloadFiles() // the files may have been read before
	}
}

func (v *Vault) statusChanged() {
	v.status = v.config.Unlocked.Status()
	if v.status.Notices.SignedOut {
		v.config.SignedOut()
		return
	}
	if v.status.State == session.Synced && v.detail != nil {
		v.detail.filesSynced()
	}
	v.changed()
}

// Go shows another place of the sidebar.
func (v *Vault) Go(place Place) { v.goWith(place, "") }

// SearchEverywhere looks among all items for what was not found in one place.
func (v *Vault) SearchEverywhere() { v.goWith(Place{}, v.search) }

func (v *Vault) goWith(place Place, search string) {
	v.leavePane(func() {
		v.place, v.search, v.selected, v.marked = place, search, id.ID{}, nil
		v.config.Went(place)
		v.closePane()
		if place.Kind == PlaceSecurity {
			v.security.start()
		}
		v.security.changed()
		v.refresh()
		v.changed()
	})
}

// SetSearch filters the list while it is typed.
func (v *Vault) SetSearch(text string) {
	v.search = text
	v.refresh()
	v.changed()
}

// SortBy orders the list, by one of State.Sort.
func (v *Vault) SortBy(choice string) {
	for _, s := range sortKeys {
		if s.key == choice {
			v.sort = s.sort
		}
	}
	v.refresh()
	v.changed()
}

// Select shows the item of a row.
func (v *Vault) Select(index int) {
	if index < 0 || index >= len(v.rows) || v.marked == nil && v.rows[index].ID == v.selected && (v.detail != nil || v.conflicts != nil) {
		return
	}
	item := v.rows[index].ID
	v.leavePane(func() {
		v.marked, v.anchor = nil, item
		v.open(item)
		v.changed()
	})
}

// open shows an item in the right pane: what is to be decided about it, where that is what the list shows.
func (v *Vault) open(item id.ID) {
	v.closePane()
	v.selected = item
	if v.place.Kind == PlaceConflicts && !item.IsZero() {
		v.decide(item, true)
		return
	}
	v.detail = NewDetail(v.env, DetailConfig{
		Get: v.vault.Get, FolderName: v.folderName, Copied: v.copyText, Edit: v.openEditor, Conflicts: v.openConflicts,
		Restore: func(id.ID) { v.Restore() }, RestoreVersion: v.restoreVersion, Unarchive: func(id.ID) { v.ToggleArchive() }, Failed: v.fail, files: &v.files, DeleteRemoved: v.deleteRemoved,
		Findings: v.security.of, Twins: v.security.twins, Ignore: v.ignore, InCheck: v.place.Kind == PlaceSecurity, Back: v.backToCheck(),
		ClockOff: func() time.Duration { return v.status.ClockOff },
	}, item)
}

func (v *Vault) folderName(folder id.ID) string {
	for _, f := range v.folders {
		if f.ID == folder {
			return f.Path
		}
	}
	return ""
}

// leavePane goes on with next once nothing typed would be lost by it.
func (v *Vault) leavePane(next func()) {
	if v.editor == nil {
		next()
		return
	}
	v.editor.LeaveFor(next)
}

// closePane wipes what the right pane shows.
func (v *Vault) closePane() {
	if v.detail != nil {
		v.detail.Leave()
	}
	if v.editor != nil {
		v.editor.Leave()
	}
	if v.conflicts != nil {
		v.conflicts.Leave()
	}
	v.detail, v.editor, v.conflicts = nil, nil, nil
}

// New opens the editor for a new item of a kind, one of State.NewKinds. It goes to the folder, and gets the tag, that the list shows.
func (v *Vault) New(kind string) {
	v.leavePane(func() {
		item := vault.Item{ID: id.New(), Kind: vault.Kind(kind), Folder: v.place.Folder, Favorite: v.place.Kind == PlaceFavorites}
		if v.place.Tag != "" {
			item.Tags = []string{v.place.Tag}
		}
		v.edit(item, item.Clone(), true)
	})
}

// Edit opens the editor for the item that is shown.
func (v *Vault) Edit() {
	if v.detail != nil {
		v.detail.Edit()
	}
}

// openEditor edits an item; with generate it asks for a new password at once.
func (v *Vault) openEditor(item vault.Item, generate bool) {
	v.edit(item, item.Clone(), false)
	if generate {
		v.editor.Generate(string(passwordField))
	}
}

// makesNew tells whether an item is being typed that is not in the vault yet.
func (v *Vault) makesNew() bool { return v.editor != nil && v.editor.config.New }

// resume goes on with an edit that could not be saved when the vault was locked, and calls taken once it is in the editor. Where something
// else is being typed by then, it waits for another time.
func (v *Vault) resume(draft vault.Draft, taken func()) {
	type opened struct{ edited, original vault.Item }
	wipe := func(o opened) {
		o.edited.Wipe()
		o.original.Wipe()
	}
	RunOwned(v.run, func(context.Context) (o opened, err error) {
		o.edited, o.original, err = v.vault.OpenDraft(draft)
		return o, err
	}, func(o opened, err error) {
		switch {
		case err != nil:
			v.fail(explain(v.env.Words, err))
			if errors.Is(err, vault.ErrUnreadable) { // nor will it ever be
				taken()
			}
		case v.editor != nil:
			wipe(o)
		default:
			_, exists := v.vault.Summary(o.edited.ID)
			v.edit(o.edited, o.original, !exists)
			taken()
		}
	}, wipe)
}

// edit takes ownership of both: the item, and what it is an edit of.
func (v *Vault) edit(item, original vault.Item, isNew bool) {
	v.closePane()
	v.marked = nil
	back := v.selected
	v.fillings = nil
	v.editor = NewEditor(v.env, EditorConfig{
		Item: item, Original: original, New: isNew, Folders: v.folderChoices(false), Save: v.saveItem, Generate: v.OpenGeneratorFor, Attach: v.files.attach,
		NewFolder: func(name string, made func(id.ID)) { v.makeFolder(id.ID{}, name, made) },
		Saved: func(item id.ID) {
			v.nameFillings(item)
			v.undo = nil // to take back what was done before would surprise now
			v.open(item)
			if isNew {
				v.made = item
			}
			v.refresh()
			v.changed()
		},
		Canceled: func() {
			if v.exists(back) {
				v.open(back)
			} else {
				v.closePane()
				v.selectNear(0)
			}
			v.changed()
		},
	})
	v.changed()
}

// saveItem works off the UI goroutine.
func (v *Vault) saveItem(ctx context.Context, item *vault.Item) error {
	saved, err := v.vault.Save(ctx, *item)
	item.ID = saved.ID
	saved.Wipe()
	return err
}

// openConflicts asks about an item that is shown; the answer leads back to it.
func (v *Vault) openConflicts(item vault.Item) {
	item.Wipe()
	v.closePane()
	v.decide(item.ID, false)
	v.changed()
}

// decide asks about an item or folder. In the inbox the next one follows.
func (v *Vault) decide(item id.ID, inbox bool) {
	u := v.config.Unlocked
	var next func() bool
	if inbox {
		next = func() bool { return slices.ContainsFunc(v.rows, func(s *vault.Summary) bool { return s.ID != item }) }
	}
	v.conflicts = NewConflicts(v.env, ConflictsConfig{
		Vault: v.vault, Item: item, Devices: u.DeviceNames, Here: u.DeviceID(), Next: next, Done: func() {
			if inbox {
				v.decideNext()
			} else {
				v.open(item)
			}
			v.changed()
		},
	})
}

// decideNext goes to the row after the selected one, which still waits, or to the first where it has been decided. Without rows there is
// nothing more to decide.
func (v *Vault) decideNext() {
	at, waits := v.indexOf(v.selected), len(v.conflicts.State().Fields) > 0
	v.closePane()
	if waits && len(v.rows) > 0 {
		v.open(v.rows[(at+1)%len(v.rows)].ID)
		return
	}
	v.selected = id.ID{}
	v.refresh() // the list may not have heard of the decision
}

// Unsaved gives a copy of what is being typed, to be kept before the vault is locked; false if there is nothing.
func (v *Vault) unsaved() (vault.Item, bool) {
	if v.editor == nil {
		return vault.Item{}, false
	}
	return v.editor.unsaved()
}

// copyText puts a text of the selected item on the clipboard, takes ownership of it, and says so.
func (v *Vault) copyText(text secret.Bytes, what string) { v.copyValue(v.selected, text, what) }

func (v *Vault) copyValue(item id.ID, text secret.Bytes, what string) {
	after := v.config.ClearAfter()
	v.config.copier.copy(v.config.Unlocked.Account().ID, text, after, func(err error) {
		switch {
		case v.run.Stopped():
		case err != nil:
			v.fail(explain(v.env.Words, err))
		default:
			v.vault.Used(item)
			v.say(v.text("screen.vault.copied", "what", what, "seconds", seconds(after)), nil)
		}
	})
}

// say shows a toast; undo, which takes back what it reports, may be nil.
func (v *Vault) say(text string, undo func(context.Context) error) {
	if undo == nil {
		v.sayAndUndo(text, nil)
		return
	}
	v.sayAndUndo(text, func() { v.do(undo, func() { v.say(v.text("screen.bulk.undone"), nil) }) })
}

// sayAndUndo shows a toast with a way back, which stays when the toast is gone: until something else is changed.
func (v *Vault) sayAndUndo(text string, undo func()) {
	if v.hideToast != nil {
		v.hideToast()
	}
	v.toasts++
	stay := toastTime
	v.toast = Toast{Number: v.toasts, Text: text}
	if undo != nil {
		v.undo = undo
		v.toast.Undo, stay = v.text("screen.vault.undo"), undoTime
	}
	v.hideToast = v.run.After(stay, v.DismissToast)
	v.changed()
}

// DismissToast takes the toast away.
func (v *Vault) DismissToast() {
	v.toast = Toast{}
	v.changed()
}

// Undo takes back what was changed last, or the last decision between two values, or stops what is being done to many items.
func (v *Vault) Undo() {
	switch undo := v.undo; {
	case v.stopWork != nil:
		v.nextWork = nil
		v.stopWork()
	case v.conflicts != nil && v.toast.Undo == "":
		v.conflicts.UndoLast()
	case undo != nil:
		v.undo = nil
		v.DismissToast()
		undo()
	}
}

func (v *Vault) fail(problem Message) {
	v.problem = problem
	v.changed()
}

// DismissProblem takes the message about a failure away.
func (v *Vault) DismissProblem() { v.fail(Message{}) }

// do changes the vault off the UI goroutine. The list follows by the vault's own notice.
func (v *Vault) do(change func(context.Context) error, done func()) {
	v.undo = nil
	Run(v.run, func(ctx context.Context) (struct{}, error) { return struct{}{}, change(ctx) }, func(_ struct{}, err error) {
		if err != nil {
			v.fail(explain(v.env.Words, err))
			return
		}
		v.problem = Message{}
		done()
		v.changed()
	})
}

// retranslate says everything again, in another language.
func (v *Vault) retranslate() {
	v.changed()
	if v.detail != nil {
		v.detail.changed()
	}
	if v.editor != nil {
		v.editor.changed()
	}
	if v.conflicts != nil {
		v.conflicts.changed()
	}
	v.security.changed()
	if v.settings != nil {
		v.settings.changed()
	}
	if v.generator != nil {
		v.generator.changed()
	}
	if v.imports != nil {
		v.imports.Retranslate()
	}
	if v.palette != nil {
		v.palette.changed()
	}
}
