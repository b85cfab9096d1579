package updater

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path"
	"time"

	"github.com/coffer-vault/coffer/internal/atomicfile"
	"github.com/coffer-vault/coffer/internal/filelock"
	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// Progress is told how many bytes of a download are on the disk.
type Progress func(done, total int64)

// Stage downloads the release that the last Check found, checking first if there was none. It resumes what an earlier call left
// behind, and changes to the other host when one fails. Progress may be nil.
func (c *Client) Stage(ctx context.Context, progress Progress) State {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.remember(ctx, c.stage(ctx, progress))
}

func (c *Client) stage(ctx context.Context, progress Progress) State {
	// An offer is judged again: meanwhile it may have been staged, or have failed.
	found := c.judge(c.offered)
	if c.offered == nil {
		found = c.check(ctx)
	}
	if _, ok := found.(Available); !ok {
		return found
	}
	o := c.offered
	if progress == nil {
		progress = func(int64, int64) {}
	}
	if err := c.obtain(ctx, o, progress); err != nil {
		c.cfg.Log.Warn("update download failed", "version", o.manifest.Version, "err", err)
		return Refused{err}
	}
	if err := c.at("obtained"); err != nil {
		return Refused{err}
	}
	f := stagedFile{Version: o.manifest.Version, File: path.Base(o.name), Size: o.size, SHA256: o.sha256}
	if err := c.store.setStaged(f); err != nil {
		return Refused{err}
	}
	c.cfg.Log.Info("update staged", "version", f.Version)
	if err := c.at("staged"); err != nil {
		return Refused{err}
	}
	return Staged{o.release(c.cfg.Installed), c.store.stagedPath(f.File)}
}

// obtain brings the verified file of a release into the staging folder: by a patch where there is one, else whole.
func (c *Client) obtain(ctx context.Context, o *offer, progress Progress) error {
	err := c.stagePatched(ctx, o, progress)
	if err == nil {
		return nil
	}
	if !errors.Is(err, errNoPatch) {
		c.cfg.Log.Info("update not patched, fetching all of it", "version", o.manifest.Version, "err", err)
	}
	d := &download{
		name: o.name, size: o.size, sha256: o.sha256,
		part: c.store.stagedPath(o.partName()), final: c.store.stagedPath(path.Base(o.name)), progress: progress, at: c.at,
	}
	return c.eachMirror(ctx, func(m *mirror) error { return classify(d.from(m)) })
}

// download fetches one file into a part file and gives it its name once every byte is verified.
type download struct {
	name        string // path below targets/
	size        int64  // bytes
	sha256      string // hex
	part, final string
	progress    Progress
	at          func(step string) error
}

// from downloads from one host. Bytes that a lying host left in the part file make honest ones fail as well; so a resumed download
// that proves wrong begins anew before this host is blamed.
func (d *download) from(m *mirror) error {
	resumed, err := d.attempt(m)
	if resumed && errors.Is(err, ErrTampered) {
		_, err = d.attempt(m)
	}
	return err
}

func (d *download) attempt(m *mirror) (resumed bool, err error) {
	f, err := openOwn(d.part, os.O_CREATE|os.O_RDWR)
	if err != nil {
		return false, fmt.Errorf("stage update: %w", err)
	}
	defer f.Close()
	// Another process that writes to it would write to what this one has verified.
	if err := filelock.Try(f); err != nil {
		return false, fmt.Errorf("stage update: %w", err)
	}
	have, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return false, fmt.Errorf("stage update: %w", err)
	}
	if have < d.size {
		if err := d.fetch(m, f, have); err != nil {
			return have > 0, err
		}
	}
	if err := d.at("fetched"); err != nil {
		return have > 0, err
	}
	if err := d.verify(f); err != nil {
		return have > 0, errors.Join(err, f.Truncate(0))
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return have > 0, fmt.Errorf("stage update: %w", err)
	}
	err = atomicfile.Rename(d.part, d.final)
	if errors.Is(err, fs.ErrNotExist) { // somebody else had verified it, and just gave it its name
		err = fmt.Errorf("stage update: %w", filelock.ErrLocked)
	}
	return have > 0, err
}

// fetch appends the missing bytes, as many as were signed for; what a host sends beyond is not read. Whether they are the right ones,
// and from the right place, the hash will tell.
func (d *download) fetch(m *mirror, f *os.File, have int64) error {
	ctx, cancel := context.WithTimeout(m.ctx, m.limits.Download)
	defer cancel()
	timer := time.AfterFunc(m.limits.Stall, cancel)
	defer timer.Stop()
	res, err := m.get(ctx, m.targetURL(d.name), have)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	switch {
	case res.StatusCode == http.StatusOK && have > 0:
		// The host does not know ranges: from the start, then.
		if err := f.Truncate(0); err != nil {
			return fmt.Errorf("stage update: %w", err)
		}
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return fmt.Errorf("stage update: %w", err)
		}
		have = 0
	case res.StatusCode != http.StatusOK && res.StatusCode != http.StatusPartialContent:
		return &metadata.ErrDownloadHTTP{StatusCode: res.StatusCode, URL: m.targetURL(d.name)}
	}
	return d.copy(f, &patient{io.LimitReader(res.Body, d.size-have), timer, m.limits.Stall}, have)
}

func (d *download) copy(f *os.File, body io.Reader, done int64) error {
	buffer := make([]byte, 64<<10)
	for {
		n, readErr := body.Read(buffer)
		if _, err := f.Write(buffer[:n]); err != nil {
			return fmt.Errorf("stage update: %w", err)
		}
		done += int64(n)
		d.progress(done, d.size)
		if readErr == io.EOF && done == d.size {
			return nil
		}
		if readErr != nil {
			return fmt.Errorf("%w: after %d of %d bytes: %w", ErrHostsUnreachable, done, d.size, readErr)
		}
	}
}

// verify reads back what is on the disk.
func (d *download) verify(f *os.File) error {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("stage update: %w", err)
	}
	h := sha256.New()
	n, err := io.Copy(h, f)
	if err != nil {
		return fmt.Errorf("stage update: %w", err)
	}
	if n != d.size || hex.EncodeToString(h.Sum(nil)) != d.sha256 {
		return fmt.Errorf("%w: the file is not the one that was signed", ErrTampered)
	}
	return nil
}
