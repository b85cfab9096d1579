package platform

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/windows"
)

func TestWhoMayUseAProfile(t *testing.T) {
	const user, stranger = "S-1-5-21-1-2-3-1001", "S-1-5-21-1-2-3-1002"
	me, err := windows.StringToSid(user)
	if err != nil {
		t.Fatal(err)
	}
	const system = "(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)"
	for sddl, want := range map[string]access{
		"O:" + user + "D:P" + system + "(A;OICI;FA;;;" + user + ")": {ours: true, protected: true},
		"O:BAD:P" + system:                                              {ours: true, protected: true},
		"O:" + user + "D:" + system:                                     {ours: true}, // inherits from above
		"O:" + user + "D:P" + system + "(D;OICI;FA;;;WD)":               {ours: true, protected: true},
		"O:" + user + "D:P" + system + "(A;OICI;0x1200a9;;;BU)":         {ours: true, protected: true, others: true}, // users may read
		"O:" + user + "D:" + system + "(A;OICI;0x1301bf;;;AU)":          {ours: true, others: true},                  // as below D:\
		"O:" + user + "D:P" + system + "(A;OICIIO;FA;;;WD)":             {ours: true, protected: true, others: true}, // what is in it
		"O:" + user + "D:P" + system + "(A;;0x1;;;" + stranger + ")":    {ours: true, protected: true, others: true}, // one right is enough
		"O:" + user + "G:BA":                                            {ours: true, others: true},                  // no list
		"O:" + stranger + "D:P" + system + "(A;OICI;FA;;;" + user + ")": {protected: true},
		"O:BUD:P" + system:                                              {protected: true},
	} {
		sd, err := windows.SecurityDescriptorFromString(sddl)
		if err != nil {
			t.Fatalf("%s: %v", sddl, err)
		}
		if got, err := accessOf(sd, me); err != nil || got != want {
			t.Errorf("%s: %+v, %v; want %+v", sddl, got, err, want)
		}
	}
}

// A profile that COFFER_HOME puts below a folder of everyone's is closed when it is made, and again where it was opened.
func TestAProfileBelowAnOpenFolderIsClosed(t *testing.T) {
	above := filepath.Join(t.TempDir(), "everyone's")
	if err := os.Mkdir(above, 0o700); err != nil {
		t.Fatal(err)
	}
	const everyone = "D:P(A;OICI;FA;;;WD)"
	if err := setList(above, everyone); err != nil {
		t.Fatal(err)
	}
	p, err := PathsBelow(filepath.Join(above, "profile"))
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Create(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(p.Data, "a.db")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	opened := openTo(t, p.Home, p.Data, p.Logs)
	if n, err := p.Secure(); n != 0 || err != nil {
		t.Errorf("%d mended, %v", n, err)
	}
	if windows.NewLazySystemDLL("ntdll.dll").NewProc("wine_get_version").Find() == nil {
		return // Wine makes modes of the lists, and other lists of those: it keeps none
	}
	if len(opened) > 0 {
		t.Errorf("others may use %q", opened)
	}
	if err := errors.Join(setList(file, everyone), setList(p.Data, everyone)); err != nil {
		t.Fatal(err)
	}
	if n, err := p.Secure(); n == 0 || err != nil {
		t.Errorf("%d mended, %v", n, err)
	}
	if opened := openTo(t, p.Home, p.Data, file); len(opened) > 0 {
		t.Errorf("others may still use %q", opened)
	}
}

// openTo lists what others than this user, SYSTEM and administrators have access to.
func openTo(t *testing.T, paths ...string) (opened []string) {
	t.Helper()
	user, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		if has, err := readAccess(path, user.User.Sid); err != nil || has.others || !has.ours {
			opened = append(opened, path)
		}
	}
	return opened
}
