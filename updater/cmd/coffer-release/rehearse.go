package main

import (
	"bytes"
	stdcontext "context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/coffer-vault/coffer/internal/buildinfo"
	"github.com/coffer-vault/coffer/updater"
	"github.com/coffer-vault/coffer/updater/manifest"
	"github.com/coffer-vault/coffer/updater/release"
	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// drill is a rehearsal: the maintainers, two hosts and one installation, all in this process. Its keys are never written.
type drill struct {
	repo     *release.Repository
	keys     map[string][]release.Key
	target   manifest.Target
	old, new artefact
	client   *updater.Client
	late     time.Duration // how far its clock is ahead
}

// artefact is a file that is released as a version.
type artefact struct {
	file    string
	version buildinfo.Number
}

func (a *artefact) flags(flags *flag.FlagSet, file, version, what string) {
	flags.StringVar(&a.file, file, "", "the artefact that is "+what)
	flags.Func(version, "its version, three parts", func(s string) (err error) {
		a.version, err = buildinfo.ParseNumber(s)
		return err
	})
}

// rehearse goes the way of a release with the very files that are meant for it, and of what can go wrong later.
func rehearse(c *context, flags *flag.FlagSet) func() error {
	d := &drill{}
	target := targetFlags(flags)
	d.old.flags(flags, "from", "from-version", "out there")
	d.new.flags(flags, "file", "version", "to be released")
	patch := flags.Bool("patch", false, "with a patch, for which bsdiff is needed")
	return func() error {
		d.target = *target
		if _, err := os.Stat(filepath.Join(c.dir, "public")); err == nil {
			return fmt.Errorf("rehearse: %w: %s is a repository; want a new folder", os.ErrExist, c.dir)
		}
		d.repo = release.Open(c.dir, d.now)
		c.repo = d.repo
		if err := d.begin(); err != nil {
			return fmt.Errorf("rehearse: %w", err)
		}
		stop, err := d.install(c.dir)
		if err != nil {
			return fmt.Errorf("rehearse: %w", err)
		}
		defer stop()
		for _, step := range d.steps(*patch) {
			if err := step.do(); err != nil {
				return fmt.Errorf("rehearse, %s: %w", step.name, err)
			}
			c.done = append(c.done, step.name)
		}
		return nil
	}
}

type step struct {
	name string
	do   func() error
}

func (d *drill) steps(patch bool) []step {
	return []step{
		{"the release that is out is current", d.publishOld},
		{"the next one arrives whole", func() error { return d.publishNew(patch) }},
		{"a root key is replaced", d.rotateRoot},
		{"a targets key is revoked", d.revokeTargets},
		{"the timestamp key is lost, and another named", d.loseTimestamp},
		{"the release is withdrawn", d.withdraw},
	}
}

func (d *drill) now() time.Time { return time.Now().Add(d.late) }

// begin makes keys and an empty public repository.
func (d *drill) begin() error {
	d.keys = map[string][]release.Key{}
	var all []release.Key
	for role, rule := range release.Rules {
		for range rule.Keys {
			key, err := release.GenerateKey(role)
			if err != nil {
				return err
			}
			d.keys[role] = append(d.keys[role], key)
			all = append(all, key)
		}
	}
	if err := d.repo.Init(all); err != nil {
		return err
	}
	return d.publish()
}

// publish has every holder sign what he may.
func (d *drill) publish() error {
	drafts, err := d.repo.Drafts()
	if err != nil {
		return err
	}
	for _, draft := range drafts {
		role := metadata.TARGETS
		if draft.Role == metadata.ROOT {
			role = metadata.ROOT
		}
		for _, key := range d.keys[role] {
			if err := d.repo.Sign(draft.Role, key); err != nil && !errors.Is(err, release.ErrWrongKey) {
				return err
			}
		}
	}
	return d.repo.Publish(d.keys[metadata.SNAPSHOT][0], d.keys[metadata.TIMESTAMP][0])
}

// install starts two hosts and an installation of the old version.
func (d *drill) install(dir string) (stop func(), err error) {
	root, err := os.ReadFile(filepath.Join(d.repo.Public(), "metadata", "1.root.json"))
	if err != nil {
		return nil, err
	}
	home, err := filepath.Abs(filepath.Join(dir, "installation"))
	if err != nil {
		return nil, err
	}
	var mirrors []string
	server := &http.Server{Handler: http.FileServer(http.Dir(d.repo.Public())), ReadHeaderTimeout: time.Minute}
	for range 2 {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, errors.Join(err, server.Close())
		}
		go server.Serve(listener)
		mirrors = append(mirrors, "http://"+listener.Addr().String())
	}
	d.client, err = updater.New(updater.Config{
		Mirrors: mirrors, Dir: home, Root: root, Installed: d.old.version, Target: d.target, Program: d.old.file, Now: d.now,
		OSVersion: "999999999", // it runs on whatever it is meant for
	})
	return func() { server.Close() }, err
}

