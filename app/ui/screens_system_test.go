//go:build system

package ui

import (
	"maps"
	"runtime/debug"
	"slices"
	"testing"

	"github.com/coffer-vault/coffer/app/ui/theme"
	"github.com/coffer-vault/coffer/assets"
)

// Every screen in every language: its texts have room, in the usual window, in the smallest and at every scale; and in the languages
// with goldens it looks as it did.
func TestScreens(t *testing.T) {
	brush.sharp = true
	// With each change of the palette the toolkit reads its fonts anew, and its shaper keeps 32 of those before: 1.5 GB in Japanese.
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(3 << 30))
	for _, l := range assets.Languages() {
		t.Run(l.Code, func(t *testing.T) {
			if !theme.CanShow(l.Code) {
				t.Fatalf("no font on this system for %s", l.Name)
			}
			speak(t, l.Code)
			g := openGoldens(t, l.Code)
			for _, name := range slices.Sorted(maps.Keys(scenes)) {
				t.Run(name, func(t *testing.T) {
					a := newAlbum(t, usual)
					a.look = func(screen string) {
						g.compare(a, name, screen)
						if !testing.Short() { // goldens alone
							a.checkRoom(screen)
							a.checkScales(screen, .9, 1.25, 2)
						}
						a.stretch(usual)
					}
					scenes[name](a)
					g.missing(t, name)
				})
			}
			g.close(t)
		})
	}
}
