// Package kit makes the emergency kit: one page to be printed, with what a person needs beside the master password to get into
// the vault again. The page holds the Secret Key and is the only thing outside keyring and memory that does, so the package writes
// to a writer or a printer's driver and never to a file: where it goes, and with what permissions, is the caller's care.
package kit

import (
	"errors"
	"fmt"
	"time"

	"github.com/coffer-vault/coffer/assets"
	"github.com/coffer-vault/coffer/crypto/keys"
)

// ErrTooLong means that the texts do not fit on one page.
var ErrTooLong = errors.New("the texts do not fit on one page")

// Paper is the size of the page.
type Paper string

// The papers of most of the world, and of North America.
const (
	A4     Paper = "A4"
	Letter Paper = "Letter"
)

// size is that of the paper in millimetres.
func (p Paper) size() (width, height float64) {
	if p == Letter {
		return 8.5 * mmPerInch, 11 * mmPerInch
	}
	return 210, 297
}

// Kit is what the page says. The master password is not in it: it has an empty line, to be filled by hand.
type Kit struct {
	Email     string
	Server    string // as the user types it
	SecretKey keys.SecretKey
	Recovery  keys.RecoveryCode // missing: the page has no second half
	Device    string            // on which it was made
	Created   time.Time
	Paper     Paper
	Words     *assets.Catalog // a language whose letters the embedded fonts lack is replaced by English
}

// scales are tried one after the other until everything fits: an e-mail address can be 254 characters long.
var scales = []float64{1, 0.9, 0.8, 0.7}

// Draw lays the page out; an ErrTooLong if the texts do not fit.
func Draw(k Kit) (*Page, error) {
	if k.SecretKey.IsZero() {
		return nil, errors.New("emergency kit: no Secret Key")
	}
	typeface, err := loadTypeface()
	if err != nil {
		return nil, fmt.Errorf("emergency kit: %w", err)
	}
	if k.Words, err = typeface.printable(k.Words); err != nil {
		return nil, fmt.Errorf("emergency kit: %w", err)
	}
	for _, scale := range scales {
		s := newSheet(k, typeface, scale)
		if err := s.draw(k); err != nil {
			return nil, fmt.Errorf("emergency kit: %w", err)
		}
		if s.fits() {
			return s.page, nil
		}
	}
	return nil, fmt.Errorf("emergency kit: %w", ErrTooLong)
}
