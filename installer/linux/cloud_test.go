//go:build system

package linux

import (
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	serverConfig = "etc/coffer-cloud/cloud.conf"
	serverData   = "var/lib/coffer-cloud/cloud.db"
)

// server is installed, upgraded, removed and purged in a system of its own; what it stores outlives all of it.
func server(t *testing.T, deb string) {
	root := emptySystem(t)
	dpkg := func(args ...string) string {
		t.Helper()
		return run(t, []string{"DEBIAN_FRONTEND=noninteractive"}, "dpkg", append([]string{
			"--root=" + root, "--log=/dev/null", "--force-not-root", "--force-depends", "--force-script-chrootless", "--force-confold",
		}, args...)...)
	}
	if said := dpkg("--install", deb); !strings.Contains(said, "make the settings in /"+serverConfig) {
		t.Errorf("installed, and said %q", said)
	}
	installed := files(t, root)
	for _, file := range []string{"usr/bin/coffer-cloud", "lib/systemd/system/coffer-cloud.service", serverConfig} {
		if _, there := installed[file]; !there {
			t.Errorf("no %s", file)
		}
	}
	if users := readFile(t, filepath.Join(root, "etc/passwd")); !strings.Contains(users, "coffer-cloud:") || !strings.Contains(users, ":/var/lib/coffer-cloud:/usr/sbin/nologin") {
		t.Errorf("users: %s", users)
	}
	dpkg("--verify", "coffer-cloud")
	ours := readFile(t, filepath.Join(root, serverConfig)) + "domain = example.org\n"
	write(t, filepath.Join(root, serverConfig), ours)
	write(t, filepath.Join(root, serverData), "sealed")

	if said := dpkg("--install", newer(t, deb)); strings.Contains(said, "make the settings") {
		t.Errorf("upgraded, and said %q", said)
	}
	if got := readFile(t, filepath.Join(root, serverConfig)); got != ours {
		t.Errorf("settings after an upgrade: %s", got)
	}
	if said := dpkg("--remove", "coffer-cloud"); !strings.Contains(said, "/var/lib/coffer-cloud stays") {
		t.Errorf("removed, and said %q", said)
	}
	left := files(t, root)
	if _, there := left["usr/bin/coffer-cloud"]; there || left[serverData] != "sealed" || readFile(t, filepath.Join(root, serverConfig)) != ours {
		t.Errorf("left after removal: %v", slices.Sorted(maps.Keys(left)))
	}
	if said := dpkg("--purge", "coffer-cloud"); !strings.Contains(said, "/var/lib/coffer-cloud stays") {
		t.Errorf("purged, and said %q", said)
	}
	left = files(t, root)
	for file := range left {
		if strings.HasPrefix(file, "usr/") || strings.HasPrefix(file, "lib/") || strings.HasPrefix(file, "etc/coffer-cloud/") {
			t.Errorf("left after purging: %s", file)
		}
	}
	if left[serverData] != "sealed" {
		t.Error("what the server stored is gone")
	}
}

// newer is the same package as 1.2.4, with another default in the settings.
func newer(t *testing.T, deb string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "package")
	run(t, nil, "dpkg-deb", "--raw-extract", deb, dir)
	control := filepath.Join(dir, "DEBIAN/control")
	write(t, control, strings.Replace(readFile(t, control), "Version: "+version, "Version: 1.2.4", 1))
	config := filepath.Join(dir, serverConfig)
	write(t, config, readFile(t, config)+"#new-default = yes\n")
	run(t, nil, "dpkg-deb", "--root-owner-group", "-Znone", "--build", dir, dir+".deb")
	return dir + ".deb"
}

