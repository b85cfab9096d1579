package ui

import (
	"strings"

	"fyne.io/fyne/v2"

	"github.com/coffer-vault/coffer/app/screen"
	"github.com/coffer-vault/coffer/app/ui/theme"
	"github.com/coffer-vault/coffer/app/ui/widget"
	"github.com/coffer-vault/coffer/assets"
	"github.com/coffer-vault/coffer/crypto/id"
)

// sidebar is the left pane: the account, the places, and where sync stands.
type sidebar struct {
	w     *Window
	model *screen.Vault
	box   *fyne.Container

	account, server *widget.Text
	switcher        *widget.IconButton
	places          *fyne.Container
	rows            map[screen.Place]*widget.NavRow
	shape           string
	sync            *widget.IconButton
	syncText        *widget.Paragraph
	shown           screen.SyncLine
}

func newSidebar(w *Window, model *screen.Vault) *sidebar {
	b := &sidebar{w: w, model: model, places: widget.Column(1)}
	b.account = widget.NewText("", theme.Label.In(theme.ColorText)).Shortened()
	b.server = widget.NewText("", theme.Caption.In(theme.ColorMuted)).Shortened()
	b.switcher = widget.NewIconButton(assets.IconChevronDown, w.tip(w.text("ui.menu"), screen.ActionAccounts), b.openMenu).Small()
	b.sync = widget.NewIconButton(assets.IconCloud, "", b.openSync).Small()
	b.syncText = widget.NewParagraph("", theme.Caption.In(theme.ColorMuted))
	head := widget.Row(8, widget.NewLogo(30), widget.Grow(widget.Column(0, b.account, b.server)), b.switcher)
	foot := widget.Row(0, b.sync, widget.Grow(widget.Pad(b.syncText, 0, 2, 0, 6)),
		widget.NewIconButton(assets.IconSettings, w.tip(w.text("screen.action.settings"), screen.ActionSettings), model.OpenSettings),
		widget.NewIconButton(assets.IconLock, w.tip(w.text("screen.action.lock"), screen.ActionLock), model.Lock))
	b.box = widget.Pad(widget.Column(0,
		widget.Pad(head, 0, 10, 10, 6),
		widget.Grow(widget.NewScrollArea(widget.Pad(b.places, 0, 8, 8, 0))),
		widget.Pad(widget.Rule(), 0, 8, 0, 0),
		widget.Pad(foot, 5, 8, 5, 6),
	), 13, 0, 0, 8)
	return b
}

func (b *sidebar) render(s screen.VaultState) {
	b.account.SetText(s.Account)
	b.server.SetText(s.Server)
	if shape := shapeOf(s.Nav); shape != b.shape {
		b.shape = shape
		b.build(s.Nav)
	}
	for _, section := range s.Nav {
		for _, place := range section.Places {
			row := b.rows[place.Place]
			row.SetLabel(place.Label)
			row.SetCount(place.Count)
			row.SetSelected(place.Selected)
		}
	}
	b.renderSync(s.Sync)
}

// shapeOf tells sidebars with different lines apart.
func shapeOf(nav []screen.NavSection) string {
	var shape strings.Builder
	for _, section := range nav {
		shape.WriteString("\n" + section.Title)
		for _, row := range section.Places {
			shape.WriteString("\n" + string(row.Icon) + row.Place.Folder.String() + row.Place.Tag + strings.Repeat(">", row.Depth))
		}
	}
	return shape.String()
}

// build makes the lines anew and leaves the keyboard at the place it was at.
func (b *sidebar) build(nav []screen.NavSection) {
	focused := b.focusedPlace()
	b.rows = map[screen.Place]*widget.NavRow{}
	b.places.Objects = nil
	for i, section := range nav {
		if section.Title != "" {
			b.places.Add(widget.NavHeading(strings.ToUpper(section.Title), b.adder(section.Add)))
		} else if i > 0 {
			b.places.Add(widget.Pad(widget.Spacer(), 14, 0, 0, 0))
		}
		for _, place := range section.Places {
			b.places.Add(b.newRow(place))
		}
	}
	b.w.relayout()
	if row := b.rows[focused]; row != nil && focused != (screen.Place{Kind: -1}) {
		b.w.focus(row)
	}
}

