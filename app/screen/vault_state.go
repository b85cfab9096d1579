package screen

import (
	"strings"
	"time"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/assets"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/vault"
	"github.com/coffer-vault/coffer/vault/audit"
)

// VaultState is the main window: sidebar, list, what the right pane shows, and what lies over all of it.
type VaultState struct {
	Account  string          // the e-mail address
	Server   string          // host
	Accounts []AccountChoice // of the menu that switches; the last one, with an empty ID, is "Sign in to another account"
	LockAll  string          // label of what locks all accounts; empty where no other one is open

	Nav   []NavSection
	Place Place // the one of Nav that the list shows

	Heading    string // "All items"
	CountText  string // "10,000 items"
	Search     string
	SearchHint string // "Search vault"
	Sort       []Choice
	Rows       Rows
	Selected   int // index into Rows of the one that the cursor is on; -1 for none
	Marked     int // how many rows are selected together; 0 where at most one is
	Selection  SelectionState
	Loading    bool
	Empty      EmptyState
	New        string   // label of the button; empty in the trash
	NewKinds   []Choice // what it offers
	EmptyTrash string   // label of the button; empty outside the trash
	InTrash    bool     // the list shows the trash: Restore and Delete for ever instead of the rest
	Folders    []Choice // where an item can be moved; the first one, with an empty ID, is "No folder"

	Notice  AccountNotice
	Sync    SyncLine
	Toast   Toast
	Ask     Question
	Problem Message // why something that was asked for did not happen

	Pane    Pane
	Dialog  Dialog
	Palette bool // Vault.Palette lies over all of it
}

// Pane says which model the right pane shows.
type Pane int

// What the right pane can show.
const (
	PaneNothing   Pane = iota
	PaneDetail         // Vault.Detail
	PaneEditor         // Vault.Editor
	PaneConflicts      // Vault.Conflicts
	PaneSelection      // State.Selection
	PaneSecurity       // Vault.Security
)

// Dialog says which model lies over the window.
type Dialog int

// What can lie over the window.
const (
	DialogNone      Dialog = iota
	DialogGenerator        // Vault.Generator
	DialogSettings         // Vault.Settings
	DialogImport           // Vault.Import
	DialogTrouble          // Vault.Trouble
	DialogSheet            // Vault.Sheet
)

// Rows is the list, which may be long: a row is put into words when it is drawn.
type Rows struct {
	summaries []*vault.Summary
	words     *assets.Catalog
	marked    *marked
	check     func(id.ID) audit.Entry // what the security check says; may be nil
	why       bool                    // that is what the list is about
}

// Len is the number of rows.
func (r Rows) Len() int { return len(r.summaries) }

// At is the row at an index below Len. Its texts are its own: the toolkit keeps what it has drawn, and a text of a summary would keep
// with it those of all items that were read with it (vault.Summary).
func (r Rows) At(index int) ItemRow {
	s := r.summaries[index]
	row := ItemRow{ID: s.ID, Icon: kindIcon(s.Kind), Kind: s.Kind, Title: titleOf(r.words, s.Title), Subtitle: strings.Clone(s.Subtitle), Favorite: s.Favorite, Archived: s.ArchivedAt != 0}
	if s.IsFolder() {
		row.Icon, row.Folder, row.Subtitle = assets.IconFolder, true, r.words.Text("screen.vault.folder")
	}
	switch {
	case s.Unreadable:
		row.Title, row.Subtitle, row.Warning = r.words.Text("screen.vault.unreadable"), s.ID.String()[:8], true
	case s.Conflict:
		row.Warning = true
	}
	if row.Subtitle == "" && len(s.Hosts) > 0 {
		row.Subtitle = strings.Clone(s.Hosts[0])
	}
	if row.Subtitle == "" {
		row.Subtitle = kindText(r.words, s.Kind, "name")
	}
	row.Marked = r.marked.has(index)
	r.examined(&row)
	return row
}

// ItemRow is one line of the list.
type ItemRow struct {
	ID       id.ID
	Kind     vault.Kind
	Icon     assets.IconName // of the kind
	Title    string
	Subtitle string
	Favorite bool
	Archived bool
	Folder   bool   // in the inbox of what is to be decided alone
	Warning  bool   // a conflict waits, or the item does not open
	Marked   bool   // it is selected with others
	Risk     string // what the security check says of its password; empty if that is nothing bad
}

