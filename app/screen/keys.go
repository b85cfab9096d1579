package screen

import (
	"strings"

	"github.com/coffer-vault/coffer/assets"
)

// Action is something that a key does.
type Action string

// The actions that have a key.
const (
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

// Shortcut is a key with its modifiers. Key is a capital letter, "," or a name: Delete, Down, Escape.
type Shortcut struct {
	Action  Action
	Key     string
	Primary bool // Ctrl, on macOS Command
	Shift   bool
}

// Shortcuts is the keyboard map, in the order in which the help lists it. No two share a key.
func Shortcuts() []Shortcut {
	return []Shortcut{
		{Action: ActionSearch, Key: "F", Primary: true},
		{Action: ActionNew, Key: "N", Primary: true},
		{Action: ActionEdit, Key: "E", Primary: true},
		{Action: ActionSave, Key: "S", Primary: true},
		{Action: ActionCopyUser, Key: "B", Primary: true},
		{Action: ActionCopyPassword, Key: "C", Primary: true, Shift: true},
		{Action: ActionCopyCode, Key: "T", Primary: true},
		{Action: ActionOpenSite, Key: "O", Primary: true},
		{Action: ActionReveal, Key: "R", Primary: true},
		{Action: ActionGenerator, Key: "G", Primary: true},
		{Action: ActionLock, Key: "L", Primary: true},
		{Action: ActionSettings, Key: ",", Primary: true},
		{Action: ActionAccounts, Key: "A", Primary: true, Shift: true},
		{Action: ActionFavorite, Key: "D", Primary: true},
		{Action: ActionTrash, Key: "Delete"},
		{Action: ActionList, Key: "Down"},
		{Action: ActionBack, Key: "Escape"},
	}
}

// ShortcutOf finds the key of an action; there is none if the second result is false.
func ShortcutOf(action Action) (Shortcut, bool) {
	for _, s := range Shortcuts() {
		if s.Action == action {
			return s, true
		}
	}
	return Shortcut{}, false
}

// Label writes the shortcut as the system's own menus do: "Ctrl+Shift+C", on macOS "⇧⌘C".
func (s Shortcut) Label(words *assets.Catalog, macOS bool) string {
	key := s.Key
	if len(key) > 1 {
		key = words.Text("screen.key." + strings.ToLower(key))
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