func (d *drill) check() updater.State { return d.client.Check(stdcontext.Background()) }

func (d *drill) publishOld() error {
	if err := d.repo.Add(d.target, manifest.Manifest{Version: d.old.version}, d.old.file); err != nil {
		return err
	}
	if err := d.publish(); err != nil {
		return err
	}
	found := d.check()
	if _, ok := found.(updater.UpToDate); !ok {
		return unexpected(found)
	}
	return nil
}

func (d *drill) publishNew(patch bool) error {
	if err := d.repo.Add(d.target, manifest.Manifest{Version: d.new.version}, d.new.file); err != nil {
		return err
	}
	if patch {
		if err := d.repo.AddPatch(d.target, d.old.file, release.BSDiff); err != nil {
			return err
		}
	}
	if err := d.publish(); err != nil {
		return err
	}
	return d.arrived(d.client.Stage(stdcontext.Background(), nil))
}

// arrived compares what the installation has staged, byte for byte.
func (d *drill) arrived(found updater.State) error {
	staged, ok := found.(updater.Staged)
	if !ok || staged.Version != d.new.version {
		return unexpected(found)
	}
	got, err := os.ReadFile(staged.Path)
	if err != nil {
		return err
	}
	want, err := os.ReadFile(d.new.file)
	if err == nil && !bytes.Equal(got, want) {
		err = errors.New("the installation has another file than was released")
	}
	return err
}

func unexpected(found updater.State) error {
	return fmt.Errorf("the installation found %T %+v", found, found)
}

func (d *drill) replace(role string) error {
	next, err := release.GenerateKey(role)
	if err != nil {
		return err
	}
	if err := d.repo.ReplaceKey(role, d.keys[role][0].ID, next); err != nil {
		return err
	}
	d.keys[role] = append(d.keys[role][1:], next)
	return d.publish()
}

func (d *drill) rotateRoot() error {
	if err := d.replace(metadata.ROOT); err != nil {
		return err
	}
	return d.arrived(d.check())
}

func (d *drill) revokeTargets() error {
	if err := d.repo.RevokeKey(metadata.TARGETS, d.keys[metadata.TARGETS][0].ID); err != nil {
		return err
	}
	d.keys[metadata.TARGETS] = d.keys[metadata.TARGETS][1:]
	if err := d.publish(); err != nil {
		return err
	}
	return d.arrived(d.check())
}

// loseTimestamp waits, by its own clock, until what the lost key signed has expired.
func (d *drill) loseTimestamp() error {
	d.late += release.Rules[metadata.TIMESTAMP].Lifetime + time.Hour
	if err := d.refused(updater.ErrExpired); err != nil {
		return err
	}
	if err := d.replace(metadata.TIMESTAMP); err != nil {
		return err
	}
	return d.arrived(d.check())
}

func (d *drill) withdraw() error {
	if err := d.repo.Amend(d.target, func(m *manifest.Manifest) { m.Halt = true }); err != nil {
		return err
	}
	if err := d.publish(); err != nil {
		return err
	}
	return d.refused(updater.ErrHalted)
}

func (d *drill) refused(reason error) error {
	found := d.check()
	if refused, ok := found.(updater.Refused); !ok || !errors.Is(refused.Err, reason) {
		return unexpected(found)
	}
	return nil
}
