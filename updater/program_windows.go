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

// noFollow has no flag on Windows; links are refused by checkPlace, and the folder is ours alone.
const noFollow = 0

// checkFolder refuses a folder that anyone but this user, SYSTEM and administrators may write.
func checkFolder(dir string) error {
	user, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return fmt.Errorf("check folder: %w", err)
	}
	if err := acl.CheckWriters(dir, user.User.Sid); err != nil {
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
	failed := p.sibling(".failed")
	if err := os.Remove(failed); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Rename(p.path, failed); err != nil {
		return err
	}
	return atomicfile.Rename(p.oldPath(), p.path)
}

// detach lets a process outlive this one and its console.
func detach(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: windows.DETACHED_PROCESS | windows.CREATE_NEW_PROCESS_GROUP}
}
