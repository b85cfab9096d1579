//go:build !release

package trust

import (
	"fmt"
	"os"
	"strings"

	"github.com/coffer-vault/coffer/internal/buildinfo"
)

// Development reports whether the root comes from outside the program.
const Development = true

// Root reads the file that COFFER_UPDATE_ROOT names. ErrNoRoot without it, and in a release channel that was built without its
// root: such a program must not listen to its environment.
func Root() ([]byte, error) {
	path := os.Getenv("COFFER_UPDATE_ROOT")
	if !buildinfo.Dev() || path == "" {
		return nil, ErrNoRoot
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read update root: %w", err)
	}
	return data, nil
}

// Mirrors are the base URLs in COFFER_UPDATE_MIRRORS, separated by commas. None without it, and none in a release channel.
func Mirrors() []string {
	named := os.Getenv("COFFER_UPDATE_MIRRORS")
	if !buildinfo.Dev() || named == "" {
		return nil
	}
	return strings.Split(named, ",")
}
