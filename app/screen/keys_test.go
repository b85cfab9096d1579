package screen

import "testing"

func TestShortcutsAreUniqueAndNamed(t *testing.T) {
	words := english(t)
	byKey, byAction := map[Shortcut]Action{}, map[Action]bool{}
	for _, s := range Shortcuts() {
		key := Shortcut{Key: s.Key, Primary: s.Primary, Shift: s.Shift}
		if other, taken := byKey[key]; taken {
			t.Errorf("%s and %s have the same key", s.Action, other)
		}
		if byAction[s.Action] {
			t.Errorf("%s has two keys", s.Action)
		}
		byKey[key], byAction[s.Action] = s.Action, true
		checkWords(t, string(s.Action), s.Label(words, false), s.Label(words, true), s.Describe(words))
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
