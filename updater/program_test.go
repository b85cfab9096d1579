//go:build !windows

package updater

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

const oldContent, newContent = "the old program", "the new program, which is a little longer"

// installation is a program (which need not run) and an updater's folder in which a release is staged.
type installation struct {
	*Program
	t *testing.T
}

func install(t *testing.T) *installation {
	t.Helper()
	path, dir := filepath.Join(t.TempDir(), "coffer"), t.TempDir()
	if err := os.WriteFile(path, []byte(oldContent), 0o755); err != nil {
		t.Fatal(err)
	}
	i := &installation{t: t}
	i.restart(path, dir)
	i.stage(newContent, "1.1.0")
	return i
}

// restart is a new process of the same installation.
func (i *installation) restart(path, dir string) {
	i.t.Helper()
	p, err := NewProgram(path, dir, number("1.0.0"), slog.New(slog.DiscardHandler))
	if err != nil {
		i.t.Fatal(err)
	}
	i.Program = p
}

func (i *installation) again() { i.t.Helper(); i.restart(i.path, i.store.dir) }

func (i *installation) stage(content, version string) {
	i.t.Helper()
	f := stagedFile{Version: number(version), File: version, Size: int64(len(content)), SHA256: sum([]byte(content))}
	err := os.MkdirAll(i.store.stagedDir(), 0o700)
	if err == nil {
		err = os.WriteFile(i.store.stagedPath(f.File), []byte(content), 0o600)
	}
	if err = errors.Join(err, i.store.setStaged(f)); err != nil {
		i.t.Fatal(err)
	}
}

func (i *installation) heal() Recovery {
	i.t.Helper()
	r, err := i.Heal()
	if err != nil {
		i.t.Fatal(err)
	}
	return r
}

// holds fails unless the program is exactly that, executable, with nothing beside it but the names given.
func (i *installation) holds(content string, beside ...string) {
	i.t.Helper()
	data, err := os.ReadFile(i.path)
	if err != nil || string(data) != content {
		i.t.Fatalf("program %q (%v), want %q", data, err, content)
	}
	if info, err := os.Stat(i.path); err != nil || info.Mode().Perm() != 0o755 {
		i.t.Errorf("permissions %v (%v)", info.Mode(), err)
	}
	entries, err := os.ReadDir(filepath.Dir(i.path))
	if err != nil || len(entries) != 1+len(beside) {
		i.t.Errorf("folder holds %v (%v), want the program and %v", entries, err, beside)
	}
	for _, name := range beside {
		if _, err := os.Stat(filepath.Join(filepath.Dir(i.path), name)); err != nil {
			i.t.Error(err)
		}
	}
}

func TestApplyWithTwoRenames(t *testing.T) {
	i := install(t)
	// As on Windows, and on file systems that know no second names.
	i.Program.link = func(string, string) error { return errors.ErrUnsupported }
	if err := i.Apply(); err != nil {
		t.Fatal(err)
	}
	i.holds(newContent, ".coffer.old")
	i.again()
	i.heal()
	i.again()
	if r := i.heal(); !r.RolledBack {
		t.Errorf("%+v", r)
	}
	i.holds(oldContent)
}

func TestCanApply(t *testing.T) {
	i := install(t)
	if err := i.CanApply(); err != nil {
		t.Error(err)
	}
	i.holds(oldContent)
	if os.Geteuid() == 0 {
		return // root may write everywhere
	}
	if err := os.Chmod(filepath.Dir(i.path), 0o555); err != nil {
		t.Fatal(err)
	}
	if err := i.CanApply(); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("a folder of somebody else: %v", err)
	}
}

func TestApplyAndConfirm(t *testing.T) {
	i := install(t)
	if r := i.heal(); r != (Recovery{}) {
		t.Errorf("nothing to heal: %+v", r)
	}
	if err := i.Apply(); err != nil {
		t.Fatal(err)
	}
	i.holds(newContent, ".coffer.old")
	if err := i.Apply(); !errors.Is(err, ErrOnTrial) {
		t.Errorf("applied twice: %v", err)
	}
	i.again()
	if r := i.heal(); r != (Recovery{Trial: true}) {
		t.Errorf("first start: %+v", r)
	}
	if err := i.ConfirmHealthy(); err != nil {
		t.Fatal(err)
	}
	i.holds(newContent)
	i.again()
	if r := i.heal(); r != (Recovery{}) {
		t.Errorf("second start: %+v", r)
	}
	if err := i.Apply(); !errors.Is(err, ErrNothingStaged) {
		t.Errorf("nothing is staged any more: %v", err)
	}
}

