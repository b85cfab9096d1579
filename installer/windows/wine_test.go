//go:build system

// Package windows tests the Windows package where it is built: on Linux, under Wine.
package windows

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/coffer-vault/coffer/internal/testbus"
)

// patience is how long one program may take, or what it begins. The slowest, an installation, takes some seconds when the machine is idle;
// with 26 others at every turn, minutes.
const patience = 10 * time.Minute

// computer is a new Windows PC: a Wine prefix with a screen and a home folder of its own.
type computer struct {
	drive string // C:
	env   []string

	driver  io.Writer // takes command lines, see testdata/driver
	answers *json.Decoder
	lament  string // the file with what the driver says where it cannot go on
}

// newComputer sets up a PC. Its development builds believe the root of updates in the file that is named.
func newComputer(t *testing.T, updateRoot string) *computer {
	t.Helper()
	dir := t.TempDir()
	must(t, exec.CommandContext(t.Context(), "cp", "-a", "--reflink=auto", blankPrefix(t), filepath.Join(dir, "prefix")).Run())
	c := newPrefix(dir)
	c.env = append(c.env, "DISPLAY="+testbus.StartDisplay(t), "LIBGL_ALWAYS_SOFTWARE=1")
	root, err := os.ReadFile(updateRoot)
	must(t, err)
	must(t, os.WriteFile(filepath.Join(c.drive, rootFile), root, 0o644))
	t.Cleanup(c.turnOff)
	c.startDriver(t)
	return c
}

// rootFile is where every PC has the root of updates, below C:.
const rootFile = "update-root.json"

// newPrefix is a PC in dir, without a screen. Nothing is the developer's: neither the home, which Wine links to, nor COFFER_HOME. The
// overrides keep Wine from asking for .NET and a browser engine, and from adding shortcuts to the Linux desktop.
func newPrefix(dir string) *computer {
	c := &computer{drive: filepath.Join(dir, "prefix", "drive_c")}
	c.env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "LC_ALL=C.UTF-8",
		"WINEPREFIX=" + filepath.Dir(c.drive), "WINEARCH=win64", "WINEDEBUG=-all", "WINEDLLOVERRIDES=mscoree,mshtml,winemenubuilder.exe=",
	}
	return c
}

// everyTest holds what the tests have in common, until the last has ended.
var everyTest struct {
	dir string
	sync.Mutex
	made map[string]*shared
}

// shared is a folder that the first test that needs it fills, while the others wait: two tests run at a time.
type shared struct {
	sync.Mutex
	whole bool
}

// once makes a folder for all tests that need it.
func once(t *testing.T, name string, make func(folder string)) string {
	t.Helper()
	folder := filepath.Join(everyTest.dir, name)
	onlyOnce(folder, func() {
		must(t, os.MkdirAll(folder, 0o755))
		make(folder)
	})
	return folder
}

// onlyOnce does what a name stands for, unless it was done. A test that fails in it leaves it to the next.
func onlyOnce(name string, do func()) {
	everyTest.Lock()
	s := everyTest.made[name]
	if s == nil {
		s = &shared{}
		everyTest.made[name] = s
	}
	everyTest.Unlock()
	s.Lock()
	defer s.Unlock()
	if !s.whole {
		do()
		s.whole = true
	}
}

func TestMain(m *testing.M) {
	var err error
	if everyTest.dir, err = os.MkdirTemp("", "coffer-windows"); err != nil {
		panic(err)
	}
	everyTest.made = map[string]*shared{}
	code := m.Run()
	os.RemoveAll(everyTest.dir)
	os.Exit(code)
}

