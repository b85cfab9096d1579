//go:build system

package linux

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// reporter installs the reporter's package into a system of its own.
func reporter(t *testing.T, folder, deb string) {
	if said, err := exec.CommandContext(t.Context(), "ldd", filepath.Join(folder, "cofferhealth")).CombinedOutput(); err == nil {
		t.Errorf("it was linked with %s", said)
	}
	root := emptySystem(t)
	dpkg := func(args ...string) {
		t.Helper()
		run(t, nil, "dpkg", append([]string{"--root=" + root, "--log=/dev/null", "--force-not-root"}, args...)...)
	}
	dpkg("--install", deb)
	state := t.TempDir()
	run(t, nil, filepath.Join(root, "usr/lib/coffer/cofferhealth"), "--once", "--dir", state)
	if data, err := os.ReadFile(filepath.Join(state, "state.json")); err != nil || !strings.Contains(string(data), "no-token") {
		t.Errorf("%s, %v", data, err)
	}
	for _, unit := range []string{"coffer-health.service", "coffer-health.timer", "timers.target.wants/coffer-health.timer"} {
		data, err := os.ReadFile(filepath.Join(root, "lib/systemd/system", unit))
		if err != nil || !strings.Contains(string(data), "ConditionPathExists=/etc/coffer/enroll") {
			t.Errorf("%s: %s, %v", unit, data, err)
		}
	}
	dpkg("--verify", "coffer-health")
	dpkg("--purge", "coffer-health")
	for file := range files(t, root) {
		if strings.HasPrefix(file, "usr/") || strings.HasPrefix(file, "lib/") {
			t.Errorf("left: %s", file)
		}
	}
}