func TestUnhealthyVersionIsTakenBack(t *testing.T) {
	i := install(t)
	if err := i.Apply(); err != nil {
		t.Fatal(err)
	}
	i.again()
	i.heal()
	// No ConfirmHealthy: it crashed, or the user ended it. The next start is too late.
	i.again()
	if r := i.heal(); !r.RolledBack || r.Failed != number("1.1.0") || r.Trial {
		t.Errorf("second start: %+v", r)
	}
	i.holds(oldContent)
	if st, err := i.store.load(); err != nil || !st.hasFailed(number("1.1.0")) || st.Swap != nil || st.Staged != nil {
		t.Errorf("state %+v, %v", st, err)
	}
	i.again()
	if r := i.heal(); r != (Recovery{}) {
		t.Errorf("start of the previous version: %+v", r)
	}
}

func TestHealthAfterTheWindowIsTooLate(t *testing.T) {
	i := install(t)
	if err := i.Apply(); err != nil {
		t.Fatal(err)
	}
	i.again()
	started := time.Now()
	i.now = func() time.Time { return started }
	i.heal()
	i.now = func() time.Time { return started.Add(HealthWindow + time.Second) }
	if err := i.ConfirmHealthy(); err == nil {
		t.Error("healthy after more than five minutes")
	}
	i.again()
	if r := i.heal(); !r.RolledBack {
		t.Errorf("next start: %+v", r)
	}
	i.holds(oldContent)
}

func TestStagedFileThatChangedIsNotInstalled(t *testing.T) {
	for name, spoil := range map[string]func(path string) error{
		"other content": func(path string) error { return os.WriteFile(path, []byte(strings.ToUpper(newContent)), 0o600) },
		"longer":        func(path string) error { return os.WriteFile(path, []byte(newContent+"!"), 0o600) },
		"shorter":       func(path string) error { return os.Truncate(path, 3) },
		"gone":          os.Remove,
		"a link":        func(path string) error { return errors.Join(os.Remove(path), os.Symlink("/bin/true", path)) },
		"a folder":      func(path string) error { return errors.Join(os.Remove(path), os.Mkdir(path, 0o700)) },
	} {
		i := install(t)
		if err := spoil(i.store.stagedPath("1.1.0")); err != nil {
			t.Fatal(err)
		}
		if err := i.Apply(); err == nil {
			t.Errorf("%s: installed", name)
		}
		i.holds(oldContent)
		if st, err := i.store.load(); err != nil || st.Swap != nil {
			t.Errorf("%s: state %+v, %v", name, st, err)
		}
	}
}

func TestOlderStagedReleaseIsNotInstalled(t *testing.T) {
	for _, version := range []string{"0.9.0", "1.0.0"} {
		i := install(t)
		i.stage("older", version)
		if err := i.Apply(); !errors.Is(err, ErrRollback) {
			t.Errorf("%s over 1.0.0: %v", version, err)
		}
		i.holds(oldContent)
	}
}

