package updater

import (
	"errors"
	"os"
	"os/exec"
	"testing"

	"golang.org/x/sys/windows"
)

// A folder in which everyone may write is refused, whoever owns it.
func TestFolderForEveryoneIsRefused(t *testing.T) {
	i := install(t)
	if err := i.CanApply(); err != nil {
		t.Fatal(err)
	}
	everyone, err := windows.SecurityDescriptorFromString("D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FA;;;WD)")
	if err != nil {
		t.Fatal(err)
	}
	dacl, _, err := everyone.DACL()
	if err != nil {
		t.Fatal(err)
	}
	const what = windows.DACL_SECURITY_INFORMATION | windows.PROTECTED_DACL_SECURITY_INFORMATION
	if err := windows.SetNamedSecurityInfo(i.store.dir, windows.SE_FILE_OBJECT, what, nil, nil, dacl, nil); err != nil {
		t.Fatal(err)
	}
	if err := i.Apply(); !errors.Is(err, ErrUnsafeFolder) {
		t.Errorf("everyone could stage a program: %v", err)
	}
	i.holds(oldContent)
}

// Windows lets a running program be renamed, so that it can be replaced; Restore brings it back from in between.
func TestRunningProgramIsReplacedAndRestored(t *testing.T) {
	th := newTheatre(t)
	cmd := exec.Command(th.path)
	cmd.Env = append(th.env, "COFFER_TEST_STAY=1")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer stdin.Close()
	th.expect(`1.0.0 runs, trial false, arguments []`)

	i := &installation{t: t}
	i.restart(th.path, th.dir)
	i.stage(newContent, "1.1.0")
	if err := i.Apply(); err != nil {
		t.Fatal(err)
	}
	i.holds(newContent, ".coffer.exe.old")
	if err := os.Remove(th.path); err != nil {
		t.Fatal(err)
	}
	if restored, err := Restore(th.path); !restored || err != nil {
		t.Fatalf("%v, %v", restored, err)
	}
	th.isVersion(testProgram(t, "1.0.0", "well"))
}
