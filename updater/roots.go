package updater

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"

	"github.com/coffer-vault/coffer/internal/atomicfile"
	"github.com/theupdateframework/go-tuf/v2/metadata/trustedmetadata"
)

const (
	maxRoot      = 64 << 10 // bytes
	maxRotations = 64       // roots followed in one check
)

// roots is the chain of trust on this computer: <n>.root.json of every root it ever accepted. None is deleted, and a check starts
// from the newest: a mirror that hides 2.root.json would otherwise bring the keys back that version 2 revoked. go-tuf forgets that
// when it is given the embedded root, and does not flush what it writes; so the walk along the roots is done here.
type roots struct {
	dir       string
	bootstrap []byte // root that the program carries, for the first run
}

var rootName = regexp.MustCompile(`^([1-9][0-9]{0,9})\.root\.json$`)

// newest returns the newest root, which it keeps if it is the bootstrap one. A program may carry a newer root than it last saw,
// after it was installed anew. ErrTrustDamaged if the newest file cannot be read: an older one may trust revoked keys.
func (r roots) newest() ([]byte, error) {
	carried, err := trustedmetadata.New(r.bootstrap)
	if err != nil {
		return nil, errors.Join(ErrTrustDamaged, err)
	}
	version, err := r.highest()
	if err != nil {
		return nil, err
	}
	if carried.Root.Signed.Version >= version {
		if carried.Root.Signed.Version > version {
			err = r.keep(carried.Root.Signed.Version, r.bootstrap)
		}
		return r.bootstrap, err
	}
	data, err := os.ReadFile(r.path(version))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTrustDamaged, err)
	}
	if kept, err := trustedmetadata.New(data); err != nil || kept.Root.Signed.Version != version {
		return nil, errors.Join(ErrTrustDamaged, err)
	}
	return data, nil
}

// highest returns the version of the newest kept root, 0 on the first run.
func (r roots) highest() (version int64, err error) {
	entries, err := os.ReadDir(r.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, fmt.Errorf("read update roots: %w", err)
	}
	for _, e := range entries {
		if m := rootName.FindStringSubmatch(e.Name()); m != nil {
			n, _ := strconv.ParseInt(m[1], 10, 64) // at most ten digits, by the expression
			version = max(version, n)
		}
	}
	return version, nil
}

func (r roots) path(version int64) string {
	return filepath.Join(r.dir, strconv.FormatInt(version, 10)+".root.json")
}

func (r roots) keep(version int64, data []byte) error {
	return atomicfile.WriteFile(r.path(version), data, 0o600)
}

// advance follows the roots that a mirror offers (TUF 1.0.31, section 5.3) and returns the newest. Each is on the disk before it is
// believed, and stays believed if the mirror lies afterwards.
func (r roots) advance(m *mirror) ([]byte, error) {
	newest, err := r.newest()
	if err != nil {
		return nil, err
	}
	trusted, err := trustedmetadata.New(newest)
	if err != nil {
		return nil, err
	}
	for range maxRotations {
		version := trusted.Root.Signed.Version + 1
		next, err := m.DownloadFile(fmt.Sprintf("%s%d.root.json", m.metadataURL(), version), maxRoot, 0)
		if notFound(err) {
			return newest, nil
		} else if err != nil {
			return nil, err
		}
		if _, err := trusted.UpdateRoot(next); err != nil {
			return nil, err
		}
		if err := r.keep(version, next); err != nil {
			return nil, err
		}
		newest = next
	}
	return newest, nil
}
