package main

import (
	"fmt"

	"golang.org/x/sys/windows"
)

// system is the version of Windows as the kernel says it.
func system() string {
	v := windows.RtlGetVersion()
	return fmt.Sprintf("windows %d.%d.%d", v.MajorVersion, v.MinorVersion, v.BuildNumber)
}
