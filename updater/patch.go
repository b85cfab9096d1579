package updater

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"

	"github.com/coffer-vault/coffer/internal/atomicfile"
	"github.com/coffer-vault/coffer/updater/delta"
	"github.com/coffer-vault/coffer/updater/manifest"
)

// stagePatched makes the release out of the program that is installed and a patch, a fraction of the download. Patch, program and result
// are each what signed metadata names, or there is an error and the whole file has to be fetched.
func (c *Client) stagePatched(ctx context.Context, o *offer, progress Progress) error {
	old, patch, err := c.patchable(o)
	if err != nil {
		return err
	}
	d := &download{
		name: path.Join(path.Dir(o.name), patch.StoredName(c.cfg.Target)), size: patch.Size, sha256: patch.SHA256,
		part: c.store.stagedPath(patch.SHA256 + ".part"), final: c.store.stagedPath(patch.SHA256 + ".patch"), progress: progress, at: c.at,
	}
	if err := c.eachMirror(ctx, func(m *mirror) error { return classify(d.from(m)) }); err != nil {
		return err
	}
	patchBytes, err := readOwn(d.final, patch.Size, patch.SHA256)
	if err != nil {
		return err
	}
	content, err := delta.Apply(old, patchBytes, o.size)
	if err != nil {
		return err
	}
	if sum(content) != o.sha256 {
		return fmt.Errorf("%w: other content", delta.ErrPatch)
	}
	if err := c.at("patched"); err != nil {
		return err
	}
	return atomicfile.WriteFile(c.store.stagedPath(path.Base(o.name)), content, 0o600)
}

// errNoPatch means that the whole file is the only way.
var errNoPatch = errors.New("no patch for the program that is installed")

// patchable reads the installed program and finds the patch that changes exactly it.
func (c *Client) patchable(o *offer) ([]byte, manifest.Patch, error) {
	if c.cfg.Program == "" || len(o.manifest.Patches) == 0 {
		return nil, manifest.Patch{}, errNoPatch
	}
	f, err := os.Open(c.cfg.Program)
	if err != nil {
		return nil, manifest.Patch{}, err
	}
	defer f.Close()
	old, err := io.ReadAll(io.LimitReader(f, maxRelease))
	if err != nil {
		return nil, manifest.Patch{}, err
	}
	have := sum(old)
	for _, patch := range o.manifest.Patches {
		if patch.From == have {
			return old, patch, nil
		}
	}
	return nil, manifest.Patch{}, errNoPatch
}
