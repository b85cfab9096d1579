package platform

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/coffer-vault/coffer/crypto/id"
)

// HomeVariable names the environment variable that moves a whole profile: every path, the keyring entries and the instance.
const HomeVariable = "COFFER_HOME"

// ErrNotPrivate means that someone else owns a folder of the profile, or may write to it, and could put files of theirs into it.
var ErrNotPrivate = errors.New("folder belongs to, or can be changed by, other users")

// Paths are the folders of one profile, all absolute. Create makes them.
type Paths struct {
	Home  string // the profile itself: settings, lock
	Data  string // one database per account
	Cache string // what can be fetched again: downloaded updates
	Logs  string

	profile string
}

// DefaultPaths are the folders where the system wants them, or all below $COFFER_HOME where it is set. On Windows they are
// local: a database must not roam to a server at log-off.
func DefaultPaths() (Paths, error) {
	if home := os.Getenv(HomeVariable); home != "" {
		return PathsBelow(home)
	}
	p, err := systemPaths()
	if err != nil {
		return Paths{}, fmt.Errorf("find the user's folders: %w", err)
	}
	return p, nil
}

// PathsBelow puts a whole profile into one folder. Two spellings of the same folder are the same profile.
func PathsBelow(home string) (Paths, error) {
	home, err := filepath.Abs(home)
	if err != nil {
		return Paths{}, fmt.Errorf("profile folder: %w", err)
	}
	// Links are not resolved: before the first start there is nothing to resolve, and the name must not change with the second.
	name := sha256.Sum256([]byte(home))
	return Paths{
		Home:    home,
		Data:    filepath.Join(home, "vaults"),
		Cache:   filepath.Join(home, "cache"),
		Logs:    filepath.Join(home, "logs"),
		profile: hex.EncodeToString(name[:8]),
	}, nil
}

// Profile tells profiles of one user apart where they share a name space: "" is the default one, others have 16 hex digits.
func (p Paths) Profile() string { return p.profile }

// Account is the path of an account's database.
func (p Paths) Account(account id.ID) string {
	return filepath.Join(p.Data, account.String()+".db")
}

// Files is the folder with the files that are attached to an account's items.
func (p Paths) Files(account id.ID) string {
	return filepath.Join(p.Data, account.String()+".files")
}

// Drafts is the folder with the notes of files that are being written for a person to take elsewhere.
func (p Paths) Drafts() string { return filepath.Join(p.Home, "unfinished") }

// Log is the path of the log file.
func (p Paths) Log() string { return filepath.Join(p.Logs, "coffer.log") }

// Create makes the folders that are missing, for this user alone, and fails with ErrNotPrivate if one of them is not. On Windows SYSTEM
// has access too.
func (p Paths) Create() error {
	for _, dir := range []string{p.Home, p.Data, p.Cache, p.Logs} {
		if err := privateFolder(dir); err != nil {
			return fmt.Errorf("create profile: %w", err)
		}
	}
	return nil
}
