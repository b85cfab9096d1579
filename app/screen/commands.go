package screen

import (
	"slices"
	"strings"

	"github.com/coffer-vault/coffer/assets"
	"github.com/coffer-vault/coffer/vault"
)

// command is one thing that a person can do. The one table of them dispatches the keys and makes the sheet of keys and the palette.
type command struct {
	action Action
	group  string // of the sheet of keys: screen.keys.group.<group>
	icon   assets.IconName
	keys   []Shortcut // without their action; the first one is shown in menus
	// when tells whether it applies to the window as it is; nil: it has its keys alone, and the palette does not list it.
	when func(*Vault) bool
	// do carries it out; nil: it moves the focus or opens a menu, which is the view's.
	do func(*Vault)
	// anywhere says that its keys work over a dialog too.
	anywhere bool
}

// keyGroups are the groups of the sheet of keys, in its order.
var keyGroups = []string{"app", "list", "item", "folder", "editor"}

func plainKey(keys ...string) (all []Shortcut) {
	for _, key := range keys {
		all = append(all, Shortcut{Key: key})
	}
	return all
}

func primary(key string) []Shortcut      { return []Shortcut{{Key: key, Primary: true}} }
func primaryShift(key string) []Shortcut { return []Shortcut{{Key: key, Primary: true, Shift: true}} }
func shifted(keys ...string) (all []Shortcut) {
	for _, key := range keys {
		all = append(all, Shortcut{Key: key, Shift: true})
	}
	return all
}

// commands is the table, in the order of the palette: what is for the selected item first. It is made anew for every question, since what
// it calls asks it too.
func commands() []command {
	all := slices.Concat(itemCommands(), listCommands(), appCommands(), folderCommands())
	for i, c := range all {
		for k := range c.keys {
			all[i].keys[k].Action = c.action
		}
	}
	return all
}

func appCommands() []command {
	return []command{
		{action: ActionPalette, group: "app", keys: primary("K"), anywhere: true},
		{action: ActionSearch, group: "app", icon: assets.IconSearch, keys: primary("F"), when: always},
		{action: ActionNew, group: "app", icon: assets.IconPlus, keys: primary("N"), when: (*Vault).takesNew, do: func(v *Vault) { v.New(string(vault.Login)) }},
		{action: ActionGenerator, group: "app", icon: assets.IconWandSparkles, keys: primary("G"), when: always, do: (*Vault).OpenGenerator},
		{action: ActionUndo, group: "app", icon: assets.IconUndo2, keys: primary("Z"), when: (*Vault).canUndo, do: (*Vault).Undo},
		{action: ActionSync, group: "app", icon: assets.IconRefreshCw, keys: plainKey("F5"), when: always, do: (*Vault).Sync},
		{action: ActionAccounts, group: "app", icon: assets.IconUser, keys: primaryShift("A"), when: always},
		{action: ActionSettings, group: "app", icon: assets.IconSettings, keys: primary(","), when: always, do: (*Vault).OpenSettings},
		{action: ActionAccount, icon: assets.IconShield, when: always, do: (*Vault).OpenAccount},
		{action: ActionDevices, icon: assets.IconMonitor, when: always, do: (*Vault).OpenDevices},
		{action: ActionBackups, icon: assets.IconHistory, when: always, do: (*Vault).OpenBackups},
		{action: ActionSecurity, icon: assets.IconShieldCheck, when: always, do: func(v *Vault) { v.Go(Place{Kind: PlaceSecurity}) }},
		{action: ActionImport, icon: assets.IconDownload, when: always, do: (*Vault).OpenImport},
		{action: ActionExport, icon: assets.IconFileUp, when: (*Vault).mayExport, do: (*Vault).OpenExport},
		{action: ActionKeys, group: "app", icon: assets.IconKeyboard, keys: slices.Concat(plainKey("F1"), primary("/"), plainKey("?")), when: always, anywhere: true},
		{action: ActionLock, group: "app", icon: assets.IconLock, keys: primary("L"), when: always, do: (*Vault).Lock, anywhere: true},
		{action: ActionLockAll, icon: assets.IconLock, when: (*Vault).othersAreOpen, do: (*Vault).LockAll},
		{action: ActionBack, group: "app", keys: plainKey("Escape")},
	}
}

