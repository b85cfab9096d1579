//go:build system

package ui

import "testing"

// Every screen there is, in every state that the pictures show, can be used with the keyboard alone and read in both palettes.
func TestEverySceneIsAccessible(t *testing.T) {
	for name, play := range scenes {
		t.Run(name, func(t *testing.T) {
			a := &album{desk: &desk{TB: t}, shape: shape{"usual", UsualSize, 1}}
			a.look = func(where string) { a.checkAccess(where) }
			play(a)
		})
	}
}
