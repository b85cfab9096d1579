package screen

import (
	"github.com/coffer-vault/coffer/assets"
	"github.com/coffer-vault/coffer/crypto/id"
)

// VaultState is the main window: sidebar, list, and what the right pane shows.
type VaultState struct {
	Account string // the e-mail address
	Server  string

	Nav []NavSection

	Heading   string // "All items"
	CountText string // "10,000 items"
	Search    string
	Sort      []Choice
	Rows      Rows
	Selected  int // index into Rows; -1 for none
	Empty     EmptyState
	CanNew    bool
	NewKinds  []Choice // what the New button offers
	InTrash   bool     // the list shows the trash: Restore and Delete instead of the rest

	Sync  SyncLine
	Toast Toast
	Ask   Question

	Pane Pane
}

// Pane says which model the right pane shows.
type Pane int

// What the right pane can show.
const (
	PaneNothing Pane = iota
	PaneDetail
	PaneEditor
	PaneConflicts
)

// NavSection is a group of the sidebar; the first one has no title.
type NavSection struct {
	Title  string
	CanAdd bool // folders: a plus that makes a new one
	Rows   []NavRow
}

// NavRow is one line of the sidebar.
type NavRow struct {
	Place    Place
	Icon     assets.IconName
	Label    string
	Count    string
	Selected bool
}

// ItemRow is one line of the list.
type ItemRow struct {
	ID       id.ID
	Icon     assets.IconName // of the kind, for kinds without an initial
	Title    string
	Subtitle string
	Favorite bool
	Warning  bool // weak or reused password
	Conflict bool
}

// EmptyState is what the list shows when it has no rows. Action is a button's label and may be empty.
type EmptyState struct {
	Title, Body, Action string
}

// SyncLine is the state of the synchronisation at the foot of the sidebar.
type SyncLine struct {
	Icon    assets.IconName
	Tone    Tone
	Text    string  // "Synced just now", "Offline · 3 changes wait"
	Problem Message // the whole story behind a problem
}

// Toast is a short message over the list that goes away. Number tells one from the next; it is 0 while there is none.
type Toast struct {
	Number int
	Text   string
	Undo   string // label of the button; empty if nothing can be undone
}

// Question asks before something that cannot be undone. It is zero while nothing is asked.
type Question struct {
	Title, Body     string
	Confirm, Cancel string // labels of the buttons
	Danger          bool
}

// IsZero reports whether nothing is asked.
func (q Question) IsZero() bool { return q == Question{} }

// Rows is the list, which may be long: a row is put into words when it is drawn.
type Rows struct {
	count int
	at    func(int) ItemRow
}

// Len is the number of rows.
func (r Rows) Len() int { return r.count }

// At is the row at an index below Len.
func (r Rows) At(index int) ItemRow { return r.at(index) }
