//go:build !windows

package updater

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

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
			i.die("apply", crash)
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

// die has a process of the installation killed at a step of its work.
func (i *installation) die(work, step string) {
	i.t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestCrashingProcess$")
	cmd.Env = append(os.Environ(), "COFFER_TEST_CRASH="+step, "COFFER_TEST_WORK="+work, "COFFER_TEST_PROGRAM="+i.path, "COFFER_TEST_DIR="+i.store.dir)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		i.t.Fatalf("%s at %s: the process was not killed: %v\n%s", work, step, err, out)
	}
}

// TestCrashingProcess is the process that is killed.
func TestCrashingProcess(t *testing.T) {
	crash := os.Getenv("COFFER_TEST_CRASH")
	if crash == "" {
		t.Skip("run by another test")
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
	if os.Getenv("COFFER_TEST_WORK") == "apply" {
		t.Fatal(i.Apply())
	}
	r, err := i.Heal()
	t.Fatal(r, err, i.ConfirmHealthy())
}

// TestCrashInTrial kills a real process at every step of a trial and of the way back. Afterwards there is a program, whole; a version
// that was taken back is not tried again, and one that proved healthy stays.
func TestCrashInTrial(t *testing.T) {
	for _, c := range []struct {
		step  string
		began bool // an earlier process began the trial and did not prove healthy
		stays bool
	}{
		{step: "trial begun"}, {step: "confirmed", stays: true}, {"failure noted", true, false}, {"put back", true, false},
	} {
		t.Run(c.step, func(t *testing.T) {
			i := install(t)
			if err := i.Apply(); err != nil {
				t.Fatal(err)
			}
			i.again()
			if c.began {
				i.heal()
			}
			i.die("heal", c.step)
			i.again()
			i.heal()
			if c.stays {
				i.holds(newContent, ".coffer.old") // goes with the next update
				return
			}
			i.holds(oldContent)
			if st, err := i.store.load(); err != nil || !st.hasFailed(number("1.1.0")) || st.Swap != nil {
				t.Errorf("state %+v, %v", st, err)
			}
			i.again()
			if r := i.heal(); r != (Recovery{}) {
				t.Errorf("start of the previous version: %+v", r)
			}
		})
	}
}

// TestCrashWhileStaging kills a real process at every step of a download, whole or as a patch. The next one ends with the release that
// was signed, and nothing beside it.
func TestCrashWhileStaging(t *testing.T) {
	for _, c := range []struct {
		step  string
		patch bool
	}{
		{"half fetched", false}, {"fetched", false}, {"obtained", false}, {"staged", false},
		{"half fetched", true}, {"fetched", true}, {"patched", true}, {"obtained", true}, {"staged", true},
	} {
		t.Run(fmt.Sprintf("%s, patch %v", c.step, c.patch), func(t *testing.T) {
			w, cfg, content := patched(t)
			if !c.patch {
				cfg.Program = ""
			}
			root := filepath.Join(t.TempDir(), "root.json")
			w.must(os.WriteFile(root, w.root(), 0o600))
			cmd := exec.Command(os.Args[0], "-test.run=^TestCrashingDownload$")
			cmd.Env = append(os.Environ(), "COFFER_TEST_CRASH="+c.step, "COFFER_TEST_DIR="+cfg.Dir, "COFFER_TEST_ROOT="+root,
				"COFFER_TEST_MIRRORS="+strings.Join(cfg.Mirrors, " "), "COFFER_TEST_PROGRAM="+cfg.Program)
			out, err := cmd.CombinedOutput()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
				t.Fatalf("the process was not killed: %v\n%s", err, out)
			}
			s := wantStaged(t, w.client(cfg).Stage(t.Context(), nil), content)
			if names, err := os.ReadDir(filepath.Dir(s.Path)); err != nil || len(names) != 1 {
				t.Errorf("staging folder holds %v (%v)", names, err)
			}
			wantStaged(t, w.client(cfg).Check(t.Context()), content)
		})
	}
}

// TestCrashingDownload is the process that TestCrashWhileStaging kills.
func TestCrashingDownload(t *testing.T) {
	crash := os.Getenv("COFFER_TEST_CRASH")
	if crash == "" || os.Getenv("COFFER_TEST_MIRRORS") == "" {
		t.Skip("run by TestCrashWhileStaging")
	}
	c, err := clientFromEnvironment(os.Getenv("COFFER_TEST_DIR"), "1.0.0")
	if err != nil {
		t.Fatal(err)
	}
	c.cfg.Program = os.Getenv("COFFER_TEST_PROGRAM")
	die := func() error {
		return errors.Join(syscall.Kill(os.Getpid(), syscall.SIGKILL), errors.New("still alive"))
	}
	c.at = func(step string) error {
		switch {
		case step == crash:
			return die()
		case step != "fetched" || crash != "half fetched":
			return nil
		}
		// As if the process had been killed before the rest came.
		parts, err := filepath.Glob(filepath.Join(c.store.stagedDir(), "*.part"))
		if err != nil || len(parts) != 1 {
			return fmt.Errorf("parts %v: %w", parts, err)
		}
		return errors.Join(os.Truncate(parts[0], 100), die())
	}
	t.Fatal(c.Stage(t.Context(), nil))
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
