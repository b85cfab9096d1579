package platform

import (
	"context"
	"testing"
)

func TestParseHotKey(t *testing.T) {
	for text, want := range map[string]hotKey{
		"ctrl+shift+space": {ctrl: true, shift: true, key: "space"},
		"alt+ctrl+p":       {ctrl: true, alt: true, key: "p"},
		"alt+space":        {alt: true, key: "space"},
		"":                 {}, "+": {}, "p": {}, "shift+p": {}, "space": {}, "ctrl+": {}, "ctrl+P": {}, "ctrl+ä": {}, "meta+p": {}, "ctrl+f12": {}, "ctrl +p": {},
	} {
		got, err := parseHotKey(text)
		if got != want || (err == nil) != (want.key != "") {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
}

func TestHotKeyOfADamagedFile(t *testing.T) {
	if _, err := WatchHotKey(context.Background(), "ctrl+alt", func() {}); err == nil {
		t.Error("a key without a key is watched")
	}
}
