// Package macos tests what can be tested of the package for macOS without a Mac: its layout, its files, its scripts.
package macos

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/assets"
)

const (
	identifier  = "io.github.coffer-vault.coffer"
	label       = identifier + ".updater"
	daemon      = "Library/LaunchDaemons/" + label + ".plist"
	helper      = "Library/PrivilegedHelperTools/" + label
	reporter    = identifier + ".health"
	reports     = "Library/Application Support/CofferHealth"
	application = "Applications/Coffer.app/Contents/"
)

// laidOut is a root made of programs that stand in for real ones.
func laidOut(t *testing.T) string {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the scripts are for a Unix shell")
	}
	programs, root := t.TempDir(), filepath.Join(t.TempDir(), "root of it")
	for _, name := range []string{"coffer", "cofferctl", "coffer-updater", "cofferhealth"} {
		write(t, filepath.Join(programs, name), "the program "+name, 0o700)
	}
	run(t, "", "./bundle.sh", "1.2.3", programs, root)
	return root
}

func run(t *testing.T, path, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	if path != "" {
		cmd.Env = append(os.Environ(), "PATH="+path+":"+os.Getenv("PATH"))
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
	return string(out)
}

func write(t *testing.T, path, content string, mode fs.FileMode) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(content), mode)); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// files are those below a folder, with their permissions.
func files(t *testing.T, root string) map[string]fs.FileMode {
	t.Helper()
	found := map[string]fs.FileMode{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		found[name] = info.Mode()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestLayout(t *testing.T) {
	root := laidOut(t)
	want := map[string]fs.FileMode{
		application + "Info.plist":                     0o644,
		application + "PkgInfo":                        0o644,
		application + "MacOS/coffer":                   0o755,
		application + "MacOS/cofferctl":                0o755,
		application + "Resources/LICENSE":              0o644,
		application + "Resources/third-party.md":       0o644,
		application + "Resources/coffer.icns":          0o644,
		application + "Resources/uninstall.sh":         0o755,
		daemon:                                         0o644,
		helper:                                         0o755,
		"Library/LaunchDaemons/" + reporter + ".plist": 0o644,
		"Library/PrivilegedHelperTools/" + reporter:    0o755,
	}
	if got := files(t, root); !maps.Equal(got, want) {
		t.Errorf("laid out: %v", got)
	}
	if got := read(t, filepath.Join(root, helper)); got != "the program coffer-updater" {
		t.Errorf("the daemon is %q", got)
	}
}

func TestInfo(t *testing.T) {
	root := laidOut(t)
	info := plist(t, filepath.Join(root, application+"Info.plist")).(dictionary)
	for key, want := range (dictionary{
		"CFBundleIdentifier": identifier, "CFBundlePackageType": "APPL", "CFBundleShortVersionString": "1.2.3", "CFBundleVersion": "1.2.3",
		"LSMinimumSystemVersion": "12.0", "NSHighResolutionCapable": true,
	}) {
		if info[key] != want {
			t.Errorf("%s is %v, want %v", key, info[key], want)
		}
	}
	for _, named := range []string{"MacOS/" + info["CFBundleExecutable"].(string), "Resources/" + info["CFBundleIconFile"].(string) + ".icns"} {
		if _, err := os.Stat(filepath.Join(root, application, named)); err != nil {
			t.Error(err)
		}
	}
	var languages []any
	for _, l := range assets.Languages() {
		languages = append(languages, l.Code)
	}
	if got := info["CFBundleLocalizations"]; !reflect.DeepEqual(got, languages) {
		t.Errorf("languages %v, want %v", got, languages)
	}
}

// What runs as root is where root alone can write, and is the file that the package brings.
func TestDaemon(t *testing.T) {
	job := plist(t, label+".plist").(dictionary)
	for key, want := range (dictionary{
		"Label": label, "Program": "/" + helper, "RunAtLoad": true, "KeepAlive": true, "AbandonProcessGroup": true, "AssociatedBundleIdentifiers": identifier,
	}) {
		if job[key] != want {
			t.Errorf("%s is %v, want %v", key, job[key], want)
		}
	}
	if _, given := job["EnvironmentVariables"]; given {
		t.Error("the daemon reads no environment")
	}
}

// The reporter is not root, and comes and goes: it says what Folder and options of cofferhealth are made for.
func TestReporter(t *testing.T) {
	job := plist(t, reporter+".plist").(dictionary)
	for key, want := range (dictionary{
		"Label": reporter, "RunAtLoad": true, "StartInterval": "900", "UserName": "nobody", "GroupName": "nobody", "Umask": "18", "AssociatedBundleIdentifiers": identifier,
	}) {
		if job[key] != want {
			t.Errorf("%s is %v, want %v", key, job[key], want)
		}
	}
	if got, want := job["ProgramArguments"], []any{"/Library/PrivilegedHelperTools/" + reporter, "--once"}; !reflect.DeepEqual(got, want) {
		t.Errorf("it runs %v, want %v", got, want)
	}
	for _, key := range []string{"KeepAlive", "EnvironmentVariables", "Program"} {
		if _, given := job[key]; given {
			t.Errorf("%s is given", key)
		}
	}
}

// The programs have no names of their own for what the package installs.
func TestProgramsKnowWhereTheyAre(t *testing.T) {
	for file, names := range map[string][]string{
		"../../updater/cmd/coffer-updater/main_darwin.go": {`"/Applications/Coffer.app/Contents/MacOS/coffer"`},
		"../../updater/machine/mac_watch.go":              {`"/Library/Application Support/Coffer Updater"`, `"/Library/Application Support/Coffer Updater.json"`, `"/Library/LaunchDaemons/"`, `"` + identifier + `"`},
		"../../app/cmd/cofferctl/service_darwin.go":       {`"/Applications/Coffer.app/"`, `"/` + daemon + `"`},
		"../../app/cmd/coffer/installed_darwin.go":        {`"/Applications/Coffer.app/"`, `"/` + daemon + `"`},
		"../../app/health/folder_darwin.go":               {`"/` + reports + `"`},
		"scripts/postinstall":                             {"/" + reports + `"`},
		"uninstall.sh":                                    {"/" + reports + `"`, "/Applications/Coffer.app", "/Library/Application Support/Coffer Updater", "/Library/Application Support/Coffer Updater.json", "/Library/LaunchDaemons/", "/Library/PrivilegedHelperTools/"},
	} {
		for _, name := range names {
			if !strings.Contains(read(t, file), name) {
				t.Errorf("%s does not name %s", file, name)
			}
		}
	}
}

func TestPackageIsForTheComputerAlone(t *testing.T) {
	if got := plist(t, "coffer.entitlements").(dictionary); len(got) != 0 {
		t.Errorf("exceptions of the hardened runtime: %v", got)
	}
	component := plist(t, "components.plist").([]any)[0].(dictionary)
	if component["RootRelativeBundlePath"] != strings.TrimSuffix(application, "/Contents/") || component["BundleIsRelocatable"] != false ||
		component["BundleIsVersionChecked"] != false || component["BundleOverwriteAction"] != "upgrade" {
		t.Errorf("component: %v", component)
	}
	var distribution struct {
		Domains struct {
			Anywhere string `xml:"enable_anywhere,attr"`
			Home     string `xml:"enable_currentUserHome,attr"`
			Computer string `xml:"enable_localSystem,attr"`
		} `xml:"domains"`
		Systems []struct {
			Min string `xml:"min,attr"`
		} `xml:"volume-check>allowed-os-versions>os-version"`
		Packages []struct {
			ID string `xml:"id,attr"`
		} `xml:"pkg-ref"`
	}
	if err := xml.Unmarshal([]byte(read(t, "distribution.xml")), &distribution); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(distribution); got != "{{false false true} [{12.0}] [{"+identifier+"}]}" {
		t.Errorf("distribution: %s", got)
	}
}

// standIns are tools of macOS that note how they were called, and answer as a test says.
func standIns(t *testing.T, tools map[string]string) (path string, calls func() string) {
	t.Helper()
	dir := t.TempDir()
	noted := filepath.Join(dir, "calls")
	for name, answer := range tools {
		write(t, filepath.Join(dir, name), "#!/bin/sh\necho "+name+` "$*" >>'`+noted+"'\n"+answer+"\n", 0o700)
	}
	return dir, func() string {
		content, err := os.ReadFile(noted)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		os.Remove(noted)
		return string(content)
	}
}

func TestPostinstall(t *testing.T) {
	folder := func(disk string) string {
		name := disk + reports
		return "mkdir -p " + name + "\nchown nobody:nobody " + name + "\nchmod 755 " + name + "\n"
	}
	end := func(job string) string { return "launchctl bootout system/" + job + "\n" }
	begin := func(job string) string {
		return "launchctl bootstrap system /Library/LaunchDaemons/" + job + ".plist\n"
	}
	in := func(job string) string { return end(job) + begin(job) }
	never := func(job string) string { return end(job) + strings.Repeat(begin(job)+"sleep 1\n", 10) }
	once := `case $1 in bootout) exit 3;; esac; tried=$0.${3##*/}; [ -e "$tried" ] || { touch "$tried"; exit 5; }`
	slow := func(job string) string { return end(job) + begin(job) + "sleep 1\n" + begin(job) }
	for name, c := range map[string]struct{ launchctl, disk, want string }{
		"both start":                    {"exit 0", "/", folder("/") + in(reporter) + in(label)},
		"the old ones take their time":  {once, "/", folder("/") + slow(reporter) + slow(label)},
		"they were disabled":            {"exit 5", "/", folder("/") + never(reporter) + never(label)},
		"onto a disk of another system": {"exit 0", "/Volumes/Other", folder("/Volumes/Other/")},
	} {
		path, calls := standIns(t, map[string]string{"launchctl": c.launchctl, "sleep": "exit 0", "mkdir": "exit 0", "chown": "exit 0", "chmod": "exit 0"})
		run(t, path, "scripts/postinstall", "coffer.pkg", "/", c.disk)
		if got := calls(); got != c.want {
			t.Errorf("%s:\n%swant\n%s", name, got, c.want)
		}
	}
}

// An older package needs root's word for this very version.
func TestPreinstall(t *testing.T) {
	for name, c := range map[string]struct {
		installed, word string
		gone, refused   bool
	}{
		"first":                         {},
		"newer":                         {installed: "1.2.2"},
		"the same":                      {installed: "1.2.3"},
		"older":                         {installed: "1.2.4", refused: true},
		"older, by number":              {installed: "1.10.0", refused: true},
		"newer, by number":              {installed: "1.1.30"},
		"older, with the word":          {installed: "1.2.4", word: "1.2.3\n"},
		"older, the word is of another": {installed: "1.2.4", word: "1.2.2\n", refused: true},
		"older than a receipt alone":    {installed: "1.2.4", gone: true},
	} {
		t.Run(name, func(t *testing.T) {
			disk := t.TempDir()
			answer := "exit 1"
			if c.installed != "" {
				answer = "echo package-id: x; echo version: " + c.installed
			}
			if !c.gone {
				write(t, filepath.Join(disk, application+"Info.plist"), "", 0o644)
			}
			if c.word != "" {
				write(t, filepath.Join(disk, "Library/Application Support/Coffer Updater/downgrade"), c.word, 0o600)
			}
			script := filepath.Join(t.TempDir(), "preinstall")
			write(t, script, strings.ReplaceAll(read(t, "scripts/preinstall"), "@VERSION@", "1.2.3"), 0o700)
			path, calls := standIns(t, map[string]string{"pkgutil": answer})
			cmd := exec.CommandContext(t.Context(), script, "coffer.pkg", "/", disk)
			cmd.Env = append(os.Environ(), "PATH="+path+":"+os.Getenv("PATH"))
			said, err := cmd.CombinedOutput()
			if refused := err != nil; refused != c.refused || c.refused != strings.Contains(string(said), "is the older 1.2.3") {
				t.Errorf("%v: %s", err, said)
			}
			if got, want := calls(), "pkgutil --volume "+disk+" --pkg-info "+identifier+"\n"; got != want {
				t.Errorf("asked %q, want %q", got, want)
			}
		})
	}
}

func TestUninstall(t *testing.T) {
	root := laidOut(t)
	vault, other := "Users/anna/Library/Application Support/Coffer/vaults/vault.db", "Library/LaunchDaemons/com.example.other.plist"
	write(t, filepath.Join(root, vault), "sealed", 0o600)
	write(t, filepath.Join(root, other), "of somebody else", 0o644)
	write(t, filepath.Join(root, "Library/Application Support/Coffer Updater/staged/coffer.pkg"), "package", 0o600)
	write(t, filepath.Join(root, reports, "state.json"), "{}", 0o644)
	write(t, filepath.Join(root, "Library/Application Support/Coffer Updater.json"), "{}", 0o644)
	write(t, filepath.Join(root, "Library/LaunchDaemons/"+identifier+".watch.plist"), "", 0o644)
	path, calls := standIns(t, map[string]string{"launchctl": "exit 0", "pkgutil": "exit 0"})
	said := run(t, path, filepath.Join(root, application+"Resources/uninstall.sh"), root)
	if left := files(t, root); len(left) != 2 || left[vault] == 0 || left[other] == 0 {
		t.Errorf("left: %v", left)
	}
	if got, want := calls(), "pkgutil --volume "+root+" --forget "+identifier+"\n"; got != want {
		t.Errorf("called %q, want %q", got, want)
	}
	if !strings.Contains(said, "Vaults are where they were") {
		t.Errorf("said %q", said)
	}
}

// What is signed, and in which order, with which names; and that no secret is in an argument.
func TestPackaging(t *testing.T) {
	root := laidOut(t)
	// The scripts that the package gets know its version.
	scripts := `while [ "$1" != --scripts ]; do shift; done; ls "$2" | tr "\n" " " | grep -qx "postinstall preinstall " && grep -qx version=1.2.3 "$2/preinstall"`
	tools := map[string]string{"codesign": "", "pkgbuild": scripts, "productbuild": "", "xcrun": "", "spctl": ""}
	path, calls := standIns(t, tools)
	for _, name := range []string{"COFFER_SIGN_APP", "COFFER_SIGN_PKG", "COFFER_NOTARY_KEY"} {
		t.Setenv(name, "")
	}
	run(t, path, "./package.sh", "1.2.3", root, "out.pkg")
	var signed []string
	unsigned := calls()
	for line := range strings.Lines(unsigned) {
		if fields := strings.Fields(line); fields[0] == "codesign" && strings.Contains(line, "--sign - ") && strings.Contains(line, "--options runtime --timestamp=none") {
			signed = append(signed, line[strings.LastIndex(line, "/")+1:len(line)-1])
		}
	}
	if want := []string{label, reporter, "cofferctl", "Coffer.app"}; !slices.Equal(signed, want) || strings.Contains(unsigned, "xcrun") {
		t.Errorf("signed %v, want %v:\n%s", signed, want, unsigned)
	}
	t.Setenv("COFFER_SIGN_APP", "Developer ID Application: Us")
	t.Setenv("COFFER_SIGN_PKG", "Developer ID Installer: Us")
	t.Setenv("COFFER_NOTARY_KEY", "key.p8")
	t.Setenv("COFFER_NOTARY_KEY_ID", "id")
	t.Setenv("COFFER_NOTARY_ISSUER", "issuer")
	run(t, path, "./package.sh", "1.2.3", root, "out.pkg")
	got := calls()
	for _, want := range []string{
		"--options runtime --timestamp --entitlements", "--sign Developer ID Application: Us", "--sign Developer ID Installer: Us --timestamp out.pkg\n",
		"xcrun notarytool submit out.pkg --wait --key key.p8 --key-id id --issuer issuer\nxcrun stapler staple out.pkg\nspctl --assess",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

type dictionary = map[string]any

// plist reads a property list of the kinds that are used here.
func plist(t *testing.T, path string) any {
	t.Helper()
	decoder := xml.NewDecoder(strings.NewReader(read(t, path)))
	value, ok := element(t, decoder)
	if !ok {
		t.Fatalf("%s: no property list", path)
	}
	for { // to the end, where an XML parser finds what was left open
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			return value
		} else if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
	}
}

// element reads the next one; there is none before an end.
func element(t *testing.T, decoder *xml.Decoder) (any, bool) {
	t.Helper()
	for {
		token, err := decoder.Token()
		if err != nil {
			t.Fatal(err)
		}
		switch token := token.(type) {
		case xml.EndElement:
			return nil, false
		case xml.StartElement:
			return content(t, decoder, token), true
		}
	}
}

func content(t *testing.T, decoder *xml.Decoder, start xml.StartElement) any {
	t.Helper()
	switch start.Name.Local {
	case "plist":
		value, _ := element(t, decoder)
		return value
	case "dict":
		all := list(t, decoder)
		if len(all)%2 != 0 {
			t.Fatal("a key without a value")
		}
		values := dictionary{}
		for pair := range slices.Chunk(all, 2) {
			values[pair[0].(string)] = pair[1]
		}
		return values
	case "array":
		return list(t, decoder)
	}
	var text string
	if err := decoder.DecodeElement(&text, &start); err != nil {
		t.Fatal(err)
	}
	switch start.Name.Local {
	case "true", "false":
		return start.Name.Local == "true"
	case "string", "key", "integer":
		return text
	}
	t.Fatalf("a %s", start.Name.Local)
	return nil
}

func list(t *testing.T, decoder *xml.Decoder) (all []any) {
	t.Helper()
	for {
		value, ok := element(t, decoder)
		if !ok {
			return all
		}
		all = append(all, value)
	}
}
