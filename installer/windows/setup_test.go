//go:build system

package windows

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// standIns are programs that do nothing much, since what installs them does not look into them, and the real services, which it starts.
func standIns(t *testing.T) (folder string) {
	t.Helper()
	return once(t, "stand-ins", func(folder string) {
		buildFor(t, filepath.Join(folder, "Coffer.exe"), "./testdata/driver")
		buildFor(t, filepath.Join(folder, "cofferctl.exe"), "./testdata/driver")
		buildFor(t, filepath.Join(folder, "CofferUpdater.exe"), "../../updater/cmd/coffer-updater")
		buildFor(t, filepath.Join(folder, "CofferHealth.exe"), "../../app/cmd/cofferhealth", stamped(version)...)
	})
}

// logged is the log of the last installation that was to write one, for a test that fails.
func logged(t *testing.T, pc *computer) string {
	t.Helper()
	for _, path := range pc.files(t, "setup.txt") {
		if log, err := os.ReadFile(path); err == nil {
			return "\n" + strings.ReplaceAll(string(log), "\x00", "")
		}
	}
	return ""
}

// TestSetup installs with the setup program, which hands everything on to the MSI in it.
func TestSetup(t *testing.T) {
	t.Parallel()
	folder := standIns(t)
	pack(t, folder, version)
	pack(t, folder, newer)
	pc := newComputer(t, updateRoot(t))
	older, update := windowsPath(filepath.Join(folder, "coffer-setup-"+version+".exe")), windowsPath(filepath.Join(folder, "coffer-setup-"+newer+".exe"))
	msi := filepath.Join(folder, "coffer-"+version+".msi")
	setup := func(want int, program, args string) {
		t.Helper()
		if code, _ := pc.run(t, program+" /S"+args); code != want {
			t.Fatalf("setup %s: %d, want %d%s", args, code, want, logged(t, pc))
		}
	}
	// Nothing in it is another answer than that of msiexec.
	setup(1603, older, " /RUNATSTARTUP=2")
	setup(1603, older, " /SERVER=coffer.example")
	checkGone(t, pc)

	setup(0, older, ` /RUNATSTARTUP=1 /LOG="C:\setup log.txt" /D=C:\My Apps\Coffer`)
	checkSettings(t, pc, "HKCU", map[string]string{"Version": version, "InstallDir": `C:\My Apps\Coffer\`, "RunAtStartup": "1", "AutoUpdate": "0"})
	checkEntry(t, pc, version)
	if log := pc.files(t, "setup log.txt"); len(log) != 1 {
		t.Error("no log")
	}

	// An upgrade without parameters remembers; the way back is closed.
	setup(0, update, "")
	checkSettings(t, pc, "HKCU", map[string]string{"Version": newer, "InstallDir": `C:\My Apps\Coffer\`, "RunAtStartup": "1"})
	checkEntry(t, pc, newer)
	setup(1603, older, "")
	checkEntry(t, pc, newer)
	pc.install(t, 0, "/x "+productCode(t, filepath.Join(folder, "coffer-"+newer+".msi")))

	setup(0, older, ` /ALLUSERS=1 /SHOULDAUTOUPDATE=1 /SERVER=coffer.example /LOG=C:\setup.txt /INSTALLDIR="C:\Shared Apps\Coffer"`)
	checkSettings(t, pc, "HKLM", map[string]string{"Version": version, "InstallDir": `C:\Shared Apps\Coffer\`, "AutoUpdate": "1", "Server": "coffer.example"})
	checkEntry(t, pc, version)
	pc.install(t, 0, "/x "+productCode(t, msi))
	if left := append(pc.files(t, "My Apps/Coffer/*"), pc.files(t, "Shared Apps/Coffer/*")...); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	checkGone(t, pc)

	// A package that was cut short on its way is not installed.
	whole, err := os.ReadFile(msi)
	if err != nil {
		t.Fatal(err)
	}
	cut := filepath.Join(t.TempDir(), "cut.msi")
	if err := os.WriteFile(cut, whole[:len(whole)/2], 0o644); err != nil {
		t.Fatal(err)
	}
	if code, _ := pc.run(t, "msiexec.exe /i "+windowsPath(cut)+" /qn"); code == 0 {
		t.Error("half a package was installed")
	}
	if code, out := pc.run(t, `msiexec.exe /x {00000000-0000-0000-0000-000000000000} /qn`); code != 1605 {
		t.Errorf("uninstalling what is not there: %d %s", code, strings.TrimSpace(out))
	}
	checkGone(t, pc)
}
