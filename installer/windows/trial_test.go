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
	broken     = "1.5.0" // its service ends at once
	mute       = "1.6.0" // its command line does not start
	onTrial    = "1.7.0" // works, and is uninstalled before it has proved that
)

// TestUpdateThatDoesNotWork has the service install two releases that work, the second on trial since the package of the first is kept,
// then one whose service ends at once, and one whose command line does not start. Both install, and are taken back by the watcher alone.
// Of the last, which works, the package is removed while it is on trial. The watcher waits a minute instead of five, and what lives for a
// quarter of a minute has proved itself.
func TestUpdateThatDoesNotWork(t *testing.T) {
	t.Parallel()
	m := newMaintainers(t)
	pc := newComputer(t, filepath.Join(m.repo.Public(), "metadata", "1.root.json"))
	m.serve(t, pc)
	pc.install(t, 0, "/i "+windowsPath(packRelease(t, version))+" ALLUSERS=1 SHOULDAUTOUPDATE=1")
	pc.untilService(t, "RUNNING")

	m.update(t, pc, newer, packRelease(t, newer))
	if trial(t, pc).Step != "" {
		t.Fatalf("a trial without a way back: %+v", trial(t, pc))
	}
	// The service of this version has looked once, and so keeps its package, and has proved that it works itself.
	eventually(t, "the service's proof", func() bool { return pc.ownFile(t, "proof") == newer })

	kept := packRelease(t, afterNewer)
	m.update(t, pc, afterNewer, kept)
	eventually(t, "the release to prove itself", func() bool { return trial(t, pc).Step == "proved" })
	pc.untilNoWatcher(t)
	checkService(t, pc)

	m.update(t, pc, broken, packRelease(t, broken, func(folder string) {
		buildFor(t, filepath.Join(folder, "CofferUpdater.exe"), "./testdata/ends")
	}))
	checkTakenBack(t, pc, "has not proved", broken)
	m.update(t, pc, mute, packRelease(t, mute, func(folder string) {
		program := filepath.Join(folder, "cofferctl.exe")
		must(t, os.Remove(program))
		must(t, os.WriteFile(program, []byte("MZ, and no program"), 0o755))
	}))
	checkTakenBack(t, pc, "cofferctl version: ", broken, mute)

	last := packRelease(t, onTrial)
	m.update(t, pc, onTrial, last)
	switch code, _ := pc.run(t, `msiexec.exe /x `+productCode(t, last)+` /qn`); code {
	case 0:
	case 1605: // unknown product: on a machine that is slow enough the watcher's minute was over, and it has taken the release back
		t.Log("the trial was over before the package could be removed")
		eventually(t, "the way back to be done", func() bool { return trial(t, pc).Step == "returned" })
		pc.untilNoWatcher(t)
		pc.install(t, 0, "/x "+productCode(t, kept))
	default:
		t.Fatalf("msiexec /x: %d", code)
	}
	checkGone(t, pc)
}

// update has the service install a release.
func (m *maintainers) update(t *testing.T, pc *computer, version, msi string) {
	t.Helper()
	m.release(t, version, msi)
	restartService(t, pc)
	pc.untilVersion(t, version)
}

// checkTakenBack waits until the last of the releases that failed is judged and taken back, and looks at what is there then.
func checkTakenBack(t *testing.T, pc *computer, reason string, failed ...string) {
	t.Helper()
	last := failed[len(failed)-1]
	eventually(t, "the judgement", func() bool { j := trial(t, pc); return j.To == last && (j.Step == "returning" || j.Step == "returned") })
	pc.untilVersion(t, afterNewer)
	eventually(t, "the way back to be done", func() bool { return trial(t, pc).Step == "returned" })
	pc.untilNoWatcher(t)
	pc.untilService(t, "RUNNING")
	checkSettings(t, pc, "HKLM", map[string]string{"Version": afterNewer, "AutoUpdate": "1"})
	checkEntry(t, pc, afterNewer)
	if code, said := pc.run(t, `"C:\Program Files\Coffer\cofferctl.exe" version`); code != 0 || strings.TrimSpace(said) != afterNewer {
		t.Errorf("the command line answers %d, %q", code, said)
	}
	eventually(t, "the release to count as failed", func() bool { return slices.Equal(serviceMemory(t, pc).Failed, failed) })
	if got := trial(t, pc); got.From != afterNewer || got.To != last || !strings.Contains(got.Reason, reason) {
		t.Errorf("trial %+v", got)
	}
	// It is still what the maintainers offer.
	restartService(t, pc)
	pc.untilService(t, "RUNNING")
	eventually(t, "the next check", func() bool {
		for line := range strings.Lines(pc.ownFile(t, "updater.log")) {
			if strings.Contains(line, "failed on this computer before") && strings.Contains(line, last) {
				return true
			}
		}
		return false
	})
	if serviceMemory(t, pc).Staged != nil {
		t.Error("the release is staged again")
	}
	if key := pc.registry(t, `HKLM\Software\Coffer\Updater`); !strings.Contains(key, last) {
		t.Errorf("nobody is told: %s", key)
	}
}

// packRelease packs a service and a command line that say that they are of a version; the desktop program is a stand-in. What is to break
// them is done in the folder.
func packRelease(t *testing.T, version string, breaks ...func(folder string)) (msi string) {
	t.Helper()
	folder := once(t, "release-"+version, func(folder string) {
		link(t, standIns(t), folder, "Coffer.exe", "CofferHealth.exe")
		flags := stamped(version)
		const machine = "github.com/coffer-vault/coffer/updater/machine."
		flags[1] += " -X " + machine + "looksToJudge=12 -X " + machine + "lookForQuiet=15s"
		buildFor(t, filepath.Join(folder, "CofferUpdater.exe"), "../../updater/cmd/coffer-updater", flags...)
		buildFor(t, filepath.Join(folder, "cofferctl.exe"), "./testdata/says", stamped(version)...)
		for _, each := range breaks {
			each(folder)
		}
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
