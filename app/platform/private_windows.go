package platform

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"unsafe"

	"golang.org/x/sys/windows"
)

// The access lists of a profile's folders and files: full access for SYSTEM and this user, and nothing from above. What is made in a
// folder inherits its list. Administrators need no entry: they can take what they like. A list that has one is left as it is.
const (
	folderList = "D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;%s)"
	fileList   = "D:P(A;;FA;;;SY)(A;;FA;;;%s)"
)

// privateFolder makes dir, and closes it to others before anything is in it. Of a file system that does not answer, Secure tells.
func privateFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if _, err := closeTo(dir, true); errors.Is(err, ErrNotPrivate) {
		return err
	}
	return nil
}

// closeToOthers gives a file or folder of this user the access list that it should have, and tells of a folder whether others had access.
func closeToOthers(path string, entry fs.DirEntry) (closed bool, err error) {
	if !entry.IsDir() && !entry.Type().IsRegular() {
		return false, nil
	}
	closed, err = closeTo(path, entry.IsDir())
	return closed, missingIsFine(err)
}

// closeTo leaves a list that is good enough: of a file one that is inherited from a closed folder.
func closeTo(path string, folder bool) (closed bool, err error) {
	if !keepsLists(path) {
		return false, nil
	}
	user, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return false, fmt.Errorf("find this user: %w", err)
	}
	has, err := readAccess(path, user.User.Sid)
	switch {
	case err != nil:
		return false, err
	case !has.ours:
		return false, fmt.Errorf("%s: %w", path, ErrNotPrivate)
	case !has.others && (has.protected || !folder):
		return false, nil
	}
	list := fileList
	if folder {
		list = folderList
	}
	if err := setList(path, fmt.Sprintf(list, user.User.Sid)); errors.Is(err, windows.ERROR_ACCESS_DENIED) {
		return false, fmt.Errorf("%s: %w: %w", path, ErrNotPrivate, err)
	} else if err != nil {
		return false, err
	}
	// Some file systems take a list and keep another.
	kept, err := readAccess(path, user.User.Sid)
	return has.others && !kept.others && folder, err
}

func readAccess(path string, user *windows.SID) (has access, err error) {
	sd, err := windows.GetNamedSecurityInfo(path, windows.SE_FILE_OBJECT, windows.OWNER_SECURITY_INFORMATION|windows.DACL_SECURITY_INFORMATION)
	if err == nil {
		has, err = accessOf(sd, user)
	}
	if err != nil {
		return has, fmt.Errorf("read access of %s: %w", path, err)
	}
	return has, nil
}

// keepsLists tells whether the file system has access lists: that of most memory sticks has none, and everyone who holds it reads it.
func keepsLists(path string) bool {
	root, err := windows.UTF16PtrFromString(filepath.VolumeName(path) + `\`)
	if err != nil {
		return true
	}
	var flags uint32
	err = windows.GetVolumeInformation(root, nil, 0, nil, nil, &flags, nil, 0)
	return err != nil || flags&windows.FILE_PERSISTENT_ACLS != 0
}

// access is what an access list says of who may use a file or folder.
type access struct {
	ours      bool // this user, SYSTEM or administrators own it
	others    bool // somebody else has a right
	protected bool // nothing is inherited from above
}

func accessOf(sd *windows.SECURITY_DESCRIPTOR, user *windows.SID) (has access, err error) {
	owner, _, err := sd.Owner()
	if err != nil {
		return has, err
	}
	control, _, err := sd.Control()
	if err != nil {
		return has, err
	}
	has.ours, has.protected = mayUse(owner, user), control&windows.SE_DACL_PROTECTED != 0
	dacl, _, err := sd.DACL()
	if err != nil && !errors.Is(err, windows.ERROR_OBJECT_NOT_FOUND) {
		return has, err
	}
	if dacl == nil {
		has.others = true // no list at all means full access for everyone
		return has, nil
	}
	has.others, err = allowsOthers(dacl, user)
	return has, err
}

// allowsOthers looks also at what only children inherit: it would be theirs.
func allowsOthers(dacl *windows.ACL, user *windows.SID) (bool, error) {
	for i := range uint32(dacl.AceCount) {
		var ace *windows.ACCESS_ALLOWED_ACE
		if err := windows.GetAce(dacl, i, &ace); err != nil {
			return false, err
		}
		if ace.Header.AceType == windows.ACCESS_DENIED_ACE_TYPE {
			continue
		}
		if ace.Header.AceType != windows.ACCESS_ALLOWED_ACE_TYPE || !mayUse((*windows.SID)(unsafe.Pointer(&ace.SidStart)), user) {
			return true, nil
		}
	}
	return false, nil
}

func mayUse(sid, user *windows.SID) bool {
	return sid.Equals(user) || sid.IsWellKnown(windows.WinLocalSystemSid) || sid.IsWellKnown(windows.WinBuiltinAdministratorsSid)
}

// setList replaces the access list of a file or folder, and with it what is inherited below.
func setList(path, list string) error {
	sd, err := windows.SecurityDescriptorFromString(list)
	if err != nil {
		return fmt.Errorf("access list: %w", err)
	}
	dacl, _, err := sd.DACL()
	if err != nil {
		return fmt.Errorf("access list: %w", err)
	}
	const what = windows.DACL_SECURITY_INFORMATION | windows.PROTECTED_DACL_SECURITY_INFORMATION
	if err := windows.SetNamedSecurityInfo(path, windows.SE_FILE_OBJECT, what, nil, nil, dacl, nil); err != nil {
		return fmt.Errorf("close %s: %w", path, err)
	}
	return nil
}
