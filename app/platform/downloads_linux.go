package platform

import (
	"bufio"
	"io"
	"os"
	"path/filepath"
	"strings"
)

const downloadsVariable = "XDG_DOWNLOAD_DIR"

// maxUserDirs is far more than user-dirs.dirs ever has, in bytes.
const maxUserDirs = 64 << 10

func downloads() (string, error) {
	if folder := os.Getenv(downloadsVariable); filepath.IsAbs(folder) {
		return filepath.Clean(folder), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", err
	}
	folder := filepath.Join(home, "Downloads")
	config, err := os.UserConfigDir()
	if err != nil {
		return folder, nil // it was a relative path, which counts as none
	}
	file, err := os.Open(filepath.Join(config, "user-dirs.dirs"))
	if err != nil {
		return folder, nil
	}
	defer file.Close()
	if named := namedDownloads(io.LimitReader(file, maxUserDirs), home); named != "" {
		folder = named
	}
	return folder, nil
}

// namedDownloads is the folder that user-dirs.dirs names, of which the last line counts; empty for none. It has lines for a shell, of the
// form XDG_DOWNLOAD_DIR="$HOME/Downloads" or an absolute path in the quotes, and backslashes before what a shell would read otherwise.
func namedDownloads(userDirs io.Reader, home string) (folder string) {
	lines := bufio.NewScanner(userDirs)
	for lines.Scan() {
		variable, value, _ := strings.Cut(strings.TrimSpace(lines.Text()), "=")
		quoted, opened := strings.CutPrefix(strings.TrimSpace(value), `"`)
		path, closed := unquoted(quoted)
		if strings.TrimSpace(variable) != downloadsVariable || !opened || !closed {
			continue
		}
		if below, ok := strings.CutPrefix(path, "$HOME"); ok && (below == "" || below[0] == '/') {
			path = home + below
		}
		if filepath.IsAbs(path) {
			folder = filepath.Clean(path)
		}
	}
	return folder
}

// unquoted is what stands before the closing quote.
func unquoted(text string) (value string, closed bool) {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '"':
			return b.String(), true
		case text[i] == '\\' && i+1 < len(text):
			i++
		}
		b.WriteByte(text[i])
	}
	return "", false
}
