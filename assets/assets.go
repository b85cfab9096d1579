// Package assets embeds what the program shows but does not compute: fonts, icons, the application's icon and the
// translations. It knows no toolkit, so that installers and tests can use it too.
package assets

import (
	"embed"
	"fmt"
)

// The fonts, as TrueType data. They cover Latin, Greek and Cyrillic; other scripts come from the system's fonts.
var (
	//go:embed fonts/Inter-Regular.ttf
	FontRegular []byte
	//go:embed fonts/Inter-Medium.ttf
	FontMedium []byte
	//go:embed fonts/Inter-SemiBold.ttf
	FontSemiBold []byte
	//go:embed fonts/JetBrainsMono-Regular.ttf
	FontMono []byte
)

//go:embed icons/*.svg
var iconFiles embed.FS

// Icon returns the SVG of an icon: 24 units square, lines drawn in currentColor, paths of M, L, C and Z only because
// the toolkit's renderer misdraws packed arcs. An unknown name is an error.
func Icon(name IconName) ([]byte, error) {
	svg, err := iconFiles.ReadFile("icons/" + string(name) + ".svg")
	if err != nil {
		return nil, fmt.Errorf("icon %q: %w", name, err)
	}
	return svg, nil
}

//go:generate go run ./appicon/generate

//go:embed appicon/*.png
var appIconFiles embed.FS

// AppIconSizes are the side lengths, in pixels, of the application's icon as PNG.
var AppIconSizes = []int{16, 24, 32, 48, 64, 128, 256, 512}

// AppIcon returns the application's icon as PNG with the given side, one of AppIconSizes.
func AppIcon(side int) ([]byte, error) {
	png, err := appIconFiles.ReadFile(fmt.Sprintf("appicon/coffer-%d.png", side))
	if err != nil {
		return nil, fmt.Errorf("application icon: %w", err)
	}
	return png, nil
}
