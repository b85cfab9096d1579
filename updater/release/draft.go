package release

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/coffer-vault/coffer/internal/atomicfile"
	"github.com/coffer-vault/coffer/updater/manifest"
	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// Init drafts the first root and targets. It wants exactly as many keys for each role as Rules say.
func (r *Repository) Init(keys []Key) error {
	if r.newest(metadata.ROOT) > 0 || len(r.draftRoles()) > 0 {
		return fmt.Errorf("start repository: %w: %s", fs.ErrExist, r.dir)
	}
	root := metadata.Root(r.expiry(metadata.ROOT))
	for role, rule := range Rules {
		root.Signed.Roles[role].Threshold = rule.Threshold
	}
	targets := metadata.Targets(r.expiry(metadata.TARGETS))
	targets.Signed.Delegations = &metadata.Delegations{Keys: map[string]*metadata.Key{}}
	for _, k := range keys {
		if err := root.Signed.AddKey(k.public, k.Role); err != nil {
			return fmt.Errorf("start repository: %w", err)
		}
		if k.Role == metadata.TARGETS {
			targets.Signed.Delegations.Keys[k.ID] = k.public
		}
	}
	for role, rule := range Rules {
		if got := len(root.Signed.Roles[role].KeyIDs); got != rule.Keys {
			return fmt.Errorf("start repository: %d keys for %s, want %d", got, role, rule.Keys)
		}
	}
	if err := save(r.draftPath(metadata.ROOT), root); err != nil {
		return err
	}
	return save(r.draftPath(metadata.TARGETS), targets)
}

// Add drafts a release: the artefact in the file source becomes the newest one of its target. It is copied into the public folder
// at once, under its hash, where nothing refers to it before Publish.
func (r *Repository) Add(target manifest.Target, m manifest.Manifest, source string) error {
	if err := cmp.Or(target.Validate(), m.Validate()); err != nil {
		return fmt.Errorf("add release: %w", err)
	}
	if err := r.delegate(target); err != nil {
		return err
	}
	return r.edit(target.Role(), func(signed *metadata.TargetsType) error {
		if old, ok := signed.Targets[target.Path()]; ok {
			if before, err := manifest.FromTarget(old); err != nil || m.Version.Less(before.Version) {
				return fmt.Errorf("add release %v: %w (%v)", m.Version, ErrDowngrade, before.Version)
			}
		}
		info, err := r.store(target, source)
		if err != nil {
			return err
		}
		signed.Targets[target.Path()] = info
		return setManifest(info, m)
	})
}

// Amend drafts a change of what the present release of a target says, such as its rollout or that it is halted.
func (r *Repository) Amend(target manifest.Target, change func(*manifest.Manifest)) error {
	return r.edit(target.Role(), func(signed *metadata.TargetsType) error {
		info, ok := signed.Targets[target.Path()]
		if !ok {
			return fmt.Errorf("amend release: no such target: %s", target.Path())
		}
		m, err := manifest.FromTarget(info)
		if err != nil {
			return fmt.Errorf("amend release: %w", err)
		}
		version := m.Version
		change(&m)
		m.Version = version
		if err := m.Validate(); err != nil {
			return fmt.Errorf("amend release: %w", err)
		}
		return setManifest(info, m)
	})
}

// Renew drafts the same content of targets or a delegated role with a new expiry.
func (r *Repository) Renew(role string) error {
	if role == metadata.ROOT {
		return r.editRoot(func(*metadata.RootType) error { return nil })
	}
	if _, _, err := current[metadata.TargetsType](r, role); err != nil {
		return fmt.Errorf("renew %s: %w", role, err)
	}
	return r.edit(role, func(*metadata.TargetsType) error { return nil })
}

// ReplaceKey drafts a root in which a role trusts next instead of the key oldID. For targets the delegations follow, and every
// role below must be signed again; so all of them become drafts.
func (r *Repository) ReplaceKey(role, oldID string, next Key) error {
	return r.changeKeys(role, oldID, &next)
}

// AddKey drafts a root in which a role trusts one more key, up to as many as Rules say: in place of one that was revoked.
func (r *Repository) AddKey(role string, next Key) error { return r.changeKeys(role, "", &next) }

// RevokeKey drafts a root in which a role trusts the key no more, and none instead. ErrTooFewKeys if the others could not sign.
func (r *Repository) RevokeKey(role, id string) error { return r.changeKeys(role, id, nil) }

// changeKeys takes a key from a role, gives it one, or both.
func (r *Repository) changeKeys(role, oldID string, next *Key) error {
	if _, known := Rules[role]; !known {
		return fmt.Errorf("change keys: there is no role %q", role)
	}
	err := r.editRoot(func(root *metadata.RootType) error {
		if oldID != "" {
			if err := root.RevokeKey(oldID, role); err != nil {
				return fmt.Errorf("change keys: %w", err)
			}
		}
		if next != nil {
			if err := root.AddKey(next.public, role); err != nil {
				return fmt.Errorf("change keys: %w", err)
			}
		}
		return checkKeys(root, role)
	})
	if err != nil || role != metadata.TARGETS {
		return err
	}
	return r.delegateAnew(oldID, next)
}

