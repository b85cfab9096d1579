package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/coffer-vault/coffer/internal/buildinfo"
	"github.com/coffer-vault/coffer/updater/manifest"
	"github.com/coffer-vault/coffer/updater/release"
	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// commands define their flags and return what to do after these were read.
var commands = map[string]func(*context, *flag.FlagSet) func() error{
	"init": initialize, "add": add, "patch": patch, "amend": amend, "renew": renew, "rotate": rotate, "revoke": revoke, "rehearse": rehearse, "sign": sign, "publish": publish,
	"timestamp": refresh, "status": func(*context, *flag.FlagSet) func() error { return func() error { return nil } },
}

func initialize(c *context, flags *flag.FlagSet) func() error {
	keys := flags.String("keys", "", "folder for the new keys; move each to its holder afterwards")
	return func() error {
		if *keys == "" {
			return errors.New("-keys is required")
		}
		var all []release.Key
		for role, rule := range release.Rules {
			for i := range rule.Keys {
				key, err := c.newKey(role, filepath.Join(*keys, fmt.Sprintf("%s-%d.json", role, i+1)))
				if err != nil {
					return err
				}
				all = append(all, key)
			}
		}
		return c.repo.Init(all)
	}
}

// targetFlags name an artefact.
func targetFlags(flags *flag.FlagSet) *manifest.Target {
	t := &manifest.Target{}
	flags.StringVar(&t.Channel, "channel", "stable", "stable or beta")
	flags.StringVar(&t.Platform, "platform", "", "<os>-<arch>, such as windows-amd64")
	flags.StringVar(&t.File, "name", "", "name of the artefact: coffer, coffer.exe or coffer.msi")
	return t
}

func add(c *context, flags *flag.FlagSet) func() error {
	target := targetFlags(flags)
	file := flags.String("file", "", "the artefact")
	version := flags.String("version", "", "three parts")
	notes := flags.String("notes-file", "", "what is new, plain text")
	rollout := flags.String("rollout-file", "", `JSON: [{"at": time, "percent": n}, …]; without it the release goes to all at once`)
	minSecure := flags.String("min-secure", "", "versions below it are insecure and update at once")
	minOS := flags.String("min-os", "", "least version of the operating system")
	var programs list
	flags.Var(&programs, "program", "a program that the artefact is or contains, for the bill of materials that is released with it; may be repeated")
	return func() error {
		m := manifest.Manifest{MinOS: *minOS}
		var err error
		if m.Version, err = buildinfo.ParseNumber(*version); err != nil {
			return err
		}
		if *minSecure != "" {
			if m.MinSecureVersion, err = buildinfo.ParseNumber(*minSecure); err != nil {
				return err
			}
		}
		if m.Notes, err = readText(*notes); err != nil {
			return err
		}
		if m.Rollout, err = readRollout(*rollout); err != nil {
			return err
		}
		if err := c.repo.Add(*target, m, *file); err != nil || len(programs) == 0 {
			return err
		}
		return c.repo.AddBill(*target, programs)
	}
}

func patch(c *context, flags *flag.FlagSet) func() error {
	target := targetFlags(flags)
	var from list
	flags.Var(&from, "from", "the artefact of an earlier release; may be repeated")
	return func() error {
		if len(from) == 0 {
			return errors.New("-from is required")
		}
		for _, file := range from {
			if err := c.repo.AddPatch(*target, file, release.BSDiff); err != nil {
				return err
			}
		}
		return nil
	}
}

func amend(c *context, flags *flag.FlagSet) func() error {
	target := targetFlags(flags)
	halt := flags.Bool("halt", false, "nobody may install the release any more")
	rollout := flags.String("rollout-file", "", "as for add")
	return func() error {
		steps, err := readRollout(*rollout)
		if err != nil {
			return err
		}
		return c.repo.Amend(*target, func(m *manifest.Manifest) {
			m.Halt = m.Halt || *halt
			if steps != nil {
				m.Rollout = steps
			}
		})
	}
}

func renew(c *context, flags *flag.FlagSet) func() error {
	role := flags.String("role", "", "root, targets or a delegated role such as stable-linux-amd64")
	return func() error { return c.repo.Renew(*role) }
}

