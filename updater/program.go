package updater

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/coffer-vault/coffer/internal/atomicfile"
	"github.com/coffer-vault/coffer/internal/buildinfo"
	"github.com/minio/selfupdate"
)

// HealthWindow is how long a new version has to prove that it works.
const HealthWindow = 5 * time.Minute

// Program is the running executable, which replaces itself by a staged release:
//
//	main: RunWaiter → Heal → … open the database → ConfirmHealthy … → Apply → Restart → quit
//
// The journal in state.json and the previous program, .<name>.old, let Heal finish or take back what a crash interrupted.
type Program struct {
	path      string // absolute, without symbolic links
	installed buildinfo.Number
	store     *store
	log       *slog.Logger
	now       func() time.Time

	trialSince time.Time // when Heal began a trial, with its monotonic clock
	waiting    *os.File  // held open until this process ends, see Restart
	link       func(program, second string) error
	at         func(step string) error // where tests crash
	after      func(time.Duration) <-chan time.Time
}

// NewProgram names the executable at path, usually os.Executable's, the updater's folder and the version that runs.
func NewProgram(path, dir string, installed buildinfo.Number, log *slog.Logger) (*Program, error) {
	real, err := filepath.EvalSymlinks(path)
	if errors.Is(err, fs.ErrNotExist) {
		real, err = path, nil // Restore brings it back
	}
	if err != nil || !filepath.IsAbs(real) || !filepath.IsAbs(dir) {
		return nil, errors.Join(errors.New("set up program: want absolute paths"), err)
	}
	return &Program{
		path: real, installed: installed, store: &store{dir: dir, log: log}, log: log, now: time.Now,
		link: link, at: func(string) error { return nil }, after: time.After,
	}, nil
}

// Path is the program's file.
func (p *Program) Path() string { return p.path }

// sibling is a hidden file beside the program, named as minio/selfupdate names its own.
func (p *Program) sibling(suffix string) string {
	return filepath.Join(filepath.Dir(p.path), "."+filepath.Base(p.path)+suffix)
}

func (p *Program) newPath() string    { return p.sibling(".new") }
func (p *Program) oldPath() string    { return p.sibling(".old") }
func (p *Program) failedPath() string { return p.sibling(".failed") } // on Windows, what was taken back and may still run

// Apply replaces the program by the staged release. The process goes on with the old code until it is restarted. ErrNothingStaged,
// ErrOnTrial, ErrRollback and ErrTampered (what was staged is dropped), ErrUnsafeFolder; after any error the old program is in place.
func (p *Program) Apply() error {
	st, err := p.store.load()
	switch {
	case err != nil:
		return err
	case st.Swap != nil:
		return ErrOnTrial
	case st.Staged == nil:
		return ErrNothingStaged
	case !p.installed.Less(st.Staged.Version):
		// Meanwhile somebody installed a newer version by other means.
		return errors.Join(fmt.Errorf("%w: %v is staged, %v runs", ErrRollback, st.Staged.Version, p.installed), p.store.unstage())
	}
	content, err := p.readStaged(*st.Staged)
	if err != nil {
		return err
	}
	mode, err := p.checkPlace()
	if err != nil {
		return err
	}
	if err := p.store.update(func(s *state) { s.Swap = &swap{To: st.Staged.Version, SHA256: st.Staged.SHA256} }); err != nil {
		return err
	}
	if err := p.replace(content, mode); err != nil {
		return errors.Join(fmt.Errorf("apply update: %w", err), p.abandon())
	}
	if err := p.store.update(func(s *state) { s.Swap.Done = true }); err != nil {
		return err
	}
	p.log.Info("update applied", "version", st.Staged.Version)
	return errors.Join(p.at("recorded"), p.store.unstage())
}

// readStaged returns the very bytes that were verified: what is checked here is what is written, not read a second time.
func (p *Program) readStaged(f stagedFile) ([]byte, error) {
	content, err := readOwn(p.store.stagedPath(f.File), f.Size, f.SHA256)
	switch {
	case errors.Is(err, ErrTampered):
		return nil, errors.Join(err, p.store.unstage())
	case err != nil:
		return nil, errors.Join(fmt.Errorf("%w: %w", ErrNothingStaged, err), p.store.unstage())
	}
	return content, nil
}

// readOwn reads a file of the updater's folder that must have that size and hash. ErrTampered otherwise.
func readOwn(path string, size int64, sha string) ([]byte, error) {
	file, err := openOwn(path, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, size+1))
	if err != nil {
		return nil, fmt.Errorf("read staged update: %w", err)
	}
	if int64(len(content)) != size || sum(content) != sha {
		return nil, fmt.Errorf("%w: the staged file", ErrTampered)
	}
	return content, nil
}

