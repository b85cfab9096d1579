package screen

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/vault"
)

// disk is a real file system for one profile: small, and it can be made read-only. Root gets no further on it than anybody else.
type disk struct {
	t   *testing.T
	dir string
}

// ownMounts runs the test, where this user may not mount, in a process with mounts of its own, and tells whether it did.
func ownMounts(t *testing.T) (done bool) {
	t.Helper()
	if os.Geteuid() == 0 {
		return false
	}
	cmd := exec.Command(os.Args[0], "-test.v", "-test.run=^"+t.Name()+"$")
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
	}
	out, err := cmd.CombinedOutput()
	if len(out) == 0 || bytes.Contains(out, []byte("--- SKIP")) {
		t.Skipf("this system has neither root nor user namespaces: %v", err)
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return true
}

// newDisk mounts 3 MiB of memory as the profile's folder.
func newDisk(t *testing.T, pc *testpc.PC) *disk {
	t.Helper()
	d := &disk{t: t, dir: pc.Paths.Home}
	if err := os.MkdirAll(d.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", d.dir, "tmpfs", 0, "size=3m,mode=0700"); err != nil {
		t.Skipf("a disk cannot be mounted here: %v", err)
	}
	t.Cleanup(func() {
		pc.Close()
		if err := syscall.Unmount(d.dir, 0); err != nil {
			t.Error(err)
		}
	})
	return d
}

func (d *disk) ballast() string { return filepath.Join(d.dir, "ballast") }

// fill leaves no byte free.
func (d *disk) fill() {
	d.t.Helper()
	f, err := os.Create(d.ballast())
	if err != nil {
		d.t.Fatal(err)
	}
	defer f.Close()
	for block := make([]byte, 4096); err == nil; {
		_, err = f.Write(block)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		d.t.Fatal(err)
	}
}

func (d *disk) free() {
	if err := os.Remove(d.ballast()); err != nil {
		d.t.Fatal(err)
	}
}

func (d *disk) readOnly(on bool) {
	d.t.Helper()
	flags := uintptr(syscall.MS_REMOUNT)
	if on {
		flags |= syscall.MS_RDONLY
	}
	if err := syscall.Mount("tmpfs", d.dir, "tmpfs", flags, ""); err != nil {
		d.t.Fatal(err)
	}
}

// says explains an error and checks that it is the one wanted, in whole sentences.
func says(t *testing.T, err, want error, begins string) {
	t.Helper()
	m := explain(english(t), err)
	checkWords(t, "disk", m.What, m.Safe, m.Next)
	if !errors.Is(err, want) || !strings.HasPrefix(m.What, begins) || m.Next == "" {
		t.Errorf("%v is explained as %+v", err, m)
	}
}

// fillUp saves until the disk is full, and returns how many items there are.
func fillUp(t *testing.T, u *session.Unlocked) (saved int, err error) {
	t.Helper()
	for {
		if _, err := u.Vault().Save(t.Context(), testpc.Login("item", "user", strings.Repeat("p", 2000))); err != nil {
			return saved, err
		}
		saved++
	}
}

func TestFullDisk(t *testing.T) {
	if ownMounts(t) {
		return
	}
	server, pc := testkit.Cloud(t), testpc.New(t, "PC", nil)
	disk := newDisk(t, pc)
	u := pc.SignUp(t, server, anna)
	testpc.Sync(t, u)
	server.Stop()
	disk.fill()
	saved, err := fillUp(t, u)
	says(t, err, vault.ErrFull, "The disk is full")
	if n := u.Vault().Counts().All; n != saved {
		t.Errorf("%d items are shown, %d were saved", n, saved)
	}
	u.Lock()
	u, err = pc.Manager.Unlock(t.Context(), pc.Accounts()[0].ID, testpc.Typed(testpc.Password))
	if err != nil {
		t.Fatalf("the vault does not open on a full disk: %v", err)
	}
	if n := u.Vault().Counts().All; n != saved {
		t.Errorf("%d items of %d are there", n, saved)
	}
	disk.free()
	if _, err := u.Vault().Save(t.Context(), testpc.Login("afterwards", "user", "p")); err != nil {
		t.Errorf("with room again: %v", err)
	}
	server.Restart()
	testpc.Sync(t, u)
	if n := u.Vault().Counts().All; n != saved+1 {
		t.Errorf("%d items of %d are there", n, saved+1)
	}
	u.Lock()
}

// What needs a copy of the file first does not begin without room for it.
func TestReloadOnAFullDisk(t *testing.T) {
	if ownMounts(t) {
		return
	}
	server, pc := testkit.Cloud(t), testpc.New(t, "PC", nil)
	disk := newDisk(t, pc)
	u := pc.SignUp(t, server, anna)
	testpc.Save(t, u, testpc.Login("item", "user", "p"))
	testpc.Sync(t, u)
	disk.fill()
	_, err := u.Reload(t.Context(), nil)
	says(t, err, vault.ErrFull, "The disk is full")
	disk.free()
	if _, err := u.Reload(t.Context(), nil); err != nil {
		t.Error(err)
	}
	u.Lock()
}

func TestReadOnlyDisk(t *testing.T) {
	if ownMounts(t) {
		return
	}
	server, pc := testkit.Cloud(t), testpc.New(t, "PC", nil)
	disk := newDisk(t, pc)
	u := pc.SignUp(t, server, anna)
	item := testpc.Save(t, u, testpc.Login("item", "user", "p")).ID
	account := u.Account().ID
	u.Lock()
	disk.readOnly(true)
	_, err := pc.Manager.Unlock(t.Context(), account, testpc.Typed(testpc.Password))
	says(t, err, vault.ErrReadOnly, "Coffer may not write to the vault file")
	says(t, pc.SaveSettings(session.DefaultSettings()), syscall.EROFS, "Coffer may not")
	disk.readOnly(false)
	u = pc.Unlock(t)
	it := testpc.Get(t, u, item)
	it.Title = "changed"
	testpc.Save(t, u, it)
	u.Lock()
}
