//go:build system

package windows

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image/color"
	"image/png"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/updater/release"
)

const (
	version  = "1.2.3"
	newer    = "1.3.0"
	email    = "anna@example.com"
	password = "correct horse battery staple"

	uninstallKey = `\Software\Microsoft\Windows\CurrentVersion\Uninstall`
	runKey       = `\Software\Microsoft\Windows\CurrentVersion\Run`
)

// TestPackage is the life of the package on one PC. Each step needs those before it.
func TestPackage(t *testing.T) {
	t.Parallel()
	older, update := pack(t, programs(t), version), pack(t, nextPrograms(t), newer)
	server := testkit.Cloud(t)
	pc := newComputer(t, updateRoot(t))
	steps := []struct {
		name string
		run  func(*testing.T)
	}{
		{"wrong parameters install nothing", func(t *testing.T) { wrongParameters(t, pc, older) }},
		{"installs for one user", func(t *testing.T) { installsForUser(t, pc, older) }},
		{"shows its first screen", func(t *testing.T) { showsScreen(t, pc, "windows-first-screen.png", server.URL) }},
		{"makes a vault and opens it", func(t *testing.T) { makesVault(t, pc, server) }},
		{"shows its unlock screen", func(t *testing.T) { showsScreen(t, pc, "windows-unlock-screen.png", server.URL) }},
		{"an upgrade keeps folder and vault", func(t *testing.T) { upgrades(t, pc, older, update) }},
		{"uninstalling leaves the vault alone", func(t *testing.T) { uninstalls(t, pc, update) }},
		{"installs again, with everything", func(t *testing.T) { installsAgain(t, pc, update) }},
		{"installs for all users, with the service", func(t *testing.T) { installsForAll(t, pc, older, update) }},
	}
	for _, s := range steps {
		if !t.Run(s.name, s.run) {
			return
		}
	}
}

// programs is a folder with the programs: those that build.sh has put where COFFER_WINDOWS says, or built once for all tests.
func programs(t *testing.T) string {
	t.Helper()
	return once(t, "programs", func(folder string) {
		built := os.Getenv("COFFER_WINDOWS")
		if built == "" {
			script(t, "./build.sh", version, folder)
			return
		}
		link(t, built, folder, "Coffer.exe", "cofferctl.exe", "CofferUpdater.exe", "CofferHealth.exe")
	})
}

// link puts programs of one folder into another.
func link(t *testing.T, from, to string, names ...string) {
	t.Helper()
	for _, name := range names {
		must(t, os.Symlink(filepath.Join(from, name), filepath.Join(to, name)))
	}
}

// pack makes a package of the programs in a folder, where it is not there yet, and the setup program. It returns the package's path.
func pack(t *testing.T, folder, version string) string {
	t.Helper()
	msi := filepath.Join(folder, "coffer-"+version+".msi")
	onlyOnce(msi, func() {
		if _, err := os.Stat(msi); err != nil { // else build.sh has packed it
			script(t, "./package.sh", version, folder)
		}
	})
	return msi
}

func script(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
}

func wrongParameters(t *testing.T, pc *computer, msi string) {
	for _, wrong := range []string{"RUNATSTARTUP=2", "SHOULDAUTOUPDATE=yes", "SERVER=coffer.example"} {
		pc.install(t, 1603, "/i "+windowsPath(msi)+" "+wrong)
	}
	checkGone(t, pc)
}

