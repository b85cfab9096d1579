package main

import (
	"context"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/updater/machine"
)

// TestDaemonListensToNobody looks at the process (attack 36): while the daemon looks for releases, fetches one and has it installed, no
// port, socket or named pipe is added to those that the test has itself. The service of Windows is the same code around another System;
// its own handles are counted under Wine, in installer/windows.
func TestDaemonListensToNobody(t *testing.T) {
	maintainers(t, "255.0.0", "package")
	before := openEars(t)
	mac, clock := computer{make(chan string, 1)}, minutes{make(chan chan time.Time), new(atomic.Int64)}
	d := daemon{folder: filepath.Join(t.TempDir(), "Coffer Updater"), file: "coffer.pkg", clock: clock, system: func(string) machine.System { return mac }}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- d.run(ctx) }()
	for range 2 { // after the first look of both loops, and a minute later, when the release was installed
		first, second := <-clock.waits, <-clock.waits
		for ear := range openEars(t) {
			if !before[ear] {
				t.Errorf("the daemon listens: %s", ear)
			}
		}
		clock.past.Add(1)
		close(first)
		close(second)
	}
	<-clock.waits
	<-clock.waits
	if len(mac.installs) != 1 {
		t.Error("nothing was installed: the daemon did not do its work")
	}
	stop()
	must(t, <-ended)
}

// What has to be seen is seen, or the test above shows nothing.
func TestEarsAreSeen(t *testing.T) {
	folder := t.TempDir()
	pipe := filepath.Join(folder, "pipe")
	must(t, syscall.Mkfifo(pipe, 0o600))
	for name, open := range map[string]func() (interface{ Close() error }, error){
		"tcp":        func() (interface{ Close() error }, error) { return net.Listen("tcp", "127.0.0.1:0") },
		"udp":        func() (interface{ Close() error }, error) { return net.ListenPacket("udp", "127.0.0.1:0") },
		"unix":       func() (interface{ Close() error }, error) { return net.Listen("unix", filepath.Join(folder, "socket")) },
		"abstract":   func() (interface{ Close() error }, error) { return net.Listen("unix", "@coffer-ears-test") },
		"named pipe": func() (interface{ Close() error }, error) { return os.OpenFile(pipe, os.O_RDWR, 0) },
	} {
		before := openEars(t)
		ear, err := open()
		must(t, err)
		if now := openEars(t); len(now) != len(before)+1 {
			t.Errorf("%s: %d ears, then %d", name, len(before), len(now))
		}
		ear.Close()
	}
}

// openEars are this process's listening sockets and named pipes, by what the kernel says of them.
func openEars(t *testing.T) map[string]bool {
	t.Helper()
	listening := listeningSockets(t)
	open, err := os.ReadDir("/proc/self/fd")
	must(t, err)
	ears := map[string]bool{}
	for _, fd := range open {
		path := filepath.Join("/proc/self/fd", fd.Name())
		name, err := os.Readlink(path)
		if err != nil {
			continue // the folder itself, closed by now
		}
		info, err := os.Stat(path)
		named := err == nil && info.Mode()&fs.ModeNamedPipe != 0 && strings.HasPrefix(name, "/")
		if listening[name] || named {
			ears[name] = true
		}
	}
	return ears
}

// listeningSockets names them as /proc/self/fd does. Of UDP's, which nobody listens on by a state, those that are bound and connected to nobody.
func listeningSockets(t *testing.T) map[string]bool {
	t.Helper()
	const listen, unconnected, acceptsConnections = "0A", "07", "00010000"
	found := map[string]bool{}
	for table, c := range map[string]struct{ column, inode int }{"tcp": {3, 9}, "tcp6": {3, 9}, "udp": {3, 9}, "udp6": {3, 9}, "unix": {3, 6}} {
		data, err := os.ReadFile("/proc/self/net/" + table)
		if os.IsNotExist(err) && strings.HasSuffix(table, "6") {
			continue // no IPv6 here
		}
		must(t, err)
		for line := range strings.Lines(string(data)) {
			fields := strings.Fields(line)
			if len(fields) <= c.inode {
				continue
			}
			if state := fields[c.column]; state == acceptsConnections || strings.HasPrefix(table, "tcp") && state == listen || strings.HasPrefix(table, "udp") && state == unconnected {
				found[fmt.Sprintf("socket:[%s]", fields[c.inode])] = true
			}
		}
	}
	return found
}