// EmptyState is what the list shows when it has no rows. Action is the label of a button that makes a new item, Import of one that
// brings items along, Everywhere of one that looks for the same in all items; all may be empty.
type EmptyState struct {
	Icon                                    assets.IconName
	Title, Body, Action, Import, Everywhere string
}

// SyncLine is the state of the synchronisation at the foot of the sidebar.
type SyncLine struct {
	Icon    assets.IconName
	Tone    Tone
	Busy    bool
	Text    string  // "Synced just now", "Offline · 3 changes wait", "Uploading 2 files, 34 %"
	Note    string  // what becomes of the files that are on their way
	Problem Message // the whole story behind a problem
	WayOut  string  // label of what leads out of a problem; empty if nothing does
}

// Toast is a short message over the list that goes away. Number tells one from the next; it is 0 while there is none.
type Toast struct {
	Number int
	Text   string
	Undo   string // label of the button; empty if nothing can be undone
	Busy   bool   // it reports how far something is, which Undo stops
}

// Question asks before something that cannot be undone. It is zero while nothing is asked.
type Question struct {
	Title, Body     string
	Confirm, Cancel string // labels of the buttons
	Danger          bool
}

// IsZero reports whether nothing is asked.
func (q Question) IsZero() bool { return q == Question{} }

func (v *Vault) view() VaultState {
	account, nav := v.config.Unlocked.Account(), v.navigation()
	s := VaultState{
		Account: account.Email, Server: hostOf(account.Origin), Accounts: v.accounts(account.ID), Nav: nav, Place: v.place, Heading: headingOf(nav),
		CountText: v.env.Words.Count("screen.vault.count", len(v.rows)), Search: v.search, SearchHint: v.text("screen.vault.search"), Sort: v.sorts(),
		Rows: Rows{v.rows, v.env.Words, v.marked, v.security.of, v.place.Kind == PlaceSecurity}, Marked: v.marked.count(), Selection: v.selection(), Selected: v.indexOf(v.selected), Loading: v.loading, Folders: v.folderChoices(true),
		Notice: v.accountNotice(), Sync: v.syncLine(), Toast: v.toast, Ask: v.ask, Problem: v.problem, Pane: v.pane(), Dialog: v.dialog(), Palette: v.palette != nil, InTrash: v.inTrash(),
	}
	if v.makesNew() {
		s.Selected = -1 // what is being typed is none of the rows
	}
	if othersOpen(s.Accounts) > 0 {
		s.LockAll = v.text("screen.accounts.lockAll")
	}
	if len(v.rows) == 0 && !v.loading {
		s.Empty = v.empty()
	}
	if s.InTrash {
		if len(v.rows) > 0 {
			s.EmptyTrash = v.text("screen.vault.emptyTrash")
		}
		return s
	}
	s.New = v.text("screen.vault.new")
	for _, spec := range vault.Kinds() {
		s.NewKinds = append(s.NewKinds, Choice{ID: string(spec.Kind), Icon: kindIcon(spec.Kind), Label: kindText(v.env.Words, spec.Kind, "name")})
	}
	return s
}

func (v *Vault) accounts(current id.ID) []AccountChoice {
	isOpen := func(account id.ID) bool { return account == current || v.config.IsOpen(account) }
	choices := accountChoices(v.env.Words, v.config.Accounts, current, isOpen)
	return append(choices, AccountChoice{Choice: Choice{Label: v.text("screen.unlock.another")}})
}

// othersOpen counts the open accounts beside the one that is offered or shown.
func othersOpen(choices []AccountChoice) int {
	n := 0
	for _, c := range choices {
		if c.Open && !c.Selected {
			n++
		}
	}
	return n
}

func (v *Vault) inTrash() bool { return v.place.Kind == PlaceTrash }

func (v *Vault) pane() Pane {
	switch {
	case v.conflicts != nil:
		return PaneConflicts
	case v.editor != nil:
		return PaneEditor
	case v.marked.count() > 1:
		return PaneSelection
	case v.detail != nil:
		return PaneDetail
	case v.place.Kind == PlaceSecurity:
		return PaneSecurity
	}
	return PaneNothing
}