// The keys that move within a list are the list's own; they are here for the sheet.
func listCommands() []command {
	return []command{
		{action: ActionList, group: "list", keys: plainKey("Down")},
		{action: ActionEnds, group: "list", keys: plainKey("Home", "End")},
		{action: ActionPages, group: "list", keys: plainKey("Prior", "Next")},
		{action: ActionExtend, group: "list", keys: shifted("Up", "Down")},
		{action: ActionTick, group: "list", keys: plainKey("Space")},
		{action: ActionSelectAll, group: "list", icon: assets.IconCopyCheck, keys: primary("A"), when: (*Vault).takesSeveral, do: (*Vault).SelectAll},
		{action: ActionMenu, group: "list", icon: assets.IconEllipsis, keys: append(shifted("F10"), plainKey("Menu")...), when: (*Vault).hasTargets},
		{action: ActionSort, group: "list", icon: assets.IconArrowUpDown, keys: primaryShift("S"), when: always},
		{action: ActionEmptyTrash, icon: assets.IconTrash2, when: func(v *Vault) bool { return v.inTrash() && len(v.rows) > 0 }, do: (*Vault).EmptyTrash},
	}
}

func itemCommands() []command {
	return []command{
		{action: ActionCopyUser, group: "item", icon: assets.IconUser, keys: primary("B"), when: shows(vault.Username), do: onDetail((*Detail).CopyUser)},
		{action: ActionCopyPassword, group: "item", icon: assets.IconCopy, keys: primaryShift("C"), when: shows(vault.Password), do: onDetail((*Detail).CopyPassword)},
		{action: ActionCopyCode, group: "item", icon: assets.IconTimer, keys: primary("T"), when: shows(vault.OTP), do: onDetail((*Detail).CopyCode)},
		{action: ActionOpenSite, group: "item", icon: assets.IconExternalLink, keys: primary("O"), when: (*Vault).showsSite, do: onDetail((*Detail).OpenSite)},
		{action: ActionReveal, group: "item", icon: assets.IconEye, keys: primary("R"), when: shows(vault.Password), do: onDetail((*Detail).RevealPassword)},
		{action: ActionEdit, group: "item", icon: assets.IconPencil, keys: primary("E"), when: (*Vault).canEdit, do: (*Vault).Edit},
		{action: ActionFavorite, group: "item", icon: assets.IconStar, keys: primary("D"), when: (*Vault).canArrange, do: (*Vault).ToggleFavorite},
		{action: ActionMove, group: "item", icon: assets.IconFolderInput, keys: primary("M"), when: (*Vault).canArrange},
		{action: ActionTag, group: "item", icon: assets.IconTag, keys: primaryShift("T"), when: (*Vault).canArrange},
		{action: ActionUntag, icon: assets.IconTag, when: (*Vault).canUntag},
		{action: ActionAttach, icon: assets.IconPaperclip, when: func(v *Vault) bool { return v.detail != nil && v.detail.takesFiles() }, do: onDetail((*Detail).AttachFiles)},
		{action: ActionArchive, icon: assets.IconArchive, when: (*Vault).canArrange, do: (*Vault).ToggleArchive},
		{action: ActionRestore, icon: assets.IconArchiveRestore, when: func(v *Vault) bool { return v.inTrash() && v.hasTargets() }, do: (*Vault).Restore},
		{action: ActionTrash, group: "item", icon: assets.IconTrash2, keys: plainKey("Delete"), when: (*Vault).hasTargets, do: (*Vault).discard},
		{action: ActionSave, group: "editor", icon: assets.IconCheck, keys: primary("S"), when: func(v *Vault) bool { return v.editor != nil }, do: func(v *Vault) { v.editor.Save() }},
	}
}

