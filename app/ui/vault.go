package ui

import (
	"fyne.io/fyne/v2"

	"github.com/coffer-vault/coffer/app/screen"
	"github.com/coffer-vault/coffer/app/ui/theme"
	"github.com/coffer-vault/coffer/app/ui/widget"
	"github.com/coffer-vault/coffer/assets"
	"github.com/coffer-vault/coffer/crypto/id"
)

// vaultView is the main window: sidebar, list, and what the right pane shows.
type vaultView struct {
	w     *Window
	model *screen.Vault

	box     *fyne.Container
	panes   *widget.Panes
	sidebar *sidebar
	list    *listPane
	problem *problemStrip
	notice  *noticeBar
	pane    pane
	dialogs dialogs
	toast   int
	// attached says that the window shows the view: what is opened over it before that would be closed again.
	attached bool
}

// pane is what the right side shows.
type pane struct {
	model   any
	content fyne.CanvasObject
	render  func(screen.VaultState) // nil if its model tells it
	focus   func()                  // puts the keyboard into it; nil if it does not take it by itself
	key     func(*fyne.KeyEvent) bool
}

func newVaultView(w *Window, model *screen.Vault) *vaultView {
	v := &vaultView{w: w, model: model, sidebar: newSidebar(w, model), list: newListPane(w, model)}
	v.problem = newProblemStrip(w, model.DismissProblem)
	v.notice = newNoticeBar(model.ActOnNotice)
	v.dialogs = dialogs{w: w, model: model}
	v.panes = widget.NewPanes(v.sidebar.box, v.list.box, widget.Spacer())
	if w.Panes[0] > 0 {
		v.panes.SetWidths(w.Panes[0], w.Panes[1])
	}
	v.panes.OnResized = func(sidebar, list float32) { w.Panes = [2]float32{sidebar, list} }
	v.box = widget.Column(0, v.notice.box, v.problem.box, widget.Grow(v.panes))
	model.OnAction(w.act)
	model.OnChange(v.render)
	v.render(model.State())
	return v
}

func (v *vaultView) render(s screen.VaultState) {
	v.sidebar.render(s)
	v.list.render(s)
	v.showPane(s)
	noticed := v.notice.set(s.Notice)
	if v.problem.set(s.Problem) || noticed {
		v.w.relayout()
	}
	if v.attached {
		v.showToast(s.Toast)
		v.dialogs.render(s)
	}
}

// showPane changes the right side where another model has it.
func (v *vaultView) showPane(s screen.VaultState) {
	model := v.paneModel(s)
	if model == v.pane.model && v.pane.content != nil {
		if v.pane.render != nil {
			v.pane.render(s)
		}
		return
	}
	before := v.pane
	v.pane = v.newPane(s)
	v.pane.model = model
	v.panes.SetDetail(v.pane.content)
	v.pane.content.MinSize()
	v.w.relayout()
	switch {
	case v.pane.focus != nil:
		v.pane.focus()
	case before.focus != nil:
		v.list.focus() // the keyboard was in what is gone
	}
}

func (v *vaultView) paneModel(s screen.VaultState) any {
	switch s.Pane {
	case screen.PaneDetail:
		return v.model.Detail()
	case screen.PaneEditor:
		return v.model.Editor()
	case screen.PaneConflicts:
		return v.model.Conflicts()
	case screen.PaneSelection:
		return screen.PaneSelection
	case screen.PaneSecurity:
		return v.model.Security()
	}
	return nil
}

func (v *vaultView) newPane(s screen.VaultState) pane {
	switch s.Pane {
	case screen.PaneDetail:
		return pane{content: newDetailView(v.w, v.model, v.model.Detail(), v.list.menu).box}
	case screen.PaneEditor:
		e := newEditorView(v.w, v.model.Editor())
		return pane{content: e.box, focus: e.focus, key: e.key}
	case screen.PaneConflicts:
		c := newConflictsView(v.w, v.model.Conflicts())
		return pane{content: c.box, focus: c.focus, key: c.key}
	case screen.PaneSelection:
		several := newSelectionView(v.w, s)
		return pane{content: several.box, render: several.render}
	}
	if s.Pane == screen.PaneSecurity {
		return pane{content: newSecurityView(v.w, v.model.Security()).box}
	}
	rest := newRestView(v.w)
	rest.render(s)
	return pane{content: rest.box, render: rest.render}
}

func (v *vaultView) showToast(t screen.Toast) {
	if t.Number == v.toast {
		return
	}
	v.toast = t.Number
	if t.Number == 0 {
		v.w.root.HideToast()
		return
	}
	toast := widget.Toast{Text: t.Text, Action: t.Undo, OnAction: v.model.Undo, Stay: untilNever}
	if t.Busy {
		toast.Icon = assets.IconRefreshCw
	}
	v.w.root.ShowToast(toast)
}

func (v *vaultView) renderUpdate(s screen.UpdateState) { v.dialogs.renderUpdate(s) }

func (v *vaultView) content() fyne.CanvasObject { return v.box }
func (v *vaultView) focus()                     { v.w.focus(v.list.search.Input()) }

// refocus leads to what is being typed, or else to the list.
func (v *vaultView) refocus() {
	if v.pane.focus != nil {
		v.pane.focus()
		return
	}
	v.list.focus()
}

func (v *vaultView) refresh(screen.ShellState) {
	if !v.attached {
		v.attached = true
		v.render(v.model.State())
	}
}

func (v *vaultView) key(event *fyne.KeyEvent) {
	if v.pane.key != nil && v.pane.key(event) {
		return
	}
	if action, ok := v.w.plain(event); ok {
		v.w.act(action)
	}
}

// act carries out an action: those that move the focus or open a menu are the view's.
func (v *vaultView) act(action screen.Action) {
	if !v.model.Can(action) {
		return
	}
	switch action {
	case screen.ActionSearch:
		v.list.search.Focus()
		v.list.search.SelectAll()
	case screen.ActionAccounts:
		v.sidebar.openMenu()
	case screen.ActionList, screen.ActionBack:
		editing := v.model.State().Pane == screen.PaneEditor
		v.model.Do(action)
		if !editing {
			v.list.focus()
		}
	default:
		if open := v.menus()[action]; open != nil {
			open()
			return
		}
		v.model.Do(action)
	}
}

// menus are the actions that ask for something first.
func (v *vaultView) menus() map[screen.Action]func() {
	return map[screen.Action]func(){
		screen.ActionMenu: v.list.list.OpenMenu, screen.ActionSort: v.list.openSort, screen.ActionMove: v.list.openFolders,
		screen.ActionTag: v.list.openTags, screen.ActionUntag: v.list.openUntag, screen.ActionNewFolder: func() { v.sidebar.askFolder(id.ID{}) },
		screen.ActionRename: v.sidebar.rename, screen.ActionMoveFolder: v.sidebar.moveFolder,
	}
}

// problemStrip says, over the panes, why something did not happen.
type problemStrip struct {
	box    *fyne.Container
	notice *notice
}

func newProblemStrip(w *Window, dismiss func()) *problemStrip {
	banner := widget.NewBannerBeside(widget.Info, "", "", widget.NewIconButton(assets.IconX, w.text("widget.dismiss"), dismiss))
	p := &problemStrip{notice: noticeOf(banner, 0)}
	p.box = widget.Stack(widget.NewSurface(theme.ColorList, theme.ColorNone, 0), widget.Pad(p.notice.box, 8, 12, 8, 12))
	p.box.Hide()
	return p
}

func (p *problemStrip) set(m screen.Message) (changed bool) {
	p.box.Hidden = m.IsZero()
	return p.notice.set(m)
}
