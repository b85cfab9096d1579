package ui

import (
	"fyne.io/fyne/v2"

	"github.com/coffer-vault/coffer/app/screen"
	"github.com/coffer-vault/coffer/app/ui/theme"
	"github.com/coffer-vault/coffer/app/ui/widget"
	"github.com/coffer-vault/coffer/assets"
	"github.com/coffer-vault/coffer/vault"
)

// listPane is the middle: heading, search and the rows.
type listPane struct {
	w     *Window
	model *screen.Vault
	box   *fyne.Container

	heading, count *widget.Text
	sort           *widget.IconButton
	add, emptyAll  *widget.Button
	search         *widget.Entry
	list           *widget.List
	rows           screen.Rows
	marked         int // how many rows are selected together
	listBox        *fyne.Container
	empty          *fyne.Container
	emptyShown     screen.EmptyState
	wanted         bool // rows were to have the keyboard, and the search has it until there are some
}

func newListPane(w *Window, model *screen.Vault) *listPane {
	p := &listPane{w: w, model: model, empty: widget.Stack()}
	p.heading, p.count = widget.NewText("", theme.PaneTitle).OrSmaller(theme.Strong.Of(theme.SemiBold)), widget.NewText("", theme.Caption)
	p.sort = widget.NewIconButton(assets.IconArrowUpDown, w.text("ui.sort"), p.openSort)
	p.add = widget.NewButton("", assets.IconPlus, widget.Primary, p.openNew)
	p.emptyAll = widget.NewButton("", assets.IconTrash2, widget.Secondary, model.EmptyTrash)
	p.search = widget.NewSearchEntry("", p.toFound)
	p.search.OnChanged = func(typed string) {
		p.wanted = false
		model.SetSearch(typed)
	}
	p.search.OnSubmitted = func(string) { p.toFound() }
	p.newList()
	head := widget.Row(6, widget.Grow(widget.Column(0, p.heading, p.count)), p.sort, p.add, p.emptyAll)
	p.listBox = widget.Pad(p.list, 0, 4, 4, 8)
	p.box = widget.Column(0, widget.Pad(head, 12, 12, 10, 18), widget.Pad(p.search, 0, 12, 8, 12),
		widget.Grow(widget.Stack(p.listBox, widget.Pad(p.empty, 0, 28, 60, 28))))
	return p
}

// toFound leads from the search to the rows, if there are some: where nothing was found, one goes on typing.
func (p *listPane) toFound() {
	if p.rows.Len() > 0 {
		p.w.focus(p.list)
	}
}

func (p *listPane) newList() {
	p.list = widget.NewList(func() int { return p.rows.Len() }, func() fyne.CanvasObject { return widget.NewItemRow() }, p.bind)
	p.list.Label = func(i int) string { return p.rows.At(i).Title }
	p.list.OnSelected = p.model.Select
	p.list.OnActivated = func(int) { p.model.Do(screen.ActionEdit) }
	p.list.OnMenu = func(_ int, at fyne.Position) { p.w.root.ShowMenu(at, p.menu()...) }
	p.list.OnLeaveTop = p.search.Focus
	p.list.Several = &widget.Several{
		Any: func() bool { return p.marked > 0 }, Marked: func(i int) bool { return p.rows.At(i).Marked },
		Toggle: p.model.Toggle, Extend: p.model.Extend, Move: p.model.MoveCursor,
	}
}

// bind shows a row. Logins have the letter of their name, other kinds their sign.
func (p *listPane) bind(index int, o fyne.CanvasObject) {
	row, icon := p.rows.At(index), assets.NoIcon
	if row.Kind != vault.Login {
		icon = row.Icon
	}
	var badges []widget.Badge
	if row.Favorite {
		badges = append(badges, widget.Badge{Icon: assets.IconStarFilled, Color: theme.ColorWarning, Label: p.w.text("screen.vault.favorites")})
	}
	if row.Risk != "" && !row.Warning {
		badges = append(badges, widget.Badge{Icon: assets.IconTriangleAlert, Color: theme.ColorWarning, Label: row.Risk})
	}
	if row.Warning {
		badges = append(badges, widget.Badge{Icon: assets.IconTriangleAlert, Color: theme.ColorWarning, Label: p.w.text("ui.needsAttention")})
	}
	o.(*widget.ItemRow).Set(row.Title, row.Subtitle, icon, badges...)
	o.(*widget.ItemRow).SetTick(p.marked > 0, row.Marked)
}

