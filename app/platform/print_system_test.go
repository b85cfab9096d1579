//go:build system && linux

package platform

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// startCUPS starts a print system of the test's own, with a printer "Office" that puts every page into a file of the folder that is
// returned, named after the job. CUPS's programs of this test, and of what it starts, meet no other one.
func startCUPS(t *testing.T) (tray, spool string) {
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

// TestPrintWithCUPS prints on a real print system: the page comes out as it was, and nothing of it stays.
func TestPrintWithCUPS(t *testing.T) {
	tray, spool := startCUPS(t)
	list, err := Printers(t.Context())
	if err != nil || !slices.Equal(list, []Printer{{Name: "Office"}}) {
		t.Fatalf("%+v, %v", list, err)
	}
	if out, err := exec.Command("lpadmin", "-d", "Office").CombinedOutput(); err != nil {
		t.Fatalf("lpadmin: %v: %s", err, out)
	}
	if list, err = Printers(t.Context()); err != nil || !slices.Equal(list, []Printer{{Name: "Office", Default: true}}) {
		t.Errorf("%+v, %v", list, err)
	}
	page := aPage
	page.PDF = []byte("%PDF-1.3\n" + strings.Repeat("a page\n", 10000))
	settled, err := Print(t.Context(), "Office", page)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := settled(ctx); err != nil {
		t.Error(err)
	}
	printed, err := os.ReadFile(filepath.Join(tray, "1-Coffer"))
	if err != nil || string(printed) != string(page.PDF) {
		t.Errorf("%d bytes came out, %v", len(printed), err)
	}
	if left := jobFiles(t, spool); len(left) > 0 {
		t.Errorf("the print system has kept %q", left)
	}
	if _, err := Print(t.Context(), "nowhere", page); err == nil {
		t.Error("printed on a printer that is not there")
	}
}

// jobFiles are those of a spool folder that hold a job or its data.
func jobFiles(t *testing.T, spool string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(spool)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if !entry.IsDir() {
			names = append(names, entry.Name())
		}
	}
	return names
}
