package theme

import (
	"fyne.io/fyne/v2"
	stock "fyne.io/fyne/v2/theme"
)

// Weight is the thickness of type.
type Weight int

// The weights: Inter 400, 500 and 600, and JetBrains Mono.
const (
	Regular Weight = iota
	Medium
	SemiBold
	Mono
)

// Style is the toolkit's name for a weight. It knows regular, bold, italic and monospace only. Nothing of ours is set in
// italics, so that style carries the medium weight: a font given any other way would lose the toolkit's fallback fonts
// for other scripts and emoji.
func (w Weight) Style() fyne.TextStyle {
	switch w {
	case Medium:
		return fyne.TextStyle{Italic: !inJapanese()}
	case SemiBold:
		return fyne.TextStyle{Bold: true}
	case Mono:
		return fyne.TextStyle{Monospace: true}
	}
	return fyne.TextStyle{}
}

// The sizes of type.
const (
	SizeCaption   = 11.5
	SizeSecondary = 12
	SizeBody      = 13.5
	SizeValue     = 14
	SizePane      = 16
	SizeDialog    = 17
	SizePage      = 21
)

// A Role is a use of type: size, weight and colour together.
type Role struct {
	Size   float32
	Weight Weight
	Color  fyne.ThemeColorName
}

// In is the role in another colour.
func (r Role) In(name fyne.ThemeColorName) Role {
	r.Color = name
	return r
}

// Of is the role in another weight.
func (r Role) Of(weight Weight) Role {
	r.Weight = weight
	return r
}

// The roles.
var (
	Caption     = Role{SizeCaption, Regular, ColorFaint}    // counts, times
	Overline    = Role{SizeCaption, SemiBold, ColorFaint}   // headings of groups, in capitals
	Label       = Role{SizeSecondary, Medium, ColorMuted}   // above a field
	FieldLabel  = Role{SizeCaption, Medium, ColorMuted}     // over a value on a card
	Secondary   = Role{SizeSecondary, Regular, ColorMuted}  // second lines, hints
	Body        = Role{SizeBody, Regular, ColorText}        // running text
	Strong      = Role{SizeBody, Medium, ColorText}         // titles of rows, buttons
	Value       = Role{SizeValue, Regular, ColorText}       // what a field holds
	Secret      = Role{SizeValue, Mono, ColorText}          // passwords and codes
	PaneTitle   = Role{SizePane, SemiBold, ColorText}       // over a list or an editor
	DialogTitle = Role{SizeDialog, SemiBold, ColorText}     // over a dialog
	PageTitle   = Role{SizePage, SemiBold, ColorText}       // over an item or a card of its own
	Link        = Role{SizeValue, Regular, ColorAccentText} // what opens when tapped
)

// Grid is the step in which distances are measured.
const Grid = 4

// The heights of rows and controls.
const (
	NavHeight        = 32
	ItemHeight       = 50
	ButtonHeight     = 34
	CardButtonHeight = 38
	FieldHeight      = 34
	IconButtonSide   = 30
)

// The radii of corners and the width of the focus ring.
const (
	RadiusControl = 8
	RadiusMenu    = 10
	RadiusCard    = 12
	RadiusDialog  = 14
	RadiusPage    = 16
	RingWidth     = 2
)

var sizes = map[fyne.ThemeSizeName]float32{
	stock.SizeNameText:            SizeBody,
	stock.SizeNameCaptionText:     SizeCaption,
	stock.SizeNameSubHeadingText:  SizePane,
	stock.SizeNameHeadingText:     SizePage,
	stock.SizeNamePadding:         Grid,
	stock.SizeNameInnerPadding:    2 * Grid,
	stock.SizeNameInlineIcon:      17,
	stock.SizeNameInputBorder:     2, // also the width of the text cursor
	stock.SizeNameInputRadius:     RadiusControl,
	stock.SizeNameButtonRadius:    RadiusControl,
	stock.SizeNameSelectionRadius: RadiusControl,
	stock.SizeNameMenuRadius:      RadiusMenu,
	stock.SizeNamePopupRadius:     RadiusMenu,
	stock.SizeNameCardRadius:      RadiusCard,
	stock.SizeNameDialogRadius:    RadiusDialog,
	stock.SizeNameScrollBar:       8,
	stock.SizeNameScrollBarSmall:  4,
	stock.SizeNameScrollBarRadius: 4,
	stock.SizeNameSplitThickness:  1,
	stock.SizeNameModalBlurRadius: 0, // blur costs four times a frame
}

// Size implements fyne.Theme.
func (t *Theme) Size(name fyne.ThemeSizeName) float32 {
	if size, ok := sizes[name]; ok {
		return size
	}
	return t.base.Size(name)
}
