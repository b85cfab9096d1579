package screen

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/coffer-vault/coffer/app/platform"
)

// keyboard hands out hot keys as a system does: each to one, until it is given back.
type keyboard struct {
	mu     sync.Mutex
	held   []string
	taken  string        // by another program
	asks   chan struct{} // while it is open, the person has not answered; nil for a system that does not ask
	asked  chan struct{} // one value for each question
	pushes map[string]func()
	noted  func() // something has happened
}

func (k *keyboard) watch(ctx context.Context, key string, pressed func()) (<-chan struct{}, error) {
	if k.asks != nil {
		k.asked <- struct{}{}
		k.noted()
		select {
		case <-k.asks:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if key == k.taken || slices.Contains(k.held, key) {
		return nil, platform.ErrHotKeyTaken
	}
	k.held = append(k.held, key)
	if k.pushes == nil {
		k.pushes = map[string]func(){}
	}
	k.pushes[key] = pressed
	released := make(chan struct{})
	context.AfterFunc(ctx, func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		k.held = slices.DeleteFunc(k.held, func(h string) bool { return h == key })
		close(released)
		k.noted()
	})
	return released, nil
}

func (k *keyboard) holds() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return strings.Join(k.held, " ")
}

func newKeys(t *testing.T, k *keyboard, pressed func()) (*desk, *hotKey) {
	env, d := newEnv(t)
	k.noted = func() { d.queue.Post(func() {}) }
	return d, newHotKey(env, Desktop{WatchHotKey: k.watch, UsualHotKey: "ctrl+shift+space"}, pressed)
}

func TestHotKeyFollowsTheSetting(t *testing.T) {
	k, pressed := &keyboard{taken: "ctrl+alt+p"}, 0
	d, h := newKeys(t, k, func() { pressed++ })
	// Given back and asked for again at once, it is not another program's.
	for _, setting := range []string{"", HotKeyOff, "", "ctrl+alt+space", HotKeyOff, "ctrl+alt+space"} {
		h.set(setting)
		d.until("key of "+setting, func() bool { return !h.busy && k.holds() == h.wanted })
		if h.err != nil {
			t.Errorf("%q: %v", setting, h.err)
		}
	}
	k.pushes["ctrl+alt+space"]()
	d.queue.Drain()
	if pressed != 1 {
		t.Errorf("pressed once, counted %d times", pressed)
	}
	h.set("ctrl+alt+p")
	d.until("clash", func() bool { return errors.Is(h.err, platform.ErrHotKeyTaken) })
	h.set(HotKeyOff)
	if d.until("nothing held", func() bool { return k.holds() == "" }); h.err != nil {
		t.Errorf("off: %v", h.err)
	}
}

// While the desktop asks the person, the person may choose another key in our settings, or none, or the same again.
func TestHotKeyIsChangedWhileTheDesktopAsks(t *testing.T) {
	k := &keyboard{asks: make(chan struct{}), asked: make(chan struct{}, 8)}
	d, h := newKeys(t, k, func() {})
	h.set("ctrl+alt+p")
	<-k.asked
	h.set("ctrl+alt+space")
	h.set("ctrl+alt+p")
	d.until("the second question", func() bool { return len(k.asked) == 1 })
	close(k.asks)
	d.until("the key", func() bool { return !h.busy && k.holds() == "ctrl+alt+p" })
	if h.err != nil {
		t.Error(h.err)
	}
	h.set(HotKeyOff)
	d.until("nothing held", func() bool { return k.holds() == "" })
}

func TestHotKeyChoices(t *testing.T) {
	_, h := newKeys(t, &keyboard{}, func() {})
	words := english(t)
	selected := func(setting string, macOS bool) string {
		for _, c := range h.choices(words, macOS, setting) {
			checkWords(t, c.ID, c.Label)
			if c.Selected {
				return c.Label
			}
		}
		return ""
	}
	for setting, want := range map[string]string{"": "Ctrl+Shift+Space", HotKeyOff: "Off", "ctrl+alt+p": "Ctrl+Alt+P", "alt+q": "Alt+Q"} {
		if got := selected(setting, false); got != want {
			t.Errorf("%q is shown as %q, want %q", setting, got, want)
		}
	}
	if got := selected("ctrl+alt+p", true); got != "⌃⌥P" {
		t.Errorf("on macOS %q", got)
	}
	t.Setenv("DISPLAY", "") // not the keyboard of whoever runs the test
	t.Setenv("WAYLAND_DISPLAY", "")
	for _, key := range hotKeys {
		if _, err := platform.WatchHotKey(canceled(), key, func() {}); err != nil && strings.Contains(err.Error(), "modifier") {
			t.Error(err)
		}
	}
}

func canceled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// Settings show what this desktop can do, and no more.
func TestSettingsOfTheDesktop(t *testing.T) {
	d, v, _ := openDesk(t)
	k := &keyboard{taken: "ctrl+alt+p", noted: func() { d.queue.Post(func() {}) }}
	toggles := func() string {
		v.OpenSettings()
		var ids []string
		for _, toggle := range v.Settings().State().Toggles {
			ids = append(ids, toggle.ID)
			checkWords(t, toggle.ID, toggle.Label)
		}
		return strings.Join(ids, " ")
	}
	const always = ToggleReducedMotion + " " + ToggleStartAtLogin + " " + ToggleImport
	if got := toggles(); got != always || len(v.Settings().State().HotKeys) > 0 {
		t.Errorf("a desktop without anything shows %s", got)
	}
	v.Settings().Done()
	desktop := Desktop{WatchHotKey: k.watch, UsualHotKey: "ctrl+shift+space", Tray: func() bool { return true }, HideSecrets: true}
	d.shell.config.Desktop, d.shell.hotKey.desktop = desktop, desktop
	if got := toggles(); got != always+" "+ToggleKeepInTray+" "+ToggleHideSecrets {
		t.Errorf("a desktop with everything shows %s", got)
	}
	s := v.Settings()
	if state := d.shell.State(); !state.KeepInTray || !state.HideSecrets {
		t.Error("not on from the beginning")
	}
	s.SetToggle(ToggleKeepInTray, false)
	s.SetToggle(ToggleHideSecrets, false)
	if state := d.shell.State(); state.KeepInTray || state.HideSecrets {
		t.Error("switched off in vain")
	}
	s.SetHotKey("ctrl+alt+p")
	d.until("clash", func() bool { return !s.State().HotKey.IsZero() })
	checkWords(t, "clash", s.State().HotKey.What, s.State().HotKey.Safe, s.State().HotKey.Next)
	s.SetHotKey("ctrl+alt+space")
	d.until("key", func() bool { return k.holds() == "ctrl+alt+space" && s.State().HotKey.IsZero() })
	d.until("settings kept", func() bool { return !s.keeping })
	if kept := d.pc.Manager.Settings(); kept.KeepInTray || kept.HideSecrets || kept.HotKey != "ctrl+alt+space" {
		t.Errorf("kept %+v", kept)
	}
}