func (p *listPane) render(s screen.VaultState) {
	p.heading.SetText(s.Heading)
	p.count.SetText(s.CountText)
	p.list.Name = s.Heading
	p.search.SetPlaceholder(s.SearchHint)
	if p.search.Text() != s.Search {
		p.search.SetText(s.Search)
	}
	if p.add.Hidden != (s.New == "") || p.emptyAll.Hidden != (s.EmptyTrash == "") {
		defer p.w.relayout()
	}
	label(p.add, s.New)
	label(p.emptyAll, s.EmptyTrash)
	p.rows, p.marked = s.Rows, s.Marked
	p.showRows()
	p.list.Refresh()
	if p.list.Selected() != s.Selected {
		p.list.Select(s.Selected)
	}
	p.showEmpty(s.Empty)
}

// showRows shows the list where there are rows: the keyboard does not stop at one without, and goes to the search with the last row.
func (p *listPane) showRows() {
	none := p.rows.Len() == 0
	if p.listBox.Hidden == none {
		return
	}
	p.listBox.Hidden = none
	p.w.relayout()
	focused := p.w.root.Canvas().Focused()
	if none && focused == fyne.Focusable(p.list) || p.wanted && focused == fyne.Focusable(p.search.Input()) {
		p.focus()
	}
}

// focus leads to the rows, or to the search as long as there are none.
func (p *listPane) focus() {
	if p.wanted = p.rows.Len() == 0; !p.wanted {
		p.w.focus(p.list)
		return
	}
	p.w.focus(p.search.Input())
}

// showEmpty says why there are no rows.
func (p *listPane) showEmpty(s screen.EmptyState) {
	if s == p.emptyShown {
		return
	}
	p.emptyShown = s
	p.empty.Objects = nil
	if s != (screen.EmptyState{}) {
		p.empty.Objects = []fyne.CanvasObject{widget.EmptyState(s.Icon, s.Title, s.Body, p.emptyActions(s))}
	}
	p.w.relayout()
}

// emptyActions are the ways on; nil if there are none.
func (p *listPane) emptyActions(s screen.EmptyState) fyne.CanvasObject {
	actions := widget.Column(8)
	add := func(label string, icon assets.IconName, do func()) {
		if label != "" {
			actions.Add(widget.NewButton(label, icon, widget.Secondary, do))
		}
	}
	add(s.Action, assets.IconPlus, func() { p.model.Do(screen.ActionNew) })
	add(s.Import, assets.IconDownload, p.model.OpenImport)
	add(s.Everywhere, assets.IconSearch, p.model.SearchEverywhere)
	if len(actions.Objects) == 0 {
		return nil
	}
	return actions
}

func (p *listPane) openSort() {
	var items []widget.MenuItem
	for _, c := range p.model.State().Sort {
		items = append(items, widget.MenuItem{Label: c.Label, Checked: c.Selected, Do: func() { p.model.SortBy(c.ID) }})
	}
	p.w.root.ShowMenuBelow(p.sort, items...)
}

// openNew offers the kinds of items.
func (p *listPane) openNew() {
	var items []widget.MenuItem
	for _, c := range p.model.State().NewKinds {
		item := widget.MenuItem{Label: c.Label, Icon: c.Icon, Do: func() { p.model.New(c.ID) }}
		if c.ID == string(vault.Login) {
			item.Shortcut = p.w.keyOf(screen.ActionNew)
		}
		items = append(items, item)
	}
	p.w.root.ShowMenuBelow(p.add, items...)
}

