package platform

import (
	"fmt"
	"io/fs"
	"path/filepath"
)

// Secure closes what other users of this PC could read of the profile: folders get 0700 and files 0600. It returns how many had to be
// mended. What belongs to somebody else fails with ErrNotPrivate, and links are left alone: they may lead anywhere. On Windows there is
// nothing to do: the folders inherit the access of the one above, which keeps the default ones private.
func (p Paths) Secure() (mended int, err error) {
	for _, dir := range []string{p.Home, p.Data, p.Logs} {
		err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
			if err != nil {
				return missingIsFine(err)
			}
			closed, err := closeToOthers(path, entry)
			if closed {
				mended++
			}
			return err
		})
		if err != nil {
			return mended, fmt.Errorf("secure profile: %w", err)
		}
	}
	return mended, nil
}