func installsForUser(t *testing.T, pc *computer, msi string) {
	pc.install(t, 0, "/i "+windowsPath(msi)+` INSTALLDIR=C:\Apps\Coffer`)
	for _, name := range []string{"Coffer.exe", "cofferctl.exe"} {
		if info, err := os.Stat(filepath.Join(pc.drive, "Apps", "Coffer", name)); err != nil || info.Size() < 1<<20 {
			t.Errorf("%s: %v %v", name, info, err)
		}
	}
	if service := pc.files(t, "Apps/Coffer/CofferUpdater.exe"); len(service) > 0 {
		t.Error("the service's program is there, which a user cannot run as a service")
	}
	if len(shortcuts(t, pc)) != 1 {
		t.Errorf("shortcuts: %v", shortcuts(t, pc))
	}
	settings := map[string]string{"Version": version, "InstallDir": `C:\Apps\Coffer\`, "AutoUpdate": "0", "RunAtStartup": "0"}
	checkSettings(t, pc, "HKCU", settings)
	checkEntry(t, pc, version)
	if run := pc.registry(t, "HKCU"+runKey); strings.Contains(run, "Coffer") {
		t.Errorf("starts with the computer: %s", run)
	}
}

// showsScreen starts the program, waits until its window has content, and keeps the picture of it.
func showsScreen(t *testing.T, pc *computer, name, origin string) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	app := pc.command(ctx, "wine", `C:\Apps\Coffer\Coffer.exe`, "--server", origin)
	if err := app.Start(); err != nil {
		t.Fatal(err)
	}
	defer app.Wait()
	defer pc.run(t, "taskkill.exe /f /im Coffer.exe")
	window := pc.window(t)
	pc.mustRun(t, "xdotool", "windowmove", "--sync", window, "90", "50") // from under Wine's own tray
	for tick := time.Tick(200 * time.Millisecond); ; {
		picture := pc.output(t, "import", "-silent", "-window", window, "png:-")
		if edges(t, picture) > edgesOfWords {
			keep(t, name, picture)
			return
		}
		select {
		case <-tick:
		case <-ctx.Done():
			keep(t, name, picture)
			t.Fatal("no words in the window")
		}
	}
}

// window waits for the program's window. The search fails where a window of Wine's goes away under it.
func (c *computer) window(t *testing.T) (window string) {
	t.Helper()
	eventually(t, "the window", func() bool {
		found, err := c.command(t.Context(), "xdotool", "search", "--onlyvisible", "--name", "^Coffer$").Output()
		window, _, _ = strings.Cut(string(found), "\n")
		return err == nil && window != ""
	})
	return window
}

// edgesOfWords is more than the logo has, which is shown first, and much less than the words of a screen.
const edgesOfWords = 1500

// edges counts the pixels of a picture that differ much from their left neighbour.
func edges(t *testing.T, picture string) (count int) {
	t.Helper()
	decoded, err := png.Decode(strings.NewReader(picture))
	if err != nil {
		t.Fatal(err)
	}
	grey := func(x, y int) int { return int(color.GrayModel.Convert(decoded.At(x, y)).(color.Gray).Y) }
	for y := range decoded.Bounds().Dy() {
		for x := 1; x < decoded.Bounds().Dx(); x++ {
			if d := grey(x, y) - grey(x-1, y); d < -50 || d > 50 {
				count++
			}
		}
	}
	return count
}

// keep writes a picture to the folder that COFFER_OUT names, for people to look at.
func keep(t *testing.T, name, picture string) {
	t.Helper()
	folder := os.Getenv("COFFER_OUT")
	if folder == "" {
		return
	}
	if err := os.WriteFile(filepath.Join(folder, name), []byte(picture), 0o644); err != nil {
		t.Error(err)
	}
}

// makesVault creates an account as a technician does, and opens its vault with the Secret Key that Windows keeps.
func makesVault(t *testing.T, pc *computer, server *testkit.Server) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := pc.command(ctx, "wine", `C:\Apps\Coffer\cofferctl.exe`, "--json", "enrol", "create", "--server", server.URL, "--email", email)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(in, "%s\n%s\n", server.LastCode(t, email), password)
	in.Close()
	if err := cmd.Wait(); err != nil {
		t.Fatalf("enrol: %v: %s", err, errOut.String())
	}
	var created struct {
		SecretKey string `json:"secret_key"`
	}
	if err := json.Unmarshal(out.Bytes(), &created); err != nil || created.SecretKey == "" {
		t.Fatalf("enrol: %v", err)
	}
	checkVault(t, pc, `C:\Apps\Coffer`)
}

// checkVault opens the vault with the program in a folder.
func checkVault(t *testing.T, pc *computer, folder string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for _, c := range []struct {
		password string
		opens    bool
	}{{password, true}, {"wrong", false}} {
		cmd := pc.command(ctx, "wine", folder+`\cofferctl.exe`, "list", "--json")
		cmd.Stdin = strings.NewReader(c.password + "\n")
		var errOut bytes.Buffer
		cmd.Stderr = &errOut
		items, err := cmd.Output()
		var listed []any
		if opened := err == nil && json.Unmarshal(items, &listed) == nil; opened != c.opens {
			t.Fatalf("opens with the password %q: %v, %v: %s %s", c.password, opened, err, items, errOut.String())
		}
	}
}

func upgrades(t *testing.T, pc *computer, older, update string) {
	pc.install(t, 0, "/i "+windowsPath(update))
	checkSettings(t, pc, "HKCU", map[string]string{"Version": newer, "InstallDir": `C:\Apps\Coffer\`})
	checkEntry(t, pc, newer)
	checkVault(t, pc, `C:\Apps\Coffer`)
	pc.install(t, 1603, "/i "+windowsPath(older))
	checkEntry(t, pc, newer)
}

// uninstalls after adding what the program itself writes: the switch of its settings, and what its updater puts aside.
func uninstalls(t *testing.T, pc *computer, msi string) {
	pc.run(t, `reg.exe add HKCU`+runKey+` /v Coffer /d C:\Apps\Coffer\Coffer.exe /f`)
	if err := os.WriteFile(filepath.Join(pc.drive, "Apps", "Coffer", ".Coffer.exe.old"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	pc.install(t, 0, "/x "+productCode(t, msi))
	checkGone(t, pc)
	if len(vaults(t, pc)) != 1 {
		t.Errorf("vaults: %v", vaults(t, pc))
	}
}

func installsAgain(t *testing.T, pc *computer, msi string) {
	pc.install(t, 0, "/i "+windowsPath(msi)+" RUNATSTARTUP=1 SHOULDAUTOUPDATE=1")
	folder := `C:\users\` + filepath.Base(filepath.Dir(pc.files(t, "users/*/AppData")[0])) + `\AppData\Local\Programs\Coffer`
	checkSettings(t, pc, "HKCU", map[string]string{"InstallDir": folder + `\`, "AutoUpdate": "1", "RunAtStartup": "1"})
	if run := pc.registry(t, "HKCU"+runKey); !strings.Contains(run, `"`+folder+`\Coffer.exe" --background`) {
		t.Errorf("does not start with the computer: %s", run)
	}
	checkVault(t, pc, folder)
	pc.install(t, 0, "/x "+productCode(t, msi))
	checkGone(t, pc)
}

// installsForAll has a service that runs, over an installation and an upgrade, which it must not lose its memory in.
func installsForAll(t *testing.T, pc *computer, older, update string) {
	pc.install(t, 0, "/i "+windowsPath(older)+" ALLUSERS=1 RUNATSTARTUP=1 SERVER=coffer.example")
	settings := map[string]string{"Version": version, "InstallDir": `C:\Program Files\Coffer\`, "Server": "coffer.example", "RunAtStartup": "1"}
	checkSettings(t, pc, "HKLM", settings)
	checkEntry(t, pc, version)
	checkService(t, pc)
	before := updaterMemory(t, pc)
	if own := pc.registry(t, `HKLM\Software\Coffer\Updater`); !strings.Contains(own, `C:\ProgramData\CofferUpdater`) {
		t.Errorf("the updater's own folder, which uninstalling empties: %q", own)
	}

	pc.install(t, 0, "/i "+windowsPath(update)+" ALLUSERS=1")
	settings["Version"] = newer
	checkSettings(t, pc, "HKLM", settings)
	checkEntry(t, pc, newer)
	checkService(t, pc)
	checkVault(t, pc, `C:\Program Files\Coffer`)
	if after := updaterMemory(t, pc); after != before {
		t.Errorf("the updater forgot: %q, then %q", before, after)
	}

	pc.install(t, 0, "/x "+productCode(t, update))
	checkGone(t, pc)
}

// updateRoot makes a root of trust that no other key than its own belongs to, for the service to start with.
func updateRoot(t *testing.T) string {
	t.Helper()
	repo, keys := release.Open(t.TempDir(), time.Now), map[string][]release.Key{}
	var all []release.Key
	for role, rule := range release.Rules {
		for range rule.Keys {
			key, err := release.GenerateKey(role)
			must(t, err)
			keys[role], all = append(keys[role], key), append(all, key)
		}
	}
	must(t, repo.Init(all))
	for _, role := range []string{"root", "targets"} {
		for _, key := range keys[role] {
			must(t, repo.Sign(role, key))
		}
	}
	must(t, repo.Publish(keys["snapshot"][0], keys["timestamp"][0]))
	return filepath.Join(repo.Public(), "metadata", "1.root.json")
}

// updaterMemory is the number that places this PC in a gradual release, drawn once.
func updaterMemory(t *testing.T, pc *computer) string {
	t.Helper()
	number, err := os.ReadFile(filepath.Join(pc.drive, "ProgramData", "CofferUpdater", "rollout.id"))
	if err != nil {
		t.Error(err)
	}
	return string(number)
}

func checkService(t *testing.T, pc *computer) {
	t.Helper()
	pc.untilService(t, "RUNNING")
	image := pc.registry(t, `HKLM\System\CurrentControlSet\Services\CofferUpdater`)
	if !strings.Contains(image, `C:\Program Files\Coffer\CofferUpdater.exe`) || !strings.Contains(image, "--service") {
		t.Errorf("service: %s", image)
	}
}

// checkSettings reads what the package writes for the program and for detection rules.
func checkSettings(t *testing.T, pc *computer, root string, want map[string]string) {
	t.Helper()
	got := map[string]string{}
	for line := range strings.Lines(pc.registry(t, root+`\Software\Coffer`)) {
		if name, value, found := strings.Cut(strings.TrimSpace(line), "    REG_SZ    "); found {
			got[name] = value
		}
	}
	for name, value := range want {
		if got[name] != value {
			t.Errorf("%s is %q, want %q", name, got[name], value)
		}
	}
}

// checkEntry demands one entry in Apps & features. Wine writes that of a user to the machine's list, too.
func checkEntry(t *testing.T, pc *computer, version string) {
	t.Helper()
	entries := pc.registry(t, "HKLM"+uninstallKey) + pc.registry(t, "HKCU"+uninstallKey)
	if strings.Count(entries, "    DisplayName    REG_SZ    Coffer\n") != 1 || !strings.Contains(entries, "    DisplayVersion    REG_SZ    "+version+"\n") {
		t.Errorf("Apps & features: %s", entries)
	}
}

// checkGone demands that nothing of the package is on the PC, nor of its services. The data of users may be.
func checkGone(t *testing.T, pc *computer) {
	t.Helper()
	for _, pattern := range []string{"Apps/Coffer", "Apps/Coffer/.*", "Program Files/Coffer", "users/*/AppData/Local/Programs/Coffer", "ProgramData/CofferUpdater", reporterFolder} {
		for _, folder := range pc.files(t, pattern) {
			filepath.WalkDir(folder, func(path string, _ fs.DirEntry, _ error) error { t.Errorf("left: %s", path); return nil })
		}
	}
	if left := shortcuts(t, pc); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	for _, root := range []string{"HKCU", "HKLM"} {
		for _, key := range []string{`\Software\Coffer`, runKey, uninstallKey} {
			if left := pc.registry(t, root+key); strings.Contains(left, "Coffer") {
				t.Errorf("left: %s", left)
			}
		}
	}
	for _, service := range []string{"CofferUpdater", "CofferHealth", "CofferWatch"} {
		if code, out := pc.run(t, "sc.exe query "+service); code == 0 {
			t.Errorf("left: %s", out)
		}
	}
}

const reporterFolder = "windows/ServiceProfiles/LocalService/AppData/Local/CofferHealth"

func shortcuts(t *testing.T, pc *computer) []string {
	t.Helper()
	return append(pc.files(t, "users/*/AppData/Roaming/Microsoft/Windows/Start Menu/Programs/Coffer.lnk"),
		pc.files(t, "ProgramData/Microsoft/Windows/Start Menu/Programs/Coffer.lnk")...)
}

func vaults(t *testing.T, pc *computer) []string {
	t.Helper()
	return pc.files(t, "users/*/AppData/Local/Coffer/vaults/*.db")
}

// productCode reads the package's own code, which uninstalling names.
func productCode(t *testing.T, msi string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "msiinfo", "export", msi, "Property").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		if code, found := strings.CutPrefix(strings.TrimSpace(line), "ProductCode\t"); found {
			return code
		}
	}
	t.Fatal("the package has no ProductCode")
	return ""
}
