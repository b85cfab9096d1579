package theme

import (
	_ "unsafe" // for the link to the toolkit's shaper

	"fyne.io/fyne/v2"
	"github.com/go-text/typesetting/shaping"
)

// toolkitShaper sets all texts of the toolkit. It keeps what it has worked out for every font that it was ever given, and with each change
// of the palette, of the language or of what the system prefers the toolkit reads its fonts anew: with the fonts for Japanese 41 MB more
// each time, for as long as the program runs (go-text/typesetting 0.3.5 has it still). The toolkit has no way to make it forget.
//
//go:linkname toolkitShaper fyne.io/fyne/v2/internal/painter.shaper
var toolkitShaper *shaping.HarfbuzzShaper

// ForgetFonts has the toolkit let go, with each change of the theme, of the fonts that it read for the theme before. It is called once,
// on the UI goroutine, as are the changes.
func ForgetFonts(settings fyne.Settings) {
	settings.AddListener(func(fyne.Settings) {
		if toolkitShaper != nil { // as it would be in a toolkit that has renamed it; a test tells
			*toolkitShaper = shaping.HarfbuzzShaper{}
		}
	})
}
