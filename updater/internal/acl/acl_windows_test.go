package acl

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/windows"
)

const (
	user     = "S-1-5-21-1-2-3-1001"
	stranger = "S-1-5-21-1-2-3-1002"
)

func descriptor(t *testing.T, sddl string) *windows.SECURITY_DESCRIPTOR {
	t.Helper()
	sd, err := windows.SecurityDescriptorFromString(sddl)
	if err != nil {
		t.Fatalf("%s: %v", sddl, err)
	}
	return sd
}

func TestWhoMayWrite(t *testing.T) {
	me, err := windows.StringToSid(user)
	if err != nil {
		t.Fatal(err)
	}
	for sddl, safe := range map[string]bool{
		"O:BAD:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)":                             true,
		"O:SYD:P(A;OICI;FA;;;SY)(A;OICI;FA;;;" + user + ")":                   true,
		"O:" + user + "D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;" + user + ")":         true,
		"O:" + trustedInstaller + "D:P(A;OICI;FA;;;" + trustedInstaller + ")": true,
		"O:BAD:P(A;OICI;FA;;;SY)(A;OICI;0x1200a9;;;BU)":                       true,  // users may read and start
		"O:BAD:P(A;OICI;FA;;;SY)(A;OICIIO;FA;;;CO)":                           true,  // for children alone
		"O:BAD:P(D;OICI;FA;;;BU)(A;OICI;FA;;;SY)":                             true,  // denied
		"O:" + stranger + "D:P(A;OICI;FA;;;SY)":                               false, // an owner may change the list
		"O:BUD:P(A;OICI;FA;;;SY)":                                             false, // users own it
		"O:BAD:P(A;OICI;FA;;;SY)(A;OICI;FA;;;WD)":                             false, // everyone
		"O:BAD:P(A;OICI;FA;;;SY)(A;OICI;0x1301bf;;;BU)":                       false, // users may modify
		"O:BAD:P(A;OICI;FA;;;SY)(A;;0x2;;;AU)":                                false, // one right is enough: create files
		"O:BAD:P(A;OICI;FA;;;SY)(A;;0x4;;;AU)":                                false, // create folders
		"O:BAD:P(A;OICI;FA;;;SY)(A;;0x40;;;AU)":                               false, // remove files
		"O:BAD:P(A;OICI;FA;;;SY)(A;;WD;;;AU)":                                 false, // change this very list
		"O:BAD:P(A;OICI;FA;;;SY)(A;;WO;;;AU)":                                 false, // take ownership
		"O:BAD:P(A;OICI;FA;;;SY)(A;;GA;;;AU)":                                 false, // everything
		"O:BAD:P(A;OICI;FA;;;SY)(A;;FA;;;" + stranger + ")":                   false, // another user
		"O:BAG:BA": false, // no list: everything for everyone
	} {
		err := checkDescriptor(descriptor(t, sddl), me)
		if safe && err != nil || !safe && !errors.Is(err, ErrUnsafe) {
			t.Errorf("%s: %v", sddl, err)
		}
	}
}

func TestMakePrivate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "private")
	if err := MakePrivate(dir); err != nil {
		t.Fatal(err)
	}
	kept := filepath.Join(dir, "roots.json")
	if err := os.WriteFile(kept, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := MakePrivate(dir); err != nil {
		t.Errorf("the same folder again: %v", err)
	}
	if _, err := os.Stat(kept); err != nil {
		t.Errorf("what was in it is gone: %v", err)
	}
	if err := MakePrivate(filepath.Join(dir, "missing", "private")); err == nil || errors.Is(err, ErrUnsafe) {
		t.Errorf("below a folder that is not there: %v", err)
	}
}

// openForAll lets everyone write a folder.
func openForAll(t *testing.T, dir string) {
	t.Helper()
	dacl, _, err := descriptor(t, "D:P(A;OICI;FA;;;WD)").DACL()
	if err != nil {
		t.Fatal(err)
	}
	const what = windows.DACL_SECURITY_INFORMATION | windows.PROTECTED_DACL_SECURITY_INFORMATION
	if err := windows.SetNamedSecurityInfo(dir, windows.SE_FILE_OBJECT, what, nil, nil, dacl, nil); err != nil {
		t.Fatal(err)
	}
}

// planted are the things that a user can put in the place of the folder before the program is installed.
var planted = map[string]func(t *testing.T, dir string){
	"a folder": func(t *testing.T, dir string) {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "planted"), []byte("planted"), 0o600); err != nil {
			t.Fatal(err)
		}
		openForAll(t, dir)
	},
	"a file": func(t *testing.T, dir string) {
		if err := os.WriteFile(dir, []byte("planted"), 0o600); err != nil {
			t.Fatal(err)
		}
	},
}

// What a user put there first stops nothing: it is moved aside with all that is in it, and the folder is new, empty and private.
func TestPlantedIsMovedAside(t *testing.T) {
	for name, plant := range planted {
		dir := filepath.Join(t.TempDir(), "private")
		plant(t, dir)
		if err := MakePrivate(dir); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := CheckWriters(dir); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if inside, err := os.ReadDir(dir); err != nil || len(inside) > 0 {
			t.Errorf("%s: in the new folder: %v, %v", name, inside, err)
		}
		aside, err := filepath.Glob(dir + ".untrusted-*")
		if err != nil || len(aside) != 1 {
			t.Fatalf("%s: moved aside: %v, %v", name, aside, err)
		}
		if name == "a folder" {
			aside[0] = filepath.Join(aside[0], "planted")
		}
		if content, err := os.ReadFile(aside[0]); err != nil || string(content) != "planted" {
			t.Errorf("%s: what was planted is now %q, %v", name, content, err)
		}
	}
}

// A link is moved aside itself; what it leads to stays as it is.
func TestLinkIsNotFollowed(t *testing.T) {
	target, dir := filepath.Join(t.TempDir(), "target"), filepath.Join(t.TempDir(), "private")
	planted["a folder"](t, target)
	if err := os.Symlink(target, dir); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(dir); errors.Is(err, fs.ErrNotExist) {
		return // Debian's Wine says that it made the link, and makes none
	}
	if err := MakePrivate(dir); err != nil {
		t.Fatal(err)
	}
	if inside, err := os.ReadDir(dir); err != nil || len(inside) > 0 {
		t.Errorf("in the new folder: %v, %v", inside, err)
	}
	if _, err := os.Stat(filepath.Join(target, "planted")); err != nil {
		t.Errorf("behind the link: %v", err)
	}
}

// A folder that cannot be moved is refused, and nothing is written into it.
func TestHeldFolderIsRefused(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "private")
	planted["a folder"](t, dir)
	name, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		t.Fatal(err)
	}
	held, err := windows.CreateFile(name, windows.GENERIC_READ, windows.FILE_SHARE_READ, nil, windows.OPEN_EXISTING, windows.FILE_FLAG_BACKUP_SEMANTICS, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := MakePrivate(dir); !errors.Is(err, ErrUnsafe) {
		t.Errorf("held: %v", err)
	}
	windows.CloseHandle(held)
	if err := MakePrivate(dir); err != nil {
		t.Errorf("let go: %v", err)
	}
}
