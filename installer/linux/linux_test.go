//go:build system

// Package linux tests the packages for Linux where they are built.
package linux

import (
	"bytes"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

const version = "1.2.3"

// built is a folder with the programs and their packages, made once.
func built(t *testing.T) (folder string) {
	t.Helper()
	folder = t.TempDir()
	run(t, nil, "./build.sh", version, folder)
	return folder
}

// run runs a program to its end and returns what it said.
func run(t *testing.T, env []string, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
	return string(out)
}

func TestPackages(t *testing.T) {
	folder := built(t)
	deb := filepath.Join(folder, "coffer_"+version+"_"+runtime.GOARCH+".deb")
	cloud := filepath.Join(folder, "coffer-cloud_"+version+"_"+runtime.GOARCH+".deb")
	health := filepath.Join(folder, "coffer-health_"+version+"_"+runtime.GOARCH+".deb")
	archive := filepath.Join(folder, "coffer-"+version+"-linux-"+runtime.GOARCH+".tar.gz")
	t.Run("Debian's package names what the programs need", func(t *testing.T) { needs(t, folder, deb, "coffer", "cofferctl") })
	t.Run("and the server's", func(t *testing.T) { needs(t, folder, cloud, "coffer-cloud") })
	t.Run("Debian's package is installed, run and purged", func(t *testing.T) { debian(t, deb) })
	t.Run("the archive is installed by a user, run and removed", func(t *testing.T) { byUser(t, archive) })
	t.Run("the same programs make the same packages", func(t *testing.T) { reproducible(t, folder, deb, cloud, health, archive) })
	t.Run("the server's package is installed, upgraded, removed and purged", func(t *testing.T) { server(t, cloud) })
	t.Run("the reporter's package is installed, does nothing without a token, and leaves nothing", func(t *testing.T) { reporter(t, folder, health) })
	t.Run("systemd takes the server's unit", func(t *testing.T) { unit(t, filepath.Join(folder, "coffer-cloud")) })
	t.Run("the server starts as its unit says", func(t *testing.T) { started(t, folder) })
}

// needs looks up which packages have the libraries that the programs were linked with.
func needs(t *testing.T, folder, deb string, programs ...string) {
	depends := run(t, nil, "dpkg-deb", "-f", deb, "Depends")
	for _, program := range programs {
		for line := range strings.Lines(run(t, nil, "objdump", "-p", filepath.Join(folder, program))) {
			fields := strings.Fields(line)
			if len(fields) != 2 || fields[0] != "NEEDED" {
				continue
			}
			owner, _, _ := strings.Cut(run(t, nil, "dpkg", "-S", "*/"+fields[1]), ":")
			if !strings.Contains(depends, owner) {
				t.Errorf("%s needs %s of %s, and the package depends on %s", program, fields[1], owner, depends)
			}
		}
	}
}

// emptySystem is an empty folder, with dpkg's own records and none of this machine's.
func emptySystem(t *testing.T) (root string) {
	t.Helper()
	root = t.TempDir()
	for _, dir := range []string{"info", "updates", "triggers"} {
		if err := os.MkdirAll(filepath.Join(root, "var/lib/dpkg", dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(root, "var/lib/dpkg/status"), "")
	write(t, filepath.Join(root, "var/lib/dpkg/available"), "")
	return root
}

// debian installs into a system of its own.
func debian(t *testing.T, deb string) {
	root := emptySystem(t)
	dpkg := func(args ...string) {
		t.Helper()
		run(t, []string{"DEBIAN_FRONTEND=noninteractive"}, "dpkg", append([]string{"--root=" + root, "--log=/dev/null", "--force-not-root", "--force-depends"}, args...)...)
	}
	dpkg("--install", deb)
	if said := run(t, nil, filepath.Join(root, "usr/bin/cofferctl"), "version"); !strings.Contains(said, version) {
		t.Errorf("cofferctl version: %s", said)
	}
	run(t, nil, "desktop-file-validate", filepath.Join(root, "usr/share/applications/coffer.desktop"))
	vault := filepath.Join(root, "home/anna/.local/share/coffer/vaults/vault.db")
	write(t, vault, "sealed")
	before := files(t, root)
	dpkg("--verify", "coffer")
	dpkg("--purge", "coffer")
	after := files(t, root)
	for file := range after {
		if strings.HasPrefix(file, "usr/") {
			t.Errorf("left: %s", file)
		}
	}
	if len(before)-len(after) < 10 || after["home/anna/.local/share/coffer/vaults/vault.db"] != "sealed" {
		t.Errorf("of %d files %d are left", len(before), len(after))
	}
}

// byUser installs into a home of its own, twice, and with files of somebody else beside.
func byUser(t *testing.T, archive string) {
	home := filepath.Join(t.TempDir(), "anna's home")
	unpacked := t.TempDir()
	run(t, nil, "tar", "-C", unpacked, "-xzf", archive)
	installer := filepath.Join(unpacked, "coffer-"+version+"-linux-"+runtime.GOARCH, "install.sh")
	env := []string{"HOME=" + home}
	if err := os.MkdirAll(home, 0o700); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		run(t, env, installer)
	}
	bin := filepath.Join(home, ".local/bin/cofferctl")
	if said := run(t, env, bin, "version"); !strings.Contains(said, version) {
		t.Errorf("cofferctl version: %s", said)
	}
	entry := filepath.Join(home, ".local/share/applications/coffer.desktop")
	run(t, nil, "desktop-file-validate", entry)
	if content, _ := os.ReadFile(entry); !bytes.Contains(content, []byte("\nExec=\""+home+"/.local/lib/coffer/coffer\" %u\n")) {
		t.Errorf("desktop entry: %s", content)
	}
	write(t, filepath.Join(home, ".local/share/coffer/vaults/vault.db"), "sealed")
	write(t, filepath.Join(home, ".local/share/icons/hicolor/16x16/apps/other.png"), "another program's")
	write(t, filepath.Join(home, ".local/lib/coffer/.coffer.old"), "of the updater")
	run(t, env, installer, "--uninstall")
	left := files(t, home)
	want := map[string]string{".local/share/coffer/vaults/vault.db": "sealed", ".local/share/icons/hicolor/16x16/apps/other.png": "another program's"}
	if !maps.Equal(left, want) {
		t.Errorf("left: %v", slices.Sorted(maps.Keys(left)))
	}
	for _, wrong := range []string{"--help", home + "/a$b"} {
		cmd := exec.CommandContext(t.Context(), installer, wrong)
		cmd.Env = append(os.Environ(), env...)
		if cmd.Run() == nil {
			t.Errorf("%s is taken", wrong)
		}
	}
}

func reproducible(t *testing.T, folder string, packages ...string) {
	again := t.TempDir()
	for _, program := range []string{"coffer", "cofferctl", "coffer-cloud", "cofferhealth"} {
		if err := os.Symlink(filepath.Join(folder, program), filepath.Join(again, program)); err != nil {
			t.Fatal(err)
		}
	}
	run(t, nil, "./package.sh", version, again)
	for _, name := range packages {
		first, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		second, err := os.ReadFile(filepath.Join(again, filepath.Base(name)))
		if err != nil || !bytes.Equal(first, second) {
			t.Errorf("%s differs, %v", filepath.Base(name), err)
		}
	}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// files are those below a folder, by their names there, with what is in them if it is little.
func files(t *testing.T, folder string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(folder, path)
		if info, _ := os.Stat(path); info != nil && info.Size() < 100 { // not of a link into nothing
			content, _ := os.ReadFile(path)
			found[name] = string(content)
		} else {
			found[name] = ""
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
