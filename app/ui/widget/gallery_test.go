package widget

import (
	"image"
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
				save(t, scene.name+"-"+name, b.picture(1))
			})
		}
	}
}

func save(t *testing.T, name string, picture image.Image) {
	t.Helper()
	folder := os.Getenv(picturesVariable)
	if folder == "" {
		return
	}
	file, err := os.Create(filepath.Join(folder, name+".png"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := png.Encode(file, picture); err != nil {
		t.Fatal(err)
	}
}
