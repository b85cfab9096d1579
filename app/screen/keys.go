package screen

import (
	"strings"

	"github.com/coffer-vault/coffer/assets"
)

// Action is something that a key does.
type Action string

// The actions. Most have a key; all but those that move within a list or a form are in the palette.
const (
	ActionPalette      Action = "palette"
	ActionKeys         Action = "keys"
	ActionUndo         Action = "undo"
	ActionSync         Action = "sync"
	ActionAccount      Action = "account"
	ActionDevices      Action = "devices"
	ActionBackups      Action = "backups"
	ActionSecurity     Action = "security"
	ActionImport       Action = "import"
	ActionExport       Action = "export"
	ActionLockAll      Action = "lock_all"
	ActionEnds         Action = "ends"
	ActionPages        Action = "pages"
	ActionExtend       Action = "extend"
	ActionTick         Action = "tick"
	ActionSelectAll    Action = "select_all"
	ActionMenu         Action = "menu"
	ActionSort         Action = "sort"
	ActionEmptyTrash   Action = "empty_trash"
	ActionMove         Action = "move"
	ActionTag          Action = "tag"
	ActionUntag        Action = "untag"
	ActionAttach       Action = "attach"
	ActionArchive      Action = "archive"
	ActionRestore      Action = "restore"
	ActionNewFolder    Action = "new_folder"
	ActionRename       Action = "rename"
	ActionMoveFolder   Action = "move_folder"
	ActionDeleteFolder Action = "delete_folder"
	ActionSearch       Action = "search"
	ActionNew          Action = "new"
	ActionEdit         Action = "edit"
	ActionSave         Action = "save"
	ActionCopyUser     Action = "copy_user"
	ActionCopyPassword Action = "copy_password"
	ActionCopyCode     Action = "copy_code"
	ActionOpenSite     Action = "open_site"
	ActionReveal       Action = "reveal"
	ActionGenerator    Action = "generator"
	ActionLock         Action = "lock"
	ActionSettings     Action = "settings"
	ActionAccounts     Action = "accounts"
	ActionFavorite     Action = "favorite"
	ActionTrash        Action = "trash"
	ActionList         Action = "list"
	ActionBack         Action = "back"
)

// Shortcut is a key with its modifiers. Key is a capital letter, a sign, or a name: Delete, Down, Escape, F1.
type Shortcut struct {
	Action  Action
	Key     string
	Primary bool // Ctrl, on macOS Command
	Shift   bool
}

// Shortcuts is the keyboard map, in the order in which the help lists it. No two share a key; some actions have several.
func Shortcuts() (all []Shortcut) {
	for _, c := range commands() {
		all = append(all, c.keys...)
	}
	return all
}

// ShortcutOf finds the first key of an action; there is none if the second result is false.
func ShortcutOf(action Action) (Shortcut, bool) {
	if c, ok := commandOf(action); ok && len(c.keys) > 0 {
		return c.keys[0], true
	}
	return Shortcut{}, false
}

// Label writes the shortcut as the system's own menus do: "Ctrl+Shift+C", on macOS "⇧⌘C".
func (s Shortcut) Label(words *assets.Catalog, macOS bool) string {
	key := s.Key
	if name := "screen.key." + strings.ToLower(key); words.Has(name) {
		key = words.Text(name)
	}
	if macOS {
		return prefixIf(s.Shift, "⇧") + prefixIf(s.Primary, "⌘") + key
	}
	return prefixIf(s.Primary, words.Text("screen.key.ctrl")+"+") + prefixIf(s.Shift, words.Text("screen.key.shift")+"+") + key
}

// Describe says what the shortcut does, for the help and for tooltips.
func (s Shortcut) Describe(words *assets.Catalog) string {
	return words.Text("screen.action." + string(s.Action))
}

func prefixIf(yes bool, text string) string {
	if yes {
		return text
	}
	return ""
}
