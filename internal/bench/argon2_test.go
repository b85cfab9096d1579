//go:build linux

package bench

import (
	"fmt"
	"os/exec"
	"syscall"
	"testing"

	"github.com/coffer-vault/coffer/crypto/kdf"
	"github.com/coffer-vault/coffer/crypto/secret"
)

// BenchmarkArgon2id compares ours with the reference implementation as Debian builds it, at the same memory, passes and lanes. Its
// process makes one hash and ends (-r: without that it verifies its own hash, at twice the cost). What starting a process costs is in
// both figures: ours is the derivation and a process that does nothing.
func BenchmarkArgon2id(b *testing.B) {
	for _, p := range []kdf.Profile{kdf.P1, kdf.P2, kdf.P3} {
		b.Run("profile="+p.Name+"/program=coffer", func(b *testing.B) { deriveHere(b, p) })
		b.Run("profile="+p.Name+"/program=argon2", func(b *testing.B) {
			var u usage
			for b.Loop() {
				u.run(b, exec.Command("argon2", "sixteen byte sal", "-id", "-r", "-t", fmt.Sprint(p.Time), "-k", fmt.Sprint(p.MemoryKiB), "-p", fmt.Sprint(p.Threads)), masterPassword)
			}
			u.report(b)
		})
	}
}

func deriveHere(b *testing.B, p kdf.Profile) {
	var u usage
	before := cpuTime(b)
	for b.Loop() {
		key, err := kdf.DerivePassword(b.Context(), secret.FromString(masterPassword), [16]byte([]byte("sixteen byte sal")), p)
		if err != nil {
			b.Fatal(err)
		}
		key.Wipe()
		u.run(b, exec.Command("true"), "")
	}
	u.cpu += cpuTime(b) - before
	b.ReportMetric(u.cpu/float64(b.N), "cpu-sec/op")
}

// cpuTime is what this process has used of its processors, in seconds.
func cpuTime(b *testing.B) float64 {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return float64(used.Utime.Nano()+used.Stime.Nano()) / 1e9
}
