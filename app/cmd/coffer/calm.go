package main

import "fyne.io/fyne/v2"

// calmApp is the toolkit's application without the toolkit's own animations: a blinking cursor draws the whole window again all the
// time, for a fifth of a core where there is no graphics card. Our own widgets ask the person's settings.
type calmApp struct{ fyne.App }

// Settings implements fyne.App.
func (a calmApp) Settings() fyne.Settings { return calmSettings{a.App.Settings()} }

type calmSettings struct{ fyne.Settings }

// ShowAnimations implements fyne.Settings.
func (calmSettings) ShowAnimations() bool { return false }
