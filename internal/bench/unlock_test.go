//go:build linux

package bench

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/coffer-vault/coffer/app/platform"
	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/kdf"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/internal/testbus"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/vault"
)

// sizes are the numbers of items. One is what a process and its key derivation cost: the table of run.sh subtracts it.
var sizes = []int{1, 1_000, 10_000, 100_000, 250_000}

// BenchmarkUnlockList is the time from the start of a process until it has printed the titles of all items and ended: key derivation,
// reading and opening. Both programs derive the key with Argon2id at the cost of P2, or for next to nothing (cheap).
func BenchmarkUnlockList(b *testing.B) {
	if cheap() {
		b.Run("key=cheap", unlockLists)
	} else {
		unlockLists(b)
	}
}

func unlockLists(b *testing.B) {
	for _, n := range sizes {
		b.Run("items="+strconv.Itoa(n)+"/program=coffer", func(b *testing.B) {
			measureList(b, n, once(fmt.Sprint("coffer ", n), func() command { return cofferProfile(b, n) }))
		})
		if n > 100_000 {
			continue // it takes a minute then: this size is for the growth of ours
		}
		b.Run("items="+strconv.Itoa(n)+"/program=keepassxc", func(b *testing.B) {
			measureList(b, n, once(fmt.Sprint("keepassxc ", n), func() command { return keepassDatabase(b, n) }))
		})
	}
}

// command makes the process that lists all items.
type command func() *exec.Cmd

func measureList(b *testing.B, n int, list command) {
	var u usage
	for b.Loop() {
		if lines := u.run(b, list(), masterPassword+"\n"); lines < n {
			b.Fatalf("%d lines", lines)
		}
	}
	u.report(b)
}

// prepared are the commands whose vaults are there.
var prepared = map[string]command{}

func once(name string, prepare func() command) command {
	if prepared[name] == nil {
		prepared[name] = prepare()
	}
	return prepared[name]
}

// desktop is the one session with a bus and a keyring; the keyring's client keeps its connection for the life of a process.
var desktop *testbus.Session

func startDesktop(b *testing.B) *testbus.Session {
	b.Helper()
	if desktop == nil {
		t := shared.of(b)
		desktop = testbus.Start(t, t.TempDir())
		if err := os.Setenv("DBUS_SESSION_BUS_ADDRESS", desktop.Address); err != nil {
			b.Fatal(err)
		}
	}
	return desktop
}

// cofferProfile makes an account with n items, in step with its server, which is not there any more: its sync shall not be measured.
func cofferProfile(b *testing.B, n int, more ...vault.Item) command {
	b.Helper()
	desk, dir := startDesktop(b), shared.of(b).TempDir()
	cofferctl, home := filepath.Join(dir, "cofferctl"), filepath.Join(dir, "profile")
	var u usage
	build := []string{"build"}
	if cheap() {
		build = []string{"test", "-c"} // no other program does what a test alone may
	}
	u.run(b, exec.Command("go", append(build, "-trimpath", "-o", cofferctl, "github.com/coffer-vault/coffer/app/cmd/cofferctl")...), "")
	paths, err := platform.PathsBelow(home)
	if err != nil {
		b.Fatal(err)
	}
	server := testkit.Cloud(b)
	unlocked := signUp(b, paths, server)
	_, err = unlocked.Vault().Batch(b.Context(), append(logins(n), more...), nil, nil)
	if err == nil {
		err = unlocked.Sync(b.Context())
	}
	if err != nil {
		b.Fatal(err)
	}
	unlocked.Lock()
	server.Stop()
	list := func() *exec.Cmd {
		cmd := desk.Command(cofferctl, "list")
		cmd.Env = append(cmd.Env, platform.HomeVariable+"="+home)
		if cheap() {
			cmd.Env = append(cmd.Env, "COFFER_CTL_CHEAP_KEY=1")
		}
		return cmd
	}
	// A lock writes 8 MiB of the sealed index; an app that stays unlocked after an import writes all of it.
	for range 1 + n/20_000 {
		u.run(b, list(), masterPassword+"\n")
	}
	return list
}

func signUp(b *testing.B, paths platform.Paths, server *testkit.Server) *session.Unlocked {
	b.Helper()
	m := session.New(session.Config{Paths: paths, Keyring: platform.NewKeyring(paths), DeviceName: "PC", Platform: "linux"})
	s, err := m.BeginSignUp(b.Context(), server.URL, "anna@example.com")
	if err != nil {
		b.Fatal(err)
	}
	if err := s.Verify(b.Context(), server.LastCode(b, "anna@example.com")); err != nil {
		b.Fatal(err)
	}
	u, err := s.Finish(b.Context(), secret.FromString(masterPassword))
	if err != nil {
		b.Fatal(err)
	}
	return u
}

// keepassDatabase has KeePassXC itself save a database with n items.
func keepassDatabase(b *testing.B, n int) command {
	b.Helper()
	desk := startDesktop(b)
	database := filepath.Join(shared.of(b).TempDir(), "items.kdbx")
	file, err := os.Create(database)
	if err != nil {
		b.Fatal(err)
	}
	defer file.Close()
	cost := kdf.Default
	if cheap() {
		cost = kdf.Profile{MemoryKiB: 64, Time: 1, Threads: 1}
	}
	if err := writeKDBX(file, n, masterPassword, cost); err != nil {
		b.Fatal(err)
	}
	var u usage
	u.run(b, desk.Command("keepassxc-cli", "mkdir", "-q", database, "saved"), masterPassword+"\n")
	return func() *exec.Cmd { return desk.Command("keepassxc-cli", "ls", "-q", "-R", "-f", database) }
}
