package platform

import (
	"os/exec"
	"strings"
)

func reducedMotion() bool {
	out, err := exec.Command("/usr/bin/defaults", "read", "com.apple.universalaccess", "reduceMotion").Output()
	return err == nil && strings.TrimSpace(string(out)) == "1"
}
