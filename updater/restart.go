package updater

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"syscall"

	"github.com/coffer-vault/coffer/internal/buildinfo"
)

// waiterFlag makes a process a waiter: <program> waiterFlag <path> <folder> [arguments…]
const waiterFlag = "--update-waiter"

// Restart starts a small waiter, which starts the program again with args when this process has ended. Quit after it. The waiter is
// the previous program where there is one, so that a new version that cannot even start is taken back.
func (p *Program) Restart(args ...string) error {
	waiter := p.oldPath()
	if _, err := os.Lstat(waiter); err != nil {
		waiter = p.path
	}
	read, write, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("restart: %w", err)
	}
	defer read.Close()
	cmd := exec.Command(waiter, append([]string{waiterFlag, p.path, p.store.dir}, args...)...)
	// The waiter reads until this process ends, however it ends. No process id could be taken over by another meanwhile.
	cmd.Stdin = read
	detach(cmd)
	if err := cmd.Start(); err != nil {
		return errors.Join(fmt.Errorf("restart: %w", err), write.Close())
	}
	p.waiting = write
	return cmd.Process.Release()
}

// RunWaiter does a waiter's work if args, os.Args, ask for it. Call it before anything else in main and exit if it reports true.
func RunWaiter(args []string, log *slog.Logger) (handled bool, err error) {
	if len(args) < 4 || args[1] != waiterFlag {
		return false, nil
	}
	io.Copy(io.Discard, os.Stdin)
	p, err := NewProgram(args[2], args[3], buildinfo.Current(), log)
	if err != nil {
		return true, err
	}
	return true, p.supervise(args[4:])
}

// supervise starts the program and watches the trial of a new version: if it fails, the previous one is put back and started.
func (p *Program) supervise(args []string) error {
	if _, err := Restore(p.path); err != nil {
		return err
	}
	failed, err := p.fails(args)
	if err != nil || !failed {
		return err
	}
	// Read once nothing runs that could write: a version that was ended while it proved healthy is started again, and stays.
	st, err := p.store.load()
	if err != nil {
		return err
	}
	if st.Swap != nil {
		if _, err := p.rollBack(*st.Swap); err != nil {
			return err
		}
	}
	return p.start(args).Start()
}

// fails runs the program and reports whether it failed: it cannot be started, crashes, or has not proved healthy after HealthWindow.
// The last is ended here, since it keeps the profile from the version that follows.
func (p *Program) fails(args []string) (bool, error) {
	cmd := p.start(args)
	if err := cmd.Start(); err != nil {
		return true, nil
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case err := <-ended:
		return err != nil && p.onTrial(), nil
	case <-p.after(HealthWindow):
	}
	if !p.onTrial() {
		return false, nil
	}
	if err := p.at("time is over"); err != nil {
		return false, err
	}
	p.log.Warn("the new version has not proved healthy in time")
	if err := kill(cmd.Process); err != nil {
		return false, fmt.Errorf("end new version: %w", err)
	}
	<-ended
	return true, nil
}

// kill ends a process unless it has ended by itself meanwhile, for which Windows has an error of its own.
func kill(process *os.Process) error {
	err := process.Kill()
	if errors.Is(err, os.ErrProcessDone) || errors.Is(err, syscall.EINVAL) {
		return nil
	}
	return err
}

// onTrial reports whether a new version has yet to prove healthy.
func (p *Program) onTrial() bool {
	st, err := p.store.load()
	return err == nil && st.Swap != nil
}

func (p *Program) start(args []string) *exec.Cmd {
	cmd := exec.Command(p.path, args...)
	detach(cmd)
	return cmd
}
