package updater

import (
	"fmt"

	"golang.org/x/sys/windows"
)

// checkInstalled: Windows itself checks Authenticode where a policy wants it.
func checkInstalled(string) error { return nil }

// osVersion is such as "10.0.22631". RtlGetVersion does not pretend to be an older one, as GetVersion does.
func osVersion() string {
	v := windows.RtlGetVersion()
	return fmt.Sprintf("%d.%d.%d", v.MajorVersion, v.MinorVersion, v.BuildNumber)
}