func (v *Vault) dialog() Dialog {
	switch {
	case v.generator != nil:
		return DialogGenerator
	case v.imports != nil:
		return DialogImport
	case v.settings != nil:
		return DialogSettings
	case v.trouble != nil:
		return DialogTrouble
	case v.sheet != nil:
		return DialogSheet
	}
	return DialogNone
}

// sortKeys are the orders of the list with their names in the catalog.
var sortKeys = []struct {
	sort vault.Sort
	key  string
}{{vault.SortTitle, "title"}, {vault.SortUpdated, "updated"}, {vault.SortCreated, "created"}}

func (v *Vault) sorts() []Choice {
	var choices []Choice
	for _, s := range sortKeys {
		choices = append(choices, Choice{ID: s.key, Label: v.text("screen.vault.sort." + s.key), Selected: s.sort == v.sort})
	}
	return choices
}

// folderChoices are the folders, with "No folder" before them where that is a choice.
func (v *Vault) folderChoices(none bool) []Choice {
	var choices []Choice
	if none {
		choices = append(choices, Choice{Label: v.text("screen.editor.noFolder")})
	}
	for _, f := range v.folders {
		choices = append(choices, Choice{ID: f.ID.String(), Label: f.Path})
	}
	return choices
}

// empty says why there is nothing to see, and what to do.
func (v *Vault) empty() EmptyState {
	state := func(icon assets.IconName, key string) EmptyState {
		return EmptyState{Icon: icon, Title: v.text("screen.vault.empty." + key), Body: v.text("screen.vault.empty." + key + "Body")}
	}
	switch {
	case v.search != "":
		e := state(assets.IconSearch, "search")
		if v.place != (Place{}) {
			e.Everywhere = v.text("screen.vault.searchEverywhere")
		}
		return e
	case v.inTrash():
		return state(assets.IconTrash2, "trash")
	case v.place.Kind == PlaceArchive:
		return state(assets.IconArchive, "archive")
	case v.place.Kind == PlaceFavorites:
		return state(assets.IconStar, "favorites")
	case v.place.Kind == PlaceConflicts:
		return state(assets.IconCircleCheck, "conflicts")
	case v.counts.All == 0:
		e := state(assets.IconCoffer, "vault")
		e.Action, e.Import = v.text("screen.vault.new"), v.text("screen.action.import")
		return e
	case v.place.Kind == PlaceSecurity:
		return state(assets.IconShieldCheck, "security")
	}
	e := state(placeIcon(v.place), "place")
	e.Action = v.text("screen.vault.new")
	return e
}

func (v *Vault) syncLine() SyncLine { return v.withTransfers(v.statusLine()) }

func (v *Vault) statusLine() SyncLine {
	s := v.status
	switch s.State {
	case session.Syncing:
		if s.ToLoad > 0 {
			return SyncLine{Icon: assets.IconRefreshCw, Text: v.env.Words.Count("screen.sync.loading", s.ToLoad, "done", s.Loaded), Busy: true}
		}
		return SyncLine{Icon: assets.IconRefreshCw, Text: v.text("screen.sync.syncing"), Busy: true}
	case session.Synced:
		return SyncLine{Icon: assets.IconCloud, Tone: ToneGood, Text: v.syncedText(v.env.Clock.Now().Sub(s.LastSync))}
	case session.Problem:
		line := SyncLine{Icon: assets.IconCloudAlert, Tone: ToneError, Text: v.text("screen.sync.problem"), Problem: explain(v.env.Words, s.Err)}
		switch {
		case v.removedHere():
			line.WayOut = v.text("screen.notice.back")
		case hasWayOut(s.Err):
			line.WayOut = v.text("screen.trouble.open")
		}
		return line
	}
	line := SyncLine{Icon: assets.IconCloudOff, Tone: ToneWarning, Text: v.text("screen.sync.offline")}
	if s.Pending > 0 {
		line.Text = v.env.Words.Count("screen.sync.offlinePending", s.Pending)
	}
	if s.Err != nil {
		line.Problem = explain(v.env.Words, s.Err)
	}
	return line
}

func (v *Vault) syncedText(ago time.Duration) string {
	switch {
	case ago < time.Minute:
		return v.text("screen.sync.justNow")
	case ago < time.Hour:
		return v.env.Words.Count("screen.sync.minutesAgo", int(ago/time.Minute))
	}
	return v.text("screen.sync.at", "time", v.env.Words.DateTime(v.status.LastSync.Local()))
}
