package ui

import (
	"bytes"
	"sync/atomic"
	"testing"
	"time"
	_ "unsafe" // for the links to the toolkit's cache

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"github.com/coffer-vault/coffer/app/ui/theme"
	"github.com/coffer-vault/coffer/app/ui/widget"
)

// The toolkit forgets how a widget is drawn a minute after it was drawn last, and has a clock of its own for that, which stands still from
// one look at what is forgotten to the next. A window on a screen looks with every frame; in memory that comes when a part is drawn, and
// on a busy machine more than a minute after the one before: then all of the window is forgotten in the middle of its picture. A field
// that is drawn from scratch there lacks its text, for nobody has laid out what scrolls in it.
//
//go:linkname toolkitNow fyne.io/fyne/v2/internal/cache.cachedNow
var toolkitNow atomic.Int64 // Unix time in nanoseconds

//go:linkname toolkitLooked fyne.io/fyne/v2/internal/cache.lastClean
var toolkitLooked time.Time

// remember has the toolkit keep how everything in a tree is drawn, as its driver for screens does.
func remember(o fyne.CanvasObject) {
	for _, child := range children(o) {
		remember(child)
	}
}

// A picture that is taken ten minutes after the one before has all that an early one has.
func TestPicturesThatAreLate(t *testing.T) {
	app := test.NewTempApp(t)
	app.Settings().SetTheme(theme.New(theme.Light).For("en"))
	take := func(after time.Duration) []byte {
		looked := time.Now().Add(-after)
		toolkitLooked = looked
		toolkitNow.Store(looked.UnixNano())
		field := widget.NewEntry("File")
		field.SetText("/home/anna/Documents")
		window := test.NewTempWindow(t, field)
		window.Resize(fyne.NewSize(400, 120))
		return newPainter().paint(window.Canvas()).Pix
	}
	if !bytes.Equal(take(10*time.Minute), take(0)) {
		t.Error("what is late is not all there")
	}
}
