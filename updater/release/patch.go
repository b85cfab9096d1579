package release

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"

	"github.com/coffer-vault/coffer/internal/atomicfile"
	"github.com/coffer-vault/coffer/updater/delta"
	"github.com/coffer-vault/coffer/updater/manifest"
	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// ErrUselessPatch means that a patch is not smaller than what it saves.
var ErrUselessPatch = errors.New("the patch is no smaller than the file")

// Differ writes the patch that makes one file of another, in the format of bsdiff 4.
type Differ func(from, to, patch string) error

// BSDiff is Colin Percival's program, which Debian packages. It takes 17 times the file's size of memory, and a minute of processor for
// 41 MB.
func BSDiff(from, to, patch string) error {
	if out, err := exec.Command("bsdiff", from, to, patch).CombinedOutput(); err != nil {
		return fmt.Errorf("bsdiff: %w: %.200s", err, out)
	}
	return nil
}

// AddPatch drafts a patch from an earlier file to the present release of a target. It is tried here as a client would, before anybody
// signs it. ErrUselessPatch if it saves nothing.
func (r *Repository) AddPatch(target manifest.Target, from string, differ Differ) error {
	old, err := os.ReadFile(from)
	if err != nil {
		return fmt.Errorf("add patch: %w", err)
	}
	return r.edit(target.Role(), func(signed *metadata.TargetsType) error {
		info, ok := signed.Targets[target.Path()]
		if !ok {
			return fmt.Errorf("add patch: no such target: %s", target.Path())
		}
		m, err := manifest.FromTarget(info)
		if err != nil {
			return fmt.Errorf("add patch: %w", err)
		}
		patch, err := r.makePatch(target, old, from, r.artefact(info), differ)
		if err != nil {
			return err
		}
		m.Patches = append(m.Patches, patch)
		if err := m.Validate(); err != nil {
			return fmt.Errorf("add patch: %w", err)
		}
		return setManifest(info, m)
	})
}

// artefact is where the file of a target lies.
func (r *Repository) artefact(info *metadata.TargetFiles) string {
	return filepath.Join(r.Public(), "targets", filepath.FromSlash(StoredName(info)))
}

// makePatch puts a patch among the public files and describes it.
func (r *Repository) makePatch(target manifest.Target, old []byte, from, to string, differ Differ) (manifest.Patch, error) {
	dir, err := os.MkdirTemp("", "coffer-patch")
	if err != nil {
		return manifest.Patch{}, fmt.Errorf("add patch: %w", err)
	}
	defer os.RemoveAll(dir)
	made := filepath.Join(dir, "patch")
	if err := differ(from, to, made); err != nil {
		return manifest.Patch{}, fmt.Errorf("add patch: %w", err)
	}
	content, err := tryPatch(old, made, to)
	if err != nil {
		return manifest.Patch{}, fmt.Errorf("add patch: %w", err)
	}
	patch := manifest.Patch{From: digest(old), SHA256: digest(content), Size: int64(len(content))}
	name := filepath.Join(r.Public(), "targets", filepath.FromSlash(path.Dir(target.Path())), patch.StoredName(target))
	return patch, atomicfile.WriteFile(name, content, 0o644)
}

// digest is the SHA-256 in hex.
func digest(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// tryPatch returns a patch that makes exactly the file of a release.
func tryPatch(old []byte, file, to string) ([]byte, error) {
	patch, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	want, err := os.ReadFile(to)
	if err != nil {
		return nil, err
	}
	if len(patch) >= len(want) {
		return nil, fmt.Errorf("%w: %d bytes", ErrUselessPatch, len(patch))
	}
	got, err := delta.Apply(old, patch, int64(len(want)))
	if err == nil && !bytes.Equal(got, want) {
		err = delta.ErrPatch
	}
	return patch, err
}