// blankPrefix makes the prefix that every PC begins as a copy of: Wine takes half a minute for one.
func blankPrefix(t *testing.T) string {
	t.Helper()
	dir := once(t, "blank", func(dir string) {
		c := newPrefix(dir)
		c.env = append(c.env, "DISPLAY="+testbus.StartDisplay(t))
		defer c.turnOff()
		c.mustRun(t, "wineboot", "--init")
		c.mustRun(t, "wineserver", "--wait") // msiexec answers 1627 before all of the prefix is there
		c.addShim(t)
		c.addUpgrades(t)
		c.mustRun(t, "wine", "reg", "add", `HKCU\Software\Wine`, "/v", "Version", "/d", "win10", "/f")
		c.mustRun(t, "wine", "reg", "add", controlKey, "/v", "ServicesPipeTimeout", "/d", "120000", "/f") // ms for a service to begin, where Wine has 10,000
		c.mustRun(t, "wine", "reg", "add", environmentKey, "/v", "COFFER_UPDATE_ROOT", "/d", `C:\`+rootFile, "/f")
		c.mustRun(t, "wineserver", "--wait") // services get the environment that there is at the next start
		c.ownFolders(t)
		buildFor(t, filepath.Join(c.drive, "driver.exe"), "./testdata/driver")
	})
	return filepath.Join(dir, "prefix")
}

const (
	controlKey     = `HKLM\System\CurrentControlSet\Control`
	environmentKey = controlKey + `\Session Manager\Environment`
)

// ownFolders puts folders where Wine has linked those of a user to the home.
func (c *computer) ownFolders(t *testing.T) {
	t.Helper()
	for _, path := range c.files(t, "users/*/*") {
		if info, err := os.Lstat(path); err == nil && info.Mode()&os.ModeSymlink != 0 {
			must(t, os.Remove(path))
			must(t, os.Mkdir(path, 0o755))
		}
	}
}

// buildFor builds a program for Windows that needs no C compiler.
func buildFor(t *testing.T, program, source string, flags ...string) {
	t.Helper()
	build := exec.CommandContext(t.Context(), "go", append(append([]string{"build", "-o", program}, flags...), source)...)
	build.Env = append(os.Environ(), "GOOS=windows", "GOARCH=amd64", "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false -trimpath")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// turnOff ends every program of the prefix.
func (c *computer) turnOff() {
	for _, switches := range []string{"--kill", "--wait"} {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		c.command(ctx, "wineserver", switches).Run()
		cancel()
	}
}

// command prepares a program of this machine, Wine's or the X server's clients, that meets the computer.
func (c *computer) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = c.env
	return cmd
}

// mustRun has no pipe to the program: Wine's server, which the first one starts, would keep it open for ever.
func (c *computer) mustRun(t *testing.T, name string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	complaints, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	defer complaints.Close()
	cmd := c.command(ctx, name, args...)
	cmd.Stderr = complaints
	if err := cmd.Run(); err != nil {
		said, _ := os.ReadFile(complaints.Name())
		t.Fatalf("%s %v: %v: %s", name, args, err, said)
	}
}

// output is what a program prints that looks at the screen.
func (c *computer) output(t *testing.T, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	output, err := c.command(ctx, name, args...).Output()
	if err != nil {
		t.Fatalf("%s %v: %v", name, args, err)
	}
	return string(output)
}

// addShim adds the library that Go programs need and Debian's Wine lacks.
func (c *computer) addShim(t *testing.T) {
	t.Helper()
	library := filepath.Join(c.drive, "windows", "system32", "bcryptprimitives.dll")
	c.mustRun(t, "x86_64-w64-mingw32-gcc", "-shared", "-s", "-o", library, "shim/bcryptprimitives.c", "-ladvapi32")
}

// addUpgrades has the product that an upgrade removes know of the upgrade: the installer's library starts testdata/upgrades.c for it, under a
// name as long as msiexec's. Wine takes a library for its own by words that are in it, and reads its own from elsewhere.
func (c *computer) addUpgrades(t *testing.T) {
	t.Helper()
	system := filepath.Join(c.drive, "windows", "system32")
	library, err := os.ReadFile(filepath.Join(system, "msi.dll"))
	must(t, err)
	const own = "Wine builtin DLL"
	for _, change := range [][2][]byte{
		{[]byte(own), make([]byte, len(own))},
		{wide("msiexec /qn /i %s REMOVE=%s"), wide("upgrade /qn /i %s REMOVE=%s")},
	} {
		if bytes.Count(library, change[0]) != 1 {
			t.Fatalf("Wine's installer is another one: %q is in it %d times", change[0], bytes.Count(library, change[0]))
		}
		library = bytes.Replace(library, change[0], change[1], 1)
	}
	must(t, os.WriteFile(filepath.Join(system, "msi.dll"), library, 0o755))
	script(t, "x86_64-w64-mingw32-gcc", "-s", "-O1", "-Wall", "-mwindows", "-o", filepath.Join(system, "upgrade.exe"), "testdata/upgrades.c")
	c.mustRun(t, "wine", "reg", "add", `HKCU\Software\Wine\DllOverrides`, "/v", "msi", "/d", "native", "/f")
}

// wide is a text as programs of Windows have it.
func wide(text string) (units []byte) {
	for _, r := range utf16.Encode([]rune(text)) {
		units = binary.LittleEndian.AppendUint16(units, r)
	}
	return units
}

func (c *computer) startDriver(t *testing.T) {
	t.Helper()
	driver := c.command(context.Background(), "wine", `C:\driver.exe`)
	in, err := driver.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := driver.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	complaints, err := os.Create(filepath.Join(t.TempDir(), "driver"))
	must(t, err)
	driver.Stderr = complaints
	must(t, driver.Start())
	t.Cleanup(func() {
		complaints.Close()
		in.Close()
		c.turnOff()
		driver.Wait()
	})
	c.driver, c.answers, c.lament = in, json.NewDecoder(out), complaints.Name()
}

// run runs a Windows command line and returns its exit code, all bits of it, and what it printed.
func (c *computer) run(t *testing.T, line string) (code int, output string) {
	t.Helper()
	late := time.AfterFunc(patience, c.turnOff)
	defer late.Stop()
	_, err := io.WriteString(c.driver, line+"\n")
	var answer struct {
		Code        int
		Output, Err string
	}
	if err == nil {
		err = c.answers.Decode(&answer)
	}
	switch {
	case err != nil && !late.Stop():
		load, _ := os.ReadFile("/proc/loadavg")
		t.Fatalf("%s: no answer in %v; the load of this machine is %s", line, patience, load)
	case err != nil:
		said, _ := os.ReadFile(c.lament)
		t.Fatalf("%s: the driver has ended: %v\n%s", line, err, said)
	case answer.Err != "":
		t.Fatalf("%s: not started: %s", line, answer.Err)
	}
	return answer.Code, strings.ReplaceAll(answer.Output, "\r", "")
}

// install runs Windows Installer, silently and with a log, and demands its exit code.
func (c *computer) install(t *testing.T, want int, args string) {
	t.Helper()
	code, _ := c.run(t, `msiexec.exe `+args+` /qn`)
	if code != want {
		t.Fatalf("msiexec %s: %d, want %d", args, code, want)
	}
}

// registry is what "reg query" prints of a key and all below it, empty if there is no such key.
func (c *computer) registry(t *testing.T, key string) string {
	t.Helper()
	code, output := c.run(t, `reg.exe query "`+key+`" /s`)
	if code != 0 {
		return ""
	}
	return output
}

// files are those below C: that match, as paths of this machine.
func (c *computer) files(t *testing.T, pattern string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(c.drive, pattern))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// windowsPath is what Windows calls a file of this machine.
func windowsPath(path string) string { return `Z:` + strings.ReplaceAll(path, "/", `\`) }