func folderCommands() []command {
	inFolder := func(v *Vault) bool { return v.place.Kind == PlaceFolder }
	return []command{
		{action: ActionNewFolder, group: "folder", icon: assets.IconFolderPlus, keys: primaryShift("N"), when: always},
		{action: ActionRename, group: "folder", icon: assets.IconPencil, keys: plainKey("F2"), when: func(v *Vault) bool { return inFolder(v) || v.place.Kind == PlaceTag }},
		{action: ActionMoveFolder, icon: assets.IconFolderInput, when: inFolder},
		{action: ActionDeleteFolder, icon: assets.IconTrash2, when: inFolder, do: func(v *Vault) { v.DeleteFolder(v.place.Folder) }},
	}
}

func always(*Vault) bool { return true }

// shows tells whether the item in the pane has a value in a field.
func shows(key vault.Key) func(*Vault) bool {
	return func(v *Vault) bool { return v.detail != nil && !v.detail.item.Value(key).IsZero() }
}

func onDetail(do func(*Detail)) func(*Vault) { return func(v *Vault) { do(v.detail) } }

func (v *Vault) showsSite() bool { return v.detail != nil && v.detail.firstSite() >= 0 }

func (v *Vault) takesNew() bool      { return !v.inTrash() }
func (v *Vault) canEdit() bool       { return v.detail != nil && v.detail.State().CanEdit }
func (v *Vault) hasTargets() bool    { return v.marked != nil || !v.selected.IsZero() && !v.makesNew() }
func (v *Vault) canArrange() bool    { return v.hasTargets() && !v.inTrash() }
func (v *Vault) canUndo() bool       { return v.undo != nil || v.stopWork != nil || v.conflicts != nil }
func (v *Vault) othersAreOpen() bool { return v.State().LockAll != "" }

func commandOf(action Action) (command, bool) {
	all := commands()
	i := slices.IndexFunc(all, func(c command) bool { return c.action == action })
	if i < 0 {
		return command{}, false
	}
	return all[i], true
}

// Can reports whether an action applies now. What lies over the window takes the keys of most.
func (v *Vault) Can(action Action) bool {
	c, ok := commandOf(action)
	return ok && (c.when == nil || c.when(v)) && (c.anywhere || v.dialog() == DialogNone)
}

// Do carries out an action where it applies; what moves the focus or opens a menu is the view's, and does nothing here.
func (v *Vault) Do(action Action) {
	c, _ := commandOf(action)
	switch {
	case !v.Can(action):
	case c.do != nil:
		c.do(v)
	case action == ActionPalette:
		v.OpenPalette()
	case action == ActionBack:
		v.back()
	}
}

// back leaves the editor, or gives up a selection of several items.
func (v *Vault) back() {
	if v.editor != nil {
		v.editor.Cancel()
		return
	}
	v.ClearSelection()
}

// KeyGroup is a part of the sheet of keys.
type KeyGroup struct {
	Title string
	Rows  []KeyRow
}

// KeyRow is what one or more keys do.
type KeyRow struct {
	Keys []string // "Ctrl+Shift+C", on macOS "⇧⌘C"
	Text string
}

// KeySheet is the help for the keyboard: everything that has a key.
func KeySheet(words *assets.Catalog, macOS bool) []KeyGroup {
	var sheet []KeyGroup
	for _, name := range keyGroups {
		group := KeyGroup{Title: words.Text("screen.keys.group." + name)}
		for _, c := range commands() {
			if c.group == name {
				group.Rows = append(group.Rows, KeyRow{keyLabels(words, macOS, c.keys), words.Text("screen.action." + string(c.action))})
			}
		}
		sheet = append(sheet, group)
	}
	return sheet
}

func keyLabels(words *assets.Catalog, macOS bool, keys []Shortcut) (labels []string) {
	for _, k := range keys {
		labels = append(labels, k.Label(words, macOS))
	}
	return labels
}

// shortcutRows is the sheet in one list, for the settings.
func shortcutRows(words *assets.Catalog, macOS bool) (rows []ShortcutRow) {
	for _, group := range KeySheet(words, macOS) {
		for _, row := range group.Rows {
			rows = append(rows, ShortcutRow{strings.Join(row.Keys, ", "), row.Text})
		}
	}
	return rows
}