func (b *sidebar) focusedPlace() screen.Place {
	for place, row := range b.rows {
		if b.w.root.Canvas().Focused() == fyne.Focusable(row) {
			return place
		}
	}
	return screen.Place{Kind: -1}
}

func (b *sidebar) newRow(place screen.NavRow) *widget.NavRow {
	row := widget.NewNavRow(place.Icon, place.Label, place.Count, func() { b.model.Go(place.Place) })
	row.SetDepth(place.Depth)
	if place.Place.Kind == screen.PlaceFolder {
		row.OnMenu = func(at fyne.Position) { b.folderMenu(place.Place, at) }
		row.OnRename = func() { b.renameFolder(place.Place) }
		row.OnDelete = func() { b.model.DeleteFolder(place.Place.Folder) }
	}
	if place.Place.Kind == screen.PlaceTag {
		row.OnMenu = func(at fyne.Position) { b.tagMenu(place.Place.Tag, at) }
		row.OnRename = func() { b.renameTag(place.Place.Tag) }
		row.OnDelete = func() { b.model.DeleteTag(place.Place.Tag) }
	}
	b.rows[place.Place] = row
	return row
}

// adder is the plus behind a heading, if there is something to add.
func (b *sidebar) adder(tip string) *widget.IconButton {
	if tip == "" {
		return nil
	}
	return widget.NewIconButton(assets.IconPlus, tip, func() {
		b.askFolder(id.ID{})
	}).Small()
}

// askFolder asks for the name of a new folder in another one, or at the top.
func (b *sidebar) askFolder(parent id.ID) {
	b.w.askName(b.w.text("screen.vault.newFolder"), "", func(name string) { b.model.AddFolder(parent, name) })
}

func (b *sidebar) folderMenu(place screen.Place, at fyne.Position) {
	b.w.root.ShowMenu(at,
		widget.MenuItem{Label: b.w.text("ui.newSubfolder"), Icon: assets.IconFolderPlus, Do: func() { b.askFolder(place.Folder) }},
		widget.MenuItem{Label: b.w.text("ui.renameFolder"), Icon: assets.IconPencil, Shortcut: b.w.keyOf(screen.ActionRename), Do: func() { b.renameFolder(place) }},
		widget.MenuItem{Label: b.w.text("ui.moveFolder"), Icon: assets.IconFolderInput, Do: func() { b.folderParents(place, at) }},
		widget.MenuItem{},
		widget.MenuItem{Label: b.w.text("screen.vault.ask.deleteFolder.confirm"), Icon: assets.IconTrash2, Danger: true, Do: func() {
			b.model.DeleteFolder(place.Folder)
		}})
}

func (b *sidebar) renameFolder(place screen.Place) {
	b.w.askName(b.w.text("ui.renameFolder"), b.labelOf(place), func(name string) { b.model.RenameFolder(place.Folder, name) })
}

func (b *sidebar) tagMenu(tag string, at fyne.Position) {
	b.w.root.ShowMenu(at,
		widget.MenuItem{Label: b.w.text("ui.renameTag"), Icon: assets.IconPencil, Shortcut: b.w.keyOf(screen.ActionRename), Do: func() { b.renameTag(tag) }},
		widget.MenuItem{Label: b.w.text("ui.deleteTag"), Icon: assets.IconX, Danger: true, Do: func() { b.model.DeleteTag(tag) }})
}

func (b *sidebar) renameTag(tag string) {
	b.w.askName(b.w.text("ui.renameTag"), tag, func(name string) { b.model.RenameTag(tag, name) })
}

// rename asks for another name of the folder or tag that the list shows.
func (b *sidebar) rename() {
	switch place := b.model.State().Place; place.Kind {
	case screen.PlaceFolder:
		b.renameFolder(place)
	case screen.PlaceTag:
		b.renameTag(place.Tag)
	}
}

