package updater

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/internal/buildinfo"
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
	if info, err := os.Stat(i.path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o755 {
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

// What a technician is told, at every step.
func TestStatus(t *testing.T) {
	i := install(t)
	is := func(step string, staged, trial string, failed int) {
		t.Helper()
		s, err := ReadStatus(i.store.dir)
		text := func(n *buildinfo.Number) string {
			if n == nil {
				return ""
			}
			return n.String()
		}
		if err != nil || text(s.Staged) != staged || text(s.Trial) != trial || len(s.Failed) != failed {
			t.Errorf("%s: %+v, %v", step, s, err)
		}
	}
	is("staged", "1.1.0", "", 0)
	if err := i.Apply(); err != nil {
		t.Fatal(err)
	}
	is("applied", "", "1.1.0", 0)
	i.again()
	i.heal()
	is("on trial", "", "1.1.0", 0)
	i.again()
	i.heal()
	is("taken back", "", "", 1)
	if s, err := ReadStatus(t.TempDir()); err != nil || !s.Verified.IsZero() {
		t.Errorf("nothing there: %+v, %v", s, err)
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
		"a link":        func(path string) error { return errors.Join(os.Remove(path), os.Symlink(os.Args[0], path)) },
		"a folder":      func(path string) error { return errors.Join(os.Remove(path), os.Mkdir(path, 0o700)) },
	} {
		i := install(t)
		if err := spoil(i.store.stagedPath("1.1.0")); err != nil {
			t.Logf("%s cannot be tried here: %v", name, err)
			continue
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

// The same moments as errors: Apply itself puts everything back.
func TestErrorAtEachStep(t *testing.T) {
	broken := errors.New("broken")
	steps := []string{"journalled", "written", "swapped"}
	if runtime.GOOS != "windows" {
		steps = append(steps, "saved")
	}
	for _, step := range steps {
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
	if err := os.Symlink(os.Args[0], i.oldPath()); err != nil {
		t.Skip(err)
	}
	if restored, err := Restore(i.path); restored || err == nil {
		t.Errorf("a planted link became the program: %v", err)
	}
}

func TestProgramWantsAbsolutePaths(t *testing.T) {
	for _, c := range [][2]string{{"coffer", t.TempDir()}, {os.Args[0], "updates"}} {
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
