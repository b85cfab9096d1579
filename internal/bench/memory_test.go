//go:build linux

package bench

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/app/platform"
	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/secret"
)

// BenchmarkMemory is what a process without a window has resident with its vault unlocked: unlocked-MB as soon as the list is there, with
// what the key derivation took; rest-MB after every item was opened behind it, and once what Go keeps is given back, as the app does when
// its list has appeared.
func BenchmarkMemory(b *testing.B) {
	for _, n := range []int{1, 10_000, 100_000} {
		b.Run(fmt.Sprint("items=", n), func(b *testing.B) {
			list := once(fmt.Sprint("coffer ", n), func() command { return cofferProfile(b, n) })
			for b.Loop() {
				cmd := exec.Command(os.Args[0])
				cmd.Env = append(list().Env, unlocksVariable+"=1")
				output, err := cmd.CombinedOutput()
				var unlocked, rest float64
				if err == nil {
					_, err = fmt.Sscan(string(output), &unlocked, &rest)
				}
				if err != nil {
					b.Fatalf("%v: %s", err, output)
				}
				b.ReportMetric(unlocked, "unlocked-MB")
				b.ReportMetric(rest, "rest-MB")
			}
		})
	}
}

// unlocksVariable makes this program the process that BenchmarkMemory looks at.
const unlocksVariable = "COFFER_BENCH_UNLOCKS"

// unlockAndTell unlocks the one account of a profile and prints what is resident.
func unlockAndTell(ctx context.Context) error {
	paths, err := platform.DefaultPaths()
	if err != nil {
		return err
	}
	m := session.New(session.Config{Paths: paths, Keyring: platform.NewKeyring(paths), DeviceName: "PC", Platform: "linux"})
	defer m.Close()
	u, err := m.Unlock(ctx, m.Accounts()[0].ID, secret.FromString(masterPassword))
	if err != nil {
		return err
	}
	defer u.Lock()
	fmt.Println(residentMB())
	if err := u.Vault().Checked(ctx); err != nil {
		return err
	}
	debug.FreeOSMemory()
	fmt.Println(residentMB())
	return nil
}

// residentMB is what this process has resident (proc(5), status).
func residentMB() float64 {
	status, _ := os.ReadFile("/proc/self/status")
	_, after, _ := strings.Cut(string(status), "VmRSS:")
	var kib float64
	fmt.Sscan(after, &kib)
	return kib * 1024 / 1e6
}
