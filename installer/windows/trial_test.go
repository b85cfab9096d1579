//go:build system

package windows

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	afterNewer = "1.4.0"
	broken     = "1.5.0"
)

// TestUpdateThatDoesNotWork has the service install two releases that work, the second on trial since the package of the first is kept, and
// one whose service ends at once. That one installs, and is taken back by the watcher alone. It waits a minute instead of
// five, and what lives for a quarter of a minute has proved itself.
func TestUpdateThatDoesNotWork(t *testing.T) {
	t.Parallel()
	m := newMaintainers(t)
	pc := newComputer(t, filepath.Join(m.repo.Public(), "metadata", "1.root.json"))
	m.serve(t, pc)
	first := packRelease(t, version, "../../updater/cmd/coffer-updater")
	pc.install(t, 0, "/i "+windowsPath(first)+" ALLUSERS=1 SHOULDAUTOUPDATE=1")
	pc.untilService(t, "RUNNING")

	m.release(t, newer, packRelease(t, newer, "../../updater/cmd/coffer-updater"))
	restartService(t, pc)
	pc.untilVersion(t, newer)
	if trial(t, pc).Step != "" {
		t.Fatalf("a trial without a way back: %+v", trial(t, pc))
	}
	// The service of this version has looked once, and so keeps its package, and has proved that it works itself.
	eventually(t, "the service's proof", func() bool { return pc.ownFile(t, "proof") == newer })

	m.release(t, afterNewer, packRelease(t, afterNewer, "../../updater/cmd/coffer-updater"))
	restartService(t, pc)
	pc.untilVersion(t, afterNewer)
	eventually(t, "the release to prove itself", func() bool { return trial(t, pc).Step == "proved" })
	pc.untilNoWatcher(t)
	checkService(t, pc)

	m.release(t, broken, packRelease(t, broken, "./testdata/ends"))
	restartService(t, pc)
	pc.untilVersion(t, broken)
	eventually(t, "the judgement", func() bool { return trial(t, pc).Step == "returning" })
	pc.untilVersion(t, afterNewer)
	eventually(t, "the way back to be done", func() bool { return trial(t, pc).Step == "returned" })
	pc.untilNoWatcher(t)
	pc.untilService(t, "RUNNING")
	checkSettings(t, pc, "HKLM", map[string]string{"Version": afterNewer, "AutoUpdate": "1"})
	checkEntry(t, pc, afterNewer)
	eventually(t, "the release to count as failed", func() bool { return slices.Equal(serviceMemory(t, pc).Failed, []string{broken}) })
	if got := trial(t, pc); got.From != afterNewer || got.To != broken || !strings.Contains(got.Reason, "has not proved") {
		t.Errorf("trial %+v", got)
	}
	// It is still what the maintainers offer.
	restartService(t, pc)
	pc.untilService(t, "RUNNING")
	eventually(t, "the next check", func() bool { return strings.Contains(pc.ownFile(t, "updater.log"), "failed on this computer before") })
	if serviceMemory(t, pc).Staged != nil {
		t.Error("the release is staged again")
	}
	if key := pc.registry(t, `HKLM\Software\Coffer\Updater`); !strings.Contains(key, broken) {
		t.Errorf("nobody is told: %s", key)
	}
	pc.install(t, 0, "/x "+productCode(t, filepath.Join(everyTest.dir, "release-"+afterNewer, "coffer-"+afterNewer+".msi")))
	checkGone(t, pc)
}

// packRelease packs a service and a command line that say that they are of a version; the desktop program is a stand-in.
func packRelease(t *testing.T, version, service string) (msi string) {
	t.Helper()
	folder := once(t, "release-"+version, func(folder string) {
		link(t, standIns(t), folder, "Coffer.exe", "CofferHealth.exe")
		flags := stamped(version)
		const machine = "github.com/coffer-vault/coffer/updater/machine."
		flags[1] += " -X " + machine + "looksToJudge=12 -X " + machine + "lookForQuiet=15s"
		buildFor(t, filepath.Join(folder, "CofferUpdater.exe"), service, flags...)
		buildFor(t, filepath.Join(folder, "cofferctl.exe"), "./testdata/says", stamped(version)...)
	})
	return pack(t, folder, version)
}

func (c *computer) untilVersion(t *testing.T, version string) {
	t.Helper()
	eventually(t, version+" to be installed", func() bool { return strings.Contains(c.registry(t, `HKLM\Software\Coffer`), version) })
}

func (c *computer) untilNoWatcher(t *testing.T) {
	t.Helper()
	eventually(t, "the watcher to go", func() bool { code, _ := c.run(t, "sc.exe query CofferWatch"); return code != 0 })
}

// ownFile is a file of the service, empty if it is not there.
func (c *computer) ownFile(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(c.drive, "ProgramData", "CofferUpdater", name))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return string(data)
}

func trial(t *testing.T, pc *computer) (j struct{ From, To, Step, Reason string }) {
	t.Helper()
	if data := pc.ownFile(t, "trial.json"); data != "" {
		if err := json.Unmarshal([]byte(data), &j); err != nil {
			t.Fatal(err)
		}
	}
	return j
}
