package platform

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"unicode"
)

// autostartFile follows the Desktop Application Autostart Specification.
func autostartFile() (string, error) {
	config, err := os.UserConfigDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(config, "autostart", "coffer.desktop"), nil
}

func autostartContent(program string) ([]byte, error) {
	exec, err := execQuote(program)
	if err != nil {
		return nil, err
	}
	return fmt.Appendf(nil, `[Desktop Entry]
Type=Application
Name=Coffer
Comment=Password vault
Icon=coffer
Exec=%s %s
X-GNOME-Autostart-enabled=true
`, exec, BackgroundFlag), nil
}

// execQuote quotes an argument of the Exec key (Desktop Entry Specification 1.5). Two levels of escaping meet there: that of
// the argument inside its quotes, and that of every value in the file, which doubles each backslash once more.
func execQuote(argument string) (string, error) {
	if strings.ContainsFunc(argument, unicode.IsControl) {
		return "", errors.New("the program's path has a control character in it")
	}
	return `"` + strings.NewReplacer(`\`, `\\\\`, `"`, `\\"`, "`", "\\\\`", `$`, `\\$`, `%`, `%%`).Replace(argument) + `"`, nil
}
