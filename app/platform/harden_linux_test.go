package platform

import (
	"os"
	"os/exec"
	"syscall"
	"testing"
)

// TestCoreDumps crashes itself with the defence and without. Without, the kernel must report a dump, or the test shows nothing.
func TestCoreDumps(t *testing.T) {
	if mode := os.Getenv("COFFER_TEST_CORE"); mode != "" {
		if mode == "on" {
			if err := DisableCoreDumps(); err != nil {
				t.Fatal(err)
			}
		}
		syscall.Kill(os.Getpid(), syscall.SIGSEGV)
		select {}
	}
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_CORE, &limit); err != nil {
		t.Fatal(err)
	}
	if limit.Max < 1<<20 {
		t.Skip("dumps are off on this system already")
	}
	for mode, want := range map[string]bool{"off": true, "on": false} {
		child := exec.Command("sh", "-c", `ulimit -c $(ulimit -H -c) && exec "$0" -test.run=^TestCoreDumps$`, os.Args[0])
		child.Dir = t.TempDir()
		child.Env = append(os.Environ(), "COFFER_TEST_CORE="+mode, "GOTRACEBACK=crash")
		child.Run()
		status := child.ProcessState.Sys().(syscall.WaitStatus)
		if !status.Signaled() || status.CoreDump() != want {
			t.Errorf("defence %s: signal %v, dumped %v, want %v", mode, status.Signal(), status.CoreDump(), want)
		}
	}
}
