package platform

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Errors of WatchHotKey.
var (
	ErrHotKeyTaken = errors.New("another program has this key")
	ErrNoHotKeys   = errors.New("this system has no keys that work everywhere")
)

// hotKey is a key with its modifiers. The key is "space" or a letter from a to z.
type hotKey struct {
	ctrl, alt, shift bool
	key              string
}

// WatchHotKey calls pressed, on a goroutine of its own, whenever a key is pressed in whatever program, until ctx ends. The key is written
// "ctrl+shift+space": modifiers ctrl, alt, shift, and space or a letter. It returns when the key is ours, which can take until the
// person has answered a question of the desktop; released is closed when it is no longer, and can be had again.
//
// X11, Windows: the key goes to this program alone. Wayland: the desktop's portal for global shortcuts is asked, and the person has the
// last word on which key it is. macOS: only where the program was built with cgo.
func WatchHotKey(ctx context.Context, key string, pressed func()) (released <-chan struct{}, err error) {
	k, err := parseHotKey(key)
	if err == nil {
		released, err = watchHotKey(ctx, k, pressed)
	}
	if err != nil {
		return nil, fmt.Errorf("hot key: %w", err)
	}
	return released, nil
}

// during runs what returns when a key is released, and tells of it.
func during(watch func()) <-chan struct{} {
	released := make(chan struct{})
	go func() {
		defer close(released)
		watch()
	}()
	return released
}

// HotKeysAreQuiet reports whether a hot key can be had without the desktop asking the person about it.
func HotKeysAreQuiet() bool { return hotKeysAreQuiet() }

func parseHotKey(text string) (hotKey, error) {
	var k hotKey
	parts := strings.Split(text, "+")
	for _, modifier := range parts[:len(parts)-1] {
		switch modifier {
		case "ctrl":
			k.ctrl = true
		case "alt":
			k.alt = true
		case "shift":
			k.shift = true
		default:
			return hotKey{}, fmt.Errorf("%q is no modifier", modifier)
		}
	}
	k.key = parts[len(parts)-1]
	// A letter alone, or with shift, is for typing.
	if !k.ctrl && !k.alt || k.key != "space" && (len(k.key) != 1 || k.key[0] < 'a' || k.key[0] > 'z') {
		return hotKey{}, fmt.Errorf("%q is no key with a modifier", text)
	}
	return k, nil
}
