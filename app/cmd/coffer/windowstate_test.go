package main

import (
	"os"
	"testing"

	"fyne.io/fyne/v2"

	"github.com/coffer-vault/coffer/app/platform"
	"github.com/coffer-vault/coffer/app/ui"
)

func stateOf(t *testing.T, file string) windowState {
	t.Helper()
	paths := platform.Paths{Home: t.TempDir()}
	if err := os.WriteFile(windowStatePath(paths), []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	return readWindowState(paths)
}

func TestWindowGoesOntoAScreenAlone(t *testing.T) {
	screen := func(x, y int) bool { return x >= 0 && x < 1920 && y >= 0 && y < 1080 }
	for file, want := range map[string]bool{
		`{"corner":[100,50]}`: true, `{"corner":[0,0]}`: true, `{"corner":[-50,10]}`: true, `{"corner":[-400,10]}`: false,
		`{"corner":[1900,10]}`: false, `{"corner":[2500,300]}`: false, `{"corner":[10,-30]}`: false, `{"corner":[10,1079]}`: false, `{}`: false, `nonsense`: false,
	} {
		if _, ok := stateOf(t, file).corner(screen); ok != want {
			t.Errorf("%s: %v", file, ok)
		}
	}
}

func TestWindowFitsItsScreen(t *testing.T) {
	for name, c := range map[string]struct {
		room  platform.Area
		scale float32
		size  fyne.Size
		at    [2]int
	}{
		"room enough":              {platform.Area{Width: 1920, Height: 1040}, 1, ui.UsualSize, [2]int{500, 300}},
		"a low screen":             {platform.Area{Y: 30, Width: 1366, Height: 690}, 1, fyne.NewSize(1180, 690), [2]int{186, 30}},
		"a small screen":           {platform.Area{Width: 1024, Height: 700}, 1, fyne.NewSize(1024, 700), [2]int{0, 0}},
		"large letters":            {platform.Area{Width: 1920, Height: 1040}, 1.5, fyne.NewSize(1180, 693), [2]int{150, 0}},
		"the second screen":        {platform.Area{X: 1920, Width: 1280, Height: 720}, 1, fyne.NewSize(1180, 720), [2]int{1920, 0}},
		"less than the least size": {platform.Area{Width: 640, Height: 440}, 1, ui.LeastSize, [2]int{0, 0}},
	} {
		size := fitting(c.room, ui.UsualSize, c.scale)
		if size != c.size {
			t.Errorf("%s: %v, want %v", name, size, c.size)
		}
		if at := inSight(c.room, [2]int{500, 300}, size, c.scale); at != c.at {
			t.Errorf("%s: at %v, want %v", name, at, c.at)
		}
	}
}

func TestDamagedWindowStateIsTheUsualWindow(t *testing.T) {
	for _, file := range []string{``, `[]`, `{"width":1e9,"height":800}`, `{"width":10,"height":10}`, `{"width":"wide"}`} {
		if size := stateOf(t, file).size(); size != ui.UsualSize {
			t.Errorf("%s: %v", file, size)
		}
	}
	if size := stateOf(t, `{"width":1000,"height":700,"panes":[200,300]}`).size(); size.Width != 1000 || size.Height != 700 {
		t.Errorf("of an earlier version: %v", size)
	}
}