// menu is what can be done with the selected item.
func (p *listPane) menu() []widget.MenuItem {
	s := p.model.State()
	if s.Marked > 1 {
		return p.severalMenu(s.Selection)
	}
	if s.Selected < 0 || s.Rows.At(s.Selected).Folder {
		return nil
	}
	if s.InTrash {
		return []widget.MenuItem{
			{Label: p.w.text("screen.detail.trashedAction"), Icon: assets.IconArchiveRestore, Do: p.model.Restore}, {},
			{Label: p.w.text("ui.deleteForever"), Icon: assets.IconTrash2, Danger: true, Shortcut: p.w.keyOf(screen.ActionTrash), Do: p.model.DeleteForever},
		}
	}
	favorite := p.item(screen.ActionFavorite, assets.IconStar)
	favorite.Label = p.w.text("ui.addFavorite")
	if s.Rows.At(s.Selected).Favorite {
		favorite.Label, favorite.Icon = p.w.text("ui.removeFavorite"), assets.IconStarFilled
	}
	trash := p.item(screen.ActionTrash, assets.IconTrash2)
	trash.Danger = true
	items := p.copies(s)
	archive := widget.MenuItem{Label: p.w.text("ui.archive"), Icon: assets.IconArchive, Do: p.model.ToggleArchive}
	if s.Rows.At(s.Selected).Archived {
		archive.Label, archive.Icon = p.w.text("ui.unarchive"), assets.IconArchiveRestore
	}
	return append(items, p.item(screen.ActionEdit, assets.IconPencil), favorite,
		widget.MenuItem{Label: p.w.text("ui.moveToFolder"), Icon: assets.IconFolderInput, Shortcut: p.w.keyOf(screen.ActionMove), Do: p.openFolders},
		p.item(screen.ActionTag, assets.IconTag), archive, widget.MenuItem{}, trash)
}

// severalMenu is what can be done with several items.
func (p *listPane) severalMenu(s screen.SelectionState) (items []widget.MenuItem) {
	for _, c := range s.Actions {
		action := screen.Action(c.ID)
		if action == screen.ActionTrash {
			items = append(items, widget.MenuItem{})
		}
		items = append(items, widget.MenuItem{Label: c.Label, Icon: c.Icon, Shortcut: p.w.keyOf(action), Danger: action == screen.ActionTrash,
			Disabled: s.Busy, Do: func() { p.w.act(action) }})
	}
	return items
}

// copies are the actions of logins.
func (p *listPane) copies(s screen.VaultState) []widget.MenuItem {
	if s.Rows.At(s.Selected).Kind != vault.Login {
		return nil
	}
	return []widget.MenuItem{
		p.item(screen.ActionCopyUser, assets.IconUser), p.item(screen.ActionCopyPassword, assets.IconCopy),
		p.item(screen.ActionCopyCode, assets.IconTimer), p.item(screen.ActionOpenSite, assets.IconExternalLink), {},
	}
}

func (p *listPane) item(action screen.Action, icon assets.IconName) widget.MenuItem {
	return widget.MenuItem{Label: p.w.text("screen.action." + string(action)), Icon: icon, Shortcut: p.w.keyOf(action), Do: func() { p.w.act(action) }}
}

// openFolders offers the folders that the selected items can be moved to, and asks for a new one; without any it asks at once.
func (p *listPane) openFolders() {
	ask := func() { p.w.askName(p.w.text("screen.vault.newFolder"), "", p.model.MoveToNew) }
	choices := p.model.State().Folders
	if len(choices) < 2 { // "No folder" alone
		ask()
		return
	}
	var items []widget.MenuItem
	for _, c := range choices {
		icon := assets.IconFolder
		if c.ID == "" {
			icon = assets.IconMinus
		}
		items = append(items, widget.MenuItem{Label: c.Label, Icon: icon, Do: func() { p.model.Move(c.ID) }})
	}
	items = append(items, widget.MenuItem{}, widget.MenuItem{Label: p.w.text("ui.newFolder"), Icon: assets.IconFolderPlus, Do: ask})
	p.w.root.ShowMenu(p.w.menuPlace(p.list), items...)
}

// openTags offers the tags that the selected items can get, and asks for a new one; without any it asks at once.
func (p *listPane) openTags() {
	ask := func() { p.w.askName(p.w.text("ui.newTag"), "", p.model.AddTag) }
	choices := p.model.TagsToAdd()
	if len(choices) == 0 {
		ask()
		return
	}
	items := tagItems(choices, p.model.AddTag)
	p.w.root.ShowMenu(p.w.menuPlace(p.list), append(items, widget.MenuItem{}, widget.MenuItem{Label: p.w.text("ui.newTag"), Icon: assets.IconPlus, Do: ask})...)
}

// openUntag offers the tags that the selected items have.
func (p *listPane) openUntag() {
	p.w.root.ShowMenu(p.w.menuPlace(p.list), tagItems(p.model.TagsToRemove(), p.model.RemoveTag)...)
}

func tagItems(choices []screen.Choice, do func(tag string)) (items []widget.MenuItem) {
	for _, c := range choices {
		items = append(items, widget.MenuItem{Label: c.Label, Icon: c.Icon, Do: func() { do(c.ID) }})
	}
	return items
}
