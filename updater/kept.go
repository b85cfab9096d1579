package updater

import (
	"path/filepath"
	"slices"

	"github.com/coffer-vault/coffer/internal/atomicfile"
	"github.com/coffer-vault/coffer/internal/buildinfo"
)

// keepInstalled has the package that the running version was installed from stay when it is no longer an update: it is the way back from
// the next one. A kill between the two steps is mended by the next call.
func (c *Client) keepInstalled() error {
	st, err := c.store.load()
	if err != nil || !c.cfg.KeepPackages || st.Staged == nil || st.Staged.Version != c.cfg.Installed {
		return err
	}
	kept := *st.Staged
	kept.File, kept.Tries = "kept-"+kept.Version.String()+filepath.Ext(kept.File), 0
	if c.store.hasStaged(*st.Staged) {
		err = atomicfile.Rename(c.store.stagedPath(st.Staged.File), c.store.stagedPath(kept.File))
	} else if !c.store.hasStaged(kept) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := c.at("kept"); err != nil {
		return err
	}
	return c.store.update(func(s *state) {
		s.Staged = nil
		s.Kept = append([]stagedFile{kept}, s.keptOf(func(v buildinfo.Number) bool { return v != kept.Version })...)
	})
}

// keptOf are the packages whose versions are wanted.
func (s *state) keptOf(wanted func(buildinfo.Number) bool) []stagedFile {
	return slices.DeleteFunc(slices.Clone(s.Kept), func(f stagedFile) bool { return !wanted(f.Version) })
}

// Kept is the verified package of the version that runs. ErrNothingStaged if this updater did not install it, or no longer has it.
func (c *Client) Kept() (Staged, error) {
	st, err := c.store.load()
	if err != nil {
		return Staged{}, err
	}
	for _, f := range st.Kept {
		if f.Version == c.cfg.Installed && c.store.hasStaged(f) {
			return Staged{Release{Version: f.Version, Size: f.Size, SHA256: f.SHA256}, c.store.stagedPath(f.File)}, nil
		}
	}
	return Staged{}, ErrNothingStaged
}