// moveFolder offers the places that the folder which the list shows can be moved to.
func (b *sidebar) moveFolder() {
	place := b.model.State().Place
	if row := b.rows[place]; row != nil {
		b.folderParents(place, b.w.menuPlace(row))
	}
}

// folderParents offers the folders that a folder can be moved to.
func (b *sidebar) folderParents(place screen.Place, at fyne.Position) {
	var items []widget.MenuItem
	for _, c := range b.model.FolderParents(place.Folder) {
		icon := assets.IconFolder
		if c.ID == "" {
			icon = assets.IconMinus
		}
		items = append(items, widget.MenuItem{Label: c.Label, Icon: icon, Checked: c.Selected, Do: func() { b.model.MoveFolder(place.Folder, c.ID) }})
	}
	b.w.root.ShowMenu(at, items...)
}

func (b *sidebar) labelOf(place screen.Place) string {
	for _, section := range b.model.State().Nav {
		for _, row := range section.Places {
			if row.Place == place {
				return row.Label
			}
		}
	}
	return ""
}

// openMenu offers the accounts, and what belongs to no place.
func (b *sidebar) openMenu() {
	var items []widget.MenuItem
	s := b.model.State()
	for _, c := range s.Accounts {
		item := widget.MenuItem{Label: c.Label, Icon: c.Icon, Avatar: c.Name, Shortcut: c.State, Checked: c.Selected, Do: func() { b.model.SwitchTo(c.ID) }}
		if c.ID == "" {
			item.Icon = assets.IconUserPlus
		}
		items = append(items, item)
	}
	if s.LockAll != "" {
		items = append(items, widget.MenuItem{Label: s.LockAll, Icon: assets.IconLock, Do: b.model.LockAll})
	}
	items = append(items, widget.MenuItem{},
		widget.MenuItem{Label: b.w.text("ui.import"), Icon: assets.IconDownload, Do: b.model.OpenImport},
		b.actionItem(screen.ActionGenerator, assets.IconWandSparkles),
		b.actionItem(screen.ActionSettings, assets.IconSettings),
		b.actionItem(screen.ActionLock, assets.IconLock),
	)
	b.w.root.ShowMenuBelow(b.switcher, items...)
}

func (b *sidebar) actionItem(action screen.Action, icon assets.IconName) widget.MenuItem {
	return widget.MenuItem{Label: b.w.text("screen.action." + string(action)), Icon: icon, Shortcut: b.w.keyOf(action), Do: func() { b.model.Do(action) }}
}

func (b *sidebar) renderSync(s screen.SyncLine) {
	b.shown = s
	ink := inkOf(s.Tone)
	if s.Tone == screen.ToneQuiet {
		ink = theme.ColorMuted
	}
	b.sync.SetIcon(s.Icon, ink)
	b.sync.SetTip(s.Text)
	if b.syncText.Text() != s.Text {
		b.syncText.SetText(s.Text)
		b.w.relayout() // it may need two lines
	}
}

// openSync tells the whole story of the sync line, and syncs again.
func (b *sidebar) openSync() {
	s := b.shown
	body := widget.Column(gap, paragraph(s.Text))
	if s.Note != "" {
		body.Add(paragraph(s.Note))
	}
	if !s.Problem.IsZero() {
		body = widget.Column(gap, widget.NewBanner(toneOf(s.Problem.Tone), s.Problem.What, details(s.Problem), nil))
	}
	var modal *widget.Modal
	again := widget.NewButton(b.w.text("ui.syncNow"), assets.IconRefreshCw, widget.Primary, func() {
		modal.Close()
		b.model.Sync()
	})
	if s.WayOut != "" {
		again = widget.NewButton(s.WayOut, assets.NoIcon, widget.Primary, func() {
			modal.Close()
			b.model.OpenTrouble()
		})
	}
	modal = widget.NewModal(b.w.text("ui.sync"), body, widget.NewButton(b.w.text("widget.close"), assets.NoIcon, widget.Secondary, func() { modal.Close() }), again)
	modal.First = again
	b.w.root.ShowModal(modal)
}
