package updater

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/coffer-vault/coffer/internal/atomicfile"
	"github.com/coffer-vault/coffer/internal/buildinfo"
	"github.com/coffer-vault/coffer/updater/manifest"
	"github.com/theupdateframework/go-tuf/v2/metadata"
	"github.com/theupdateframework/go-tuf/v2/metadata/config"
	"github.com/theupdateframework/go-tuf/v2/metadata/trustedmetadata"
	tuf "github.com/theupdateframework/go-tuf/v2/metadata/updater"
)

// maxRelease bounds the file of a release in bytes, whatever its signed metadata says.
const maxRelease = 512 << 20

// offer is a target that signed metadata vouches for.
type offer struct {
	manifest manifest.Manifest
	name     string // path below targets/, with the hash
	sha256   string // hex
	size     int64
}

// partName is the file of an unfinished download.
func (o *offer) partName() string { return o.sha256 + ".part" }

// partNames are the files that a download of the offer may go on from; none without an offer.
func (o *offer) partNames() (names []string) {
	if o == nil {
		return nil
	}
	for _, patch := range o.manifest.Patches {
		names = append(names, patch.SHA256+".part")
	}
	return append(names, o.partName())
}

func (o *offer) release(installed buildinfo.Number) Release {
	m := o.manifest
	return Release{Version: m.Version, Notes: m.Notes, Urgent: m.Urgent(installed), Size: o.size, SHA256: o.sha256}
}

// query runs TUF's client workflow against one mirror. It returns nil if the repository is sound but has no release for us.
func (c *Client) query(m *mirror) (found *offer, err error) {
	defer func() {
		// go-tuf trips over some JSON nulls before it has checked a signature.
		if r := recover(); r != nil {
			found, err = nil, fmt.Errorf("%w: %v", ErrTampered, r)
		}
		err = classify(err)
	}()
	root, err := c.roots.advance(m)
	if err != nil {
		return nil, err
	}
	client, err := c.newTUF(m, root)
	if err != nil {
		return nil, err
	}
	if err := client.Refresh(); err != nil {
		return nil, err
	}
	info, err := client.GetTargetInfo(c.cfg.Target.Path())
	if err != nil && isUnlisted(client.GetTrustedMetadataSet(), c.cfg.Target) {
		return nil, c.flush()
	} else if err != nil {
		return nil, err
	}
	if found, err = newOffer(c.cfg.Target, info); err != nil {
		return nil, err
	}
	return found, c.flush()
}

// newTUF prepares go-tuf over the local metadata. The roots were walked already, so it gets the newest and follows none.
func (c *Client) newTUF(m *mirror, root []byte) (*tuf.Updater, error) {
	if err := c.dropTorn(); err != nil {
		return nil, err
	}
	cfg, err := config.New(m.metadataURL(), root)
	if err != nil {
		return nil, err
	}
	cfg.LocalMetadataDir = c.metadataDir()
	cfg.LocalTargetsDir = c.metadataDir() // only made, never used: downloads are ours, with resumption
	cfg.MaxRootRotations = 0
	cfg.MaxDelegations = 2 // targets and one delegated role: delegations are flat
	cfg.Fetcher = m
	client, err := tuf.New(cfg)
	if err != nil {
		return nil, err
	}
	client.UnsafeSetRefTime(c.cfg.Now().UTC())
	return client, nil
}

func (c *Client) metadataDir() string { return filepath.Join(c.cfg.Dir, "metadata") }

// newOffer reads what the metadata says of a target.
func newOffer(target manifest.Target, info *metadata.TargetFiles) (*offer, error) {
	m, err := manifest.FromTarget(info)
	if err != nil {
		return nil, err
	}
	hash := info.Hashes["sha256"]
	if len(hash) != 32 || info.Length <= 0 || info.Length > maxRelease {
		return nil, fmt.Errorf("%w: target without SHA-256 or of %d bytes", ErrTampered, info.Length)
	}
	sum := hex.EncodeToString(hash)
	name := strings.TrimSuffix(target.Path(), target.File) + sum + "." + target.File
	return &offer{manifest: m, name: name, sha256: sum, size: info.Length}, nil
}

// isUnlisted tells "there is no such release" from "it could not be verified": go-tuf's error does not.
func isUnlisted(set trustedmetadata.TrustedMetadata, target manifest.Target) bool {
	top := set.Targets[metadata.TARGETS]
	if top == nil {
		return false
	}
	if set.Targets[target.Role()] != nil {
		return true
	}
	return top.Signed.Delegations == nil || len(top.Signed.Delegations.GetRolesForTarget(target.Path())) == 0
}

// dropTorn removes local metadata that a power cut has torn: go-tuf would trip over it for ever. The roots are not among it.
func (c *Client) dropTorn() error {
	return c.eachMetadataFile(func(path string, data []byte) error {
		if readable(filepath.Base(path), data) {
			return nil
		}
		c.cfg.Log.Warn("dropping torn update metadata", "file", filepath.Base(path))
		return os.Remove(path)
	})
}

// readable reports whether go-tuf can read a file without an error that it does not expect, or a panic.
func readable(name string, data []byte) (ok bool) {
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	var err error
	switch name {
	case "timestamp.json":
		var m *metadata.Metadata[metadata.TimestampType]
		if m, err = metadata.Timestamp().FromBytes(data); err == nil {
			return m.Signed.Meta["snapshot.json"] != nil
		}
	case "snapshot.json":
		_, err = metadata.Snapshot().FromBytes(data)
	case "root.json":
		_, err = metadata.Root().FromBytes(data)
	default:
		_, err = metadata.Targets().FromBytes(data)
	}
	return err == nil
}

// flush forces what go-tuf wrote to the disk. It writes without.
func (c *Client) flush() error {
	err := c.eachMetadataFile(func(path string, _ []byte) error {
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			return err
		}
		return errors.Join(f.Sync(), f.Close())
	})
	return errors.Join(err, atomicfile.SyncDir(c.metadataDir()))
}

func (c *Client) eachMetadataFile(do func(path string, data []byte) error) error {
	names, err := fs.Glob(os.DirFS(c.metadataDir()), "*.json")
	if err != nil {
		return err
	}
	for _, name := range names {
		path := filepath.Join(c.metadataDir(), name)
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if err := do(path, data); err != nil {
			return err
		}
	}
	return nil
}