func checkKeys(root *metadata.RootType, role string) error {
	switch rule, have := Rules[role], len(root.Roles[role].KeyIDs); {
	case have < rule.Threshold:
		return fmt.Errorf("change keys of %s: %w: %d of %d", role, ErrTooFewKeys, have, rule.Threshold)
	case have > rule.Keys:
		return fmt.Errorf("change keys of %s: %d keys, want at most %d", role, have, rule.Keys)
	}
	return nil
}

// delegateAnew changes the keys of targets in the delegations.
func (r *Repository) delegateAnew(oldID string, next *Key) error {
	var roles []string
	err := r.edit(metadata.TARGETS, func(targets *metadata.TargetsType) error {
		delete(targets.Delegations.Keys, oldID)
		if next != nil {
			targets.Delegations.Keys[next.ID] = next.public
		}
		for i := range targets.Delegations.Roles {
			d := &targets.Delegations.Roles[i]
			d.KeyIDs = slices.DeleteFunc(d.KeyIDs, func(id string) bool { return id == oldID })
			if next != nil {
				d.KeyIDs = append(d.KeyIDs, next.ID)
			}
			roles = append(roles, d.Name)
		}
		return nil
	})
	for _, role := range roles {
		err = cmp.Or(err, r.Renew(role))
	}
	return err
}

// delegate drafts the delegation for a target's channel and platform unless it exists. Delegated roles are flat and terminating
// and have the keys of targets.
func (r *Repository) delegate(target manifest.Target) error {
	targets, _, err := current[metadata.TargetsType](r, metadata.TARGETS)
	if err != nil {
		return fmt.Errorf("delegate %s: %w", target.Role(), err)
	}
	for _, d := range targets.Signed.Delegations.Roles {
		if d.Name == target.Role() {
			return nil
		}
	}
	return r.edit(metadata.TARGETS, func(signed *metadata.TargetsType) error {
		role := metadata.DelegatedRole{
			Name: target.Role(), Threshold: Rules[metadata.TARGETS].Threshold, Terminating: true, Paths: []string{target.Pattern()},
		}
		for id := range signed.Delegations.Keys {
			role.KeyIDs = append(role.KeyIDs, id)
		}
		slices.Sort(role.KeyIDs)
		signed.Delegations.Roles = append(signed.Delegations.Roles, role)
		return nil
	})
}

// edit applies a change to targets or a delegated role, makes a draft of it and drops its signatures.
func (r *Repository) edit(role string, change func(*metadata.TargetsType) error) error {
	m, _, err := current[metadata.TargetsType](r, role)
	if errors.Is(err, fs.ErrNotExist) && role != metadata.TARGETS {
		m, err = metadata.Targets(), nil
	}
	if err != nil {
		return err
	}
	if err := change(&m.Signed); err != nil {
		return err
	}
	// A draft keeps its version however often it is edited: published versions have no gaps and no version is used twice.
	m.Signed.Version = r.newest(role) + 1
	m.Signed.Expires = r.expiry(role)
	m.ClearSignatures()
	return save(r.draftPath(role), m)
}

func (r *Repository) editRoot(change func(*metadata.RootType) error) error {
	m, _, err := current[metadata.RootType](r, metadata.ROOT)
	if err != nil {
		return err
	}
	if err := change(&m.Signed); err != nil {
		return err
	}
	m.Signed.Version = r.newest(metadata.ROOT) + 1
	m.Signed.Expires = r.expiry(metadata.ROOT)
	m.ClearSignatures()
	return save(r.draftPath(metadata.ROOT), m)
}

// store copies an artefact into the public folder and describes it.
func (r *Repository) store(target manifest.Target, source string) (*metadata.TargetFiles, error) {
	data, err := os.ReadFile(source)
	if err != nil {
		return nil, fmt.Errorf("add release: %w", err)
	}
	info, err := metadata.TargetFile().FromBytes(target.Path(), data, "sha256")
	if err != nil {
		return nil, fmt.Errorf("add release: %w", err)
	}
	name := r.artefact(info)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return nil, fmt.Errorf("add release: %w", err)
	}
	return info, atomicfile.WriteFile(name, data, 0o644)
}

// StoredName is the path of an artefact below targets/, with its hash before the file name (TUF 1.0.31, section 6.2).
func StoredName(info *metadata.TargetFiles) string {
	dir, file := path.Split(info.Path)
	return fmt.Sprintf("%s%x.%s", dir, []byte(info.Hashes["sha256"]), file)
}

func setManifest(info *metadata.TargetFiles, m manifest.Manifest) error {
	data, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("write manifest: %w", err)
	}
	raw := json.RawMessage(data)
	info.Custom = &raw
	return nil
}