func TestUnsafeFolderIsRefused(t *testing.T) {
	victim := filepath.Join(t.TempDir(), "victim")
	if err := os.WriteFile(victim, []byte("untouched"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(i *installation) error{
		"writable by all":    func(i *installation) error { return os.Chmod(filepath.Dir(i.path), 0o777) },
		"writable by group":  func(i *installation) error { return os.Chmod(filepath.Dir(i.path), 0o775) },
		"sticky is no help":  func(i *installation) error { return os.Chmod(filepath.Dir(i.path), 0o777|fs.ModeSticky) },
		"link for the new":   func(i *installation) error { return os.Symlink(victim, i.newPath()) },
		"link for the old":   func(i *installation) error { return os.Symlink(victim, i.oldPath()) },
		"updater's folder":   func(i *installation) error { return os.Chmod(i.store.dir, 0o777) },
		"folder for the new": func(i *installation) error { return os.Mkdir(i.newPath(), 0o700) },
	} {
		i := install(t)
		if err := spoil(i); err != nil {
			t.Fatal(err)
		}
		if err := i.CanApply(); !errors.Is(err, ErrUnsafeFolder) {
			t.Errorf("%s: can be applied: %v", name, err)
		}
		if err := i.Apply(); !errors.Is(err, ErrUnsafeFolder) {
			t.Errorf("%s: %v", name, err)
		}
		if data, err := os.ReadFile(i.path); err != nil || string(data) != oldContent {
			t.Errorf("%s: program %q, %v", name, data, err)
		}
		if data, err := os.ReadFile(victim); err != nil || string(data) != "untouched" {
			t.Errorf("%s: wrote through a link: %q, %v", name, data, err)
		}
	}
}

func TestParentThatOthersCanWriteIsRefused(t *testing.T) {
	i := install(t)
	parent := filepath.Join(t.TempDir(), "shared")
	inner := filepath.Join(parent, "coffer")
	if err := os.MkdirAll(inner, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Rename(i.path, filepath.Join(inner, "coffer")), os.Chmod(parent, 0o777)); err != nil {
		t.Fatal(err)
	}
	i.restart(filepath.Join(inner, "coffer"), i.store.dir)
	if err := i.Apply(); !errors.Is(err, ErrUnsafeFolder) {
		t.Errorf("anyone could replace the folder: %v", err)
	}
}

// A second name of some other file at the temporary name is removed and not written through.
func TestHardLinkIsNotWrittenThrough(t *testing.T) {
	i := install(t)
	victim := filepath.Join(filepath.Dir(i.path), "victim")
	if err := errors.Join(os.WriteFile(victim, []byte("untouched"), 0o600), os.Link(victim, i.newPath())); err != nil {
		t.Fatal(err)
	}
	if err := i.Apply(); err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(victim); err != nil || string(data) != "untouched" {
		t.Errorf("%q, %v", data, err)
	}
	i.holds(newContent, ".coffer.old", "victim")
}

func TestProgramBehindALink(t *testing.T) {
	i := install(t)
	link := filepath.Join(t.TempDir(), "coffer")
	if err := os.Symlink(i.path, link); err != nil {
		t.Fatal(err)
	}
	i.restart(link, i.store.dir)
	if err := i.Apply(); err != nil {
		t.Fatal(err)
	}
	i.holds(newContent, ".coffer.old")
	if info, err := os.Lstat(link); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Error("the link was replaced instead of the program")
	}
}

// crashes are the moments at which the process is killed, and what the disk is made to look like first.
var crashes = map[string]func(i *Program) error{
	"journalled":   nil,
	"half written": func(p *Program) error { return os.WriteFile(p.newPath(), []byte(newContent[:9]), 0o755) },
	"written":      nil,
	"saved":        nil,
	// minio/selfupdate renames twice, on Windows always: between the two there is no program.
	"between renames": func(p *Program) error { return os.Remove(p.path) }, // its second name is .coffer.old
	"swapped":         nil,
	"recorded":        nil,
}

// stepOf is the step of Apply at which a crash happens.
func stepOf(crash string) string {
	switch crash {
	case "half written":
		return "journalled"
	case "between renames":
		return "saved"
	}
	return crash
}

// TestCrash kills a real process at every step of Apply (attack 37). Afterwards there is a program, whole, the old or the new one,
// and updating goes on.
func TestCrash(t *testing.T) {
	for crash := range crashes {
		t.Run(crash, func(t *testing.T) {
			i := install(t)
			cmd := exec.Command(os.Args[0], "-test.run=^TestCrashingProcess$")
			cmd.Env = append(os.Environ(), "COFFER_TEST_CRASH="+crash, "COFFER_TEST_PROGRAM="+i.path, "COFFER_TEST_DIR="+i.store.dir)
			out, err := cmd.CombinedOutput()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
				t.Fatalf("the process was not killed: %v\n%s", err, out)
			}
			i.again()
			if r := i.heal(); r.Trial {
				i.holds(newContent, ".coffer.old")
			} else {
				i.holds(oldContent)
				if err := i.Apply(); err != nil {
					t.Fatalf("the second try: %v", err)
				}
				i.again()
				i.heal()
			}
			if err := i.ConfirmHealthy(); err != nil {
				t.Fatal(err)
			}
			i.holds(newContent)
		})
	}
}

// TestCrashingProcess is the process that TestCrash kills.
func TestCrashingProcess(t *testing.T) {
	crash := os.Getenv("COFFER_TEST_CRASH")
	if crash == "" {
		t.Skip("run by TestCrash")
	}
	i := &installation{t: t}
	i.restart(os.Getenv("COFFER_TEST_PROGRAM"), os.Getenv("COFFER_TEST_DIR"))
	i.at = func(step string) error {
		if step != stepOf(crash) {
			return nil
		}
		if prepare := crashes[crash]; prepare != nil {
			if err := prepare(i.Program); err != nil {
				return err
			}
		}
		return errors.Join(syscall.Kill(os.Getpid(), syscall.SIGKILL), errors.New("still alive"))
	}
	t.Fatal(i.Apply())
}

