package policy

import "fmt"

// enrollName is the name of the enrolment token among the settings of an installation.
const enrollName = "Enroll"

// EnrollText returns the enrolment token of this computer as it is written in the place that only an administrator can write; empty
// for none. It is no policy, and what it says is for internal/enrolment to read:
//
//	Windows  HKEY_LOCAL_MACHINE\Software\Coffer, value Enroll, which the installer writes (ENROLL)
//	macOS    the managed preferences, key Enroll
//	Linux    /etc/coffer/enroll, owned by root
func EnrollText() (string, error) {
	text, err := enrollText()
	if err != nil {
		return "", fmt.Errorf("read enrolment token: %w", err)
	}
	return text, nil
}
