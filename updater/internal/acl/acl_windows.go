package acl

import (
	"crypto/rand"
	"errors"
	"fmt"
	"unsafe"

	"golang.org/x/sys/windows"
)

// writeRights let somebody plant, change or remove files, or give himself the right to.
const writeRights = windows.FILE_WRITE_DATA | windows.FILE_APPEND_DATA | windows.DELETE | fileDeleteChild |
	windows.WRITE_DAC | windows.WRITE_OWNER | windows.GENERIC_WRITE | windows.GENERIC_ALL

const fileDeleteChild = 0x40

// adminOnly is the protected ACL of MakePrivate: full access for SYSTEM and administrators, inherited, and nothing from above.
const adminOnly = "O:BAG:SYD:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)"

// takeovers bounds how often MakePrivate tries while somebody makes the folder again each time that it was moved aside.
const takeovers = 10

// MakePrivate makes a folder for SYSTEM and administrators. Any user may have put one of that name there first, or a link: what is not
// private already is moved aside as it is, never followed, looked into or removed. It stays beside under a name that nobody can guess
// beforehand. ErrUnsafe where it cannot be moved, since somebody holds it open; at the next start of the computer nobody does yet.
func MakePrivate(dir string) error {
	var found error
	for range takeovers {
		err := create(dir)
		if err != nil && !errors.Is(err, windows.ERROR_ALREADY_EXISTS) {
			return fmt.Errorf("make folder: %w", err)
		}
		// Also where it was just made: the file system may not keep access lists.
		if found = CheckWriters(dir); err == nil || !errors.Is(found, ErrUnsafe) {
			return found
		}
		if err := moveAside(dir); err != nil {
			return errors.Join(found, err)
		}
	}
	return found
}

func create(dir string) error {
	sd, err := windows.SecurityDescriptorFromString(adminOnly)
	if err != nil {
		return err
	}
	name, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return err
	}
	attributes := windows.SecurityAttributes{SecurityDescriptor: sd}
	attributes.Length = uint32(unsafe.Sizeof(attributes))
	return windows.CreateDirectory(name, &attributes)
}

// moveAside renames what is at a path: a link itself, and not where it leads. It never replaces anything.
func moveAside(path string) error {
	var suffix [8]byte
	rand.Read(suffix[:])
	from, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return fmt.Errorf("move folder aside: %w", err)
	}
	to, err := windows.UTF16PtrFromString(fmt.Sprintf("%s.untrusted-%x", path, suffix))
	if err != nil {
		return fmt.Errorf("move folder aside: %w", err)
	}
	if err := windows.MoveFileEx(from, to, 0); err != nil {
		return fmt.Errorf("move folder aside: %w", err)
	}
	return nil
}

// CheckWriters refuses a folder that is a reparse point, or that anyone but this process's user, SYSTEM, administrators and
// TrustedInstaller owns or may write.
func CheckWriters(dir string) error {
	if err := checkNoLink(dir); err != nil {
		return err
	}
	user, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return fmt.Errorf("check folder: %w", err)
	}
	sd, err := windows.GetNamedSecurityInfo(dir, windows.SE_FILE_OBJECT, windows.OWNER_SECURITY_INFORMATION|windows.DACL_SECURITY_INFORMATION)
	if err != nil {
		return fmt.Errorf("read access of folder: %w", err)
	}
	return checkDescriptor(sd, user.User.Sid)
}

func checkDescriptor(sd *windows.SECURITY_DESCRIPTOR, user *windows.SID) error {
	owner, _, err := sd.Owner()
	if err != nil {
		return fmt.Errorf("read owner of folder: %w", err)
	}
	if !trusted(owner, user) {
		return fmt.Errorf("%w: owned by %v", ErrUnsafe, owner)
	}
	dacl, _, err := sd.DACL()
	if err != nil || dacl == nil {
		// No list at all means full access for everyone.
		return errors.Join(fmt.Errorf("%w: it has no access list", ErrUnsafe), err)
	}
	return checkEntries(dacl, user)
}

func checkEntries(dacl *windows.ACL, user *windows.SID) error {
	for i := range uint32(dacl.AceCount) {
		var ace *windows.ACCESS_ALLOWED_ACE
		if err := windows.GetAce(dacl, i, &ace); err != nil {
			return fmt.Errorf("read access of folder: %w", err)
		}
		// An entry that denies gives nobody a right; one that only children inherit says nothing of this folder.
		if ace.Header.AceType == windows.ACCESS_DENIED_ACE_TYPE || ace.Header.AceFlags&windows.INHERIT_ONLY_ACE != 0 {
			continue
		}
		if ace.Header.AceType != windows.ACCESS_ALLOWED_ACE_TYPE {
			return fmt.Errorf("%w: access entry of type %d", ErrUnsafe, ace.Header.AceType)
		}
		sid := (*windows.SID)(unsafe.Pointer(&ace.SidStart))
		if ace.Mask&writeRights != 0 && !trusted(sid, user) {
			return fmt.Errorf("%w: %v may write", ErrUnsafe, sid)
		}
	}
	return nil
}

// trustedInstaller is the service that owns Windows' own folders.
const trustedInstaller = "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464"

func trusted(sid, user *windows.SID) bool {
	return sid.IsWellKnown(windows.WinLocalSystemSid) || sid.IsWellKnown(windows.WinBuiltinAdministratorsSid) ||
		sid.String() == trustedInstaller || sid.Equals(user)
}

func checkNoLink(dir string) error {
	name, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return fmt.Errorf("check folder: %w", err)
	}
	attributes, err := windows.GetFileAttributes(name)
	if err != nil {
		return fmt.Errorf("check folder: %w", err)
	}
	if attributes&windows.FILE_ATTRIBUTE_DIRECTORY == 0 || attributes&windows.FILE_ATTRIBUTE_REPARSE_POINT != 0 {
		return fmt.Errorf("%w: it is a link or no folder", ErrUnsafe)
	}
	return nil
}