// The same moments as errors: Apply itself puts everything back.
func TestErrorAtEachStep(t *testing.T) {
	broken := errors.New("broken")
	for _, step := range []string{"journalled", "written", "saved", "swapped"} {
		i := install(t)
		i.at = func(at string) error {
			if at == step {
				return broken
			}
			return nil
		}
		if err := i.Apply(); !errors.Is(err, broken) {
			t.Errorf("%s: %v", step, err)
		}
		i.holds(oldContent)
		i.again()
		if r := i.heal(); r != (Recovery{}) {
			t.Errorf("%s: %+v", step, r)
		}
		if err := i.Apply(); err != nil {
			t.Errorf("%s, then again: %v", step, err)
		}
	}
}

// A program that did not reach the disk whole is noticed before the names are swapped.
func TestIncompleteProgramIsNotInstalled(t *testing.T) {
	i := install(t)
	i.at = func(at string) error {
		if at != "written" {
			return nil
		}
		return os.Truncate(i.newPath(), 5)
	}
	if err := i.Apply(); err == nil {
		t.Error("half a program was installed")
	}
	i.holds(oldContent)
}

// TestCrashWhileTakingBack kills nothing: it repeats each half of a rollback, as a crash between them would.
func TestCrashWhileTakingBack(t *testing.T) {
	i := install(t)
	if err := i.Apply(); err != nil {
		t.Fatal(err)
	}
	i.again()
	i.heal()
	if err := i.store.update(func(s *state) { s.fail(number("1.1.0")) }); err != nil {
		t.Fatal(err)
	}
	i.again()
	if r := i.heal(); !r.RolledBack {
		t.Errorf("after the first half: %+v", r)
	}
	i.holds(oldContent)

	i = install(t)
	if err := i.Apply(); err != nil {
		t.Fatal(err)
	}
	i.again()
	i.heal()
	if err := i.putBack(); err != nil {
		t.Fatal(err)
	}
	i.again()
	if r := i.heal(); r != (Recovery{}) {
		t.Errorf("after the second half: %+v", r)
	}
	i.holds(oldContent)
}

func TestRollbackWithoutAPreviousProgram(t *testing.T) {
	i := install(t)
	if err := i.Apply(); err != nil {
		t.Fatal(err)
	}
	i.again()
	i.heal()
	if err := os.Remove(i.oldPath()); err != nil {
		t.Fatal(err)
	}
	i.again()
	if r, err := i.Heal(); err == nil || r.RolledBack {
		t.Errorf("%+v, %v", r, err)
	}
	i.holds(newContent)
	i.again()
	if r := i.heal(); r != (Recovery{}) {
		t.Errorf("it is not tried again: %+v", r)
	}
}

func TestAnotherInstallerEndsTheTrial(t *testing.T) {
	i := install(t)
	if err := i.Apply(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(i.path, []byte("installed by other means"), 0o755); err != nil {
		t.Fatal(err)
	}
	i.again()
	if r := i.heal(); r != (Recovery{}) {
		t.Errorf("%+v", r)
	}
	i.holds("installed by other means")
}

func TestRestore(t *testing.T) {
	i := install(t)
	if restored, err := Restore(i.path); restored || err != nil {
		t.Errorf("nothing is missing: %v, %v", restored, err)
	}
	if err := os.Rename(i.path, i.oldPath()); err != nil {
		t.Fatal(err)
	}
	if restored, err := Restore(i.path); !restored || err != nil {
		t.Errorf("%v, %v", restored, err)
	}
	i.holds(oldContent)
	if err := os.Remove(i.path); err != nil {
		t.Fatal(err)
	}
	if _, err := Restore(i.path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nothing to restore: %v", err)
	}
	if err := os.Symlink("/bin/true", i.oldPath()); err != nil {
		t.Fatal(err)
	}
	if restored, err := Restore(i.path); restored || err == nil {
		t.Errorf("a planted link became the program: %v", err)
	}
}

// onFullDisk runs a test of this file in a process in which no file can grow beyond a number of bytes: from there on the disk
// looks full.
func onFullDisk(t *testing.T, test string, bytes int, env ...string) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^"+test+"$")
	cmd.Env = append(append(os.Environ(), "COFFER_TEST_DISK="+strconv.Itoa(bytes)), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("disk of %d bytes: %s", bytes, out)
	}
}