func rotate(c *context, flags *flag.FlagSet) func() error {
	role := flags.String("role", "", "root, targets, snapshot or timestamp")
	old := flags.String("old", "", "id of the key to be replaced; without it the new one comes in place of a revoked one")
	file := flags.String("new", "", "file for the new key")
	return func() error {
		key, err := c.newKey(*role, *file)
		if err != nil {
			return err
		}
		if *old == "" {
			return c.repo.AddKey(*role, key)
		}
		return c.repo.ReplaceKey(*role, *old, key)
	}
}

func revoke(c *context, flags *flag.FlagSet) func() error {
	role := flags.String("role", "", "root or targets; an online role has one key, so rotate that")
	id := flags.String("id", "", "id of the key")
	return func() error {
		if *id == "" {
			return errors.New("-id is required")
		}
		return c.repo.RevokeKey(*role, *id)
	}
}

func sign(c *context, flags *flag.FlagSet) func() error {
	var keys list
	flags.Var(&keys, "key", "key file; may be repeated")
	only := flags.String("role", "", "sign this draft alone; otherwise every draft that the key may sign")
	return func() error {
		loaded, err := c.loadKeys(keys)
		if err != nil {
			return err
		}
		for _, key := range loaded {
			if err := c.signAll(key, *only); err != nil {
				return err
			}
		}
		return nil
	}
}

// signAll signs the drafts that a key may sign. None is an error: the holder would think that he had signed.
func (c *context) signAll(key release.Key, only string) error {
	drafts, err := c.repo.Drafts()
	if err != nil {
		return err
	}
	signed := 0
	for _, d := range drafts {
		if only != "" && d.Role != only {
			continue
		}
		err := c.repo.Sign(d.Role, key)
		if errors.Is(err, release.ErrWrongKey) && only == "" {
			continue
		} else if err != nil {
			return err
		}
		signed++
	}
	if signed == 0 {
		return fmt.Errorf("%v: %w", key, release.ErrNoDraft)
	}
	return nil
}

func publish(c *context, flags *flag.FlagSet) func() error {
	return c.withOnlineKeys(flags, func(snapshot, timestamp release.Key) error { return c.repo.Publish(snapshot, timestamp) })
}

func refresh(c *context, flags *flag.FlagSet) func() error {
	return c.withOnlineKeys(flags, func(snapshot, timestamp release.Key) error { return c.repo.Refresh(snapshot, timestamp) })
}

func (c *context) withOnlineKeys(flags *flag.FlagSet, do func(snapshot, timestamp release.Key) error) func() error {
	snapshot := flags.String("snapshot-key", "", "key file")
	timestamp := flags.String("timestamp-key", "", "key file")
	return func() error {
		keys, err := c.loadKeys([]string{*snapshot, *timestamp})
		if err != nil {
			return err
		}
		return do(keys[0], keys[1])
	}
}

func (c *context) newKey(role, file string) (release.Key, error) {
	if _, known := release.Rules[role]; !known {
		return release.Key{}, fmt.Errorf("there is no role %q; want one of %s, %s, %s, %s", role,
			metadata.ROOT, metadata.TARGETS, metadata.SNAPSHOT, metadata.TIMESTAMP)
	}
	passphrase, err := c.passphrase(true)
	if err != nil {
		return release.Key{}, err
	}
	key, err := release.GenerateKey(role)
	if err != nil {
		return release.Key{}, err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return release.Key{}, err
	}
	c.made = append(c.made, file)
	return key, key.Save(file, passphrase)
}

func (c *context) loadKeys(files []string) (keys []release.Key, err error) {
	passphrase, err := c.passphrase(false)
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		key, err := release.LoadKey(file, passphrase)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// readText reads a file that need not be given.
func readText(file string) (string, error) {
	if file == "" {
		return "", nil
	}
	data, err := os.ReadFile(file)
	return strings.TrimSpace(string(data)), err
}

func readRollout(file string) (steps []manifest.Step, err error) {
	text, err := readText(file)
	if err != nil || text == "" {
		return nil, err
	}
	if err := json.Unmarshal([]byte(text), &steps); err != nil {
		return nil, fmt.Errorf("read rollout: %w", err)
	}
	return steps, nil
}
