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
	"github.com/minio/selfupdate"
	"golang.org/x/sys/windows"
)

// noFollow has no flag on Windows; links are refused by checkPlace, and the folder is ours alone.
const noFollow = 0

// checkFolder refuses a folder that anyone but this user, SYSTEM and administrators may write.
func checkFolder(dir string) error {
	user, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return fmt.Errorf("check program folder: %w", err)
	}
	if err := acl.CheckWriters(dir, user.User.Sid); err != nil {
		return fmt.Errorf("%w: %w", ErrUnsafeFolder, err)
	}
	return nil
}

// swap renames the running program away, which Windows allows, and the new one into its place. It does not allow to replace it in
// one step; a crash in between leaves no program, and Restore the old one.
func (p *Program) swap(opts selfupdate.Options) error { return selfupdate.CommitBinary(opts) }

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
