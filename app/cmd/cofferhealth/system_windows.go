package main

import (
	"fmt"
	"time"

	"golang.org/x/sys/windows"
)

// system is the version of Windows as the kernel says it.
func system() string {
	v := windows.RtlGetVersion()
	return fmt.Sprintf("windows %d.%d.%d", v.MajorVersion, v.MinorVersion, v.BuildNumber)
}

// updaterStopped tells whether the service that keeps this computer current is there and does not run. One that an installation has not
// started yet gets some seconds.
func updaterStopped() bool {
	for range 10 {
		if !stopped("CofferUpdater") {
			return false
		}
		time.Sleep(time.Second)
	}
	return true
}

// stopped asks with the rights that every service has.
func stopped(service string) bool {
	manager, err := windows.OpenSCManager(nil, nil, windows.SC_MANAGER_CONNECT)
	if err != nil {
		return false
	}
	defer windows.CloseServiceHandle(manager)
	name, err := windows.UTF16PtrFromString(service)
	if err != nil {
		return false
	}
	handle, err := windows.OpenService(manager, name, windows.SERVICE_QUERY_STATUS)
	if err != nil {
		return false
	}
	defer windows.CloseServiceHandle(handle)
	var status windows.SERVICE_STATUS
	return windows.QueryServiceStatus(handle, &status) == nil && status.CurrentState == windows.SERVICE_STOPPED
}
