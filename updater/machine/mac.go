//go:build !windows

package machine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"github.com/coffer-vault/coffer/internal/policy"
	"github.com/coffer-vault/coffer/updater"
)

// Mac is the System of a Mac. It compiles for all but Windows, to be tested with other programs in the place of Apple's.
type Mac struct {
	program   string // full path of the desktop program's executable
	log       string // what the installer says, of the last package
	installer string // Apple's
	ps        string // Apple's
	pkgutil   string // Apple's
	notes     string // what everybody may read
	nobody    *syscall.Credential
}

// NewMac names the executable in the application's bundle, and where the installer's words are kept: in a folder of root's alone.
func NewMac(program, log string) *Mac {
	const nobody = 1<<32 - 2 // uid and gid -2, as in every macOS
	return &Mac{program: program, log: log, installer: "/usr/sbin/installer", ps: "/bin/ps", pkgutil: "/usr/sbin/pkgutil", notes: MacNotes,
		nobody: &syscall.Credential{Uid: nobody, Gid: nobody}}
}

var _ System = (*Mac)(nil)

// Automatic is false: a package for macOS asks nobody for anything. The policy says it.
func (*Mac) Automatic() bool { return false }

// Policy is read from the managed preferences.
func (*Mac) Policy() policy.Policy { return policy.Read() }

// Install verifies the package and hands it to Apple's installer, which is not bound to the context: the package stops this service, and
// must go on when it does. The file keeps its name meanwhile, since root alone can write to its folder.
func (m *Mac) Install(_ context.Context, s updater.Staged) (Outcome, error) {
	file, err := hold(s)
	if err != nil {
		return Outcome{}, err
	}
	defer file.Close()
	log, err := os.OpenFile(m.log, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return Outcome{}, fmt.Errorf("install package: %w", err)
	}
	defer log.Close()
	cmd := exec.Command(m.installer, "-verboseR", "-pkg", s.Path, "-target", "/")
	cmd.Dir, cmd.Stdout, cmd.Stderr = "/", log, log
	// Out of this one's process group, which launchd ends with its job.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	err = cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return Outcome{Failed, exit.ExitCode()}, nil
	}
	if err != nil {
		return Outcome{}, fmt.Errorf("install package: %w", err)
	}
	return Outcome{Installed, 0}, nil
}

// InUse looks for the program itself; a copy elsewhere does not hold the installation up.
func (m *Mac) InUse() (bool, error) { return m.runs(m.program) }

// runs looks through the processes of all users; ps prints the path that each was started from.
func (m *Mac) runs(program string) (bool, error) {
	out, err := exec.Command(m.ps, "-axww", "-o", "comm=").Output()
	if err != nil {
		return false, fmt.Errorf("list processes: %w", err)
	}
	if len(bytes.TrimSpace(out)) == 0 {
		return false, errors.New("list processes: there are none")
	}
	for line := range strings.Lines(string(out)) {
		if strings.TrimSpace(line) == program {
			return true, nil
		}
	}
	return false, nil
}
