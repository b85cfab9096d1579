//go:build !windows

package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/cloud/updatehost"
	"github.com/coffer-vault/coffer/internal/buildinfo"
	"github.com/coffer-vault/coffer/internal/policy"
	"github.com/coffer-vault/coffer/updater"
	"github.com/coffer-vault/coffer/updater/internal/acl"
	"github.com/coffer-vault/coffer/updater/machine"
	"github.com/coffer-vault/coffer/updater/manifest"
	"github.com/coffer-vault/coffer/updater/release"
	"github.com/coffer-vault/coffer/updater/trust"
	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// computer notes what it is told to install.
type computer struct{ installs chan string }

func (computer) Automatic() bool       { return true }
func (computer) Policy() policy.Policy { return policy.Policy{} }
func (computer) InUse() (bool, error)  { return false, nil }

func (c computer) Install(_ context.Context, s updater.Staged) (machine.Outcome, error) {
	content, err := os.ReadFile(s.Path)
	c.installs <- s.Version.String() + " " + string(content)
	return machine.Outcome{Result: machine.Installed}, err
}

// minutes pass when both loops of the service wait, so that none is under way when the test ends.
type minutes struct {
	waits chan chan time.Time
	past  *atomic.Int64
}

func (m minutes) Now() time.Time { return time.Now().Add(time.Duration(m.past.Load()) * time.Minute) }

func (m minutes) After(time.Duration) <-chan time.Time {
	passed := make(chan time.Time)
	m.waits <- passed
	return passed
}

// maintainers publish one release of coffer.pkg, and serve it as the environment of this test says.
func maintainers(t *testing.T, version, content string) {
	t.Helper()
	dir := t.TempDir()
	repo, keys := release.Open(dir, time.Now), map[string][]release.Key{}
	var all []release.Key
	for role, rule := range release.Rules {
		for range rule.Keys {
			key, err := release.GenerateKey(role)
			must(t, err)
			keys[role] = append(keys[role], key)
			all = append(all, key)
		}
	}
	must(t, repo.Init(all))
	artefact := filepath.Join(t.TempDir(), "coffer.pkg")
	must(t, os.WriteFile(artefact, []byte(content), 0o600))
	publish(t, repo, keys)
	number, err := buildinfo.ParseNumber(version)
	must(t, err)
	must(t, repo.Add(manifest.Target{Channel: updater.Channel(), Platform: updater.Platform(), File: "coffer.pkg"}, manifest.Manifest{Version: number}, artefact))
	publish(t, repo, keys)
	handler, err := updatehost.New(repo.Public())
	must(t, err)
	host := httptest.NewServer(handler)
	t.Cleanup(func() { host.CloseClientConnections(); host.Close(); handler.Close() })
	t.Setenv("COFFER_UPDATE_ROOT", filepath.Join(repo.Public(), "metadata", "1.root.json"))
	t.Setenv("COFFER_UPDATE_MIRRORS", host.URL)
}

func publish(t *testing.T, repo *release.Repository, keys map[string][]release.Key) {
	t.Helper()
	drafts, err := repo.Drafts()
	must(t, err)
	for _, d := range drafts {
		role := metadata.TARGETS
		if d.Role == metadata.ROOT {
			role = metadata.ROOT
		}
		for _, key := range keys[role] {
			must(t, repo.Sign(d.Role, key))
		}
	}
	must(t, repo.Publish(keys[metadata.SNAPSHOT][0], keys[metadata.TIMESTAMP][0]))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// The daemon finds, verifies and stages a release like any client, has it installed, and ends when launchd says.
func TestDaemonInstallsARelease(t *testing.T) {
	maintainers(t, "255.0.0", "package")
	mac, clock := computer{make(chan string, 1)}, minutes{make(chan chan time.Time), new(atomic.Int64)}
	dir := filepath.Join(t.TempDir(), "Coffer Updater")
	d := daemon{folder: dir, file: "coffer.pkg", clock: clock, system: func(string) machine.System { return mac }}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- d.run(ctx) }()
	// Whichever loop was first: after both have looked once, and a minute, the release is there and installed.
	first, second := <-clock.waits, <-clock.waits
	clock.past.Add(1)
	close(first)
	close(second)
	<-clock.waits
	<-clock.waits
	select {
	case got := <-mac.installs:
		if got != "255.0.0 package" {
			t.Errorf("installed %q", got)
		}
	default:
		t.Error("nothing was installed")
	}
	stop()
	must(t, <-ended)
	if _, err := os.Stat(filepath.Join(dir, "updater.log")); err != nil {
		t.Error(err)
	}
}

func TestDaemonThatCannotWorkSaysSo(t *testing.T) {
	t.Setenv("COFFER_UPDATE_ROOT", "")
	dir := t.TempDir()
	must(t, os.Chmod(dir, 0o777))
	d := daemon{folder: dir, system: func(string) machine.System { return computer{} }}
	if err := d.run(t.Context()); !errors.Is(err, acl.ErrUnsafe) {
		t.Errorf("a folder of everybody: %v", err)
	}
	must(t, os.Chmod(dir, 0o700))
	if err := d.run(t.Context()); !errors.Is(err, trust.ErrNoRoot) {
		t.Errorf("no root: %v", err)
	}
	if log, err := os.ReadFile(filepath.Join(dir, "updater.log")); err != nil || !strings.Contains(string(log), "cannot start") {
		t.Errorf("log %q, %v", log, err)
	}
}

// A watcher takes its job away when there is nothing left to do, and is started again if it could not.
func TestWatcherEndsItsJob(t *testing.T) {
	dir, full := t.TempDir(), errors.New("disk full")
	for _, want := range []error{nil, full} {
		ended := false
		err := watch(t.Context(), dir, nil, updater.WallClock{}, func() error { ended = true; return want })
		if !errors.Is(err, want) || !ended {
			t.Errorf("%v, ended %v", err, ended)
		}
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if err := watch(stopped, dir, nil, updater.WallClock{}, func() error { t.Error("its work is not done"); return nil }); err == nil {
		t.Error("launchd would not start it again")
	}
}

// The daemon settles a trial before it looks for releases.
func TestDaemonThatCannotSettleATrialEnds(t *testing.T) {
	maintainers(t, "255.0.0", "package")
	torn := errors.New("notes cannot be removed")
	d := daemon{folder: filepath.Join(t.TempDir(), "Coffer Updater"), file: "coffer.pkg", system: func(string) machine.System { return computer{} },
		trials: func(string, *slog.Logger) (*machine.Trials, error) { return nil, torn }}
	if err := d.run(t.Context()); !errors.Is(err, torn) {
		t.Errorf("it went on: %v", err)
	}
}