func sum(content []byte) string {
	digest := sha256.Sum256(content)
	return hex.EncodeToString(digest[:])
}

// CanApply reports why the program could not be replaced, nil if it can: ErrUnsafeFolder, or an error of the file system where
// somebody else installed it. Where it cannot, there is no use in looking for updates.
func (p *Program) CanApply() error {
	if _, err := p.checkPlace(); err != nil {
		return err
	}
	probe, err := os.CreateTemp(filepath.Dir(p.path), "."+filepath.Base(p.path)+".probe-*")
	if err != nil {
		return fmt.Errorf("replace program: %w", err)
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name()))
}

// checkPlace refuses folders in which others could plant or change files, and links at the names that are about to be written:
// minio/selfupdate would follow them. It returns the program's permissions.
func (p *Program) checkPlace() (fs.FileMode, error) {
	if err := cmp.Or(checkFolder(filepath.Dir(p.path)), checkOwn(p.store.dir)); err != nil {
		return 0, err
	}
	info, err := os.Lstat(p.path)
	if err != nil {
		return 0, fmt.Errorf("apply update: %w", err)
	}
	for _, name := range []string{p.path, p.newPath(), p.oldPath()} {
		if other, err := os.Lstat(name); err == nil && !other.Mode().IsRegular() {
			return 0, fmt.Errorf("%w: %s is no regular file", ErrUnsafeFolder, filepath.Base(name))
		}
	}
	// Removed and made anew, a left-over cannot be a second name of some other file.
	if err := os.Remove(p.newPath()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, fmt.Errorf("apply update: %w", err)
	}
	return info.Mode().Perm(), nil
}

// replace writes the new program beside the old one, forces it to the disk and swaps the names.
func (p *Program) replace(content []byte, mode fs.FileMode) error {
	digest := sha256.Sum256(content)
	opts := selfupdate.Options{TargetPath: p.path, TargetMode: mode, Checksum: digest[:], OldSavePath: p.oldPath()}
	if err := p.at("journalled"); err != nil {
		return err
	}
	if err := selfupdate.PrepareAndCheckBinary(bytes.NewReader(content), opts); err != nil {
		return err
	}
	if err := p.at("written"); err != nil {
		return err
	}
	if err := flushProgram(p.newPath(), hex.EncodeToString(digest[:])); err != nil {
		return err
	}
	if err := p.swap(opts); err != nil {
		return err
	}
	if err := errors.Join(atomicfile.SyncDir(filepath.Dir(p.path)), p.at("swapped")); err != nil {
		return err
	}
	return checkInstalled(p.path)
}

// swap keeps the old program under a second name and puts the new one in its place in one step, so that there is a program at every
// moment. Where that cannot be, as on Windows, minio/selfupdate renames twice; a crash between leaves none, and Restore the old one.
func (p *Program) swap(opts selfupdate.Options) error {
	if err := os.Remove(p.oldPath()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := p.link(p.path, p.oldPath()); err != nil {
		return selfupdate.CommitBinary(opts)
	}
	if err := p.at("saved"); err != nil {
		return err
	}
	return os.Rename(p.newPath(), p.path)
}

// flushProgram forces a file to the disk and reads it back: minio/selfupdate does neither and ignores the error of Close.
func flushProgram(path, sha string) error {
	f, err := openOwn(path, os.O_RDWR)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	if written, err := fileSum(path); err != nil || written != sha {
		return errors.Join(errors.New("the new program was not written completely"), err)
	}
	return nil
}

// fileSum is the SHA-256 of a file in hex.
func fileSum(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// abandon puts the old program back, if it had moved, and forgets the attempt.
func (p *Program) abandon() error {
	if sha, err := fileSum(p.path); err == nil {
		st, err := p.store.load()
		if err != nil {
			return err
		}
		if st.Swap != nil && sha == st.Swap.SHA256 {
			if err := p.putBack(); err != nil {
				return err
			}
		}
	}
	return p.settle()
}

// settle leaves a program in place and nothing of an attempt.
func (p *Program) settle() error {
	if _, err := Restore(p.path); err != nil {
		return err
	}
	p.removeAside(p.newPath())
	p.removeAside(p.oldPath())
	p.removeAside(p.failedPath())
	return p.store.update(func(s *state) { s.Swap = nil })
}

// removeAside removes a file that nobody needs. On Windows it may still run; then the next update removes it.
func (p *Program) removeAside(path string) {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		p.log.Info("a file of the last update stays for now", "err", err)
	}
}
