//go:build !windows

package updater

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"github.com/coffer-vault/coffer/internal/atomicfile"
	"github.com/minio/selfupdate"
)

// noFollow makes opening a symbolic link an error.
const noFollow = syscall.O_NOFOLLOW

// checkFolder refuses a folder that another user can write, or whose place in the tree another user can change.
func checkFolder(dir string) error {
	for at := dir; ; at = filepath.Dir(at) {
		info, err := os.Lstat(at)
		if err != nil {
			return fmt.Errorf("check program folder: %w", err)
		}
		owner := info.Sys().(*syscall.Stat_t).Uid
		writable := info.Mode().Perm()&0o022 != 0
		// In a sticky folder such as /tmp nobody else can move what is ours.
		if at != dir && info.Mode()&fs.ModeSticky != 0 {
			writable = false
		}
		if !info.IsDir() || writable || owner != 0 && owner != uint32(os.Geteuid()) {
			return fmt.Errorf("%w: %s", ErrUnsafeFolder, at)
		}
		if at == filepath.Dir(at) {
			return nil
		}
	}
}

// swap keeps the old program under a second name and then puts the new one in its place in one step, so that there is a program at
// every moment. minio/selfupdate renames twice; it serves where the file system knows no second names.
func (p *Program) swap(opts selfupdate.Options) error {
	if err := os.Remove(p.oldPath()); err != nil && !os.IsNotExist(err) {
		return err
	}
	if err := os.Link(p.path, p.oldPath()); err != nil {
		return selfupdate.CommitBinary(opts)
	}
	if err := p.at("saved"); err != nil {
		return err
	}
	return os.Rename(p.newPath(), p.path)
}

// putBack replaces the program by the old one.
func (p *Program) putBack() error { return atomicfile.Rename(p.oldPath(), p.path) }

// detach lets a process outlive this one and its terminal.
func detach(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }
