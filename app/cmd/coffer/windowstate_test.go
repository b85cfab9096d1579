package main

import (
	"os"
	"testing"

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
