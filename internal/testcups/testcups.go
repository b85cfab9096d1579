//go:build linux

// Package testcups runs a real print system for tests: CUPS, with a printer that puts its pages into a folder. It is started from
// what Debian's packages cups-daemon and cups-client have, with a configuration and folders of its own.
package testcups

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// Start starts a print system of the test's own, with a printer "Office" that puts every page into a file of the folder that is
// returned first, named after the job. The other folder is the spool. CUPS's programs of this test, and of what it starts, meet no other one.
func Start(t *testing.T) (tray, spool string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "cups") // a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	tray, spool = filepath.Join(dir, "tray"), filepath.Join(dir, "spool")
	for _, folder := range []string{tray, spool, filepath.Join(spool, "tmp"), filepath.Join(dir, "bin", "backend")} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	socket := filepath.Join(dir, "sock")
	for name, text := range map[string]string{
		"files.conf": fmt.Sprintf("ServerRoot %s\nServerBin %[1]s/bin\nRequestRoot %s\nCacheDir %[1]s\nStateDir %[1]s\nTempDir %[2]s/tmp\n"+
			"AccessLog %[1]s/access\nErrorLog %[1]s/errors\nPageLog %[1]s/pages\nSystemGroup root\n", dir, spool),
		"cupsd.conf": "Listen " + socket + "\nLogLevel info\nBrowsing No\nWebInterface No\nIdleExitTimeout 0\n" + debianPolicy,
		// What CUPS runs as root must be nobody else's to write; it is given the page as a file or as its input.
		"bin/backend/tray": "#!/bin/sh\ncat ${6:+\"$6\"} >'" + tray + "'/\"$1-$3\"\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	// What starts backends is CUPS's own.
	if err := errors.Join(os.Symlink("/usr/lib/cups/daemon", filepath.Join(dir, "bin", "daemon")), os.Chmod(dir, 0o755)); err != nil {
		t.Fatal(err)
	}
	t.Setenv("CUPS_SERVER", socket)
	daemon := exec.Command("/usr/sbin/cupsd", "-f", "-c", filepath.Join(dir, "cupsd.conf"), "-s", filepath.Join(dir, "files.conf"))
	daemon.Stderr = os.Stderr
	if err := daemon.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		daemon.Process.Kill()
		daemon.Wait()
		if t.Failed() {
			log, _ := os.ReadFile(filepath.Join(dir, "errors"))
			t.Logf("%s", log)
		}
	})
	waitFor(t, "a print system", func() bool { return exec.Command("lpstat", "-r").Run() == nil && exists(socket) })
	if out, err := exec.Command("lpadmin", "-p", "Office", "-E", "-v", "tray:/", "-m", "raw").CombinedOutput(); err != nil {
		t.Fatalf("lpadmin: %v: %s", err, out)
	}
	return tray, spool
}

// debianPolicy is what Debian's cupsd.conf says about who may do what with a job.
const debianPolicy = `<Policy default>
  JobPrivateAccess default
  JobPrivateValues default
  <Limit Create-Job Print-Job Print-URI Validate-Job>
    Order deny,allow
  </Limit>
  <Limit Cancel-Job CUPS-Authenticate-Job>
    Require user @OWNER @SYSTEM
    Order deny,allow
  </Limit>
  <Limit All>
    Order deny,allow
  </Limit>
</Policy>
`

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// waitFor waits for what a program does in its own time.
func waitFor(t *testing.T, what string, there func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !there(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("no %s", what)
		}
	}
}

// Paper waits for a page to come out of the printer, all of it.
func Paper(t *testing.T, file string) string {
	t.Helper()
	waitFor(t, "page", func() bool {
		jobs, err := exec.Command("lpstat", "-W", "not-completed", "-o").Output()
		return err == nil && len(jobs) == 0 && exists(file)
	})
	page, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}
