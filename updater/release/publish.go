package release

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// Sign adds a key's signature to the draft of a role. ErrNoDraft if there is none, ErrWrongKey if the key may not sign it. Signing
// twice with one key counts once.
func (r *Repository) Sign(role string, key Key) error {
	allowed, err := r.signers(role)
	if err != nil {
		return err
	}
	if !slices.Contains(allowed, key.ID) {
		return fmt.Errorf("sign %s: %w: %s", role, ErrWrongKey, key.ID)
	}
	if role == metadata.ROOT {
		return signDraft[metadata.RootType](r, role, key)
	}
	return signDraft[metadata.TargetsType](r, role, key)
}

func signDraft[T metadata.Roles](r *Repository, role string, key Key) error {
	m, err := load[T](r.draftPath(role))
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("sign %s: %w", role, ErrNoDraft)
	} else if err != nil {
		return err
	}
	if err := sign(m, key); err != nil {
		return err
	}
	return save(r.draftPath(role), m)
}

// sign replaces a signature that the key gave before.
func sign[T metadata.Roles](m *metadata.Metadata[T], key Key) error {
	m.Signatures = slices.DeleteFunc(m.Signatures, func(s metadata.Signature) bool { return s.KeyID == key.ID })
	if _, err := m.Sign(key.signer); err != nil {
		return fmt.Errorf("sign: %w", err)
	}
	return nil
}

// signers are the ids of the keys that may sign a role's draft. A new root is signed by holders of the old one and of itself.
func (r *Repository) signers(role string) ([]string, error) {
	root, isDraft, err := current[metadata.RootType](r, metadata.ROOT)
	if err != nil {
		return nil, err
	}
	switch role {
	case metadata.ROOT:
		ids := root.Signed.Roles[role].KeyIDs
		if isDraft && r.newest(role) > 0 {
			before, err := load[metadata.RootType](r.publishedPath(role, r.newest(role)))
			if err != nil {
				return nil, err
			}
			ids = slices.Concat(ids, before.Signed.Roles[role].KeyIDs)
		}
		return ids, nil
	case metadata.TARGETS:
		return root.Signed.Roles[role].KeyIDs, nil
	}
	targets, _, err := current[metadata.TargetsType](r, metadata.TARGETS)
	if err != nil {
		return nil, err
	}
	for _, d := range targets.Signed.Delegations.Roles {
		if d.Name == role {
			return d.KeyIDs, nil
		}
	}
	return nil, fmt.Errorf("sign %s: %w", role, ErrNoDraft)
}

// tree is the whole repository as Publish would leave it.
type tree struct {
	root    *metadata.Metadata[metadata.RootType]
	targets map[string]*metadata.Metadata[metadata.TargetsType] // targets and the delegated roles
	drafts  []string
}

// Publish makes the drafts public under a new snapshot and timestamp. ErrThreshold if any role would lack signatures, ErrWrongKey
// if the online keys are not those of root; then nothing has changed.
func (r *Repository) Publish(snapshotKey, timestampKey Key) error {
	t, err := r.verifiedTree()
	if err != nil {
		return err
	}
	if err := t.mayPublish(snapshotKey, timestampKey); err != nil {
		return err
	}
	for _, role := range t.drafts {
		if err := r.release(t, role); err != nil {
			return err
		}
	}
	if err := r.writeSnapshot(t, snapshotKey); err != nil {
		return err
	}
	if err := r.writeTimestamp(timestampKey); err != nil {
		return err
	}
	for _, role := range t.drafts {
		if err := os.Remove(r.draftPath(role)); err != nil {
			return fmt.Errorf("publish: %w", err)
		}
	}
	return nil
}

// Refresh signs the timestamp again, and the snapshot if it has less than three days left: what the online machine does every six
// hours. It needs no draft and no offline key.
func (r *Repository) Refresh(snapshotKey, timestampKey Key) error {
	root, err := load[metadata.RootType](r.publishedPath(metadata.ROOT, r.newest(metadata.ROOT)))
	if err != nil {
		return err
	}
	if err := (&tree{root: root}).mayPublish(snapshotKey, timestampKey); err != nil {
		return err
	}
	snapshot, err := load[metadata.SnapshotType](r.publishedPath(metadata.SNAPSHOT, r.newest(metadata.SNAPSHOT)))
	if err != nil {
		return err
	}
	if snapshot.Signed.Expires.Sub(r.now()) < 3*day {
		if err := r.nextSnapshot(snapshot, snapshotKey); err != nil {
			return err
		}
	}
	return r.writeTimestamp(timestampKey)
}

