// Package tray is Coffer's icon among those of the system: its menu is the way to a window that is hidden.
//
// It drives fyne.io/systray, which the toolkit brings along, itself: the toolkit starts the icon only if it is asked before its loop
// runs, opens a window that nobody sees for it, and says nothing about desktops that show no such icons.
package tray

import (
	"sync"

	"fyne.io/systray"
)

// Config is what the icon is for. The functions are called on goroutines of the icon's own.
type Config struct {
	Name    string
	Pressed func()   // the icon itself
	Do      []func() // what the lines of the menu do, from the top; nil for a line between them
}

// Look is what the icon says.
type Look struct {
	Locked bool   // nothing is open: the icon is grey
	Tip    string // shown beside the pointer
	Lines  []Line // as many as Config.Do
}

// Line is one line of the menu. That of a separator is zero.
type Line struct {
	Label    string
	Disabled bool
}

// Tray is the icon. A process has one at the most, since the system's interface is one of the process.
type Tray struct {
	icons icons
	lines []*systray.MenuItem
	end   func()

	mu    sync.Mutex
	shown Look
}

// Start shows the icon. It is called on the goroutine that draws, while its loop runs.
func Start(c Config, look Look) (*Tray, error) {
	icons, err := newIcons()
	if err != nil {
		return nil, err
	}
	t := &Tray{icons: icons}
	systray.SetOnTapped(c.Pressed)
	begin, end := systray.RunWithExternalLoop(nil, nil)
	t.end = end
	systray.SetTitle(c.Name) // some panels crash without one
	for i, do := range c.Do {
		t.lines = append(t.lines, addLine(look.Lines[i], do))
	}
	t.dress(look)
	t.shown = look
	if needsBegin {
		begin()
	}
	return t, nil
}

func addLine(line Line, do func()) *systray.MenuItem {
	if do == nil {
		systray.AddSeparator()
		return nil
	}
	item := systray.AddMenuItem(line.Label, "")
	go func() {
		for range item.ClickedCh {
			do()
		}
	}()
	return item
}

// Set changes what the icon says. Any goroutine may call it.
func (t *Tray) Set(look Look) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if look.Locked != t.shown.Locked || look.Tip != t.shown.Tip {
		t.dress(look)
	}
	for i, item := range t.lines {
		before, now := t.shown.Lines[i], look.Lines[i]
		if now.Label != before.Label {
			item.SetTitle(now.Label)
		}
		if now.Disabled != before.Disabled {
			enable(item, !now.Disabled)
		}
	}
	t.shown = look
}

func (t *Tray) dress(look Look) {
	icon := t.icons.of(look.Locked)
	systray.SetTemplateIcon(icon, icon)
	systray.SetTooltip(look.Tip)
}

func enable(item *systray.MenuItem, on bool) {
	if on {
		item.Enable()
	} else {
		item.Disable()
	}
}

// Stop takes the icon away.
func (t *Tray) Stop() { t.end() }
