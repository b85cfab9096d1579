package updater

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"syscall"

	"github.com/coffer-vault/coffer/internal/atomicfile"
	"github.com/coffer-vault/coffer/updater/internal/acl"
	"golang.org/x/sys/windows"
)

// openOwn opens or makes a file in a folder of ours. A symbolic link is an error; nobody else can make one after the look.
func openOwn(path string, flag int) (*os.File, error) {
	if info, err := os.Lstat(path); err == nil && !info.Mode().IsRegular() {
		return nil, &os.PathError{Op: "open", Path: path, Err: ErrUnsafeFolder}
	}
	return os.OpenFile(path, flag, 0o600)
}

// checkFolder refuses a folder that anyone but this user, SYSTEM and administrators may write.
func checkFolder(dir string) error {
	if err := acl.CheckWriters(dir); err != nil {
		return fmt.Errorf("%w: %w", ErrUnsafeFolder, err)
	}
	return nil
}

// checkOwn refuses a folder of the updater that others may write.
func checkOwn(dir string) error { return checkFolder(dir) }

// link is not tried: Windows lets a running program be renamed but not replaced, whatever other name it has.
func link(string, string) error { return errors.ErrUnsupported }

// putBack replaces the program by the old one. It may be running, so it is moved away and not overwritten.
func (p *Program) putBack() error {
	if err := os.Remove(p.failedPath()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Rename(p.path, p.failedPath()); err != nil {
		return err
	}
	return atomicfile.Rename(p.oldPath(), p.path)
}

// detach lets a process outlive this one and its console.
func detach(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: windows.DETACHED_PROCESS | windows.CREATE_NEW_PROCESS_GROUP}
}
