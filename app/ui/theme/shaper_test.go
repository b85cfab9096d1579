package theme

import (
	"runtime"
	"testing"

	"fyne.io/fyne/v2/test"
)

// However often the palette changes, the fonts are in memory once.
func TestFontsOfEarlierThemesAreForgotten(t *testing.T) {
	app := test.NewTempApp(t)
	ForgetFonts(app.Settings())
	const changes = 60
	var heap [2]uint64
	for i := range changes {
		app.Settings().SetTheme(New([]Mode{Light, Dark}[i%2]))
		for _, w := range []Weight{Regular, Medium, SemiBold, Mono} {
			app.Driver().RenderedTextSize("A text", SizeBody, w.Style(), embedded(w.Style()))
		}
		if i == changes/2 || i == changes-1 {
			heap[i/(changes-1)] = heapInUse()
		}
	}
	if grown := int64(heap[1]) - int64(heap[0]); grown > 2<<20 {
		t.Errorf("%d changes of the palette took %d KB", changes/2, grown>>10)
	}
}

func heapInUse() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
