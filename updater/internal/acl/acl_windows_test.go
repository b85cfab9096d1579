package acl

import (
	"errors"
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
	if err := MakePrivate(dir); err != nil {
		t.Errorf("the same folder again: %v", err)
	}
	planted := filepath.Join(t.TempDir(), "planted")
	if err := os.Mkdir(planted, 0o700); err != nil {
		t.Fatal(err)
	}
	dacl, _, err := descriptor(t, "D:P(A;OICI;FA;;;WD)").DACL()
	if err != nil {
		t.Fatal(err)
	}
	const what = windows.DACL_SECURITY_INFORMATION | windows.PROTECTED_DACL_SECURITY_INFORMATION
	if err := windows.SetNamedSecurityInfo(planted, windows.SE_FILE_OBJECT, what, nil, nil, dacl, nil); err != nil {
		t.Fatal(err)
	}
	if err := MakePrivate(planted); !errors.Is(err, ErrUnsafe) {
		t.Errorf("a folder that somebody made first: %v", err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := MakePrivate(file); !errors.Is(err, ErrUnsafe) {
		t.Errorf("a file: %v", err)
	}
}
