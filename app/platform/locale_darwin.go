package platform

import (
	"os"
	"os/exec"
)

// languages asks the preferences: a program started from the Finder has no variables that tell.
func languages() []string {
	printed, err := exec.Command("/usr/bin/defaults", "read", "-g", "AppleLanguages").Output()
	if err != nil {
		return posixLanguages(os.Getenv)
	}
	return quotedLanguages(string(printed))
}
