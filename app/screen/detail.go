package screen

import (
	"github.com/coffer-vault/coffer/assets"
	"github.com/coffer-vault/coffer/crypto/id"
)

// DetailState is one item as it is read.
type DetailState struct {
	ID       id.ID
	Icon     assets.IconName
	Title    string
	Kind     string // "Login"
	Folder   string // empty if it is in none
	Tags     []string
	Favorite bool
	Trashed  bool
	CanEdit  bool // false for what a newer Coffer wrote and for what is unreadable

	Banners []Banner
	Cards   []Card
	Footer  string // "Edited 20 September 2026, 00:50 · 3 earlier passwords"

	HistoryLabel string // "3 earlier passwords"; empty if there are none
	History      []HistoryRow
	HistoryOpen  bool
}

// BannerKind says what the button of a banner does.
type BannerKind int

// The banners.
const (
	BannerWeak BannerKind = iota
	BannerReused
	BannerConflict
	BannerTrashed
	BannerUnreadable
	BannerNewerSchema
)

// Banner is a warning above the cards.
type Banner struct {
	Kind        BannerKind
	Tone        Tone
	Title, Body string
	Action      string // label of the button; empty if there is none
}

// Card is a group of rows.
type Card struct {
	Rows []DetailRow
}

// RowType says how a row is drawn.
type RowType int

// The types of rows.
const (
	RowText RowType = iota
	RowSecret
	RowCode // one-time code with countdown
	RowLink
	RowNote // several lines
)

// DetailRow is one value of the item. The value of a secret is not in it: ask Detail.Secret while Revealed is true.
type DetailRow struct {
	ID       string
	Type     RowType
	Label    string
	Value    string
	Revealed bool
	Meter    Meter
	Code     CodeView

	CopyTip, RevealTip, OpenTip string // tooltips; empty if there is no such button
}

// CodeView is a one-time code that runs out.
type CodeView struct {
	Text     string  // "492 057"
	Left     float64 // of its period, 0 to 1
	LeftText string  // "18 s"
}

// HistoryRow is an earlier value of a field.
type HistoryRow struct {
	ID       string
	Label    string // "Password"
	When     string // "until 20 September 2026, 00:50"
	Secret   bool
	Value    string // of what is not secret
	Revealed bool
}
