//go:build linux

// Package bench measures what a user waits for, beside the programs that people know, on the same items and in one run. make bench
// runs it; docs/performance.md says how to read the figures. The cost of a key derivation is the real one here.
//
// A figure of a program is that of a process, from its start to its exit. Beside the time that passed (sec/op) there is the time
// of its processors (cpu-sec), which a busy machine changes less, and the most memory that it held (peak-MB).
package bench

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/crypto/kdf"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault"
)

// masterPassword opens the vaults of all programs.
const masterPassword = "correct horse battery staple"

// shared outlives a benchmark: what takes long to make is made once and not for each of its runs.
var shared lasting

func TestMain(m *testing.M) {
	if os.Getenv(unlocksVariable) != "" {
		if err := unlockAndTell(context.Background()); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	if cheap() {
		kdf.LowerCostForTests()
	}
	code := m.Run()
	shared.end()
	os.Exit(code)
}

// cheapVariable lets the key derivations cost nothing, of both programs in BenchmarkUnlockList: one takes longer than all that comes after
// it, and its own time differs by more than that.
const cheapVariable = "COFFER_BENCH_CHEAP_KEY"

func cheap() bool { return os.Getenv(cheapVariable) != "" }

// lasting stands for the testing.TB of a benchmark that has returned.
type lasting struct {
	testing.TB
	cleanups []func()
}

// of borrows the benchmark that runs now, to fail.
func (l *lasting) of(b *testing.B) testing.TB {
	l.TB = b
	return l
}

func (l *lasting) Cleanup(f func()) { l.cleanups = append(l.cleanups, f) }

func (l *lasting) Context() context.Context { return context.Background() }

func (l *lasting) TempDir() string {
	dir, err := os.MkdirTemp("", "coffer-bench")
	if err != nil {
		l.Fatal(err)
	}
	l.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func (l *lasting) end() {
	for i := len(l.cleanups) - 1; i >= 0; i-- {
		l.cleanups[i]()
	}
}

// record is an item as every program has it.
type record struct{ title, user, password, url string }

func recordNumber(i int) record {
	return record{
		title: fmt.Sprintf("Account %d at site%d", i, i%5000), user: fmt.Sprintf("user%d@example.com", i%977),
		password: fmt.Sprintf("pass-%08d-word", i), url: fmt.Sprintf("https://login.site%d.example/", i),
	}
}

func logins(n int) []vault.Item {
	items := make([]vault.Item, n)
	for i := range items {
		r := recordNumber(i)
		items[i] = vault.Item{Kind: vault.Login, Title: r.title, Websites: []string{r.url}}
		items[i].Set(vault.Username, secret.FromString(r.user))
		items[i].Set(vault.Password, secret.FromString(r.password))
	}
	return items
}

// usage sums what processes took.
type usage struct {
	cpu  float64 // seconds
	peak int     // KiB
}

// run runs a process to its end, gives it input and counts its lines of output.
func (u *usage) run(b *testing.B, cmd *exec.Cmd, input string) (lines int) {
	b.Helper()
	var output, trouble bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(input), &output, &trouble
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	ended, watched := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(watched)
		u.watch(cmd.Process.Pid, ended)
	}()
	err := cmd.Wait()
	close(ended)
	<-watched
	if err != nil {
		b.Fatalf("%s: %v: %s", cmd, err, &trouble)
	}
	u.cpu += (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
	return bytes.Count(output.Bytes(), []byte("\n"))
}

// watch looks at the most memory that a process has held so far. The number that a process leaves behind is of no use: it begins
// with that of the process which started it.
func (u *usage) watch(pid int, ended <-chan struct{}) {
	for {
		status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid)) // gone: nothing more to see
		if _, after, found := strings.Cut(string(status), "VmHWM:"); found {
			var kib int
			fmt.Sscan(after, &kib)
			u.peak = max(u.peak, kib)
		}
		select {
		case <-ended:
			return
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func (u *usage) report(b *testing.B) {
	b.ReportMetric(u.cpu/float64(b.N), "cpu-sec/op")
	b.ReportMetric(float64(u.peak)*1024/1e6, "peak-MB")
}
