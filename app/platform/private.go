package platform

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
)

// Secure closes what other users of this PC could read of the profile: folders get 0700 and files 0600; on Windows this user and SYSTEM have
// access, and nothing is inherited from above. It returns how many were open. What belongs to somebody else fails
// with ErrNotPrivate, and links are left alone: they may lead anywhere.
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

// missingIsFine: the database's own files come and go while the profile is walked.
func missingIsFine(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
