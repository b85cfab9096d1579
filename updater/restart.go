package updater

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"time"

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

// supervise starts the program and watches the trial of a new version: if it crashes, the previous one is put back and started.
func (p *Program) supervise(args []string) error {
	if _, err := Restore(p.path); err != nil {
		return err
	}
	crashed, err := p.crashes(args)
	if err != nil || !crashed {
		return err
	}
	st, err := p.store.load()
	if err != nil || st.Swap == nil {
		return err
	}
	if _, err := p.rollBack(*st.Swap); err != nil {
		return err
	}
	return p.start(args).Start()
}

// crashes runs the program and reports whether it failed within HealthWindow. One that cannot be started at all has failed.
func (p *Program) crashes(args []string) (bool, error) {
	cmd := p.start(args)
	if err := cmd.Start(); err != nil {
		return true, nil
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case err := <-ended:
		return err != nil, nil
	case <-time.After(HealthWindow):
		return false, nil
	}
}

func (p *Program) start(args []string) *exec.Cmd {
	cmd := exec.Command(p.path, args...)
	detach(cmd)
	return cmd
}
