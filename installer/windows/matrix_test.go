//go:build system

package windows

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// matrix is what an administrator can ask of the package, on one PC. docs/admin/windows.md says which row is where, and what Wine
// cannot show.
type matrix struct {
	pc           *computer
	folder       string // with the programs
	older, newer string // packages
	again        string // the older, built again
}

// TestMatrix leaves the PC after each row as it was. The programs are stand-ins but for the service: what the real ones do with what the
// package sets is in the other tests.
func TestMatrix(t *testing.T) {
	t.Parallel()
	folder := standIns(t)
	m := &matrix{newComputer(t, updateRoot(t)), folder, pack(t, folder, version), pack(t, folder, newer), pack(t, otherBuild(t, folder), version)}
	for _, row := range []struct {
		name string
		run  func(*matrix, *testing.T)
	}{
		{"wrong values are refused and leave nothing", (*matrix).refuses},
		{"each property for one user", (*matrix).forUser},
		{"each property for all users", (*matrix).forAll},
		{"the entry in Apps & features, and the licence", (*matrix).entry},
		{"what was not given is remembered over an upgrade", (*matrix).remembers},
		{"back to an older version on an administrator's word alone", (*matrix).goesBack},
		{"the same version built again replaces the first", (*matrix).builtAgain},
		{"an upgrade is one transaction", (*matrix).transaction},
		{"a repair brings a program back and keeps the settings", (*matrix).repairs},
		{"for one user and for all on one PC", (*matrix).otherScope},
		{"uninstalling keeps what people made", (*matrix).keepsData},
		{"uninstalling in the minutes of a trial", (*matrix).uninstallsOnTrial},
		{"the service", (*matrix).service},
		{"services that fail are started again", (*matrix).recovery},
		{"no window, where silence is asked for", (*matrix).silent},
		{"planted libraries", (*matrix).planted},
		{"the setup program hands on every exit code", (*matrix).exitCodes},
	} {
		if !t.Run(row.name, func(t *testing.T) { row.run(m, t); checkGone(t, m.pc) }) {
			return
		}
	}
}

// install and uninstall are silent, and demand success.
func (m *matrix) install(t *testing.T, args string) {
	t.Helper()
	m.pc.install(t, 0, "/i "+windowsPath(m.older)+" "+args)
}

func (m *matrix) uninstall(t *testing.T, msi string) {
	t.Helper()
	m.pc.install(t, 0, "/x "+productCode(t, msi))
}

func (m *matrix) refuses(t *testing.T) {
	must(t, os.WriteFile(filepath.Join(m.pc.drive, "a file"), nil, 0o644))
	for _, wrong := range []string{
		"RUNATSTARTUP=2", "RUNATSTARTUP=yes", "SHOULDAUTOUPDATE=2", "SHOULDAUTOUPDATE=true", "ALLUSERS=0", "ALLUSERS=yes", "SERVER=coffer.example", "DOWNGRADE=yes",
	} {
		m.pc.install(t, 1603, "/i "+windowsPath(m.older)+" "+wrong)
	}
	checkGone(t, m.pc)
}

