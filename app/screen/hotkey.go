package screen

import (
	"context"
	"slices"
	"strings"

	"github.com/coffer-vault/coffer/assets"
)

// Desktop is what there is around the window. The zero Desktop is one without any of it.
type Desktop struct {
	// WatchHotKey calls pressed for a key that works in every program, until ctx ends; package platform says how keys are written. It
	// returns when the key is ours, and released is closed when it is no longer. Nil where there are no such keys.
	WatchHotKey func(ctx context.Context, key string, pressed func()) (released <-chan struct{}, err error)
	// UsualHotKey is the key of people who have not chosen one: empty for none.
	UsualHotKey string
	Tray        func() bool // whether there is a tray now; nil for never
	HideSecrets bool        // whether the window can be kept out of screenshots
}

// HotKeyOff is the setting of people who want no hot key.
const HotKeyOff = "off"

// hotKeys are the keys to choose from. None of them types anything, on any layout.
var hotKeys = []string{"ctrl+shift+space", "ctrl+alt+space", "ctrl+alt+p", "ctrl+shift+alt+c"}

// hotKey keeps the key that the settings name, one after the other: what was chosen last is what stays.
type hotKey struct {
	desktop Desktop
	run     *Runner
	pressed func()
	changed func() // there is another err

	wanted string             // "" for none
	held   string             // what is ours, or about to be
	give   context.CancelFunc // gives the held one back
	given  <-chan struct{}    // closed when the one before is given back; nil if there was none
	busy   bool
	err    error // why the wanted one is not ours
}

func newHotKey(env *Env, desktop Desktop, pressed func()) *hotKey {
	return &hotKey{desktop: desktop, run: NewRunner(env.Post, env.Clock), pressed: func() { env.Post(pressed) }, changed: func() {}}
}

// set takes the setting.
func (h *hotKey) set(setting string) {
	h.wanted = h.key(setting)
	h.step()
}

// key is the key that a setting stands for, "" for none.
func (h *hotKey) key(setting string) string {
	switch {
	case h.desktop.WatchHotKey == nil || setting == HotKeyOff:
		return ""
	case setting == "":
		return h.desktop.UsualHotKey
	}
	return setting
}

func (h *hotKey) step() {
	if h.wanted == h.held {
		return
	}
	h.drop() // also what is still being asked for, which then ends
	if h.busy {
		return
	}
	if h.err = nil; h.wanted == "" {
		h.changed()
		return
	}
	key, ctx := h.wanted, context.Context(nil)
	ctx, h.give = context.WithCancel(context.Background())
	h.held, h.busy = key, true
	before := h.given
	Run(h.run, func(context.Context) (<-chan struct{}, error) {
		if before != nil {
			<-before // else it would count as another program's
		}
		return h.desktop.WatchHotKey(ctx, key, h.pressed)
	}, func(released <-chan struct{}, err error) {
		h.busy, h.given = false, released
		if ctx.Err() == nil {
			h.err = err
			h.changed()
		}
		h.step()
	})
}

// drop gives back what is held.
func (h *hotKey) drop() {
	if h.give != nil {
		h.give()
	}
	h.held, h.give = "", nil
}

// choices are the keys for the settings: those of the list, "off", and one that somebody has written into the file.
func (h *hotKey) choices(words *assets.Catalog, macOS bool, setting string) []Choice {
	selected, keys := h.key(setting), hotKeys
	if selected != "" && !slices.Contains(keys, selected) {
		keys = append(slices.Clone(keys), selected)
	}
	var choices []Choice
	for _, key := range keys {
		choices = append(choices, Choice{ID: key, Label: hotKeyLabel(words, key, macOS), Selected: key == selected})
	}
	return append(choices, Choice{ID: HotKeyOff, Label: words.Text("screen.settings.hotKeyOff"), Selected: selected == ""})
}

// hotKeyLabel writes a key as the system's own menus do.
func hotKeyLabel(words *assets.Catalog, key string, macOS bool) string {
	parts := strings.Split(key, "+")
	if macOS {
		signs := map[string]string{"ctrl": "⌃", "alt": "⌥", "shift": "⇧"}
		for i, p := range parts[:len(parts)-1] {
			parts[i] = signs[p]
		}
		parts[len(parts)-1] = keyName(words, parts[len(parts)-1])
		return strings.Join(parts, "")
	}
	for i, p := range parts {
		parts[i] = keyName(words, p)
	}
	return strings.Join(parts, "+")
}

// keyName is what is written on a key.
func keyName(words *assets.Catalog, key string) string {
	if len(key) == 1 {
		return strings.ToUpper(key)
	}
	return words.Text("screen.key." + key)
}
