package widget

import (
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/coffer-vault/coffer/app/ui/theme"
)

// picturesVariable names a folder that the gallery writes its pictures to, for people to look at.
const picturesVariable = "COFFER_PICTURES"

func TestGallery(t *testing.T) {
	for _, scene := range scenes {
		for name, mode := range map[string]theme.Mode{"light": theme.Light, "dark": theme.Dark} {
			t.Run(scene.name+"-"+name, func(t *testing.T) {
				b := newBench(t, mode, scene.width, scene.height)
				scene.build(b)
				save(b, scene.name+"-"+name)
			})
		}
	}
}

// save draws the window into a file. It is done only when asked for: soft shadows take the painter in memory long.
func save(b *bench, name string) {
	b.Helper()
	folder := os.Getenv(picturesVariable)
	if folder == "" {
		return
	}
	file, err := os.Create(filepath.Join(folder, name+".png"))
	if err != nil {
		b.Fatal(err)
	}
	defer file.Close()
	if err := png.Encode(file, b.picture(1)); err != nil {
		b.Fatal(err)
	}
}