func (m *matrix) forUser(t *testing.T) {
	usual := map[string]string{"Version": version, "AutoUpdate": "0", "RunAtStartup": "0"}
	for _, c := range []struct {
		args    string
		changes map[string]string
	}{
		{`ALLUSERS=""`, nil},
		{"RUNATSTARTUP=1", map[string]string{"RunAtStartup": "1"}},
		{"SHOULDAUTOUPDATE=1", map[string]string{"AutoUpdate": "1"}},
		{`INSTALLDIR="C:\My Apps\Coffer für 日本"`, nil}, // reg.exe prints letters of one code page: the folder is looked at
	} {
		t.Run(c.args, func(t *testing.T) {
			m.install(t, c.args)
			want := maps.Clone(usual)
			maps.Copy(want, c.changes)
			checkSettings(t, m.pc, "HKCU", want)
			m.checkStarts(t, "HKCU", want["RunAtStartup"] == "1")
			if there := m.pc.files(t, "My Apps/Coffer für 日本/Coffer.exe"); strings.Contains(c.args, "日本") != (len(there) == 1) {
				t.Errorf("installed in %v", there)
			}
			if code, _ := m.pc.run(t, "sc.exe query CofferUpdater"); code == 0 {
				t.Error("there is a service, for one user")
			}
			m.uninstall(t, m.older)
			checkGone(t, m.pc)
		})
	}
	if left := m.pc.files(t, "My Apps/Coffer*"); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

func (m *matrix) forAll(t *testing.T) {
	usual := map[string]string{"Version": version, "AutoUpdate": "0", "RunAtStartup": "0", "InstallDir": `C:\Program Files\Coffer\`, "Server": ""}
	for _, c := range []struct {
		args    string
		changes map[string]string
	}{
		{"RUNATSTARTUP=0 SHOULDAUTOUPDATE=0", nil},
		{"RUNATSTARTUP=1", map[string]string{"RunAtStartup": "1"}},
		{"SHOULDAUTOUPDATE=1", map[string]string{"AutoUpdate": "1"}},
		{"SERVER=coffer.example", map[string]string{"Server": "coffer.example"}},
		{`INSTALLDIR="C:\Shared Apps\Coffer"`, map[string]string{"InstallDir": `C:\Shared Apps\Coffer\`}},
	} {
		t.Run("ALLUSERS=1 "+c.args, func(t *testing.T) {
			m.install(t, "ALLUSERS=1 "+c.args)
			want := maps.Clone(usual)
			maps.Copy(want, c.changes)
			checkSettings(t, m.pc, "HKLM", want)
			m.checkStarts(t, "HKLM", want["RunAtStartup"] == "1")
			if code, _ := m.pc.run(t, "sc.exe query CofferUpdater"); code != 0 {
				t.Error("there is no service, for all users")
			}
			if code, _ := m.pc.run(t, "sc.exe query CofferHealth"); code == 0 {
				t.Error("there is a reporter, and no organization")
			}
			m.uninstall(t, m.older)
			checkGone(t, m.pc)
		})
	}
}

// checkStarts looks whether Coffer starts with the computer.
func (m *matrix) checkStarts(t *testing.T, root string, want bool) {
	t.Helper()
	if run := m.pc.registry(t, root+runKey); strings.Contains(run, `Coffer.exe" --background`) != want {
		t.Errorf("starts with the computer: %q, want %t", run, want)
	}
}

func (m *matrix) entry(t *testing.T) {
	m.install(t, "ALLUSERS=1")
	code := productCode(t, m.older)
	got := values(m.pc.registry(t, "HKLM"+uninstallKey+`\`+code))
	for name, want := range map[string]string{
		"DisplayName": "Coffer", "DisplayVersion": version, "Publisher": "Coffer", "InstallLocation": `C:\Program Files\Coffer\`, "NoRepair": "0x1", "WindowsInstaller": "0x1",
	} {
		if got[name] != want {
			t.Errorf("%s is %q, want %q", name, got[name], want)
		}
	}
	if !strings.Contains(got["UninstallString"], code) {
		t.Errorf("uninstalls with %q", got["UninstallString"])
	}
	for name, source := range map[string]string{"LICENSE.txt": "../../LICENSE", "NOTICES.txt": "../../docs/third-party.md"} {
		want, err := os.ReadFile(source)
		must(t, err)
		if got, err := os.ReadFile(filepath.Join(m.pc.drive, "Program Files", "Coffer", name)); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not there: %v", name, err)
		}
	}
	m.uninstall(t, m.older)
}

var registryValue = regexp.MustCompile(`(?m)^ +(\w+) +REG_\w+ +(.*)$`)

// values are those that "reg query" prints.
func values(printed string) map[string]string {
	all := map[string]string{}
	for _, found := range registryValue.FindAllStringSubmatch(printed, -1) {
		all[found[1]] = strings.TrimSpace(found[2])
	}
	return all
}

// remembers also what was changed since in Coffer's own settings: there the user has switched the start off and on.
func (m *matrix) remembers(t *testing.T) {
	m.install(t, `ALLUSERS=1 RUNATSTARTUP=1 SHOULDAUTOUPDATE=1 SERVER=coffer.example INSTALLDIR="C:\Shared Apps\Coffer"`)
	m.pc.install(t, 0, "/i "+windowsPath(m.newer)+" ALLUSERS=1")
	checkSettings(t, m.pc, "HKLM", map[string]string{
		"Version": newer, "InstallDir": `C:\Shared Apps\Coffer\`, "AutoUpdate": "1", "RunAtStartup": "1", "Server": "coffer.example",
	})
	m.checkStarts(t, "HKLM", true)
	checkEntry(t, m.pc, newer)
	m.pc.install(t, 1603, "/i "+windowsPath(m.older)+" ALLUSERS=1")
	checkEntry(t, m.pc, newer)
	m.uninstall(t, m.newer)

	m.install(t, "")
	m.pc.run(t, `reg.exe add HKCU`+runKey+` /v Coffer /d "\"C:\Coffer.exe\" --background" /f`)
	m.pc.install(t, 0, "/i "+windowsPath(m.newer))
	m.checkStarts(t, "HKCU", true)
	m.uninstall(t, m.newer)
}

// goesBack keeps what was chosen and the updater's memory, as an upgrade does.
func (m *matrix) goesBack(t *testing.T) {
	m.pc.install(t, 0, "/i "+windowsPath(m.newer)+` ALLUSERS=1 RUNATSTARTUP=1 SHOULDAUTOUPDATE=1 SERVER=coffer.example INSTALLDIR="C:\Shared Apps\Coffer"`)
	m.pc.untilService(t, "RUNNING")
	before := updaterMemory(t, m.pc)
	m.pc.install(t, 1603, "/i "+windowsPath(m.older)+" ALLUSERS=1")
	checkEntry(t, m.pc, newer)
	m.pc.install(t, 0, "/i "+windowsPath(m.older)+" ALLUSERS=1 DOWNGRADE=1")
	checkSettings(t, m.pc, "HKLM", map[string]string{
		"Version": version, "InstallDir": `C:\Shared Apps\Coffer\`, "AutoUpdate": "1", "RunAtStartup": "1", "Server": "coffer.example",
	})
	m.checkStarts(t, "HKLM", true)
	checkEntry(t, m.pc, version)
	if programs := m.pc.files(t, "Shared Apps/Coffer/*.exe"); len(programs) != 3 {
		t.Errorf("programs: %v", programs)
	}
	m.pc.untilService(t, "RUNNING")
	if after := updaterMemory(t, m.pc); after != before {
		t.Errorf("the updater forgot: %q, then %q", before, after)
	}
	m.uninstall(t, m.older)
}

// builtAgain: a development build has the same version as the one before.
func (m *matrix) builtAgain(t *testing.T) {
	m.install(t, "ALLUSERS=1 SERVER=coffer.example")
	if productCode(t, m.again) == productCode(t, m.older) {
		t.Fatal("two builds have one product code")
	}
	m.pc.install(t, 0, "/i "+windowsPath(m.again)+" ALLUSERS=1")
	checkEntry(t, m.pc, version)
	checkSettings(t, m.pc, "HKLM", map[string]string{"Version": version, "Server": "coffer.example"})
	m.uninstall(t, m.again)
}

// otherBuild are the same programs, one of them with a byte more: packages of the same programs are the same.
func otherBuild(t *testing.T, programs string) (folder string) {
	t.Helper()
	folder = t.TempDir()
	link(t, programs, folder, "cofferctl.exe", "CofferUpdater.exe", "CofferHealth.exe")
	program, err := os.ReadFile(filepath.Join(programs, "Coffer.exe"))
	must(t, err)
	must(t, os.WriteFile(filepath.Join(folder, "Coffer.exe"), append(program, 0), 0o755))
	return folder
}

// transaction reads the package: Wine does not roll back. What is removed after InstallInitialize comes back when the new version fails,
// and what the updater remembers is deleted when nothing can fail any more.
func (m *matrix) transaction(t *testing.T) {
	sequence := map[string]int{}
	for _, row := range table(t, m.older, "InstallExecuteSequence") {
		var number int
		if _, err := fmt.Sscan(row[len(row)-1], &number); err == nil {
			sequence[row[0]] = number
		}
	}
	removed := sequence["RemoveExistingProducts"]
	if begin, first := sequence["InstallInitialize"], sequence["ProcessComponents"]; removed <= begin || removed >= first || begin == 0 {
		t.Errorf("the older version is removed at %d, the transaction begins at %d, the first change is at %d", removed, begin, first)
	}
	const committed = 512
	for _, row := range table(t, m.older, "CustomAction") {
		var kind int
		if _, err := fmt.Sscan(row[1], &kind); row[0] == "caForget" && (err != nil || kind&committed == 0) {
			t.Errorf("the updater forgets in an action of type %s", row[1])
		}
	}
}

// table is a table of a package.
func table(t *testing.T, msi, name string) (rows [][]string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "msiinfo", "export", msi, name).Output()
	must(t, err)
	for line := range strings.Lines(string(out)) {
		rows = append(rows, strings.Split(strings.TrimRight(line, "\r\n"), "\t"))
	}
	return rows
}

func (m *matrix) repairs(t *testing.T) {
	m.install(t, `ALLUSERS=1 RUNATSTARTUP=1 SERVER=coffer.example INSTALLDIR="C:\Shared Apps\Coffer"`)
	program := filepath.Join(m.pc.drive, "Shared Apps", "Coffer", "Coffer.exe")
	whole, err := os.ReadFile(program)
	must(t, err)
	must(t, os.Remove(program))
	m.pc.install(t, 0, "/i "+windowsPath(m.older)+" ALLUSERS=1 REINSTALL=ALL") // Wine's "/f" finds no product of all users
	if again, err := os.ReadFile(program); err != nil || !bytes.Equal(again, whole) {
		t.Errorf("the program is not back: %v", err)
	}
	checkSettings(t, m.pc, "HKLM", map[string]string{"Version": version, "RunAtStartup": "1", "Server": "coffer.example", "InstallDir": `C:\Shared Apps\Coffer\`})
	m.checkStarts(t, "HKLM", true)
	checkEntry(t, m.pc, version)
	m.uninstall(t, m.older)
}

// otherScope: Windows leaves the installation of a user alone when one for all comes, Wine replaces it. On both the one for all is whole,
// also after the other has gone.
func (m *matrix) otherScope(t *testing.T) {
	m.install(t, `INSTALLDIR="C:\My Apps\Coffer"`)
	m.pc.install(t, 0, "/i "+windowsPath(m.again)+` ALLUSERS=1 SERVER=coffer.example INSTALLDIR="C:\Shared Apps\Coffer"`)
	m.pc.untilService(t, "RUNNING")
	before := updaterMemory(t, m.pc)
	if code, _ := m.pc.run(t, "msiexec.exe /x "+productCode(t, m.older)+" /qn"); code != 0 && code != 1605 {
		t.Errorf("uninstalling the user's: %d", code)
	}
	checkSettings(t, m.pc, "HKLM", map[string]string{"Version": version, "InstallDir": `C:\Shared Apps\Coffer\`, "Server": "coffer.example"})
	checkEntry(t, m.pc, version)
	if programs := m.pc.files(t, "Shared Apps/Coffer/*.exe"); len(programs) != 3 {
		t.Errorf("programs: %v", programs)
	}
	if code, _ := m.pc.run(t, "sc.exe query CofferUpdater"); code != 0 {
		t.Error("the service is gone")
	}
	if after := updaterMemory(t, m.pc); after != before {
		t.Errorf("the updater forgot: %q, then %q", before, after)
	}
	m.uninstall(t, m.again)
}

func (m *matrix) keepsData(t *testing.T) {
	m.install(t, `INSTALLDIR="C:\My Apps\Coffer"`)
	mine := []string{
		filepath.Join(m.pc.drive, "My Apps", "Coffer", "notes.txt"),
		filepath.Join(filepath.Dir(m.pc.files(t, "users/*/AppData")[0]), "AppData", "Local", "Coffer", "vaults", "a.db"),
	}
	for _, path := range mine {
		must(t, os.MkdirAll(filepath.Dir(path), 0o755))
		must(t, os.WriteFile(path, []byte("mine"), 0o644))
	}
	m.uninstall(t, m.older)
	for _, path := range mine {
		if kept, err := os.ReadFile(path); string(kept) != "mine" {
			t.Errorf("%s: %q, %v", path, kept, err)
		}
		must(t, os.Remove(path))
	}
	if left := m.pc.files(t, "My Apps/Coffer/*"); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	must(t, os.RemoveAll(filepath.Dir(mine[0])))
}

// uninstallsOnTrial: the watcher is a service that the package does not know, and runs from the updater's folder. What is behind a link
// there stays.
func (m *matrix) uninstallsOnTrial(t *testing.T) {
	m.install(t, "ALLUSERS=1 SERVER=coffer.example")
	m.pc.untilService(t, "RUNNING")
	updaterMemory(t, m.pc)
	own := filepath.Join(m.pc.drive, "ProgramData", "CofferUpdater")
	program, err := os.ReadFile(filepath.Join(m.folder, "CofferUpdater.exe"))
	must(t, err)
	must(t, os.WriteFile(filepath.Join(own, "watch.exe"), program, 0o755))
	must(t, os.WriteFile(filepath.Join(own, "trial.json"), []byte(`{"from": "0.9.0", "to": "`+version+`", "step": "judging"}`), 0o644))
	elsewhere := t.TempDir()
	must(t, os.WriteFile(filepath.Join(elsewhere, "mine"), nil, 0o644))
	must(t, os.Symlink(elsewhere, filepath.Join(own, "link")))
	if code, out := m.pc.run(t, `sc.exe create CofferWatch binPath= "C:\ProgramData\CofferUpdater\watch.exe --watch --service" start= auto`); code != 0 {
		t.Fatalf("%d: %s", code, out)
	}
	m.pc.run(t, "sc.exe start CofferWatch")
	eventually(t, "the watcher", func() bool { return m.pc.running(t, "CofferWatch") })
	m.uninstall(t, m.older)
	if _, err := os.Stat(filepath.Join(elsewhere, "mine")); err != nil {
		t.Errorf("it went behind a link: %v", err)
	}
	// Wine takes a link for the folder behind it, and deletes neither where that is not empty.
	must(t, os.Remove(filepath.Join(own, "link")))
	must(t, os.Remove(own))
}

func (c *computer) running(t *testing.T, service string) bool {
	t.Helper()
	_, out := c.run(t, "sc.exe query "+service)
	return strings.Contains(out, "RUNNING")
}

// service: how Windows is told to run it, and that it stops and starts with its memory. Wine's installer quotes no path.
func (m *matrix) service(t *testing.T) {
	m.install(t, "ALLUSERS=1 SERVER=coffer.example")
	checkService(t, m.pc)
	got := values(m.pc.registry(t, `HKLM\System\CurrentControlSet\Services\CofferUpdater`))
	for name, want := range map[string]string{
		"ImagePath": `C:\Program Files\Coffer\CofferUpdater.exe --service`, "Start": "0x2", "Type": "0x10", "ObjectName": "LocalSystem", "DisplayName": "Coffer Updater",
	} {
		if strings.ReplaceAll(got[name], `"`, "") != want {
			t.Errorf("%s is %q, want %q", name, got[name], want)
		}
	}
	before := updaterMemory(t, m.pc)
	m.pc.run(t, "sc.exe stop CofferUpdater")
	m.pc.untilService(t, "STOPPED")
	m.pc.run(t, "sc.exe start CofferUpdater")
	m.pc.untilService(t, "RUNNING")
	if after := updaterMemory(t, m.pc); after != before {
		t.Errorf("the updater forgot: %q, then %q", before, after)
	}
	m.uninstall(t, m.older)
}

// recovery has the package's action tell a stand-in of Windows: Wine's service manager keeps nothing of it, and starts nothing again. That
// the package runs the action when the services are there, as SYSTEM, is read.
func (m *matrix) recovery(t *testing.T) {
	script(t, "x86_64-w64-mingw32-gcc", "-s", "-O1", "-o", filepath.Join(m.pc.drive, "recovery.exe"), "testdata/recovery.c", "-ladvapi32", "-lshell32")
	var want string
	for _, service := range []string{"CofferUpdater", "CofferHealth"} {
		want += service + " reset 86400 restart 60000 restart 600000 restart 3600000\n" + service + " also on its own word 1\n"
	}
	if code, got := m.pc.run(t, `C:\recovery.exe`); code != 0 || got != want {
		t.Errorf("%d: %s, want %s", code, got, want)
	}
	sequence := map[string]string{}
	for _, row := range table(t, m.older, "InstallExecuteSequence") {
		sequence[row[0]] = row[len(row)-1]
	}
	if sequence["caRecovery"] <= sequence["InstallServices"] || sequence["caRecovery"] >= sequence["StartServices"] {
		t.Errorf("the action is at %s of %s to %s", sequence["caRecovery"], sequence["InstallServices"], sequence["StartServices"])
	}
	const library, deferred, asSystem, goesOn = 1, 1024, 2048, 64
	for _, row := range table(t, m.older, "CustomAction") {
		if row[0] == "caRecovery" && row[1] != fmt.Sprint(library+deferred+asSystem+goesOn) {
			t.Errorf("the action is of type %s", row[1])
		}
	}
}

// silent watches the screen for windows, also those that are gone at once.
func (m *matrix) silent(t *testing.T) {
	setup := windowsPath(filepath.Join(m.folder, "coffer-setup-"+version+".exe"))
	for _, c := range []struct {
		line   string
		silent bool
	}{
		{setup + " /S", true},
		{setup + " /S /RUNATSTARTUP=2", true}, // an error neither
		{setup + " /QUIET", true},
		{"msiexec.exe /i " + windowsPath(m.older) + " /qn", true},
		{"msiexec.exe /i " + windowsPath(m.older) + " /qn RUNATSTARTUP=2", true},
		{setup, false}, // so the watch sees what there is
	} {
		shown := m.windowsShown(t, func() { m.pc.run(t, c.line) })
		if (len(shown) == 0) != c.silent {
			t.Errorf("%s: %d windows were shown, silent %t\n%s", c.line, len(shown), c.silent, shown)
		}
	}
	m.uninstall(t, m.older)
}

var mapped = regexp.MustCompile(`MapNotify event.*\n.*`)

// windowsShown are the windows that the X server was asked to show meanwhile.
func (m *matrix) windowsShown(t *testing.T, do func()) []string {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	watch := m.pc.command(ctx, "xev", "-root", "-event", "substructure")
	var seen bytes.Buffer
	watch.Stdout = &seen
	must(t, watch.Start())
	m.pc.output(t, "xdotool", "getmouselocation") // the watch was there first: the server answers in order
	do()
	m.pc.output(t, "xdotool", "getmouselocation")
	cancel()
	watch.Wait()
	return mapped.FindAllString(seen.String(), -1)
}

// planted: beside the programs lies what somebody else has put there. Folders that others have planted are for the unit tests of
// updater/internal/acl: here everything belongs to Wine's one user.
func (m *matrix) planted(t *testing.T) {
	const downloads = "users/Public/Documents"
	witness := filepath.Join(m.pc.drive, "loaded.txt")
	m.plant(t, downloads)
	setup, err := os.ReadFile(filepath.Join(m.folder, "coffer-setup-"+version+".exe"))
	must(t, err)
	must(t, os.WriteFile(filepath.Join(m.pc.drive, downloads, "setup.exe"), setup, 0o755))
	if code, _ := m.pc.run(t, `C:\users\Public\Documents\setup.exe /S /ALLUSERS=1 /SERVER=coffer.example`); code != 0 {
		t.Fatalf("setup: %d", code)
	}
	m.pc.untilService(t, "RUNNING")
	m.plant(t, "Program Files/Coffer")
	restartService(t, m.pc)
	m.pc.untilService(t, "RUNNING")
	if loaded, err := os.ReadFile(witness); err == nil {
		t.Errorf("planted libraries were loaded by %s", loaded)
	}
	// So that it is the programs that do not load them: one that is told to does.
	m.pc.run(t, `rundll32.exe C:\users\Public\Documents\planted.dll,Nothing`)
	if _, err := os.Stat(witness); err != nil {
		t.Errorf("the witness does not work: %v", err)
	}
	m.uninstall(t, m.older)
	must(t, os.RemoveAll(filepath.Join(m.pc.drive, "Program Files", "Coffer"))) // the planted libraries
}

// plant puts a library that bears witness under names that programs look for beside themselves.
func (m *matrix) plant(t *testing.T, folder string) {
	t.Helper()
	library := filepath.Join(t.TempDir(), "planted.dll")
	script(t, "x86_64-w64-mingw32-gcc", "-shared", "-s", "-o", library, "testdata/planted.c")
	code, err := os.ReadFile(library)
	must(t, err)
	for _, name := range []string{
		"planted", "version", "uxtheme", "cryptbase", "dwmapi", "userenv", "propsys", "shfolder", "riched20", "msi", "netapi32", "profapi", "bcrypt", "dbghelp", "iphlpapi",
	} {
		must(t, os.WriteFile(filepath.Join(m.pc.drive, folder, name+".dll"), code, 0o644))
	}
}

// exitCodes puts a Windows Installer in the place of the system's that ends with the code it is told to.
func (m *matrix) exitCodes(t *testing.T) {
	system := filepath.Join(m.pc.drive, "windows", "system32", "msiexec.exe")
	must(t, os.Rename(system, system+".real"))
	defer func() { must(t, os.Rename(system+".real", system)) }()
	const overrides = `HKCU\Software\Wine\DllOverrides` // without, Wine takes its own whatever the file is
	m.pc.run(t, "reg.exe add "+overrides+" /v msiexec.exe /d native /f")
	defer m.pc.run(t, "reg.exe delete "+overrides+" /v msiexec.exe /f")
	script(t, "x86_64-w64-mingw32-gcc", "-s", "-O1", "-o", system, "testdata/msiexec.c")
	setup := windowsPath(filepath.Join(m.folder, "coffer-setup-"+version+".exe"))
	for _, code := range []int{0, 3010, 1602, 1603, 1618, 1620, 1625, 1638, 1641} {
		must(t, os.WriteFile(filepath.Join(m.pc.drive, "code.txt"), fmt.Append(nil, code), 0o644))
		if got, _ := m.pc.run(t, setup+" /S /ALLUSERS=1"); got != code {
			t.Errorf("setup ends with %d where msiexec ends with %d", got, code)
		}
	}
	m.batchFile(t)
}

// batchFile runs the one of docs/admin/windows.md, with its two minutes' wait replaced by the end of the other installation.
func (m *matrix) batchFile(t *testing.T) {
	guide, err := os.ReadFile("../../docs/admin/windows.md")
	must(t, err)
	_, script, _ := strings.Cut(string(guide), "```bat\n")
	script, _, _ = strings.Cut(script, "```")
	const wait = "timeout /t 120 /nobreak >nul"
	if strings.Count(script, wait) != 1 {
		t.Fatalf("the guide's batch file is %q", script)
	}
	for _, c := range []struct{ first, then, want int }{{0, 0, 0}, {3010, 0, 3010}, {1603, 0, 1603}, {1618, 0, 0}, {1618, 1603, 1603}, {1618, 1618, 1618}} {
		ends := strings.ReplaceAll(script, wait, fmt.Sprintf(`>C:\code.txt echo %d`, c.then))
		must(t, os.WriteFile(filepath.Join(m.pc.drive, "install.bat"), []byte(strings.ReplaceAll(ends, "\n", "\r\n")), 0o644))
		must(t, os.WriteFile(filepath.Join(m.pc.drive, "code.txt"), fmt.Append(nil, c.first), 0o644))
		if got, said := m.pc.run(t, `cmd.exe /c C:\install.bat`); got != c.want {
			t.Errorf("the batch file ends with %d where msiexec ends with %d, then %d: %s", got, c.first, c.then, said)
		}
	}
}