// verifiedTree loads drafts over published metadata and checks every signature as a client would.
func (r *Repository) verifiedTree() (*tree, error) {
	root, isDraft, err := current[metadata.RootType](r, metadata.ROOT)
	if err != nil {
		return nil, fmt.Errorf("publish: %w", err)
	}
	if version := r.newest(metadata.ROOT); isDraft && version > 0 {
		before, err := load[metadata.RootType](r.publishedPath(metadata.ROOT, version))
		if err != nil {
			return nil, err
		}
		if err := before.VerifyDelegate(metadata.ROOT, root); err != nil {
			return nil, fmt.Errorf("publish root: %w: by the keys of version %d: %w", ErrThreshold, version, err)
		}
	}
	if err := root.VerifyDelegate(metadata.ROOT, root); err != nil {
		return nil, fmt.Errorf("publish root: %w: %w", ErrThreshold, err)
	}
	t := &tree{root: root, targets: map[string]*metadata.Metadata[metadata.TargetsType]{}, drafts: r.draftRoles()}
	top, err := r.addRole(t, metadata.TARGETS, root.VerifyDelegate)
	if err != nil {
		return nil, err
	}
	for _, d := range top.Signed.Delegations.Roles {
		if _, err := r.addRole(t, d.Name, top.VerifyDelegate); err != nil {
			return nil, err
		}
	}
	return t, nil
}

func (r *Repository) addRole(t *tree, role string, verify func(string, any) error) (*metadata.Metadata[metadata.TargetsType], error) {
	m, _, err := current[metadata.TargetsType](r, role)
	if err != nil {
		return nil, fmt.Errorf("publish %s: %w", role, err)
	}
	if err := verify(role, m); err != nil {
		return nil, fmt.Errorf("publish %s: %w: %w", role, ErrThreshold, err)
	}
	t.targets[role] = m
	return m, nil
}

// mayPublish checks the online keys against root before anything is written with them.
func (t *tree) mayPublish(snapshotKey, timestampKey Key) error {
	for role, key := range map[string]Key{metadata.SNAPSHOT: snapshotKey, metadata.TIMESTAMP: timestampKey} {
		if !slices.Contains(t.root.Signed.Roles[role].KeyIDs, key.ID) {
			return fmt.Errorf("publish %s: %w: %s", role, ErrWrongKey, key.ID)
		}
	}
	return nil
}

// release writes a draft under its version; a client does not look for it before the timestamp changes.
func (r *Repository) release(t *tree, role string) error {
	if role == metadata.ROOT {
		return save(r.publishedPath(role, t.root.Signed.Version), t.root)
	}
	m, ok := t.targets[role]
	if !ok {
		return fmt.Errorf("publish %s: no delegation for this draft", role)
	}
	return save(r.publishedPath(role, m.Signed.Version), m)
}

func (r *Repository) writeSnapshot(t *tree, key Key) error {
	snapshot := metadata.Snapshot()
	snapshot.Signed.Version = r.newest(metadata.SNAPSHOT)
	for role, m := range t.targets {
		file, err := describe(r.publishedPath(role, m.Signed.Version), m.Signed.Version)
		if err != nil {
			return err
		}
		snapshot.Signed.Meta[role+".json"] = file
	}
	return r.nextSnapshot(snapshot, key)
}

func (r *Repository) nextSnapshot(snapshot *metadata.Metadata[metadata.SnapshotType], key Key) error {
	snapshot.Signed.Version++
	snapshot.Signed.Expires = r.expiry(metadata.SNAPSHOT)
	snapshot.ClearSignatures()
	if err := sign(snapshot, key); err != nil {
		return err
	}
	return save(r.publishedPath(metadata.SNAPSHOT, snapshot.Signed.Version), snapshot)
}

// writeTimestamp goes last: it alone has no version in its name, so it switches clients over.
func (r *Repository) writeTimestamp(key Key) error {
	path := r.metadataPath(metadata.TIMESTAMP + ".json")
	timestamp, err := load[metadata.TimestampType](path)
	if errors.Is(err, fs.ErrNotExist) {
		timestamp, err = metadata.Timestamp(), nil
		timestamp.Signed.Version = 0
	}
	if err != nil {
		return err
	}
	version := r.newest(metadata.SNAPSHOT)
	snapshot, err := describe(r.publishedPath(metadata.SNAPSHOT, version), version)
	if err != nil {
		return err
	}
	timestamp.Signed.Meta = map[string]*metadata.MetaFiles{metadata.SNAPSHOT + ".json": snapshot}
	timestamp.Signed.Version++
	timestamp.Signed.Expires = r.expiry(metadata.TIMESTAMP)
	timestamp.ClearSignatures()
	if err := sign(timestamp, key); err != nil {
		return err
	}
	return save(path, timestamp)
}

// describe gives length and hash of a metadata file, so that a client parses nothing that is not exactly it.
func describe(path string, version int64) (*metadata.MetaFiles, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("publish: %w", err)
	}
	target, err := metadata.TargetFile().FromBytes(path, data, "sha256")
	if err != nil {
		return nil, fmt.Errorf("publish: %w", err)
	}
	return &metadata.MetaFiles{Version: version, Length: target.Length, Hashes: target.Hashes}, nil
}

// Expiry of the public metadata that expires first: when clients would begin to refuse.
func (r *Repository) Expiry() (time.Time, error) {
	timestamp, err := load[metadata.TimestampType](r.metadataPath(metadata.TIMESTAMP + ".json"))
	if err != nil {
		return time.Time{}, err
	}
	return timestamp.Signed.Expires, nil
}
