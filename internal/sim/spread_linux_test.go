package sim

import (
	"os/exec"
	"runtime"

	"golang.org/x/sys/unix"
)

// slack is how much later than asked for a sleep may end, in nanoseconds.
const slack = 5_000_000

// start starts a process whose timers may be late. A thread of Go's runtime looks every 20 µs whether a call of C keeps others waiting;
// with one goroutine nobody waits, and the looking takes a tenth of the processor.
func start(cmd *exec.Cmd) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	// A process has the slack of the thread that starts it, prctl(2). Where it cannot be set, it only takes longer.
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, slack, 0, 0, 0)
	defer unix.Prctl(unix.PR_SET_TIMERSLACK, 0, 0, 0, 0)
	return cmd.Start()
}