// fillDisk begins such a process; without onFullDisk it skips.
func fillDisk(t *testing.T) {
	t.Helper()
	size, err := strconv.ParseUint(os.Getenv("COFFER_TEST_DISK"), 10, 63)
	if err != nil {
		t.Skip("run by another test")
	}
	signal.Ignore(syscall.SIGXFSZ)
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: size, Max: size}); err != nil {
		t.Fatal(err)
	}
}

func TestFullDiskWhileApplying(t *testing.T) {
	program := strings.Repeat("program ", 1<<10)
	for _, size := range []int{0, 50, 1000, len(program) / 2, len(program) - 1} {
		i := install(t)
		i.stage(program, "1.1.0")
		onFullDisk(t, "TestApplyOnFullDisk", size, "COFFER_TEST_PROGRAM="+i.path, "COFFER_TEST_DIR="+i.store.dir)
		i.again()
		if r := i.heal(); r.Trial || r.RolledBack {
			t.Errorf("disk of %d bytes: %+v", size, r)
		}
		i.holds(oldContent)
		if err := i.Apply(); err != nil {
			t.Errorf("disk of %d bytes, then space: %v", size, err)
		}
		i.holds(program, ".coffer.old")
	}
}

func TestApplyOnFullDisk(t *testing.T) {
	fillDisk(t)
	i := &installation{t: t}
	i.restart(os.Getenv("COFFER_TEST_PROGRAM"), os.Getenv("COFFER_TEST_DIR"))
	if err := i.Apply(); !errors.Is(err, syscall.EFBIG) {
		t.Error(err)
	}
}

func TestFullDiskWhileStaging(t *testing.T) {
	content := strings.Repeat("new", 50_000)
	w := newWorld(t)
	w.release("1.1.0", content)
	root := filepath.Join(t.TempDir(), "root.json")
	w.must(os.WriteFile(root, w.root(), 0o600))
	for _, size := range []int{0, 100, 10_000, len(content) - 1} {
		cfg := w.config("1.0.0")
		onFullDisk(t, "TestStageOnFullDisk", size, "COFFER_TEST_DIR="+cfg.Dir, "COFFER_TEST_ROOT="+root,
			"COFFER_TEST_MIRRORS="+strings.Join(cfg.Mirrors, " "))
		wantStaged(t, w.client(cfg).Stage(t.Context(), nil), content)
	}
}

func TestStageOnFullDisk(t *testing.T) {
	fillDisk(t)
	c, err := clientFromEnvironment(os.Getenv("COFFER_TEST_DIR"), "1.0.0")
	if errors.Is(err, syscall.EFBIG) {
		return // not even the folder could be made
	} else if err != nil {
		t.Fatal(err)
	}
	got, ok := c.Stage(t.Context(), nil).(Refused)
	if !ok || !errors.Is(got.Err, syscall.EFBIG) {
		t.Errorf("%v", got)
	}
	for _, lie := range []error{ErrTampered, ErrHostsUnreachable, ErrWrongKeys} {
		if errors.Is(got.Err, lie) {
			t.Errorf("a full disk was blamed on the hosts: %v", got.Err)
		}
	}
}

func TestFolderThatOthersCanWriteIsRefused(t *testing.T) {
	w := newWorld(t)
	cfg := w.config("1.0.0")
	if err := os.Chmod(cfg.Dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := New(cfg); !errors.Is(err, ErrUnsafeFolder) {
		t.Errorf("anyone could stage a program: %v", err)
	}
}

func TestProgramWantsAbsolutePaths(t *testing.T) {
	for _, c := range [][2]string{{"coffer", "/tmp"}, {os.Args[0], "updates"}} {
		if _, err := NewProgram(c[0], c[1], number("1.0.0"), nil); err == nil {
			t.Errorf("%v: accepted", c)
		}
	}
}

// FuzzState starts over an arbitrary state.json.
func FuzzState(f *testing.F) {
	f.Add([]byte(`{"staged":{"version":"1.1.0","file":"../../x","size":-1,"sha256":""},"swap":{"to":"1.1.0"},"failed":["1.0.0"]}`))
	f.Add([]byte(`{"verified":"2026-11-01T08:00:00Z"}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, data []byte) {
		path, dir := filepath.Join(t.TempDir(), "coffer"), t.TempDir()
		for name, content := range map[string][]byte{path: []byte(oldContent), filepath.Join(dir, "state.json"): data} {
			if err := os.WriteFile(name, content, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		i := &installation{t: t}
		i.restart(path, dir)
		i.Heal()
		i.Apply()
		if content, err := os.ReadFile(path); err != nil || string(content) != oldContent {
			t.Errorf("the program became %q, %v", content, err)
		}
	})
}
