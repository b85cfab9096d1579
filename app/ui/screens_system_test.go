//go:build system

package ui

import (
	"maps"
	"slices"
	"testing"

	"github.com/coffer-vault/coffer/app/ui/theme"
	"github.com/coffer-vault/coffer/assets"
)

// Every screen in every language: its texts have room, in the usual window, in the smallest and at every scale; and in the languages
// with goldens it looks as it did.
func TestScreens(t *testing.T) {
	brush.sharp = true
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