// unit is read by systemd itself, which also says how much is left to somebody who took the server over.
func unit(t *testing.T, program string) {
	text := readFile(t, "cloud/coffer-cloud.service")
	file := filepath.Join(t.TempDir(), "coffer-cloud.service")
	write(t, file, strings.Replace(text, "/usr/bin/coffer-cloud", program, 1))
	if said := run(t, nil, "systemd-analyze", "verify", "--man=no", file); strings.Contains(said, "coffer-cloud") {
		t.Errorf("systemd says: %s", said)
	}
	run(t, nil, "systemd-analyze", "security", "--no-pager", "--offline=true", "--threshold=14", file)
}

// started runs the server as the unit does, on the settings of the package, and waits for the word that Type=notify waits for.
func started(t *testing.T, folder string) {
	text := readFile(t, "cloud/coffer-cloud.service")
	_, line, _ := strings.Cut(text, "\nExecStart=")
	line, _, _ = strings.Cut(line, "\n")
	dir := t.TempDir()
	config := filepath.Join(dir, "cloud.conf")
	write(t, config, readFile(t, "../../cloud/cmd/coffer-cloud/cloud.conf")+
		"domain = example.org\nbehind-proxy = true\nlisten = 127.0.0.1:0\nsmtp = smtp://coffer@127.0.0.1:9\nmail-from = coffer@example.org\n")
	write(t, filepath.Join(dir, "credentials/smtp-password"), "secret\n")
	line = strings.NewReplacer("/usr/bin/coffer-cloud", filepath.Join(folder, "coffer-cloud"), "/"+serverConfig, config).Replace(line)
	manager, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(dir, "notify"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer manager.Close()
	words := strings.Fields(line)
	cmd := exec.CommandContext(t.Context(), words[0], words[1:]...)
	cmd.Env = append(os.Environ(), "NOTIFY_SOCKET="+manager.LocalAddr().String(), "CREDENTIALS_DIRECTORY="+filepath.Join(dir, "credentials"),
		"COFFER_CLOUD_DATA="+filepath.Join(dir, "data"))
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait(); manager.SetReadDeadline(time.Unix(1, 0)) }() // who ended says nothing any more
	word := make([]byte, 4096)
	for n := 0; !strings.Contains(string(word[:n]), "READY=1"); {
		if n, err = manager.Read(word); err != nil {
			t.Fatalf("%v\n%s", <-ended, said.String())
		}
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Errorf("%v\n%s", err, said.String())
	}
}

// What the package's scripts tell systemd where it runs.
func TestServerScripts(t *testing.T) {
	for name, want := range map[string]string{
		"postinst configure":         "systemd-sysusers coffer-cloud.conf\nsystemctl daemon-reload\n",
		"postinst configure 1.2.2":   "systemd-sysusers coffer-cloud.conf\nsystemctl daemon-reload\nsystemctl try-restart coffer-cloud.service\n",
		"postinst abort-upgrade 1.2": "",
		"prerm remove":               "systemctl disable --now coffer-cloud.service\n",
		"prerm upgrade 1.2.4":        "",
		"postrm remove":              "systemctl daemon-reload\n",
		"postrm upgrade 1.2.4":       "",
	} {
		dir := t.TempDir()
		calls := filepath.Join(dir, "calls")
		write(t, calls, "")
		for _, tool := range []string{"systemctl", "systemd-sysusers"} {
			write(t, filepath.Join(dir, tool), "#!/bin/sh\necho "+tool+" \"$*\" >>"+calls+"\n")
			run(t, nil, "chmod", "755", filepath.Join(dir, tool))
		}
		words := strings.Fields(name)
		script := filepath.Join(dir, words[0])
		write(t, script, strings.ReplaceAll(readFile(t, "cloud/"+words[0]), "-d /run/systemd/system", "-d /"))
		run(t, []string{"PATH=" + dir + ":" + os.Getenv("PATH"), "DPKG_ROOT="}, "sh", append([]string{script}, words[1:]...)...)
		if got := readFile(t, calls); got != want {
			t.Errorf("%s told systemd:\n%swant\n%s", name, got, want)
		}
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
