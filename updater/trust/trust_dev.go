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

// Hosts are the base URLs in COFFER_UPDATE_HOSTS, separated by spaces, under the same condition as Root. Usually there are none.
func Hosts() []string {
	if !buildinfo.Dev() {
		return nil
	}
	return strings.Fields(os.Getenv("COFFER_UPDATE_HOSTS"))
}
