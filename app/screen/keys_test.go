package screen

import "testing"

func TestShortcutsAreUniqueAndNamed(t *testing.T) {
	words := english(t)
	byKey := map[Shortcut]Action{}
	for _, s := range Shortcuts() {
		key := Shortcut{Key: s.Key, Primary: s.Primary, Shift: s.Shift}
		if other, taken := byKey[key]; taken {
			t.Errorf("%s and %s have the same key", s.Action, other)
		}
		byKey[key] = s.Action
		checkWords(t, string(s.Action), s.Label(words, false), s.Label(words, true), s.Describe(words))
	}
}

func TestEveryCommandIsWhole(t *testing.T) {
	words, seen := english(t), map[Action]bool{}
	for _, c := range commands() {
		if seen[c.action] {
			t.Errorf("%s is there twice", c.action)
		}
		seen[c.action] = true
		if c.when != nil && c.icon == "" {
			t.Errorf("%s is in the palette and has no icon", c.action)
		}
		if (c.group != "") != (len(c.keys) > 0) {
			t.Errorf("%s is in the group %q with %d keys", c.action, c.group, len(c.keys))
		}
		if c.when == nil && len(c.keys) == 0 {
			t.Errorf("%s cannot be reached", c.action)
		}
		checkWords(t, string(c.action), words.Text("screen.action."+string(c.action)))
	}
}

// The keys that the design promises.
func TestPromisedKeys(t *testing.T) {
	words := english(t)
	for action, key := range map[Action]string{
		ActionSearch: "Ctrl+F", ActionNew: "Ctrl+N", ActionEdit: "Ctrl+E", ActionSave: "Ctrl+S", ActionCopyUser: "Ctrl+B", ActionCopyPassword: "Ctrl+Shift+C",
		ActionCopyCode: "Ctrl+T", ActionOpenSite: "Ctrl+O", ActionReveal: "Ctrl+R", ActionGenerator: "Ctrl+G", ActionLock: "Ctrl+L", ActionSettings: "Ctrl+,",
		ActionFavorite: "Ctrl+D", ActionTrash: "Delete", ActionList: "↓", ActionBack: "Esc", ActionPalette: "Ctrl+K", ActionUndo: "Ctrl+Z", ActionSelectAll: "Ctrl+A",
	} {
		s, _ := ShortcutOf(action)
		if got := s.Label(words, false); got != key {
			t.Errorf("%s has %s, want %s", action, got, key)
		}
	}
}

func TestKeySheetHasEveryKey(t *testing.T) {
	words, shown := english(t), map[string]bool{}
	for _, group := range KeySheet(words, true) {
		checkWords(t, "sheet", group.Title)
		for _, row := range group.Rows {
			checkWords(t, "sheet", row.Text)
			for _, key := range row.Keys {
				shown[key] = true
			}
		}
	}
	for _, s := range Shortcuts() {
		if label := s.Label(words, true); !shown[label] {
			t.Errorf("%s is not in the sheet", label)
		}
	}
	if !shown["⌘K"] || !shown["⇧⌘C"] || !shown["⇧F10"] {
		t.Errorf("not as on a Mac: %v", shown)
	}
}

func TestShortcutLabels(t *testing.T) {
	words := english(t)
	for _, test := range []struct {
		action     Action
		pc, macOSs string
	}{
		{ActionCopyPassword, "Ctrl+Shift+C", "⇧⌘C"},
		{ActionSettings, "Ctrl+,", "⌘,"},
		{ActionTrash, "Delete", "Delete"},
		{ActionList, "↓", "↓"},
		{ActionBack, "Esc", "Esc"},
	} {
		s, ok := ShortcutOf(test.action)
		if !ok || s.Label(words, false) != test.pc || s.Label(words, true) != test.macOSs {
			t.Errorf("%s: %q, %q", test.action, s.Label(words, false), s.Label(words, true))
		}
	}
	if _, ok := ShortcutOf("dance"); ok {
		t.Error("an unknown action has a key")
	}
}
