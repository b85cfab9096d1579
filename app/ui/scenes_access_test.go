//go:build system

package ui

import "testing"

// Every screen there is, in every state that the pictures show, can be used with the keyboard alone and read in both palettes.
func TestEverySceneIsAccessible(t *testing.T) {
	for name, play := range scenes {
		t.Run(name, func(t *testing.T) {
			a := newAlbum(t, usual)
			a.look = func(screen string) {
				a.checkAccess(screen)
				a.stretch(usual)
			}
			play(a)
		})
	}
}
