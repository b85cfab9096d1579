package assets

import (
	"bytes"
	"fmt"
	"image/png"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"
)

// iconConstants reads the names declared in icons.go, which Go cannot enumerate.
func iconConstants(t *testing.T) []IconName {
	t.Helper()
	source, err := os.ReadFile("icons.go")
	if err != nil {
		t.Fatal(err)
	}
	var names []IconName
	for _, match := range regexp.MustCompile(`IconName = "([a-z0-9-]+)"`).FindAllSubmatch(source, -1) {
		names = append(names, IconName(match[1]))
	}
	return names
}

var drawing = regexp.MustCompile(`^<svg [^>]*viewBox="0 0 24 24" [^>]*>(<path d="[MLCZ0-9. -]+"( fill="currentColor")?/>)+</svg>\n$`)

func TestIconsAreNormalised(t *testing.T) {
	names := iconConstants(t)
	for _, name := range names {
		svg, err := Icon(name)
		if err != nil {
			t.Error(err)
			continue
		}
		if !drawing.Match(svg) {
			t.Errorf("icon %s is not made of plain paths", name)
		}
	}
	files, err := fs.Glob(iconFiles, "icons/*.svg")
	if err != nil || len(files) != len(names) {
		t.Errorf("%d icon files for %d names, error %v", len(files), len(names), err)
	}
}

func TestUnknownIconIsAnError(t *testing.T) {
	if _, err := Icon("no-such-icon"); err == nil {
		t.Error("an unknown icon was found")
	}
}

func TestAppIconHasEverySize(t *testing.T) {
	for _, side := range AppIconSizes {
		data, err := AppIcon(side)
		if err != nil {
			t.Error(err)
			continue
		}
		picture, err := png.Decode(bytes.NewReader(data))
		if err != nil {
			t.Errorf("side %d: %v", side, err)
			continue
		}
		if got := picture.Bounds().Size(); got.X != side || got.Y != side {
			t.Errorf("side %d: picture is %v", side, got)
		}
	}
	if _, err := AppIcon(17); err == nil {
		t.Error("a size that does not exist was found")
	}
}

func TestLicencesLieBesideTheFiles(t *testing.T) {
	for path, phrase := range map[string]string{
		"fonts/Inter-LICENSE.txt":         "SIL OPEN FONT LICENSE Version 1.1",
		"fonts/JetBrainsMono-LICENSE.txt": "SIL OPEN FONT LICENSE Version 1.1",
		"icons/LICENSE.txt":               "ISC License",
	} {
		licence, err := os.ReadFile(path)
		if err != nil || !strings.Contains(string(licence), phrase) {
			t.Errorf("%s does not hold %q: %v", path, phrase, err)
		}
	}
}

func TestFontsAreTrueType(t *testing.T) {
	for i, font := range [][]byte{FontRegular, FontMedium, FontSemiBold, FontMono} {
		if !bytes.HasPrefix(font, []byte{0, 1, 0, 0}) {
			t.Errorf("font %d begins with %s", i, fmt.Sprintf("% x", font[:4]))
		}
	}
}
