package browsertest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// pollPause is how long to wait before looking again for something that a browser gives no event for.
const pollPause = 50 * time.Millisecond

// command prepares a browser that dies with the context, and with this process: nothing is left behind by a test.
// A nil env is this process's own; HOME is home in any case.
func command(ctx context.Context, env []string, home, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	if env == nil {
		env = os.Environ()
	}
	for _, variable := range env {
		if !strings.HasPrefix(variable, "XDG_CONFIG_HOME=") { // it would lead out of home
			cmd.Env = append(cmd.Env, variable)
		}
	}
	cmd.Env = append(cmd.Env, "HOME="+home)
	// A browser is many processes; the group has them all.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	return cmd
}

// poll asks until done says so, the browser's run ends or asking fails.
func poll(ctx context.Context, what string, done func() (bool, error)) error {
	for {
		ok, err := done()
		if err != nil || ok {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: %w", what, ctx.Err())
		case <-time.After(pollPause):
		}
	}
}
