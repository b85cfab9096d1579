//go:build !windows

package updater

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"syscall"

	"github.com/coffer-vault/coffer/internal/atomicfile"
	"github.com/coffer-vault/coffer/updater/internal/acl"
)

// openOwn opens or makes a file in a folder of ours. A symbolic link is an error.
func openOwn(path string, flag int) (*os.File, error) {
	return os.OpenFile(path, flag|syscall.O_NOFOLLOW, 0o600)
}

// checkOwn refuses a folder of the updater that is not ours alone to write.
func checkOwn(dir string) error {
	info, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("check update folder: %w", err)
	}
	if !info.IsDir() || info.Mode().Perm()&0o022 != 0 || owner(info) != os.Geteuid() {
		return fmt.Errorf("%w: %s", ErrUnsafeFolder, dir)
	}
	return nil
}

// checkFolder refuses a program's folder that another user can write, or whose place in the tree another user can change.
func checkFolder(dir string) error {
	if err := acl.CheckWriters(dir); err != nil {
		return fmt.Errorf("%w: %w", ErrUnsafeFolder, err)
	}
	return nil
}

func owner(info fs.FileInfo) int { return int(info.Sys().(*syscall.Stat_t).Uid) }

// link gives the program a second name.
func link(program, second string) error { return os.Link(program, second) }

// putBack replaces the program by the old one.
func (p *Program) putBack() error { return atomicfile.Rename(p.oldPath(), p.path) }

// detach lets a process outlive this one and its terminal.
func detach(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }
