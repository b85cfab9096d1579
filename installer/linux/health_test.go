//go:build system

package linux

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// The reporter's package is installed into a system of its own, does nothing without a token, and leaves nothing.
func TestHealthPackage(t *testing.T) {
	folder, again := t.TempDir(), t.TempDir()
	run(t, nil, "./health/build.sh", version, folder)
	name := "coffer-health_" + version + "_" + runtime.GOARCH + ".deb"
	if said, err := exec.CommandContext(t.Context(), "ldd", filepath.Join(folder, "cofferhealth")).CombinedOutput(); err == nil {
		t.Errorf("it was linked with %s", said)
	}
	root := t.TempDir()
	for _, dir := range []string{"info", "updates", "triggers"} {
		if err := os.MkdirAll(filepath.Join(root, "var/lib/dpkg", dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(root, "var/lib/dpkg/status"), "")
	write(t, filepath.Join(root, "var/lib/dpkg/available"), "")
	dpkg := func(args ...string) {
		t.Helper()
		run(t, nil, "dpkg", append([]string{"--root=" + root, "--log=/dev/null", "--force-not-root"}, args...)...)
	}
	dpkg("--install", filepath.Join(folder, name))
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
	run(t, nil, "./health/build.sh", version, again)
	first, errFirst := os.ReadFile(filepath.Join(folder, name))
	second, errSecond := os.ReadFile(filepath.Join(again, name))
	if errFirst != nil || errSecond != nil || string(first) != string(second) {
		t.Errorf("%s differs when it is made again: %v, %v", name, errFirst, errSecond)
	}
}
